/* Direct convolution in vector registers, for CPU devices: kernels/blocked.cl. */
#include "conv/kernel_args.h"

#include <stdio.h>
#include <stdlib.h>

/* A form of the kernel. Accumulators, weights and one broadcast fill the vector registers of the
 * instruction set: 32 of 16 floats (AVX-512) or 16 of 8 floats (AVX2). */
typedef struct form {
    int lanes;
    int vectors;
    int pixels;
} form;

typedef struct state {
    cc_kernel *kernel;
    cc_kernel *pack;
    size_t global[3];
    size_t pack_global[3];
    size_t pack_local[3];
} state;

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static int group_k(const cc_shape *shape)
{
    return shape->out_channels / shape->groups;
}

static form choose_form(const cc_shape *shape, cl_uint native_lanes)
{
    const int lanes = native_lanes >= 16 ? 16 : 8;
    if (group_k(shape) <= lanes)
        return (form){lanes, 1, lanes == 16 ? 14 : 8};
    return (form){lanes, 2, lanes == 16 ? 7 : 5};
}

static int phases(const cc_shape *shape, clconv_axis axis)
{
    const cc_axis *a = &shape->axis[axis];
    return !shape->transposed ? 1 : a->stride < a->output ? a->stride : a->output;
}

/* Outputs of an axis's largest phase. */
static int phase_outputs(const cc_shape *shape, clconv_axis axis)
{
    const cc_axis *a = &shape->axis[axis];
    return shape->transposed ? ceil_div(a->output, a->stride) : a->output;
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    (void)shape;
    if (device->kind == CLCONV_DEVICE_CPU)
        return CLCONV_OK;
    return cc_fail(error, CLCONV_UNSUPPORTED, "blocked is made for CPU devices");
}

/* Of one compute unit, PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4): a block of pixels costs its
 * multiplications and a constant, which is what few taps and channels show (bench/README.md). */
static const double flops_per_ns = 90.0, block_ns = 120.0;

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const form f = choose_form(shape, 16);
    const double taps = (double)cc_kernel_elements(shape) * (shape->in_channels / shape->groups);
    double phase_taps = taps, pixel_blocks = 1.0;
    for (int i = 0; i < CLCONV_AXES; ++i) {
        const clconv_axis axis = (clconv_axis)i;
        const int outputs = phase_outputs(shape, axis);
        phase_taps /= phases(shape, axis);
        pixel_blocks *= (double)phases(shape, axis) *
                        (axis == CLCONV_WIDTH ? ceil_div(outputs, f.pixels) : outputs);
    }
    const double blocks =
        pixel_blocks * shape->batch * shape->groups * ceil_div(group_k(shape), f.lanes * f.vectors);
    const double sums = (double)f.pixels * f.lanes * f.vectors;
    const unsigned units = device->compute_units > 0 ? device->compute_units : 1;
    return blocks * (2.0 * phase_taps * sums / flops_per_ns + block_ns) / units;
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

    const size_t block = (size_t)(f.lanes * f.vectors);
    const size_t blocks = ((size_t)group_k(shape) + block - 1) / block;
    const size_t groups = (size_t)shape->groups,
                 channels = (size_t)(shape->in_channels / shape->groups);
    const size_t taps = (size_t)cc_kernel_elements(shape);
    s->global[0] = (size_t)phases(shape, CLCONV_DEPTH) * (size_t)phases(shape, CLCONV_HEIGHT) *
                   (size_t)phases(shape, CLCONV_WIDTH) *
                   (size_t)phase_outputs(shape, CLCONV_DEPTH) *
                   (size_t)phase_outputs(shape, CLCONV_HEIGHT);
    s->global[1] = blocks * groups;
    s->global[2] = (size_t)shape->batch;
    s->pack_global[0] = blocks * block;
    s->pack_local[0] = block;
    s->pack_local[1] = s->pack_local[2] = 1;
    s->pack_global[1] = channels;
    s->pack_global[2] = taps * groups;
    stage->packed_bytes = blocks * block * channels * taps * groups * sizeof(float);

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
    static const size_t local[3] = {1, 1, 1};
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    const cc_argument arguments[] = {
        CC_ARGUMENT(args),
        CC_ARGUMENT(io->src.mem),
        CC_ARGUMENT(io->weights.mem),
        {sizeof(cl_mem), io->bias.mem != NULL ? &io->bias.mem : NULL},
        CC_ARGUMENT(io->dst.mem),
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
