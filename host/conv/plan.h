/* A plan: problems, their algorithms and kernels, and where the workspace's parts lie. */
#ifndef CC_PLAN_H
#define CC_PLAN_H

#include "conv/context.h"
#include "conv/layout.h"

typedef struct cc_pool cc_pool; /* buffers of clconv_execute: pool.h */

/* Immutable but for the pool, which has a lock of its own. */
struct clconv_plan {
    clconv_context *context;
    size_t count;
    clconv_problem problems[CLCONV_MAX_STAGES];
    clconv_sizes sizes[CLCONV_MAX_STAGES];
    cc_choice choices[CLCONV_MAX_STAGES];
    cc_stage stages[CLCONV_MAX_STAGES]; /* empty: on the reference device, and where the stage
                                           before runs this one with its own */
    cc_layout layout;
    cc_pool *pool; /* NULL on the reference device */
};

/* A plan that runs a problem with this algorithm. Not for the reference device. */
clconv_status cc_plan_make(clconv_context *context, const clconv_problem *problem,
                           const cc_algorithm *algorithm, clconv_plan **plan, clconv_error *error);

/* The tensors of one execution on the device. */
typedef struct cc_run {
    cc_tensor src;
    cc_tensor dst;
    cc_tensor weights[CLCONV_MAX_STAGES]; /* packed or raw, see `packed` */
    cc_tensor bias[CLCONV_MAX_STAGES];    /* mem NULL without one */
    int packed;                           /* weights are in the form that the stages want */
    cc_tensor workspace;
} cc_run;

/* Enqueues all stages: run.c. */
clconv_status cc_plan_run(const clconv_plan *plan, cc_chain *chain, const cc_run *run,
                          clconv_error *error);

/* Checks the host pointers of every stage: CLCONV_INVALID_ARGUMENT names what is missing. */
clconv_status cc_plan_check_stages(const clconv_plan *plan, const clconv_stage_tensors *stages,
                                   clconv_error *error);

#endif
