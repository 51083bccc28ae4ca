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
    const int lanes = native_lanes >= 16 ? 16 : 8;
    if (group_k(shape) <= lanes)
        return (form){lanes, 1, lanes == 16 ? 14 : 8};
    return (form){lanes, 2, lanes == 16 ? 7 : 5};
}

/* K/G is padded to whole blocks, which may make the weights 32 times as large. */
static double packed_elements(const cc_shape *shape)
{
    const form f = choose_form(shape, 16);
    const int64_t block = (int64_t)f.lanes * f.vectors;
    return (double)shape->groups * (double)cc_kernel_elements(shape) * group_c(shape) *
           (double)(divide_up(group_k(shape), block) * block);
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
    return CLCONV_OK;
}

/* Of one compute unit, PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4): a block of pixels costs its
 * multiplications and a constant, which is what few taps and channels show (bench/README.md). */
static const double flops_per_ns = 90.0, block_ns = 120.0;

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const form f = choose_form(shape, 16);
    double phase_taps = (double)cc_kernel_elements(shape);
    double blocks = (double)shape->batch * shape->groups *
                    (double)divide_up(group_k(shape), f.lanes * f.vectors);
    for (int i = 0; i < CLCONV_AXES; ++i) {
        const clconv_axis axis = (clconv_axis)i;
        const int64_t outputs = cc_phase_outputs(shape, axis);
        phase_taps /= (double)cc_phases(shape, axis);
        blocks *= (double)cc_phases(shape, axis) *
                  (double)(axis == CLCONV_WIDTH ? divide_up(outputs, f.pixels) : outputs);
    }
    const double sums = (double)f.pixels * f.lanes * f.vectors;
    const double ns = blocks * (2.0 * phase_taps * group_c(shape) * sums / flops_per_ns + block_ns);
    return ns / (device->compute_units > 0 ? device->compute_units : 1);
}

/* The launches of both kernels, and the size of the packed weights. */
static void set_sizes(cc_stage *stage, form f)
{
    const cc_shape *shape = &stage->shape;
    state *s = stage->state;
    const size_t block = (size_t)f.lanes * (size_t)f.vectors;
    const size_t padded_k = (size_t)divide_up(group_k(shape), (int64_t)block) * block;
    const size_t groups = (size_t)shape->groups, channels = (size_t)group_c(shape);
    const size_t taps = (size_t)cc_kernel_elements(shape);

    size_t rows = 1; /* of all phases, as many as the largest has */
    for (int i = 0; i < CLCONV_AXES; ++i)
        rows *= (size_t)cc_phases(shape, (clconv_axis)i) *
                (size_t)(i == CLCONV_WIDTH ? 1 : cc_phase_outputs(shape, (clconv_axis)i));
    const size_t global[3] = {rows, padded_k / block * groups, (size_t)shape->batch};
    const size_t pack_global[3] = {padded_k, channels, taps * groups};
    const size_t pack_local[3] = {block, 1, 1};
    memcpy(s->global, global, sizeof(global));
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
