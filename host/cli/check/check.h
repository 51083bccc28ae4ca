/* Judging results: what verify and bench mean by OK. */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "data.h"
#include "problem_list.h"

/* An output array between guard bands. Zero-initialise. */
typedef struct guarded {
    float *block;
    float *data; /* `count` elements inside the block */
    size_t count;
} guarded;

/* Returns 0 when out of memory. */
int guarded_create(guarded *array, size_t count);
void guarded_free(guarded *array);

/* Fills the array with NaN and the guard bands with their pattern. */
void guarded_reset(guarded *array);

/* Whether both guard bands are as guarded_reset left them. */
int guarded_intact(const guarded *array);

/* The judgement on an algorithm: ok until something is found wrong. */
typedef struct check_verdict {
    int ok;
    double ratio;     /* the worst error / bound so far, of GATE_REAL */
    char reason[160]; /* what was wrong first; "" while ok */
} check_verdict;

check_verdict verdict_start(void);

/* Judges what was computed into `array` (after guarded_reset). bound NULL: exactly. */
void check_output(const guarded *array, const double *reference, const double *bound,
                  check_verdict *verdict);

/* Judges only that nothing was written around it, which check_output does too. */
void check_guards(const guarded *array, check_verdict *verdict);

/* Judges that a second run gave the same bits. */
void check_repeat(const guarded *first, const guarded *second, check_verdict *verdict);

/* The reference and the bound of one plan's results where its algorithms are no direct sums. */
typedef struct plan_reference {
    char algorithms[256]; /* of the plan; "" before the first */
    double *values;
    double *bound;
} plan_reference;

/* A problem with its data and references, shared by all algorithms. Zero-initialise but for math.
 */
typedef struct check_case {
    clconv_math math; /* of all plans */
    const problem_entry *entry;
    size_t dst_count;
    int use[GATES]; /* whether the problem can be judged so */
    data_set data[GATES];
    double *reference[GATES];
    double *bound;                 /* of GATE_REAL, for direct sums */
    plan_reference of_plan[GATES]; /* of the last such plan */
} check_case;

/* Makes the data and computes the references of GATE_REAL, and of GATE_EXACT if asked for and the
 * problem is exact. `entry` must outlive the case. */
cli_exit check_case_create(check_case *c, const problem_entry *entry, uint64_t seed, int exact);

/* Makes the data of GATE_REAL alone: nothing can be judged. */
cli_exit check_case_create_unjudged(check_case *c, const problem_entry *entry, uint64_t seed);

void check_case_free(check_case *c);

/* Judges what a plan computed into `array` from the data of one gate: exactly or within the bound
 * of direct sums; where the plan's algorithms are others, within theirs. */
clconv_status check_result(check_case *c, const clconv_plan *plan, data_gate gate,
                           const guarded *array, check_verdict *verdict, clconv_error *error);

/* Runs a plan with raw and with packed weights on the data of every gate, and judges that all
 * results are right and both runs have the same bits. Fails only when the device or the host does;
 * what is wrong is in the verdict. */
clconv_status check_plan(check_case *c, clconv_plan *plan, check_verdict *verdict,
                         clconv_error *error);

/* Writes algorithm choice number `index` for a sequence, one name per stage. `request`: "all" for
 * every one that the math mode allows in turn, where stage s takes its applicable algorithm number
 * index modulo their number, until every stage has used all of its own; else `request` itself is
 * the only choice. Returns 0 when there is no such choice. */
int algorithm_choice(const clconv_context *context, const problem_entry *entry, const char *request,
                     clconv_math math, size_t index, char *text, size_t size);

/* Writes the algorithms of a plan, one name per stage, separated by commas. */
void plan_algorithms(const clconv_plan *plan, char *text, size_t size);

#endif
