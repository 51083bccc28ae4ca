/* The register block of panels.cl where vectors are of 16 lanes. */

#define IN_REGISTERS 0 /* activations up to this one, none, are applied to sums in registers */

#define FEWEST_VECTORS (VECTORS / 2) /* that products are compiled for */

/* Adds the panel's products to the sums of `channels` output channels, at most CHANNELS, and
 * `vectors` vectors, a constant. Sums begin with the bias (NULL: zero); they wait for the next
 * panel, or for finish_block(), in `kept`. */
INLINE void add_block(const int vectors, const strip_place *strip, __global const float *weights,
                      const int channels, __global const float *bias, __global float *out,
                      __local float *kept)
{
    vector sum[CHANNELS][VECTORS];
    __local const float *panel = strip->panel;
    const int rows = strip->rows;

    if (strip->first) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k) {
            const float start = bias != 0 ? bias[min(k, channels - 1)] : 0.0f;
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

    for (int row = 0; row < rows; ++row) {
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
        panel += PIXELS;
        weights += CHANNELS;
    }

    if (!strip->last || !strip->in_registers) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    store_local(sum[k][v], kept + (k * VECTORS + v) * LANES);
        return;
    }
    const long plane = strip->plane;
    __local const int *const offsets = strip->offsets;
    if (strip->streamed) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
            if (k < channels)
#pragma unroll
                for (int v = 0; v < VECTORS; ++v)
                    if (v < vectors)
                        store_streamed(sum[k][v], out + k * plane + offsets[v * LANES]);
        return;
    }
#pragma unroll
    for (int k = 0; k < CHANNELS; ++k)
        if (k < channels)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    store(sum[k][v], out + k * plane + offsets[v * LANES]);
}

NOINLINE void add_whole(const strip_place *strip, __global const float *weights, int channels,
                        __global const float *bias, __global float *out, __local float *kept)
{
    add_block(VECTORS, strip, weights, channels, bias, out, kept);
}

NOINLINE void add_narrow(const strip_place *strip, __global const float *weights, int channels,
                         __global const float *bias, __global float *out, __local float *kept)
{
    add_block(VECTORS - 1, strip, weights, channels, bias, out, kept);
}

NOINLINE void add_half(const strip_place *strip, __global const float *weights, int channels,
                       __global const float *bias, __global float *out, __local float *kept)
{
    add_block(VECTORS / 2, strip, weights, channels, bias, out, kept);
}
