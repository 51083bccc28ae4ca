/* Vectors of rows.cl: types, loads and stores, and the sum of one vector lane by lane. */

#ifndef LANES /* floats of a vector: 8 or 16 */
#define LANES 8
#endif
#ifndef PLANES /* that share a vector: 1, or 2 of LANES / 2 columns each */
#define PLANES 1
#endif
#define COLUMNS (LANES / PLANES)

#if PLANES != 1 && (PLANES != 2 || LANES != 16)
#error "PLANES is 1, or 2 with 16 LANES"
#endif

#if LANES == 16
typedef float16 vector;
typedef int16 ivector;
typedef uint16 uvector;
#define LANE_INDICES (uvector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) % (uint)COLUMNS
#define AS_VECTOR    as_float16
#define AS_IVECTOR   as_int16
#define VECTOR_LOAD  vload16
#define VECTOR_STORE vstore16
#elif LANES == 8
typedef float8 vector;
typedef int8 ivector;
typedef uint8 uvector;
#define LANE_INDICES (uvector)(0, 1, 2, 3, 4, 5, 6, 7)
#define AS_VECTOR    as_float8
#define AS_IVECTOR   as_int8
#define VECTOR_LOAD  vload8
#define VECTOR_STORE vstore8
#else
#error "LANES is 8 or 16"
#endif

#define INLINE static inline __attribute__((always_inline))
#define CALLED static __attribute__((noinline)) /* its arrays take registers from no other */

/* PoCL compiles vloadn and vstoren to several moves. */
typedef vector unaligned_vector __attribute__((aligned(4)));
typedef float8 unaligned_half __attribute__((aligned(4)));
typedef float4 unaligned_quarter __attribute__((aligned(4)));

/* Elements between the data of two planes that share a vector; of the last plane, if it has no
 * other beside it, 0: it is computed twice. */
typedef struct {
    long src, weights, dst;
} spacing;

#include "activation.h"

INLINE int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

/* ---- Loading ---- */

INLINE vector load(__global const float *from)
{
    return *(__global const unaligned_vector *)from;
}

/* A row of each plane. */
INLINE vector load_rows(__global const float *from, long apart)
{
#if PLANES == 1
    return load(from);
#else
    return (vector)(*(__global const unaligned_half *)from,
                    *(__global const unaligned_half *)(from + apart));
#endif
}

/* 2 * COLUMNS floats of a row of each plane. Volatile, as Intel's compiler loads lanes one by one
 * where only the even ones are used. */
INLINE void load_both(vector both[2], __global const float *from, long apart)
{
    both[0] = *(__global const volatile unaligned_vector *)from;
    both[1] = *(__global const volatile unaligned_vector *)(from + (PLANES == 1 ? LANES : apart));
}

/* The lanes from[0], from[2], ... and from[1], from[3], ... of a row of each plane. */
INLINE void load_pairs(vector *even, vector *odd, __global const float *from, long apart)
{
    vector both[2];
    load_both(both, from, apart);
    *even = (vector)(both[0].even, both[1].even);
    *odd = (vector)(both[0].odd, both[1].odd);
}

/* from[0], from[stride], ... of a row of each plane, for a stride of 1 or 2, known when this is
 * compiled. Reads stride * COLUMNS floats. */
INLINE vector load_strided(__global const float *from, long apart, int stride)
{
    if (stride == 1)
        return load_rows(from, apart);
    vector even, odd;
    load_pairs(&even, &odd, from, apart);
    return even;
}

/* The value at `from` in the lanes of each plane. */
INLINE vector spread(__global const float *from, long apart)
{
#if PLANES == 1
    return (vector)(from[0]);
#else
    return (vector)((float8)(from[0]), (float8)(from[apart]));
#endif
}

/* All bits of the lanes whose index is below `size`; one before the row is a large number. */
INLINE ivector lanes_below(uvector index, int size)
{
    return index < (uvector)((uint)size);
}

/* Zero in the other lanes. */
INLINE vector keep(vector values, ivector lanes)
{
    return AS_VECTOR(AS_IVECTOR(values) & lanes);
}

/* ---- Storing ---- */

/* A row of each plane. */
INLINE void store_rows(vector values, __global float *to, long apart)
{
#if PLANES == 1
    *(__global unaligned_vector *)to = values;
#else
    *(__global unaligned_half *)to = values.lo;
    *(__global unaligned_half *)(to + apart) = values.hi;
#endif
}

/* The first `count` of less than 8 lanes. */
INLINE void store_below_8(float8 values, int count, __global float *to)
{
    float4 four = values.lo;
    if (count & 4) {
        vstore4(four, 0, to);
        four = values.hi;
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

/* The first `count` columns of each plane, at most all of them. */
INLINE void store_part(vector values, int count, __global float *to, long apart)
{
    if (count >= COLUMNS) {
        store_rows(values, to, apart);
        return;
    }
#if PLANES == 2
    store_below_8(values.lo, count, to);
    store_below_8(values.hi, count, to + apart);
#elif LANES == 16
    float8 rest = values.lo;
    if (count & 8) {
        vstore8(rest, 0, to);
        rest = values.hi;
        to += 8;
    }
    store_below_8(rest, count, to);
#else
    store_below_8(values, count, to);
#endif
}

CALLED void activate_values(__global float *values, int count, int activation, float slope)
{
    for (; count >= LANES; count -= LANES, values += LANES)
        *(__global unaligned_vector *)values = activate(load(values), activation, slope);
    float rest[LANES];
    for (int i = 0; i < LANES; ++i)
        rest[i] = i < count ? values[i] : 0.0f;
    const vector last = activate(VECTOR_LOAD(0, rest), activation, slope);
    VECTOR_STORE(last, 0, rest);
    for (int i = 0; i < count; ++i)
        values[i] = rest[i];
}

/* ---- Lane by lane ---- */

/* The sums of a vector whose first lane reads input d, h, w of `plane` with tap 0, for any stride
 * and padding; nothing is read outside the input. */
CALLED vector sum_lanes(const conv_args *args, __global const float *plane, int first_d,
                        int first_h, int first_w, __global const float *weights, vector shift,
                        const spacing *apart)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int mode = args->padding_mode;
    float sum[LANES];
    VECTOR_STORE(shift, 0, sum);
    for (int first = 0; first < LANES; first += COLUMNS) {
        __global const float *tap = weights;
        for (int t = 0; t < depth.kernel_size; ++t) {
            const int d = conv_pad_index(first_d + t * depth.dilation, depth.input, mode);
            for (int r = 0; r < height.kernel_size; ++r, tap += width.kernel_size) {
                const int h = conv_pad_index(first_h + r * height.dilation, height.input, mode);
                if ((d | h) < 0)
                    continue;
                __global const float *line = plane + (d * height.input + h) * width.input;
                for (int s = 0; s < width.kernel_size; ++s) {
                    int x = first_w + s * width.dilation;
#pragma unroll
                    for (int i = 0; i < COLUMNS; ++i, x += width.stride) {
                        const int index = conv_pad_index(x, width.input, mode);
                        if (index >= 0)
                            sum[first + i] = fma(line[index], tap[s], sum[first + i]);
                    }
                }
            }
        }
        plane += apart->src;
        weights += apart->weights;
    }
    return VECTOR_LOAD(0, sum);
}
