/* Transposed convolutions of any rank, groups, strides, dilations, padding and output padding: each
 * of the stride_d * stride_h * stride_w phases (conv_view of conv.h) is a stride-1 convolution with
 * its share of the taps, computed as an implicit GEMM. Every output is gathered by one work-item:
 * no scatter, no atomics, no zeros between the inputs. The method, its sizes and its parameters are
 * in implicit_gemm.h.
 *
 * src N,C,D,H,W   packed packed_weights.h, at args.weights_offset   bias K, or null   dst N,K,O,P,Q
 * Source: Dumoulin, Visin, A guide to convolution arithmetic for deep learning, arXiv 1603.07285.
 */
#ifndef TRANSPOSED
#define TRANSPOSED 1
#endif
#include "conv.h"
#include "implicit_gemm.h"

#if !TRANSPOSED
#error "tiled.cl computes convolutions"
#endif

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
transposed(const conv_args args, __global const float *restrict src,
           __global const float *restrict packed, __global const float *restrict bias,
           __global float *restrict dst, const int pixel_tiles, const int band)
{
    __local float4 weights_tile[2 * TILE_C * TILE_K / 4];
    __local float4 pixel_tile[2 * TILE_C * TILE_PIXELS / 4];
    __local int2 place[TILE_PIXELS];
    const conv_args copy = args; /* rusticl crashes on arguments first read under a branch */
    implicit_gemm(&copy, src, packed, bias, dst, pixel_tiles, band, weights_tile, pixel_tile,
                  place);
}
