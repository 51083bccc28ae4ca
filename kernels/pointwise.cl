/* pointwise: what surrounds the matrix product of a 1x1 convolution, which is a BLAS library's.
 *
 * pointwise_gather  makes the product's right-hand side where it is not the input itself:
 *     gathered[plane][o][p][q] = src[plane][o*stride_d][p*stride_h][q*stride_w]
 *   for plane = n*C+c. `gathered` is dense and starts gathered_offset elements into its buffer.
 *   Strides only: every index read lies inside the input.
 *
 * pointwise_finish  applies bias and activation to dst in place:
 *     dst[n][k][i] = finish(dst[n][k][i])
 *
 * Global: (elements of a plane, planes), any multiple of local; both are walked with that stride.
 * Local: (GROUP, 1)   __local bytes: 0 */
#include "conv.h"

/* ---- Parameters ---- */

#ifndef GROUP /* work-items of a work-group */
#define GROUP 64
#endif

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
pointwise_gather(const conv_args args, const ulong gathered_offset,
                 __global const float *restrict src, __global float *restrict gathered)
{
    const conv_axis ad = args.axis[0], ah = args.axis[1], aw = args.axis[2];
    const uint planes = (uint)args.N * (uint)args.C;
    const int elements = ad.output * ah.output * aw.output;
    const ulong plane_src = (ulong)((uint)ad.input * (uint)ah.input * (uint)aw.input);
    for (uint plane = (uint)get_global_id(1); plane < planes; plane += (uint)get_global_size(1)) {
        __global const float *x = src + args.src_offset + plane * plane_src;
        __global float *y = gathered + gathered_offset + (ulong)plane * (ulong)elements;
        for (int i = (int)get_global_id(0); i < elements; i += (int)get_global_size(0)) {
            const int row = i / aw.output, q = i - row * aw.output;
            const int o = row / ah.output, p = row - o * ah.output;
            y[i] = x[(o * ad.stride * ah.input + p * ah.stride) * aw.input + q * aw.stride];
        }
    }
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
pointwise_finish(const conv_args args, __global const float *restrict bias,
                 __global float *restrict dst)
{
    const uint planes = (uint)args.N * (uint)args.K;
    const int elements = args.axis[0].output * args.axis[1].output * args.axis[2].output;
    for (uint plane = (uint)get_global_id(1); plane < planes; plane += (uint)get_global_size(1)) {
        const int k = (int)(plane % (uint)args.K);
        __global float *y = dst + args.dst_offset + (ulong)plane * (ulong)elements;
        for (int i = (int)get_global_id(0); i < elements; i += (int)get_global_size(0))
            y[i] = conv_finish(y[i], &args, bias + args.bias_offset, k);
    }
}
