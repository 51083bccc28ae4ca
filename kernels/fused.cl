/* fused: two depthwise convolutions (groups = in_channels) as one, for devices whose work-items own
 * a wide vector unit and a cache (CPU devices). What the first one gives is never a whole tensor.
 * No barrier, no __local memory.
 *
 *   between[n][k][o][h][w] = finish of the first (sum of its taps on src)
 *   dst[n][l][o][p][q]     = finish of the second (sum of its taps on between)
 *
 * The unit of work is a band of output rows and a strip of columns of one plane of `between`. Row
 * after row of dst is computed, as are the rows of `between` that it needs and that are not there
 * yet, in a ring that is small enough for a cache: a row of `between` is computed once for a unit,
 * and read while it is in the cache.
 *
 * Both sums are one function: a list of taps, each a weight and where its input of column 0 is, is
 * summed for BLOCK vectors of columns at a time, in the order of the kernel's elements.
 *
 * Tensors   src N,C,D,H,W   weights K,1,(1,)R,S and L,1,(1,)R,S   dst N,L,D,P,Q
 *           scratch: cut.item_floats for each work-item, multiples of 64 bytes: a line for each row
 *           of the first kernel, then the ring
 * Global    {work-items, 1, 1}: each takes an equal share of the units, neighbours together
 * Local     {1, 1, 1}
 * Edges     src is read in place where a strip lies inside its rows; else the strip's part of a row
 *           is copied to a line, padding resolved. Rows of the ring have the second one's padding
 * on both sides. Taps on rows of zero padding are left out. The last vector of a row is moved back
 * to end with the row. Source    Ragan-Kelley et al., "Halide", PLDI 2013 (a producer computed at
 * its consumer's rows, stored in a folded buffer)
 */
#define PADDING_MODE 1 /* any: it costs a branch for each row */
#include "conv.h"

#ifndef LANES /* floats of a vector: 8 or 16 */
#define LANES 8
#endif
#ifndef MOST_TAPS /* of either kernel */
#define MOST_TAPS 64
#endif

#if LANES == 16
typedef float16 vector;
#define LANE_INDICES (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#elif LANES == 8
typedef float8 vector;
#define LANE_INDICES (int8)(0, 1, 2, 3, 4, 5, 6, 7)
#else
#error "LANES is 8 or 16"
#endif

#define BLOCK  8 /* accumulators */
#define INLINE static inline __attribute__((always_inline))

/* How the host cuts the work: struct cut of host/conv/fused.c. */
typedef struct {
    int units;         /* of all planes */
    int empty;         /* work-items in front that do nothing */
    int strips, bands; /* of a plane */
    int columns, rows; /* of a strip, of a band; fewer in the last */
    int line_floats;   /* the part of a row of src that a strip may read */
    int row_floats;    /* of the ring */
    int ring_rows;
    int item_floats;
    int streamed; /* dst is larger than the caches */
    ulong scratch_offset;
} fused_cut;

/* ---- A row of sums ---- */

typedef struct {
    __global const float *from[MOST_TAPS]; /* the input of column 0 */
    float weight[MOST_TAPS];
    int count;
} tap_list;

/* What becomes of the sums. */
typedef struct {
    __global float *to;
    int columns; /* as many are stored */
    float shift;
    int activation;
    float slope;
    int streamed; /* past the caches; `to` is aligned then */
} target_row;

typedef vector __attribute__((aligned(4))) unaligned_vector;

INLINE vector load(__global const float *from, int stride)
{
    if (stride == 1)
        return *(__global const unaligned_vector *)from;
#if LANES == 16
    return (vector)(from[0], from[stride], from[2 * stride], from[3 * stride], from[4 * stride],
                    from[5 * stride], from[6 * stride], from[7 * stride], from[8 * stride],
                    from[9 * stride], from[10 * stride], from[11 * stride], from[12 * stride],
                    from[13 * stride], from[14 * stride], from[15 * stride]);
#else
    return (vector)(from[0], from[stride], from[2 * stride], from[3 * stride], from[4 * stride],
                    from[5 * stride], from[6 * stride], from[7 * stride]);
#endif
}

#include "activation.h"

static __attribute__((noinline)) vector activate_sum(vector x, int activation, float slope)
{
    return activate(x, activation, slope);
}

INLINE void store(vector sum, const target_row *row, int column)
{
    __global float *const to = row->to + column;
    sum += (vector)row->shift;
    if (row->activation != 0)
        sum = activate_sum(sum, row->activation, row->slope);
#if defined(__has_builtin) && __has_builtin(__builtin_nontemporal_store)
    if (row->streamed) {
        __builtin_nontemporal_store(sum, (__global vector *)to);
        return;
    }
#endif
    if (row->columns >= LANES) {
        *(__global unaligned_vector *)to = sum;
    } else {
        float lanes[LANES];
        *(unaligned_vector *)lanes = sum;
        for (int i = 0; i < row->columns; ++i)
            to[i] = lanes[i];
    }
}

/* `vectors`, a constant, from `column` on. */
INLINE void sum_vectors(int vectors, const tap_list *taps, int column, int stride,
                        const target_row *row)
{
    vector sum[BLOCK];
#pragma unroll
    for (int i = 0; i < BLOCK; ++i)
        sum[i] = (vector)0.0f;
    const int count = taps->count;
    for (int t = 0; t < count; ++t) {
        __global const float *const in = taps->from[t] + column * stride;
        const vector weight = (vector)(taps->weight[t]);
#pragma unroll
        for (int i = 0; i < BLOCK; ++i)
            if (i < vectors)
                sum[i] = fma(load(in + i * LANES * stride, stride), weight, sum[i]);
    }
#pragma unroll
    for (int i = 0; i < BLOCK; ++i)
        if (i < vectors)
            store(sum[i], row, column + i * LANES);
}

/* A row of sums, each `stride` inputs from the one before. Reads up to a vector of columns where
 * there are fewer. */
static __attribute__((noinline)) void sum_row(const tap_list *taps, int stride,
                                              const target_row *row)
{
    const int columns = row->columns;
    int column = 0;
    if (stride == 1 && columns >= BLOCK * LANES) {
        for (; column < columns; column += BLOCK * LANES)
            sum_vectors(BLOCK, taps, min(column, columns - BLOCK * LANES), 1, row);
    } else if (stride == 1) {
        for (; column + 2 * LANES <= columns; column += 2 * LANES)
            sum_vectors(2, taps, column, 1, row);
        for (; column < columns; column += LANES)
            sum_vectors(1, taps, max(min(column, columns - LANES), 0), 1, row);
    } else {
        for (; column < columns; column += LANES)
            sum_vectors(1, taps, max(min(column, columns - LANES), 0), stride, row);
    }
}

/* ---- Padding of columns ---- */

/* to[i] = row[first + i], padding resolved; row[begin] to row[end - 1] are there, and size is that
 * of the whole row. */
static __attribute__((noinline)) void copy_padded(__global float *to, int first, int count,
                                                  __global const float *row, int begin, int end,
                                                  int size, int mode)
{
    for (int i = 0; i < count; ++i) {
        const int x = first + i;
        if (x >= begin && x + LANES <= end && i + LANES <= count) {
            *(__global unaligned_vector *)(to + i) = load(row + x, 1);
            i += LANES - 1;
            continue;
        }
        const int index = conv_pad_index(x, size, mode);
        to[i] = index >= begin && index < end ? row[index] : 0.0f;
    }
}

/* ---- A unit ---- */

/* One of the two convolutions, and the channel of it that is computed. */
typedef struct {
    conv_axis height, width;
    int mode;
    __global const float *weights;
    float shift;
    int activation;
    float slope;
} channel;

/* Fills *c: Oclgrind runs no inlined function whose result is a struct. */
INLINE void set_channel(channel *c, const conv_args *args, __global const float *weights,
                        __global const float *bias, int k)
{
    c->height = args->axis[1];
    c->width = args->axis[2];
    c->mode = args->padding_mode;
    c->weights =
        weights + args->weights_offset + (long)k * c->height.kernel_size * c->width.kernel_size;
    c->shift = args->has_bias ? bias[args->bias_offset + k] : 0.0f;
    c->activation = args->activation;
    c->slope = args->slope;
}

/* Adds the taps of kernel row r, on the input that begins at `row`. */
INLINE void add_taps(tap_list *taps, const channel *c, int r, __global const float *row)
{
    const int kernel_size = c->width.kernel_size, dilation = c->width.dilation;
    __global const float *const weights = c->weights + r * kernel_size;
    const int first = taps->count;
    for (int s = 0; s < kernel_size; ++s) {
        taps->from[first + s] = row + s * dilation;
        taps->weight[first + s] = weights[s];
    }
    taps->count = first + kernel_size;
}

static __attribute__((noinline)) void
compute(const conv_args *first_args, const conv_args *second_args, const fused_cut *given, int unit,
        __global const float *src, __global const float *first_weights,
        __global const float *first_bias, __global const float *second_weights,
        __global const float *second_bias, __global float *dst, __global float *scratch)
{
    const fused_cut cut = *given;
    const int strip = unit % cut.strips, band = unit / cut.strips % cut.bands;
    const int depth = first_args->axis[0].input, K = first_args->K;
    const long planes = unit / cut.strips / cut.bands; /* before this one: n, k, o */
    const int o = (int)(planes % depth), k = (int)(planes / depth % K);
    const long n = planes / depth / K;
    const int multiplier = second_args->K / K;

    channel first, second;
    set_channel(&first, first_args, first_weights, first_bias, k);
    const conv_axis height = second_args->axis[1], width = second_args->axis[2];
    const int mode = second_args->padding_mode;
    const int H = first.height.input, W = first.width.input;
    const int P = height.output, Q = width.output;
    const int c = k / (K / first_args->C);
    src += first_args->src_offset + ((n * first_args->C + c) * depth + o) * H * W;

    /* Columns of the strip: of dst, those of `between` with padding, and those without. */
    const int q = strip * cut.columns, columns = min(Q - q, cut.columns);
    const int padded = q * width.stride - width.padding;
    const int padded_columns =
        (columns - 1) * width.stride + (width.kernel_size - 1) * width.dilation + 1;
    const int begin = mode == 0 ? max(padded, 0) : 0;
    const int end = mode == 0 ? min(padded + padded_columns, width.input) : width.input;
    const int left = clamp(begin - padded, 0, padded_columns); /* of padding, and what follows */
    const int right = clamp(end - padded, left, padded_columns);
    const int source = begin * first.width.stride - first.width.padding;
    const int source_columns = (end - begin - 1) * first.width.stride +
                               (first.width.kernel_size - 1) * first.width.dilation + 1;
    const int in_place = end - begin >= LANES && source >= 0 && source + source_columns <= W;

    __global float *const ring = scratch + first.height.kernel_size * cut.line_floats;
    tap_list taps;
    target_row row;

    const int p_begin = band * cut.rows, p_end = min(p_begin + cut.rows, P);
    int next = p_begin * height.stride - height.padding; /* row of the ring to be computed */
    int next_slot = 0, top_slot = 0, top = next;
    for (int p = p_begin; p < p_end; ++p) {
        /* The rows of `between` that this one reads first. */
        const int window = p * height.stride - height.padding;
        const int bottom = window + (height.kernel_size - 1) * height.dilation;
        top_slot = (top_slot + (window - top)) % cut.ring_rows;
        top = window;
        if (next < window) {
            next = window;
            next_slot = top_slot;
        }
        for (; next <= bottom; ++next) {
            __global float *const to = ring + next_slot * cut.row_floats;
            next_slot = next_slot + 1 < cut.ring_rows ? next_slot + 1 : 0;
            const int between_row = conv_pad_index(next, height.input, mode);
            if (between_row < 0)
                continue;
            if (end > begin) {
                taps.count = 0;
                for (int r = 0; r < first.height.kernel_size; ++r) {
                    const int h =
                        conv_pad_index(between_row * first.height.stride - first.height.padding +
                                           r * first.height.dilation,
                                       H, first.mode);
                    if (h < 0)
                        continue;
                    __global const float *line = src + (long)h * W + source;
                    if (!in_place) {
                        __global float *const copy = scratch + r * cut.line_floats;
                        copy_padded(copy, source, source_columns, src + (long)h * W, 0, W, W,
                                    first.mode);
                        line = copy;
                    }
                    add_taps(&taps, &first, r, line);
                }
                row.to = to + (begin - padded);
                row.columns = end - begin;
                row.shift = first.shift;
                row.activation = first.activation;
                row.slope = first.slope;
                row.streamed = 0;
                sum_row(&taps, first.width.stride, &row);
            }
            copy_padded(to, padded, left, to - padded, begin, end, width.input, mode);
            copy_padded(to + right, padded + right, padded_columns - right, to - padded, begin, end,
                        width.input, mode);
        }

        for (int j = 0; j < multiplier; ++j) {
            set_channel(&second, second_args, second_weights, second_bias, k * multiplier + j);
            int slot = top_slot;
            taps.count = 0;
            for (int r = 0; r < height.kernel_size; ++r) {
                if (conv_pad_index(window + r * height.dilation, height.input, mode) >= 0)
                    add_taps(&taps, &second, r, ring + slot * cut.row_floats);
                slot += height.dilation;
                if (slot >= cut.ring_rows)
                    slot -= cut.ring_rows;
            }
            row.to = dst + second_args->dst_offset +
                     (((n * K + k) * multiplier + j) * depth + o) * P * Q + (long)p * Q + q;
            row.columns = columns;
            row.shift = second.shift;
            row.activation = second.activation;
            row.slope = second.slope;
            row.streamed =
                cut.streamed && columns % LANES == 0 && (size_t)row.to % sizeof(vector) == 0;
            sum_row(&taps, width.stride, &row);
        }
    }
}

__kernel OWN_VECTORS void fused(const conv_args args, __global const float *restrict src,
                                __global const float *restrict weights,
                                __global const float *restrict bias, const conv_args second_args,
                                __global const float *restrict second_weights,
                                __global const float *restrict second_bias,
                                __global float *restrict dst, __global float *restrict scratch,
                                const fused_cut cut)
{
    const long items = (long)get_global_size(0) - cut.empty;
    const long item = (long)get_global_id(0) - cut.empty;
    if (item < 0)
        return;
    const int units = cut.units;
    const int end = (int)(units * (item + 1) / items);
    scratch += cut.scratch_offset + item * cut.item_floats;
    for (int unit = (int)(units * item / items); unit < end; ++unit)
        compute(&args, &second_args, &cut, unit, src, weights, bias, second_weights, second_bias,
                dst, scratch);
}
