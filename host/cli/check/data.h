/* The data that verify and bench compute on: a fixed function of the problem and a seed.
 *
 * splitmix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014)
 * from state 0 gives a sequence r; element i of tensor t is made from r[r[seed] + t * 2^40 + i].
 * The tensors are src, then weights and bias of each stage. */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "common.h"

/* The two ways in which a result is judged. */
typedef enum data_gate {
    GATE_EXACT, /* small integers: every partial sum is exact in float32, so is every result */
    GATE_REAL,  /* random reals: each result within its bound */
    GATES
} data_gate;

/* One set of tensors. Zero-initialise. */
typedef struct data_set {
    float *src;
    float *weights[CLCONV_MAX_STAGES];
    float *bias[CLCONV_MAX_STAGES]; /* NULL without one */
    clconv_stage_tensors stages[CLCONV_MAX_STAGES];
} data_set;

/* The largest integers of GATE_EXACT. */
typedef struct data_range {
    int src; /* also of the biases */
    int weights;
} data_range;

/* Chooses the largest range of a short list for which no partial sum of any stage passes 2^24,
 * whatever the data. Returns 0 if there is none or an activation rounds: then the problem cannot
 * be judged exactly. */
int data_exact_range(const clconv_problem *problems, size_t count, data_range *range);

/* Allocates and fills. GATE_EXACT draws integers from [-range, range] without 0, so no tap is ever
 * idle. GATE_REAL draws src and biases from [-1, 1) and weights from [-a, a) with
 * a = sqrt(3 / K_acc), which keeps the magnitude from stage to stage. Reports lack of memory. */
cli_exit data_create(const clconv_problem *problems, size_t count, data_gate gate, uint64_t seed,
                     data_set *data);
void data_free(data_set *data);

#endif
