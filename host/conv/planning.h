/* How a plan comes to the algorithm of a stage: it was asked for, the cost model says so, or it
 * was measured. */
#ifndef CC_PLANNING_H
#define CC_PLANNING_H

#include "conv/plan.h"
#include "core/tuning.h"

/* What is known of the candidates for one problem, the best estimate first. Those whose estimate
 * is many times the best one are not candidates. */
enum { CC_CANDIDATES = 32 };

typedef struct cc_candidates {
    size_t count;
    const cc_algorithm *algorithm[CC_CANDIDATES];
    cc_tuning_result result[CC_CANDIDATES];
} cc_candidates;

/* Chooses for the stages that `request` (clconv_options.algorithm) leaves to us. */
clconv_status cc_planning_choose(clconv_plan *plan, const cc_shape *shapes,
                                 const clconv_options *options, clconv_error *error);

/* Measures the candidates of unknown result, in their order, until deadline_ns (cc_clock_ns) has
 * passed and one is right. Calls known(candidate, data) after each. */
clconv_status cc_planning_measure(clconv_context *context, const clconv_problem *problem,
                                  cc_candidates *candidates, uint64_t deadline_ns,
                                  void (*known)(const cc_candidates *, size_t, void *), void *data,
                                  clconv_error *error);

/* The fastest candidate that was found right; else the first that was not found wrong, as the
 * estimates order them; `count` when there is none. */
size_t cc_planning_best(const cc_candidates *candidates);

#endif
