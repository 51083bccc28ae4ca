/* Parts of input rows copied to private memory, zero padding in place: rows_bands.h. */

INLINE vector load_private(const float *from)
{
    return *(const unaligned_vector *)from;
}

INLINE void store_private(vector values, float *to)
{
    *(unaligned_vector *)to = values;
}

CALLED void clear(float *to, int count)
{
    int i = 0;
    for (; i + LANES <= count; i += LANES)
        store_private((vector)(0.0f), to + i);
    for (; i < count; ++i)
        to[i] = 0.0f;
}

/* Volatile, as compilers call memcpy for each row of a loop that copies. */
INLINE vector load_copied(__global const float *from)
{
    return *(__global const volatile unaligned_vector *)from;
}

INLINE float4 load_quarter(__global const float *from)
{
    return *(__global const volatile unaligned_quarter *)from;
}

#if STRIDE == 1 /* and any with KERNEL 0 */

/* `rows` rows of `count` floats, each `pitch` after the one before it, to rows of PITCH; the last
 * vector of a row is moved back to end with it. */
CALLED void copy_rows(float *to, __global const float *from, int pitch, int count, int rows)
{
    const int last = count - LANES;
    if (last >= 0) {
        for (; rows > 0; --rows, to += PITCH, from += pitch) {
            for (int i = 0; i < last; i += LANES)
                store_private(load_copied(from + i), to + i);
            store_private(load_copied(from + last), to + last);
        }
    } else if (count >= 4) {
        for (; rows > 0; --rows, to += PITCH, from += pitch) {
            *(unaligned_quarter *)to = load_quarter(from);
            *(unaligned_quarter *)(to + count - 4) = load_quarter(from + count - 4);
        }
    } else {
        for (; rows > 0; --rows, to += PITCH, from += pitch)
            for (int i = 0; i < count; ++i)
                to[i] = from[i];
    }
}

#endif
#if STRIDE == 2 || KERNEL == 0

/* Two runs of 8 floats, to their even and their odd ones. */
INLINE void load_parted(vector *even, vector *odd, __global const float *from, int second)
{
    const vector low = load_copied(from), high = load_copied(from + second);
    *even = (vector)(low.even, high.even);
    *odd = (vector)(low.odd, high.odd);
}

/* even[i] = from[2 * i] and odd[i] = from[2 * i + 1]. */
CALLED void copy_pairs(float *even, float *odd, __global const float *from, int pitch, int count,
                       int rows)
{
    const int pairs = count / 2, last = pairs - LANES, last_half = pairs - 4;
    vector e, o;
    for (; rows > 0; --rows, even += PITCH, odd += PITCH, from += pitch) {
        if (last >= 0) {
            for (int i = 0; i < last; i += LANES) {
                load_parted(&e, &o, from + 2 * i, LANES);
                store_private(e, even + i);
                store_private(o, odd + i);
            }
            load_parted(&e, &o, from + 2 * last, LANES);
            store_private(e, even + last);
            store_private(o, odd + last);
        } else if (last_half >= 0) {
            load_parted(&e, &o, from, 2 * last_half);
            *(unaligned_quarter *)even = e.lo;
            *(unaligned_quarter *)odd = o.lo;
            *(unaligned_quarter *)(even + last_half) = e.hi;
            *(unaligned_quarter *)(odd + last_half) = o.hi;
        } else {
            for (int i = 0; i < pairs; ++i) {
                even[i] = from[2 * i];
                odd[i] = from[2 * i + 1];
            }
        }
        if (count & 1)
            even[pairs] = from[count - 1];
    }
}

#endif
