/* What a device can do at most: the two figures that the benchmark builds its roofline from. Not
 * part of the library.
 *
 * WIDTH  1, 4, 8 or 16: floats in a vector. The host tries all and keeps the fastest.
 *
 * Any one-dimensional global and local size. */
#ifndef WIDTH
#define WIDTH 4
#endif

#define CONCAT_(a, b) a##b
#define CONCAT(a, b)  CONCAT_(a, b)
#if WIDTH == 1
typedef float vector;
#else
typedef CONCAT(float, WIDTH) vector;
#endif

enum { CHAINS = 10 }; /* independent sums: more than the latency times the rate of an FMA */

/* dst[i] = a sum of CHAINS chains of `steps` fused multiply-adds: 2 * CHAINS * steps * WIDTH FLOP a
 * work-item. a and b are arguments so that nothing is known at compile time. */
__kernel void peak_flops(__global vector *dst, const float a, const float b, const int steps)
{
    const vector x = (vector)(a);
    const vector y = (vector)(b) + (vector)((float)get_global_id(0) * 1e-9f);
    vector sum[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        sum[c] = y + (vector)(c);
    for (int i = 0; i < steps; i++) {
#pragma unroll
        for (int c = 0; c < CHAINS; c++)
            sum[c] = fma(sum[c], x, y);
    }
    vector total = sum[0];
    for (int c = 1; c < CHAINS; c++)
        total += sum[c];
    dst[get_global_id(0)] = total;
}

/* STREAM's triad (McCalpin 1995), dst = a + scale * b: 12 * WIDTH bytes a work-item. */
__kernel void triad(__global vector *dst, const __global vector *a, const __global vector *b,
                    const float scale)
{
    const size_t i = get_global_id(0);
    dst[i] = a[i] + scale * b[i];
}
