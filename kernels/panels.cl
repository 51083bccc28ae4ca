/* panels: matrix product of weights and input windows with output pixels in vector registers, for
 * devices whose work-items own a wide vector unit (CPU devices). No barrier.
 *
 *   dst[n][k][i] = finish(sum over rows of weights[k][row] * window[row][pixel i of n])
 *
 * where a row is a tap and an input channel, and window[row][i] the input that pixel i needs of it.
 * A work-item computes up to PIXELS = VECTORS * LANES consecutive pixels of a phase, of all images
 * laid side by side, and a share of the output channels. It copies ROWS rows of its windows,
 * padding resolved, into a panel of __local memory, and multiplies them with the weights of
 * CHANNELS output channels at a time: CHANNELS * VECTORS accumulators, VECTORS vectors of the panel
 * and CHANNELS broadcasts a row. Sums wait for the
 * next panel in dst, or, where that would be value by value or strips overlap, in a workspace.
 *
 * Tensors   src N,C,D,H,W   dst N,K,O,P,Q
 *           packed [g][phase][panel][block of CHANNELS output channels][row of the panel]
 *           [CHANNELS], zero past K/G; a row is a tap and a c
 *           waiting, NULL or a workspace of PIXELS floats for each padded channel of each strip
 * Global    {phases * strips, shares of the blocks * G, 1 or N}: with 1 the strips are those of all
 *           images together, with N those of one
 * Local     {1, 1, 1}, 28 KiB of __local memory or less
 * Edges     A vector of a row is one or two runs of neighbouring inputs, or every other input, read
 * as vectors and masked; where there are more, or near the ends of src, it is read value by value.
 * Results of vectors that are not neighbours in dst are stored value by value. Source    Goto and
 * van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 34, 2008 (the packed
 * panel and its register blocks)
 */
#include "conv.h"

/* PADDING_MODE and EPILOGUE do not change the form: both cost a branch now and then. */
#ifndef LANES /* floats of a vector register: 8 or 16 */
#define LANES 8
#endif
#ifndef VECTORS /* vectors of pixels of a work-item: 2 to 8 */
#define VECTORS 3
#endif
#ifndef CHANNELS /* output channels of a register block: 1 to 16 */
#define CHANNELS 4
#endif
#ifndef ROWS /* of a panel */
#define ROWS 64
#endif
#if LANES == 16
typedef float16 vector;
typedef int16 ivector;
#define LANE_INDICES  (ivector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define VECTOR_LOAD   vload16
#define INDICES_STORE vstore16
#elif LANES == 8
typedef float8 vector;
typedef int8 ivector;
#define LANE_INDICES  (ivector)(0, 1, 2, 3, 4, 5, 6, 7)
#define VECTOR_LOAD   vload8
#define INDICES_STORE vstore8
#else
#error "LANES is 8 or 16"
#endif
#if VECTORS < 2 || VECTORS > 8 || CHANNELS < 1 || CHANNELS > 16
#error "VECTORS is 2 to 8, CHANNELS 1 to 16"
#endif

#define PIXELS (VECTORS * LANES)

/* Elements of a dst that is written past the caches: 8 MiB, more than a core has for itself. */
#define STREAMED (1l << 21)
#define INLINE   static inline __attribute__((always_inline))

/* ---- Taps ---- */

/* The first slot of a phase: slots are sorted by the class of the tap (t mod step) on each axis,
 * then by tap, so that the taps of a phase, which share a class, are neighbours. */
INLINE int class_start(int taps, int step, int class)
{
    return class * (taps / step) + min(class, taps % step);
}

INLINE int class_taps(int taps, int step, int class)
{
    return (taps - 1 - class) / step + 1;
}

/* The slot of the first tap of three classes of sizes `t`, `r` (taps of the class), where taps of
 * an axis' earlier classes are start_*, and R, S the kernel's sizes. */
INLINE int first_slot(int start_t, int t, int start_r, int r, int start_s, int R, int S)
{
    return (start_t * R + t * start_r) * S + t * r * start_s;
}

/* ---- The panel ---- */

/* A panel is some channels of all taps of the phase, so that what neighbouring taps read is still
 * in the cache, or, where that is more than ROWS rows, one channel of some taps. The last panel may
 * be smaller than the others. */
INLINE int channels_of_panel(int taps, int channels)
{
    const int most = max(ROWS / max(taps, 1), 1);
    const int panels = (channels + most - 1) / most;
    return (channels + panels - 1) / panels;
}

INLINE int taps_of_panel(int taps)
{
    const int panels = max((taps + ROWS - 1) / ROWS, 1);
    return max((taps + panels - 1) / panels, 1);
}

INLINE int lane_max(ivector x)
{
#if LANES == 16
    const int8 eight = max(x.lo, x.hi);
#else
    const int8 eight = x;
#endif
    const int4 quarter = max(eight.lo, eight.hi);
    const int2 pair = max(quarter.lo, quarter.hi);
    return max(pair.x, pair.y);
}

/* conv_pad_index of a vector. */
INLINE ivector pad_indices(ivector i, int size, int mode)
{
    if (mode == 1)
        i = select(select(i, 2 * size - 2 - i, i >= size), -i, i < 0);
    else if (mode == 2)
        i = clamp(i, 0, size - 1);
    else if (mode == 3)
        i = select(select(i, i - size, i >= size), i + size, i < 0);
    return select((ivector)(-1), i, (i >= 0) & (i < size));
}

/* LANES inputs, `step` (1 or 2) apart. */
INLINE vector load_run(__global const float *in, int step)
{
    const vector x = VECTOR_LOAD(0, in);
    if (step == 1)
        return x;
    const vector y = VECTOR_LOAD(1, in);
    return (vector)(x.even, y.even);
}

/* Fills a vector of `count` rows of the panel with channels from `start` on, an element of a src of
 * `total`. Lane j reads element a + j * step of the channel's plane where in_a, or b + j * step
 * where in_b, otherwise zero. */
INLINE void fill_runs(__local vector *panel, int count, __global const float *src, long start,
                      const long plane, const long total, const int a, const int b,
                      const ivector in_a, const ivector in_b, const int step)
{
    const long first = -(long)min(a, b), last = total - max(a, b) - step * LANES;
    const int whole = all(in_a) && start >= first && start + (count - 1) * plane <= last;
    if (whole && step == 1) {
        for (int i = 0; i < count; ++i, start += plane)
            panel[i * VECTORS] = VECTOR_LOAD(0, src + start + a);
        return;
    }
    if (whole) {
        for (int i = 0; i < count; ++i, start += plane)
            panel[i * VECTORS] = load_run(src + start + a, 2);
        return;
    }
    for (int i = 0; i < count; ++i, start += plane) {
        if (start >= first && start <= last) {
            vector x = select((vector)0.0f, load_run(src + start + a, step), in_a);
            if (a != b)
                x = select(x, load_run(src + start + b, step), in_b);
            panel[i * VECTORS] = x;
        } else { /* near the ends of src */
            __local float *to = (__local float *)(panel + i * VECTORS);
            int choice[LANES];
            INDICES_STORE(select(select((ivector)0, (ivector)2, in_b), (ivector)1, in_a), 0,
                          choice);
            for (int j = 0; j < LANES; ++j)
                to[j] = choice[j] == 0 ? 0.0f : src[start + (choice[j] == 1 ? a : b) + j * step];
        }
    }
}

/* The same where lane j reads element index[j] of a plane, or zero where that is negative, and
 * neighbouring pixels of an image row are `step` apart. */
INLINE void fill(__local vector *panel, int count, __global const float *src, long start,
                 const long plane, const long total, const ivector index, const int step)
{
    const ivector lowest = (ivector)(-0x7fffffff - 1);
    const ivector base = index - step * LANE_INDICES, valid = index >= 0;
    if (!any(valid)) {
        for (int i = 0; i < count; ++i)
            panel[i * VECTORS] = (vector)0.0f;
        return;
    }
    const int a = lane_max(select(lowest, base, valid));
    const int b = ~lane_max(select(lowest, ~base, valid));
    const ivector in_a = valid & (base == a), in_b = valid & (base == b);
    if (step <= 2 && all((in_a | in_b) == valid)) {
        fill_runs(panel, count, src, start, plane, total, a, b, in_a, in_b, step);
        return;
    }
    int lanes[LANES];
    INDICES_STORE(index, 0, lanes);
    for (int i = 0; i < count; ++i, start += plane) {
        __local float *to = (__local float *)(panel + i * VECTORS);
        for (int j = 0; j < LANES; ++j)
            to[j] = lanes[j] < 0 ? 0.0f : src[start + lanes[j]];
    }
}

/* ---- A register block ---- */

INLINE vector activate(vector x, int activation, float slope)
{
    switch (activation) { /* as conv_activate */
    case 1: return select(x, (vector)0.0f, x < 0.0f);
    case 2: return select(select(x, (vector)6.0f, x > 6.0f), (vector)0.0f, x < 0.0f);
    case 3: return select(x, slope * x, x < 0.0f);
    case 4: return 1.0f / (1.0f + exp(-x));
    case 5: return tanh(x);
    case 6: return x / (1.0f + exp(-x));
    default: return x;
    }
}

/* A vector store that is one instruction: vstore of PoCL 3.1 is several. */
typedef vector unaligned_vector __attribute__((aligned(4)));

INLINE void store(vector x, __global float *out)
{
    *(__global unaligned_vector *)out = x;
}

/* Past the caches: what stays in none of them is then not read before it is written. */
INLINE void store_streamed(vector x, __global float *out)
{
#if defined(__has_builtin) && __has_builtin(__builtin_nontemporal_store)
    __builtin_nontemporal_store(x, (__global vector *)out);
#else
    *(__global vector *)out = x;
#endif
}

/* Where the results of a strip go. */
typedef struct {
    long plane;      /* elements between output channels */
    int channels;    /* of the block, those that exist */
    int first, last; /* panel */
    int streamed;    /* past the caches: dst is large, and its vectors are aligned */
    int activation;
    float slope;
} block_place;

/* The block of CHANNELS sums for `vectors` vectors, a constant: begins with the bias (NULL: zero)
 * and ends in dst. Between panels it waits there, or in `waiting` if that is not NULL. */
INLINE void block(const int vectors, __local const vector *panel, __global const float *weights,
                  const int rows, __global const float *bias, __global float *out,
                  __global float *waiting, const block_place place, const int neighbours,
                  __local const int *offsets, __local vector *tile)
{
    vector sum[CHANNELS][VECTORS];
    const int direct = neighbours == (1 << vectors) - 1;

    if (place.first) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k) {
            const float start = bias != 0 ? bias[min(k, place.channels - 1)] : 0.0f;
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    sum[k][v] = (vector)(start);
        }
    } else if (waiting != 0) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    sum[k][v] = VECTOR_LOAD(k * VECTORS + v, waiting);
    } else if (direct) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    sum[k][v] = VECTOR_LOAD(0, out + min(k, place.channels - 1) * place.plane +
                                                   offsets[v * LANES]);
    } else {
        for (int k = 0; k < place.channels; ++k)
            for (int j = 0; j < vectors * LANES; ++j)
                ((__local float *)tile)[k * PIXELS + j] =
                    offsets[j] < 0 ? 0.0f : out[k * place.plane + offsets[j]];
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    sum[k][v] = tile[k * VECTORS + v];
    }

    for (int row = 0; row < rows; ++row) {
        vector x[VECTORS];
#pragma unroll
        for (int v = 0; v < VECTORS; ++v)
            if (v < vectors)
                x[v] = panel[row * VECTORS + v];
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k) {
            const vector w = (vector)(weights[row * CHANNELS + k]);
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    sum[k][v] = fma(w, x[v], sum[k][v]);
        }
    }

    if (waiting != 0 && !place.last) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
            for (int v = 0; v < VECTORS; ++v)
                if (v < vectors)
                    store(sum[k][v], waiting + (k * VECTORS + v) * LANES);
        return;
    }
    if (direct && place.last && place.activation == 0 && place.streamed) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
            if (k < place.channels)
#pragma unroll
                for (int v = 0; v < VECTORS; ++v)
                    if (v < vectors)
                        store_streamed(sum[k][v], out + k * place.plane + offsets[v * LANES]);
        return;
    }
    if (direct && !(place.last && place.activation != 0)) {
#pragma unroll
        for (int k = 0; k < CHANNELS; ++k)
            if (k < place.channels)
#pragma unroll
                for (int v = 0; v < VECTORS; ++v)
                    if (v < vectors)
                        store(sum[k][v], out + k * place.plane + offsets[v * LANES]);
        return;
    }
#pragma unroll
    for (int k = 0; k < CHANNELS; ++k)
#pragma unroll
        for (int v = 0; v < VECTORS; ++v)
            if (v < vectors)
                tile[k * VECTORS + v] = sum[k][v];
    for (int k = 0; k < place.channels; ++k)
        for (int v = 0; v < vectors; ++v) {
            if (place.last)
                tile[k * VECTORS + v] =
                    activate(tile[k * VECTORS + v], place.activation, place.slope);
            __global float *to = out + k * place.plane;
            if (neighbours >> v & 1)
                store(tile[k * VECTORS + v], to + offsets[v * LANES]);
            else
                for (int j = v * LANES; j < (v + 1) * LANES; ++j)
                    if (offsets[j] >= 0)
                        to[offsets[j]] = ((__local const float *)tile)[k * PIXELS + j];
        }
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
panels(const conv_args args, __global const float *restrict src,
       __global const float *restrict weights, __global const float *restrict bias,
       __global float *restrict dst, __global float *restrict waiting, const ulong waiting_offset)
{
    __local vector panel[ROWS * VECTORS], tile[CHANNELS * VECTORS];
    /* Of each pixel: its first input on each axis, its image (its first element in src, or -1 past
     * the last pixel), and its place in dst. */
    __local int in_d[PIXELS], in_h[PIXELS], in_w[PIXELS], images[PIXELS], offsets[PIXELS];

    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int padding_mode = args.padding_mode;
    const int phases_w = conv_phases(width), phases_h = conv_phases(height);
    const int phases = conv_phases(depth) * phases_h * phases_w;
    const int strips = (int)get_num_groups(0) / phases;
    const int phase = (int)get_group_id(0) / strips, strip = (int)get_group_id(0) % strips;
    const conv_view view_d = conv_view_make(depth, phase / phases_w / phases_h);
    const conv_view view_h = conv_view_make(height, phase / phases_w % phases_h);
    const conv_view view_w = conv_view_make(width, phase % phases_w);
    const int group_c = args.C / args.G, group_k = args.K / args.G;

    /* The pixels: strips are equal, in vectors, to one. A strip that takes more than its share
     * computes some of the next one's pixels, too, to the same bits. */
    const int together = get_num_groups(2) == 1;
    const long image_pixels = (long)view_d.out_count * view_h.out_count * view_w.out_count;
    const long pixels = image_pixels * (together ? args.N : 1);
    const long all_vectors = (pixels + LANES - 1) / LANES;
    const long first_vector = all_vectors * strip / strips;
    int vectors = (int)(all_vectors * (strip + 1) / strips - first_vector);
    if (vectors == 0)
        return;
    if (vectors < VECTORS - 1) /* a count that block() is compiled for */
        vectors = vectors > VECTORS / 2 ? VECTORS - 1 : VECTORS / 2;
    const long first_pixel = first_vector * LANES;
    const int live = (int)min((long)vectors * LANES, pixels - first_pixel);
    const int first_image = together ? (int)(first_pixel / image_pixels) : (int)get_group_id(2);

    const long plane = (long)depth.input * height.input * width.input;
    const long out_plane = (long)depth.output * height.output * width.output;
    const long total = plane * args.C * args.N;
    {
        const long pixel = first_pixel % image_pixels;
        int q = (int)(pixel % view_w.out_count), p = (int)(pixel / view_w.out_count);
        int o = p / view_h.out_count, image = 0;
        p %= view_h.out_count;
        for (int j = 0; j < vectors * LANES; ++j) {
            in_d[j] = view_d.in_first + o * view_d.in_step;
            in_h[j] = view_h.in_first + p * view_h.in_step;
            in_w[j] = view_w.in_first + q * view_w.in_step;
            images[j] = j < live ? image * (int)(args.C * plane) : -1;
            offsets[j] = j < live ? image * (int)(args.K * out_plane) +
                                        ((view_d.out_first + o * view_d.out_step) * height.output +
                                         view_h.out_first + p * view_h.out_step) *
                                            width.output +
                                        view_w.out_first + q * view_w.out_step
                                  : -1;
            if (++q == view_w.out_count) {
                q = 0;
                if (++p == view_h.out_count) {
                    p = 0;
                    if (++o == view_d.out_count) {
                        o = 0;
                        ++image;
                    }
                }
            }
        }
    }
    /* A bit for each vector whose pixels are neighbours in dst, and whose are of one row. */
    int neighbours = 0, one_row = 0;
    for (int v = 0; v < vectors; ++v) {
        const ivector to = VECTOR_LOAD(v, offsets), d = VECTOR_LOAD(v, in_d);
        const ivector h = VECTOR_LOAD(v, in_h), w = VECTOR_LOAD(v, in_w);
        const ivector image = VECTOR_LOAD(v, images);
        const int j = v * LANES;
        if (images[j + LANES - 1] < 0)
            continue;
        neighbours |= (all(to == offsets[j] + LANE_INDICES) != 0) << v;
        one_row |= all((d == in_d[j]) & (h == in_h[j]) & (image == images[j]) &
                       (w == in_w[j] + view_w.in_step * LANE_INDICES))
                   << v;
    }
    if (padding_mode != 0 || view_w.in_step > 2)
        one_row = 0;

    /* The blocks of output channels. */
    const int shares = (int)get_num_groups(1) / args.G;
    const int g = (int)get_group_id(1) / shares, share = (int)get_group_id(1) % shares;
    const int blocks = (group_k + CHANNELS - 1) / CHANNELS;
    const int first_block = (int)((long)blocks * share / shares);
    const int end_block = (int)((long)blocks * (share + 1) / shares);

    const int taps = depth.kernel_size * height.kernel_size * width.kernel_size;
    const int view_taps = view_d.taps * view_h.taps * view_w.taps;
    const int slot =
        view_taps == 0
            ? 0
            : first_slot(
                  class_start(depth.kernel_size, view_d.tap_step, view_d.tap_first), view_d.taps,
                  class_start(height.kernel_size, view_h.tap_step, view_h.tap_first), view_h.taps,
                  class_start(width.kernel_size, view_w.tap_step, view_w.tap_first),
                  height.kernel_size, width.kernel_size);
    weights += args.weights_offset + ((ulong)g * taps + slot) * group_c * blocks * CHANNELS;
    src += args.src_offset;
    bias = args.has_bias ? bias + args.bias_offset + g * group_k : 0;
    dst += args.dst_offset + ((long)first_image * args.K + (long)g * group_k) * out_plane;

    const int panel_c = channels_of_panel(view_taps, group_c),
              panel_taps = taps_of_panel(view_taps);
    const int tap_panels = max((view_taps + panel_taps - 1) / panel_taps, 1);
    const int panels = (group_c + panel_c - 1) / panel_c * tap_panels;
    const long group_src = ((long)first_image * args.C + (long)g * group_c) * plane;
    block_place place;
    place.plane = out_plane;
    place.activation = args.activation;
    place.slope = args.slope;
    place.streamed = out_plane * args.K * args.N >= STREAMED && image_pixels == out_plane &&
                     out_plane % LANES == 0 && (size_t)dst % sizeof(vector) == 0;

    if (waiting != 0)
        waiting += waiting_offset +
                   (((ulong)get_group_id(2) * args.G + g) * get_num_groups(0) + get_group_id(0)) *
                       blocks * CHANNELS * PIXELS;

    for (int n = 0; n < panels; ++n) {
        const int c = n / tap_panels * panel_c, channels = min(panel_c, group_c - c);
        const int first_tap = n % tap_panels * panel_taps;
        const int end_tap = min(first_tap + panel_taps, view_taps);
        const int rows = (end_tap - first_tap) * channels;
        const long start = group_src + c * plane;
        for (int tap = first_tap; tap < end_tap; ++tap) {
            const int s = tap % view_w.taps, r = tap / view_w.taps % view_h.taps;
            const int t = tap / view_w.taps / view_h.taps;
            for (int v = 0; v < vectors; ++v) {
                __local vector *to = panel + (tap - first_tap) * channels * VECTORS + v;
                if (one_row >> v & 1) {
                    const int j = v * LANES, w = in_w[j] + s * view_w.in_tap;
                    const int d = in_d[j] + t * view_d.in_tap, h = in_h[j] + r * view_h.in_tap;
                    const ivector lane_w = w + view_w.in_step * LANE_INDICES;
                    const ivector inside = (lane_w >= 0) & (lane_w < width.input);
                    if (d >= 0 && d < depth.input && h >= 0 && h < height.input && any(inside)) {
                        const int a = (d * height.input + h) * width.input + w + images[j];
                        fill_runs(to, channels, src, start, plane, total, a, a, inside, inside,
                                  view_w.in_step);
                    } else {
                        for (int i = 0; i < channels; ++i)
                            to[i * VECTORS] = (vector)0.0f;
                    }
                    continue;
                }
                const ivector image = VECTOR_LOAD(v, images);
                const ivector d = pad_indices(VECTOR_LOAD(v, in_d) + t * view_d.in_tap, depth.input,
                                              padding_mode);
                const ivector h = pad_indices(VECTOR_LOAD(v, in_h) + r * view_h.in_tap,
                                              height.input, padding_mode);
                const ivector w = pad_indices(VECTOR_LOAD(v, in_w) + s * view_w.in_tap, width.input,
                                              padding_mode);
                const ivector index = select((d * height.input + h) * width.input + w + image,
                                             (ivector)(-1), (d | h | w | image) < 0);
                fill(to, channels, src, start, plane, total, index, view_w.in_step);
            }
        }
        place.first = n == 0;
        place.last = n == panels - 1;
        for (int b = first_block; b < end_block; ++b) {
            const long first_row = ((long)c * view_taps + first_tap * channels) * blocks;
            __global const float *w = weights + (first_row + (long)b * rows) * CHANNELS;
            __global const float *block_bias = bias != 0 ? bias + b * CHANNELS : 0;
            __global float *out = dst + b * CHANNELS * out_plane;
            __global float *wait = waiting != 0 ? waiting + (long)b * CHANNELS * PIXELS : 0;
            place.channels = min(group_k - b * CHANNELS, CHANNELS);
            if (vectors == VECTORS)
                block(VECTORS, panel, w, rows, block_bias, out, wait, place, neighbours, offsets,
                      tile);
            else if (vectors == VECTORS - 1)
                block(VECTORS - 1, panel, w, rows, block_bias, out, wait, place, neighbours,
                      offsets, tile);
            else
                block(VECTORS / 2, panel, w, rows, block_bias, out, wait, place, neighbours,
                      offsets, tile);
        }
    }
}

/* Global {K/G rounded up to blocks, C/G, taps * G}, local {CHANNELS, 1, 1}. */
__kernel __attribute__((reqd_work_group_size(CHANNELS, 1, 1))) void
pack(const conv_args args, __global const float *restrict weights, __global float *restrict packed,
     ulong packed_offset)
{
    const int T = args.axis[0].kernel_size, R = args.axis[1].kernel_size;
    const int S = args.axis[2].kernel_size, taps = T * R * S;
    const int group_c = args.C / args.G, group_k = args.K / args.G;
    const int k = get_global_id(0), c = get_global_id(1);
    const int g = get_global_id(2) / taps, tap = get_global_id(2) % taps;
    const int s = tap % S, r = tap / S % R, t = tap / S / R;
    const int step_t = conv_view_make(args.axis[0], 0).tap_step;
    const int step_r = conv_view_make(args.axis[1], 0).tap_step;
    const int step_s = conv_view_make(args.axis[2], 0).tap_step;
    const int taps_t = class_taps(T, step_t, t % step_t);
    const int taps_r = class_taps(R, step_r, r % step_r);
    const int taps_s = class_taps(S, step_s, s % step_s);
    const int first =
        first_slot(class_start(T, step_t, t % step_t), taps_t, class_start(R, step_r, r % step_r),
                   taps_r, class_start(S, step_s, s % step_s), R, S);
    const int phase_taps = taps_t * taps_r * taps_s;
    const int phase_tap = (t / step_t * taps_r + r / step_r) * taps_s + s / step_s;
    const int panel_c = channels_of_panel(phase_taps, group_c);
    const int panel_taps = taps_of_panel(phase_taps);
    const int first_c = c - c % panel_c, first_tap = phase_tap - phase_tap % panel_taps;
    const int channels = min(panel_c, group_c - first_c);
    const int rows = min(panel_taps, phase_taps - first_tap) * channels; /* of the panel */
    const int row = (phase_tap - first_tap) * channels + c - first_c;
    const ulong blocks = get_global_size(0) / CHANNELS;
    const ulong panel =
        (((ulong)g * taps + first) * group_c + (ulong)first_c * phase_taps + first_tap * channels) *
        blocks;
#if TRANSPOSED
    const ulong filter = ((ulong)g * group_c + c) * group_k + k;
#else
    const ulong filter = ((ulong)g * group_k + k) * group_c + c;
#endif
    packed[packed_offset + (panel + (ulong)(k / CHANNELS) * rows + row) * CHANNELS + k % CHANNELS] =
        k < group_k ? weights[args.weights_offset + filter * taps + tap] : 0.0f;
}
