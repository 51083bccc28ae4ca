#include "conv/kernel_args.h"
#include "core/platform.h"

#include <stdio.h>
#include <string.h>

static cc_kernel_axis kernel_axis(const cc_axis *axis)
{
    return (cc_kernel_axis){axis->input,  axis->output,   axis->kernel,
                            axis->stride, axis->dilation, axis->padding};
}

cc_kernel_args cc_kernel_args_make(const cc_stage *stage, const cc_stage_io *io)
{
    const cc_shape *shape = &stage->shape;
    return (cc_kernel_args){
        .src_offset = io->src.offset,
        .weights_offset = io->weights.offset,
        .bias_offset = io->bias.offset,
        .dst_offset = io->dst.offset,
        .axis = {kernel_axis(&shape->axis[CLCONV_DEPTH]), kernel_axis(&shape->axis[CLCONV_HEIGHT]),
                 kernel_axis(&shape->axis[CLCONV_WIDTH])},
        .batch = shape->batch,
        .in_channels = shape->in_channels,
        .out_channels = shape->out_channels,
        .groups = shape->groups,
        .has_bias = shape->epilogue.bias,
        .padding_mode = (cl_int)shape->padding_mode,
        .activation = (cl_int)shape->epilogue.activation,
        .slope = shape->epilogue.slope,
    };
}

size_t cc_kernel_options(const cc_shape *shape, char *text, size_t size)
{
    const int length = snprintf(text, size, "-DPADDING_MODE=%d -DEPILOGUE=%d -DTRANSPOSED=%d",
                                shape->padding_mode != CLCONV_ZEROS,
                                shape->epilogue.activation != CLCONV_NONE, shape->transposed != 0);
    return length > 0 ? (size_t)length : 0;
}

int cc_kernel_prefetch(const clconv_device *device)
{
    return strcmp(device->platform, "Oclgrind") != 0;
}

int cc_tells_processor(const clconv_device *device)
{
    return strcmp(device->platform, "Portable Computing Language") == 0 &&
           device->kind == CLCONV_DEVICE_CPU && cc_has_rdtscp();
}
