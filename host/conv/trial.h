/* Trying algorithms on a device: whether one computes a problem correctly, and how fast.
 *
 * Correct means that output planes (one image, one output channel) agree with the reference
 * within its bound: all of them for small problems, else a sample that has the first and the last
 * one, as many as the reference computes in about 0.1 s. The data are random reals. */
#ifndef CC_TRIAL_H
#define CC_TRIAL_H

#include "conv/plan.h"
#include "core/tuning.h"

typedef struct cc_trial cc_trial;

/* Draws the data of a problem and computes the reference. */
clconv_status cc_trial_create(clconv_context *context, const clconv_problem *problem,
                              cc_trial **trial, clconv_error *error);
void cc_trial_destroy(cc_trial *trial);

/* Runs one algorithm. Times above `hopeless_ns` are not taken more exactly. Fails only for lack of
 * host memory: all else is in the result. */
clconv_status cc_trial_run(cc_trial *trial, const cc_algorithm *algorithm, double hopeless_ns,
                           cc_tuning_result *result, clconv_error *error);

#endif
