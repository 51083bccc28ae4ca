/* Problems to text; problem_parse.c is the inverse. */
#include "core/activation.h"
#include "core/error.h"
#include "core/problem_check.h"
#include "core/problem_string.h"
#include "core/shape.h"
#include "core/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The axes that are written: those of the rank, all of them when there is no such rank. */
static int first_axis(const clconv_problem *problem)
{
    return problem->rank >= 1 && problem->rank <= CLCONV_AXES ? CLCONV_AXES - problem->rank : 0;
}

static void put_axes(cc_text *out, const clconv_problem *problem, char key, const int64_t *values)
{
    for (int axis = first_axis(problem); axis < CLCONV_AXES; ++axis)
        cc_text_put(out, "%c%c%" PRId64, key, CC_AXIS_LETTERS[axis], values[axis]);
}

static void put_axes_unless(cc_text *out, const clconv_problem *problem, char key,
                            const int64_t *values, int64_t usual)
{
    int unusual = 0;
    for (int axis = first_axis(problem); axis < CLCONV_AXES; ++axis)
        unusual |= values[axis] != usual;
    if (unusual)
        put_axes(out, problem, key, values);
}

/* Only what the parser would not find by itself from the output size. */
static void put_end(cc_text *out, const clconv_problem *problem, int axis, int output_written)
{
    const int64_t begin = problem->padding_begin[axis];
    const int64_t end = problem->padding_end[axis];
    const int64_t surplus = problem->output_padding[axis];
    if (output_written) {
        clconv_problem derived = *problem;
        cc_derive_end(&derived, (clconv_axis)axis, cc_output_size(problem, (clconv_axis)axis));
        if (derived.padding_end[axis] == end && derived.output_padding[axis] == surplus)
            return;
    }
    if (end != begin)
        cc_text_put(out, "e%c%" PRId64, CC_AXIS_LETTERS[axis], end);
    if (surplus != 0)
        cc_text_put(out, "a%c%" PRId64, CC_AXIS_LETTERS[axis], surplus);
}

/* The shortest common form that reads back as the same float, with a point in every locale. */
static void put_float(cc_text *out, double value)
{
    if (!isfinite(value)) {
        cc_text_put(out, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    char digits[48];
    for (int precision = 6; precision <= 9; ++precision) { /* 9 digits tell all floats apart */
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtof(digits, NULL) == (float)value)
            break;
    }
    int pointed = 0;
    for (const char *c = digits; *c != '\0'; ++c) {
        if ((*c >= '0' && *c <= '9') || *c == '-' || *c == '+' || *c == 'e')
            cc_text_put(out, "%c", *c);
        else if (!pointed++)
            cc_text_put(out, ".");
    }
}

static void put_unusual(cc_text *out, const char *name, int64_t value, int64_t usual)
{
    if (value != usual)
        cc_text_put(out, "+%s:%" PRId64, name, value);
}

static void put_words(cc_text *out, const clconv_problem *problem)
{
    const clconv_epilogue *const epilogue = &problem->epilogue;
    const cc_activation *const activation = cc_activation_get(epilogue->activation);
    if (epilogue->bias == 1)
        cc_text_put(out, "+bias");
    if (activation == NULL)
        put_unusual(out, "activation", (int64_t)epilogue->activation, CLCONV_NONE);
    else if (epilogue->activation != CLCONV_NONE)
        cc_text_put(out, "+%s", activation->name);
    if (epilogue->activation == CLCONV_LEAKY_RELU) {
        cc_text_put(out, ":");
        put_float(out, (double)epilogue->slope);
    }
    const char *const mode = cc_padding_mode_name(problem->padding_mode);
    if (mode == NULL)
        put_unusual(out, "padding_mode", (int64_t)problem->padding_mode, CLCONV_ZEROS);
    else if (problem->padding_mode != CLCONV_ZEROS)
        cc_text_put(out, "+%s", mode);
    /* What no problem string can ask for, so that an error message shows it all the same. */
    put_unusual(out, "bias", epilogue->bias, epilogue->bias == 1);
    put_unusual(out, "direction", (int64_t)problem->direction, CLCONV_FORWARD);
    put_unusual(out, "data_type", (int64_t)problem->data_type, CLCONV_FLOAT32);
    put_unusual(out, "layout", (int64_t)problem->layout, CLCONV_CHANNELS_FIRST);
}

static void put_problem(cc_text *out, const clconv_problem *problem)
{
    int64_t dilation[CLCONV_AXES];
    int64_t output[CLCONV_AXES];
    const int in_range = cc_problem_check_ranges(problem, NULL) == CLCONV_OK;
    int output_written = in_range;
    for (int axis = 0; axis < CLCONV_AXES; ++axis) {
        const int64_t value = problem->dilation[axis];
        dilation[axis] = value == INT64_MIN ? value : value - 1;
        output[axis] = in_range ? cc_output_size(problem, (clconv_axis)axis) : 0;
        output_written &= output[axis] > 0;
    }

    if (problem->transposed)
        cc_text_put(out, "deconv:");
    if (problem->groups != 1)
        cc_text_put(out, "g%" PRId64, problem->groups);
    cc_text_put(out, "mb%" PRId64 "ic%" PRId64, problem->batch, problem->in_channels);
    put_axes(out, problem, 'i', problem->input_size);
    cc_text_put(out, "oc%" PRId64, problem->out_channels);
    if (output_written)
        put_axes(out, problem, 'o', output);
    put_axes(out, problem, 'k', problem->kernel_size);
    put_axes_unless(out, problem, 's', problem->stride, 1);
    put_axes(out, problem, 'p', problem->padding_begin);
    put_axes_unless(out, problem, 'd', dilation, 0);
    for (int axis = first_axis(problem); axis < CLCONV_AXES; ++axis)
        put_end(out, problem, axis, output_written);
    put_words(out, problem);
}

size_t clconv_problem_format(const clconv_problem *problem, char *text, size_t size)
{
    return clconv_sequence_format(problem, problem != NULL, text, size);
}

size_t clconv_sequence_format(const clconv_problem *problems, size_t count, char *text, size_t size)
{
    cc_text out = cc_text_make(text, size);
    for (size_t i = 0; problems != NULL && i < count; ++i) {
        cc_text_put(&out, "%s", i > 0 ? " -> " : "");
        put_problem(&out, &problems[i]);
    }
    return out.length;
}
