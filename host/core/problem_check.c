#include "core/problem_check.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/shape.h"

#include <inttypes.h>
#include <math.h>

static const char *const axis_names[CLCONV_AXES] = {"depth", "height", "width"};

static clconv_status invalid_number(clconv_error *error, const char *name, int64_t value,
                                    int64_t low, int64_t high)
{
    return cc_fail(error, CLCONV_INVALID_PROBLEM,
                   "%s is %" PRId64 "; it must be %" PRId64 " to %" PRId64, name, value, low, high);
}

/* ---- Numbers and enumerations ------------------------------------------------------------ */

static clconv_status check_enumerations(const clconv_problem *p, clconv_error *error)
{
    const struct {
        const char *name;
        int64_t value, low, high;
    } rows[] = {
        {"rank", p->rank, 1, CLCONV_AXES},
        {"transposed", p->transposed, 0, 1},
        {"direction", (int64_t)p->direction, CLCONV_FORWARD, CLCONV_BACKWARD_WEIGHTS},
        {"data_type", (int64_t)p->data_type, CLCONV_FLOAT32, CLCONV_FLOAT32},
        {"layout", (int64_t)p->layout, CLCONV_CHANNELS_FIRST, CLCONV_CHANNELS_FIRST},
        {"padding_mode", (int64_t)p->padding_mode, CLCONV_ZEROS, CLCONV_CIRCULAR},
        {"epilogue.bias", p->epilogue.bias, 0, 1},
        {"epilogue.activation", (int64_t)p->epilogue.activation, CLCONV_NONE, CLCONV_SILU},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i)
        if (rows[i].value < rows[i].low || rows[i].value > rows[i].high)
            return invalid_number(error, rows[i].name, rows[i].value, rows[i].low, rows[i].high);
    return CLCONV_OK;
}

static clconv_status check_slope(const clconv_epilogue *epilogue, clconv_error *error)
{
    const double slope = (double)epilogue->slope;
    if (epilogue->activation == CLCONV_LEAKY_RELU) {
        if (!isfinite(slope))
            return cc_fail(error, CLCONV_INVALID_PROBLEM, "epilogue.slope is %g; it must be finite",
                           slope);
    } else if (slope != 0.0 || signbit(slope)) {
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "epilogue.slope is %g; it must be 0 unless the activation is leaky_relu",
                       slope);
    }
    return CLCONV_OK;
}

static clconv_status check_reserved(const clconv_problem *p, clconv_error *error)
{
    for (size_t i = 0; i < sizeof p->reserved / sizeof p->reserved[0]; ++i)
        if (p->reserved[i] != 0)
            return cc_fail(error, CLCONV_INVALID_PROBLEM,
                           "reserved[%zu] is %" PRId64 "; it must be 0", i, p->reserved[i]);
    return CLCONV_OK;
}

static clconv_status check_channels(const clconv_problem *p, clconv_error *error)
{
    const struct {
        const char *name;
        int64_t value;
    } rows[] = {
        {"batch", p->batch},
        {"in_channels", p->in_channels},
        {"out_channels", p->out_channels},
        {"groups", p->groups},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i)
        if (rows[i].value < 1 || rows[i].value > INT32_MAX)
            return invalid_number(error, rows[i].name, rows[i].value, 1, INT32_MAX);
    return CLCONV_OK;
}

/* An axis that the rank does not have must be as the constructors leave it. */
static clconv_status check_axis_ranges(const clconv_problem *p, int axis, clconv_error *error)
{
    const int absent = axis < CLCONV_AXES - p->rank;
    const int64_t high = absent ? 1 : INT32_MAX;
    const int64_t padding = absent ? 0 : INT32_MAX;
    const struct {
        const char *name;
        int64_t value, low, high;
    } rows[] = {
        {"input_size", p->input_size[axis], 1, high},
        {"kernel_size", p->kernel_size[axis], 1, high},
        {"stride", p->stride[axis], 1, high},
        {"dilation", p->dilation[axis], 1, high},
        {"padding_begin", p->padding_begin[axis], 0, padding},
        {"padding_end", p->padding_end[axis], p->transposed ? 0 : -padding, padding},
        {"output_padding", p->output_padding[axis], 0, p->transposed ? padding : 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i)
        if (rows[i].value < rows[i].low || rows[i].value > rows[i].high)
            return cc_fail(error, CLCONV_INVALID_PROBLEM,
                           "%s is %" PRId64 " along %s; in a %s of rank %d it must be %" PRId64
                           " to %" PRId64,
                           rows[i].name, rows[i].value, axis_names[axis],
                           p->transposed ? "transposed convolution" : "convolution", p->rank,
                           rows[i].low, rows[i].high);
    return CLCONV_OK;
}

clconv_status cc_problem_check_ranges(const clconv_problem *problem, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(check_enumerations(problem, error));
    TRY(check_slope(&problem->epilogue, error));
    TRY(check_reserved(problem, error));
    TRY(check_channels(problem, error));
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        TRY(check_axis_ranges(problem, axis, error));
cleanup:
    return status;
}

/* ---- What numbers in range must fulfil together ------------------------------------------- */

static clconv_status check_combinations(const clconv_problem *p, clconv_error *error)
{
    if (p->direction != CLCONV_FORWARD)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "direction is %d; this release computes the forward direction (0) only",
                       (int)p->direction);
    if (p->in_channels % p->groups != 0 || p->out_channels % p->groups != 0)
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "groups %" PRId64 " does not divide in_channels %" PRId64
                       " and out_channels %" PRId64,
                       p->groups, p->in_channels, p->out_channels);
    if (p->transposed && p->padding_mode != CLCONV_ZEROS)
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "padding_mode is %d; a transposed convolution pads with zeros (0) only",
                       (int)p->padding_mode);
    return CLCONV_OK;
}

/* Reflection repeats no edge element, so it has one element less to offer than a period. */
static clconv_status check_padding_width(const clconv_problem *p, int axis, clconv_error *error)
{
    const int64_t input = p->input_size[axis];
    const struct {
        const char *name;
        int64_t value;
    } sides[] = {
        {"padding_begin", p->padding_begin[axis]},
        {"padding_end", p->padding_end[axis]},
    };
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; ++i) {
        if (p->padding_mode == CLCONV_REFLECT && sides[i].value >= input)
            return cc_fail(error, CLCONV_INVALID_PROBLEM,
                           "%s is %" PRId64 " along %s; reflect padding must be below the input "
                           "size %" PRId64,
                           sides[i].name, sides[i].value, axis_names[axis], input);
        if (p->padding_mode == CLCONV_CIRCULAR && sides[i].value > input)
            return cc_fail(error, CLCONV_INVALID_PROBLEM,
                           "%s is %" PRId64 " along %s; circular padding must not exceed the input "
                           "size %" PRId64,
                           sides[i].name, sides[i].value, axis_names[axis], input);
    }
    return CLCONV_OK;
}

/* Kernels compute o*stride - padding + t*dilation in 32 bits. */
static clconv_status check_convolution_axis(const clconv_problem *p, int axis, clconv_error *error)
{
    const int64_t extent = p->dilation[axis] * (p->kernel_size[axis] - 1) + 1;
    const int64_t padded = p->input_size[axis] + p->padding_begin[axis] + p->padding_end[axis];
    if (extent > padded)
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "the kernel spans %" PRId64 " (size %" PRId64 ", dilation %" PRId64
                       ") along %s, more than the padded input %" PRId64,
                       extent, p->kernel_size[axis], p->dilation[axis], axis_names[axis], padded);
    if (padded > INT32_MAX)
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "the padded input is %" PRId64 " along %s; it must be at most %d", padded,
                       axis_names[axis], INT32_MAX);
    return CLCONV_OK;
}

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Kernels compute o + padding - t*dilation in 32 bits, and to find the taps that belong to an
 * output let t run through one period of stride. */
static clconv_status check_transposed_axis(const clconv_problem *p, int axis, clconv_error *error)
{
    const int64_t stride = p->stride[axis];
    const int64_t dilation = p->dilation[axis];
    const int64_t larger = stride > dilation ? stride : dilation;
    if (p->output_padding[axis] >= larger)
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "output_padding is %" PRId64 " along %s; it must be below the larger of "
                       "stride %" PRId64 " and dilation %" PRId64,
                       p->output_padding[axis], axis_names[axis], stride, dilation);
    const int64_t output = cc_output_size(p, (clconv_axis)axis);
    if (output < 1)
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "the output is empty: its size is %" PRId64 " along %s", output,
                       axis_names[axis]);
    const int64_t reach = output + p->padding_begin[axis] + p->padding_end[axis];
    if (reach > INT32_MAX)
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "the output with its padding is %" PRId64 " along %s; it must be at most %d",
                       reach, axis_names[axis], INT32_MAX);
    const int64_t period = stride / greatest_common_divisor(stride, dilation) * dilation;
    if (p->input_size[axis] > 1 && p->kernel_size[axis] > 1 && period > INT32_MAX - reach)
        return cc_fail(error, CLCONV_INVALID_PROBLEM,
                       "stride %" PRId64 " and dilation %" PRId64 " along %s are too large: their "
                       "common multiple %" PRId64 " and the output with its padding %" PRId64
                       " must add up to at most %d",
                       stride, dilation, axis_names[axis], period, reach, INT32_MAX);
    return CLCONV_OK;
}

static clconv_status check_products(const clconv_problem *p, clconv_error *error)
{
    int64_t output[CLCONV_AXES];
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        output[axis] = cc_output_size(p, (clconv_axis)axis);
    const struct {
        const char *name;
        const int64_t *size; /* of one channel */
        int64_t outer, inner;
    } tensors[] = {
        {"src", p->input_size, p->batch, p->in_channels},
        {"weights", p->kernel_size, p->out_channels, p->in_channels / p->groups},
        {"dst", output, p->batch, p->out_channels},
    };
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; ++i) {
        const int64_t *const size = tensors[i].size;
        int64_t elements = 0;
        if (!cc_multiply_all(size, CLCONV_AXES, INT32_MAX, &elements))
            return cc_fail(error, CLCONV_INVALID_PROBLEM,
                           "one channel of %s has %" PRId64 " x %" PRId64 " x %" PRId64
                           " elements; it must have at most %d",
                           tensors[i].name, size[0], size[1], size[2], INT32_MAX);
        const int64_t factors[] = {elements, tensors[i].outer, tensors[i].inner};
        if (!cc_multiply_all(factors, 3, INT64_MAX / (int64_t)sizeof(float), &elements))
            return cc_fail(error, CLCONV_INVALID_PROBLEM,
                           "%s has %" PRId64 " x %" PRId64 " channels of %" PRId64
                           " elements: its size in bytes does not fit in 63 bits",
                           tensors[i].name, tensors[i].outer, tensors[i].inner, factors[0]);
    }
    return CLCONV_OK;
}

static clconv_status check_all(const clconv_problem *problem, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(cc_problem_check_ranges(problem, error));
    TRY(check_combinations(problem, error));
    for (int axis = 0; axis < CLCONV_AXES; ++axis) {
        TRY(check_padding_width(problem, axis, error));
        TRY(problem->transposed ? check_transposed_axis(problem, axis, error)
                                : check_convolution_axis(problem, axis, error));
    }
    TRY(check_products(problem, error));
cleanup:
    return status;
}

clconv_status cc_problem_check(const clconv_problem *problem, clconv_error *error)
{
    if (problem == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "problem is NULL");
    return cc_fail_in(error, check_all(problem, error), problem, 1);
}
