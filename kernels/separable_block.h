/* The pointwise stage of separable.cl: a register block of CHANNELS output channels and a tile of
 * some vectors of pixels, summed over all input channels. */

#if LANES == 16
#define CHANNELS 8
#else
#define CHANNELS 4
#endif
#define VECTORS 3 /* of a tile, at most */
#define AHEAD   8 /* channels of the panel are fetched so many before they are used */

/* A band, of which a tile begins at the first pixel of `panel` and `dst`. */
typedef struct {
    __global const float *panel;
    __global const float *weights;
    __global const float *bias; /* NULL: none */
    __global float *dst;
    long plane; /* elements of dst between output channels */
    int pitch;  /* floats of the panel between input channels */
    int in_channels, out_channels;
    int pixels;   /* from the tile's first on */
    int streamed; /* past the caches */
    int activation;
    float slope;
} separable_tile;

/* `out` is aligned to a vector. */
INLINE void store_streamed(vector x, __global float *out)
{
#if defined(__has_builtin) && __has_builtin(__builtin_nontemporal_store)
    __builtin_nontemporal_store(x, (__global vector *)out);
#else
    *(__global vector *)out = x;
#endif
}

/* Stores sums [channel][VECTORS * LANES], rectified already, of `live` channels from k on, `pixels`
 * of each. */
CALLED void finish_block(const separable_tile *tile, const int k, const int live, const int pixels,
                         const float *sums)
{
    const int activation = tile->activation > RECTIFIERS ? tile->activation : 0;
    const float slope = tile->slope;
    for (int i = 0; i < live; ++i) {
        __global float *const out = tile->dst + (k + i) * tile->plane;
        for (int j = 0; j < pixels; j += LANES) {
            const vector x = *(const unaligned_vector *)(sums + (i * VECTORS * LANES + j));
            store_part(activate(x, activation, slope), min(pixels - j, LANES), out + j, 0);
        }
    }
}

/* Fetches the weights of a block, which begins with output channel k, into the caches: its rows are
 * too short for the hardware's own prefetchers. */
INLINE void fetch_weights(const separable_tile *tile, const int k)
{
    for (int i = k; i < min(k + CHANNELS, tile->out_channels); ++i)
        for (int c = 0; c < tile->in_channels; c += 16)
            prefetch_line(tile->weights + (long)i * tile->in_channels + c);
}

/* Output channels k to k + CHANNELS of a tile of `vectors` vectors, a constant. Past the last
 * channel the sums are those of the last, and not stored. */
INLINE void compute_block(const int vectors, const separable_tile *given, const int k)
{
    const separable_tile tile = *given;
    const int live = min(tile.out_channels - k, CHANNELS);
    __global const float *panel = tile.panel, *weights[CHANNELS];
    vector sum[CHANNELS][VECTORS];
#pragma unroll
    for (int i = 0; i < CHANNELS; ++i) {
        const int row = k + min(i, live - 1);
        const float start = tile.bias != 0 ? tile.bias[row] : 0.0f;
        weights[i] = tile.weights + (long)row * tile.in_channels;
#pragma unroll
        for (int v = 0; v < VECTORS; ++v)
            if (v < vectors)
                sum[i][v] = (vector)(start);
    }
#pragma unroll 1
    for (int c = 0; c < tile.in_channels; ++c, panel += tile.pitch) {
        vector x[VECTORS];
#pragma unroll
        for (int v = 0; v < VECTORS; ++v)
            if (v < vectors)
                x[v] = load(panel + v * LANES);
#pragma unroll
        for (int line = 0; line < VECTORS * LANES; line += 16)
            prefetch_line(panel + AHEAD * tile.pitch + line);
#pragma unroll
        for (int i = 0; i < CHANNELS; ++i) {
            const vector w = (vector)(weights[i][c]);
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    sum[i][v] = fma(w, x[v], sum[i][v]);
        }
    }
    if (tile.activation >= 1 && tile.activation <= RECTIFIERS) {
#pragma unroll
        for (int i = 0; i < CHANNELS; ++i)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    sum[i][v] = rectify(sum[i][v], tile.activation, tile.slope);
    }
    if (live < CHANNELS || tile.activation > RECTIFIERS || tile.pixels < vectors * LANES) {
        float sums[CHANNELS * VECTORS * LANES];
#pragma unroll
        for (int i = 0; i < CHANNELS; ++i)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    *(unaligned_vector *)(sums + (i * VECTORS + v) * LANES) = sum[i][v];
        finish_block(&tile, k, live, min(tile.pixels, vectors * LANES), sums);
        return;
    }
#pragma unroll
    for (int i = 0; i < CHANNELS; ++i) {
        __global float *const out = tile.dst + (k + i) * tile.plane;
#pragma unroll
        for (int v = 0; v < VECTORS; ++v)
            if (v < vectors) {
                if (tile.streamed)
                    store_streamed(sum[i][v], out + v * LANES);
                else
                    store_rows(sum[i][v], out + v * LANES, 0);
            }
    }
}

/* A block of a tile of so many vectors: functions of their own, as PoCL compiles a kernel three
 * times. */
CALLED void compute_whole(const separable_tile *tile, const int k)
{
    compute_block(VECTORS, tile, k);
}

CALLED void compute_vector(const separable_tile *tile, const int k)
{
    compute_block(1, tile, k);
}

/* All blocks of a band of `pixels`, whose first tile is given. */
INLINE void compute_blocks(separable_tile tile, const int pixels)
{
    __global const float *const panel = tile.panel;
    __global float *const dst = tile.dst;
    for (int k = 0; k < tile.out_channels; k += CHANNELS) {
        fetch_weights(&tile, k + CHANNELS);
        int first = 0;
        for (; first + VECTORS * LANES <= pixels; first += VECTORS * LANES) {
            tile.panel = panel + first;
            tile.dst = dst + first;
            tile.pixels = pixels - first;
            compute_whole(&tile, k);
        }
        for (; first < pixels; first += LANES) {
            tile.panel = panel + first;
            tile.dst = dst + first;
            tile.pixels = pixels - first;
            compute_vector(&tile, k);
        }
    }
}
