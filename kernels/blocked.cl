/* blocked: direct convolution in vector registers, for devices whose work-items own a wide vector
 * unit (CPU devices). No barrier, no __local memory.
 *
 *   dst[n][k][o][p][q] = finish(sum over c, t, r, s of src[n][c][..][..][..]
 *                                                     * weights[k][c][t][r][s])
 *
 * Tile      PIXELS outputs of BLOCK_K = VECTORS * LANES channels, one accumulator for each output
 *           and vector: every weight vector is used PIXELS times, every input is broadcast against
 *           VECTORS weight vectors.
 * Band      A task computes `rows` x `cols` outputs of one image and phase, `blocks` blocks of
 *           channels. Its outputs are numbered row by row and cut into tiles without regard to the
 *           rows' ends; the last tile is moved left to end with the band, so there is no tail.
 * Sum       `chunk` input channels at a time, so that their weights and inputs stay in the cache
 *           while all tiles of the band use them; sums wait in scratch meanwhile.
 * Edges     Where no tap of a band lies outside the input, src is read in place. Otherwise the part
 *           of a chunk that the band reads is copied to scratch with its padding resolved. Taps
 *           that read nothing but zero padding are left out of a tile's sum.
 *
 * Tensors   src N,C,D,H,W   dst N,K,O,P,Q
 *           packed [g][block of BLOCK_K channels][phase][c][tap of the phase][BLOCK_K],
 *           zero past K/G
 *           scratch: tiling.item_floats for each work-item
 * Global    {work-items, 1, 1}: each takes an equal share of the tasks, neighbours together
 * Local     {1, 1, 1}
 * Source    Georganas et al., "Anatomy of High-Performance Deep Learning Convolutions on SIMD
 *           Architectures", SC18 (register blocking; broadcasts make channels-last src unnecessary)
 */
#include "conv.h"

#ifndef LANES /* floats of a vector register: 8 or 16 */
#define LANES 8
#endif
#ifndef VECTORS /* weight vectors of a tile: 1 to 4 */
#define VECTORS 1
#endif
#ifndef PIXELS /* outputs of a tile: 8, or 6 with LANES 8 */
#define PIXELS 8
#endif
#if LANES == 16
typedef float16 vector;
#define VECTOR_LOAD  vload16
#define VECTOR_STORE vstore16
#elif LANES == 8
typedef float8 vector;
#define VECTOR_LOAD  vload8
#define VECTOR_STORE vstore8
#else
#error "LANES is 8 or 16"
#endif
#if VECTORS < 1 || VECTORS > 4
#error "VECTORS is 1 to 4"
#endif
#if PIXELS != 8 && (PIXELS != 6 || LANES != 8)
#error "PIXELS is 8, or 6 with LANES 8"
#endif

#define BLOCK_K (VECTORS * LANES)

#include "blocked_copy.h"
#include "blocked_store.h"
#include "blocked_task.h"

/* Task `index`. A function of its own, as PoCL compiles a kernel three times. */
static __attribute__((noinline)) void compute(const conv_args *given, const blocked_tiling *cut,
                                              int index, __global const float *src,
                                              __global const float *weights,
                                              __global const float *bias, __global float *dst,
                                              __local float *scratch)
{
    const conv_args args = *given;
    const blocked_tiling tiling = *cut;
    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int mode = args.padding_mode, has_bias = args.has_bias;
    const int channels = args.C / args.G, group_k = args.K / args.G;
    const int blocks = (group_k + BLOCK_K - 1) / BLOCK_K;
    const int taps = depth.kernel_size * height.kernel_size * width.kernel_size;
    const long plane = (long)depth.input * height.input * width.input;
    const long out_plane = (long)depth.output * height.output * width.output;
    const int chunk = tiling.chunk, unit = tiling.unit, task_blocks = tiling.blocks;
    __local int2 *const table = (__local int2 *)scratch;
    __local int *const row_offsets = (__local int *)(scratch + tiling.rows_at);
    __local float *const panel = scratch + tiling.panel_at;
    __local float *const sums = scratch + tiling.sums_at;

    blocked_task task;
    find_task(&task, &args, &tiling, index);
    if (task.rows <= 0 || task.cols <= 0)
        return;
    src += args.src_offset;
    __global const float *const src_end = src + plane * args.C * args.N;
    src += ((long)task.n * args.C + (long)task.g * channels) * plane;
    weights += args.weights_offset;
    const int phase_taps = task.d.taps * task.h.taps * task.w.taps;
    bias += args.bias_offset;
    dst += args.dst_offset + ((long)task.n * args.K + (long)task.g * group_k) * out_plane +
           ((long)(task.d.out_first + task.o * task.d.out_step) * height.output + task.h.out_first +
            task.p * task.h.out_step) *
               width.output +
           task.w.out_first + task.q * task.w.out_step;

    const int pixels = task.rows * task.cols, tiles = (pixels + PIXELS - 1) / PIXELS;
    const int count = min(PIXELS, pixels); /* outputs of a tile */

    /* The copy of a channel's inputs: for each tap of depth, either the range of rows that the band
     * reads or, where these are fewer, the rows of each output row's taps. */
    const int2 range_h = input_range(task.h, task.p, task.p + task.rows - 1);
    const int2 range_w = input_range(task.w, task.q, task.q + task.cols - 1);
    const int pitch = range_w.y - range_w.x + 1;
    const int by_tap = range_h.y - range_h.x + 1 > task.rows * task.h.taps;
    const int panel_rows = by_tap ? task.rows * task.h.taps : range_h.y - range_h.x + 1;
    /* Output (p, q) of the band reads its tap (t, r, s) at first + p*p_step + q*q_step + t*t_step +
     * r*r_step + s*s_step of the copy. */
    const int p_step = (by_tap ? task.h.taps : task.h.in_step) * pitch;
    const int r_step = (by_tap ? 1 : task.h.in_tap) * pitch;
    const int q_step = task.w.in_step, s_step = task.w.in_tap;
    const int t_step = panel_rows * pitch, c_step = task.d.taps * t_step;
    const int first_d = task.d.in_first + task.o * task.d.in_step;
    const int first_h = task.h.in_first + task.p * task.h.in_step;
    const int first_w = task.w.in_first + task.q * task.w.in_step;
    const int panel_first = (by_tap ? 0 : (first_h - range_h.x) * pitch) + first_w - range_w.x;

    /* Whether the outputs of the band are neighbours in dst, rows included. */
    const int dense = pixels >= PIXELS && task.w.out_step == 1 &&
                      (task.rows == 1 || (task.cols == width.output && task.h.out_step == 1));
    const int trim =
        range_h.x < 0 || range_h.y >= height.input || range_w.x < 0 || range_w.y >= width.input;
    const int2 box_t = inside_taps(task.d, task.o, task.o, depth.input);
    const int2 read = read_taps(&task, depth.input, height.input);
    int4 box = (int4)(-1); /* rows and columns of taps in the table */
    int table_taps = 0;

    /* Where the rows of the copy are in a channel, or -1. */
    for (int t = 0; t < task.d.taps; ++t) {
        const int d = conv_pad_index(first_d + t * task.d.in_tap, depth.input, mode);
        for (int i = 0; i < panel_rows; ++i) {
            const int h = conv_pad_index(by_tap ? first_h + i / task.h.taps * task.h.in_step +
                                                      i % task.h.taps * task.h.in_tap
                                                : range_h.x + i,
                                         height.input, mode);
            row_offsets[t * panel_rows + i] =
                d < 0 || h < 0 ? -1 : (d * height.input + h) * width.input;
        }
    }

    for (int c_first = 0; c_first < channels; c_first += chunk) {
        const int c_count = min(chunk, channels - c_first);
        __local float *to = panel;
        for (int c = 0; c < c_count; ++c) {
            __global const float *const from = src + (c_first + c) * plane;
            for (int i = 0; i < task.d.taps * panel_rows; ++i, to += pitch) {
                const int offset = row_offsets[i];
                copy_row(to, pitch, from + max(offset, 0), src_end, range_w.x,
                         offset < 0 ? 0 : width.input, mode);
            }
        }

        const int live_blocks = min(task_blocks, blocks - task.block);
        for (int b = 0; b < live_blocks; ++b) {
            __global const float *const block_weights =
                weights + (((long)task.g * blocks + task.block + b) * channels * taps +
                           (long)channels * task.weights_first + (long)c_first * phase_taps) *
                              BLOCK_K;
            /* The weights that come next. */
            const int last = b + 1 == live_blocks;
            const int next_channels = last ? min(chunk, channels - c_first - c_count) : c_count;
            const long next = last ? (long)c_count * phase_taps - (long)b * channels * taps
                                   : (long)channels * taps;
            for (int tile = 0; tile < tiles; ++tile) {
                fetch_weights(block_weights + next * BLOCK_K, next_channels * tile / tiles,
                              next_channels * (tile + 1) / tiles, phase_taps, read);
                const int first = max(min(tile * PIXELS, pixels - PIXELS), 0);
                int p = first / task.cols, q = first - p * task.cols;

                /* The taps of the tile. */
                int2 box_r = (int2)(0, task.h.taps), box_s = (int2)(0, task.w.taps);
                if (trim) {
                    const int p_last = (first + count - 1) / task.cols;
                    box_r = inside_taps(task.h, task.p + p, task.p + p_last, height.input);
                    box_s =
                        p == p_last
                            ? inside_taps(task.w, task.q + q, task.q + q + count - 1, width.input)
                            : inside_taps(task.w, task.q, task.q + task.cols - 1, width.input);
                }
                if (any(box != (int4)(box_r, box_s))) {
                    box = (int4)(box_r, box_s);
                    table_taps = 0;
                    for (int t = box_t.x; t < box_t.y; ++t)
                        for (int r = box_r.x; r < box_r.y; ++r)
                            for (int s = box_s.x; s < box_s.y; ++s)
                                table[table_taps++] =
                                    (int2)(t * t_step + r * r_step + s * s_step,
                                           ((t * task.h.taps + r) * task.w.taps + s) * BLOCK_K);
                    for (int i = table_taps; i < unit * table_taps; ++i)
                        table[i] = table[i - table_taps] + (int2)(c_step, phase_taps * BLOCK_K);
                }

                __local const float *x[PIXELS];
#pragma unroll
                for (int j = 0; j < PIXELS; ++j) {
                    x[j] = panel + panel_first + p * p_step + q * q_step;
                    if (j + 1 < count && ++q == task.cols) {
                        q = 0;
                        ++p;
                    }
                }

                vector sum[PIXELS][VECTORS];
                __local float *const kept = sums + (b * tiles + tile) * TILE_FLOATS;
#pragma unroll
                for (int j = 0; j < PIXELS; ++j)
#pragma unroll
                    for (int v = 0; v < VECTORS; ++v)
                        sum[j][v] =
                            c_first == 0 ? (vector)0.0f : VECTOR_LOAD(j * VECTORS + v, kept);

                long c_offset = 0;
                __global const float *unit_weights = block_weights;
                for (int c = 0; c < c_count; c += unit) {
                    __local const int2 *const table_end =
                        table + min(unit, c_count - c) * table_taps;
#pragma unroll 1
                    for (__local const int2 *tap = table; tap != table_end; ++tap) {
                        const int2 offsets = *tap;
                        const long i = c_offset + offsets.x;
                        __global const float *const w = unit_weights + offsets.y;
                        vector wv[VECTORS];
#pragma unroll
                        for (int v = 0; v < VECTORS; ++v)
                            wv[v] = VECTOR_LOAD(v, w);
#pragma unroll
                        for (int j = 0; j < PIXELS; ++j)
#pragma unroll
                            for (int v = 0; v < VECTORS; ++v)
                                sum[j][v] = fma((vector)(x[j][i]), wv[v], sum[j][v]);
                    }
                    c_offset += unit * c_step;
                    unit_weights += unit * phase_taps * BLOCK_K;
                }

                if (c_first + c_count < channels) {
#pragma unroll
                    for (int j = 0; j < PIXELS; ++j)
#pragma unroll
                        for (int v = 0; v < VECTORS; ++v)
                            VECTOR_STORE(sum[j][v], j * VECTORS + v, kept);
                    continue;
                }

                /* The lines of the tile. */
#pragma unroll
                for (int part = 0; part < BLOCK_K / 8; ++part) {
                    float8 lines[8];
#pragma unroll
                    for (int i = 0; i < 8; ++i) {
#if LANES == 16
                        lines[i] = part % 2 ? sum[i][part / 2].hi : sum[i][part / 2].lo;
#else
                        lines[i] = i < PIXELS ? sum[min(i, PIXELS - 1)][part] : (float8)0.0f;
#endif
                    }
                    transpose(lines);
#pragma unroll
                    for (int i = 0; i < 8; ++i)
                        vstore8(lines[i], 0, kept + (part * 8 + i) * PIXELS);
                }
            }
            if (c_first + c_count < channels)
                continue;

            /* Store, channel by channel. */
            const int k_first = (task.block + b) * BLOCK_K;
            for (int k = k_first; k < min(k_first + BLOCK_K, group_k); ++k) {
                __global float *const out = dst + k * out_plane;
                __local float *line = sums + b * tiles * TILE_FLOATS + (k - k_first) * PIXELS;
                const float shift = has_bias ? bias[task.g * group_k + k] : 0.0f;
                int p = 0, q = 0;
                for (int tile = 0; tile < tiles; ++tile, line += TILE_FLOATS) {
                    const int first = max(min(tile * PIXELS, pixels - PIXELS), 0);
                    float8 x = vload8(0, line) + shift;
#if EPILOGUE
                    x = activate(x, args.activation, args.slope);
#endif
                    if (dense) {
                        store_pixels(x, out + first, pixels - first);
                    } else {
                        keep_pixels(x, line);
                        for (int j = tile * PIXELS - first; j < count; ++j) {
                            out[p * task.h.out_step * width.output + q * task.w.out_step] = line[j];
                            if (++q == task.cols) {
                                q = 0;
                                ++p;
                            }
                        }
                    }
                }
            }
        }
    }
}

__kernel OWN_VECTORS void blocked(const conv_args args, const blocked_tiling tiling,
                                  __global const float *restrict src,
                                  __global const float *restrict weights,
                                  __global const float *restrict bias, __global float *restrict dst,
                                  __local float *scratch)
{
    /* Work-items before the first task are empty. */
    const int index = (int)get_global_id(0) - ((int)get_global_size(0) - tiling.tasks);
    if (index >= 0)
        compute(&args, &tiling, index, src, weights, bias, dst, scratch);
}
