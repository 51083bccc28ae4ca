/* blocked: direct convolution in vector registers, for devices whose work-items own a wide vector
 * unit (CPU devices). No barrier, no __local memory.
 *
 *   dst[n][k][o][p][q] = finish(sum over c, t, r, s of src[n][c][..][..][..] *
 * weights[k][c][t][r][s])
 *
 * A work-item computes one output row (all q of a phase, for one n, o, p) of BLOCK_K = VECTORS *
 * LANES output channels, PIXELS outputs at a time: PIXELS * VECTORS accumulators of LANES channels
 * each. Each input value is broadcast against VECTORS weight vectors, each weight vector is used
 * PIXELS times. The last block of a row is moved left to end with the row, so there is no scalar
 * tail.
 *
 * Tensors   src N,C,D,H,W   dst N,K,O,P,Q
 *           packed [g][block of BLOCK_K channels][c][tap][BLOCK_K], zero past K/G
 * Global    {phases * rows of the largest phase, blocks * G, N}
 * Local     {1, 1, 1}
 * Edges     Blocks whose window lies inside the row read src in place; others read a copy of the
 *           window in private memory whose padding has been resolved. Taps on rows of zero padding
 *           are left out.
 * Source    Georganas et al., "Anatomy of High-Performance Deep Learning Convolutions on SIMD
 *           Architectures", SC18 (register blocking; broadcasts make channels-last src unnecessary)
 */
#include "conv.h"

#ifndef LANES /* floats of a vector register: 8 or 16 */
#define LANES 8
#endif
#ifndef VECTORS /* weight vectors of a work-item: 1 to 4 */
#define VECTORS 1
#endif
#ifndef PIXELS /* outputs of a row computed together: 1 to 16 */
#define PIXELS 4
#endif
#if LANES == 16
typedef float16 vector;
typedef int16 ivector;
#define LANE_INDICES (ivector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define VECTOR_LOAD  vload16
#define VECTOR_STORE vstore16
#elif LANES == 8
typedef float8 vector;
typedef int8 ivector;
#define LANE_INDICES (ivector)(0, 1, 2, 3, 4, 5, 6, 7)
#define VECTOR_LOAD  vload8
#define VECTOR_STORE vstore8
#else
#error "LANES is 8 or 16"
#endif
#if VECTORS < 1 || VECTORS > 4 || PIXELS < 1 || PIXELS > 16
#error "VECTORS is 1 to 4, PIXELS 1 to 16"
#endif

#define BLOCK_K (VECTORS * LANES)

/* Floats of the private copy of a window at the edge. A longer window is copied tap by tap. */
#define WINDOW 64

/* sum += one tap: the inputs of PIXELS outputs times the BLOCK_K weights. */
static inline __attribute__((always_inline)) void
accumulate(vector sum[PIXELS][VECTORS], const float inputs[PIXELS], __global const float *weights)
{
#pragma unroll
    for (int v = 0; v < VECTORS; ++v) {
        const vector w = VECTOR_LOAD(v, weights);
#pragma unroll
        for (int j = 0; j < PIXELS; ++j)
            sum[j][v] = fma((vector)(inputs[j]), w, sum[j][v]);
    }
}

/* Copies count values of a row of src from index `first` on, padding resolved. The row starts at
 * element `row` of a tensor of `total` elements; whole vectors may be read past the row's ends, but
 * not past the tensor's. `window` has room for whole vectors. */
static inline void copy_window(float *window, int count, __global const float *src, long row,
                               long total, int first, int size, int mode)
{
    for (int i = 0; i < count; i += LANES) {
        const long start = row + first + i;
        if (PADDING_MODE == 0 && start >= 0 && start + LANES <= total) {
            const ivector index = LANE_INDICES + (first + i);
            const vector values = VECTOR_LOAD(0, src + start);
            VECTOR_STORE(select((vector)0.0f, values, index >= 0 && index < size), 0, window + i);
        } else {
            for (int j = i; j < min(i + LANES, count); ++j) {
                const int index = conv_pad_index(first + j, size, mode);
                window[j] = index < 0 ? 0.0f : src[row + index];
            }
        }
    }
}

/* The taps of a view that outputs of index i can need, as [first, end): with zero padding those
 * whose input exists, otherwise all. */
static inline int2 tap_range(conv_view view, int i, int size)
{
    int2 range = (int2)(0, view.taps);
#if !PADDING_MODE
    const int input = view.in_first + i * view.in_step;
    while (range.x < range.y && conv_pad_index(input + range.x * view.in_tap, size, 0) < 0)
        ++range.x;
    while (range.x < range.y && conv_pad_index(input + (range.y - 1) * view.in_tap, size, 0) < 0)
        --range.y;
#endif
    return range;
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
blocked(const conv_args args, __global const float *restrict src,
        __global const float *restrict weights, __global const float *restrict bias,
        __global float *restrict dst)
{
    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];

    /* Which row of which phase. */
    const int rows_h = conv_phase_outputs(height);
    const int rows = conv_phase_outputs(depth) * rows_h;
    const int phase = (int)get_global_id(0) / rows, row = (int)get_global_id(0) % rows;
    const int phases_w = conv_phases(width), phases_h = conv_phases(height);
    const conv_view view_d = conv_view_make(depth, phase / phases_w / phases_h);
    const conv_view view_h = conv_view_make(height, phase / phases_w % phases_h);
    const conv_view view_w = conv_view_make(width, phase % phases_w);
    const int o = row / rows_h, p = row % rows_h;
    if (o >= view_d.out_count || p >= view_h.out_count)
        return;

    const int group_c = args.C / args.G, group_k = args.K / args.G;
    const int blocks = (group_k + BLOCK_K - 1) / BLOCK_K;
    const int g = get_global_id(1) / blocks, block = get_global_id(1) % blocks;
    const int n = get_global_id(2);

    const long plane = (long)depth.input * height.input * width.input;
    const long total = plane * args.C * args.N;
    const long group_src = ((long)n * args.C + (long)g * group_c) * plane;
    const int taps = depth.kernel_size * height.kernel_size * width.kernel_size;
    src += args.src_offset;
    weights += args.weights_offset + (ulong)get_global_id(1) * group_c * taps * BLOCK_K;

    const int2 range_d = tap_range(view_d, o, depth.input);
    const int2 range_h = tap_range(view_h, p, height.input);
    const int first_d = view_d.in_first + o * view_d.in_step;
    const int first_h = view_h.in_first + p * view_h.in_step;
    const int w_step = view_w.tap_step * BLOCK_K;

    /* A window: what PIXELS neighbouring outputs read of one row, from its lowest index on. */
    const int reach = (view_w.taps - 1) * view_w.in_tap;
    const int lowest = min(reach, 0);
    const int span = (PIXELS - 1) * view_w.in_step + (int)abs(reach) + 1;

    for (int start = 0; start < view_w.out_count; start += PIXELS) {
        const int q = max(min(start, view_w.out_count - PIXELS), 0);
        const int first_w = view_w.in_first + q * view_w.in_step;
        const int inside = first_w + lowest >= 0 && first_w + lowest + span <= width.input;

        vector sum[PIXELS][VECTORS];
#pragma unroll
        for (int j = 0; j < PIXELS; ++j)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                sum[j][v] = (vector)0.0f;

        for (int c = 0; c < group_c; ++c)
            for (int t = range_d.x; t < range_d.y; ++t)
                for (int r = range_h.x; r < range_h.y; ++r) {
                    const int d =
                        conv_pad_index(first_d + t * view_d.in_tap, depth.input, args.padding_mode);
                    const int h = conv_pad_index(first_h + r * view_h.in_tap, height.input,
                                                 args.padding_mode);
                    const long src_row =
                        group_src + c * plane + ((long)d * height.input + h) * width.input;
                    const int tap = ((view_d.tap_first + t * view_d.tap_step) * height.kernel_size +
                                     view_h.tap_first + r * view_h.tap_step) *
                                        width.kernel_size +
                                    view_w.tap_first;
                    __global const float *w = weights + ((long)c * taps + tap) * BLOCK_K;
                    float x[PIXELS];
                    if (inside) {
                        __global const float *in = src + src_row + first_w;
                        for (int s = 0; s < view_w.taps; ++s, in += view_w.in_tap, w += w_step) {
#pragma unroll
                            for (int j = 0; j < PIXELS; ++j)
                                x[j] = in[j * view_w.in_step];
                            accumulate(sum, x, w);
                        }
                    } else if (span <= WINDOW - LANES) {
                        float window[WINDOW];
                        copy_window(window, span, src, src_row, total, first_w + lowest,
                                    width.input, args.padding_mode);
                        const float *in = window - lowest;
                        for (int s = 0; s < view_w.taps; ++s, in += view_w.in_tap, w += w_step) {
#pragma unroll
                            for (int j = 0; j < PIXELS; ++j)
                                x[j] = in[j * view_w.in_step];
                            accumulate(sum, x, w);
                        }
                    } else {
                        for (int s = 0; s < view_w.taps; ++s, w += w_step) {
                            for (int j = 0; j < PIXELS; ++j) {
                                const int i =
                                    conv_pad_index(first_w + s * view_w.in_tap + j * view_w.in_step,
                                                   width.input, args.padding_mode);
                                x[j] = i < 0 ? 0.0f : src[src_row + i];
                            }
                            accumulate(sum, x, w);
                        }
                    }
                }

        /* Store: channel by channel, as the pixels of a row are neighbours in memory. */
        const long out_plane = (long)depth.output * height.output * width.output;
        const int k_first = block * BLOCK_K;
        __global float *out = dst + args.dst_offset +
                              ((long)n * args.K + g * group_k + k_first) * out_plane +
                              ((long)(view_d.out_first + o * view_d.out_step) * height.output +
                               view_h.out_first + p * view_h.out_step) *
                                  width.output +
                              view_w.out_first + q * view_w.out_step;
        const int pixels = min(PIXELS, view_w.out_count - q);
        float result[PIXELS][BLOCK_K];
#pragma unroll
        for (int j = 0; j < PIXELS; ++j)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                VECTOR_STORE(sum[j][v], v, result[j]);
        for (int k = 0; k < min(BLOCK_K, group_k - k_first); ++k)
            for (int j = 0; j < pixels; ++j)
                out[k * out_plane + j * view_w.out_step] = conv_finish(
                    result[j][k], &args, bias + args.bias_offset, g * group_k + k_first + k);
    }
}

/* Global {K/G rounded up to blocks, C/G, taps * G}, local {BLOCK_K, 1, 1}. */
__kernel __attribute__((reqd_work_group_size(BLOCK_K, 1, 1))) void
pack(const conv_args args, __global const float *restrict weights, __global float *restrict packed,
     ulong packed_offset)
{
    const int taps = args.axis[0].kernel_size * args.axis[1].kernel_size * args.axis[2].kernel_size;
    const int group_c = args.C / args.G, group_k = args.K / args.G;
    const int k = get_global_id(0), c = get_global_id(1);
    const int g = get_global_id(2) / taps, tap = get_global_id(2) % taps;
    const ulong block = (ulong)g * (get_global_size(0) / BLOCK_K) + k / BLOCK_K;
#if TRANSPOSED
    const ulong filter = ((ulong)g * group_c + c) * group_k + k;
#else
    const ulong filter = ((ulong)g * group_k + k) * group_c + c;
#endif
    packed[packed_offset + ((block * group_c + c) * taps + tap) * BLOCK_K + k % BLOCK_K] =
        k < group_k ? weights[args.weights_offset + filter * taps + tap] : 0.0f;
}
