/* The vector of winograd.cl: a float of each of the LANES tiles of a pack. */

#ifndef LANES /* floats of a vector register: 8 or 16 */
#define LANES 8
#endif
#if LANES == 16
typedef float16 vector;
typedef int16 ivector;
typedef float8 half_vector;
#define LANE_INDICES      (ivector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define HALF_VECTOR_LOAD  vload8
#define HALF_VECTOR_STORE vstore8
#define NEXT_LANE(x)      ((x).s123456789abcdef0)
#elif LANES == 8
typedef float8 vector;
typedef int8 ivector;
typedef float4 half_vector;
#define LANE_INDICES      (ivector)(0, 1, 2, 3, 4, 5, 6, 7)
#define HALF_VECTOR_LOAD  vload4
#define HALF_VECTOR_STORE vstore4
#define NEXT_LANE(x)      ((x).s12345670)
#else
#error "LANES is 8 or 16"
#endif

/* Vectors in memory, aligned or not: vload16 and vstore16 of PoCL are one access for each lane
 * until late in its compiler. */
typedef vector __attribute__((aligned(4))) any_vector;
typedef ivector __attribute__((aligned(4))) any_ivector;
#define LOAD(from)          (*(__private const any_vector *)(from))
#define LOAD_INDICES(from)  (*(__private const any_ivector *)(from))
#define LOAD_GLOBAL(from)   (*(__global const any_vector *)(from))
#define STORE(x, to)        (*(__private any_vector *)(to) = (x))
#define STORE_GLOBAL(x, to) (*(__global any_vector *)(to) = (x))
