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
 *           packed [g][block of BLOCK_K channels][c][tap][BLOCK_K], zero past K/G
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
#ifndef PIXELS /* outputs of a tile: 4, for which LANES * VECTORS is a multiple of 16, or 8 */
#define PIXELS 8
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
#if VECTORS < 1 || VECTORS > 4
#error "VECTORS is 1 to 4"
#endif
#if PIXELS != 8 && (PIXELS != 4 || LANES * VECTORS % 16)
#error "PIXELS is 8, or 4 with a multiple of 16 channels"
#endif

#define BLOCK_K (VECTORS * LANES)
#if PIXELS == 8
#define LOAD_PIXELS  vload8
#define STORE_PIXELS vstore8
#else
#define LOAD_PIXELS  vload4
#define STORE_PIXELS vstore4
#endif

/* Mirrors struct tiling of host/conv/blocked.c. */
typedef struct {
    int rows, cols; /* outputs of a band */
    int chunk;      /* input channels summed at a time */
    int blocks;     /* blocks of output channels of a task */
    int tasks;
    int panel_at, sums_at; /* parts of the __local memory, in floats */
    int local_floats;
} blocked_tiling;

/* The taps for which an output of indices [first, last] may read inside the input. */
static inline int2 inside_taps(conv_view view, int first, int last, int size)
{
#if PADDING_MODE
    return (int2)(0, view.taps);
#else
    /* Input index of tap j: low + j*tap for the first output, high + j*tap for the last. */
    const int low = view.in_first + first * view.in_step;
    const int high = view.in_first + last * view.in_step;
    const int tap = (int)abs(view.in_tap);
    int begin, end;
    if (view.in_tap > 0) {
        begin = high >= 0 ? 0 : (tap - 1 - high) / tap;
        end = low >= size ? 0 : (size - 1 - low) / tap + 1;
    } else {
        begin = low < size ? 0 : (low - size) / tap + 1;
        end = high < 0 ? 0 : high / tap + 1;
    }
    begin = min(begin, view.taps);
    return (int2)(begin, max(begin, min(end, view.taps)));
#endif
}

/* The input indices that outputs [first, last] read, ends included. */
static inline int2 input_range(conv_view view, int first, int last)
{
    const int reach = max(view.taps - 1, 0) * view.in_tap;
    return (int2)(view.in_first + first * view.in_step + min(reach, 0),
                  view.in_first + last * view.in_step + max(reach, 0));
}

/* Copies indices [first, first + count) of a row of src, which starts at src[row] of a tensor
 * [begin, end), padding resolved; size 0 stands for a row of padding. Whole vectors may be read
 * past the row's ends, but not past the tensor's, and up to LANES - 1 floats are written past
 * count. */
static inline __attribute__((always_inline)) void copy_row(__local float *to, int count,
                                                           __global const float *src, long row,
                                                           long begin, long end, int first,
                                                           int size, int mode)
{
    src += row + first;
    const long lowest = begin - row - first, highest = end - row - first - LANES;
    for (int i = 0; i < count; i += LANES) {
        const int index = first + i;
        if (index >= 0 && index + LANES <= size) {
            VECTOR_STORE(VECTOR_LOAD(0, src + i), 0, to + i);
        } else if (PADDING_MODE == 0 && i >= lowest && i <= highest) {
            const ivector indices = LANE_INDICES + index;
            VECTOR_STORE(
                select((vector)0.0f, VECTOR_LOAD(0, src + i), indices >= 0 && indices < size), 0,
                to + i);
        } else {
            for (int j = i; j < min(i + LANES, count); ++j) {
                const int from = conv_pad_index(first + j, size, mode);
                to[j] = from < 0 ? 0.0f : src[from - first];
            }
        }
    }
}

/* 8 x 8, in place. */
static inline __attribute__((always_inline)) void transpose(float8 a[8])
{
    float8 b[8];
#pragma unroll
    for (int i = 0; i < 8; i += 2) {
        const float8 x = a[i], y = a[i + 1];
        b[i] = (float8)(x.s0, y.s0, x.s1, y.s1, x.s4, y.s4, x.s5, y.s5);
        b[i + 1] = (float8)(x.s2, y.s2, x.s3, y.s3, x.s6, y.s6, x.s7, y.s7);
    }
#pragma unroll
    for (int i = 0; i < 8; i += 4) {
#pragma unroll
        for (int j = 0; j < 2; ++j) {
            const float8 x = b[i + j], y = b[i + j + 2];
            a[i + 2 * j] = (float8)(x.s01, y.s01, x.s45, y.s45);
            a[i + 2 * j + 1] = (float8)(x.s23, y.s23, x.s67, y.s67);
        }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float8 x = a[i], y = a[i + 4];
        a[i] = (float8)(x.lo, y.lo);
        a[i + 4] = (float8)(x.hi, y.hi);
    }
}

/* What the tasks of a launch have in common, and the part that one computes. */
typedef struct {
    conv_view d, h, w;
    int g, n, block;         /* its group, image and first block of channels */
    int o, p, q, rows, cols; /* its band of the phase's outputs */
} blocked_task;

/* Task number `index`: bands are numbered fastest, then images, so that neighbours share weights.
 */
static inline __attribute__((always_inline)) void
find_task(blocked_task *task, const conv_args *args, const blocked_tiling *tiling, int index)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int phases_h = conv_phases(height), phases_w = conv_phases(width);
    const int phases = conv_phases(depth) * phases_h * phases_w;
    const int outs_d = conv_phase_outputs(depth);
    const int bands_h = (conv_phase_outputs(height) + tiling->rows - 1) / tiling->rows;
    const int bands_w = (conv_phase_outputs(width) + tiling->cols - 1) / tiling->cols;
    const int blocks = (args->K / args->G + BLOCK_K - 1) / BLOCK_K;
    const int parts = (blocks + tiling->blocks - 1) / tiling->blocks;

    task->q = index % bands_w * tiling->cols;
    index /= bands_w;
    task->p = index % bands_h * tiling->rows;
    index /= bands_h;
    task->o = index % outs_d;
    index /= outs_d;
    task->n = index % args->N;
    index /= args->N;
    const int phase = index % phases;
    index /= phases;
    task->block = index % parts * tiling->blocks;
    task->g = index / parts;
    task->d = conv_view_make(depth, phase / phases_w / phases_h);
    task->h = conv_view_make(height, phase / phases_w % phases_h);
    task->w = conv_view_make(width, phase % phases_w);
    task->rows = task->o < task->d.out_count ? min(tiling->rows, task->h.out_count - task->p) : 0;
    task->cols = min(tiling->cols, task->w.out_count - task->q);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
blocked(const conv_args args, const blocked_tiling tiling, __global const float *restrict src,
        __global const float *restrict weights, __global const float *restrict bias,
        __global float *restrict dst, __local float *scratch)
{
    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int mode = args.padding_mode, has_bias = args.has_bias;
    const int channels = args.C / args.G, group_k = args.K / args.G;
    const int blocks = (group_k + BLOCK_K - 1) / BLOCK_K;
    const int taps = depth.kernel_size * height.kernel_size * width.kernel_size;
    const long plane = (long)depth.input * height.input * width.input;
    const long total = plane * args.C * args.N;
    const long out_plane = (long)depth.output * height.output * width.output;
    const int chunk = tiling.chunk, task_blocks = tiling.blocks;
    __local int2 *const table = (__local int2 *)scratch;
    __local float *const panel = scratch + tiling.panel_at;
    __local float *const sums = scratch + tiling.sums_at;

    const int index = (int)get_global_id(0) - ((int)get_global_size(0) - tiling.tasks);
    if (index < 0)
        return;
    blocked_task task;
    find_task(&task, &args, &tiling, index);
    if (task.rows <= 0 || task.cols <= 0)
        return;
    src += args.src_offset + ((long)task.n * args.C + (long)task.g * channels) * plane;
    const long src_first = -((long)task.n * args.C + (long)task.g * channels) * plane;
    weights += args.weights_offset;
    bias += args.bias_offset;
    dst += args.dst_offset + ((long)task.n * args.K + (long)task.g * group_k) * out_plane +
           ((long)(task.d.out_first + task.o * task.d.out_step) * height.output + task.h.out_first +
            task.p * task.h.out_step) *
               width.output +
           task.w.out_first + task.q * task.w.out_step;

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

    const int trim =
        range_h.x < 0 || range_h.y >= height.input || range_w.x < 0 || range_w.y >= width.input;
    const int2 box_t = inside_taps(task.d, task.o, task.o, depth.input);
    int4 box = (int4)(-1); /* rows and columns of taps in the table */
    int table_size = 0;
    const int pixels = task.rows * task.cols, tiles = (pixels + PIXELS - 1) / PIXELS;

    for (int c_first = 0; c_first < channels; c_first += chunk) {
        const int c_count = min(chunk, channels - c_first);
        __local float *to = panel;
        for (int c = 0; c < c_count; ++c)
            for (int t = 0; t < task.d.taps; ++t) {
                const int d = conv_pad_index(first_d + t * task.d.in_tap, depth.input, mode);
                int p = 0, r = 0;
                for (int i = 0; i < panel_rows; ++i, to += pitch) {
                    int h = range_h.x + i;
                    if (by_tap) {
                        h = first_h + p * task.h.in_step + r * task.h.in_tap;
                        if (++r == task.h.taps) {
                            r = 0;
                            ++p;
                        }
                    }
                    h = conv_pad_index(h, height.input, mode);
                    copy_row(to, pitch, src,
                             (c_first + c) * plane + ((long)d * height.input + h) * width.input,
                             src_first, total + src_first, range_w.x,
                             d < 0 || h < 0 ? 0 : width.input, mode);
                }
            }

        for (int b = 0; b < min(task_blocks, blocks - task.block); ++b) {
            __global const float *block_weights =
                weights +
                (((long)task.g * blocks + task.block + b) * channels + c_first) * taps * BLOCK_K;
            for (int tile = 0; tile < tiles; ++tile) {
                const int first = max(min(tile * PIXELS, pixels - PIXELS), 0);
                const int count = min(PIXELS, pixels);
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
                    table_size = 0;
                    for (int t = box_t.x; t < box_t.y; ++t)
                        for (int r = box_r.x; r < box_r.y; ++r)
                            for (int s = box_s.x; s < box_s.y; ++s) {
                                const int kernel_t = task.d.tap_first + t * task.d.tap_step;
                                const int kernel_r = task.h.tap_first + r * task.h.tap_step;
                                const int kernel_s = task.w.tap_first + s * task.w.tap_step;
                                table[table_size++] =
                                    (int2)(t * t_step + r * r_step + s * s_step,
                                           ((kernel_t * height.kernel_size + kernel_r) *
                                                width.kernel_size +
                                            kernel_s) *
                                               BLOCK_K);
                            }
                }

                __local const float *x[PIXELS];
                int at[PIXELS];
#pragma unroll
                for (int j = 0; j < PIXELS; ++j) {
                    x[j] = panel + panel_first + p * p_step + q * q_step;
                    at[j] = p * task.h.out_step * width.output + q * task.w.out_step;
                    if (j + 1 < count && ++q == task.cols) {
                        q = 0;
                        ++p;
                    }
                }

                vector sum[PIXELS][VECTORS];
                __local float *const kept =
                    sums + (chunk < channels ? b * tiles + tile : 0) * (PIXELS * BLOCK_K);
#pragma unroll
                for (int j = 0; j < PIXELS; ++j)
#pragma unroll
                    for (int v = 0; v < VECTORS; ++v)
                        sum[j][v] =
                            c_first == 0 ? (vector)0.0f : VECTOR_LOAD(j * VECTORS + v, kept);

                __local const int2 *const table_end = table + table_size;
                long c_offset = 0;
                for (int c = 0; c < c_count; ++c) {
#pragma unroll 1
                    for (__local const int2 *tap = table; tap != table_end; ++tap) {
                        const int2 offsets = *tap;
                        const long i = c_offset + offsets.x;
                        __global const float *const w = block_weights + offsets.y;
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
                    c_offset += c_step;
                    block_weights += taps * BLOCK_K;
                }
                block_weights -= (long)c_count * taps * BLOCK_K;

                if (c_first + c_count < channels) {
#pragma unroll
                    for (int j = 0; j < PIXELS; ++j)
#pragma unroll
                        for (int v = 0; v < VECTORS; ++v)
                            VECTOR_STORE(sum[j][v], j * VECTORS + v, kept);
                    continue;
                }

                /* Store, channel by channel. */
#pragma unroll
                for (int part = 0; part < PIXELS * BLOCK_K / 64; ++part) {
                    float8 lines[8];
#pragma unroll
                    for (int i = 0; i < 8; ++i) {
                        const int j = (part * 8 + i) % PIXELS, e = (part * 8 + i) / PIXELS;
#if LANES == 16
                        lines[i] = e % 2 ? sum[j][e / 2].hi : sum[j][e / 2].lo;
#else
                        lines[i] = sum[j][e];
#endif
                    }
                    transpose(lines);
#pragma unroll
                    for (int i = 0; i < 8; ++i) {
#if PIXELS == 8
                        vstore8(lines[i], part * 8 + i, kept);
#else
                        vstore4(lines[i].lo, part * 16 + i, kept);
                        vstore4(lines[i].hi, part * 16 + 8 + i, kept);
#endif
                    }
                }
                const int k_first = (task.block + b) * BLOCK_K;
                const int dense = at[PIXELS - 1] - at[0] == PIXELS - 1;
                __global float *out = dst + k_first * out_plane;
                for (int k = k_first; k < min(k_first + BLOCK_K, group_k); ++k, out += out_plane) {
                    __local float *const line = kept + (k - k_first) * PIXELS;
                    if (dense && !EPILOGUE) {
                        STORE_PIXELS(LOAD_PIXELS(0, line) +
                                         (has_bias ? bias[task.g * group_k + k] : 0.0f),
                                     0, out + at[0]);
                    } else {
#pragma unroll
                        for (int j = 0; j < PIXELS; ++j)
                            if (j < count)
                                out[at[j]] =
                                    conv_finish(line[j], &args, bias, task.g * group_k + k);
                    }
                }
            }
        }
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
