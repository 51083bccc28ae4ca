#include "clconv.h"

#include "core/error.h"
#include "core/problem_check.h"
#include "core/shape.h"

#include <inttypes.h>

static clconv_problem make_problem(int rank, int64_t in_channels, int64_t out_channels)
{
    clconv_problem problem = {
        .rank = rank,
        .batch = 1,
        .in_channels = in_channels,
        .out_channels = out_channels,
        .groups = 1,
    };
    for (int axis = 0; axis < CLCONV_AXES; ++axis) {
        problem.input_size[axis] = 1;
        problem.kernel_size[axis] = 1;
        problem.stride[axis] = 1;
        problem.dilation[axis] = 1;
    }
    return problem;
}

clconv_problem clconv_problem_1d(int64_t in_channels, int64_t out_channels, int64_t width,
                                 int64_t kernel)
{
    clconv_problem problem = make_problem(1, in_channels, out_channels);
    problem.input_size[CLCONV_WIDTH] = width;
    problem.kernel_size[CLCONV_WIDTH] = kernel;
    return problem;
}

clconv_problem clconv_problem_2d(int64_t in_channels, int64_t out_channels, int64_t height,
                                 int64_t width, int64_t kernel_height, int64_t kernel_width)
{
    clconv_problem problem = clconv_problem_1d(in_channels, out_channels, width, kernel_width);
    problem.rank = 2;
    problem.input_size[CLCONV_HEIGHT] = height;
    problem.kernel_size[CLCONV_HEIGHT] = kernel_height;
    return problem;
}

clconv_problem clconv_problem_3d(int64_t in_channels, int64_t out_channels, int64_t depth,
                                 int64_t height, int64_t width, int64_t kernel_depth,
                                 int64_t kernel_height, int64_t kernel_width)
{
    clconv_problem problem =
        clconv_problem_2d(in_channels, out_channels, height, width, kernel_height, kernel_width);
    problem.rank = 3;
    problem.input_size[CLCONV_DEPTH] = depth;
    problem.kernel_size[CLCONV_DEPTH] = kernel_depth;
    return problem;
}

clconv_status clconv_problem_pad_same(clconv_problem *problem, clconv_error *error)
{
    if (problem == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "problem is NULL");
    clconv_problem padded = *problem;
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        padded.padding_begin[axis] = padded.padding_end[axis] = 0;
    clconv_status status = CLCONV_OK;
    TRY(cc_problem_check_ranges(&padded, error));
    if (padded.transposed) {
        status = cc_fail(error, CLCONV_INVALID_PROBLEM,
                         "padding 'same' is not defined for a transposed convolution");
        goto cleanup;
    }
    for (int axis = 0; axis < CLCONV_AXES; ++axis) {
        if (padded.stride[axis] != 1) {
            status =
                cc_fail(error, CLCONV_INVALID_PROBLEM,
                        "padding 'same' is not defined for stride %" PRId64, padded.stride[axis]);
            goto cleanup;
        }
        const int64_t total = padded.dilation[axis] * (padded.kernel_size[axis] - 1);
        padded.padding_begin[axis] = total / 2;
        padded.padding_end[axis] = total - total / 2;
    }
    *problem = padded;
cleanup:
    return cc_fail_in(error, status, problem, 1);
}

clconv_status clconv_problem_check(const clconv_problem *problem, clconv_error *error)
{
    return cc_problem_check(problem, error);
}

clconv_status clconv_problem_sizes(const clconv_problem *problem, clconv_sizes *sizes,
                                   clconv_error *error)
{
    cc_shape shape;
    clconv_status status = CLCONV_OK;
    if (sizes == NULL) {
        status = cc_fail(error, CLCONV_INVALID_ARGUMENT, "sizes is NULL");
        goto cleanup;
    }
    TRY(cc_shape_make(problem, &shape, error));
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        sizes->output_size[axis] = shape.axis[axis].output;
    sizes->src = problem->batch * problem->in_channels * cc_input_elements(&shape);
    sizes->weights = problem->out_channels * (problem->in_channels / problem->groups) *
                     cc_kernel_elements(&shape);
    sizes->bias = problem->epilogue.bias ? problem->out_channels : 0;
    sizes->dst = problem->batch * problem->out_channels * cc_output_elements(&shape);
cleanup:
    return status;
}

/* ---- Sequence ---------------------------------------------------------------------------- */

/* Stages are counted from 1 in messages. */
static clconv_status check_link(const clconv_problem *from, const clconv_problem *to, size_t stage,
                                clconv_error *error)
{
    const char *const names[CLCONV_AXES] = {"output depth", "output height", "output width"};
    struct {
        const char *name;
        int64_t gives, takes;
    } rows[3 + CLCONV_AXES] = {
        {"rank", from->rank, to->rank},
        {"batch", from->batch, to->batch},
        {"channels", from->out_channels, to->in_channels},
    };
    for (int axis = 0; axis < CLCONV_AXES; ++axis) {
        rows[3 + axis].name = names[axis];
        rows[3 + axis].gives = cc_output_size(from, (clconv_axis)axis);
        rows[3 + axis].takes = to->input_size[axis];
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i)
        if (rows[i].gives != rows[i].takes)
            return cc_fail(error, CLCONV_INVALID_PROBLEM,
                           "stage %zu gives %s %" PRId64 ", but stage %zu takes %" PRId64, stage,
                           rows[i].name, rows[i].gives, stage + 1, rows[i].takes);
    return CLCONV_OK;
}

clconv_status clconv_sequence_check(const clconv_problem *problems, size_t count,
                                    clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (problems == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "problems is NULL");
    if (count < 1 || count > CLCONV_MAX_STAGES)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT,
                       "the sequence has %zu stages; it must have 1 to %d", count,
                       CLCONV_MAX_STAGES);
    for (size_t i = 0; i < count; ++i)
        TRY(cc_problem_check(&problems[i], error));
    for (size_t i = 0; i + 1 < count; ++i)
        TRY(check_link(&problems[i], &problems[i + 1], i + 1, error));
cleanup:
    return cc_fail_in(error, status, problems, count);
}
