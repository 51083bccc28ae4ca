/* Reading text from left to right, the same in every locale. */
#ifndef CC_SCAN_H
#define CC_SCAN_H

#include "clconv.h"

#include <stdbool.h>

typedef struct cc_scan {
    const char *text; /* the whole text, for positions in messages */
    const char *at;   /* what comes next */
    clconv_error *error;
} cc_scan;

/* Skips `word` if it comes next. */
bool cc_scan_word(cc_scan *scan, const char *word);

/* Skips white space. */
void cc_scan_space(cc_scan *scan);

/* A decimal integer; a sign only if it is '-' and `negative` allows it. */
clconv_status cc_scan_integer(cc_scan *scan, bool negative, int64_t *value);

/* A finite decimal number such as -0.1 or 1e-3, rounded to the nearest float. */
clconv_status cc_scan_float(cc_scan *scan, float *value);

/* Fails with CLCONV_INVALID_STRING and `"TOKEN" at character N: REASON`, where TOKEN is what
 * stands from `from` to the current position, or the rest of its word if that is nothing. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
clconv_status
cc_scan_fail(const cc_scan *scan, const char *from, const char *format, ...);

#endif
