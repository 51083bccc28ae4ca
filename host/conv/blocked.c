/* Direct convolution in vector registers, for CPU devices: kernels/blocked.cl. */
#include "conv/packed_kernel.h"
#include "core/checked.h"

#include <stdio.h>

/* A form of the kernel. Accumulators, weights and one broadcast fill the vector registers of the
 * instruction set: 32 of 16 floats (AVX-512) or 16 of 8 floats (AVX2). */
typedef struct form {
    int lanes;
    int vectors;
    int pixels;
} form;

/* How the work is cut up; mirrors blocked_tiling of kernels/blocked.cl. */
typedef struct tiling {
    cl_int rows, cols; /* outputs of a band */
    cl_int chunk;      /* input channels summed at a time */
    cl_int blocks;     /* blocks of output channels of a task */
    cl_int tasks;
    cl_int unit;                                     /* input channels of the table of taps */
    cl_int rows_at, panel_at, sums_at, local_floats; /* parts of the __local memory, in floats */
} tiling;

typedef struct state {
    cc_packed_kernel base;
    tiling tiling;
} state;

static form choose_form(const clconv_device *device, const cc_shape *shape)
{
    if (cc_device_vectors(device) == CC_VECTORS_8)
        return cc_group_k(shape) <= 8 ? (form){8, 1, 8} : (form){8, 2, 6};
    return (form){16, cc_group_k(shape) <= 16 ? 1 : 2, 8};
}

/* Inputs along an axis that `outputs` neighbouring outputs of a phase cover, and the rows that are
 * copied where the taps are taken one by one. */
static int64_t covered(const cc_shape *shape, clconv_axis axis, int64_t outputs)
{
    const cc_axis *a = &shape->axis[axis];
    const int64_t common = shape->transposed ? cc_gcd(a->stride, a->dilation) : 1;
    const int64_t taps =
        shape->transposed ? cc_divide_up(a->kernel, a->stride / common) : a->kernel;
    const int64_t step = shape->transposed ? 1 : a->stride;
    const int64_t range = (outputs - 1) * step + (taps - 1) * (a->dilation / common) + 1;
    return axis == CLCONV_WIDTH ? range : cc_min(range, outputs * taps);
}

/* Floats of the copy of one channel's inputs of a band. */
static int64_t panel_floats(const cc_shape *shape, int64_t rows, int64_t cols)
{
    return covered(shape, CLCONV_DEPTH, 1) * covered(shape, CLCONV_HEIGHT, rows) *
           covered(shape, CLCONV_WIDTH, cols);
}

enum {
    wanted_tasks = 8,     /* of each compute unit */
    table_taps = 32,      /* of the table of taps, at least about */
    wanted_products = 64, /* of a chunk: input channels * taps */
    wanted_reuse = 12,    /* of a copied input by the taps and blocks of its task */
};

/* What tasks may take. Of 8 floats a tile uses a vector of weights for 6 outputs instead of 8, in
 * fewer cycles: a chunk's stay in the first-level cache there. */
typedef struct limits {
    int64_t band_pixels;   /* outputs of a band, at most about */
    uint64_t local_bytes;  /* of inputs and sums of a task */
    int64_t weights_bytes; /* of a block's weights of a chunk */
} limits;

static const limits limits_of[CC_VECTORS_COUNT] = {
    [CC_VECTORS_8] = {1024, 256 << 10, 24 << 10},  /* caches of 32 and 512 KiB */
    [CC_VECTORS_16] = {256, 448 << 10, 384 << 10}, /* second-level caches of 1 MiB */
};

static int64_t count_tasks(const cc_shape *shape, form f, int64_t rows, int64_t cols,
                           int64_t blocks)
{
    const int64_t all_blocks = cc_divide_up(cc_group_k(shape), f.lanes * f.vectors);
    return (int64_t)shape->batch * shape->groups * cc_divide_up(all_blocks, blocks) *
           cc_phases(shape, CLCONV_DEPTH) * cc_phase_outputs(shape, CLCONV_DEPTH) *
           cc_phases(shape, CLCONV_HEIGHT) *
           cc_divide_up(cc_phase_outputs(shape, CLCONV_HEIGHT), rows) *
           cc_phases(shape, CLCONV_WIDTH) *
           cc_divide_up(cc_phase_outputs(shape, CLCONV_WIDTH), cols);
}

/* Floats of the sums of a tile: TILE_FLOATS of kernels/blocked_store.h. */
static int tile_floats(form f)
{
    return f.pixels * f.lanes * f.vectors + (f.pixels < 8 ? 8 : 0);
}

/* The parts of a task's __local memory. */
static void lay_out(const cc_shape *shape, form f, tiling *t)
{
    const int64_t taps = cc_kernel_elements(shape);
    const int64_t tiles = t->blocks * cc_divide_up((int64_t)t->rows * t->cols, f.pixels);
    const int64_t rows = covered(shape, CLCONV_DEPTH, 1) * covered(shape, CLCONV_HEIGHT, t->rows);
    const int64_t copy = panel_floats(shape, t->rows, t->cols) * t->chunk + f.lanes;
    t->unit = (cl_int)cc_max(cc_min(table_taps / taps, t->chunk), 1);
    t->rows_at = (cl_int)(cc_divide_up(2 * t->unit * taps, 16) * 16);
    t->panel_at = (cl_int)(t->rows_at + cc_divide_up(rows, 16) * 16);
    t->sums_at = (cl_int)(t->panel_at + cc_divide_up(copy, 16) * 16);
    t->local_floats = (cl_int)(t->sums_at + tiles * tile_floats(f));
}

/* The part of the taps that tiles sum: those of rows and columns that lie in the padding for all
 * outputs of a tile are left out. A tile that goes over the end of a row has all columns. */
static double summed_part(const cc_shape *shape, form f, const tiling *t)
{
    const int64_t cols = cc_min(t->cols, f.pixels);
    const double wrapping = t->cols % f.pixels == 0 ? 0.0 : (double)cols / t->cols;
    const double part_w = cc_inside_part(shape, CLCONV_WIDTH, cols);
    return cc_inside_part(shape, CLCONV_DEPTH, 1) *
           cc_inside_part(shape, CLCONV_HEIGHT, cc_divide_up(f.pixels, t->cols)) *
           (wrapping + (1.0 - wrapping) * part_w);
}

/* The most input channels that a task can take at a time in `floats` of __local memory; 0 if it
 * cannot take one. */
static int64_t largest_chunk(const cc_shape *shape, form f, tiling t, int64_t floats,
                             int64_t weights_limit)
{
    const int64_t all = cc_group_c(shape);
    const int64_t weights = cc_kernel_elements(shape) * f.lanes * f.vectors;
    /* In the first-level cache, that of 8 floats, only what a tile reads counts. */
    double read = f.lanes == 8 ? summed_part(shape, f, &t) : 1.0;
    read = read < 0.1 ? 0.1 : read;
    const int64_t cached =
        cc_max((int64_t)((double)weights_limit / ((double)weights * sizeof(float) * read)), 1);
    const int64_t panel = panel_floats(shape, t.rows, t.cols);
    if (panel > floats)
        return 0;
    lay_out(shape, f, &t);
    t.chunk = (cl_int)cc_min(cc_min(all, cached), cc_max(floats - t.local_floats, 0) / panel);
    /* Equal chunks. */
    return t.chunk > 0 ? cc_divide_up(all, cc_divide_up(all, t.chunk)) : 0;
}

/* Cuts the work up for a device; chunk is 0 where its __local memory is too small. */
static tiling choose_tiling(const clconv_device *device, const cc_shape *shape, form f)
{
    const int64_t wanted = wanted_tasks * device->compute_units;
    const limits most = limits_of[cc_device_vectors(device)];
    const int64_t floats = (int64_t)((device->local_bytes < most.local_bytes ? device->local_bytes
                                                                             : most.local_bytes) /
                                     sizeof(float));
    const int64_t all_rows = cc_phase_outputs(shape, CLCONV_HEIGHT);
    const int64_t all_cols = cc_phase_outputs(shape, CLCONV_WIDTH);
    const int64_t all_blocks = cc_divide_up(cc_group_k(shape), f.lanes * f.vectors);

    int64_t cols = all_cols;
    if (cols > most.band_pixels)
        cols = cc_divide_up(cc_divide_up(cols, cc_divide_up(cols, most.band_pixels)), f.pixels) *
               f.pixels;
    int64_t rows = cols < all_cols ? 1 : cc_min(all_rows, cc_max(most.band_pixels / cols, 1));
    while (rows > 1 && rows * cols > 64 && count_tasks(shape, f, rows, cols, 1) < wanted)
        rows = cc_divide_up(rows, 2);
    rows = cc_divide_up(all_rows, cc_divide_up(all_rows, rows));

    double reuse = (double)rows * (double)cols / (double)panel_floats(shape, rows, cols);
    for (int i = 0; i < CLCONV_AXES; ++i)
        reuse *= (double)cc_divide_up(shape->axis[i].kernel, cc_phases(shape, (clconv_axis)i));
    int64_t blocks = 1;
    while (blocks < all_blocks && reuse * (double)blocks < wanted_reuse &&
           count_tasks(shape, f, rows, cols, 2 * blocks) >= wanted)
        blocks *= 2;

    for (;;) {
        tiling t = {.rows = (cl_int)rows, .cols = (cl_int)cols, .blocks = (cl_int)blocks};
        t.chunk = (cl_int)largest_chunk(shape, f, t, floats, most.weights_bytes);
        const int smallest = rows == 1 && blocks == 1 && cols <= f.pixels;
        if (smallest || t.chunk == cc_group_c(shape) ||
            t.chunk * cc_kernel_elements(shape) >= wanted_products) {
            lay_out(shape, f, &t);
            t.tasks = (cl_int)count_tasks(shape, f, rows, cols, blocks);
            return t;
        }
        if (blocks > 1)
            blocks /= 2;
        else if (rows > 1)
            rows = cc_divide_up(rows, 2);
        else
            cols = cc_divide_up(cc_divide_up(cols, 2), f.pixels) * f.pixels;
    }
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const form f = choose_form(device, shape);
    TRY(cc_packing_check(device, "blocked", error));
    TRY(cc_packed_check(device, cc_packed_floats(shape, f.lanes * f.vectors), error));
    if (choose_tiling(device, shape, f).chunk < 1)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "the inputs of a tile do not fit in the __local memory of %s", device->name);

cleanup:
    return status;
}

/* Processor time of one compute unit, PoCL 3.1. A tile costs its multiplications, a constant, and
 * the inputs that are copied for it or fetched from the copy again, one for each output, channel
 * and block of output channels where nothing is shared. */
typedef struct costs {
    double flops_per_ns[2]; /* with one vector of weights, and with two */
    double tile_ns, input_ns, launch_ns;
    double transposed; /* what transposed convolutions take longer: phases are stored by values */
} costs;

static const costs costs_of[CC_VECTORS_COUNT] = {
    [CC_VECTORS_8] = {{45.0, 69.0}, 110.0, 0.41, 20e3, 1.5},   /* AVX2 (AMD EPYC, Zen 3) */
    [CC_VECTORS_16] = {{101.0, 101.0}, 150.0, 0.18, 6e3, 1.3}, /* AVX-512 (AMD EPYC, Zen 4) */
};

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const form f = choose_form(device, shape);
    const costs cost = costs_of[cc_device_vectors(device)];
    const tiling t = choose_tiling(device, shape, f);
    const double outputs = (double)t.rows * t.cols;
    const double tiles =
        (double)t.tasks * t.blocks * (double)cc_divide_up(t.rows * t.cols, f.pixels);
    const double inputs = (double)panel_floats(shape, t.rows, t.cols) / outputs * f.pixels;
    const double sums = (double)f.pixels * f.lanes * f.vectors;
    double phase_taps = (double)cc_kernel_elements(shape) * summed_part(shape, f, &t);
    for (int i = 0; i < CLCONV_AXES; ++i)
        phase_taps /= (double)cc_phases(shape, (clconv_axis)i);
    const double channel_ns =
        2.0 * phase_taps * sums / cost.flops_per_ns[f.vectors > 1] + inputs * cost.input_ns;
    const double ns = tiles * (channel_ns * cc_group_c(shape) + cost.tile_ns);
    return cost.launch_ns +
           (shape->transposed ? cost.transposed : 1.0) * ns / (double)device->compute_units;
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    char options[256];

    const form f = choose_form(stage->target->device, shape);
    const size_t length = cc_kernel_options(shape, options, sizeof(options));
    snprintf(options + length, sizeof(options) - length,
             " -DPREFETCH=%d -DLANES=%d -DVECTORS=%d -DPIXELS=%d",
             cc_kernel_prefetch(stage->target->device), f.lanes, f.vectors, f.pixels);
    TRY(cc_packed_build(stage, sizeof(state), "blocked", options, error));
    cc_packed_set_packing(stage,
                          (cc_packing){.fill = cc_fill_by_phase, .block = f.lanes * f.vectors},
                          cc_kernel_elements(shape) * cc_group_c(shape));

    state *s = stage->state;
    s->tiling = choose_tiling(stage->target->device, shape, f);
    cc_packed_set_tasks(stage, s->tiling.tasks, s->tiling.local_floats);

cleanup:
    return status;
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    return cc_packed_launch(stage, chain, &args, CC_ARGUMENT(s->tiling), io, error);
}

const cc_algorithm cc_blocked = {
    .name = "blocked",
    .text = "output channels in vector registers, for CPU devices",
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .pack = cc_packed_pack,
    .enqueue = enqueue,
    .destroy = cc_packed_destroy,
};
