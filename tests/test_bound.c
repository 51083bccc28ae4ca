/* The reference's bound against float32 sums in order, and the comparison that uses it. */
#include "cases.h"
#include "naive.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Two pointwise stages at most: sums of `products`, then of `out_channels` elements. */
enum { CHANNELS = 16, WIDTH = 64 };

static double *doubles(int64_t count)
{
    double *values = malloc((size_t)count * sizeof *values);
    cr_assert_not_null(values);
    return values;
}

/* Largest |float32 - reference| / bound of a sequence with random reals of [low, 1). */
static double worst_ratio(case_random *random, const clconv_problem *problems, size_t count,
                          double low)
{
    clconv_stage_tensors stages[2] = {{NULL, NULL}};
    float *weights[2] = {NULL}, *bias[2] = {NULL};
    clconv_sizes sizes = {{0}, 0, 0, 0, 0};
    float *src = NULL;
    double *single = NULL;
    for (size_t i = 0; i < count; ++i) {
        cr_assert_eq(clconv_problem_sizes(&problems[i], &sizes, NULL), CLCONV_OK);
        if (i == 0) {
            src = case_reals(random, sizes.src, low, 1.0);
            single = doubles(sizes.src);
            for (int64_t j = 0; j < sizes.src; ++j)
                single[j] = (double)src[j];
        }
        weights[i] = case_reals(random, sizes.weights, low, 1.0);
        bias[i] = case_reals(random, problems[i].out_channels, low, 1.0);
        double *next = doubles(sizes.dst);
        naive_convolve(&problems[i], NAIVE_SINGLE, single, weights[i], bias[i], next);
        free(single);
        single = next;
        stages[i] = (clconv_stage_tensors){weights[i], bias[i]};
    }

    double *reference = doubles(sizes.dst), *bound = doubles(sizes.dst);
    clconv_error error;
    cr_assert_eq(clconv_reference(problems, count, src, stages, reference, bound, &error),
                 CLCONV_OK, "%s", error.message);
    float *dst = malloc((size_t)sizes.dst * sizeof *dst);
    cr_assert_not_null(dst);
    for (int64_t i = 0; i < sizes.dst; ++i)
        dst[i] = (float)single[i];
    clconv_comparison result;
    clconv_compare(dst, reference, bound, (size_t)sizes.dst, &result);

    char name[1024];
    clconv_sequence_format(problems, count, name, sizeof name);
    cr_expect_eq(result.wrong, 0, "%s: %zu wrong", name, result.wrong);
    free(src), free(single), free(reference), free(bound), free(dst);
    for (size_t i = 0; i < count; ++i) {
        free(weights[i]);
        free(bias[i]);
    }
    return result.ratio;
}

static void expect_tight(case_random *random, const clconv_problem *problems, size_t count,
                         double low)
{
    const double ratio = worst_ratio(random, problems, count, low);
    char name[1024];
    clconv_sequence_format(problems, count, name, sizeof name);
    printf("%-84s worst error / bound %.4f\n", name, ratio);
    cr_expect(ratio > 0.001 && ratio <= 1.0, "%s: worst error / bound is %g, not of (0.001, 1]",
              name, ratio);
}

Test(bound, holds_for_sums_of_every_length_and_is_not_loose)
{
    case_random random = {5};
    for (int64_t products = 1; products <= 4096; products *= 4) {
        const clconv_problem p = clconv_problem_1d(products, CHANNELS, WIDTH, 1);
        expect_tight(&random, &p, 1, -1.0);
        expect_tight(&random, &p, 1, 0.0);
    }
}

Test(bound, holds_for_every_activation)
{
    case_random random = {6};
    for (int activation = CLCONV_NONE; activation <= CLCONV_SILU; ++activation) {
        clconv_problem p = clconv_problem_2d(3, CHANNELS, 9, 9, 3, 3);
        p.padding_begin[CLCONV_WIDTH] = p.padding_end[CLCONV_WIDTH] = 2;
        p.epilogue.bias = 1;
        p.epilogue.activation = (clconv_activation)activation;
        p.epilogue.slope = activation == CLCONV_LEAKY_RELU ? -3.0f : 0.0f;
        expect_tight(&random, &p, 1, -1.0);
    }
}

Test(bound, is_carried_through_a_sequence)
{
    case_random random = {7};
    for (int activation = CLCONV_NONE; activation <= CLCONV_SILU; ++activation) {
        clconv_problem stages[] = {clconv_problem_1d(64, CHANNELS, WIDTH, 3),
                                   clconv_problem_1d(CHANNELS, CHANNELS, WIDTH - 2, 1)};
        stages[0].epilogue.activation = (clconv_activation)activation;
        stages[0].epilogue.slope = activation == CLCONV_LEAKY_RELU ? 0.1f : 0.0f;
        stages[1].epilogue.bias = 1;
        expect_tight(&random, stages, 2, -1.0);
    }
}

Test(bound, holds_for_random_problems)
{
    case_random random = {8};
    for (int i = 0; i < 300; ++i) {
        const clconv_problem p = case_problem(&random);
        cr_assert_leq(worst_ratio(&random, &p, 1, -1.0), 1.0, "%s", case_name(&p));
    }
}

/* A single product missed or doubled must show, however long the sum. */
Test(bound, sees_one_wrong_term)
{
    enum { PRODUCTS = 4608 };
    case_random random = {9};
    const clconv_problem p = clconv_problem_1d(PRODUCTS, 1, 1, 1);
    float *src = case_reals(&random, PRODUCTS, 0.5, 1.0);
    float *weights = case_reals(&random, PRODUCTS, 0.5, 1.0);
    const clconv_stage_tensors stage = {weights, NULL};
    double reference, bound;
    cr_assert_eq(clconv_reference(&p, 1, src, &stage, &reference, &bound, NULL), CLCONV_OK);
    const float wrong = (float)(reference - (double)src[0] * (double)weights[0]);
    clconv_comparison result;
    clconv_compare(&wrong, &reference, &bound, 1, &result);
    cr_expect_eq(result.wrong, 1, "ratio %g", result.ratio);
    free(src);
    free(weights);
}

/* The formula itself, on one element: 2 products of magnitude 6 and 2, bias 4. */
Test(bound, is_the_documented_formula)
{
    clconv_problem p = clconv_problem_1d(2, 1, 1, 1);
    p.epilogue.bias = 1;
    const float src[] = {2, -1}, weights[] = {3, 2}, bias = 4;
    const clconv_stage_tensors stage = {weights, &bias};
    double reference, bound;
    cr_assert_eq(clconv_reference(&p, 1, src, &stage, &reference, &bound, NULL), CLCONV_OK);
    const double u = 0x1p-24;
    cr_expect_eq(reference, 8.0);
    cr_expect_float_eq(bound, (5.0 * 12.0 + 8.0) * u + 4.0 * 0x1p-126, 1e-20);
}

/* ---- Comparison ------------------------------------------------------------------------------ */

Test(compare, finds_the_one_wrong_element)
{
    enum { COUNT = 1000 };
    float dst[COUNT];
    double reference[COUNT], bound[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        reference[i] = 1.0 + i;
        bound[i] = 0.5;
        dst[i] = (float)(reference[i] + 0.25);
    }
    clconv_comparison result;
    clconv_compare(dst, reference, bound, COUNT, &result);
    cr_expect(result.wrong == 0 && result.ratio == 0.5 && result.difference == 0.25);
    dst[617] += 1.0f;
    clconv_compare(dst, reference, bound, COUNT, &result);
    cr_expect_eq(result.wrong, 1);
    cr_expect_eq(result.worst, 617);
    cr_expect_eq(result.ratio, 2.5);
    cr_expect_eq(result.difference, 1.25);
}

Test(compare, judges_by_class_and_sign_first)
{
    const struct {
        float dst;
        double reference, bound;
        size_t wrong;
    } rows[] = {
        {NAN, NAN, 0.0, 0},
        {1.0f, NAN, 0.0, 1},
        {NAN, 1.0, 1.0, 1},
        {INFINITY, INFINITY, 0.0, 0},
        {-INFINITY, INFINITY, 0.0, 1},
        {INFINITY, 1.0, 1.0, 1},
        {INFINITY, 1e300, 1e290, 0}, /* beyond float32 */
        {FLT_MAX, 1e300, INFINITY, 1},
        {-INFINITY, -1e39, INFINITY, 0},
        {NAN, 1.0, INFINITY, 0}, /* may overflow on its way */
        {2.0f, 2.0, 0.0, 0},
        {2.0f, 2.5, 0.0, 1},
        {-0.0f, 0.0, 0.0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        clconv_comparison result;
        clconv_compare(&rows[i].dst, &rows[i].reference, &rows[i].bound, 1, &result);
        cr_expect_eq(result.wrong, rows[i].wrong, "row %zu: ratio %g", i, result.ratio);
        cr_expect_eq(result.ratio > 1.0, rows[i].wrong == 1, "row %zu: ratio %g", i, result.ratio);
    }
}

Test(compare, without_a_bound_asks_for_the_reference_rounded)
{
    const double third = 1.0 / 3.0;
    const float nearest = (float)third, above = nextafterf(nearest, 1.0f);
    clconv_comparison result;
    clconv_compare(&nearest, &third, NULL, 1, &result);
    cr_expect(result.wrong == 0 && result.ratio == 0.0);
    clconv_compare(&above, &third, NULL, 1, &result);
    cr_expect(result.wrong == 1 && isinf(result.ratio));
    clconv_compare(&above, &third, NULL, 0, &result);
    cr_expect(result.wrong == 0 && result.ratio == 0.0);
}
