/* Short rows, with square kernels of 2 to 5, stride 1 or 2, in two dimensions and 16 lanes: all
 * columns of an output row lie in one vector, and a row of the input in STRIDE vectors (with 2
 * PLANES a row of each). It is loaded once, a tap's values are its lanes rotated, and no more is
 * done for a plane than it takes, which was half of the time of a small one. The padding is a
 * macro, PAD, as compilers rotate by constants. A row that is less than READS floats from the
 * tensor's end is copied first. */

#include "rows_sums.h"

#define READS (STRIDE * COLUMNS) /* floats of each plane, from the start of a row on */

/* Output rows that are neighbours, of a plane and of the one that shares its vectors. */
typedef struct {
    __global const float *src, *last; /* input row h; where READS floats end the tensor */
    __global const float *weights;
    __global float *dst;
    int h, rows;
    spacing apart;
} run;

/* Lane i of the result is lane i + by, around the end. */
INLINE vector rotate(vector v, int by)
{
    if (by & 1)
        v = v.s123456789abcdef0;
    if (by & 2)
        v = v.s23456789abcdef01;
    if (by & 4)
        v = v.s456789abcdef0123;
    return by & 8 ? v.s89abcdef01234567 : v;
}

/* The input row of each plane at `in`: of stride 2 the even and then the odd lanes. */
INLINE void load_row(vector part[STRIDE], __global const float *in, const run *r, int width)
{
    vector whole[STRIDE];
    if (in + r->apart.src <= r->last) {
#if STRIDE == 1
        whole[0] = load_rows(in, r->apart.src);
#else
        load_both(whole, in, r->apart.src);
#endif
    } else {
        float copy[STRIDE * LANES];
        for (int i = 0; i < width; ++i) {
            copy[i] = in[i];
            copy[(PLANES - 1) * READS + i] = in[(PLANES - 1) * r->apart.src + i];
        }
#pragma unroll
        for (int i = 0; i < STRIDE; ++i)
            whole[i] = VECTOR_LOAD(i, copy);
    }
#if STRIDE == 1
    part[0] = whole[0];
#else
    part[0] = (vector)(whole[0].even, whole[1].even);
    part[1] = (vector)(whole[0].odd, whole[1].odd);
#endif
}

INLINE void sum_run(const run *r, conv_axis height, conv_axis width, vector shift)
{
    const int columns = width.output, rows = r->rows;
    __global const float *in = r->src;
    __global float *out = r->dst - (LIVE - 1) * columns;
    __global float *const whole =
        r->dst + rows * columns - COLUMNS; /* later rows are stored in part */
    vector tap[KERNEL * KERNEL], sum[LIVE];
    int h = r->h;
#pragma unroll
    for (int i = 0; i < KERNEL * KERNEL; ++i)
        tap[i] = spread(r->weights + i, r->apart.weights);
#pragma unroll
    for (int i = 0; i < LIVE; ++i)
        sum[i] = shift;
    for (int row = 0;; ++row) {
        hand_down(sum);
        sum[0] = shift;
#pragma unroll
        for (int e = 0; e < STRIDE; ++e, ++h, in += width.input) {
            if (h >= 0 && h < height.input) {
                vector part[STRIDE], values[KERNEL];
                load_row(part, in, r, width.input);
#pragma unroll
                for (int i = 0; i < KERNEL; ++i) {
                    const int odd = (i + PAD) % STRIDE;
                    const uvector x = LANE_INDICES * (uint)STRIDE + (uint)(i - PAD);
                    values[i] = keep(rotate(part[odd], (i - PAD - odd) / STRIDE),
                                     lanes_below(x, width.input));
                }
                add_products(sum, values, tap, e);
            }
            if (e == (KERNEL - 1) % STRIDE && row >= LIVE - 1) {
                if (out <= whole)
                    store_rows(sum[LIVE - 1], out, r->apart.dst);
                else
                    store_part(sum[LIVE - 1], columns, out, r->apart.dst);
                if (row == rows + LIVE - 2)
                    return;
            }
        }
        out += columns;
    }
}

/* As in rows_pieces.h. */
CALLED void compute(const conv_args *given, __global const float *src,
                    __global const float *weights, __global const float *bias, __global float *dst,
                    ulong line, ulong end)
{
    const conv_args args = *given;
    const conv_axis height = args.axis[1], width = args.axis[2];
    const int C = args.C, m = args.K / args.C, P = height.output, Q = width.output;
    const long in_plane = (long)height.input * width.input, out_plane = (long)P * Q;
    const ulong planes = (ulong)args.N * (ulong)C;
    ulong plane = line / (ulong)P;
    int p = (int)(line - plane * (ulong)P);
    plane *= PLANES;
    int c = (int)(plane % (ulong)C);
    src += args.src_offset;
    dst += args.dst_offset;
    weights += args.weights_offset;
    bias += args.bias_offset;
    run r;
    r.last = src + ((long)planes * in_plane - READS);
    while (line < end) {
        const int pair = PLANES > 1 && plane + 1 < planes;
        const long step = pair ? (c + 1 < C ? m : -(long)c * m) : 0; /* to the other's filter */
        r.rows = (int)min((ulong)(P - p), end - line);
        r.h = p * STRIDE - PAD;
        r.src = src + ((long)plane * in_plane + (long)r.h * width.input);
        r.apart.src = pair ? in_plane : 0;
        r.apart.dst = pair ? m * out_plane : 0;
        r.apart.weights = step * (KERNEL * KERNEL);
        for (int k = 0; k < m; ++k) {
            const long filter = (long)c * m + k;
            r.weights = weights + filter * (KERNEL * KERNEL);
            r.dst = dst + (((long)plane * m + k) * P + p) * Q;
            sum_run(&r, height, width,
                    args.has_bias ? spread(bias + filter, step) : (vector)(0.0f));
            if (args.activation != 0) {
                activate_values(r.dst, r.rows * Q, args.activation, args.slope);
                if (pair)
                    activate_values(r.dst + r.apart.dst, r.rows * Q, args.activation, args.slope);
            }
        }
        line += (ulong)r.rows;
        p = 0;
        plane += PLANES;
        c += PLANES;
        while (c >= C)
            c -= C;
    }
}
