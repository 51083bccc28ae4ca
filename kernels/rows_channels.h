/* CHANNELS: 8 channels side by side, each in a lane of its own, in two dimensions. Whatever the
 * kernel, the stride and the dilation, a tap is a vector of weights times the vectors of pixels,
 * so no lane is masked or left over, and small planes fill a vector as well as large ones. In
 * return all that is read and written is transposed (rows_transpose.h).
 *
 * A unit of work is a band of output rows of 8 channels of an image. The input rows that it reads
 * are transposed to private memory, which the first-level cache holds, with the padding beside
 * them. Where the channels are no multiple of 8, the last 8 overlap with those before them, and
 * only the new ones are stored.
 *
 * KERNEL is 3, 5 or 7, with the taps of a row in registers, or 0 for any kernel and stride. */

#include "rows_transpose.h"

/* Floats of the copy, of the taps and of the results of some rows; see has_channels() of
 * host/conv/rows.c. */
#define COPY_FLOATS   8192
#define TAP_FLOATS    2048
#define RESULT_FLOATS 2048

/* Columns that are summed together: 7 divides the sizes that images are halved to. With the taps
 * of a row and an input they are at most 15 registers. */
#define BLOCK 7

/* Output rows of a unit, and the copy of what they read. */
typedef struct {
    conv_axis height, width;
    int rows, h;   /* output rows; input row of the first one's tap 0 */
    int low, high; /* input rows that are there, in the copy from `low` on */
    int pitch;     /* floats of a row of the copy */
    vector shift;  /* what a sum starts from */
    int activation;
    float slope;
} channel_band;

/* Steps of `dilation` that `distance` takes; divisions are slow. */
INLINE int dilated_steps(int distance, int dilation)
{
    return dilation == 1 ? distance : divide_up(distance, dilation);
}

/* Adds the products of `rows` rows of the kernel; `line` is at tap 0 of the first column. */
INLINE void sum_block(vector sum[BLOCK], const channel_band *b, const float *line, const float *tap,
                      int rows)
{
    const int line_step = b->height.dilation * b->pitch;
#if KERNEL
    for (; rows > 0; --rows, line += line_step, tap += KERNEL * LANES) {
        const vector *const in = (const vector *)line;
        vector weight[KERNEL];
#pragma unroll
        for (int s = 0; s < KERNEL; ++s)
            weight[s] = ((const vector *)tap)[s];
#pragma unroll
        for (int j = 0; j < (BLOCK - 1) * STRIDE + KERNEL; ++j) {
            const vector value = in[j];
#pragma unroll
            for (int i = 0; i < BLOCK; ++i) {
                const int s = j - i * STRIDE;
                if (s >= 0 && s < KERNEL)
                    sum[i] = fma(value, weight[s], sum[i]);
            }
        }
    }
#else
    const int S = b->width.kernel_size, stride = b->width.stride, dilation = b->width.dilation;
    for (; rows > 0; --rows, line += line_step) {
        const vector *in = (const vector *)line;
        for (int s = 0; s < S; ++s, in += dilation, tap += LANES) {
            const vector weight = *(const vector *)tap;
#pragma unroll
            for (int i = 0; i < BLOCK; ++i)
                sum[i] = fma(in[i * stride], weight, sum[i]);
        }
    }
#endif
}

CALLED void activate_results(vector *results, int count, int activation, float slope)
{
    if (activation <= RECTIFIERS)
        for (int i = 0; i < count; ++i)
            results[i] = rectify(results[i], activation, slope);
    else
        for (int i = 0; i < count; ++i)
            results[i] = activate(results[i], activation, slope);
}

/* All rows of a band: a vector for each column, then those of the next row. The last block of a row
 * is moved back to end with it; that of a row shorter than BLOCK runs into the next one's, which
 * are stored after it. */
CALLED void sum_rows(const channel_band *given, const float *copy, const float *taps,
                     vector *results)
{
    const channel_band b = *given;
    const int Q = b.width.output, R = b.height.kernel_size, S = b.width.kernel_size;
    const int dilation = b.height.dilation, last = max(Q - BLOCK, 0);
    const int step = LANES * (KERNEL ? STRIDE : b.width.stride);
    int h = b.h;
    vector *out = results;
    for (int p = 0; p < b.rows; ++p, h += b.height.stride, out += Q) {
        const int first = h < b.low ? dilated_steps(b.low - h, dilation) : 0;
        const int end = min(R, dilated_steps(b.high - h, dilation));
        const float *line = copy + (h + first * dilation - b.low) * b.pitch;
        for (int q = 0; q < Q; q += BLOCK) {
            const int column = min(q, last);
            vector sum[BLOCK];
#pragma unroll
            for (int i = 0; i < BLOCK; ++i)
                sum[i] = b.shift;
            sum_block(sum, &b, line + column * step, taps + first * S * LANES, end - first);
#pragma unroll
            for (int i = 0; i < BLOCK; ++i)
                out[column + i] = sum[i];
        }
    }
    if (b.activation != 0)
        activate_results(results, b.rows * Q, b.activation, b.slope);
}

/* The input rows of a band, those in the padding only where it is not zero; `src` is at the first
 * of the channels. */
INLINE void copy_band(float *copy, const channel_band *b, __global const float *src,
                      const conv_args *args)
{
    const int H = b->height.input, W = b->width.input, pitch = b->pitch;
    const long in_plane = (long)H * W;
    float *const to = copy + b->width.padding * LANES;
#if PADDING_MODE
    const int mode = args->padding_mode, left = -b->width.padding, right = pitch / LANES + left;
    for (int h = b->low; h < b->high; ++h) {
        float *const line = to + (h - b->low) * pitch;
        vector *const pixels = (vector *)line;
        gather(line, 0, src + conv_pad_index(h, H, mode) * W, 0, in_plane, W, 1);
        for (int w = left; w < 0; ++w)
            pixels[w] = pixels[conv_pad_index(w, W, mode)];
        for (int w = W; w < right; ++w)
            pixels[w] = pixels[conv_pad_index(w, W, mode)];
    }
#else
    gather(to, pitch, src + (long)b->low * W, W, in_plane, W, b->high - b->low);
#endif
}

/* The parts from `first` up to `last` of the whole. */
CALLED void compute(const conv_args *given, __global const float *src,
                    __global const float *weights, __global const float *bias, __global float *dst,
                    ulong first, ulong last, ulong parts)
{
    float __attribute__((aligned(64))) copy[COPY_FLOATS];
    float __attribute__((aligned(64))) taps[TAP_FLOATS];
    vector results[RESULT_FLOATS / LANES];
    const conv_args args = *given;
    const conv_axis height = args.axis[1], width = args.axis[2];
    const int C = args.C, m = args.K / C, R = height.kernel_size, S = width.kernel_size;
    const int P = height.output, Q = width.output;
    const long in_plane = (long)height.input * width.input, out_plane = (long)P * Q;
    const ulong groups = (ulong)args.N * (ulong)divide_up(C, LANES);
    const int reach_h = (R - 1) * height.dilation + 1, reach_w = (S - 1) * width.dilation + 1;
    channel_band b;
    b.height = height;
    b.width = width;
    b.activation = args.activation;
    b.slope = args.slope;
    b.pitch = LANES * max((Q - 1) * width.stride + reach_w, width.padding + width.input);
    const int beyond = max(BLOCK - Q, 0) * width.stride * LANES; /* of blocks wider than a row */
    const int most = ((COPY_FLOATS - beyond) / b.pitch - reach_h) / height.stride + 1;
    int bands = divide_up(P, most);
    if (groups * (ulong)bands < parts)
        bands = (int)min((ulong)P, (parts + groups - 1) / groups);
    const int band_rows = divide_up(P, bands);
    bands = divide_up(P, band_rows);
    const int run = min(band_rows, (RESULT_FLOATS / LANES - BLOCK) / Q); /* rows of results */
    const int copied = ((band_rows - 1) * height.stride + reach_h) * b.pitch + beyond;
    for (int i = 0; i < copied; i += LANES)
        *(vector *)(copy + i) = (vector)(0.0f);
    src += args.src_offset;
    dst += args.dst_offset;
    weights += args.weights_offset;
    bias += args.bias_offset;
    const ulong units = groups * (ulong)bands, end = units * last / parts;
    for (ulong unit = units * first / parts; unit < end; ++unit) {
        const ulong group = unit / (ulong)bands;
        const int band = (int)(unit - group * (ulong)bands);
        const int n = (int)(group / (ulong)divide_up(C, LANES));
        const int from = (int)(group - (ulong)n * (ulong)divide_up(C, LANES)) * LANES;
        const int c = min(from, C - LANES);
        const int p_end = min((band + 1) * band_rows, P);
        b.low = band * band_rows * height.stride - height.padding;
        b.high = (p_end - 1) * height.stride - height.padding + reach_h;
#if !PADDING_MODE
        b.low = max(b.low, 0);
        b.high = min(b.high, height.input);
#endif
        const long plane = (long)n * C + c;
        copy_band(copy, &b, src + plane * in_plane, &args);
        for (int filter = c * m; filter < c * m + m; ++filter) {
            const long out = (plane * m + (filter - c * m)) * out_plane;
            gather(taps, 0, weights + (long)filter * (R * S), 0, (long)m * (R * S), R * S, 1);
            b.shift = (vector)(0.0f);
            if (args.has_bias)
                gather((float *)&b.shift, 0, bias + filter, 0, m, 1, 1);
            for (int p = band * band_rows; p < p_end; p += run) {
                b.rows = min(run, p_end - p);
                b.h = p * height.stride - height.padding;
                sum_rows(&b, copy, taps, results);
                scatter(dst + (out + (long)p * Q), m * out_plane, (const float *)results,
                        b.rows * Q, from - c);
            }
        }
    }
}
