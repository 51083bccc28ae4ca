/* One output per work-item, for every problem. */
#include "conv/single_kernel.h"

enum { GROUP = 64, PLANES_Y = 32768 }; /* NVIDIA takes at most 65,535 groups in y and in z */

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    (void)device;
    (void)shape;
    (void)error;
    return CLCONV_OK;
}

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    (void)device;
    return cc_multiplications(shape);
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    const cc_shape *shape = &stage->shape;
    size_t phases = 1, phase_outputs = 1;
    for (int i = 0; i < CLCONV_AXES; ++i) {
        const cc_axis *a = &shape->axis[i];
        const int32_t step = shape->transposed ? a->stride : 1;
        phases *= (size_t)(step < a->output ? step : a->output);
        phase_outputs *= (size_t)((a->output - 1) / step + 1);
    }
    if (!shape->transposed)
        phases = 1;
    const size_t planes = (size_t)shape->batch * (size_t)shape->out_channels;
    const size_t y = planes < PLANES_Y ? planes : PLANES_Y;
    const cc_single_launch launch = {
        .file = "direct",
        .function = "direct",
        .options = "",
        .groups = {phases * ((phase_outputs + GROUP - 1) / GROUP), y, (planes + y - 1) / y},
        .local = {GROUP, 1, 1},
    };
    return cc_single_build(stage, &launch, error);
}

const cc_algorithm cc_direct = {
    .name = "direct",
    .text = "one output per work-item; runs every problem",
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .enqueue = cc_single_enqueue,
    .destroy = cc_single_destroy,
};
