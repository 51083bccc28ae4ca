/* bands: the sums of a line in tiles of registers. Wants panels_vector.h. */

/* What the tiles of a block and phase have in common. */
typedef struct {
    __local float *line; /* of the first channel */
    __local const float *copy;
    __local const int2 *table; /* of each tap: where it reads in the copy; its weights */
    __global const float *weights, *bias;
    int line_floats, taps, count, c_step, w_step; /* count: input channels */
    int channels;                                 /* of the block, those that exist */
    int first;                                    /* whether no sums wait */
} band_sum;

/* Sums for `vectors` vectors from number `at` of the line on, `channels` of them: constants. */
INLINE void tile(const int channels, const int vectors, const band_sum *given, const int at)
{
    const band_sum s = *given;
    __local float *const line = s.line + at;
    vector sum[8][6];
    if (s.first) {
#pragma unroll
        for (int k = 0; k < 8; ++k)
            if (k < channels) {
                const float start = s.bias != 0 ? s.bias[min(k, s.channels - 1)] : 0.0f;
#pragma unroll
                for (int v = 0; v < 6; ++v)
                    if (v < vectors)
                        sum[k][v] = (vector)(start);
            }
    } else {
#pragma unroll
        for (int k = 0; k < 8; ++k)
#pragma unroll
            for (int v = 0; v < 6; ++v)
                if (k < channels && v < vectors)
                    sum[k][v] = load_local(line + k * s.line_floats + v * LANES);
    }
    __local const float *copy = s.copy + at;
    __global const float *weights = s.weights;
    for (int c = 0; c < s.count; ++c, copy += s.c_step, weights += s.w_step) {
#pragma unroll 1
        for (int tap = 0; tap < s.taps; ++tap) {
            const int2 offsets = s.table[tap];
            __local const float *const in = copy + offsets.x;
            __global const float *const w = weights + offsets.y;
            vector x[6];
#pragma unroll
            for (int v = 0; v < 6; ++v)
                if (v < vectors)
                    x[v] = load_local(in + v * LANES);
#pragma unroll
            for (int k = 0; k < 8; ++k)
                if (k < channels) {
                    const vector wk = (vector)(w[k]);
#pragma unroll
                    for (int v = 0; v < 6; ++v)
                        if (v < vectors)
                            sum[k][v] = fma(wk, x[v], sum[k][v]);
                }
        }
    }
#pragma unroll
    for (int k = 0; k < 8; ++k)
#pragma unroll
        for (int v = 0; v < 6; ++v)
            if (k < channels && v < vectors)
                store_local(sum[k][v], line + k * s.line_floats + v * LANES);
}

/* All tiles of a line of `count`: functions of their own, as PoCL compiles a kernel three times. */
#define SUM_LINE(channels, vectors)                                                                \
    static __attribute__((noinline)) void sum_line_##channels(const band_sum *s, int count)        \
    {                                                                                              \
        int at = 0;                                                                                \
        for (; at + (vectors - 1) * LANES < count; at += vectors * LANES)                          \
            tile(channels, vectors, s, at);                                                        \
        for (; at < count; at += LANES)                                                            \
            tile(channels, 1, s, at);                                                              \
    }
#if LANES == 16
SUM_LINE(8, 3)
SUM_LINE(4, 6)
#else
SUM_LINE(4, 3)
#endif

static inline void sum_line(const band_sum *s, int channels, int count)
{
#if LANES == 16
    if (channels == 8)
        sum_line_8(s, count);
    else
#endif
        sum_line_4(s, count);
}
