#include "reference/stage.h"

#include "core/error.h"
#include "reference/vector_unit.h"

#include <math.h>
#include <stdlib.h>

static int64_t ceil_divide(int64_t a, int64_t b)
{
    return a > 0 ? (a - 1) / b + 1 : 0; /* 0 for a <= 0: indices start there */
}

/* Both kinds of convolution pair indices by  strided = free*stride - padding + t*dilation.  In a
 * convolution `free` is the output, in a transposed one the input; either is inside its tensor. */
static cc_tap make_tap(const cc_axis *axis, int transposed, int64_t t)
{
    const int64_t free_size = transposed ? axis->input : axis->output;
    const int64_t strided_size = transposed ? axis->output : axis->input;
    const int64_t offset = t * axis->dilation - axis->padding;

    const int64_t first = ceil_divide(-offset, axis->stride);
    int64_t end = ceil_divide(strided_size - offset, axis->stride);
    if (end > free_size)
        end = free_size;
    if (end <= first)
        return (cc_tap){0, 0, 0};
    const int64_t strided = first * axis->stride + offset;
    return (cc_tap){
        .output = transposed ? strided : first,
        .input = transposed ? first : strided,
        .count = end - first,
    };
}

static int make_taps(const cc_axis *axis, int transposed, cc_taps *taps)
{
    taps->output_step = transposed ? axis->stride : 1;
    taps->input_step = transposed ? 1 : axis->stride;
    taps->tap = malloc((size_t)axis->kernel * sizeof *taps->tap);
    taps->per_output = calloc((size_t)axis->output, sizeof *taps->per_output);
    if (taps->tap == NULL || taps->per_output == NULL)
        return 0;
    for (int64_t t = 0; t < axis->kernel; ++t) {
        const cc_tap tap = make_tap(axis, transposed, t);
        for (int64_t i = 0; i < tap.count; ++i)
            ++taps->per_output[tap.output + i * taps->output_step];
        taps->tap[t] = tap;
    }
    return 1;
}

clconv_status cc_reference_stage_make(const cc_shape *shape, const float *weights,
                                      cc_reference_stage *stage, clconv_error *error)
{
    *stage = (cc_reference_stage){.shape = *shape, .weights = weights};
    for (int i = 0; i < CLCONV_AXES; ++i)
        if (!make_taps(&shape->axis[i], shape->transposed, &stage->taps[i]))
            return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for the reference's taps");
    return CLCONV_OK;
}

void cc_reference_stage_destroy(cc_reference_stage *stage)
{
    for (int i = 0; i < CLCONV_AXES; ++i) {
        free(stage->taps[i].tap);
        free(stage->taps[i].per_output);
    }
}

int64_t cc_reference_products(const cc_reference_stage *stage, int64_t o, int64_t p, int64_t q)
{
    return stage->shape.in_channels / stage->shape.groups *
           stage->taps[CLCONV_DEPTH].per_output[o] * stage->taps[CLCONV_HEIGHT].per_output[p] *
           stage->taps[CLCONV_WIDTH].per_output[q];
}

/* ---- Sums --------------------------------------------------------------------------------- */

/* sums[i*output_step] += w * x[i*input_step]; apart from the dense case only for speed. */
static void add_row(const cc_taps *taps, int64_t count, double w, const double *restrict x,
                    double *restrict sums)
{
    if (taps->output_step == 1 && taps->input_step == 1) {
        for (int64_t i = 0; i < count; ++i)
            sums[i] += w * x[i];
    } else {
        for (int64_t i = 0; i < count; ++i)
            sums[i * taps->output_step] += w * x[i * taps->input_step];
    }
}

/* All taps of one kernel row on one input row and one output row. */
static void add_kernel_row(const cc_reference_stage *stage, const float *w, int magnitude,
                           const double *x, double *sums)
{
    const cc_taps *taps = &stage->taps[CLCONV_WIDTH];
    for (int64_t s = 0; s < stage->shape.axis[CLCONV_WIDTH].kernel; ++s) {
        const cc_tap *tap = &taps->tap[s];
        const double weight = magnitude ? fabs((double)w[s]) : (double)w[s];
        add_row(taps, tap->count, weight, x + tap->input, sums + tap->output);
    }
}

/* One channel's kernel w[T,R,S] on its input plane x[D,H,W]. */
static void add_channel(const cc_reference_stage *stage, const float *w, int magnitude,
                        const double *x, double *sums)
{
    const cc_axis *axis = stage->shape.axis;
    const cc_taps *depth = &stage->taps[CLCONV_DEPTH], *height = &stage->taps[CLCONV_HEIGHT];
    for (int64_t t = 0; t < axis[CLCONV_DEPTH].kernel; ++t) {
        for (int64_t r = 0; r < axis[CLCONV_HEIGHT].kernel; ++r, w += axis[CLCONV_WIDTH].kernel) {
            const cc_tap plane = depth->tap[t], row = height->tap[r];
            for (int64_t i = 0; i < plane.count; ++i) {
                const int64_t o = plane.output + i * depth->output_step;
                const int64_t d = plane.input + i * depth->input_step;
                for (int64_t j = 0; j < row.count; ++j) {
                    const int64_t p = row.output + j * height->output_step;
                    const int64_t h = row.input + j * height->input_step;
                    add_kernel_row(
                        stage, w, magnitude,
                        x + (d * axis[CLCONV_HEIGHT].input + h) * axis[CLCONV_WIDTH].input,
                        sums + (o * axis[CLCONV_HEIGHT].output + p) * axis[CLCONV_WIDTH].output);
                }
            }
        }
    }
}

/* The kernel that joins output channel k to channel c of its group's inputs. */
static const float *kernel_of(const cc_reference_stage *stage, int64_t k, int64_t c)
{
    const cc_shape *shape = &stage->shape;
    const int64_t inputs = shape->in_channels / shape->groups;
    const int64_t outputs = shape->out_channels / shape->groups;
    const int64_t index = shape->transposed
                              ? (k / outputs * inputs + c) * outputs + k % outputs /* C,K/G */
                              : k * inputs + c;                                    /* K,C/G */
    return stage->weights + index * cc_kernel_elements(shape);
}

CC_FOR_EACH_VECTOR_UNIT
static void sum(const cc_reference_stage *stage, int64_t n, int64_t k, int64_t count,
                const double *x, int magnitude, double *sums)
{
    const cc_shape *shape = &stage->shape;
    const int64_t inputs = shape->in_channels / shape->groups;
    const int64_t first = k / (shape->out_channels / shape->groups) * inputs;
    for (int64_t c = 0; c < inputs; ++c)
        for (int64_t i = 0; i < count; ++i)
            add_channel(stage, kernel_of(stage, k + i, c), magnitude,
                        x + (n * shape->in_channels + first + c) * cc_input_elements(shape),
                        sums + i * cc_output_elements(shape));
}

void cc_reference_sum(const cc_reference_stage *stage, int64_t n, int64_t k, int64_t count,
                      const double *x, int magnitude, double *sums)
{
    sum(stage, n, k, count, x, magnitude, sums);
}
