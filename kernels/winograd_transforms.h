/* The transforms of one axis, for winograd.cl.
 *
 * TILE 4 interpolates at 0, a, -a, b, -b, infinity with a = sqrt(1/2), b = sqrt(2), whose error is
 * about half of that of 0, 1, -1, 2, -2, infinity; TILE 2 at 0, 1, -1, infinity: exact in binary.
 * The rows of B^T are the coefficients of m(x)/(x - p), of m(x) at infinity,
 * m(x) = x(x^2 - a^2)(x^2 - b^2); those of G are (1, p, p^2) / prod(p - q), A^T has the powers of
 * p. The error bound in host/reference/winograd.c counts the roundings of these two functions, and
 * of transform_taps() of host/conv/winograd.c.
 */

#define SQRT_HALF 0.70710678118654752440f
#define SQRT_2    1.41421356237309504880f

static inline __attribute__((always_inline)) void transform_input(vector d[ALPHA])
{
#if TILE == 4
    const vector even_a = fma((vector)(-2.0f), d[2], d[4]),
                 odd_a = fma((vector)(-2.0f), d[1], d[3]);
    const vector even_b = fma((vector)(-0.5f), d[2], d[4]),
                 odd_b = fma((vector)(-0.5f), d[1], d[3]);
    d[0] = fma((vector)(-2.5f), d[2], d[0] + d[4]);
    d[5] = fma((vector)(-2.5f), d[3], d[1] + d[5]);
    d[1] = fma((vector)(SQRT_HALF), odd_a, even_a);
    d[2] = fma((vector)(-SQRT_HALF), odd_a, even_a);
    d[3] = fma((vector)(SQRT_2), odd_b, even_b);
    d[4] = fma((vector)(-SQRT_2), odd_b, even_b);
#else
    const vector sum = d[1] + d[2], difference = d[2] - d[1];
    d[0] = d[2] - d[0];
    d[3] = d[3] - d[1];
    d[1] = sum;
    d[2] = difference;
#endif
}

/* m[0] to m[TILE - 1] receive the outputs. */
static inline __attribute__((always_inline)) void transform_output(vector m[ALPHA])
{
#if TILE == 4
    const vector sum_a = m[1] + m[2], difference_a = m[1] - m[2];
    const vector sum_b = m[3] + m[4], difference_b = m[3] - m[4];
    m[0] = m[0] + (sum_a + sum_b);
    m[1] = SQRT_HALF * fma((vector)(2.0f), difference_b, difference_a);
    m[2] = fma((vector)(2.0f), sum_b, 0.5f * sum_a);
    m[3] = fma((vector)(0.5f * SQRT_HALF), fma((vector)(8.0f), difference_b, difference_a), m[5]);
#else
    m[0] = m[0] + (m[1] + m[2]);
    m[1] = (m[1] - m[2]) + m[3];
#endif
}
