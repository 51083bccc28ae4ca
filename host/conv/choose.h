/* Which algorithm each stage of a plan runs. */
#ifndef CC_CHOOSE_H
#define CC_CHOOSE_H

#include "conv/algorithm.h"

/* Reads clconv_options (algorithm: NULL, "auto", a name, or one per stage, separated by commas) for
 * `count` stages and checks that each algorithm takes its problem. "auto" takes the smallest
 * estimate. options may be NULL. */
clconv_status cc_choose(const clconv_device *device, const clconv_options *options,
                        const clconv_problem *problems, const cc_shape *shapes, size_t count,
                        cc_choice *chosen, clconv_error *error);

/* CLCONV_OK when the algorithm exists and takes the problem on this device. */
clconv_status cc_choose_check(const clconv_device *device, const char *name, clconv_math math,
                              const clconv_problem *problem, const cc_shape *shape,
                              const cc_algorithm **found, clconv_error *error);

/* The reference device computes in its own way: CLCONV_OK for NULL, "auto" and "reference". */
clconv_status cc_choose_reference(const char *request, clconv_error *error);

#endif
