/* Direct convolution with output pixels in vector registers, for CPU devices: kernels/bands.cl. */
#include "conv/packed_kernel.h"
#include "core/checked.h"

#include <stdio.h>

/* How the work is cut up; mirrors bands_tiling of kernels/bands.cl. */
typedef struct tiling {
    cl_int rows, cols; /* outputs of a band, of a phase */
    cl_int chunk;      /* input channels copied at a time */
    cl_int blocks;     /* blocks of output channels of a task */
    cl_int channels;   /* output channels of a block */
    cl_int transposed;
    cl_int tasks;
    cl_int line_floats;
    cl_int phases_at, rows_at, panel_at, lines_at, local_floats;
} tiling;

typedef struct state {
    cc_packed_kernel base;
    tiling tiling;
} state;

enum {
    LONGEST_KERNEL = 64, /* on an axis: tasks and `pack` go over all taps of an axis */
    LINE = 288,          /* outputs of a line, about */
    SHORTEST_LINE = 96,
    LONGEST_ROW = 480,
    TASKS_PER_UNIT = 8,       /* wanted */
    LOCAL_BYTES = 448 * 1024, /* of the copy and the lines of a task, of a cache of 1 MiB */
    PRODUCTS = 64,            /* of a chunk: input channels * taps */
};

/* Steps between the first and the last input of an output of all phases of the width, of one phase
 * of other axes; or one more. */
static int64_t reach(const cc_shape *shape, clconv_axis axis)
{
    const cc_axis *a = &shape->axis[axis];
    const int64_t phases = axis == CLCONV_WIDTH ? cc_phases(shape, axis) : 1;
    return cc_divide_up((int64_t)(a->kernel - 1) * a->dilation + phases - 1, a->stride);
}

/* The distance of neighbouring outputs of a phase in the input. */
static int64_t in_step(const cc_shape *shape, clconv_axis axis)
{
    return shape->transposed ? 1 : shape->axis[axis].stride;
}

static int64_t copy_rows(const cc_shape *shape, int64_t rows)
{
    return shape->axis[CLCONV_DEPTH].kernel * in_step(shape, CLCONV_HEIGHT) *
           (rows + reach(shape, CLCONV_HEIGHT));
}

/* Floats of the copy of a channel. */
static int64_t copy_floats(const cc_shape *shape, const tiling *t)
{
    return copy_rows(shape, t->rows) * in_step(shape, CLCONV_WIDTH) *
           (t->cols + reach(shape, CLCONV_WIDTH));
}

/* Outputs of a line, some of them in vain. */
static int64_t line_length(const cc_shape *shape, const tiling *t)
{
    return (int64_t)(t->rows - 1) * (t->cols + reach(shape, CLCONV_WIDTH)) + t->cols;
}

static int64_t all_blocks(const cc_shape *shape, const tiling *t)
{
    return cc_divide_up(cc_group_k(shape), t->channels);
}

static int64_t count_tasks(const cc_shape *shape, const tiling *t)
{
    return (int64_t)shape->batch * shape->groups * cc_divide_up(all_blocks(shape, t), t->blocks) *
           cc_phases(shape, CLCONV_DEPTH) * cc_phase_outputs(shape, CLCONV_DEPTH) *
           cc_phases(shape, CLCONV_HEIGHT) *
           cc_divide_up(cc_phase_outputs(shape, CLCONV_HEIGHT), t->rows) *
           cc_divide_up(cc_phase_outputs(shape, CLCONV_WIDTH), t->cols);
}

static cl_int round_up(int64_t value)
{
    return (cl_int)(cc_divide_up(value, 16) * 16);
}

/* The parts of a task's __local memory for t->chunk input channels; their floats. */
static int64_t lay_out(const cc_shape *shape, tiling *t)
{
    const int64_t phases = cc_phases(shape, CLCONV_WIDTH);
    const int64_t kept = t->chunk < cc_group_c(shape) ? t->blocks : 1;
    const int64_t copy = t->chunk * copy_floats(shape, t) + 32; /* a vector is read past it */
    t->line_floats = round_up(line_length(shape, t));
    t->phases_at = round_up(2 * cc_kernel_elements(shape));
    t->rows_at = round_up(t->phases_at + 4 * phases);
    t->panel_at = round_up(t->rows_at + copy_rows(shape, t->rows));
    const int64_t lines_at = cc_divide_up(t->panel_at + copy, 16) * 16;
    const int64_t floats = lines_at + kept * phases * t->channels * t->line_floats;
    t->lines_at = (cl_int)cc_min(lines_at, INT32_MAX);
    t->local_floats = (cl_int)cc_min(floats, INT32_MAX);
    return floats;
}

/* Sets the largest chunk for which a task takes at most so many floats; 0 if there is none. */
static void set_chunk(const cc_shape *shape, tiling *t, int64_t floats)
{
    const int64_t channels = cc_group_c(shape);
    t->chunk = (cl_int)channels;
    if (lay_out(shape, t) <= floats)
        return;
    t->chunk = 0;
    const int64_t room = floats - lay_out(shape, t);
    const int64_t most = room > 0 ? cc_min(room / copy_floats(shape, t), channels - 1) : 0;
    /* Equal chunks. */
    t->chunk = most > 0 ? (cl_int)cc_divide_up(channels, cc_divide_up(channels, most)) : 0;
    (void)lay_out(shape, t);
}

static tiling choose_tiling(const clconv_device *device, const cc_shape *shape)
{
    const int64_t wanted = (int64_t)TASKS_PER_UNIT * device->compute_units;
    const int64_t floats =
        cc_min((int64_t)device->local_bytes, LOCAL_BYTES) / (int64_t)sizeof(float);
    const int64_t all_rows = cc_phase_outputs(shape, CLCONV_HEIGHT);
    const int64_t all_cols = cc_phase_outputs(shape, CLCONV_WIDTH);

    const int wide = cc_device_vectors(device) == CC_VECTORS_16;
    tiling t = {.channels = wide && cc_group_k(shape) > 4 ? 8 : 4,
                .transposed = shape->transposed != 0};
    t.blocks = (cl_int)all_blocks(shape, &t);
    t.cols = (cl_int)all_cols;
    if (all_cols > LONGEST_ROW)
        t.cols = round_up(cc_divide_up(all_cols, cc_divide_up(all_cols, LONGEST_ROW)));
    const int64_t pitch = t.cols + reach(shape, CLCONV_WIDTH);
    t.rows = t.cols < all_cols ? 1 : (cl_int)cc_min(all_rows, cc_divide_up(LINE, pitch));
    while (count_tasks(shape, &t) < wanted) {
        if (t.rows > 1 && t.rows * pitch >= 2 * SHORTEST_LINE)
            t.rows = (t.rows + 1) / 2;
        else if (t.blocks > 1)
            t.blocks = (t.blocks + 1) / 2;
        else
            break;
    }
    t.rows = (cl_int)cc_divide_up(all_rows, cc_divide_up(all_rows, t.rows));

    for (;;) {
        set_chunk(shape, &t, floats);
        /* Sums that wait take a part of the cache only. */
        if (t.chunk < cc_group_c(shape) && t.blocks > 1 &&
            (t.local_floats - t.lines_at) > floats / 4) {
            t.blocks = (t.blocks + 1) / 2;
            continue;
        }
        if (t.chunk == cc_group_c(shape) || t.chunk * cc_kernel_elements(shape) >= PRODUCTS)
            break;
        if (t.blocks > 1 && t.chunk > 0)
            t.blocks = (t.blocks + 1) / 2;
        else if (t.rows > 1)
            t.rows = (t.rows + 1) / 2;
        else if (t.cols > 32)
            t.cols = round_up(cc_divide_up(t.cols, 2));
        else
            break;
    }
    t.tasks = (cl_int)cc_min(count_tasks(shape, &t), INT32_MAX);
    return t;
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (device->kind != CLCONV_DEVICE_CPU)
        return cc_fail(error, CLCONV_UNSUPPORTED, "bands is made for CPU devices");
    for (int i = 0; i < CLCONV_AXES; ++i) {
        const cc_axis *a = &shape->axis[i];
        if (a->kernel > LONGEST_KERNEL || (!shape->transposed && a->stride > a->kernel))
            return cc_fail(error, CLCONV_UNSUPPORTED,
                           "bands takes kernels of at most %d on an axis, and no less than the "
                           "stride",
                           LONGEST_KERNEL);
    }
    const tiling t = choose_tiling(device, shape);
    TRY(cc_packed_check(device, cc_packed_floats(shape, t.channels), error));
    if (t.chunk < 1)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "the inputs of a row do not fit in the __local memory of %s", device->name);
cleanup:
    return status;
}

/* Of one compute unit, PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4), in ns: a product of a vector,
 * the rest of a tile, a vector copied and one stored by the distance of its elements (1, 2, more),
 * beginning a row of the copy, finding what a task is, and a launch. */
static const double product_ns = 0.3, fetch_ns = 0.5, tile_ns = 10.0, row_ns = 6.0, task_ns = 600.0,
                    launch_ns = 6e3;
static const double copy_ns[] = {1.5, 1.5, 16.0}, store_ns[] = {1.5, 3.0, 10.0};
/* More for storing a vector of a dst that no cache holds: so many bytes of it. */
static const double memory_ns = 2.5, cache_bytes = 8 << 20;

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const tiling t = choose_tiling(device, shape);
    const int64_t phases = cc_phases(shape, CLCONV_WIDTH), step = in_step(shape, CLCONV_WIDTH);
    const double lanes = cc_vector_lanes(cc_device_vectors(device));
    const double vectors = (double)t.line_floats / lanes;
    const double channels = (double)t.blocks * t.channels;
    const double taps = (double)cc_kernel_elements(shape) /
                        (double)(cc_phases(shape, CLCONV_DEPTH) * cc_phases(shape, CLCONV_HEIGHT));
    const double products = vectors * channels * taps * cc_group_c(shape);
    const double copied = (double)copy_floats(shape, &t) / lanes * cc_group_c(shape);
    const double copied_rows = (double)(copy_rows(shape, t.rows) * step) * cc_group_c(shape);
    const double stored = channels * (double)t.rows * (double)(t.cols * phases) / lanes;
    const double dst_bytes = (double)shape->batch * shape->out_channels *
                             (double)cc_output_elements(shape) * sizeof(float);
    const double memory = phases == 1 && dst_bytes > cache_bytes ? memory_ns : 0.0;
    const double fetched = copied * (double)t.blocks * (double)phases;
    const double ns = products * product_ns + fetched * fetch_ns +
                      vectors * channels * (double)phases / 24 * tile_ns +
                      copied * copy_ns[cc_min(step, 3) - 1] + copied_rows * row_ns +
                      stored * (store_ns[cc_min(phases, 3) - 1] + memory) + task_ns;
    return launch_ns + (double)t.tasks * ns / device->compute_units;
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    char options[64];

    snprintf(options, sizeof(options), "-DLANES=%d",
             cc_vector_lanes(cc_device_vectors(stage->target->device)));
    TRY(cc_packed_build(stage, sizeof(state), "bands", options, error));

    state *s = stage->state;
    s->tiling = choose_tiling(stage->target->device, shape);
    cc_packed_set_taps(stage, s->tiling.channels);
    cc_packed_set_tasks(stage, s->tiling.tasks, s->tiling.local_floats);

cleanup:
    return status;
}

static clconv_status pack(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                          cc_tensor packed, clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, &(cc_stage_io){.weights = weights});
    const cc_argument arguments[] = {CC_ARGUMENT(args), CC_ARGUMENT(s->tiling),
                                     CC_ARGUMENT(weights.mem), CC_ARGUMENT(packed.mem),
                                     CC_ARGUMENT(packed.offset)};
    return cc_launch(chain, s->base.pack, arguments, sizeof(arguments) / sizeof(arguments[0]), 3,
                     s->base.pack_global, cc_packed_local, error);
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    return cc_packed_launch(stage, chain, &args, CC_ARGUMENT(s->tiling), io, error);
}

const cc_algorithm cc_bands = {
    .name = "bands",
    .text = "output pixels in vector registers, inputs as they lie, for CPU devices",
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .pack = pack,
    .enqueue = enqueue,
    .destroy = cc_packed_destroy,
};
