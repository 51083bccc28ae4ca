#include "core/scan.h"

#include "core/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool cc_scan_word(cc_scan *scan, const char *word)
{
    const size_t length = strlen(word);
    if (strncmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

void cc_scan_space(cc_scan *scan)
{
    while (is_space(*scan->at))
        ++scan->at;
}

clconv_status cc_scan_integer(cc_scan *scan, bool negative, int64_t *value)
{
    const char *const from = scan->at;
    const bool minus = negative && cc_scan_word(scan, "-");
    if (!is_digit(*scan->at))
        return cc_scan_fail(scan, from, "a number must stand here");
    int64_t result = 0;
    bool fits = true;
    for (; is_digit(*scan->at); ++scan->at) {
        const int digit = *scan->at - '0';
        fits = fits && result <= (INT64_MAX - digit) / 10;
        result = fits ? result * 10 + digit : 0;
    }
    if (!fits)
        return cc_scan_fail(scan, from, "the number does not fit in 63 bits");
    *value = minus ? -result : result;
    return CLCONV_OK;
}

static bool skip_digits(cc_scan *scan)
{
    const char *const from = scan->at;
    while (is_digit(*scan->at))
        ++scan->at;
    return scan->at > from;
}

/* digits [. digits] [e [+|-] digits], or . digits */
static bool skip_float(cc_scan *scan)
{
    cc_scan_word(scan, "-");
    bool digits = skip_digits(scan);
    if (cc_scan_word(scan, "."))
        digits |= skip_digits(scan);
    if (digits && cc_scan_word(scan, "e")) {
        if (!cc_scan_word(scan, "-"))
            cc_scan_word(scan, "+");
        digits = skip_digits(scan);
    }
    return digits;
}

/* strtof wants the decimal point of the locale: whatever it prints between these digits. */
static clconv_status convert_float(const cc_scan *scan, const char *from, float *value)
{
    enum { LONGEST = 64 };
    char point[16];
    char digits[LONGEST + sizeof point];
    const size_t length = (size_t)(scan->at - from);
    if (length > LONGEST)
        return cc_scan_fail(scan, from, "the number has more than %d characters", LONGEST);
    snprintf(point, sizeof point, "%.1f", 0.5);
    point[strcspn(point, "5")] = '\0';

    const size_t whole = strcspn(from, ".");
    if (whole < length)
        snprintf(digits, sizeof digits, "%.*s%s%.*s", (int)whole, from, point + 1,
                 (int)(length - whole - 1), from + whole + 1);
    else
        snprintf(digits, sizeof digits, "%.*s", (int)length, from);
    const float result = strtof(digits, NULL);
    if (!isfinite(result))
        return cc_scan_fail(scan, from, "the number does not fit in a float");
    *value = result;
    return CLCONV_OK;
}

clconv_status cc_scan_float(cc_scan *scan, float *value)
{
    const char *const from = scan->at;
    if (!skip_float(scan))
        return cc_scan_fail(scan, from, "a number must stand here");
    return convert_float(scan, from, value);
}

/* The end of the token that starts at `from`, for a message. */
static const char *token_end(const cc_scan *scan, const char *from)
{
    if (scan->at > from)
        return scan->at;
    const char *end = from;
    while (*end != '\0' && !is_space(*end))
        ++end;
    return end;
}

clconv_status cc_scan_fail(const cc_scan *scan, const char *from, const char *format, ...)
{
    enum { LONGEST = 40 };
    char token[LONGEST + 4] = "";
    char reason[256];
    const size_t length = (size_t)(token_end(scan, from) - from);
    for (size_t i = 0; i < length && i < LONGEST; ++i)
        token[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? '?' : from[i];
    if (length > LONGEST)
        memcpy(token + LONGEST, "...", sizeof "...");

    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    const size_t position = (size_t)(from - scan->text) + 1;
    if (length == 0)
        return cc_fail(scan->error, CLCONV_INVALID_STRING, "end of text at character %zu: %s",
                       position, reason);
    return cc_fail(scan->error, CLCONV_INVALID_STRING, "\"%s\" at character %zu: %s", token,
                   position, reason);
}
