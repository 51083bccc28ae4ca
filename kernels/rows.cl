/* rows: depthwise convolution (groups = in_channels, m = K/C filters to a channel) in vectors along
 * the output rows, for devices whose work-items own a wide vector unit (CPU devices). No barrier,
 * no __local memory.
 *
 *   dst[n][c*m+j][o][p][q] = finish(sum over t,r,s of
 *       src[n][c][o*stride_d - padding_d + t*dilation_d][..][..] * weights[c*m+j][t][r][s])
 *
 * The unit of work is a block of output rows of one plane. A block is computed LANES columns at a
 * time, one accumulator to a row:
 *
 *   KERNEL > 0  BLOCK rows. Each input row is loaded once, as KERNEL shifted vectors, and serves
 *               all output rows that need it. Stride 2 takes the even or the odd lanes of two
 *               vectors.
 *   KERNEL = 0  any kernel, stride, dilation and padding mode. BLOCK rows, or where the output has
 *               fewer than 3, BLOCK vectors of one row; tap by tap.
 *
 * Tensors   src N,C,D,H,W   weights K,1,T,R,S   dst N,K,O,P,Q
 * Global    any number of work-items, which share the units evenly
 * Local     {1, 1, 1}
 * Edges     Vectors are read across the ends of an input row, never across those of the tensor,
 *           and lanes in the padding are zeroed in registers. What would cross the tensor's ends
 *           is read lane by lane, as is padding that is not zero. Taps on rows of zero padding are
 *           left out. The last block of rows and the last vector of a row are moved back to end
 *           with the output and are computed twice. */
#include "conv.h"

/* EPILOGUE does not change the form: it costs a branch for each vector. */

#ifndef LANES /* floats of a vector: 8 or 16 */
#define LANES 8
#endif
#ifndef KERNEL /* 3 or 5: R = S = KERNEL, height and width without dilation; 0: any kernel */
#define KERNEL 0
#endif
#ifndef STRIDE /* KERNEL > 0: stride of height and width, 1 or 2 */
#define STRIDE 1
#endif

#if KERNEL
#define BLOCK 7 /* the sizes of images in networks are multiples of it */
#else
#define BLOCK 4
#endif

#if LANES == 16
typedef float16 vector;
typedef uint16 uvector;
#define LANE_INDICES (uvector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define VECTOR_LOAD  vload16
#define VECTOR_STORE vstore16
#elif LANES == 8
typedef float8 vector;
typedef uint8 uvector;
#define LANE_INDICES (uvector)(0, 1, 2, 3, 4, 5, 6, 7)
#define VECTOR_LOAD  vload8
#define VECTOR_STORE vstore8
#else
#error "LANES is 8 or 16"
#endif
#if KERNEL && (PADDING_MODE || (STRIDE != 1 && STRIDE != 2))
#error "KERNEL > 0 wants zero padding and STRIDE 1 or 2"
#endif

#define INLINE static inline __attribute__((always_inline))

/* ---- Where a block reads ---- */

typedef struct {
    __global const float *src;
    long plane, total;         /* first element of the plane; elements of the tensor */
    int d, h[BLOCK], w[BLOCK]; /* input of tap 0 of each accumulator; may lie in the padding */
} block_source;

/* Whether whole vectors can be read for all taps: each starts in a row of the plane, or up to the
 * padding before it, and none reaches past the tensor. `reach` is how far a row is read from the
 * index of its first tap on. */
INLINE int can_read(const conv_args *args, const block_source *from, int reach)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int last_d = from->d + (depth.kernel_size - 1) * depth.dilation;
    const int last_h = from->h[BLOCK - 1] + (height.kernel_size - 1) * height.dilation;
    const int low =
        clamp(from->d, 0, depth.input - 1) * height.input + clamp(from->h[0], 0, height.input - 1);
    const int high =
        clamp(last_d, 0, depth.input - 1) * height.input + clamp(last_h, 0, height.input - 1);
    return from->plane + (long)low * width.input + from->w[0] >= 0 &&
           from->plane + (long)high * width.input + from->w[BLOCK - 1] + reach <= from->total;
}

/* ---- Sums ---- */

/* from[0], from[stride], ... for a stride of 1 or 2, known when this is compiled. Reads stride *
 * LANES floats. */
INLINE vector load(__global const float *from, int stride)
{
    if (stride == 1)
        return VECTOR_LOAD(0, from);
    const vector low = VECTOR_LOAD(0, from), high = VECTOR_LOAD(1, from);
    return (vector)(low.even, high.even);
}

/* from[1], from[1 + stride], ... out of the same floats for a stride of 2. */
INLINE vector load_next(__global const float *from, int stride)
{
    if (stride == 1)
        return VECTOR_LOAD(0, from + 1);
    const vector low = VECTOR_LOAD(0, from), high = VECTOR_LOAD(1, from);
    return (vector)(low.odd, high.odd);
}

/* Zero in the lanes whose index is not below `size`; one before the row is a large number. */
INLINE vector keep_below(vector values, uvector index, int size)
{
    return select((vector)0.0f, values, index < (uvector)((uint)size));
}

#if KERNEL

/* Weights of more than 3 kernel rows would leave accumulators no registers: the rows are taken in
 * two passes, of the even and the odd ones where that leaves each input row to one pass. */
#define PASSES       (KERNEL > 3 ? 2 : 1)
#define PASS_OF(row) (PASSES == 1 ? 0 : STRIDE == 2 ? (row) % 2 : (row) / 3)

/* sum[i] += all taps of neighbouring rows. Each input row is read as KERNEL shifted vectors. */
INLINE void sum_block(vector sum[BLOCK], const conv_args *args, const block_source *from,
                      __global const float *weights)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int first_h = from->h[0], first_w = from->w[0];
    const uvector index = LANE_INDICES * (uint)STRIDE + (uint)first_w;
    for (int t = 0; t < depth.kernel_size; ++t, weights += KERNEL * KERNEL) {
        const int d = from->d + t * depth.dilation;
        if (d < 0 || d >= depth.input)
            continue;
        __global const float *slice =
            from->src + from->plane + (long)d * height.input * width.input + first_w;
#pragma unroll
        for (int pass = 0; pass < PASSES; ++pass) {
            vector tap[KERNEL * KERNEL];
#pragma unroll
            for (int i = 0; i < KERNEL * KERNEL; ++i)
                if (PASS_OF(i / KERNEL) == pass)
                    tap[i] = (vector)(weights[i]);
#pragma unroll
            for (int j = 0; j < (BLOCK - 1) * STRIDE + KERNEL; ++j) {
                const int h = first_h + j;
                if ((PASSES > 1 && STRIDE == 2 && j % 2 != pass) || h < 0 || h >= height.input)
                    continue;
                __global const float *in = slice + h * width.input;
                vector values[KERNEL];
#pragma unroll
                for (int s = 0; s < KERNEL; ++s)
                    values[s] = keep_below(s % 2 == 0 ? load(in + s, STRIDE)
                                                      : load_next(in + s - 1, STRIDE),
                                           index + (uint)s, width.input);
#pragma unroll
                for (int i = 0; i < BLOCK; ++i) {
                    const int r = j - i * STRIDE;
                    if (r >= 0 && r < KERNEL && PASS_OF(r) == pass) {
#pragma unroll
                        for (int s = 0; s < KERNEL; ++s)
                            sum[i] = fma(values[s], tap[r * KERNEL + s], sum[i]);
                    }
                }
            }
        }
    }
}

#else

/* sum[i] += all taps, tap by tap. `stride` is that of the width, `inside` says that no tap is left
 * or right of a row; accumulators from `count` on are not used. */
INLINE void sum_block(vector sum[BLOCK], const conv_args *args, const block_source *from,
                      __global const float *weights, int stride, int inside, int count)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int mode = args->padding_mode;
    for (int t = 0; t < depth.kernel_size; ++t) {
        const int d = conv_pad_index(from->d + t * depth.dilation, depth.input, mode);
        if (d < 0) {
            weights += height.kernel_size * width.kernel_size;
            continue;
        }
        __global const float *slice =
            from->src + from->plane + (long)d * height.input * width.input;
        for (int r = 0; r < height.kernel_size; ++r, weights += width.kernel_size) {
            __global const float *in[BLOCK];
            int size[BLOCK], whole = inside;
#pragma unroll
            for (int i = 0; i < BLOCK; ++i) {
                const int h = conv_pad_index(from->h[i] + r * height.dilation, height.input, mode);
                const int used = h >= 0 && i < count;
                in[i] = slice + max(h, 0) * width.input + from->w[i];
                size[i] = used ? width.input : 0;
                whole &= used;
            }
            if (whole) {
                for (int s = 0; s < width.kernel_size; ++s) {
                    const vector tap = (vector)(weights[s]);
#pragma unroll
                    for (int i = 0; i < BLOCK; ++i)
                        sum[i] = fma(load(in[i] + s * width.dilation, stride), tap, sum[i]);
                }
                continue;
            }
            for (int s = 0; s < width.kernel_size; ++s) {
                const vector tap = (vector)(weights[s]);
                const int x = s * width.dilation;
#pragma unroll
                for (int i = 0; i < BLOCK; ++i) {
                    if (size[i] == 0)
                        continue;
                    const uvector index = LANE_INDICES * (uint)stride + (uint)(from->w[i] + x);
                    sum[i] = fma(keep_below(load(in[i] + x, stride), index, size[i]), tap, sum[i]);
                }
            }
        }
    }
}

#endif

/* The sums of one accumulator whose tap 0 reads input d, h, w, lane by lane: for any stride and
 * padding, and at the ends of the tensor. Not inlined: its array would take registers from others.
 */
static __attribute__((noinline)) vector sum_lanes(const conv_args *args,
                                                  __global const float *plane, int first_d,
                                                  int first_h, int first_w,
                                                  __global const float *weights)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int mode = args->padding_mode;
    float sum[LANES];
    for (int i = 0; i < LANES; ++i)
        sum[i] = 0.0f;
    for (int t = 0; t < depth.kernel_size; ++t) {
        const int d = conv_pad_index(first_d + t * depth.dilation, depth.input, mode);
        for (int r = 0; r < height.kernel_size; ++r, weights += width.kernel_size) {
            const int h = conv_pad_index(first_h + r * height.dilation, height.input, mode);
            if ((d | h) < 0)
                continue;
            __global const float *line = plane + (d * height.input + h) * width.input;
            for (int s = 0; s < width.kernel_size; ++s) {
                int x = first_w + s * width.dilation;
#pragma unroll
                for (int i = 0; i < LANES; ++i, x += width.stride) {
                    const int index = conv_pad_index(x, width.input, mode);
                    if (index >= 0)
                        sum[i] = fma(line[index], weights[s], sum[i]);
                }
            }
        }
    }
    return VECTOR_LOAD(0, sum);
}

/* ---- Storing ---- */

static __attribute__((noinline)) vector activate(vector x, int activation, float slope)
{
    const vector zero = (vector)0.0f;
    switch (activation) { /* as conv_activate */
    case 1: return select(x, zero, x < zero);
    case 2: return select(select(x, zero, x < zero), (vector)6.0f, x > (vector)6.0f);
    case 3: return select(x, (vector)slope * x, x < zero);
    case 4: return (vector)1.0f / ((vector)1.0f + exp(-x));
    case 5: return tanh(x);
    case 6: return x / ((vector)1.0f + exp(-x));
    default: return x;
    }
}

/* The first `count` lanes, fewer than all of them. */
INLINE void store_part(vector values, int count, __global float *to)
{
#if LANES == 16
    float8 rest = values.lo;
    if (count & 8) {
        vstore8(rest, 0, to);
        rest = values.hi;
        to += 8;
    }
#else
    const float8 rest = values;
#endif
    float4 four = rest.lo;
    if (count & 4) {
        vstore4(four, 0, to);
        four = rest.hi;
        to += 4;
    }
    float2 two = four.lo;
    if (count & 2) {
        vstore2(two, 0, to);
        two = four.hi;
        to += 2;
    }
    if (count & 1)
        *to = two.x;
}

/* ---- Kernel ---- */

/* Finishes and stores an accumulator at `at` of the rows of a block, which has `size` outputs and
 * rows of `columns`. The vector of a short row may run into the rows that are stored after it. */
INLINE void store(vector sum, const conv_args *args, float shift, __global float *to, int at,
                  int size, int columns)
{
    sum += (vector)shift;
    if (args->activation != 0)
        sum = activate(sum, args->activation, args->slope);
    if (columns >= LANES || size - at >= LANES)
        VECTOR_STORE(sum, 0, to + at);
    else
        store_part(sum, columns, to + at);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
rows(const conv_args args, __global const float *restrict src,
     __global const float *restrict weights, __global const float *restrict bias,
     __global float *restrict dst)
{
    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int C = args.C, m = args.K / args.C, has_bias = args.has_bias;
    const int taps = depth.kernel_size * height.kernel_size * width.kernel_size;
    const int P = height.output, Q = width.output;
    const long in_plane = (long)depth.input * height.input * width.input;
    const long out_plane = (long)depth.output * P * Q;
    const int reach = (width.kernel_size - 1) * width.dilation + min(width.stride, 2) * LANES;

    /* A block is `down` rows of `across` vectors. */
    const int across = KERNEL == 0 && P < 3 ? BLOCK : 1, down = BLOCK / across;
    const int blocks_h = (P + down - 1) / down;
    const uint blocks = (uint)depth.output * (uint)blocks_h; /* of a plane */
    const ulong units = (ulong)args.N * (ulong)C * blocks;
    const ulong item = get_global_id(0), items = get_global_size(0);
    const ulong first = units * item / items, end = units * (item + 1) / items;

    ulong plane = first / blocks;
    int c = (int)(plane % (ulong)C);
    int o = (int)(first - plane * blocks) / blocks_h;
    int block_h = (int)(first - plane * blocks) - o * blocks_h;
    for (ulong unit = first; unit < end; ++unit) {
        const int p = max(min(block_h * down, P - down), 0);
        for (int k = c * m; k < c * m + m; ++k) {
            const float shift = has_bias ? bias[args.bias_offset + k] : 0.0f;
            __global const float *w = weights + args.weights_offset + (long)k * taps;
            __global float *out = dst + args.dst_offset +
                                  ((long)plane * m + (k - c * m)) * out_plane +
                                  ((long)o * P + p) * Q;
            const int size = min(P - p, down) * Q;
            for (int q = 0; q < Q; q += LANES * across) {
                const int count = across > 1 ? min((Q - q + LANES - 1) / LANES, BLOCK) : size / Q;
                block_source from;
                from.src = src + args.src_offset;
                from.total = in_plane * args.N * C;
                from.plane = (long)plane * in_plane;
                from.d = o * depth.stride - depth.padding;
                int at[BLOCK];
#pragma unroll
                for (int i = 0; i < BLOCK; ++i) {
                    const int row = across > 1 ? 0 : i;
                    const int column = max(min(across > 1 ? q + i * LANES : q, Q - LANES), 0);
                    from.h[i] = (p + row) * height.stride - height.padding;
                    from.w[i] = column * width.stride - width.padding;
                    at[i] = row * Q + column;
                }
                const int inside = from.w[0] >= 0 && from.w[BLOCK - 1] + reach <= width.input;
                const int readable = inside || (!PADDING_MODE && can_read(&args, &from, reach));
                if (readable && width.stride <= 2) {
                    vector sum[BLOCK];
#pragma unroll
                    for (int i = 0; i < BLOCK; ++i)
                        sum[i] = (vector)0.0f;
#if KERNEL
                    sum_block(sum, &args, &from, w);
#else
                    if (width.stride == 1)
                        sum_block(sum, &args, &from, w, 1, inside, count);
                    else
                        sum_block(sum, &args, &from, w, 2, inside, count);
#endif
#pragma unroll
                    for (int i = 0; i < BLOCK; ++i)
                        if (i < count)
                            store(sum[i], &args, shift, out, at[i], size, Q);
                } else {
#pragma unroll
                    for (int i = 0; i < BLOCK; ++i)
                        if (i < count)
                            store(sum_lanes(&args, from.src + from.plane, from.d, from.h[i],
                                            from.w[i], w),
                                  &args, shift, out, at[i], size, Q);
                }
            }
        }
        if (++block_h == blocks_h) {
            block_h = 0;
            if (++o == depth.output) {
                o = 0;
                ++plane;
                c = c + 1 < C ? c + 1 : 0;
            }
        }
    }
}
