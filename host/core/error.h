/* Reporting failures: the one way a status and its message are made. */
#ifndef CC_ERROR_H
#define CC_ERROR_H

#include "clconv.h"

/* Fills *error (which may be NULL) with the status and a formatted message; returns the status. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
clconv_status
cc_fail(clconv_error *error, clconv_status status, const char *format, ...);

#ifdef __clang_analyzer__ /* it does not see error.c: tell it that a failure's status is not OK */
#define cc_fail(error, status, ...) (cc_fail(error, status, __VA_ARGS__), (status))
#endif

/* Appends " [problem string]" to the message of a failure about a sequence; returns the status. */
clconv_status cc_fail_in(clconv_error *error, clconv_status status, const clconv_problem *problems,
                         size_t count);

/* Leaves a function through its `cleanup:` label when a call fails; needs a local `status`. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != CLCONV_OK)                                                                   \
            goto cleanup;                                                                          \
    } while (0)

#endif
