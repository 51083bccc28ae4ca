/* A second convolution, written apart from host/reference to check it: a convolution pads by
 * copying the input element by element, a transposed one scatters and then crops. */
#ifndef NAIVE_H
#define NAIVE_H

#include "clconv.h"

typedef enum naive_precision {
    NAIVE_DOUBLE,
    NAIVE_SINGLE /* each product, sum and activation rounded to float32 */
} naive_precision;

/* One problem of a checked form. src holds doubles so that results chain; `dst` is written. */
void naive_convolve(const clconv_problem *problem, naive_precision precision, const double *src,
                    const float *weights, const float *bias, double *dst);

#endif
