#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>

cc_text cc_text_make(char *text, size_t size)
{
    if (size > 0)
        text[0] = '\0';
    return (cc_text){text, size, 0};
}

void cc_text_put(cc_text *out, const char *format, ...)
{
    const size_t room = out->length < out->size ? out->size - out->length : 0;
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(room > 0 ? out->text + out->length : NULL, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        out->length += (size_t)length;
}
