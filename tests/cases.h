/* Random numbers and problems for tests: the same on every machine for the same seed. */
#ifndef CASES_H
#define CASES_H

#include "clconv.h"

/* A random sequence (xorshift64*); any seed but 0. */
typedef struct case_random {
    uint64_t state;
} case_random;

int64_t case_integer(case_random *random, int64_t low, int64_t high); /* both inclusive */
double case_real(case_random *random, double low, double high);

/* `count` floats: whole numbers of [-4, 4], or reals of [low, high). The caller frees them. */
float *case_integers(case_random *random, int64_t count);
float *case_reals(case_random *random, int64_t count, double low, double high);

/* A valid small problem: any rank, stride, dilation, padding, mode, groups, epilogue, kind. */
clconv_problem case_problem(case_random *random);

/* The problem's string, in a buffer that the next call overwrites. */
const char *case_name(const clconv_problem *problem);

#endif
