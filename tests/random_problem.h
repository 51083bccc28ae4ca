/* Valid random problems of each variant, small enough to check thousands of them. */
#ifndef RANDOM_PROBLEM_H
#define RANDOM_PROBLEM_H

#include "cases.h"

/* name in C, name in words */
#define RANDOM_VARIANTS(X)                                                                         \
    X(STANDARD, "standard")                                                                        \
    X(GROUPED, "grouped")                                                                          \
    X(DEPTHWISE, "depthwise")                                                                      \
    X(MULTIPLIER, "depthwise multiplier")                                                          \
    X(POINTWISE, "pointwise")                                                                      \
    X(DILATED, "dilated")                                                                          \
    X(TRANSPOSED, "transposed")                                                                    \
    X(LINE, "1-D")                                                                                 \
    X(PLANE, "2-D")                                                                                \
    X(VOLUME, "3-D")                                                                               \
    X(DEPTHWISE_SEPARABLE, "depthwise separable")                                                  \
    X(SPATIALLY_SEPARABLE, "spatially separable")

typedef enum random_variant {
#define RANDOM_ENUM(name, text) RANDOM_##name,
    RANDOM_VARIANTS(RANDOM_ENUM)
#undef RANDOM_ENUM
        RANDOM_COUNT
} random_variant;

const char *random_variant_name(random_variant variant);

enum { RANDOM_STAGES = 2 }; /* the most that random_sequence draws */

/* Draws a problem, or a sequence of two for the separable variants; returns the stages. Ranks,
 * sizes, strides, padding on each side, padding mode, output padding, bias and activation are all
 * drawn, within what the variant is. */
size_t random_sequence(case_random *random, random_variant variant, clconv_problem *problems);

#endif
