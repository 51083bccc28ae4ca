/* Running a sequence on the device that the options name, and saying how it went. */
#ifndef CLI_COMPUTE_H
#define CLI_COMPUTE_H

#include "common.h"

/* Computes dst from src and the stages' tensors. --verbose prints the plan and where the time
 * went. check: compares dst with the reference, prints the worst error and returns CLI_WRONG when
 * an element is beyond its bound. Reports what fails and returns the exit code. */
cli_exit cli_compute(const cli_common *common, const clconv_problem *problems, size_t count,
                     const float *src, const clconv_stage_tensors *stages, float *dst, int check);

#endif
