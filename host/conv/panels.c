/* Matrix product with output pixels in vector registers, for CPU devices: kernels/panels.cl. */
#include "conv/kernel_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A form of the kernel. Accumulators, a column of the panel and one broadcast fill the vector
 * registers of the instruction set: 32 of 16 floats (AVX-512) or 16 of 8 floats (AVX2). */
typedef struct form {
    int lanes;
    int vectors;
    int channels;
} form;

enum {
    PANEL = 6144, /* floats: with what else is in __local memory less than a cache of 32 KiB */
    ITEMS_PER_UNIT = 4, /* work-items that a compute unit should have, so that none waits long */
};

typedef struct state {
    cc_kernel *kernel;
    cc_kernel *pack;
    size_t global[3];
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
    if (native_lanes < 16)
        return (form){8, 3, 4};
    return group_k(shape) <= 4 ? (form){16, 6, 4} : (form){16, 3, 8};
}

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
    int64_t rows = group_c(shape);
    for (int i = 0; i < CLCONV_AXES; ++i)
        rows *= divide_up(shape->axis[i].kernel, cc_phases(shape, (clconv_axis)i));
    return rows;
}

/* Vectors of pixels of the largest phase, of all images or of one. */
static int64_t vector_count(const cc_shape *shape, form f)
{
    const int64_t pixels = cc_phase_outputs(shape, CLCONV_DEPTH) *
                           cc_phase_outputs(shape, CLCONV_HEIGHT) *
                           cc_phase_outputs(shape, CLCONV_WIDTH);
    return divide_up(pixels * (images_together(shape, f) ? shape->batch : 1), f.lanes);
}

static int64_t strip_count(const cc_shape *shape, form f)
{
    return divide_up(vector_count(shape, f), f.vectors);
}

/* Whether a strip of so many vectors is computed as it is: the kernel has code for these counts and
 * takes the next larger one otherwise. */
static int is_whole_strip(int64_t vectors, form f)
{
    return vectors == f.vectors || vectors == f.vectors - 1 || vectors == f.vectors / 2;
}

/* Whether neighbouring strips compute some pixels both. */
static int strips_overlap(const cc_shape *shape, form f)
{
    const int64_t vectors = vector_count(shape, f), strips = strip_count(shape, f);
    return strips > 1 &&
           !(is_whole_strip(vectors / strips, f) && is_whole_strip(divide_up(vectors, strips), f));
}

/* K/G is padded to whole blocks. */
static double packed_elements(const cc_shape *shape)
{
    const form f = choose_form(shape, 16);
    return (double)shape->groups * (double)cc_kernel_elements(shape) * group_c(shape) *
           (double)(divide_up(group_k(shape), f.channels) * f.channels);
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    if (device->kind != CLCONV_DEVICE_CPU)
        return cc_fail(error, CLCONV_UNSUPPORTED, "panels is made for CPU devices");
    if (strcmp(device->platform, "rusticl") == 0) /* llvmpipe: 65535, all loops together */
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "rusticl ends the loops of work-items of panels early");
    if (packed_elements(shape) * sizeof(float) > (double)device->max_alloc_bytes)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "packed weights of %.0f elements are too large for a buffer of %s",
                       packed_elements(shape), device->name);
    return CLCONV_OK;
}

/* Work-items that share the output channels of a strip, so that every compute unit has some. */
static int64_t share_count(const clconv_device *device, const cc_shape *shape, form f)
{
    const int64_t strips = strip_count(shape, f);
    const int64_t items = strips * phase_count(shape) * shape->groups *
                          (images_together(shape, f) ? 1 : shape->batch);
    const int64_t shares = divide_up((int64_t)ITEMS_PER_UNIT * device->compute_units, items);
    const int64_t blocks = divide_up(group_k(shape), f.channels);
    return shares < blocks ? shares : blocks;
}

/* Of one compute unit, PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4), fitted to the processor time of
 * 28 of the benchmark's layers, most within 25 %: a vector of pixels costs finding the inputs of a
 * tap, copying a row of the panel (value by value where neighbours are more than 2 apart), and
 * storing (value by value in phases) and multiplying an output channel; a strip costs reading its
 * weights. */
static const double tap_ns = 12.0, row_ns = 3.8, gathered_row_ns = 32.0, store_ns = 1.0,
                    scatter_ns = 19.0, product_ns = 0.37, weight_ns = 0.05;

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const form f = choose_form(shape, 16);
    const int64_t vectors = vector_count(shape, f), strips = strip_count(shape, f);
    const int64_t least = f.vectors / 2; /* that a strip computes */
    const double strip_vectors = (double)(vectors > strips * least ? vectors : strips * least);
    const double items =
        (double)phase_count(shape) * shape->groups * (images_together(shape, f) ? 1 : shape->batch);
    const double taps = (double)cc_kernel_elements(shape) / (double)phase_count(shape);
    const double rows = taps * group_c(shape);
    const double channels = (double)(divide_up(group_k(shape), f.channels) * f.channels);
    const int gathered = !shape->transposed && shape->axis[CLCONV_WIDTH].stride > 2;
    const double copy = taps * tap_ns + rows * (gathered ? gathered_row_ns : row_ns);
    const double product =
        channels * (rows * product_ns + (phase_count(shape) > 1 ? scatter_ns : store_ns));
    const double ns =
        items * (strip_vectors * ((double)share_count(device, shape, f) * copy + product) +
                 (double)strips * rows * channels * weight_ns);
    return ns / (device->compute_units > 0 ? device->compute_units : 1);
}

/* The launches of both kernels, and the size of the packed weights. */
static void set_sizes(cc_stage *stage, form f)
{
    const cc_shape *shape = &stage->shape;
    state *s = stage->state;
    const int64_t blocks = divide_up(group_k(shape), f.channels);
    const size_t padded_k = (size_t)blocks * (size_t)f.channels;
    const size_t taps = (size_t)cc_kernel_elements(shape), groups = (size_t)shape->groups;
    const int images = images_together(shape, f) ? 1 : shape->batch;

    const int64_t strips = strip_count(shape, f);
    const int64_t shares = share_count(stage->target->device, shape, f);
    const size_t global[3] = {(size_t)(strips * phase_count(shape)), (size_t)shares * groups,
                              (size_t)images};
    const size_t pack_global[3] = {padded_k, (size_t)group_c(shape), taps * groups};
    const size_t pack_local[3] = {(size_t)f.channels, 1, 1};
    memcpy(s->global, global, sizeof(global));
    memcpy(s->pack_global, pack_global, sizeof(pack_global));
    memcpy(s->pack_local, pack_local, sizeof(pack_local));
    /* Sums that wait have a place of their own where dst is none: a phase's are not neighbours
     * there, and strips that overlap would add to each other's. */
    if (phase_rows(shape) > PANEL / (f.lanes * f.vectors) &&
        (phase_count(shape) > 1 || strips_overlap(shape, f)))
        stage->workspace_bytes = global[0] * (size_t)images * groups * padded_k *
                                 (size_t)(f.lanes * f.vectors) * sizeof(float);
    stage->packed_bytes = padded_k * (size_t)group_c(shape) * taps * groups * sizeof(float);
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
    snprintf(options, sizeof(options),
             "-DTRANSPOSED=%d -DLANES=%d -DVECTORS=%d -DCHANNELS=%d -DROWS=%d",
             shape->transposed != 0, f.lanes, f.vectors, f.channels, PANEL / (f.lanes * f.vectors));
    TRY(cc_kernel_create(stage->target->programs, "panels", "panels", options, &s->kernel, error));
    TRY(cc_kernel_create(stage->target->programs, "panels", "pack", options, &s->pack, error));

    set_sizes(stage, f);

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
    static const size_t local[3] = {1, 1, 1};
    const state *s = stage->state;
    cc_kernel_args args = cc_kernel_args_make(stage, io);
    flatten(&args);
    const cc_argument arguments[] = {
        CC_ARGUMENT(args),
        CC_ARGUMENT(io->src.mem),
        CC_ARGUMENT(io->weights.mem),
        {sizeof(cl_mem), io->bias.mem != NULL ? &io->bias.mem : NULL},
        CC_ARGUMENT(io->dst.mem),
        {sizeof(cl_mem), io->workspace.mem != NULL ? &io->workspace.mem : NULL},
        CC_ARGUMENT(io->workspace.offset),
    };
    return cc_launch(chain, s->kernel, arguments, sizeof(arguments) / sizeof(arguments[0]), 3,
                     s->global, local, error);
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

const cc_algorithm cc_panels = {
    .name = "panels",
    .text = "output pixels in vector registers, windows packed, for CPU devices",
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .pack = pack,
    .enqueue = enqueue,
    .destroy = destroy,
};
