/* Further passes over rows that were measured once. What others do to a machine lasts for seconds
 * to minutes: the samples of one row, taken within seconds of each other, know nothing of it. */
#ifndef CLI_PASSES_H
#define CLI_PASSES_H

#include "bench_row.h"

/* How the rows were measured, and are again. */
typedef struct pass_settings {
    const char *device;
    clconv_math math;
    uint64_t seed;
    double min_time_s;
} pass_settings;

/* The rows to come back to. Zero-initialise. */
typedef struct pass_list {
    struct pass_row *rows;
    size_t count;
    size_t wrong;  /* rows of which a later pass had other bits, */
    size_t failed; /* and those that could not be measured again */
} pass_list;

/* Remembers a verified row, whose JSON is `object` and whose entry outlives the list. */
clconv_status pass_list_add(pass_list *list, const bench_row *row, json_t *object,
                            clconv_error *error);
void pass_list_free(pass_list *list);

/* Measures row number `index` once more, ours alone, and adds what it took to its "passes". Where
 * the result has other bits than the one that was judged, the row loses its numbers. */
void pass_measure(pass_list *list, size_t index, const pass_settings *settings);

#endif
