#include "core/checked.h"
#include "core/error.h"

/* Extends the field by one more layer on top; false on overflow. Seen from the input, a layer's
 * taps are dilation*stride apart, where stride is the product of the strides below it. */
static bool extend(clconv_receptive_field *field, const clconv_problem *p, clconv_axis axis)
{
    const int64_t taps[] = {p->kernel_size[axis] - 1, p->dilation[axis], field->stride[axis]};
    int64_t reach, padding;
    return cc_multiply_all(taps, 3, INT64_MAX, &reach) &&
           cc_add(field->size[axis], reach, &field->size[axis]) &&
           cc_multiply(p->padding_begin[axis], field->stride[axis], INT64_MAX, &padding) &&
           cc_add(field->padding[axis], padding, &field->padding[axis]) &&
           cc_multiply(field->stride[axis], p->stride[axis], INT64_MAX, &field->stride[axis]);
}

clconv_status clconv_sequence_receptive_field(const clconv_problem *problems, size_t count,
                                              clconv_receptive_field *out, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    clconv_receptive_field field = {.size = {1, 1, 1}, .stride = {1, 1, 1}};

    if (problems == NULL || out == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "%s is NULL", out ? "problems" : "out");
    if (count == 0)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "an empty stack has no receptive field");

    for (size_t i = 0; i < count; ++i) {
        TRY(clconv_problem_check(&problems[i], error));
        if (problems[i].transposed) {
            (void)cc_fail(error, CLCONV_UNSUPPORTED,
                          "the receptive field of a transposed convolution is not defined");
            TRY(cc_fail_in(error, CLCONV_UNSUPPORTED, &problems[i], 1));
        }
        for (clconv_axis axis = CLCONV_DEPTH; axis < CLCONV_AXES; ++axis) {
            if (extend(&field, &problems[i], axis))
                continue;
            (void)cc_fail(error, CLCONV_INVALID_PROBLEM,
                          "the receptive field of layer %zu does not fit in 63 bits", i);
            TRY(cc_fail_in(error, CLCONV_INVALID_PROBLEM, &problems[i], 1));
        }
    }
    *out = field;
cleanup:
    return status;
}
