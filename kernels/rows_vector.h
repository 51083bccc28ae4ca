/* Vectors of rows.cl: types, loads and stores, and the sum of one vector lane by lane. */

#ifndef LANES /* floats of a vector: 8 or 16 */
#define LANES 8
#endif

#if LANES == 16
typedef float16 vector;
typedef int16 ivector;
typedef uint16 uvector;
#define LANE_INDICES (uvector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define AS_VECTOR    as_float16
#define AS_IVECTOR   as_int16
#define VECTOR_LOAD  vload16
#elif LANES == 8
typedef float8 vector;
typedef int8 ivector;
typedef uint8 uvector;
#define LANE_INDICES (uvector)(0, 1, 2, 3, 4, 5, 6, 7)
#define AS_VECTOR    as_float8
#define AS_IVECTOR   as_int8
#define VECTOR_LOAD  vload8
#else
#error "LANES is 8 or 16"
#endif

#define INLINE static inline __attribute__((always_inline))
#define CALLED static __attribute__((noinline)) /* its arrays take registers from no other */

/* PoCL compiles vloadn and vstoren to several moves. */
typedef vector unaligned_vector __attribute__((aligned(4)));

/* ---- Loading ---- */

INLINE vector load(__global const float *from)
{
    return *(__global const unaligned_vector *)from;
}

/* The lanes from[0], from[2], ... and from[1], from[3], ... Volatile, as Intel's compiler loads
 * lanes one by one where only the even ones are used. */
INLINE void load_pairs(vector *even, vector *odd, __global const float *from)
{
    const vector low = *(__global const volatile unaligned_vector *)from;
    const vector high = *(__global const volatile unaligned_vector *)(from + LANES);
    *even = (vector)(low.even, high.even);
    *odd = (vector)(low.odd, high.odd);
}

/* from[0], from[stride], ... for a stride of 1 or 2, known when this is compiled. Reads stride *
 * LANES floats. */
INLINE vector load_strided(__global const float *from, int stride)
{
    if (stride == 1)
        return load(from);
    vector even, odd;
    load_pairs(&even, &odd, from);
    return even;
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

INLINE void store(vector values, __global float *to)
{
    *(__global unaligned_vector *)to = values;
}

/* The first `count` lanes, at most all of them. */
INLINE void store_part(vector values, int count, __global float *to)
{
    if (count >= LANES) {
        store(values, to);
        return;
    }
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

CALLED void activate(__global float *values, int count, int activation, float slope)
{
    for (int i = 0; i < count; ++i)
        values[i] = conv_activate(values[i], activation, slope);
}

/* ---- Lane by lane ---- */

/* The sums of a vector whose first lane reads input d, h, w of `plane` with tap 0, for any stride
 * and padding; nothing is read outside the input. */
CALLED vector sum_lanes(const conv_args *args, __global const float *plane, int first_d,
                        int first_h, int first_w, __global const float *weights, float shift)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int mode = args->padding_mode;
    float sum[LANES];
    for (int i = 0; i < LANES; ++i)
        sum[i] = shift;
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
