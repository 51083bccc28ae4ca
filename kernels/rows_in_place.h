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
    int top, bottom;           /* of BLOCK_INPUTS rows, the ones that lie in the plane */
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

/* `whole`, a constant, says that all BLOCK_INPUTS rows lie in the plane. */
INLINE void sum_row(const block *b, const block_row *row, __global float *out, int whole)
{
    __global const float *weights = b->weights;
    const int width = row->width, top = row->top, bottom = row->bottom;
    ivector inside[2]; /* masks of taps 0 and 2 */
    for (int q = 0; q < row->columns; q += LANES) {
        const int column = min(q, row->columns - LANES), w = row->w + column * STRIDE;
        inside[0] = inside[1] = (ivector)(-1);
        if (w < 0 || w + 2 * LANES >= width) {
            const uvector index = ORDER(LANE_INDICES) * 2u + (uint)w;
            inside[0] = lanes_below(index, width);
            inside[1] = lanes_below(index + 2u, width);
        }
        __global const float *const first = row->src + column * STRIDE;
        __global const float *in = first;
        vector sum[BLOCK], tap[KERNEL], next_tap[KERNEL];
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
            if (!whole && (j < top || j >= bottom))
                continue;
            const vector low = load(in), high = load(in + LANES);
            add_row(sum, tap, keep(EVEN(low, high), inside[0]), j);
            add_row(sum, next_tap, ODD(low, high), j);
        }
        /* Tap 2 as the odd ones from tap 1 on: no float past the last lane's is read. */
#pragma unroll
        for (int r = 0; r < KERNEL; ++r)
            tap[r] = spread(weights + r * KERNEL + 2, 0);
        in = first + 1;
#pragma unroll
        for (int j = 0; j < BLOCK_INPUTS; ++j, in += width) {
            if (!whole && (j < top || j >= bottom))
                continue;
            const vector low = load(in), high = load(in + LANES);
            add_row(sum, tap, keep(ODD(low, high), inside[1]), j);
        }
        /* What the block below reads: too many rows for the hardware's own prefetchers. */
#pragma unroll
        for (int j = 0; j < BLOCK * STRIDE; ++j)
            prefetch_line(in + (long)j * width);
#pragma unroll
        for (int i = 0; i < BLOCK; ++i)
            sum[i] = ORDER(sum[i]);
        store_block(sum, b, out + column, row->rows);
    }
}

CALLED void sum_whole_row(const block *b, const block_row *row, __global float *out)
{
    sum_row(b, row, out, 1);
}

CALLED void sum_edge_row(const block *b, const block_row *row, __global float *out)
{
    sum_row(b, row, out, 0);
}

/* Whether all that a unit reads lies in the tensor, also beside the rows of plane number `plane`.
 */
INLINE int reads_in_place(const cut *c, const unit_shape *u, const conv_args *args, ulong plane)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int last_w = (width.output - LANES) * STRIDE - width.padding;
    if (depth.kernel_size > 1 || u->t == u->t_end || c->strips > 1 || width.output < LANES ||
        width.padding > 1 || last_w + 2 * LANES > width.input)
        return 0;
    const int blocks = divide_up(u->rows, BLOCK);
    const int end_h = min(u->h + (blocks * BLOCK - 1) * STRIDE + KERNEL, height.input);
    const long slice = (long)plane * depth.input + u->d, row = slice * height.input + end_h - 1;
    const long rows = (long)args->N * args->C * depth.input * height.input;
    return (slice > 0 || u->h > 0 || width.padding == 0) &&
           row * width.input + last_w + 2 * LANES + 1 <= rows * width.input;
}

INLINE void sum_in_place(block *b, const cut *c, const unit_shape *u, const conv_args *args,
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
        row.top = max(-h, 0);
        row.bottom = height - h;
        row.rows = u->rows - p;
        if (row.top == 0 && row.bottom >= BLOCK_INPUTS)
            sum_whole_row(b, &row, out + p * b->Q);
        else
            sum_edge_row(b, &row, out + p * b->Q);
    }
}
