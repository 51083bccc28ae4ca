/* The register block of panels.cl: a panel times the weights of CHANNELS output channels. */

/* Where the sums of a strip begin and end. */
typedef struct {
    __local const float *panel;
    int rows;                   /* of the panel */
    int first, last;            /* panel of the strip */
    long plane;                 /* elements of dst between output channels */
    __local const int *offsets; /* of each pixel in a channel of dst, or -1 */
    int neighbours;             /* a bit for each vector whose pixels are neighbours in dst */
    int in_registers;           /* whether results go to dst from registers */
    int streamed;               /* past the caches: dst is large, and its vectors are aligned */
    int activation;
    float slope;
} strip_place;

#include "activation.h"

/* Results of sums that are complete in `kept`. */
NOINLINE void finish_block(const strip_place *strip, const int vectors, const int channels,
                           __global float *out, __local const float *kept)
{
    const long plane = strip->plane;
    const int neighbours = strip->neighbours, activation = strip->activation;
    const float slope = strip->slope;
    __local const int *const offsets = strip->offsets;

    for (int k = 0; k < channels; ++k, out += plane)
        for (int v = 0; v < vectors; ++v) {
            const vector x =
                activate(load_local(kept + (k * VECTORS + v) * LANES), activation, slope);
            __local const int *const places = offsets + v * LANES;
            if (neighbours >> v & 1) {
                store(x, out + places[0]);
                continue;
            }
            float lanes[LANES];
            store_lanes(x, lanes);
            if (places[LANES - 1] >= 0) {
                /* Volatile: Intel's compiler would scatter, which takes longer. */
                __global volatile float *const to = out;
#pragma unroll
                for (int j = 0; j < LANES; ++j)
                    to[places[j]] = lanes[j];
                continue;
            }
            for (int j = 0; j < LANES; ++j) /* past the last pixel */
                if (places[j] >= 0)
                    out[places[j]] = lanes[j];
        }
}
