/* Square kernels of 2 to 9, stride 1 or 2, no dilation, zero padding: rows_bands.h. */

/* Output rows of a block. Their sums, the taps of a column of the kernel and an input are the 16
 * registers; 7 divides the sizes that images are halved to. */
#define BLOCK        (KERNEL > 8 ? 15 - KERNEL : 7)
#define BLOCK_INPUTS ((BLOCK - 1) * STRIDE + KERNEL) /* rows that a block reads */

/* What the blocks of a band share. */
typedef struct {
    __global const float *weights;
    __global float *whole; /* vectors of dst beyond are stored in part */
    int slices, slice;     /* of the depth, and floats of one */
    int Q, columns;        /* of a row of dst; that are stored in part */
    vector shift;          /* what a sum starts from */
    int activation;        /* of sums in registers: up to RECTIFIERS */
    float slope;
} block;

/* Rows of a block some of which are not there or end in the middle of a vector; not inlined, as
 * beside this all sums would be spilled where all rows are whole. */
CALLED void store_some_rows(const vector *sum, const block *b, __global float *out, int rows)
{
    for (int i = 0; i < rows; ++i, out += b->Q)
        if (out <= b->whole)
            store_rows(sum[i], out, 0);
        else
            store_part(sum[i], b->columns, out, 0);
}

/* Asks once which activation it is: asked for each vector, all are spilled. */
INLINE void rectify_block(vector sum[BLOCK], int activation, float slope)
{
    if (activation == RECTIFIERS) {
#pragma unroll
        for (int i = 0; i < BLOCK; ++i)
            sum[i] = rectify(sum[i], RECTIFIERS, slope);
    } else {
        const int without_slope = activation == 2 ? 2 : 1;
#pragma unroll
        for (int i = 0; i < BLOCK; ++i)
            sum[i] = rectify(sum[i], without_slope, slope);
    }
}

/* The first `rows` rows of a block. */
INLINE void store_block(vector sum[BLOCK], const block *b, __global float *out, int rows)
{
    const int Q = b->Q;
    if (b->activation != 0)
        rectify_block(sum, b->activation, b->slope);
    if (rows >= BLOCK && out + (BLOCK - 2) * Q <= b->whole) {
#pragma unroll
        for (int i = 0; i < BLOCK - 1; ++i, out += Q)
            store_rows(sum[i], out, 0);
        if (out <= b->whole)
            store_rows(sum[BLOCK - 1], out, 0);
        else
            store_part(sum[BLOCK - 1], b->columns, out, 0);
    } else {
        vector sums[BLOCK];
#pragma unroll
        for (int i = 0; i < BLOCK; ++i)
            sums[i] = sum[i];
        store_some_rows(sums, b, out, min(rows, BLOCK));
    }
}

/* Up to BLOCK rows to `out`; `in` is at tap 0 of the first one in slice 0. Each column of taps is
 * loaded once, and each input once for a column. */
CALLED void sum_block(const block *b, const float *in, __global float *out, int rows)
{
    __global const float *weights = b->weights;
    const int slices = b->slices, slice = b->slice;
    vector sum[BLOCK];
#pragma unroll
    for (int i = 0; i < BLOCK; ++i)
        sum[i] = b->shift;
    for (int t = 0; t < slices; ++t, in += slice, weights += KERNEL * KERNEL) {
        for (int s = 0; s < KERNEL; ++s) {
            const float *at = in + (STRIDE == 1 ? s : (s & 1) * PART + s / 2);
            vector tap[KERNEL];
#pragma unroll
            for (int r = 0; r < KERNEL; ++r)
                tap[r] = spread(weights + r * KERNEL + s, 0);
#if STRIDE == 1
                /* Sums in turn, so that none waits for the one before. */
#pragma unroll
            for (int r = 0; r < KERNEL; ++r) {
#pragma unroll
                for (int i = 0; i < BLOCK; ++i)
                    sum[i] = fma(load_private(at + (r + i) * PITCH), tap[r], sum[i]);
            }
#else
                /* Each input loaded once, as loads are what takes longest. */
#pragma unroll
            for (int j = 0; j < BLOCK_INPUTS; ++j) {
                const vector value = load_private(at + j * PITCH);
#pragma unroll
                for (int i = 0; i < BLOCK; ++i) {
                    const int r = j - i * STRIDE;
                    if (r >= 0 && r < KERNEL)
                        sum[i] = fma(value, tap[r], sum[i]);
                }
            }
#endif
        }
    }
    store_block(sum, b, out, rows);
}

/* Whole rows and planes if they fit; at least a unit for each of `parts`. */
INLINE void make_cut(cut *c, const conv_args *args, ulong planes, ulong parts)
{
    const int T = args->axis[0].kernel_size, P = args->axis[1].output, Q = args->axis[2].output;
    const int most_columns = PART - (KERNEL - 1) / STRIDE;
    const int most_rows = (BAND_FLOATS / (T * PITCH) - KERNEL) / STRIDE + 1;
    c->columns = Q;
    if (Q > most_columns) {
        c->columns = divide_up(Q, divide_up(Q, most_columns / LANES * LANES));
        c->columns = divide_up(c->columns, LANES) * LANES;
    }
    c->strips = divide_up(Q, c->columns);
    c->bands = divide_up(P, max(most_rows / BLOCK, 1) * BLOCK);
    const ulong slices = planes * (ulong)args->axis[0].output * (ulong)c->strips;
    if (slices * (ulong)c->bands < parts)
        c->bands = (int)min((ulong)P, (parts + slices - 1) / slices);
    c->rows = divide_up(divide_up(P, c->bands), BLOCK) * BLOCK;
    c->bands = divide_up(P, c->rows);
    c->slice = PITCH * ((c->rows - 1) * STRIDE + KERNEL);
}

INLINE void set_block(block *b, const cut *c, const conv_args *args)
{
    b->slice = c->slice;
    b->Q = args->axis[2].output;
}

INLINE void set_shape(unit_shape *u, const cut *c, const conv_args *args, int o, int band,
                      int strip)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int p = band * c->rows, q = strip * c->columns;
    u->rows = min(c->rows, height.output - p);
    u->columns = min(c->columns, width.output - q);
    u->d = o * depth.stride - depth.padding;
    u->h = p * STRIDE - height.padding;
    const int h = u->h, w = q * STRIDE - width.padding;
    set_slices(u, args);
    const int count = (u->rows - 1) * STRIDE + KERNEL;
    const int top = clamp(-h, 0, count), bottom = clamp(height.input - h, top, count);
    const int reach = (max(u->columns, LANES) - 1) * STRIDE + KERNEL;
    const int left = clamp(-w, 0, reach), right = clamp(width.input - w, left, reach);
    u->in_rows = bottom - top;
    u->in_columns = right - left;
    u->src = (h + top) * width.input + (w + left);
    u->dst = ((long)o * height.output + p) * width.output + q;
    u->first = top * PITCH + (STRIDE == 1 ? left : (left & 1) * PART + left / 2);
    u->second = top * PITCH + (~left & 1) * PART + (left + 1) / 2;
    /* The padding of whole planes, and beside whole rows, has been there since the buffer was
     * cleared. */
    const int in_row = c->strips == 1 || u->in_columns == reach;
    u->zeros_before = in_row ? (c->bands > 1 ? top * PITCH : 0) : count * PITCH;
    u->zeros = bottom * PITCH;
    u->zeros_after = in_row && c->bands > 1 ? (count - bottom) * PITCH : 0;
}

INLINE void copy_slice(float *to, const cut *c, const unit_shape *u, const conv_args *args,
                       __global const float *slice)
{
    const int width = args->axis[2].input;
    if (u->zeros_before > 0)
        clear(to, u->zeros_before);
    if (u->zeros_after > 0)
        clear(to + u->zeros, u->zeros_after);
#if STRIDE == 1
    copy_rows(to + u->first, slice + u->src, width, u->in_columns, u->in_rows);
#else
    copy_pairs(to + u->first, to + u->second, slice + u->src, width, u->in_columns, u->in_rows);
#endif
}

INLINE void sum_unit(block *b, const cut *c, const unit_shape *u, const conv_args *args,
                     const float *copy, __global float *out)
{
    const int Q = b->Q, rows = u->rows, columns = u->columns;
    b->columns = min(columns, LANES);
    b->whole = last_whole(c, u, Q, out);
    for (int p = 0; p < rows; p += BLOCK) {
        const float *in = copy + p * STRIDE * PITCH;
        __global float *const to = out + p * Q;
        int q = 0;
        for (; q < columns - LANES; q += LANES)
            sum_block(b, in + q, to + q, rows - p);
        q = max(columns - LANES, 0);
        sum_block(b, in + q, to + q, rows - p);
    }
}

#if IN_PLACE
#include "rows_in_place.h"
#endif
