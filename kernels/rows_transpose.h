/* Values of 8 planes side by side in memory of their own: gathered and scattered, rows_channels.h.
 */

#include "transpose8.h"

/* 4 values of each of two planes. */
INLINE vector load_quarters(__global const float *low, __global const float *high)
{
    return (vector)(*(__global const unaligned_quarter *)low,
                    *(__global const unaligned_quarter *)high);
}

INLINE void gather_four(vector *to, __global const float *from, long apart)
{
    __global const float *const far = from + 4 * apart;
    vector a[4];
#pragma unroll
    for (int i = 0; i < 4; ++i)
        a[i] = load_quarters(from + i * apart, far + i * apart);
    transpose_halves(a);
#pragma unroll
    for (int i = 0; i < 4; ++i)
        to[i] = a[i];
}

/* Rows of `count` values of 8 planes, `apart` from each other:
 * to[i * LANES + lane] = from[lane * apart + i]. The last 4 of a row are moved back to end with
 * it. */
CALLED void gather(float *to, int to_pitch, __global const float *from, int from_pitch, long apart,
                   int count, int rows)
{
    const int last = count - 4;
    for (; rows > 0; --rows, to += to_pitch, from += from_pitch) {
        if (last < 0) {
            for (int i = 0; i < count; ++i)
                for (int lane = 0; lane < LANES; ++lane)
                    to[i * LANES + lane] = from[lane * apart + i];
            continue;
        }
        for (int i = 0;; i = min(i + 4, last)) {
            gather_four((vector *)to + i, from + i, apart);
            if (i == last)
                break;
        }
    }
}

INLINE void scatter_eight(__global float *to, const float *from, long apart)
{
    vector a[LANES];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float4 *const low = (const float4 *)(from + i * LANES), *const high = low + 8;
        a[i] = (vector)(low[0], high[0]);
        a[i + 4] = (vector)(low[1], high[1]);
    }
    transpose_halves(a);
    transpose_halves(a + 4);
    __global float *const far = to + 4 * apart;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        *(__global unaligned_vector *)(to + i * apart) = a[i];
        *(__global unaligned_vector *)(far + i * apart) = a[i + 4];
    }
}

/* to[lane * apart + i] = from[i * LANES + lane], for the lanes from `first` on. The last 8 are
 * moved back to end with the others. */
CALLED void scatter(__global float *to, long apart, const float *from, int count, int first)
{
    const int last = count - LANES;
    if (first > 0 || last < 0) {
        for (int lane = first; lane < LANES; ++lane)
            for (int i = 0; i < count; ++i)
                to[lane * apart + i] = from[i * LANES + lane];
        return;
    }
    for (int i = 0; i < last; i += LANES)
        scatter_eight(to + i, from + i * LANES, apart);
    scatter_eight(to + last, from + last * LANES, apart);
}
