/* dst = finish(A^T M A) of the tiles of a pack, for winograd.cl. */

#include "activation.h"

/* The activation of a block of outputs. */
static __attribute__((noinline)) void activate_block(float *x, int activation, float slope)
{
    for (int i = 0; i < TILE * TILE * LANES; i += LANES)
        STORE(activate(LOAD(x + i), activation, slope), x + i);
}

/* The inverse of split_columns. */
static inline __attribute__((always_inline)) void join_columns(const vector column[TILE], float *x)
{
    vector y;
#if TILE == 4
    vector even, odd;
    even.even = column[0].lo, even.odd = column[2].lo;
    odd.even = column[1].lo, odd.odd = column[3].lo;
    y.even = even.lo, y.odd = odd.lo;
    STORE(y, x);
    y.even = even.hi, y.odd = odd.hi;
    STORE(y, x + LANES);
    even.even = column[0].hi, even.odd = column[2].hi;
    odd.even = column[1].hi, odd.odd = column[3].hi;
    y.even = even.lo, y.odd = odd.lo;
    STORE(y, x + 2 * LANES);
    y.even = even.hi, y.odd = odd.hi;
    STORE(y, x + 3 * LANES);
#else
    y.even = column[0].lo, y.odd = column[1].lo;
    STORE(y, x);
    y.even = column[0].hi, y.odd = column[1].hi;
    STORE(y, x + LANES);
#endif
}

/* x[0], ... to dst[0], dst[step], ... A last vector begins before the one before it ends. */
static inline void write_row(const float *x, int count, __global float *dst, int step)
{
    if (step == 1 && count >= LANES) {
        for (int j = 0; j < count; j += LANES) {
            const int i = min(j, count - LANES);
            STORE_GLOBAL(LOAD(x + i), dst + i);
        }
    } else if (step == 1 && count >= LANES / 2) {
        HALF_VECTOR_STORE(HALF_VECTOR_LOAD(0, x), 0, dst);
        HALF_VECTOR_STORE(HALF_VECTOR_LOAD(0, x + count - LANES / 2), 0, dst + count - LANES / 2);
    } else {
        for (int j = 0; j < count; ++j)
            dst[j * step] = x[j];
    }
}

/* The outputs of a pack and channel, from M of these to rows of tiles side by side. */
static inline __attribute__((always_inline)) void
transform_sums(__global const float *m, float shift, float rows[TILE][TILE * LANES])
{
    vector y[TILE][ALPHA];
#pragma unroll
    for (int b = 0; b < ALPHA; ++b) {
        vector column[ALPHA];
#pragma unroll
        for (int a = 0; a < ALPHA; ++a)
            column[a] = LOAD_GLOBAL(m + (a * ALPHA + b) * BLOCK_K * LANES);
        transform_output(column);
#pragma unroll
        for (int a = 0; a < TILE; ++a)
            y[a][b] = column[a];
    }
#pragma unroll
    for (int a = 0; a < TILE; ++a) {
        transform_output(y[a]);
#pragma unroll
        for (int b = 0; b < TILE; ++b)
            y[a][b] += shift;
        join_columns(y[a], rows[a]);
    }
}

/* The outputs of channels [first, last) of a pack. As with the strips of the input, the rows of a
 * channel are written to dst after those of the next are computed. */
static __attribute__((noinline)) void finish_pack(const conv_args *args, __global const float *M,
                                                  __global const float *bias, __global float *dst,
                                                  int pack, int first, int last)
{
    const conv_axis height = args->axis[1], width = args->axis[2];
    const int step_h = height.dilation, step_w = width.dilation, planes = args->axis[0].output;
    const int K = args->K, group_k = K / args->G, has_bias = args->has_bias;
    const int padded_k = (group_k + BLOCK_K - 1) / BLOCK_K * BLOCK_K;
    const int activation = args->activation, N = args->N;
    const float slope = args->slope;
    const long slice = (long)height.output * width.output;

    run runs[LANES];
    float rows[2][TILE][TILE * LANES];
    int run_count = find_runs(args, pack, runs);
    while (run_count > 0 && runs[run_count - 1].n >= N)
        --run_count;
    for (int k = first; k <= last; ++k) {
        if (k < last) {
            const int padded = k / group_k * padded_k + k % group_k;
            const ulong block = padded / BLOCK_K;
            transform_sums(M + (block * PRODUCTS * BLOCK_K + padded % BLOCK_K) * LANES,
                           has_bias ? bias[k] : 0.0f, rows[k & 1]);
            if (activation != 0)
                activate_block(rows[k & 1][0], activation, slope);
        }
        for (int i = 0; i < run_count && k > first; ++i) {
            const run r = runs[i];
            const int p = r.phase_h + r.i * step_h, q = r.phase_w + r.j * step_w;
            const int count = min(r.count * TILE, (width.output - q + step_w - 1) / step_w);
            __global float *out = dst + (((long)r.n * K + k - 1) * planes + r.o) * slice + q;
            for (int a = 0; a < TILE && p + a * step_h < height.output; ++a)
                write_row(rows[(k - 1) & 1][a] + r.lane * TILE, count,
                          out + (long)(p + a * step_h) * width.output, step_w);
        }
    }
}
