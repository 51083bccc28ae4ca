/* Text of any length written into a buffer of some length, as snprintf does. */
#ifndef CC_TEXT_H
#define CC_TEXT_H

#include <stddef.h>

typedef struct cc_text {
    char *text;    /* may be NULL when size is 0 */
    size_t size;   /* bytes there, with the NUL */
    size_t length; /* that all that was put would take, without the NUL */
} cc_text;

/* An empty text; writes the NUL where there is room for it. */
cc_text cc_text_make(char *text, size_t size);

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void
cc_text_put(cc_text *out, const char *format, ...);

#endif
