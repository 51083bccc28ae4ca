/* Padding modes other than zeros: the input is padded first, then convolved without padding. */
#ifndef CC_PADDED_H
#define CC_PADDED_H

#include "core/shape.h"

/* The same convolution on an input that pad() has padded: zero padding mode, no padding. What
 * no output reads is left out. */
cc_shape cc_padded_shape(const cc_shape *shape);

/* Writes the padded form of one channel: D*H*W values in, cc_padded_shape()'s out. */
void cc_pad_channel(const cc_shape *shape, const double *channel, double *padded);

#endif
