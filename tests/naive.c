#include "naive.h"

#include <math.h>
#include <stdlib.h>

enum { PAD = -1 }; /* stands for a padding zero in a list of indices */

static double rounded(naive_precision precision, double x)
{
    return precision == NAIVE_SINGLE ? (double)(float)x : x;
}

/* In single precision the product is exact in double before it is rounded, and so is, for all
 * that float32 can tell, the sum. */
static double multiply_add(naive_precision precision, double sum, double x, double w)
{
    return rounded(precision, sum + rounded(precision, x * w));
}

static double logistic(double x)
{
    const double e = exp(-fabs(x));
    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

static double activated(const clconv_epilogue *epilogue, double x)
{
    switch (epilogue->activation) {
    case CLCONV_NONE: return x;
    case CLCONV_RELU: return x > 0.0 ? x : 0.0 * x;
    case CLCONV_RELU6: return fmin(fmax(x, 0.0), 6.0);
    case CLCONV_LEAKY_RELU: return x > 0.0 ? x : (double)epilogue->slope * x;
    case CLCONV_SIGMOID: return logistic(x);
    case CLCONV_TANH: return copysign(expm1(-2.0 * fabs(x)) / (1.0 + exp(-2.0 * fabs(x))), x);
    case CLCONV_SILU: return x * logistic(x);
    }
    abort();
}

/* ---- Convolution ---------------------------------------------------------------------------- */

/* What the padded axis shows at each position: the list of input indices, grown at both ends. */
static int64_t *padded_axis(const clconv_problem *p, int axis, int64_t *length)
{
    const int64_t size = p->input_size[axis];
    const int64_t begin = p->padding_begin[axis], end = p->padding_end[axis];
    *length = begin + size + end;
    int64_t *list = calloc((size_t)(begin + size + (end > 0 ? end : 0)), sizeof *list);
    if (list == NULL)
        abort();
    for (int64_t i = 0; i < size; ++i)
        list[begin + i] = i;
    for (int64_t i = 1; i <= begin; ++i) {
        const int64_t at[] = {PAD, i, 0, size - i}; /* by clconv_padding_mode */
        list[begin - i] = at[p->padding_mode];
    }
    for (int64_t i = 0; i < end; ++i) {
        const int64_t at[] = {PAD, size - 2 - i, size - 1, i};
        list[begin + size + i] = at[p->padding_mode];
    }
    return list;
}

/* All channels of all images, padded. */
static double *padded_input(const clconv_problem *p, const double *src, int64_t length[CLCONV_AXES])
{
    int64_t *list[CLCONV_AXES];
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        list[axis] = padded_axis(p, axis, &length[axis]);
    const int64_t channels = p->batch * p->in_channels;
    double *padded =
        malloc((size_t)(channels * length[0] * length[1] * length[2]) * sizeof *padded);
    if (padded == NULL)
        abort();
    double *to = padded;
    for (int64_t channel = 0; channel < channels; ++channel)
        for (int64_t d = 0; d < length[0]; ++d)
            for (int64_t h = 0; h < length[1]; ++h)
                for (int64_t w = 0; w < length[2]; ++w) {
                    const int64_t z = list[0][d], y = list[1][h], x = list[2][w];
                    const int outside = z == PAD || y == PAD || x == PAD;
                    const int64_t plane = channel * p->input_size[0] + z;
                    *to++ =
                        outside ? 0.0 : src[(plane * p->input_size[1] + y) * p->input_size[2] + x];
                }
    for (int axis = 0; axis < CLCONV_AXES; ++axis)
        free(list[axis]);
    return padded;
}

/* One output element: the kernel laid on the padded input with its corner at (d, h, w). */
static double element(const clconv_problem *p, naive_precision precision, const double *padded,
                      const int64_t length[CLCONV_AXES], const float *weights, int64_t d, int64_t h,
                      int64_t w)
{
    double sum = 0.0;
    for (int64_t c = 0; c < p->in_channels / p->groups; ++c)
        for (int64_t t = 0; t < p->kernel_size[0]; ++t)
            for (int64_t r = 0; r < p->kernel_size[1]; ++r)
                for (int64_t s = 0; s < p->kernel_size[2]; ++s) {
                    const int64_t z = d + t * p->dilation[0];
                    const int64_t y = h + r * p->dilation[1];
                    const int64_t x = w + s * p->dilation[2];
                    const double value =
                        padded[((c * length[0] + z) * length[1] + y) * length[2] + x];
                    sum = multiply_add(precision, sum, value, (double)*weights++);
                }
    return sum;
}

static void gather(const clconv_problem *p, naive_precision precision, const double *src,
                   const float *weights, const int64_t output[CLCONV_AXES], double *dst)
{
    int64_t length[CLCONV_AXES];
    double *padded = padded_input(p, src, length);
    const int64_t inputs = p->in_channels / p->groups, outputs = p->out_channels / p->groups;
    const int64_t kernel = inputs * p->kernel_size[0] * p->kernel_size[1] * p->kernel_size[2];
    for (int64_t n = 0; n < p->batch; ++n)
        for (int64_t k = 0; k < p->out_channels; ++k) {
            const int64_t channel = n * p->in_channels + k / outputs * inputs;
            const double *x = padded + channel * length[0] * length[1] * length[2];
            for (int64_t o = 0; o < output[0]; ++o)
                for (int64_t i = 0; i < output[1]; ++i)
                    for (int64_t j = 0; j < output[2]; ++j)
                        *dst++ = element(p, precision, x, length, weights + k * kernel,
                                         o * p->stride[0], i * p->stride[1], j * p->stride[2]);
        }
    free(padded);
}

/* ---- Transposed convolution ------------------------------------------------------------------ */

/* Adds value * kernel to a plane at corner (d, h, w), where that is inside once cropped. */
static void stamp(const clconv_problem *p, naive_precision precision, double value,
                  const float *kernel, const int64_t corner[CLCONV_AXES],
                  const int64_t output[CLCONV_AXES], double *plane)
{
    for (int64_t t = 0; t < p->kernel_size[0]; ++t)
        for (int64_t r = 0; r < p->kernel_size[1]; ++r)
            for (int64_t s = 0; s < p->kernel_size[2]; ++s, ++kernel) {
                const int64_t z = corner[0] + t * p->dilation[0] - p->padding_begin[0];
                const int64_t y = corner[1] + r * p->dilation[1] - p->padding_begin[1];
                const int64_t x = corner[2] + s * p->dilation[2] - p->padding_begin[2];
                if (z < 0 || y < 0 || x < 0 || z >= output[0] || y >= output[1] || x >= output[2])
                    continue;
                double *to = &plane[(z * output[1] + y) * output[2] + x];
                *to = multiply_add(precision, *to, value, (double)*kernel);
            }
}

static void scatter(const clconv_problem *p, naive_precision precision, const double *src,
                    const float *weights, const int64_t output[CLCONV_AXES], double *dst)
{
    const int64_t plane = output[0] * output[1] * output[2];
    const int64_t taps = p->kernel_size[0] * p->kernel_size[1] * p->kernel_size[2];
    const int64_t inputs = p->in_channels / p->groups, outputs = p->out_channels / p->groups;
    for (int64_t i = 0; i < p->batch * p->out_channels * plane; ++i)
        dst[i] = 0.0;
    for (int64_t n = 0; n < p->batch; ++n)
        for (int64_t c = 0; c < p->in_channels; ++c)
            for (int64_t d = 0; d < p->input_size[0]; ++d)
                for (int64_t h = 0; h < p->input_size[1]; ++h)
                    for (int64_t w = 0; w < p->input_size[2]; ++w, ++src)
                        for (int64_t k = 0; k < outputs; ++k) {
                            const int64_t corner[] = {d * p->stride[0], h * p->stride[1],
                                                      w * p->stride[2]};
                            const int64_t to = n * p->out_channels + c / inputs * outputs + k;
                            stamp(p, precision, *src, weights + (c * outputs + k) * taps, corner,
                                  output, dst + to * plane);
                        }
}

void naive_convolve(const clconv_problem *problem, naive_precision precision, const double *src,
                    const float *weights, const float *bias, double *dst)
{
    clconv_sizes sizes;
    if (clconv_problem_sizes(problem, &sizes, NULL) != CLCONV_OK)
        abort();
    if (problem->transposed)
        scatter(problem, precision, src, weights, sizes.output_size, dst);
    else
        gather(problem, precision, src, weights, sizes.output_size, dst);
    const int64_t plane = sizes.dst / (problem->batch * problem->out_channels);
    for (int64_t i = 0; i < sizes.dst; ++i) {
        if (problem->epilogue.bias)
            dst[i] = rounded(precision, dst[i] + (double)bias[i / plane % problem->out_channels]);
        dst[i] = rounded(precision, activated(&problem->epilogue, dst[i]));
    }
}
