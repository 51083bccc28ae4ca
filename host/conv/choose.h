/* Which algorithm each stage of a plan runs. */
#ifndef CC_CHOOSE_H
#define CC_CHOOSE_H

#include "conv/algorithm.h"

/* Reads clconv_options (algorithm: NULL, "auto", a name, or one per stage, separated by commas) for
 * `count` stages and checks that each algorithm takes its problem. "auto" takes the smallest
 * estimate, for two stages as one where that is below the sum of their own. An algorithm that runs
 * two stages as one is named for both and chosen for both. options may be NULL. */
clconv_status cc_choose(const clconv_device *device, const clconv_options *options,
                        const clconv_problem *problems, const cc_shape *shapes, size_t count,
                        cc_choice *chosen, clconv_error *error);

/* CLCONV_OK when the algorithm exists and takes the first of `count` problems on this device, or as
 * many of them as it runs as one. */
clconv_status cc_choose_check(const clconv_device *device, const char *name, clconv_math math,
                              const clconv_problem *problems, const cc_shape *shapes, size_t count,
                              const cc_algorithm **found, clconv_error *error);

/* The reference device computes in its own way: CLCONV_OK for NULL, "auto" and "reference". */
clconv_status cc_choose_reference(const char *request, clconv_error *error);

#endif
