/* bands: direct convolution with output pixels in vector registers, for devices whose work-items
 * own a wide vector unit (CPU devices). No barrier. Convolutions and transposed ones.
 *
 *   dst[n][k][o][p][q] = finish(sum over c, t, r, s of src[n][c][..][..][..]
 *                                                     * weights[k][c][t][r][s])
 *
 * Band      A task computes `rows` x `cols` outputs of one image, of one phase of the depth and of
 *           the height and of all phases of the width, for `blocks` blocks of output channels.
 * Copy      `chunk` input channels at a time, of the inputs that the band reads, padding resolved.
 *           Inputs of a strided axis are sorted by their index modulo the stride, so that those
 *           that neighbouring outputs read for a tap are neighbours; a row has `pitch` inputs.
 * Line      Output (p, q) of the band is number p * pitch + q of a line, and reads the copy there
 *           and a constant of the tap further on: vectors run over the ends of rows, and what lies
 *           between them is computed in vain.
 * Tile      channels x VECTORS accumulators; a tap takes VECTORS vectors of the copy and as many
 *           broadcasts as channels. Sums wait in the line for the next chunk.
 * Store     Row by row; the lines of phases of the width are interleaved.
 *
 * Tensors   src N,C,D,H,W   dst N,K,O,P,Q
 *           packed [g][block of channels][phase][c][tap of the phase][channel], zero past K/G
 *           scratch: tiling.local_floats
 * Global    {work-items, 1, 1}: a task each, but for the first ones, which are empty
 * Local     {1, 1, 1}
 * Edges     Taps that read nothing but zero padding for the whole band are left out.
 */
#ifndef TRANSPOSED /* 0: convolution; 1: transposed convolution */
#define TRANSPOSED 0
#endif
#ifndef STRIDED /* 0: no axis has a stride, or it is TRANSPOSED; 1: any may */
#define STRIDED (!TRANSPOSED)
#endif
#if STRIDED && TRANSPOSED
#error "a transposed convolution has no strides in its inputs"
#endif
#define PADDING_MODE (!TRANSPOSED) /* EPILOGUE does not change the form: it costs a branch */
#include "conv.h"

#ifndef LANES /* floats of a vector register: 8 or 16 */
#define LANES 8
#endif
#ifndef CHANNELS /* output channels of a block, with 8 lanes: 1 to 4; with 16 the host says */
#define CHANNELS 4
#endif
#if CHANNELS < 1 || CHANNELS > 4
#error "CHANNELS is 1 to 4"
#endif
#include "panels_vector.h"

#include "bands_axis.h"
#include "bands_tile.h"

#include "bands_copy.h"

/* Mirrors struct tiling of host/conv/bands.c. */
typedef struct {
    int rows, cols; /* outputs of a band, of a phase */
    int chunk;      /* input channels copied at a time */
    int blocks;     /* blocks of output channels of a task */
    int channels;   /* output channels of a block: CHANNELS, or 4 or 8 with 16 lanes */
    int tasks;
    int line_floats; /* of a line */
    /* Parts of the __local memory, in floats; the table of taps is at its beginning. */
    int phases_at, rows_at, panel_at, lines_at, local_floats;
} bands_tiling;

/* ---- Storing ---- */

/* Elements of a dst that is written past the caches: 8 MiB, more than a core has for itself. */
#define STREAMED (1l << 21)

#include "activation.h"

/* The activation of `count` sums, whole vectors. */
NOINLINE void activate_sums(__local float *sums, int count, int activation, float slope)
{
    for (int i = 0; i < count; i += LANES)
        store_local(activate(load_local(sums + i), activation, slope), sums + i);
}

/* `streamed`: past the caches, where `out` is aligned. */
INLINE void store_vector(vector x, __global float *out, const int streamed)
{
    if (streamed)
        store_streamed(x, out);
    else
        store(x, out);
}

/* `count` neighbouring outputs, number i of which is element i / phases of phase i % phases: a line
 * each, `apart` floats between them. */
INLINE void store_row(__global float *out, __local const float *line, const int phases,
                      const int apart, const int count, const int streamed)
{
    int i = 0;
    if (phases == 1 && count >= LANES) {
        for (; i + LANES <= count; i += LANES)
            store_vector(load_local(line + i), out + i, streamed);
        if (i < count)
            store_vector(load_local(line + count - LANES), out + count - LANES, 0);
        return;
    }
    if (phases == 2) {
        for (; i + 2 * LANES <= count; i += 2 * LANES) {
            const vector a = load_local(line + i / 2), b = load_local(line + apart + i / 2);
            vector low, high;
            low.even = a.lo;
            low.odd = b.lo;
            high.even = a.hi;
            high.odd = b.hi;
            store_vector(low, out + i, streamed);
            store_vector(high, out + i + LANES, streamed);
        }
    }
    for (int phase = 0; phase < phases; ++phase) {
#if TRANSPOSED
#pragma unroll 4
#endif
        for (int j = i + phase, at = i / phases; j < count; j += phases, ++at)
            out[j] = line[phase * apart + at];
    }
}

/* The same for `rows` rows, `out_step` apart in dst and `step` in the lines. */
NOINLINE void store_rows(__global float *out, const long out_step, __local const float *line,
                         const int step, const int rows, const int phases, const int apart,
                         const int count, const int streamed)
{
    for (int i = 0; i < rows; ++i)
        store_row(out + i * out_step, line + i * step, phases, apart, count, streamed);
}

/* ---- A task ---- */

/* What a task computes: outputs of one phase of the depth and of the height. */
typedef struct {
    int o, p, q; /* the first one on each axis: depth, height, width */
    int rows, cols;
    int phase_d, phase_h;
} band;

/* Lists where the rows of the copy are in a channel, or -1, in order [tap of the depth][height
 * modulo in_step][row], `copy_rows` rows from `first` on; returns how many there are. */
NOINLINE int find_rows(const conv_args *args, const band *b, const int first, const int copy_rows,
                       __local int *offsets)
{
    const conv_axis depth = args->axis[0], height = args->axis[1];
    const int row_size = args->axis[2].input, mode = PADDING_MODE ? args->padding_mode : 0;
    int count = 0;
    for (int t = 0; t < depth.kernel_size; ++t) {
        if (!is_tap(&depth, b->phase_d, t))
            continue;
        const int d = conv_pad_index(b->o * in_step(&depth) + tap_base(&depth, b->phase_d, t),
                                     depth.input, mode);
        for (int i = 0; i < in_step(&height); ++i)
            for (int j = 0; j < copy_rows; ++j) {
                const int h =
                    conv_pad_index((b->p + first + j) * in_step(&height) + i, height.input, mode);
                offsets[count++] = d < 0 || h < 0 ? -1 : (d * height.input + h) * row_size;
            }
    }
    return count;
}

/* Lists the taps of each phase of the width in `table`: where one reads in the copy and where its
 * weights are. `parts` has of each phase: first and end in the table, weights of earlier phases,
 * weights. Taps that read zero padding only are left out. The copy begins at row and column
 * `first`; a class of its columns modulo in_step has `class_step` floats, a row `pitch`. */
NOINLINE void find_taps(const conv_args *args, const band *b, const int2 first,
                        const int class_step, const int pitch, const int channels,
                        __local int2 *table, __local int4 *parts)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int mode = PADDING_MODE ? args->padding_mode : 0, h_step = in_step(&height),
              w_step = in_step(&width);
    const int phases = conv_phases(width);
    int entries = 0, weights_first = (earlier_taps(&depth, b->phase_d) * height.kernel_size +
                                      taps_among(&depth, b->phase_d, depth.kernel_size) *
                                          earlier_taps(&height, b->phase_h)) *
                                     width.kernel_size;
    for (int phase = 0; phase < phases; ++phase) {
        const int first_entry = entries;
        int slice = 0, number = 0;
        for (int t = 0; t < depth.kernel_size; ++t) {
            if (!is_tap(&depth, b->phase_d, t))
                continue;
            const int live_d =
                mode != 0 || reads_inside(&depth, tap_base(&depth, b->phase_d, t), b->o, 1);
            for (int r = 0; r < height.kernel_size; ++r) {
                if (!is_tap(&height, b->phase_h, r))
                    continue;
                const int h = tap_base(&height, b->phase_h, r), row = floor_divide(h, h_step);
                const int live_h = mode != 0 || reads_inside(&height, h, b->p, b->rows);
                const int first_row = (slice * h_step + h - row * h_step) * w_step * class_step +
                                      (row - first.x) * pitch;
                for (int s = 0; s < width.kernel_size; ++s) {
                    if (!is_tap(&width, phase, s))
                        continue;
                    const int w = tap_base(&width, phase, s), col = floor_divide(w, w_step);
                    if (live_d && live_h && (mode != 0 || reads_inside(&width, w, b->q, b->cols)))
                        table[entries++] =
                            (int2)(first_row + (w - col * w_step) * class_step + col - first.y,
                                   number * channels);
                    ++number;
                }
            }
            ++slice;
        }
        parts[phase] = (int4)(first_entry, entries, weights_first, number);
        weights_first += number;
    }
}

static __attribute__((noinline)) void compute(const conv_args *given, const bands_tiling *cut,
                                              int index, __global const float *src,
                                              __global const float *weights,
                                              __global const float *bias, __global float *dst,
                                              __local float *scratch)
{
    const conv_args args = *given;
    const bands_tiling tiling = *cut;
    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int mode = PADDING_MODE ? args.padding_mode : 0, activation = args.activation;
    const float slope = args.slope;
    const int group_c = args.C / args.G, group_k = args.K / args.G;
    const int channels = tiling.channels, all_blocks = (group_k + channels - 1) / channels;
    const int taps = depth.kernel_size * height.kernel_size * width.kernel_size;
    band own;
    const long plane = (long)depth.input * height.input * width.input;
    const long out_plane = (long)depth.output * height.output * width.output;

    /* Bands are numbered fastest, then images, so that neighbours share weights. */
    const int bands_w = (conv_phase_outputs(width) + tiling.cols - 1) / tiling.cols;
    const int bands_h = (conv_phase_outputs(height) + tiling.rows - 1) / tiling.rows;
    const int outs_d = conv_phase_outputs(depth), phases_h = conv_phases(height);
    const int phases = conv_phases(width);
    const int parts = (all_blocks + tiling.blocks - 1) / tiling.blocks;
    own.q = index % bands_w * tiling.cols;
    index /= bands_w;
    own.phase_h = index % phases_h;
    index /= phases_h;
    own.p = index % bands_h * tiling.rows;
    index /= bands_h;
    own.o = index % outs_d;
    index /= outs_d;
    own.phase_d = index % conv_phases(depth);
    index /= conv_phases(depth);
    const int n = index % args.N;
    index /= args.N;
    const int first_block = index % parts * tiling.blocks, g = index / parts;
    own.rows = min(tiling.rows, phase_outputs(&height, own.phase_h) - own.p);
    own.cols = min(tiling.cols, conv_phase_outputs(width) - own.q);
    if (own.rows <= 0 || own.o >= phase_outputs(&depth, own.phase_d))
        return;
    const int rows = own.rows, cols = own.cols;
    const int outputs = min(cols * out_step(&width), width.output - own.q * out_step(&width));
    const int end_block = min(first_block + tiling.blocks, all_blocks);

    src += args.src_offset;
    __global const float *const src_begin = src, *const src_end = src + plane * args.C * args.N;
    src += ((long)n * args.C + (long)g * group_c) * plane;
    weights += args.weights_offset;
    bias = args.has_bias ? bias + args.bias_offset + g * group_k : 0;
    dst += args.dst_offset + ((long)n * args.K + (long)g * group_k) * out_plane +
           ((long)(own.o * out_step(&depth) + own.phase_d) * height.output +
            own.p * out_step(&height) + own.phase_h) *
               width.output +
           own.q * out_step(&width);

    const int streamed = out_plane * args.K * args.N >= STREAMED && width.output % LANES == 0 &&
                         tiling.cols * out_step(&width) % LANES == 0 &&
                         (size_t)dst % sizeof(vector) == 0;

    /* The copy is [c][tap of the depth][height modulo in_step][width modulo in_step][row][pitch].
     */
    const int2 range_h = base_range(&height, own.phase_h, own.phase_h + 1);
    const int2 range_w = base_range(&width, 0, phases);
    const int pitch = cols + range_w.y - range_w.x, copy_rows = rows + range_h.y - range_h.x;
    const int line_count = (rows - 1) * pitch + cols;
    __local int2 *const table = (__local int2 *)scratch;
    __local int *const row_offsets = (__local int *)(scratch + tiling.rows_at);
    __local int4 *const phase_parts = (__local int4 *)(scratch + tiling.phases_at);
    __local float *const panel = scratch + tiling.panel_at;
    const int line_floats = tiling.line_floats;

    const int row_count = find_rows(&args, &own, range_h.x, copy_rows, row_offsets);
    const int class_step = copy_rows * pitch, c_step = row_count * in_step(&width) * pitch;

    copied_channel copied;
    copied.classes = row_count / copy_rows * in_step(&width);
    copied.rows = copy_rows;
    copied.pitch = pitch;
    copied.first = (own.q + range_w.x) * in_step(&width);
    copied.step = in_step(&width);
    copied.size = width.input;
    copied.mode = mode;
    copied.paired = in_step(&width) == 2 && mode == 0 && pitch >= LANES;
    copied.offsets = row_offsets;
    copied.begin = src_begin;
    copied.end = src_end;

    find_taps(&args, &own, (int2)(range_h.x, range_w.x), class_step, pitch, channels, table,
              phase_parts);

    band_sum s;
    s.copy = panel;
    s.line_floats = phases * line_floats;
    s.c_step = c_step;
    for (int c = 0; c < group_c; c += tiling.chunk) {
        s.first = c == 0;
        s.count = min(tiling.chunk, group_c - c);
        for (int i = 0; i < s.count; ++i)
            copy_channel(&copied, src + (c + i) * plane, panel + i * c_step);

        const int last = c + s.count == group_c;
        __local float *lines = scratch + tiling.lines_at;
        for (int b = first_block; b < end_block; ++b) {
            s.bias = bias != 0 ? bias + b * channels : 0;
            s.channels = min(channels, group_k - b * channels);
            for (int phase = 0; phase < phases; ++phase) {
                const int4 part = phase_parts[phase];
                s.line = lines + phase * line_floats;
                s.table = table + part.x;
                s.taps = part.y - part.x;
                s.w_step = part.w * channels;
                s.weights = weights + ((((long)g * all_blocks + b) * taps + part.z) * group_c +
                                       (long)c * part.w) *
                                          channels;
                sum_line(&s, channels, line_count);
            }
            if (last)
                for (int k = 0; k < s.channels; ++k) {
                    __local float *const line = lines + k * s.line_floats;
                    if (activation != 0)
                        for (int phase = 0; phase < phases; ++phase)
                            activate_sums(line + phase * line_floats,
                                          (line_count + LANES - 1) / LANES * LANES, activation,
                                          slope);
                    __global float *const out = dst + ((long)b * channels + k) * out_plane;
                    store_rows(out, (long)out_step(&height) * width.output, line, pitch, rows,
                               phases, line_floats, outputs, streamed);
                }
            if (tiling.chunk < group_c)
                lines += phases * channels * line_floats;
        }
    }
}

__kernel OWN_VECTORS void bands(const conv_args args, const bands_tiling tiling,
                                __global const float *restrict src,
                                __global const float *restrict weights,
                                __global const float *restrict bias, __global float *restrict dst,
                                __local float *scratch)
{
    const int index = (int)get_global_id(0) - ((int)get_global_size(0) - tiling.tasks);
    if (index >= 0)
        compute(&args, &tiling, index, src, weights, bias, dst, scratch);
}
