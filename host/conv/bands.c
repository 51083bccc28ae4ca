/* Direct convolution with output pixels in vector registers, for CPU devices: kernels/bands.cl. */
#include "conv/bands_tiling.h"
#include "conv/packed_kernel.h"

#include <stdio.h>

typedef struct state {
    cc_packed_kernel base;
    cc_bands_tiling tiling;
} state;

enum { LONGEST_KERNEL = 64 }; /* on an axis: tasks go over all taps of an axis */

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(cc_packing_check(device, "bands", error));
    for (int i = 0; i < CLCONV_AXES; ++i) {
        const cc_axis *a = &shape->axis[i];
        if (a->kernel > LONGEST_KERNEL || (!shape->transposed && a->stride > a->kernel))
            return cc_fail(error, CLCONV_UNSUPPORTED,
                           "bands takes kernels of at most %d on an axis, and no less than the "
                           "stride",
                           LONGEST_KERNEL);
    }
    const cc_bands_tiling t = cc_bands_choose(device, shape);
    TRY(cc_packed_check(device, cc_packed_floats(shape, t.channels), error));
    if (t.chunk < 1)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "the inputs of a row do not fit in the __local memory of %s", device->name);
cleanup:
    return status;
}

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const cc_bands_tiling t = cc_bands_choose(device, shape);
    return cc_bands_ns(device, shape, &t);
}

/* The macro STRIDED of kernels/bands.cl: two thirds of the copy are for strides. */
static int strided(const cc_shape *shape)
{
    int most = 1;
    for (int i = 0; i < CLCONV_AXES; ++i)
        most = most > shape->axis[i].stride ? most : shape->axis[i].stride;
    return !shape->transposed && most > 1;
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    char options[128];

    const cc_vectors vectors = cc_device_vectors(stage->target->device);
    const cc_bands_tiling t = cc_bands_choose(stage->target->device, shape);
    int length = snprintf(options, sizeof(options), "-DTRANSPOSED=%d -DSTRIDED=%d -DLANES=%d",
                          shape->transposed != 0, strided(shape), cc_vector_lanes(vectors));
    if (vectors == CC_VECTORS_8)
        snprintf(options + length, sizeof(options) - (size_t)length, " -DCHANNELS=%d", t.channels);
    TRY(cc_packed_build(stage, sizeof(state), "bands", options, error));

    state *s = stage->state;
    s->tiling = t;
    cc_packed_set_packing(stage, (cc_packing){.fill = cc_fill_by_phase, .block = t.channels},
                          cc_kernel_elements(shape) * cc_group_c(shape));
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

const cc_algorithm cc_bands = {
    .name = "bands",
    .text = "output pixels in vector registers, inputs as they lie, for CPU devices",
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .pack = cc_packed_pack,
    .enqueue = enqueue,
    .destroy = cc_packed_destroy,
};
