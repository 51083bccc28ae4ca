/* The normal form: what everything below the plan sees of a problem. */
#ifndef CC_SHAPE_H
#define CC_SHAPE_H

#include "clconv.h"

/* One spatial axis of a checked problem. Sizes fit in 31 bits, and so do the indices below. A
 * stride with one position to step from and a dilation with one tap are 1, whatever was asked.
 *
 *   convolution  dst[o] += src[o*stride - padding + t*dilation] * w[t]
 *   transposed   dst[i*stride - padding + t*dilation] += src[i] * w[t]
 */
typedef struct cc_axis {
    int32_t input;
    int32_t output;
    int32_t kernel;
    int32_t stride;
    int32_t dilation;
    int32_t padding; /* at the beginning; what lies past the end follows from `output` */
} cc_axis;

/* A checked problem. End padding and output padding are gone: `output` says it all. */
typedef struct cc_shape {
    cc_axis axis[CLCONV_AXES];
    int32_t batch;        /* N */
    int32_t in_channels;  /* C */
    int32_t out_channels; /* K */
    int32_t groups;       /* G */
    int transposed;
    clconv_padding_mode padding_mode;
    clconv_epilogue epilogue;
} cc_shape;

/* Checks a problem and brings it to normal form: the only place that knows the output size. */
clconv_status cc_shape_make(const clconv_problem *problem, cc_shape *shape, clconv_error *error);

/* The output size along one axis, exact in 64 bits and meaningful also when it is not positive.
 * Requires in-range fields (clconv_problem_check's first step). */
int64_t cc_output_size(const clconv_problem *problem, clconv_axis axis);

/* Products over the three axes. */
int64_t cc_input_elements(const cc_shape *shape);  /* D*H*W */
int64_t cc_output_elements(const cc_shape *shape); /* O*P*Q */
int64_t cc_kernel_elements(const cc_shape *shape); /* T*R*S */

/* Channels of one group. */
int32_t cc_group_c(const cc_shape *shape); /* C/G */
int32_t cc_group_k(const cc_shape *shape); /* K/G */

/* The phases of an axis (kernels/conv.h: conv_phases): outputs that share their taps. One for a
 * convolution, one per residue of the stride for a transposed convolution. */
int64_t cc_phases(const cc_shape *shape, clconv_axis axis);

/* Outputs of the largest phase of an axis, which is its first. */
int64_t cc_phase_outputs(const cc_shape *shape, clconv_axis axis);

/* The part, 0 to 1, of the pairs of an output and a tap of its phase that read inside the input, on
 * one axis, where each `run` neighbouring outputs of a phase share their taps: a tap counts for all
 * of them if it counts for one. 1 under padding that is not zeros. With run 1 the product over the
 * axes is the part of cc_multiplications that is not with zeros. */
double cc_inside_part(const cc_shape *shape, clconv_axis axis, int64_t run);

#endif
