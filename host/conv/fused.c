/* Two depthwise convolutions, such as a pass along the rows and one along the columns, as one
 * kernel, for CPU devices: kernels/fused.cl. */
#include "conv/pair_kernel.h"
#include "core/checked.h"

#include <stdio.h>

/* Mirrors fused_cut of kernels/fused.cl. */
typedef struct fused_cut {
    cl_int units, empty;
    cl_int strips, bands;
    cl_int columns, rows;
    cl_int line_floats, row_floats, ring_rows, item_floats;
    cl_int streamed;
    cl_ulong scratch_offset;
} fused_cut;

typedef struct state {
    cc_pair_kernel base;
    fused_cut cut;
} state;

enum {
    MOST_TAPS = 64,      /* as in the kernel */
    MOST_LANES = 16,     /* of a vector */
    LINE = 16,           /* floats of a line of the cache */
    RING_FLOATS = 32768, /* of a ring: a small part of a cache of 1 MiB */
    LEAST_COLUMNS = 512, /* of a strip: rows of src and dst are read and written in long runs */
    UNITS_PER_DEVICE = 8 /* pieces of work for each compute unit */
};

/* dst from here on is written past the caches: 8 MiB. */
static const int64_t streamed_elements = 1 << 21;

/* ---- How the work is cut ---- */

/* Inputs that `outputs` neighbouring outputs read. */
static int64_t reach(const cc_axis *axis, int64_t outputs)
{
    return (outputs - 1) * axis->stride + (int64_t)(axis->kernel - 1) * axis->dilation + 1;
}

/* Whole lines of the cache, of which neighbours begin in different sets. */
static int64_t pitch(int64_t floats)
{
    return (cc_divide_up(floats, LINE) | 1) * LINE;
}

static int64_t plane_count(const cc_shape *shapes)
{
    return (int64_t)shapes[1].batch * shapes[1].in_channels * shapes[1].axis[CLCONV_DEPTH].input;
}

/* Upper bounds of what the cut keeps in 32 bits. */
static double scratch_floats(const cc_shape *shapes)
{
    const cc_axis *first_h = &shapes[0].axis[CLCONV_HEIGHT];
    const cc_axis *first_w = &shapes[0].axis[CLCONV_WIDTH];
    const cc_axis *height = &shapes[1].axis[CLCONV_HEIGHT], *width = &shapes[1].axis[CLCONV_WIDTH];
    const double row = (double)reach(width, width->output) + (double)width->input +
                       (double)width->padding + (double)MOST_LANES * width->stride + 2.0 * LINE;
    const double line = row * first_w->stride + (double)reach(first_w, 1) +
                        (double)MOST_LANES * first_w->stride + 2.0 * LINE;
    return row * (double)reach(height, 1) + line * first_h->kernel;
}

static double largest_units(const cc_shape *shapes)
{
    return (double)plane_count(shapes) *
           (1.0 + (double)shapes[1].axis[CLCONV_WIDTH].output / LEAST_COLUMNS) *
           (double)shapes[1].axis[CLCONV_HEIGHT].output;
}

static fused_cut make_cut(const clconv_device *device, const cc_shape *shapes)
{
    const cc_axis *first_w = &shapes[0].axis[CLCONV_WIDTH];
    const cc_axis *height = &shapes[1].axis[CLCONV_HEIGHT], *width = &shapes[1].axis[CLCONV_WIDTH];
    const int64_t ring_rows = reach(height, 1);
    fused_cut c = {.ring_rows = (cl_int)ring_rows};

    /* Padding that is not zeros may be any part of the row. */
    int64_t columns = RING_FLOATS / ring_rows / width->stride / LEAST_COLUMNS * LEAST_COLUMNS;
    columns = cc_max(columns, LEAST_COLUMNS);
    if (columns > width->output || shapes[1].padding_mode != CLCONV_ZEROS)
        columns = width->output;
    c.columns = (cl_int)columns;
    c.strips = (cl_int)cc_divide_up(width->output, columns);

    int64_t between = reach(width, columns);
    if (shapes[1].padding_mode != CLCONV_ZEROS)
        between = cc_max(between, (int64_t)width->input + width->padding);
    c.row_floats = (cl_int)pitch(between + (int64_t)MOST_LANES * width->stride);
    c.line_floats = (cl_int)pitch(reach(first_w, between) + (int64_t)MOST_LANES * first_w->stride);
    c.item_floats =
        (cl_int)(c.line_floats * shapes[0].axis[CLCONV_HEIGHT].kernel + c.row_floats * ring_rows);

    /* A band computes again the rows of the ring that the one before ended with. */
    const int64_t wanted = UNITS_PER_DEVICE * device->compute_units;
    const int64_t least_rows = cc_max(4 * ring_rows / height->stride, 1);
    int64_t bands = cc_divide_up(wanted, plane_count(shapes) * c.strips);
    bands = cc_max(cc_min(bands, height->output / least_rows), 1);
    c.rows = (cl_int)cc_divide_up(height->output, bands);
    c.bands = (cl_int)cc_divide_up(height->output, c.rows);
    c.units = (cl_int)(plane_count(shapes) * c.strips * c.bands);
    c.streamed =
        (int64_t)shapes[1].batch * shapes[1].out_channels * cc_output_elements(&shapes[1]) >=
        streamed_elements;
    return c;
}

/* ---- The row of cc_algorithm ---- */

static int is_plain(const cc_axis *axis)
{
    return axis->kernel == 1 && axis->stride == 1 && axis->padding == 0 &&
           axis->input == axis->output;
}

static clconv_status stage_applicable(const cc_shape *shape, clconv_error *error)
{
    if (shape->transposed)
        return cc_fail(error, CLCONV_UNSUPPORTED, "it does no transposed convolution");
    if (shape->groups != shape->in_channels)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "it wants two depthwise stages: as many groups as input channels");
    if (!is_plain(&shape->axis[CLCONV_DEPTH]))
        return cc_fail(error, CLCONV_UNSUPPORTED, "it does no convolution along the depth");
    if (cc_kernel_elements(shape) > MOST_TAPS)
        return cc_fail(error, CLCONV_UNSUPPORTED, "it wants at most %d taps", MOST_TAPS);
    return CLCONV_OK;
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shapes,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (device->kind != CLCONV_DEVICE_CPU)
        return cc_fail(error, CLCONV_UNSUPPORTED, "it is made for CPU devices");
    TRY(stage_applicable(&shapes[0], error));
    TRY(stage_applicable(&shapes[1], error));
    if (scratch_floats(shapes) > (double)(INT32_MAX / 2) || largest_units(shapes) > INT32_MAX)
        status = cc_fail(error, CLCONV_UNSUPPORTED, "its numbers of rows or planes are too large");

cleanup:
    return status;
}

/* Of one compute unit, PoCL 3.1: a vector of columns costs its taps, gathered value by value where
 * columns are not neighbours, and a row the list of its taps. A float of src, and each of dst
 * twice, what all units share. */
typedef struct costs {
    double tap_ns, short_tap_ns, gathered_tap_ns, vector_ns, float_ns;
} costs;

static const costs costs_of[CC_VECTORS_COUNT] = {
    [CC_VECTORS_8] = {0.5, 1.4, 5.0, 3.5, 0.08},  /* AVX2 cores (AMD EPYC, Zen 3) */
    [CC_VECTORS_16] = {0.6, 1.4, 12.0, 3.0, 0.0}, /* AVX-512 cores (AMD EPYC, Zen 4) */
};

static const double launch_ns = 5e3, row_ns = 25.0, row_tap_ns = 2.0;

static double stage_ns(const clconv_device *device, const cc_shape *shape)
{
    const cc_vectors kind = cc_device_vectors(device);
    const costs *cost = &costs_of[kind];
    const cc_axis *width = &shape->axis[CLCONV_WIDTH];
    const double rows = (double)shape->batch * shape->out_channels *
                        shape->axis[CLCONV_DEPTH].output * shape->axis[CLCONV_HEIGHT].output;
    const double taps = (double)cc_kernel_elements(shape);
    const int64_t vectors = cc_divide_up(width->output, cc_vector_lanes(kind));
    const double each_ns = width->stride > 1 ? cost->gathered_tap_ns
                           : vectors < 8     ? cost->short_tap_ns
                                             : cost->tap_ns;
    return rows *
           (row_ns + taps * row_tap_ns + (double)vectors * (cost->vector_ns + taps * each_ns));
}

static double estimate(const clconv_device *device, const cc_shape *shapes)
{
    const fused_cut c = make_cut(device, shapes);
    const double again = 1.0 + (double)c.ring_rows / c.rows; /* rows at the edges of bands */
    const double floats =
        (double)shapes[0].batch *
        ((double)shapes[0].in_channels * (double)cc_input_elements(&shapes[0]) +
         2.0 * (double)shapes[1].out_channels * (double)cc_output_elements(&shapes[1]));
    return launch_ns + floats * costs_of[cc_device_vectors(device)].float_ns +
           (stage_ns(device, &shapes[0]) * again + stage_ns(device, &shapes[1])) /
               (double)device->compute_units;
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const clconv_device *device = stage->target->device;
    const cc_shape shapes[2] = {stage->shape, stage->second};
    char options[32];

    snprintf(options, sizeof(options), "-DLANES=%d", cc_vector_lanes(cc_device_vectors(device)));
    TRY(cc_pair_build(stage, sizeof(state), "fused", options, error));
    state *s = stage->state;
    s->cut = make_cut(device, shapes);
    const int64_t most_items = 32 * device->compute_units;
    const int64_t tasks = s->cut.units <= most_items ? s->cut.units : most_items / 2;
    stage->workspace_bytes = (size_t)(tasks * s->cut.item_floats) * sizeof(float);
    s->base.items = cc_task_items(device, tasks);
    s->cut.empty = s->base.items > (size_t)tasks;

cleanup:
    return status;
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    const state *s = stage->state;
    fused_cut cut = s->cut;
    cut.scratch_offset = io->workspace.offset;
    return cc_pair_launch(stage, chain, io, CC_ARGUMENT(cut), error);
}

const cc_algorithm cc_fused = {
    .name = "fused",
    .text = "two depthwise stages as one, nothing stored between them, for CPU devices",
    .stages = 2,
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .enqueue = enqueue,
    .destroy = cc_pair_destroy,
};
