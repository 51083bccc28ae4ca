/* A function compiled once for each vector unit, with all that it calls; the loader takes the
 * widest that the processor has. The bits are the same: the library is compiled as ISO C, where GCC
 * fuses no product with a sum, and no sum changes its order. */
#ifndef CC_REFERENCE_VECTOR_UNIT_H
#define CC_REFERENCE_VECTOR_UNIT_H

/* For static functions only: GCC exports others, hidden or not. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__)
#define CC_FOR_EACH_VECTOR_UNIT                                                                    \
    __attribute__((target_clones("avx512f", "avx2", "default"), flatten))
#else
#define CC_FOR_EACH_VECTOR_UNIT
#endif

#endif
