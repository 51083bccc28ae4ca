/* A vector register of LANES floats, 8 or 16. */
#if LANES == 16
typedef float16 vector;
typedef int16 ivector;
#define LANE_INDICES  (ivector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define VECTOR_LOAD   vload16
#define INDICES_STORE vstore16
#elif LANES == 8
typedef float8 vector;
typedef int8 ivector;
#define LANE_INDICES  (ivector)(0, 1, 2, 3, 4, 5, 6, 7)
#define VECTOR_LOAD   vload8
#define INDICES_STORE vstore8
#else
#error "LANES is 8 or 16"
#endif

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE                                                                                   \
    static __attribute__((noinline)) /* PoCL compiles a kernel's own body three times */

/* A vector load or store that is one instruction: vload and vstore of PoCL 3.1 are several. */
typedef vector unaligned_vector __attribute__((aligned(4)));

INLINE vector load(__global const float *in)
{
    return *(__global const unaligned_vector *)in;
}

INLINE void store(vector x, __global float *out)
{
    *(__global unaligned_vector *)out = x;
}

typedef ivector unaligned_ivector __attribute__((aligned(4)));

INLINE void store_indices(ivector x, __local int *out)
{
    *(__local unaligned_ivector *)out = x;
}

INLINE void store_local(vector x, __local float *out)
{
    *(__local unaligned_vector *)out = x;
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
