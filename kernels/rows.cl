/* rows: depthwise convolution (groups = in_channels, m = K/C filters to a channel) in vectors along
 * the output rows, or of channels side by side where rows are short, for devices whose work-items
 * own a wide vector unit (CPU devices). No barrier, no __local memory.
 *
 *   dst[n][c*m+j][o][p][q] = finish(sum over t,r,s of
 *       src[n][c][o*stride_d - padding_d + t*dilation_d][..][..] * weights[c*m+j][t][r][s])
 *
 * The output rows of all planes are shared among the work-items (shares.h, claims.h), in pieces of
 * some rows of a plane. A piece is computed LANES columns at a time. PLANES = 2, for short rows,
 * takes the pieces of two planes at once, LANES / 2 columns each.
 *
 *   KERNEL > 0  from top to bottom. Each input row is loaded once, as KERNEL shifted vectors, and
 *               serves all output rows that need it. Stride 2 takes the even and the odd lanes of
 *               two vectors. SHORT = 1, for rows of the input that fit STRIDE vectors: see
 *               rows_short.h; what is said of pieces and edges below is not its way.
 *   KERNEL = 0  any kernel, stride, dilation and padding mode, tap by tap. BLOCK rows at a time, or
 *               where the output has fewer than 3, BLOCK vectors of one row.
 *   COPIED = 1  from copies of the inputs, with their padding, in private memory: rows_bands.h has
 *               its pieces and edges.
 *   CHANNELS = 1  with 8 channels in the lanes: rows_channels.h.
 *
 * Tensors   src N,C,D,H,W   weights K,1,T,R,S   dst N,K,O,P,Q
 * Workspace where work-items claim chunks, 128 bytes for each of UNITS, whatever is in them
 * Global    {UNITS} where they do; else {2 * UNITS}, or where that is 0 {1 + any number}: shares.h
 * Local     {1, 1, 1}
 * Edges     Vectors are read across the ends of an input row, never across those of the tensor,
 *           and lanes in the padding are zeroed in registers. What would cross the tensor's ends
 *           is read lane by lane, as is padding that is not zero. Rows of zero padding are left
 *           out. The last vector of a row is moved back to end with it and is computed twice; that
 *           of a row shorter than LANES runs into the rows that are stored after it.
 *           Activations are applied to a piece when it is complete. */
#include "conv.h"

/* EPILOGUE does not change the form. */

#ifndef KERNEL /* 2 to 9: R = S = KERNEL, height and width without dilation; 0: any kernel */
#define KERNEL 0
#endif
#ifndef COPIED /* 1: from copies of the inputs with their padding, 8 LANES: see rows_bands.h */
#define COPIED 0
#endif
#ifndef CHANNELS /* 1: 8 LANES are channels: see rows_channels.h */
#define CHANNELS 0
#endif
#ifndef STRIDE /* KERNEL > 0: stride of height and width, 1 or 2 */
#define STRIDE 1
#endif
#ifndef SHORT /* 1: rows of the input in STRIDE vectors, see rows_short.h */
#define SHORT 0
#endif
#ifndef PAD /* SHORT: padding of height and width, less than KERNEL */
#define PAD 0
#endif
#ifndef CLAIMED /* 1: work-items claim chunks in the workspace, see claims.h; UNITS is not 0 */
#define CLAIMED 0
#endif
#if KERNEL && (PADDING_MODE || KERNEL < 2 || KERNEL > 9 || (STRIDE != 1 && STRIDE != 2))
#error "KERNEL > 0 is 2 to 9 and wants zero padding and STRIDE 1 or 2"
#endif
#if COPIED && (LANES != 8 || SHORT)
#error "COPIED wants 8 LANES and is not SHORT"
#endif
#if CHANNELS && (LANES != 8 || COPIED || SHORT || KERNEL > 7)
#error "CHANNELS wants 8 LANES and a KERNEL of at most 7, and is neither COPIED nor SHORT"
#endif
#if SHORT && (KERNEL < 2 || KERNEL > 5 || LANES != 16 || PAD >= KERNEL)
#error "SHORT wants KERNEL 2 to 5, 16 LANES and a PAD below KERNEL"
#endif

#include "rows_vector.h"
#if CLAIMED
#include "claims.h"
#else
#include "shares.h"
#endif
#if CHANNELS
#include "rows_channels.h"
#elif COPIED
#include "rows_bands.h"
#elif SHORT
#include "rows_short.h"
#else
#include "rows_pieces.h"
#endif

INLINE void compute_parts(const conv_args *args, __global const float *src,
                          __global const float *weights, __global const float *bias,
                          __global float *dst, ulong first, ulong end, ulong parts)
{
#if COPIED || CHANNELS
    compute(args, src, weights, bias, dst, first, end, parts);
#else
    const ulong planes = ((ulong)args->N * (ulong)args->C + PLANES - 1) / PLANES;
    const ulong lines = planes * (ulong)args->axis[0].output * (ulong)args->axis[1].output;
    compute(args, src, weights, bias, dst, lines * first / parts, lines * end / parts);
#endif
}

#if CLAIMED
__kernel OWN_VECTORS void rows(const conv_args args, __global const float *restrict src,
                               __global const float *restrict weights,
                               __global const float *restrict bias, __global float *restrict dst,
                               __global float *workspace, const ulong offset, const ulong launch)
{
    claims c = first_claims(workspace, offset, launch);
    for (int chunk = next_chunk(&c); chunk >= 0; chunk = next_chunk(&c))
        compute_parts(&args, src, weights, bias, dst, (ulong)chunk, (ulong)chunk + 1,
                      UNITS * CHUNKS);
}
#else
__kernel OWN_VECTORS void rows(const conv_args args, __global const float *restrict src,
                               __global const float *restrict weights,
                               __global const float *restrict bias, __global float *restrict dst)
{
    ulong first, end, parts;
    own_share(&first, &end, &parts);
    if (first < end)
        compute_parts(&args, src, weights, bias, dst, first, end, parts);
}
#endif
