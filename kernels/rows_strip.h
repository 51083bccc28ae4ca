/* A vector of output columns for square kernels, stride 1 or 2, no dilation: rows.cl. */

#include "rows_sums.h"

/* Output rows that are neighbours, and what they read. */
typedef struct {
    __global const float *src, *weights; /* src: row 0 of the slice */
    __global float *dst;
    int h, w, height, width; /* input of the first row's tap 0; the input's size */
    int rows, columns;
    spacing apart;
    vector shift; /* what a sum starts from */
    int more;     /* from what is in dst instead */
} strip;

/* values[i]: what tap i of an input row is multiplied by; `in` is at tap 0 of the first lane, and
 * `lanes` says for each tap which lanes lie in the row. */
INLINE void load_taps(vector values[KERNEL], __global const float *in, long apart,
                      const ivector lanes[KERNEL])
{
#if STRIDE == 1
#pragma unroll
    for (int i = 0; i < KERNEL; ++i)
        values[i] = load_rows(in + i, apart);
#else
#if KERNEL % 2
    /* The last tap's are odd lanes: no float past the last lane's is read. */
    load_pairs(&values[0], &values[KERNEL - 1], in + KERNEL - 2, apart);
#endif
#pragma unroll
    for (int i = 0; i < KERNEL - 1; i += 2)
        load_pairs(&values[i], &values[i + 1], in + i, apart);
#endif
#pragma unroll
    for (int i = 0; i < KERNEL; ++i)
        values[i] = keep(values[i], lanes[i]);
}

#if KERNEL > 5
/* The taps of a large kernel do not fit the registers: they are operands in memory, next to
 * each other in the weights, or of two planes, on the stack. Value by value, as those of a row
 * would not fit beside the sums either; sums that wait for none of the others hide each other's
 * time. */
INLINE void add_taps(vector sum[LIVE], const vector tap[KERNEL * KERNEL],
                     __global const float *weights, vector value, int i, int e)
{
#pragma unroll
    for (int a = 0; a < LIVE; ++a) {
        const int r = e + STRIDE * a;
        if (r >= KERNEL)
            continue;
#if PLANES == 1
        sum[a] = fma(value, spread(weights + r * KERNEL + i, 0), sum[a]);
#else
        sum[a] = fma(value, tap[r * KERNEL + i], sum[a]);
#endif
    }
}

INLINE void add_row(vector sum[LIVE], const vector tap[KERNEL * KERNEL],
                    __global const float *weights, __global const float *in, long apart,
                    const ivector lanes[KERNEL], int e)
{
#if STRIDE == 1
#pragma unroll
    for (int i = 0; i < KERNEL; ++i)
        add_taps(sum, tap, weights, keep(load_rows(in + i, apart), lanes[i]), i, e);
#else
    vector even, odd;
#pragma unroll
    for (int i = 0; i < KERNEL - 1; i += 2) {
        load_pairs(&even, &odd, in + i, apart);
        add_taps(sum, tap, weights, keep(even, lanes[i]), i, e);
        add_taps(sum, tap, weights, keep(odd, lanes[i + 1]), i + 1, e);
    }
#if KERNEL % 2
    /* The last tap's are odd lanes: no float past the last lane's is read. */
    load_pairs(&even, &odd, in + KERNEL - 2, apart);
    add_taps(sum, tap, weights, keep(odd, lanes[KERNEL - 1]), KERNEL - 1, e);
#endif
#endif
}
#endif

#if KERNEL > 3
#define STRIP CALLED
#else
#define STRIP INLINE /* a call is a tenth of the time of 7 rows */
#endif

/* Each input row is loaded once and added to the output rows it belongs to, which are the last
 * LIVE; sums before the first row and past the last are dropped. */
STRIP void sum_strip(const strip *s)
{
    const int rows = s->rows, height = s->height, pitch = s->width, columns = s->columns;
    const int more = s->more;
    const spacing apart = s->apart;
    const vector shift = s->shift;
    const uvector index = LANE_INDICES * (uint)STRIDE + (uint)s->w;
    __global const float *in = s->src + s->h * pitch + s->w;
    __global float *out = s->dst - (LIVE - 1) * columns;
    vector tap[KERNEL * KERNEL], sum[LIVE]; /* sum[i]: of the row i before this one */
    ivector lanes[KERNEL];
    int h = s->h;
#pragma unroll
    for (int i = 0; i < KERNEL; ++i)
        lanes[i] = lanes_below(index + (uint)i, pitch);
#if KERNEL <= 5 || PLANES > 1
#pragma unroll
    for (int i = 0; i < KERNEL * KERNEL; ++i)
        tap[i] = spread(s->weights + i, apart.weights);
#endif
#pragma unroll
    for (int i = 0; i < LIVE; ++i)
        sum[i] = shift;
    for (int row = 0;; ++row) {
        hand_down(sum);
        sum[0] = shift;
        if (more && row < rows)
            sum[0] = load_rows(out + (LIVE - 1) * columns, apart.dst);
#pragma unroll
        for (int e = 0; e < STRIDE; ++e, ++h, in += pitch) {
            if (h >= 0 && h < height) {
#if KERNEL > 5
                add_row(sum, tap, s->weights, in, apart.src, lanes, e);
#else
                vector values[KERNEL];
                load_taps(values, in, apart.src, lanes);
                add_products(sum, values, tap, e);
#endif
            }
            if (e == (KERNEL - 1) % STRIDE && row >= LIVE - 1) {
                if (row == rows + LIVE - 2) {
                    store_part(sum[LIVE - 1], columns, out, apart.dst);
                    return;
                }
                store_rows(sum[LIVE - 1], out, apart.dst);
            }
        }
        out += columns;
    }
}
