/* separable: a depthwise convolution (groups = in_channels, m = K/C filters to a channel) and the
 * pointwise one that follows it, as one, for devices whose work-items own a wide vector unit and a
 * cache (CPU devices). What the first one gives is never a whole tensor. No barrier, no __local
 * memory.
 *
 *   between[n][c][o][p][q] = finish of the first (sum of its taps on src)
 *   dst[n][k][o][p][q]     = finish of the second (sum over c of weights2[k][c] * between[n][c])
 *
 * The unit of work is a band: some output rows of a slice of an image. Its part of `between` is
 * computed as rows.cl does, plane by plane, into a panel that the second-level cache holds, and
 * multiplied there with the weights, which stay in the first-level cache for all tiles of the band,
 * CHANNELS output channels at a time: separable_block.h.
 *
 * Tensors   src N,C,D,H,W   weights K,1,T,R,S and L,K   dst N,L,O,P,Q
 *           scratch: cut.item_floats for each work-item, multiples of 64 bytes: the panel
 * Global    {work-items, 1, 1}: each takes an equal share of the bands, neighbours together
 * Local     {1, 1, 1}
 * Edges     rows_pieces.h for the first stage. The band's rows lie one after the other in the panel
 *           as in dst, so that vectors of pixels run over the ends of rows.
 * Source    Qararyah et al., "Fusing Depthwise and Pointwise Convolutions for Efficient Inference
 * on GPUs", arXiv 2404.19331 */
#include "conv.h"

/* EPILOGUE does not change the form. */

#ifndef KERNEL /* as in rows.cl: 2 to 9, R = S without dilation; 0: any kernel */
#define KERNEL 0
#endif
#ifndef STRIDE /* KERNEL > 0: stride of height and width, 1 or 2 */
#define STRIDE 1
#endif
#if KERNEL && (PADDING_MODE || KERNEL < 2 || KERNEL > 9 || (STRIDE != 1 && STRIDE != 2))
#error "KERNEL > 0 is 2 to 9 and wants zero padding and STRIDE 1 or 2"
#endif

#include "rows_vector.h"

#include "rows_pieces.h"

#include "separable_block.h"

/* How the host cuts the work: struct separable_cut of host/conv/separable.c. */
typedef struct {
    int units;       /* bands of all slices and images */
    int empty;       /* work-items in front that do nothing */
    int bands, rows; /* of a slice; rows of a band, fewer in the last */
    int pitch;       /* floats of the panel between channels */
    int item_floats;
    int streamed; /* dst is larger than the caches */
    ulong scratch_offset;
} separable_cut;

/* The first stage of a band: plane by plane into the panel. */
INLINE void fill_panel(const conv_args *first, piece at, const int n, const int pitch,
                       __global const float *src, __global const float *weights,
                       __global const float *bias, __global float *panel)
{
    const int C = first->C, m = first->K / C, near = stays_near(first);
    const int taps =
        first->axis[0].kernel_size * first->axis[1].kernel_size * first->axis[2].kernel_size;
    const long plane = (long)first->axis[0].input * first->axis[1].input * first->axis[2].input;
    const int outputs = at.rows * first->axis[2].output;
    for (int k = 0; k < first->K; ++k, panel += pitch) {
        at.plane = (ulong)n * C + k / m;
        at.inner = near && at.plane > 0 && at.plane + 1 < (ulong)first->N * C;
        const vector shift = (vector)(first->has_bias ? bias[k] : 0.0f);
        compute_piece(first, at, src + at.plane * plane, weights + k * taps, shift, panel);
        if (first->activation != 0)
            activate_values(panel, outputs, first->activation, first->slope);
    }
}

CALLED void compute_band(const conv_args *given_first, const conv_args *given_second,
                         const separable_cut *given_cut, int unit, __global const float *src,
                         __global const float *weights, __global const float *bias,
                         __global const float *second_weights, __global const float *second_bias,
                         __global float *dst, __global float *scratch)
{
    const conv_args first = *given_first, second = *given_second;
    const separable_cut cut = *given_cut;
    const int O = first.axis[0].output, P = first.axis[1].output, Q = first.axis[2].output;
    const int band = unit % cut.bands, slice = unit / cut.bands;
    const int n = slice / O, o = slice - n * O;
    piece at;
    at.o = o;
    at.p = band * cut.rows;
    at.rows = min(cut.rows, P - at.p);
    at.apart.src = at.apart.weights = at.apart.dst = 0;
    fill_panel(&first, at, n, cut.pitch, src + first.src_offset, weights + first.weights_offset,
               bias + first.bias_offset, scratch);

    const int pixels = at.rows * Q;
    separable_tile tile;
    tile.panel = scratch;
    tile.weights = second_weights + second.weights_offset;
    tile.bias = second.has_bias ? second_bias + second.bias_offset : 0;
    tile.plane = (long)O * P * Q;
    tile.dst = dst + second.dst_offset + (long)n * second.K * tile.plane + ((long)o * P + at.p) * Q;
    tile.pitch = cut.pitch;
    tile.in_channels = second.C;
    tile.out_channels = second.K;
    /* Planes of whole vectors begin where vectors do if the first one does. */
    tile.streamed = cut.streamed && tile.plane % LANES == 0 && pixels % LANES == 0 &&
                    (size_t)tile.dst % sizeof(vector) == 0;
    tile.activation = second.activation;
    tile.slope = second.slope;
    compute_blocks(tile, pixels);
}

__kernel OWN_VECTORS void separable(const conv_args first, __global const float *restrict src,
                                    __global const float *restrict weights,
                                    __global const float *restrict bias, const conv_args second,
                                    __global const float *restrict second_weights,
                                    __global const float *restrict second_bias,
                                    __global float *restrict dst, __global float *restrict scratch,
                                    const separable_cut cut)
{
    const long item = (long)get_global_id(0) - cut.empty;
    const long items = (long)get_global_size(0) - cut.empty;
    if (item < 0)
        return;
    __global float *const own = scratch + cut.scratch_offset + item * cut.item_floats;
    const int end = (int)(cut.units * (item + 1) / items);
    for (int unit = (int)(cut.units * item / items); unit < end; ++unit)
        compute_band(&first, &second, &cut, unit, src, weights, bias, second_weights, second_bias,
                     dst, own);
}
