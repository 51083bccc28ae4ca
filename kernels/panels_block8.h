/* The register block of panels.cl where vectors are of 8 lanes: 12 accumulators of 16 registers.
 * Rows are few or blocks small there, so that one function goes through all blocks of a share and
 * keeps what does not change between them in registers. */

/* The fewest vectors that products are compiled for: as fast as fewer, whose few sums would wait
 * for each other. */
#define FEWEST_VECTORS (VECTORS - 1)

/* The panel's products with a block of CHANNELS output channels, added to `sum`. The factors that
 * are fewer stay in registers, the others pass through one. */
INLINE void add_products(const int vectors, __local const float *panel,
                         __global const float *weights, const int rows,
                         vector sum[CHANNELS][VECTORS])
{
    for (int row = 0; row < rows; ++row) {
#if VECTORS > CHANNELS
        vector w[CHANNELS];
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
            w[k] = (vector)(weights[k]);
#pragma unroll
        for (int v = 0; v < VECTORS; ++v)
            if (v < vectors) {
                const vector x = load_local(panel + v * LANES);
#pragma unroll
                for (int k = 0; k < CHANNELS; ++k)
                    sum[k][v] = fma(w[k], x, sum[k][v]);
            }
#else
        vector x[VECTORS];
#pragma unroll
        for (int v = 0; v < VECTORS; ++v)
            if (v < vectors)
                x[v] = load_local(panel + v * LANES);
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k) {
            const vector w = (vector)(weights[k]);
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    sum[k][v] = fma(w, x[v], sum[k][v]);
        }
#endif
        panel += PIXELS;
        weights += CHANNELS;
    }
}

#define IN_REGISTERS RECTIFIERS /* activations up to this one are applied to sums in registers */

/* Adds the panel's products to the sums of `channels` output channels, from `weights`, `bias` (or
 * NULL: zero) and `out` on, and `vectors` vectors, a constant. Sums that are not complete wait in
 * `kept`, where one block's are `pitch` after the other's; those that are not to be stored as they
 * are pass through it. */
INLINE void add_blocks(const int vectors, const strip_place *strip, __global const float *weights,
                       int channels, __global const float *bias, __global float *out,
                       __local float *kept, const int pitch, lines_ahead *ahead)
{
    const int all_lines = ahead->lines * ahead->channels * ahead->rows * ahead->planes;
    const int block_lines = all_lines * CHANNELS / channels + (all_lines > 0);
    int lines_due = 0;
    const int rows = strip->rows, first = strip->first, last = strip->last;
    const int in_registers = strip->in_registers, streamed = LINE_VECTORS > 0 && strip->streamed;
    const long plane = strip->plane;
    __local const float *const panel = strip->panel;
    int to[VECTORS];
#pragma unroll
    for (int v = 0; v < VECTORS; ++v)
        to[v] = v < vectors ? strip->offsets[v * LANES] : 0;

    for (; channels > 0; channels -= CHANNELS, kept += pitch) {
        vector sum[CHANNELS][VECTORS];
        lines_due += block_lines;
        if (lines_due >= 8) {
            fetch_ahead(ahead, lines_due);
            lines_due = 0;
        }
        if (first) {
#pragma unroll
            for (int k = 0; k < CHANNELS; ++k) {
                const float start = bias != 0 && k < channels ? bias[k] : 0.0f;
#pragma unroll
                for (int v = 0; v < VECTORS; ++v)
                    if (v < vectors)
                        sum[k][v] = (vector)(start);
            }
        } else {
#pragma unroll
            for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
                for (int v = 0; v < VECTORS; ++v)
                    if (v < vectors)
                        sum[k][v] = load_local(kept + (k * VECTORS + v) * LANES);
        }
        add_products(vectors, panel, weights, rows, sum);
        if (last && in_registers) {
            if (strip->activation != 0)
#pragma unroll
                for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
                    for (int v = 0; v < VECTORS; ++v)
                        if (v < vectors)
                            sum[k][v] = rectify(sum[k][v], strip->activation, strip->slope);
#pragma unroll
            for (int k = 0; k < CHANNELS; ++k)
                if (k < channels) {
                    if (streamed) {
#pragma unroll
                        for (int v = 0; v < VECTORS; ++v)
                            if (v < vectors)
                                store_streamed(sum[k][v], out + k * plane + to[v]);
                    } else {
#pragma unroll
                        for (int v = 0; v < VECTORS; ++v)
                            if (v < vectors)
                                store(sum[k][v], out + k * plane + to[v]);
                    }
                }
        } else {
#pragma unroll
            for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
                for (int v = 0; v < VECTORS; ++v)
                    if (v < vectors)
                        store_local(sum[k][v], kept + (k * VECTORS + v) * LANES);
            if (last)
                finish_block(strip, vectors, min(channels, CHANNELS), out, kept);
        }
        weights += rows * CHANNELS;
        out += CHANNELS * plane;
        if (bias != 0)
            bias += CHANNELS;
    }
}

NOINLINE void add_whole(const strip_place *strip, __global const float *weights, int channels,
                        __global const float *bias, __global float *out, __local float *kept,
                        int pitch, lines_ahead *ahead)
{
    add_blocks(VECTORS, strip, weights, channels, bias, out, kept, pitch, ahead);
}

NOINLINE void add_narrow(const strip_place *strip, __global const float *weights, int channels,
                         __global const float *bias, __global float *out, __local float *kept,
                         int pitch, lines_ahead *ahead)
{
    add_blocks(VECTORS - 1, strip, weights, channels, bias, out, kept, pitch, ahead);
}
