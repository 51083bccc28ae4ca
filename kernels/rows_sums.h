/* The sums of output rows that share input rows, from top to bottom: rows_strip.h, rows_short.h. */

#define LIVE ((KERNEL - 1) / STRIDE + 1) /* output rows that an input row may belong to */

/* sum[i] = sum[i - 1]. Not a loop: compilers take one for a copy of memory, which it
 * then is, and all sums stay there. */
INLINE void hand_down(vector sum[LIVE])
{
#if LIVE > 8
    sum[8] = sum[7];
#endif
#if LIVE > 7
    sum[7] = sum[6];
#endif
#if LIVE > 6
    sum[6] = sum[5];
#endif
#if LIVE > 5
    sum[5] = sum[4];
#endif
#if LIVE > 4
    sum[4] = sum[3];
#endif
#if LIVE > 3
    sum[3] = sum[2];
#endif
#if LIVE > 2
    sum[2] = sum[1];
#endif
#if LIVE > 1
    sum[1] = sum[0];
#endif
}

/* Adds row e of STRIDE input rows to the output rows it belongs to. */
INLINE void add_products(vector sum[LIVE], const vector values[KERNEL],
                         const vector tap[KERNEL * KERNEL], int e)
{
#pragma unroll
    for (int a = 0; a < LIVE; ++a) {
        const int r = e + STRIDE * a;
        if (r >= KERNEL)
            continue;
#if KERNEL > 3
        /* Sums of their own for each input row: 25 fma, each waiting for the one before, would be
         * more than a processor looks ahead. */
        vector part = values[0] * tap[r * KERNEL];
#pragma unroll
        for (int i = 1; i < KERNEL; ++i)
            part = fma(values[i], tap[r * KERNEL + i], part);
        sum[a] += part;
#else
#pragma unroll
        for (int i = 0; i < KERNEL; ++i)
            sum[a] = fma(values[i], tap[r * KERNEL + i], sum[a]);
#endif
    }
}
