/* panels: matrix product of weights and input windows with output pixels in vector registers, for
 * devices whose work-items own a wide vector unit (CPU devices). No barrier.
 *
 *   dst[n][k][i] = finish(sum over rows of weights[k][row] * window[row][pixel i of n])
 *
 * where a row is a tap and an input channel, and window[row][i] the input that pixel i needs of it.
 * A work-item computes a strip, up to PIXELS = VECTORS * LANES consecutive pixels of a phase, of
 * all images laid side by side, for a share of the output channels. It copies ROWS rows of its
 * windows, padding resolved, into a panel of __local memory, and multiplies them with the weights
 * of CHANNELS output channels at a time: CHANNELS * VECTORS accumulators, VECTORS vectors of the
 * panel and CHANNELS broadcasts a row. Sums wait for the next panel in __local memory.
 *
 * Tensors   src N,C,D,H,W   dst N,K,O,P,Q
 *           packed [g][phase][panel][block of CHANNELS output channels][row of the panel]
 *           [CHANNELS], zero past K/G; a row is a tap and a c: host/conv/panels.c
 *           scratch: tiling.local_floats for each work-item
 * Global    {work-items, 1, 1}; those before the first strip are empty
 * Local     {1, 1, 1}
 * Edges     A vector of a row is one or two runs of neighbouring inputs, or every other input, read
 *           as vectors and masked; where there are more, or near the ends of src, it is read value
 *           by value. Results of vectors that are not neighbours in dst are stored value by value.
 * Source    Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", ACM TOMS
 *           34, 2008 (the packed panel and its register blocks)
 */
#include "conv.h"

/* EPILOGUE does not change the form: it costs a branch now and then. */
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
#ifndef STEP /* of inputs along a row from an output to the next, padding zeros: 1, 2; or 0: any   \
              */
#define STEP 0
#endif
#if VECTORS < 2 || VECTORS > 8 || CHANNELS < 1 || CHANNELS > 16
#error "VECTORS is 2 to 8, CHANNELS 1 to 16"
#endif

#define PIXELS (VECTORS * LANES)

#include "panels_vector.h"

#include "panels_rows.h"

#include "panels_strip.h"

#include "panels_fill.h"

#include "panels_block.h"

#if LANES == 8
#include "panels_fill8.h"

#include "panels_block8.h"
#else
#include "panels_fill16.h"

#include "panels_block16.h"
#endif

/* Mirrors struct tiling of host/conv/panels.c. */
typedef struct {
    long items;       /* strips * phases * shares * groups * images */
    int strips;       /* of a phase */
    int shares;       /* of the blocks of output channels */
    int images;       /* 1: strips are those of all images together; N: of one */
    int local_floats; /* of scratch: the panel, five numbers for each pixel, a share's sums */
} panels_tiling;

/* Work-item `item`. A function of its own, as PoCL compiles a kernel three times. */
NOINLINE void compute(const conv_args *given, const panels_tiling *cut, const long item,
                      __global const float *src, __global const float *weights,
                      __global const float *bias, __global float *dst, __local float *scratch)
{
    const conv_args args = *given;
    const panels_tiling tiling = *cut;
    __local float *const panel = scratch, *const sums = panel + ROWS * PIXELS + 5 * PIXELS;
    /* Of each pixel: its first input on each axis, its image (its first element in src, or -1 past
     * the last pixel), and its place in dst. */
    __local int *const in_d = (__local int *)(panel + ROWS * PIXELS), *const in_h = in_d + PIXELS;
    __local int *const in_w = in_h + PIXELS, *const images = in_w + PIXELS;
    __local int *const offsets = images + PIXELS;

    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int padding_mode = STEP > 0 ? 0 : args.padding_mode;
    const int phases_w = conv_phases(width), phases_h = conv_phases(height);
    const int phases = conv_phases(depth) * phases_h * phases_w;
    const int strips = tiling.strips, shares = tiling.shares;
    const int strip = (int)(item % strips), phase = (int)(item / strips % phases);
    const int share = (int)(item / strips / phases % shares);
    const int g = (int)(item / strips / phases / shares % args.G);
    const int image_set = (int)(item / strips / phases / shares / args.G);
    const conv_view view_d = conv_view_make(depth, phase / phases_w / phases_h);
    const conv_view view_h = conv_view_make(height, phase / phases_w % phases_h);
    conv_view view_w = conv_view_make(width, phase % phases_w);
    view_w.in_step = known_step(view_w.in_step);
    const int group_c = args.C / args.G, group_k = args.K / args.G;

    /* The pixels: strips are equal, in vectors, to one. A strip that takes more than its share
     * computes some of the next one's pixels, too, to the same bits. */
    const int together = tiling.images == 1;
    const long image_pixels = (long)view_d.out_count * view_h.out_count * view_w.out_count;
    const long pixels = image_pixels * (together ? args.N : 1);
    const long out_plane = (long)depth.output * height.output * width.output;
    const int streamed =
        is_streamed(dst + args.dst_offset, out_plane, image_pixels, out_plane * args.K * args.N);
    /* Strips of streamed results are whole lines, which are then not read before. */
    const int line = streamed ? max(LINE_VECTORS, 1) : 1;
    const long all_vectors = (pixels + LANES - 1) / LANES;
    const long first_vector = all_vectors / line * strip / strips * line;
    int vectors = (int)(all_vectors / line * (strip + 1) / strips * line - first_vector);
    if (vectors == 0)
        return;
    if (vectors < VECTORS - 1) /* a count that block() is compiled for */
        vectors = vectors > FEWEST_VECTORS ? VECTORS - 1 : FEWEST_VECTORS;
    const long first_pixel = first_vector * LANES;
    const int live = (int)min((long)vectors * LANES, pixels - first_pixel);
    const int first_image = together ? (int)(first_pixel / image_pixels) : image_set;

    const long plane = (long)depth.input * height.input * width.input;
    const long total = plane * args.C * args.N;
    const conv_view views[3] = {view_d, view_h, view_w};
    strip_pixels pixels_found;
    find_pixels(&pixels_found, &args, views, first_pixel % image_pixels, vectors, live, in_d);
    const int neighbours = pixels_found.neighbours;
    int one_row = pixels_found.one_row, inside = pixels_found.inside;
    if (padding_mode != 0 || view_w.in_step > 2)
        one_row = 0;
    if (!has_run(view_w.in_step))
        inside = 0;

    /* The blocks of output channels. */
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
    strip_place place;
    place.panel = panel;
    place.offsets = offsets;
    place.neighbours = neighbours;
    place.in_registers = args.activation <= IN_REGISTERS && neighbours == (1 << vectors) - 1;
    place.plane = out_plane;
    place.activation = args.activation;
    place.slope = args.slope;
    place.streamed = streamed;

    tap_grid grid;
    grid.t = view_d.taps;
    grid.r = view_h.taps;
    grid.s = view_w.taps;
    grid.t_step = view_d.in_tap * height.input * width.input;
    grid.r_step = view_h.in_tap * width.input;
    grid.s_step = view_w.in_tap;
    grid.plane = plane;
    if (tap_panels > 1)
        inside = 0;
#if LANES == 8
    const input_axis axes[3] = {{depth.input, view_d.taps, view_d.in_tap},
                                {height.input, view_h.taps, view_h.in_tap},
                                {width.input, view_w.taps, view_w.in_tap}};
#endif
    const long last_reach = max((grid.t - 1) * grid.t_step, 0) +
                            max((grid.r - 1) * grid.r_step, 0) + max((grid.s - 1) * grid.s_step, 0);

    for (int n = 0; n < panels; ++n) {
        const int c = n / tap_panels * panel_c, channels = min(panel_c, group_c - c);
        const int first_tap = n % tap_panels * panel_taps;
        const int end_tap = min(first_tap + panel_taps, view_taps);
        const int rows = (end_tap - first_tap) * channels;
        const long start = group_src + c * plane;
        /* Vectors of inputs that begin at or before this element of a channel end within src. */
        const long last_run =
            total - (start + (channels - 1) * plane) - (long)LANES * view_w.in_step;
        grid.channels = channels;
#if LANES == 8
        inside_vectors whole;
        whole.count = 0;
#endif
        for (int v = 0; v < vectors; ++v) {
            __local float *to = panel + v * LANES;
            if ((inside >> v & 1) && pixels_found.inside_first[v] + last_reach <= last_run) {
#if LANES == 8
                whole.first[whole.count] = pixels_found.inside_first[v];
                whole.column[whole.count++] = v * LANES;
#else
                fill_inside(to, src + start + pixels_found.inside_first[v], &grid, view_w.in_step);
#endif
                continue;
            }
#if LANES == 8
            if ((one_row >> v & 1) && tap_panels == 1 && has_run(view_w.in_step)) {
                const int j = v * LANES, d = in_d[j], h = in_h[j], w = in_w[j];
                const int reach_w = (axes[2].taps - 1) * axes[2].in_tap;
                const long first = start + images[j];
                const int low = (lowest_tap(axes[0], d) * axes[1].input + lowest_tap(axes[1], h)) *
                                    axes[2].input +
                                w + min(reach_w, 0);
                const int high =
                    (highest_tap(axes[0], d) * axes[1].input + highest_tap(axes[1], h)) *
                        axes[2].input +
                    w + max(reach_w, 0);
                if (first + low >= 0 && images[j] + high <= last_run) {
                    fill_ends(to, src + first, plane, channels, axes, d, h, w, view_w.in_step);
                    continue;
                }
            }
#endif
            int s = first_tap % view_w.taps, r = first_tap / view_w.taps % view_h.taps;
            int t = first_tap / view_w.taps / view_h.taps;
            for (int tap = first_tap; tap < end_tap; ++tap, to += channels * PIXELS) {
                if (one_row >> v & 1) {
                    const int j = v * LANES, w = in_w[j] + s * view_w.in_tap;
                    const int d = in_d[j] + t * view_d.in_tap, h = in_h[j] + r * view_h.in_tap;
                    const ivector lane_w = w + view_w.in_step * LANE_INDICES;
                    const ivector valid = (lane_w >= 0) & (lane_w < width.input);
                    if (d >= 0 && d < depth.input && h >= 0 && h < height.input && is_set(valid)) {
                        const int a = (d * height.input + h) * width.input + w + images[j];
                        fill_runs(to, channels, src, start, plane, total, a, a, valid, valid,
                                  view_w.in_step);
                    } else {
                        for (int i = 0; i < channels; ++i)
                            store_local((vector)0.0f, to + i * PIXELS);
                    }
                } else {
                    const ivector image = load_indices(images + v * LANES);
                    const ivector d =
                        pad_indices(load_indices(in_d + v * LANES) + t * view_d.in_tap, depth.input,
                                    padding_mode);
                    const ivector h =
                        pad_indices(load_indices(in_h + v * LANES) + r * view_h.in_tap,
                                    height.input, padding_mode);
                    const ivector w =
                        pad_indices(load_indices(in_w + v * LANES) + s * view_w.in_tap, width.input,
                                    padding_mode);
                    const ivector index = select((d * height.input + h) * width.input + w + image,
                                                 (ivector)(-1), (d | h | w | image) < 0);
                    fill(to, channels, src, start, plane, total, index, view_w.in_step);
                }
                if (++s == view_w.taps) {
                    s = 0;
                    if (++r == view_h.taps) {
                        r = 0;
                        ++t;
                    }
                }
            }
        }
#if LANES == 8
        if (whole.count > 0)
            fill_inside(panel, src + start, &grid, &whole, view_w.in_step);
        lines_ahead ahead;
        set_no_lines(&ahead);
        if (whole.count > 0 && total >= FETCHED_AHEAD) /* of the next panel or the next strip */
            set_next_lines(&ahead,
                           src + (n + 1 < panels ? start + channels * plane + whole.first[0]
                                                 : group_src + pixels_found.next_first),
                           &grid, min(view_d.taps, view_d.in_step),
                           min(view_h.taps, view_h.in_step), vectors * LANES * view_w.in_step);
#endif
        place.rows = rows;
        place.first = n == 0;
        place.last = n == panels - 1;
#if LANES == 8
        const long first_row = ((long)c * view_taps + first_tap * channels) * blocks;
        __global const float *const w = weights + (first_row + (long)first_block * rows) * CHANNELS;
        __global const float *const share_bias = bias != 0 ? bias + first_block * CHANNELS : 0;
        __global float *const out = dst + first_block * CHANNELS * out_plane;
        const int share_k = min(group_k, end_block * CHANNELS) - first_block * CHANNELS;
        const int pitch = panels == 1 ? 0 : CHANNELS * PIXELS;
        if (vectors == VECTORS)
            add_whole(&place, w, share_k, share_bias, out, sums, pitch, &ahead);
        else
            add_narrow(&place, w, share_k, share_bias, out, sums, pitch, &ahead);
#else
        for (int b = first_block; b < end_block; ++b) {
            const long first_row = ((long)c * view_taps + first_tap * channels) * blocks;
            __global const float *const w = weights + (first_row + (long)b * rows) * CHANNELS;
            __global const float *const block_bias = bias != 0 ? bias + b * CHANNELS : 0;
            __global float *const out = dst + b * CHANNELS * out_plane;
            __local float *const kept =
                sums + (panels == 1 ? 0 : b - first_block) * (CHANNELS * PIXELS);
            const int block_k = min(group_k - b * CHANNELS, CHANNELS);
            if (vectors == VECTORS)
                add_whole(&place, w, block_k, block_bias, out, kept);
            else if (vectors == VECTORS - 1)
                add_narrow(&place, w, block_k, block_bias, out, kept);
            else
                add_half(&place, w, block_k, block_bias, out, kept);
            if (place.last && !place.in_registers)
                finish_block(&place, vectors, block_k, out, kept);
        }
#endif
    }
}

__kernel OWN_VECTORS void panels(const conv_args args, const panels_tiling tiling,
                                 __global const float *restrict src,
                                 __global const float *restrict weights,
                                 __global const float *restrict bias, __global float *restrict dst,
                                 __local float *scratch)
{
    const long item = (long)get_global_id(0) - ((long)get_global_size(0) - tiling.items);
    if (item >= 0)
        compute(&args, &tiling, item, src, weights, bias, dst, scratch);
}
