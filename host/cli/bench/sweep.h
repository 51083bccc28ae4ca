/* Making a problem grow, to see what its time does. */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include <jansson.h>

#include "problem_list.h"

typedef struct sweep_kind sweep_kind;

/* "batch", "channels", "size" or "kernel"; NULL for any other name. */
const sweep_kind *sweep_find(const char *name);

/* What grows, as it is in a problem: the batch, the input channels, the input width or the kernel
 * width of the first stage. */
int64_t sweep_value(const sweep_kind *kind, const problem_entry *entry);

/* Grows the problems of `entry` (its texts and costs stay as they were) by about two: batch and
 * channels by two, all input sizes above 1 by two, all kernel sizes from k to 2k, or to 2k + 1
 * where k is odd, padded so that the output keeps its size. Returns 0 when the result is no problem
 * or larger than `most_bytes` in one tensor. */
int sweep_grow(const sweep_kind *kind, problem_entry *entry, double most_bytes);

/* The report's entry without its points; add each point once its row is in the report. */
json_t *sweep_json(const char *kind, const problem_entry *entry);
void sweep_add_point(json_t *sweep, int64_t value, const problem_entry *entry,
                     const json_t *results);

#endif
