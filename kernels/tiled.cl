/* Convolutions of any rank, groups, strides, dilations and padding as an implicit GEMM: the method,
 * its sizes and its parameters are in implicit_gemm.h.
 *
 * src N,C,D,H,W   packed packed_weights.h, at args.weights_offset   bias K, or null   dst N,K,O,P,Q
 */
#ifndef TRANSPOSED
#define TRANSPOSED 0
#endif
#include "conv.h"
#include "implicit_gemm.h"

#if TRANSPOSED
#error "transposed.cl computes transposed convolutions"
#endif

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
tiled(const conv_args args, __global const float *restrict src,
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
