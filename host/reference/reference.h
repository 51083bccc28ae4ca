/* clconv_reference with the error bounds of given algorithms. */
#ifndef CC_REFERENCE_H
#define CC_REFERENCE_H

#include "clconv.h"

/* As clconv_reference. tiles: NULL, or for each stage 0 where it is computed by direct sums, and
 * otherwise the outputs along an axis of Winograd's tiles (reference/winograd.h). */
clconv_status cc_reference(const clconv_problem *problems, size_t count, const int *tiles,
                           const float *src, const clconv_stage_tensors *stages, double *dst,
                           double *bound, clconv_error *error);

#endif
