#include "core/problem_string.h"

#include "core/shape.h"

#include <stddef.h>

const char *cc_padding_mode_name(clconv_padding_mode mode)
{
    static const char *const names[] = {"zeros", "reflect", "replicate", "circular"};
    const size_t index = (size_t)mode;
    return index < sizeof names / sizeof names[0] ? names[index] : NULL;
}

void cc_derive_end(clconv_problem *problem, clconv_axis axis, int64_t output)
{
    problem->padding_end[axis] = problem->padding_begin[axis];
    problem->output_padding[axis] = 0;
    if (cc_output_size(problem, axis) == output)
        return;

    const int64_t taps = problem->dilation[axis] * (problem->kernel_size[axis] - 1) + 1;
    const int64_t input = problem->input_size[axis];
    const int64_t begin = problem->padding_begin[axis];
    const int64_t stride = problem->stride[axis];
    if (!problem->transposed) {
        problem->padding_end[axis] = (output - 1) * stride + taps - input - begin;
        return;
    }
    const int64_t end = (input - 1) * stride + taps - output - begin;
    problem->padding_end[axis] = end > 0 ? end : 0;
    problem->output_padding[axis] = end < 0 ? -end : 0;
}
