#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

clconv_status(cc_fail)(clconv_error *error, clconv_status status, const char *format, ...)
{
    if (error == NULL)
        return status;
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

clconv_status cc_fail_in(clconv_error *error, clconv_status status, const clconv_problem *problems,
                         size_t count)
{
    if (error == NULL || status == CLCONV_OK)
        return status;
    const size_t line = strcspn(error->message, "\n");
    if (line > 0 && error->message[line - 1] == ']')
        return status; /* a lower call named its problem already */

    char rest[sizeof error->message]; /* a build log may follow the first line */
    memcpy(rest, error->message + line, strlen(error->message + line) + 1);
    const size_t room = sizeof error->message - line;
    const int opened = snprintf(error->message + line, room, " [");
    if (opened < 0 || (size_t)opened >= room)
        return status;
    clconv_sequence_format(problems, count, error->message + line + opened, room - (size_t)opened);
    const size_t end = strlen(error->message);
    snprintf(error->message + end, sizeof error->message - end, "]%s", rest);
    return status;
}
