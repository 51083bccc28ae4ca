/* A vector of output columns for square kernels of 3 or 5, stride 1 or 2, no dilation: rows.cl. */

#define LIVE ((KERNEL - 1) / STRIDE + 1) /* output rows that an input row may belong to */

/* Output rows that are neighbours, and what they read. */
typedef struct {
    __global const float *src; /* row 0 of the slice, at tap 0 of the first lane */
    __global float *dst;
    int h, height, width; /* input row of the first row's tap 0; the input's size */
    int rows, columns;
    uvector index; /* input column of each lane's tap 0 */
} strip;

/* Stores the sums of all rows but the last, which it returns. Each input row is loaded once and
 * added to the output rows it belongs to, which are the last LIVE; sums before the first row and
 * past the last are dropped. `more`: onto what is in dst, instead of `shift`. */
INLINE vector sum_strip(const strip *s, __global const float *weights, float shift, int more)
{
    const int rows = s->rows, height = s->height, pitch = s->width, columns = s->columns;
    __global const float *in = s->src + s->h * pitch;
    __global float *out = s->dst - (LIVE - 1) * columns;
    vector tap[KERNEL * KERNEL], sum[LIVE]; /* sum[i]: of the row i before this one */
    ivector lanes[KERNEL];
    int h = s->h;
#pragma unroll
    for (int i = 0; i < KERNEL; ++i)
        lanes[i] = lanes_below(s->index + (uint)i, s->width);
#pragma unroll
    for (int i = 0; i < KERNEL * KERNEL; ++i)
        tap[i] = (vector)(weights[i]);
#pragma unroll
    for (int i = 0; i < LIVE; ++i)
        sum[i] = (vector)(shift);
    for (int row = 0;; ++row) {
        /* Not a loop: Intel's compiler takes one for a copy of memory, which it then is. */
#if LIVE > 3
        sum[4] = sum[3];
        sum[3] = sum[2];
#endif
#if LIVE > 2
        sum[2] = sum[1];
#endif
        sum[1] = sum[0];
        sum[0] = (vector)(shift);
        if (more && row < rows)
            sum[0] = load(out + (LIVE - 1) * columns);
#pragma unroll
        for (int e = 0; e < STRIDE; ++e, ++h, in += pitch) {
            if (h >= 0 && h < height) {
                vector values[KERNEL];
#if STRIDE == 1
#pragma unroll
                for (int i = 0; i < KERNEL; ++i)
                    values[i] = load(in + i);
#else
                /* The last tap's are odd lanes: no float past the last lane's is read. */
                load_pairs(&values[0], &values[KERNEL - 1], in + KERNEL - 2);
#pragma unroll
                for (int i = 0; i < KERNEL - 1; i += 2)
                    load_pairs(&values[i], &values[i + 1], in + i);
#endif
#pragma unroll
                for (int i = 0; i < KERNEL; ++i)
                    values[i] = keep(values[i], lanes[i]);
#pragma unroll
                for (int a = 0; a < LIVE; ++a) {
                    const int r = e + STRIDE * a;
                    if (r >= KERNEL)
                        continue;
#if KERNEL > 3
                    /* Sums of their own for each input row: 25 fma, each waiting for the one
                     * before, would be more than a processor looks ahead. */
                    vector part = values[0] * tap[r * KERNEL];
#pragma unroll
                    for (int i = 1; i < KERNEL; ++i)
                        part = fma(values[i], tap[r * KERNEL + i], part);
                    sum[a] += part;
#else
#pragma unroll
                    for (int i = 0; i < KERNEL; ++i)
                        sum[a] = fma(values[i], tap[r * KERNEL + i], sum[a]);
#endif
                }
            }
            if (e == 0 && row >= LIVE - 1) {
                if (row == rows + LIVE - 2)
                    return sum[LIVE - 1];
                store(sum[LIVE - 1], out);
            }
        }
        out += columns;
    }
}
