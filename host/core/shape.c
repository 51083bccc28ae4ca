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

int32_t cc_group_c(const cc_shape *shape)
{
    return shape->in_channels / shape->groups;
}

int32_t cc_group_k(const cc_shape *shape)
{
    return shape->out_channels / shape->groups;
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

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* Runs of outputs of tap t's phase that hold one which reads inside the input. */
static int64_t runs_inside(const cc_axis *a, int transposed, int64_t t, int64_t run)
{
    const int64_t shift = t * a->dilation - a->padding;
    int64_t first, last; /* output index within the phase */
    if (transposed) {
        /* Input i is read by output i*stride + shift. */
        const int64_t begin = shift < 0 ? floor_divide(-shift - 1, a->stride) + 1 : 0;
        const int64_t end = floor_divide(a->output - 1 - shift, a->stride);
        const int64_t phase_first = floor_divide(shift, a->stride);
        first = begin + phase_first;
        last = (end < a->input - 1 ? end : a->input - 1) + phase_first;
    } else {
        const int64_t begin = floor_divide(-shift - 1, a->stride) + 1;
        const int64_t end = floor_divide(a->input - 1 - shift, a->stride);
        first = begin > 0 ? begin : 0;
        last = end < a->output - 1 ? end : a->output - 1;
    }
    return first > last ? 0 : last / run - first / run + 1;
}

double cc_inside_part(const cc_shape *shape, clconv_axis axis, int64_t run)
{
    const cc_axis *a = &shape->axis[axis];
    if (shape->padding_mode != CLCONV_ZEROS)
        return 1.0;
    double inside = 0.0, all = 0.0;
    for (int64_t t = 0; t < a->kernel; ++t) {
        int64_t outputs = a->output; /* of the tap's phase */
        if (shape->transposed) {
            const int64_t shift = t * a->dilation - a->padding;
            const int64_t phase = shift - floor_divide(shift, a->stride) * a->stride;
            outputs = phase < a->output ? (a->output - phase - 1) / a->stride + 1 : 0;
        }
        inside += (double)runs_inside(a, shape->transposed, t, run);
        all += (double)((outputs + run - 1) / run);
    }
    return all > 0.0 ? inside / all : 1.0;
}
