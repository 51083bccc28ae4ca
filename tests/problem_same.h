/* Whether two problems are the same to the bit; memcmp of the whole would see struct padding. */
#ifndef PROBLEM_SAME_H
#define PROBLEM_SAME_H

#include "clconv.h"

#include <stdbool.h>
#include <string.h>

static inline bool problem_same(const clconv_problem *a, const clconv_problem *b)
{
    const size_t numbers = offsetof(clconv_problem, batch);
    return a->rank == b->rank && a->transposed == b->transposed && a->direction == b->direction &&
           a->data_type == b->data_type && a->layout == b->layout &&
           a->padding_mode == b->padding_mode && a->epilogue.bias == b->epilogue.bias &&
           a->epilogue.activation == b->epilogue.activation &&
           memcmp(&a->epilogue.slope, &b->epilogue.slope, sizeof a->epilogue.slope) == 0 &&
           memcmp((const char *)a + numbers, (const char *)b + numbers, sizeof *a - numbers) == 0;
}

#endif
