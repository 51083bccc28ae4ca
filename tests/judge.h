/* Judging algorithms on problems: the data, the gates and the seeds are those of `clconv verify`,
 * so its command line reproduces every failure. */
#ifndef JUDGE_H
#define JUDGE_H

#include "clconv.h"

/* What was seen of one algorithm. */
typedef struct judge_tally {
    size_t cases;  /* problems it ran */
    size_t exact;  /* of them, judged on whole numbers without tolerance as well */
    size_t failed; /* of them, wrong; each was reported to Criterion with its reproducer */
    double ratio;  /* the worst error / bound on random reals */
    char worst[512];
} judge_tally;

/* How many algorithm choices a sequence has on this device: the most that apply to one stage. */
size_t judge_choices(const clconv_context *context, const clconv_problem *problems, size_t count);

/* Runs a sequence with raw and with packed weights, on random reals and, where `exact` and the
 * problem allow, on whole numbers; judges values, guard bands and that both runs have the same
 * bits. `algorithm` as in clconv_options. Fails a Criterion expectation for a wrong result. */
void judge_run(clconv_context *context, const clconv_problem *problems, size_t count,
               const char *algorithm, uint64_t seed, int exact, judge_tally *tally);

/* The same for choice number `index` of judge_choices: for each stage its applicable algorithm
 * number index, modulo their number. */
void judge_run_choice(clconv_context *context, const clconv_problem *problems, size_t count,
                      size_t index, uint64_t seed, int exact, judge_tally *tally);

/* One line on stderr: cases, exact ones, the worst error / bound and where. */
void judge_print(const char *title, const judge_tally *tally);

/* CLCONV_SEED, or `otherwise` where it is not set. */
uint64_t judge_seed(uint64_t otherwise);

#endif
