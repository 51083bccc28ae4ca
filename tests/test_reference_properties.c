/* What must hold between convolutions, exactly, on whole numbers. */
#include "cases.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 300 };

static clconv_sizes sizes_of(const clconv_problem *p)
{
    clconv_sizes sizes;
    clconv_error error;
    cr_assert_eq(clconv_problem_sizes(p, &sizes, &error), CLCONV_OK, "%s", error.message);
    return sizes;
}

/* The result, which the caller frees. */
static double *convolved(const clconv_problem *p, const float *src, const float *weights)
{
    double *dst = malloc((size_t)sizes_of(p).dst * sizeof *dst);
    const clconv_stage_tensors stage = {weights, NULL};
    clconv_error error;
    cr_assert_not_null(dst);
    cr_assert_eq(clconv_reference(p, 1, src, &stage, dst, NULL, &error), CLCONV_OK, "%s",
                 error.message);
    return dst;
}

static clconv_problem linear_problem(case_random *random)
{
    clconv_problem p = case_problem(random);
    p.epilogue = (clconv_epilogue){0};
    return p;
}

static void expect_equal(const clconv_problem *p, const double *a, const double *b, int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        cr_assert_eq(a[i], b[i], "%s: element %lld is %g, not %g", case_name(p), (long long)i, a[i],
                     b[i]);
}

static double inner(const double *a, const float *b, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i)
        sum += a[i] * (double)b[i];
    return sum;
}

/* The transposed convolution that maps p's output back to its input. */
static clconv_problem mirror(const clconv_problem *p)
{
    clconv_problem m = *p;
    const clconv_sizes sizes = sizes_of(p);
    m.transposed = 1;
    m.in_channels = p->out_channels;
    m.out_channels = p->in_channels;
    memcpy(m.input_size, sizes.output_size, sizeof m.input_size);
    for (int axis = CLCONV_AXES - p->rank; axis < CLCONV_AXES; ++axis) {
        const int64_t span = p->dilation[axis] * (p->kernel_size[axis] - 1) + 1;
        m.output_padding[axis] =
            (p->input_size[axis] + p->padding_begin[axis] + p->padding_end[axis] - span) %
            p->stride[axis];
    }
    return m;
}

Test(properties, transposed_is_the_adjoint)
{
    case_random random = {11};
    int checked = 0;
    while (checked < ROUNDS) {
        const clconv_problem p = linear_problem(&random);
        if (p.transposed || p.padding_mode != CLCONV_ZEROS || p.padding_end[0] < 0 ||
            p.padding_end[1] < 0 || p.padding_end[2] < 0)
            continue;
        const clconv_problem m = mirror(&p);
        const clconv_sizes sizes = sizes_of(&p);
        cr_assert_eq(sizes_of(&m).dst, sizes.src, "%s", case_name(&p));
        float *x = case_integers(&random, sizes.src), *y = case_integers(&random, sizes.dst);
        float *weights = case_integers(&random, sizes.weights);
        double *forth = convolved(&p, x, weights), *back = convolved(&m, y, weights);
        const double a = inner(forth, y, sizes.dst), b = inner(back, x, sizes.src);
        cr_assert_eq(a, b, "%s: %g is not %g", case_name(&p), a, b);
        free(x), free(y), free(weights), free(forth), free(back);
        ++checked;
    }
}

Test(properties, grouped_is_the_concatenation_of_its_groups)
{
    case_random random = {12};
    for (int i = 0; i < ROUNDS; ++i) {
        clconv_problem p = linear_problem(&random);
        p.batch = 1; /* then a group's channels lie together */
        const clconv_sizes sizes = sizes_of(&p);
        float *src = case_integers(&random, sizes.src);
        float *weights = case_integers(&random, sizes.weights);
        double *whole = convolved(&p, src, weights);
        clconv_problem part = p;
        part.groups = 1;
        part.in_channels /= p.groups;
        part.out_channels /= p.groups;
        const clconv_sizes of_part = sizes_of(&part);
        for (int64_t g = 0; g < p.groups; ++g) {
            double *dst = convolved(&part, src + g * of_part.src, weights + g * of_part.weights);
            expect_equal(&p, whole + g * of_part.dst, dst, of_part.dst);
            free(dst);
        }
        free(src), free(weights), free(whole);
    }
}

/* One channel's dilated kernel written out with its zeros. */
static void stuff(const clconv_problem *p, const clconv_problem *dense, const float *kernel,
                  float *stuffed)
{
    for (int64_t t = 0; t < p->kernel_size[0]; ++t)
        for (int64_t r = 0; r < p->kernel_size[1]; ++r)
            for (int64_t s = 0; s < p->kernel_size[2]; ++s) {
                const int64_t row = t * p->dilation[0] * dense->kernel_size[1] + r * p->dilation[1];
                stuffed[row * dense->kernel_size[2] + s * p->dilation[2]] = *kernel++;
            }
}

Test(properties, dilated_is_dense_with_zeros_in_the_kernel)
{
    case_random random = {13};
    for (int i = 0; i < ROUNDS; ++i) {
        const clconv_problem p = linear_problem(&random);
        clconv_problem dense = p;
        for (int axis = 0; axis < CLCONV_AXES; ++axis) {
            dense.kernel_size[axis] = p.dilation[axis] * (p.kernel_size[axis] - 1) + 1;
            dense.dilation[axis] = 1;
        }
        if (clconv_problem_check(&dense, NULL) != CLCONV_OK)
            continue; /* its output padding needs the dilation */
        const clconv_sizes sizes = sizes_of(&p), of_dense = sizes_of(&dense);
        const int64_t kernels = p.in_channels / p.groups * p.out_channels;
        float *src = case_integers(&random, sizes.src);
        float *weights = case_integers(&random, sizes.weights);
        float *stuffed = calloc((size_t)of_dense.weights, sizeof *stuffed);
        cr_assert_not_null(stuffed);
        for (int64_t k = 0; k < kernels; ++k)
            stuff(&p, &dense, weights + k * (sizes.weights / kernels),
                  stuffed + k * (of_dense.weights / kernels));
        double *a = convolved(&p, src, weights), *b = convolved(&dense, src, stuffed);
        cr_assert_eq(sizes.dst, of_dense.dst, "%s", case_name(&p));
        expect_equal(&p, a, b, sizes.dst);
        free(src), free(weights), free(stuffed), free(a), free(b);
    }
}

Test(properties, is_linear_in_its_input)
{
    case_random random = {14};
    for (int i = 0; i < ROUNDS; ++i) {
        const clconv_problem p = linear_problem(&random);
        const clconv_sizes sizes = sizes_of(&p);
        float *x = case_integers(&random, sizes.src), *y = case_integers(&random, sizes.src);
        float *weights = case_integers(&random, sizes.weights);
        double *of_x = convolved(&p, x, weights), *of_y = convolved(&p, y, weights);
        for (int64_t j = 0; j < sizes.src; ++j)
            x[j] = 3.0f * x[j] - 2.0f * y[j];
        double *of_both = convolved(&p, x, weights);
        for (int64_t j = 0; j < sizes.dst; ++j)
            of_x[j] = 3.0 * of_x[j] - 2.0 * of_y[j];
        expect_equal(&p, of_both, of_x, sizes.dst);
        free(x), free(y), free(weights), free(of_x), free(of_y), free(of_both);
    }
}

Test(properties, an_impulse_shows_the_kernel)
{
    clconv_problem p = clconv_problem_2d(1, 1, 5, 5, 3, 3);
    const float weights[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    float impulse[25] = {0};
    impulse[12] = 1.0f;
    double *correlated = convolved(&p, impulse, weights);
    for (int i = 0; i < 9; ++i) /* cross-correlation turns it round */
        cr_expect_eq(correlated[i], (double)weights[8 - i], "element %d is %g", i, correlated[i]);
    free(correlated);

    p.transposed = 1;
    double *transposed = convolved(&p, impulse, weights);
    for (int y = 0; y < 7; ++y)
        for (int x = 0; x < 7; ++x) {
            const int inside = y >= 2 && y < 5 && x >= 2 && x < 5;
            const double expected = inside ? (double)weights[(y - 2) * 3 + x - 2] : 0.0;
            cr_expect_eq(transposed[y * 7 + x], expected, "row %d, column %d is %g", y, x,
                         transposed[y * 7 + x]);
        }
    free(transposed);
}

Test(properties, a_shifted_input_shifts_the_output)
{
    enum { SIZE = 11 };
    case_random random = {15};
    for (int dilation = 1; dilation <= 3; ++dilation) {
        clconv_problem p = clconv_problem_1d(2, 3, SIZE, 3);
        p.dilation[CLCONV_WIDTH] = dilation;
        p.padding_mode = CLCONV_CIRCULAR;
        cr_assert_eq(clconv_problem_pad_same(&p, NULL), CLCONV_OK);
        float *src = case_integers(&random, 2 * SIZE), *weights = case_integers(&random, 2 * 3 * 3);
        float shifted[2 * SIZE];
        for (int c = 0; c < 2; ++c)
            for (int i = 0; i < SIZE; ++i)
                shifted[c * SIZE + (i + 4) % SIZE] = src[c * SIZE + i];
        double *a = convolved(&p, src, weights), *b = convolved(&p, shifted, weights);
        for (int k = 0; k < 3; ++k)
            for (int i = 0; i < SIZE; ++i)
                cr_assert_eq(a[k * SIZE + i], b[k * SIZE + (i + 4) % SIZE], "%s: output %d of %d",
                             case_name(&p), i, k);
        free(src), free(weights), free(a), free(b);
    }
}
