/* A vector register of LANES floats, 8 or 16. */
#if LANES == 16
typedef float16 vector;
typedef int16 ivector;
#define LANE_INDICES (ivector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#elif LANES == 8
typedef float8 vector;
typedef int8 ivector;
#define LANE_INDICES (ivector)(0, 1, 2, 3, 4, 5, 6, 7)
#else
#error "LANES is 8 or 16"
#endif

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE                                                                                   \
    static __attribute__((noinline)) /* PoCL compiles a kernel's own body three times */

/* Loads and stores that are one instruction: vloadn and vstoren of PoCL 3.1 are one for each lane
 * until late in its compiler, which then takes longer. */
typedef vector unaligned_vector __attribute__((aligned(4)));
typedef ivector unaligned_ivector __attribute__((aligned(4)));

INLINE vector load(__global const float *from)
{
    return *(__global const unaligned_vector *)from;
}

INLINE vector load_local(__local const float *from)
{
    return *(__local const unaligned_vector *)from;
}

INLINE ivector load_indices(__local const int *from)
{
    return *(__local const unaligned_ivector *)from;
}

INLINE void store(vector x, __global float *out)
{
    *(__global unaligned_vector *)out = x;
}

INLINE void store_indices(ivector x, __local int *out)
{
    *(__local unaligned_ivector *)out = x;
}

INLINE void store_local(vector x, __local float *out)
{
    *(__local unaligned_vector *)out = x;
}

/* To lanes that are read one by one. */
INLINE void store_lanes(vector x, float *out)
{
    *(unaligned_vector *)out = x;
}

INLINE void store_index_lanes(ivector x, int *out)
{
    *(unaligned_ivector *)out = x;
}

/* Past the caches: what stays in none of them is then not read before it is written. `out` is
 * aligned to a vector. */
INLINE void store_streamed(vector x, __global float *out)
{
#if defined(__has_builtin) && __has_builtin(__builtin_nontemporal_store)
    __builtin_nontemporal_store(x, (__global vector *)out);
#else
    *(__global vector *)out = x;
#endif
}
