/* Transposes 4 x 4 floats in each half of 4 vectors. */
static inline __attribute__((always_inline)) void transpose_halves(float8 a[4])
{
    float8 b[4];
#pragma unroll
    for (int i = 0; i < 4; i += 2) {
        const float8 x = a[i], y = a[i + 1];
        b[i] = (float8)(x.s0, y.s0, x.s1, y.s1, x.s4, y.s4, x.s5, y.s5);
        b[i + 1] = (float8)(x.s2, y.s2, x.s3, y.s3, x.s6, y.s6, x.s7, y.s7);
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        const float8 x = b[i], y = b[i + 2];
        a[2 * i] = (float8)(x.s01, y.s01, x.s45, y.s45);
        a[2 * i + 1] = (float8)(x.s23, y.s23, x.s67, y.s67);
    }
}

/* Transposes 8 x 8 floats in registers. */
static inline __attribute__((always_inline)) void transpose(float8 a[8])
{
    transpose_halves(a);
    transpose_halves(a + 4);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float8 x = a[i], y = a[i + 4];
        a[i] = (float8)(x.lo, y.lo);
        a[i + 4] = (float8)(x.hi, y.hi);
    }
}
