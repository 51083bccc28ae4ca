/* Matrix product with output pixels in vector registers, for CPU devices: kernels/panels.cl. */
#include "conv/packed_kernel.h"
#include "core/checked.h"

#include <stdio.h>
#include <string.h>

/* A form of the kernel. Accumulators, a column of the panel and one broadcast fill the vector
 * registers of the instruction set: 32 of 16 floats (AVX-512) or 16 of 8 floats (AVX2). */
typedef struct form {
    int lanes;
    int vectors;
    int channels;
} form;

enum { FORMS = 2 };

/* The first one is for most layers. */
static const form forms[CC_VECTORS_COUNT][FORMS] = {
    [CC_VECTORS_8] = {{8, 4, 3}, {8, 3, 4}},    /* strips of whole lines; few pixels */
    [CC_VECTORS_16] = {{16, 3, 8}, {16, 6, 4}}, /* the other for up to 4 output channels */
};

enum {
    PANEL = 6144,       /* floats, less than a cache of 32 KiB */
    STREAMED = 1 << 21, /* elements of dst: as in kernels/panels.cl */
    ITEMS_PER_UNIT = 4, /* work-items that a compute unit should have, so that none waits long */
};

/* Bytes of a panel and of the sums that wait, of a second-level cache of 512 KiB or 1 MiB. */
static const cl_ulong local_limit[CC_VECTORS_COUNT] = {
    [CC_VECTORS_8] = 224 * 1024, [CC_VECTORS_16] = 448 * 1024};

/* How the work is cut up; mirrors panels_tiling of kernels/panels.cl. */
typedef struct tiling {
    cl_long items;
    cl_int strips;
    cl_int shares;
    cl_int images;
    cl_int local_floats;
} tiling;

typedef struct state {
    cc_packed_kernel base;
    tiling tiling;
} state;

/* Whether strips run through all images: a strip's offsets, from its first image on, are 32-bit in
 * the kernel. */
static int images_together(const cc_shape *shape, form f)
{
    const double images = f.lanes * f.vectors;
    return images * shape->in_channels * (double)cc_input_elements(shape) < INT32_MAX &&
           images * shape->out_channels * (double)cc_output_elements(shape) < INT32_MAX;
}

static int64_t phase_count(const cc_shape *shape)
{
    return cc_phases(shape, CLCONV_DEPTH) * cc_phases(shape, CLCONV_HEIGHT) *
           cc_phases(shape, CLCONV_WIDTH);
}

/* Rows of the largest phase, or somewhat more: taps and input channels. */
static int64_t phase_rows(const cc_shape *shape)
{
    int64_t rows = cc_group_c(shape);
    for (int i = 0; i < CLCONV_AXES; ++i)
        rows *= cc_divide_up(shape->axis[i].kernel, cc_phases(shape, (clconv_axis)i));
    return rows;
}

/* Vectors of pixels of the largest phase, of all images or of one. */
static int64_t vector_count(const cc_shape *shape, form f)
{
    const int64_t pixels = cc_phase_outputs(shape, CLCONV_DEPTH) *
                           cc_phase_outputs(shape, CLCONV_HEIGHT) *
                           cc_phase_outputs(shape, CLCONV_WIDTH);
    return cc_divide_up(pixels * (images_together(shape, f) ? shape->batch : 1), f.lanes);
}

static int64_t strip_count(const cc_shape *shape, form f)
{
    return cc_divide_up(vector_count(shape, f), f.vectors);
}

/* Vectors that a strip computes at least: FEWEST_VECTORS of the kernel. */
static int fewest_vectors(form f)
{
    return f.lanes == 16 ? f.vectors / 2 : f.vectors - 1;
}

/* Cycles of a row of the panel in all strips of a phase and all blocks of output channels: two
 * products of vectors a cycle, each accumulator one in four cycles. */
static double strip_cycles(form f, int64_t vectors)
{
    const int64_t computed = vectors >= f.vectors - 1 ? vectors : fewest_vectors(f);
    const double cycles = (double)(computed * f.channels) / 2;
    return cycles < 4 ? 4 : cycles;
}

static double product_cycles(const cc_shape *shape, form f)
{
    const int64_t strips = strip_count(shape, f), vectors = vector_count(shape, f);
    const double blocks = (double)cc_divide_up(cc_group_k(shape), f.channels);
    const double wide = strip_cycles(f, vectors / strips + 1),
                 narrow = strip_cycles(f, vectors / strips);
    const double wide_strips = (double)(vectors % strips);
    return blocks * (wide_strips * wide + ((double)strips - wide_strips) * narrow);
}

static form choose_form(const clconv_device *device, const cc_shape *shape)
{
    const cc_vectors vectors = cc_device_vectors(device);
    const form *best = &forms[vectors][0];
    if (vectors == CC_VECTORS_16)
        return cc_group_k(shape) <= 4 ? forms[vectors][1] : *best;
    if (shape->batch * shape->out_channels * (double)cc_output_elements(shape) >= STREAMED)
        return *best;
    double best_cycles = product_cycles(shape, *best);
    for (int i = 1; i < FORMS; ++i) {
        const double cycles = product_cycles(shape, forms[vectors][i]);
        if (cycles < 0.95 * best_cycles) {
            best = &forms[vectors][i];
            best_cycles = cycles;
        }
    }
    return *best;
}

/* Cuts the work up so that every compute unit has some work-items and their sums fit in __local
 * memory; shares is 0 if those of one block do not. */
static tiling choose_tiling(const clconv_device *device, const cc_shape *shape, form f)
{
    const int64_t strips = strip_count(shape, f);
    const int64_t blocks = cc_divide_up(cc_group_k(shape), f.channels);
    const int64_t images = images_together(shape, f) ? 1 : shape->batch;
    const int64_t items = strips * phase_count(shape) * shape->groups * images;
    const int64_t pixels = (int64_t)f.lanes * f.vectors, block_floats = f.channels * pixels;
    const int64_t fixed_floats = PANEL + 5 * pixels;
    const cl_ulong most_bytes = local_limit[cc_device_vectors(device)];
    const int64_t limit =
        (int64_t)((device->local_bytes < most_bytes ? device->local_bytes : most_bytes) /
                  sizeof(float));
    const int64_t most = (limit - fixed_floats) / block_floats; /* blocks of a share */
    tiling t = {.strips = (cl_int)strips, .images = (cl_int)images};
    if (most < 1)
        return t;
    int64_t shares = cc_divide_up((int64_t)ITEMS_PER_UNIT * device->compute_units, items);
    if (shares > blocks)
        shares = blocks;
    const int one_panel = phase_rows(shape) <= PANEL / pixels;
    if (!one_panel && shares < cc_divide_up(blocks, most))
        shares = cc_divide_up(blocks, most);
    t.shares = (cl_int)shares;
    t.items = items * shares;
    t.local_floats =
        (cl_int)(fixed_floats + (one_panel ? 1 : cc_divide_up(blocks, shares)) * block_floats);
    return t;
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(cc_packing_check(device, "panels", error));
    if (choose_tiling(device, shape, choose_form(device, shape)).shares < 1)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "a panel does not fit in the __local memory of %s", device->name);
    TRY(cc_packed_check(device, cc_packed_floats(shape, choose_form(device, shape).channels),
                        error));

cleanup:
    return status;
}

/* Nanoseconds of one compute unit. A vector of pixels costs finding the inputs of a tap, copying a
 * row of the panel, storing (value by value in phases) and multiplying an output channel; a strip
 * costs a constant and reading its weights. Copies differ where a vector of inputs is not one run
 * inside src: beyond the ends of a row of inputs, of two rows of outputs, or value by value. */
typedef struct costs {
    double tap, row, store, scatter, product, weight, strip, launch;
    double end_tap, end_row, odd_tap, odd_row, gathered_row;
} costs;

static const costs costs_ns[CC_VECTORS_COUNT] = {
    /* PoCL 3.1 on AVX2 cores (AMD EPYC, Zen 3), fitted to the time of 51 layers on
     * two of them, 44 within 15 % */
    [CC_VECTORS_8] = {.tap = 0.6,
                      .row = 1.35,
                      .store = 0.8,
                      .scatter = 12.0,
                      .product = 0.19,
                      .weight = 0.022,
                      .strip = 125.0,
                      .launch = 6e3,
                      .end_tap = 3.5,
                      .end_row = 1.1,
                      .odd_tap = 7.5,
                      .odd_row = 1.3,
                      .gathered_row = 7.5},
    /* PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4), fitted to the processor time of 25 layers,
     * pointwise, with 3 input channels and others, most within 10 % */
    [CC_VECTORS_16] = {.tap = 1.0,
                       .row = 1.5,
                       .store = 1.5,
                       .scatter = 19.0,
                       .product = 0.31,
                       .weight = 0.03,
                       .strip = 150.0,
                       .launch = 6e3,
                       .end_tap = 12.0,
                       .end_row = 3.8,
                       .odd_tap = 12.0,
                       .odd_row = 3.8,
                       .gathered_row = 10.0},
};

/* Nanoseconds of copying what a vector of pixels reads. */
static double copy_ns(const cc_shape *shape, form f, const costs *ns, double taps, double rows)
{
    const cc_axis *width = &shape->axis[CLCONV_WIDTH];
    const int step = shape->transposed ? 1 : width->stride;
    double row_pixels = (double)cc_phase_outputs(shape, CLCONV_WIDTH);
    if (cc_kernel_elements(shape) == 1 && step == 1)
        row_pixels = (double)cc_output_elements(shape); /* no ends but those of the image */
    double one_row = 1.0; /* the part of the vectors that the ends of a row do not cut */
    if ((int64_t)row_pixels % f.lanes != 0)
        one_row = row_pixels < f.lanes ? 0.0 : (row_pixels - f.lanes + 1) / row_pixels;
    double inside = one_row; /* nor padding */
    if (width->padding > 0)
        inside *= row_pixels > 2.0 * f.lanes ? 1.0 - 2.0 * f.lanes / row_pixels : 0.0;
    if (step == 3 || step > 4)
        one_row = inside = 0.0;
    /* Neighbours in the input are neighbours in the output over the ends of rows, too. */
    const int aligned = step == 1 && width->input == cc_phase_outputs(shape, CLCONV_WIDTH);
    const int gathered = step > 2 || (row_pixels < f.lanes - 1 && !aligned);
    const double odd_row = gathered ? ns->gathered_row : ns->odd_row;
    const double end_row = f.lanes == 16 ? odd_row : ns->end_row;
    return inside * (taps * ns->tap + rows * ns->row) +
           (one_row - inside) * (taps * ns->end_tap + rows * end_row) +
           (1.0 - one_row) * (taps * ns->odd_tap + rows * odd_row);
}

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const costs *ns = &costs_ns[cc_device_vectors(device)];
    const form f = choose_form(device, shape);
    const int64_t vectors = vector_count(shape, f), strips = strip_count(shape, f);
    const int64_t least = fewest_vectors(f);
    const double strip_vectors = (double)(vectors > strips * least ? vectors : strips * least);
    const double items =
        (double)phase_count(shape) * shape->groups * (images_together(shape, f) ? 1 : shape->batch);
    const double taps = (double)cc_kernel_elements(shape) / (double)phase_count(shape);
    const double rows = taps * cc_group_c(shape);
    const double channels = (double)(cc_divide_up(cc_group_k(shape), f.channels) * f.channels);
    const double shares = (double)choose_tiling(device, shape, f).shares;
    const double copy = copy_ns(shape, f, ns, taps, rows);
    const double store = phase_count(shape) > 1 ? ns->scatter : ns->store;
    const double product = channels * (rows * ns->product + store);
    const double unit_ns =
        items * (strip_vectors * (shares * copy + product) +
                 (double)strips * (shares * ns->strip + rows * channels * ns->weight));
    return ns->launch + unit_ns / device->compute_units;
}

/* The macro STEP of kernels/panels.cl: copies for the other steps would be a tenth of what there is
 * to compile. */
static int input_step(const cc_shape *shape)
{
    const int step = shape->transposed ? 1 : shape->axis[CLCONV_WIDTH].stride;
    return shape->padding_mode == CLCONV_ZEROS && step <= 2 ? step : 0;
}

static int panel_rows(form f)
{
    return PANEL / (f.lanes * f.vectors);
}

/* ---- Weights ---- */

/* The size of the fewest parts of `count` that are of at most `most`, the last one perhaps smaller.
 */
static int64_t even_parts(int64_t count, int64_t most)
{
    return cc_divide_up(count, cc_divide_up(count, most));
}

/* Orders the phases of a transposed convolution by their first taps. */
static int32_t first_tap(const cc_axis *axis, int32_t tap)
{
    return tap % (int32_t)(axis->stride / cc_gcd(axis->stride, axis->dilation));
}

/* Packs one tap of a block: packed[g][phase][panel][block][row of the panel][channel]. A panel is
 * some channels of all taps of the phase or, where these are more than its rows, one channel of
 * some taps: kernels/panels_rows.h. */
static void fill_tap(const cc_packing *packing, const float *weights, float *packed, int32_t g,
                     int64_t block, int64_t tap)
{
    const cc_shape *shape = &packing->shape;
    const int64_t group_c = cc_group_c(shape), blocks = cc_packing_blocks(packing);
    const cc_phase_tap t = cc_find_phase_tap(shape, tap, first_tap);
    const int64_t panel_c = even_parts(group_c, cc_max(packing->panel_rows / t.taps, 1));
    const int64_t panel_taps = even_parts(t.taps, packing->panel_rows);
    const int64_t phase_tap = t.number - t.number % panel_taps; /* the panel's first */
    const int64_t taps = cc_min(panel_taps, t.taps - phase_tap);
    const int64_t phase = (g * cc_kernel_elements(shape) + t.first) * group_c;
    int64_t channels = 0;
    for (int64_t first_c = 0; first_c < group_c; first_c += channels) {
        channels = cc_min(panel_c, group_c - first_c);
        const int64_t panel = phase + first_c * t.taps + phase_tap * channels;
        const int64_t row = (t.number - phase_tap) * channels;
        float *to = packed + (panel * blocks + block * taps * channels + row) * packing->block;
        for (int64_t c = first_c; c < first_c + channels; ++c, to += packing->block)
            cc_pack_block(packing, weights, g, block, (int32_t)c, tap, to);
    }
}

/* Taps inside blocks: the weights of a block stay in a cache. */
static void fill_panels(const cc_packing *packing, const float *weights, float *packed)
{
    const cc_shape *shape = &packing->shape;
    const int64_t blocks = cc_packing_blocks(packing), taps = cc_kernel_elements(shape);
    for (int32_t g = 0; g < shape->groups; ++g)
        for (int64_t block = 0; block < blocks; ++block)
            for (int64_t tap = 0; tap < taps; ++tap)
                fill_tap(packing, weights, packed, g, block, tap);
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    char options[256];

    const form f = choose_form(stage->target->device, shape);
    snprintf(
        options, sizeof(options),
        "-DTRANSPOSED=%d -DPREFETCH=%d -DLANES=%d -DVECTORS=%d -DCHANNELS=%d -DROWS=%d -DSTEP=%d",
        shape->transposed != 0, f.lanes == 8 && cc_kernel_prefetch(stage->target->device), f.lanes,
        f.vectors, f.channels, panel_rows(f), input_step(shape));
    TRY(cc_packed_build(stage, sizeof(state), "panels", options, error));
    cc_packed_set_packing(
        stage, (cc_packing){.fill = fill_panels, .block = f.channels, .panel_rows = panel_rows(f)},
        cc_kernel_elements(shape) * cc_group_c(shape));

    state *s = stage->state;
    s->tiling = choose_tiling(stage->target->device, shape, f);
    cc_packed_set_tasks(stage, s->tiling.items, s->tiling.local_floats);

cleanup:
    return status;
}

/* Whether an output on this axis is the input at the same place. */
static int is_plain(const cc_kernel_axis *axis)
{
    return axis->kernel_size == 1 && axis->stride == 1 && axis->padding == 0 &&
           axis->input == axis->output;
}

/* The image of a pointwise convolution is one row: it then has no ends but those of the image. */
static void flatten(cc_kernel_args *args)
{
    cc_kernel_axis *axis = args->axis;
    if (!is_plain(&axis[0]) || !is_plain(&axis[1]) || !is_plain(&axis[2]))
        return;
    axis[2].input = axis[2].output = axis[0].input * axis[1].input * axis[2].input;
    axis[0].input = axis[0].output = axis[1].input = axis[1].output = 1;
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    const state *s = stage->state;
    cc_kernel_args args = cc_kernel_args_make(stage, io);
    flatten(&args);
    return cc_packed_launch(stage, chain, &args, CC_ARGUMENT(s->tiling), io, error);
}

const cc_algorithm cc_panels = {
    .name = "panels",
    .text = "output pixels in vector registers, windows packed, for CPU devices",
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .pack = cc_packed_pack,
    .enqueue = enqueue,
    .destroy = cc_packed_destroy,
};
