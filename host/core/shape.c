#include "core/shape.h"

#include "core/error.h"
#include "core/problem_check.h"

int64_t cc_output_size(const clconv_problem *problem, clconv_axis axis)
{
    const int64_t taps = problem->dilation[axis] * (problem->kernel_size[axis] - 1);
    const int64_t padding = problem->padding_begin[axis] + problem->padding_end[axis];
    const int64_t stride = problem->stride[axis];
    if (problem->transposed)
        return (problem->input_size[axis] - 1) * stride + taps + 1 - padding +
               problem->output_padding[axis];
    const int64_t room = problem->input_size[axis] + padding - taps - 1;
    return room < 0 ? 0 : room / stride + 1;
}

/* A stride with one position and a dilation with one tap say nothing: they become 1. */
static cc_axis make_axis(const clconv_problem *problem, clconv_axis axis)
{
    const int64_t output = cc_output_size(problem, axis);
    const int64_t positions = problem->transposed ? problem->input_size[axis] : output;
    return (cc_axis){
        .input = (int32_t)problem->input_size[axis],
        .output = (int32_t)output,
        .kernel = (int32_t)problem->kernel_size[axis],
        .stride = positions > 1 ? (int32_t)problem->stride[axis] : 1,
        .dilation = problem->kernel_size[axis] > 1 ? (int32_t)problem->dilation[axis] : 1,
        .padding = (int32_t)problem->padding_begin[axis],
    };
}

clconv_status cc_shape_make(const clconv_problem *problem, cc_shape *shape, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(cc_problem_check(problem, error));
    *shape = (cc_shape){
        .batch = (int32_t)problem->batch,
        .in_channels = (int32_t)problem->in_channels,
        .out_channels = (int32_t)problem->out_channels,
        .groups = (int32_t)problem->groups,
        .transposed = problem->transposed,
        .padding_mode = problem->padding_mode,
        .epilogue = problem->epilogue,
    };
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        shape->axis[axis] = make_axis(problem, (clconv_axis)axis);
cleanup:
    return status;
}

int64_t cc_input_elements(const cc_shape *shape)
{
    int64_t product = 1;
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        product *= shape->axis[axis].input;
    return product;
}

int64_t cc_output_elements(const cc_shape *shape)
{
    int64_t product = 1;
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        product *= shape->axis[axis].output;
    return product;
}

int64_t cc_kernel_elements(const cc_shape *shape)
{
    int64_t product = 1;
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        product *= shape->axis[axis].kernel;
    return product;
}

int64_t cc_phases(const cc_shape *shape, clconv_axis axis)
{
    const cc_axis *a = &shape->axis[axis];
    if (!shape->transposed)
        return 1;
    return a->stride < a->output ? a->stride : a->output;
}

int64_t cc_phase_outputs(const cc_shape *shape, clconv_axis axis)
{
    const cc_axis *a = &shape->axis[axis];
    return shape->transposed ? (a->output - 1) / a->stride + 1 : a->output;
}
