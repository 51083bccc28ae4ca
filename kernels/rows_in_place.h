/* 3x3 with stride 2 from src itself: half of the time would be copying what it reads
 * (rows_bands.h). An output vector's inputs are 16 neighbours, of which a shuffle takes the even
 * and another the odd ones, out of order, as 8 lanes are two halves that one shuffle does not
 * cross. Sums keep that order until they are stored. */

/* The even and the odd ones of 16 floats, as lanes 0 1 4 5 2 3 6 7; and from that order or to it.
 */
#define EVEN(low, high) ((vector)((low).s02, (high).s02, (low).s46, (high).s46))
#define ODD(low, high)  ((vector)((low).s13, (high).s13, (low).s57, (high).s57))
#define ORDER(v)        (v).s01452367

/* A row of blocks: BLOCK rows of dst, and what they read. */
typedef struct {
    __global const float *src; /* where tap 0 of the first row and column reads, in the padding */
    int width, w;              /* of an input row; the column of src */
    int top, bottom;           /* whether the first and the last input row lie in the padding */
    int rows, columns;         /* of dst */
} block_row;

/* Adds an input row's values at one tap of the kernel's rows to the sums that they belong to. */
INLINE void add_row(vector sum[BLOCK], const vector tap[KERNEL], vector values, int row)
{
#pragma unroll
    for (int i = 0; i < BLOCK; ++i) {
        const int r = row - i * STRIDE;
        if (r >= 0 && r < KERNEL)
            sum[i] = fma(values, tap[r], sum[i]);
    }
}

/* An input row from `in` on; the first and the last one of a block may lie in the padding: a mask
 * that clears it, and what leads to a row of the plane instead. */
typedef struct {
    ivector first, last;
    int to_first, to_last;
} outer_rows;

INLINE void load_row(vector *low, vector *high, __global const float *in, const outer_rows *outer,
                     int row)
{
    if (row == 0)
        in += outer->to_first;
    if (row == BLOCK_INPUTS - 1)
        in += outer->to_last;
    *low = load(in);
    *high = load(in + LANES);
}

INLINE vector keep_row(vector values, const outer_rows *outer, int row)
{
    if (row == 0)
        return keep(values, outer->first);
    return row == BLOCK_INPUTS - 1 ? keep(values, outer->last) : values;
}

INLINE void sum_row(const block *b, const block_row *row, __global float *out)
{
    __global const float *weights = b->weights;
    const int width = row->width;
    const long below = (long)(BLOCK * STRIDE) * width;
    outer_rows outer;
    outer.first = (ivector)(row->top - 1);
    outer.last = (ivector)(row->bottom - 1);
    outer.to_first = row->top ? width : 0;
    outer.to_last = row->bottom ? -width : 0;
    for (int q = 0; q < row->columns; q += LANES) {
        const int column = min(q, row->columns - LANES), w = row->w + column * STRIDE;
        ivector left = (ivector)(-1), right = (ivector)(-1); /* of taps 0 and 2: what is in rows */
        if (w < 0 || w + 2 * LANES >= width) {
            const uvector index = ORDER(LANE_INDICES) * 2u + (uint)w;
            left = lanes_below(index, width);
            right = lanes_below(index + 2u, width);
        }
        __global const float *const first = row->src + column * STRIDE;
        __global const float *in = first;
        vector low, high, sum[BLOCK], tap[KERNEL], next_tap[KERNEL];
#pragma unroll
        for (int i = 0; i < BLOCK; ++i)
            sum[i] = b->shift;
#pragma unroll
        for (int r = 0; r < KERNEL; ++r) {
            tap[r] = spread(weights + r * KERNEL, 0);
            next_tap[r] = spread(weights + r * KERNEL + 1, 0);
        }
#pragma unroll
        for (int j = 0; j < BLOCK_INPUTS; ++j, in += width) {
            load_row(&low, &high, in, &outer, j);
            add_row(sum, tap, keep_row(keep(EVEN(low, high), left), &outer, j), j);
            add_row(sum, next_tap, keep_row(ODD(low, high), &outer, j), j);
        }
        /* Tap 2 as the odd ones from tap 1 on: no float past the last lane's is read. Beside it,
         * what the block below reads: too many rows for the hardware's own prefetchers. */
#pragma unroll
        for (int r = 0; r < KERNEL; ++r)
            tap[r] = spread(weights + r * KERNEL + 2, 0);
        in = first + 1;
#pragma unroll
        for (int j = 0; j < BLOCK_INPUTS; ++j, in += width) {
            load_row(&low, &high, in, &outer, j);
            if (j > 0)
                prefetch_line(in + below);
            add_row(sum, tap, keep_row(keep(ODD(low, high), right), &outer, j), j);
        }
#pragma unroll
        for (int i = 0; i < BLOCK; ++i)
            sum[i] = ORDER(sum[i]);
        store_block(sum, b, out + column, row->rows);
    }
}

/* Whether all that a unit reads lies in the tensor, also beside the rows of plane number `plane`,
 * but for a column and a row of padding on each side, the lower one past whole blocks. */
INLINE int reads_in_place(const cut *c, const unit_shape *u, const conv_args *args, ulong plane)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int last_w = (width.output - LANES) * STRIDE - width.padding;
    if (depth.kernel_size > 1 || u->t == u->t_end || c->strips > 1 || width.output < LANES ||
        width.padding > 1 || height.padding > 1 || last_w + 2 * LANES > width.input)
        return 0;
    const int end_h = u->h + (u->rows - 1) * STRIDE + KERNEL;
    if (end_h > height.input + (u->rows % BLOCK == 0))
        return 0;
    const int blocks = divide_up(u->rows, BLOCK), read_h = (blocks * BLOCK - 1) * STRIDE + KERNEL;
    const long slice = (long)plane * depth.input + u->d, row = slice * height.input + u->h + read_h;
    const long rows = (long)args->N * args->C * depth.input * height.input;
    const long last_row = row - (end_h > height.input) - 1;
    return (slice > 0 || u->h > 0 || width.padding == 0) &&
           last_row * width.input + last_w + 2 * LANES + 1 <= rows * width.input;
}

CALLED void sum_in_place(block *b, const cut *c, const unit_shape *u, const conv_args *args,
                         __global const float *slice, __global float *out)
{
    const int height = args->axis[1].input, width = args->axis[2].input;
    b->columns = LANES;
    b->whole = last_whole(c, u, b->Q, out);
    block_row row;
    row.width = width;
    row.w = -args->axis[2].padding;
    row.columns = u->columns;
    for (int p = 0; p < u->rows; p += BLOCK) {
        const int h = u->h + p * STRIDE;
        row.src = slice + (h * width + row.w);
        row.top = h < 0;
        row.rows = u->rows - p;
        row.bottom = row.rows >= BLOCK && h + BLOCK_INPUTS > height;
        sum_row(b, &row, out + p * b->Q);
    }
}
