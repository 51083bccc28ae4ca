/* Arithmetic on sizes; what could overflow says so. */
#ifndef CC_CHECKED_H
#define CC_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* *product = a * b for a, b >= 0; false, and nothing written, when it exceeds `limit`. */
static inline bool cc_multiply(int64_t a, int64_t b, int64_t limit, int64_t *product)
{
    if (b != 0 && a > limit / b)
        return false;
    *product = a * b;
    return true;
}

/* *sum = a + b for a, b >= 0; false, and nothing written, when it does not fit. */
static inline bool cc_add(int64_t a, int64_t b, int64_t *sum)
{
    if (a > INT64_MAX - b)
        return false;
    *sum = a + b;
    return true;
}

/* The product of `count` factors, none negative; false when it exceeds `limit`. */
static inline bool cc_multiply_all(const int64_t *factors, int count, int64_t limit,
                                   int64_t *product)
{
    int64_t result = 1;
    for (int i = 0; i < count; ++i)
        if (!cc_multiply(result, factors[i], limit, &result))
            return false;
    *product = result;
    return true;
}

static inline int64_t cc_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t cc_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The greatest common divisor of a, b >= 0. */
static inline int64_t cc_gcd(int64_t a, int64_t b)
{
    return b == 0 ? a : cc_gcd(b, a % b);
}

/* a / b, rounded up, for a >= 0 and b > 0. */
static inline int64_t cc_divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

#endif
