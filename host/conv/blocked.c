/* Direct convolution in vector registers, for CPU devices: kernels/blocked.cl. */
#include "conv/kernel_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    cc_kernel *kernel;
    cc_kernel *pack;
    tiling tiling;
    size_t items;
    size_t pack_global[3];
    size_t pack_local[3];
} state;

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int group_c(const cc_shape *shape)
{
    return shape->in_channels / shape->groups;
}

static int group_k(const cc_shape *shape)
{
    return shape->out_channels / shape->groups;
}

static form choose_form(const cc_shape *shape, cl_uint native_lanes)
{
    const int lanes = native_lanes >= 16 ? 16 : 8;
    if (lanes == 8)
        return group_k(shape) <= 8 ? (form){8, 1, 8} : (form){8, 2, 4};
    return (form){16, group_k(shape) <= 16 ? 1 : 2, 8};
}

/* K/G is padded to whole blocks, which may make the weights 32 times as large. */
static double packed_elements(const cc_shape *shape)
{
    const form f = choose_form(shape, 16);
    const int64_t block = (int64_t)f.lanes * f.vectors;
    return (double)shape->groups * (double)cc_kernel_elements(shape) * group_c(shape) *
           (double)(divide_up(group_k(shape), block) * block);
}

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

static int64_t at_least(int64_t value, int64_t limit)
{
    return value > limit ? value : limit;
}

static int gcd(int a, int b)
{
    return b == 0 ? a : gcd(b, a % b);
}

/* Inputs along an axis that `outputs` neighbouring outputs of a phase cover, and the rows that are
 * copied where the taps are taken one by one. */
static int64_t covered(const cc_shape *shape, clconv_axis axis, int64_t outputs)
{
    const cc_axis *a = &shape->axis[axis];
    const int common = shape->transposed ? gcd(a->stride, a->dilation) : 1;
    const int64_t taps = shape->transposed ? divide_up(a->kernel, a->stride / common) : a->kernel;
    const int64_t step = shape->transposed ? 1 : a->stride;
    const int64_t range = (outputs - 1) * step + (taps - 1) * (a->dilation / common) + 1;
    return axis == CLCONV_WIDTH ? range : at_most(range, outputs * taps);
}

/* Floats of the copy of one channel's inputs of a band. */
static int64_t panel_floats(const cc_shape *shape, int64_t rows, int64_t cols)
{
    return covered(shape, CLCONV_DEPTH, 1) * covered(shape, CLCONV_HEIGHT, rows) *
           covered(shape, CLCONV_WIDTH, cols);
}

enum {
    band_pixels = 256,          /* outputs of a band, at most about */
    wanted_tasks = 8,           /* of each compute unit */
    local_limit = 448 * 1024,   /* bytes of inputs and sums of a task, of a cache of 1 MiB */
    weights_limit = 384 * 1024, /* bytes of a block's weights of a chunk, of the same cache */
    table_taps = 32,            /* of the table of taps, at least about */
    wanted_products = 64,       /* of a chunk: input channels * taps */
    wanted_reuse = 12,          /* of a copied input by the taps and blocks of its task */
};

static int64_t count_tasks(const cc_shape *shape, form f, int64_t rows, int64_t cols,
                           int64_t blocks)
{
    const int64_t all_blocks = divide_up(group_k(shape), f.lanes * f.vectors);
    return (int64_t)shape->batch * shape->groups * divide_up(all_blocks, blocks) *
           cc_phases(shape, CLCONV_DEPTH) * cc_phase_outputs(shape, CLCONV_DEPTH) *
           cc_phases(shape, CLCONV_HEIGHT) *
           divide_up(cc_phase_outputs(shape, CLCONV_HEIGHT), rows) *
           cc_phases(shape, CLCONV_WIDTH) * divide_up(cc_phase_outputs(shape, CLCONV_WIDTH), cols);
}

/* The parts of a task's __local memory. */
static void lay_out(const cc_shape *shape, form f, tiling *t)
{
    const int64_t taps = cc_kernel_elements(shape);
    const int64_t tiles = t->blocks * divide_up((int64_t)t->rows * t->cols, f.pixels);
    const int64_t rows = covered(shape, CLCONV_DEPTH, 1) * covered(shape, CLCONV_HEIGHT, t->rows);
    const int64_t copy = panel_floats(shape, t->rows, t->cols) * t->chunk + f.lanes;
    t->unit = (cl_int)at_least(at_most(table_taps / taps, t->chunk), 1);
    t->rows_at = (cl_int)(divide_up(2 * t->unit * taps, 16) * 16);
    t->panel_at = (cl_int)(t->rows_at + divide_up(rows, 16) * 16);
    t->sums_at = (cl_int)(t->panel_at + divide_up(copy, 16) * 16);
    t->local_floats = (cl_int)(t->sums_at + tiles * f.pixels * f.lanes * f.vectors);
}

/* The most input channels that a task can take at a time in `floats` of __local memory; 0 if it
 * cannot take one. */
static int64_t largest_chunk(const cc_shape *shape, form f, tiling t, int64_t floats)
{
    const int64_t all = group_c(shape);
    const int64_t weights = cc_kernel_elements(shape) * f.lanes * f.vectors;
    const int64_t cached = at_least(weights_limit / (weights * (int64_t)sizeof(float)), 1);
    const int64_t panel = panel_floats(shape, t.rows, t.cols);
    if (panel > floats)
        return 0;
    lay_out(shape, f, &t);
    t.chunk = (cl_int)at_most(at_most(all, cached), at_least(floats - t.local_floats, 0) / panel);
    /* Equal chunks. */
    return t.chunk > 0 ? divide_up(all, divide_up(all, t.chunk)) : 0;
}

/* Cuts the work up for a device; chunk is 0 where its __local memory is too small. */
static tiling choose_tiling(const clconv_device *device, const cc_shape *shape, form f)
{
    const int64_t wanted = wanted_tasks * at_least(device->compute_units, 1);
    const int64_t floats =
        (int64_t)((device->local_bytes < local_limit ? device->local_bytes : local_limit) /
                  sizeof(float));
    const int64_t all_rows = cc_phase_outputs(shape, CLCONV_HEIGHT);
    const int64_t all_cols = cc_phase_outputs(shape, CLCONV_WIDTH);
    const int64_t all_blocks = divide_up(group_k(shape), f.lanes * f.vectors);

    int64_t cols = all_cols;
    if (cols > band_pixels)
        cols = divide_up(divide_up(cols, divide_up(cols, band_pixels)), f.pixels) * f.pixels;
    int64_t rows = cols < all_cols ? 1 : at_most(all_rows, at_least(band_pixels / cols, 1));
    while (rows > 1 && rows * cols > 64 && count_tasks(shape, f, rows, cols, 1) < wanted)
        rows = divide_up(rows, 2);
    rows = divide_up(all_rows, divide_up(all_rows, rows));

    double reuse = (double)rows * (double)cols / (double)panel_floats(shape, rows, cols);
    for (int i = 0; i < CLCONV_AXES; ++i)
        reuse *= (double)divide_up(shape->axis[i].kernel, cc_phases(shape, (clconv_axis)i));
    int64_t blocks = 1;
    while (blocks < all_blocks && reuse * (double)blocks < wanted_reuse &&
           count_tasks(shape, f, rows, cols, 2 * blocks) >= wanted)
        blocks *= 2;

    for (;;) {
        tiling t = {.rows = (cl_int)rows, .cols = (cl_int)cols, .blocks = (cl_int)blocks};
        t.chunk = (cl_int)largest_chunk(shape, f, t, floats);
        const int smallest = rows == 1 && blocks == 1 && cols <= f.pixels;
        if (smallest || t.chunk == group_c(shape) ||
            t.chunk * cc_kernel_elements(shape) >= wanted_products) {
            lay_out(shape, f, &t);
            t.tasks = (cl_int)count_tasks(shape, f, rows, cols, blocks);
            return t;
        }
        if (blocks > 1)
            blocks /= 2;
        else if (rows > 1)
            rows = divide_up(rows, 2);
        else
            cols = divide_up(divide_up(cols, 2), f.pixels) * f.pixels;
    }
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    if (device->kind != CLCONV_DEVICE_CPU)
        return cc_fail(error, CLCONV_UNSUPPORTED, "blocked is made for CPU devices");
    if (packed_elements(shape) * sizeof(float) > (double)device->max_alloc_bytes)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "packed weights of %.0f elements are too large for a buffer of %s",
                       packed_elements(shape), device->name);
    if (choose_tiling(device, shape, choose_form(shape, 16)).chunk < 1)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "the inputs of 8 outputs do not fit in the __local memory of %s",
                       device->name);
    return CLCONV_OK;
}

/* Processor time of one compute unit, PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4). A tile costs its
 * multiplications, a constant, and the inputs that are copied for it or fetched from the copy
 * again, one for each output, channel and block of output channels where nothing is shared. */
static const double flops_per_ns = 101.0, tile_ns = 150.0, input_ns = 0.18;

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const form f = choose_form(shape, 16);
    const tiling t = choose_tiling(device, shape, f);
    const double outputs = (double)t.rows * t.cols;
    const double tiles = (double)t.tasks * t.blocks * (double)divide_up(t.rows * t.cols, f.pixels);
    const double inputs = (double)panel_floats(shape, t.rows, t.cols) / outputs * f.pixels;
    const double sums = (double)f.pixels * f.lanes * f.vectors;
    double phase_taps = (double)cc_kernel_elements(shape);
    for (int i = 0; i < CLCONV_AXES; ++i)
        phase_taps /= (double)cc_phases(shape, (clconv_axis)i);
    const double channel_ns = 2.0 * phase_taps * sums / flops_per_ns + inputs * input_ns;
    return tiles * (channel_ns * group_c(shape) + tile_ns) /
           (double)at_least(device->compute_units, 1);
}

/* The launch of the packing, and the size of the packed weights. */
static void set_packing(cc_stage *stage, form f)
{
    const cc_shape *shape = &stage->shape;
    state *s = stage->state;
    const size_t block = (size_t)f.lanes * (size_t)f.vectors;
    const size_t padded_k = (size_t)divide_up(group_k(shape), (int64_t)block) * block;
    const size_t groups = (size_t)shape->groups, channels = (size_t)group_c(shape);
    const size_t taps = (size_t)cc_kernel_elements(shape);
    const size_t pack_global[3] = {padded_k, channels, taps * groups};
    const size_t pack_local[3] = {block, 1, 1};
    memcpy(s->pack_global, pack_global, sizeof(pack_global));
    memcpy(s->pack_local, pack_local, sizeof(pack_local));
    stage->packed_bytes = padded_k * channels * taps * groups * sizeof(float);
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    cl_uint native_lanes = 0;
    char options[256];

    state *s = calloc(1, sizeof(*s));
    stage->state = s;
    if (s == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a stage");
    CL_TRY(clGetDeviceInfo(stage->target->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT,
                           sizeof(native_lanes), &native_lanes, NULL));

    const form f = choose_form(shape, native_lanes);
    const size_t length = cc_kernel_options(shape, options, sizeof(options));
    snprintf(options + length, sizeof(options) - length, " -DLANES=%d -DVECTORS=%d -DPIXELS=%d",
             f.lanes, f.vectors, f.pixels);
    TRY(cc_kernel_create(stage->target->programs, "blocked", "blocked", options, &s->kernel,
                         error));
    TRY(cc_kernel_create(stage->target->programs, "blocked", "pack", options, &s->pack, error));

    s->tiling = choose_tiling(stage->target->device, shape, f);
    /* PoCL gives its first thread one work-item more than an equal share: let that one be empty. */
    s->items = (size_t)s->tiling.tasks;
    if (s->items % (size_t)at_least(stage->target->device->compute_units, 1) == 0)
        ++s->items;
    set_packing(stage, f);

cleanup:
    return status;
}

static clconv_status pack(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                          cc_tensor packed, clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, &(cc_stage_io){.weights = weights});
    const cc_argument arguments[] = {CC_ARGUMENT(args), CC_ARGUMENT(weights.mem),
                                     CC_ARGUMENT(packed.mem), CC_ARGUMENT(packed.offset)};
    return cc_launch(chain, s->pack, arguments, sizeof(arguments) / sizeof(arguments[0]), 3,
                     s->pack_global, s->pack_local, error);
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    static const size_t local = 1;
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    const cc_argument arguments[] = {
        CC_ARGUMENT(args),
        CC_ARGUMENT(s->tiling),
        CC_ARGUMENT(io->src.mem),
        CC_ARGUMENT(io->weights.mem),
        {sizeof(cl_mem), io->bias.mem != NULL ? &io->bias.mem : NULL},
        CC_ARGUMENT(io->dst.mem),
        {(size_t)s->tiling.local_floats * sizeof(float), NULL},
    };
    return cc_launch(chain, s->kernel, arguments, sizeof(arguments) / sizeof(arguments[0]), 1,
                     &s->items, &local, error);
}

static void destroy(cc_stage *stage)
{
    state *s = stage->state;
    if (s != NULL) {
        cc_kernel_destroy(s->kernel);
        cc_kernel_destroy(s->pack);
    }
    free(s);
    stage->state = NULL;
}

const cc_algorithm cc_blocked = {
    .name = "blocked",
    .text = "output channels in vector registers, for CPU devices",
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .pack = pack,
    .enqueue = enqueue,
    .destroy = destroy,
};
