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

/* Adds the products of a tap, whose inputs and weights begin there. What there is less of stays in
 * registers: with 8 lanes there are 16 of them. */
INLINE void add_tap(const int channels, const int vectors, vector (*sum)[6],
                    __local const float *in, __global const float *w)
{
#if LANES == 8
    if (channels < vectors) {
        vector wk[8];
#pragma unroll
        for (int k = 0; k < 8; ++k)
            if (k < channels)
                wk[k] = (vector)(w[k]);
#pragma unroll
        for (int v = 0; v < 6; ++v)
            if (v < vectors) {
                const vector x = load_local(in + v * LANES);
#pragma unroll
                for (int k = 0; k < 8; ++k)
                    if (k < channels)
                        sum[k][v] = fma(wk[k], x, sum[k][v]);
            }
        return;
    }
#endif
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
#if LANES == 8
    /* Taps four at a time: where none is left out between, their weights are neighbours. Not of a
     * single vector, whose sums wait for each other. */
    const int first = s.taps > 0 ? s.table[0].y : 0;
    const int dense = s.taps > 0 && s.table[s.taps - 1].y - first == (s.taps - 1) * channels;
    const int unrolled = dense && vectors > 1 ? s.taps & ~3 : 0;
#endif
    for (int c = 0; c < s.count; ++c, copy += s.c_step, weights += s.w_step) {
        int tap = 0;
#if LANES == 8
        for (; tap < unrolled; tap += 4) {
            __global const float *const w = weights + first + tap * channels;
#pragma unroll
            for (int i = 0; i < 4; ++i)
                add_tap(channels, vectors, sum, copy + s.table[tap + i].x, w + i * channels);
        }
#endif
#pragma unroll 1
        for (; tap < s.taps; ++tap) {
            const int2 offsets = s.table[tap];
            add_tap(channels, vectors, sum, copy + offsets.x, weights + offsets.y);
        }
    }
#pragma unroll
    for (int k = 0; k < 8; ++k)
#pragma unroll
        for (int v = 0; v < 6; ++v)
            if (k < channels && v < vectors)
                store_local(sum[k][v], line + k * s.line_floats + v * LANES);
}

/* All tiles of a line of `count`, a vector at a time where no more than `rest` are left: functions
 * of their own, as PoCL compiles a kernel three times. */
#define SUM_LINE(name, channels, vectors, rest)                                                    \
    static __attribute__((noinline)) void name(const band_sum *s, int count)                       \
    {                                                                                              \
        int at = 0;                                                                                \
        for (; at + (rest) < count; at += (vectors)*LANES)                                         \
            tile(channels, vectors, s, at);                                                        \
        for (; at < count; at += LANES)                                                            \
            tile(channels, 1, s, at);                                                              \
    }
#if LANES == 16
SUM_LINE(sum_line_8, 8, 3, 2 * LANES)
SUM_LINE(sum_line_4, 4, 6, 5 * LANES)
#else
SUM_LINE(sum_line_few, CHANNELS, CHANNELS == 4 ? 3 : CHANNELS == 3 ? 4 : 6, LANES)
#endif

static inline void sum_line(const band_sum *s, int channels, int count)
{
#if LANES == 16
    if (channels == 8)
        sum_line_8(s, count);
    else
        sum_line_4(s, count);
#else
    sum_line_few(s, count);
#endif
}
