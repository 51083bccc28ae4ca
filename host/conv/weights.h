/* Weights and biases on the device, in the form that a plan's algorithms want. */
#ifndef CC_WEIGHTS_H
#define CC_WEIGHTS_H

#include "conv/plan.h"

struct clconv_weights {
    const clconv_plan *plan;
    cl_mem mem; /* all of them in one buffer; NULL on the reference device */
    cc_tensor weights[CLCONV_MAX_STAGES];
    cc_tensor bias[CLCONV_MAX_STAGES];              /* mem NULL without one */
    float *host;                                    /* the reference device's copy */
    clconv_stage_tensors stages[CLCONV_MAX_STAGES]; /* into `host` */
};

/* CLCONV_INVALID_ARGUMENT for weights that were packed for another plan. */
clconv_status cc_weights_check(const clconv_weights *weights, const clconv_plan *plan,
                               clconv_error *error);

/* Points a run at packed weights. */
void cc_weights_use(const clconv_weights *weights, cc_run *run);

#endif
