/* The reference against a second implementation (naive.c), exactly, on random problems. */
#include "cases.h"
#include "naive.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct tensors {
    clconv_sizes sizes;
    float *src, *weights, *bias;
    double *dst, *expected;
} tensors;

static double *doubles(int64_t count)
{
    double *values = malloc((size_t)count * sizeof *values);
    cr_assert_not_null(values);
    for (int64_t i = 0; i < count; ++i)
        values[i] = NAN; /* whatever is not written stays visible */
    return values;
}

static double *widened(const float *values, int64_t count)
{
    double *wide = doubles(count);
    for (int64_t i = 0; i < count; ++i)
        wide[i] = (double)values[i];
    return wide;
}

static tensors make_tensors(const clconv_problem *p, case_random *random)
{
    tensors t;
    cr_assert_eq(clconv_problem_sizes(p, &t.sizes, NULL), CLCONV_OK);
    t.src = case_integers(random, t.sizes.src);
    t.weights = case_integers(random, t.sizes.weights);
    t.bias = p->epilogue.bias ? case_integers(random, t.sizes.bias) : NULL;
    t.dst = doubles(t.sizes.dst);
    t.expected = doubles(t.sizes.dst);
    return t;
}

static void free_tensors(tensors *t)
{
    free(t->src);
    free(t->weights);
    free(t->bias);
    free(t->dst);
    free(t->expected);
}

static void expect_agreement(const char *name, const double *dst, const double *expected,
                             int64_t count, double tolerance)
{
    for (int64_t i = 0; i < count; ++i)
        cr_assert(fabs(dst[i] - expected[i]) <= tolerance * fabs(expected[i]),
                  "%s: element %lld is %.17g, not %.17g", name, (long long)i, dst[i], expected[i]);
}

/* Sums of small whole numbers are exact; only the curved activations call for a tolerance, as
 * naive.c computes them by other formulas. */
static double tolerance_of(const clconv_problem *p)
{
    return p->epilogue.activation >= CLCONV_SIGMOID ? 1e-12 : 0.0;
}

Test(reference, equals_the_naive_sum_on_random_problems)
{
    case_random random = {20240601};
    int64_t elements = 0, nonzero = 0;
    for (int i = 0; i < 1500; ++i) {
        const clconv_problem p = case_problem(&random);
        tensors t = make_tensors(&p, &random);
        const clconv_stage_tensors stage = {t.weights, t.bias};
        clconv_error error;
        cr_assert_eq(clconv_reference(&p, 1, t.src, &stage, t.dst, NULL, &error), CLCONV_OK, "%s",
                     error.message);
        double *src = widened(t.src, t.sizes.src);
        naive_convolve(&p, NAIVE_DOUBLE, src, t.weights, t.bias, t.expected);
        expect_agreement(case_name(&p), t.dst, t.expected, t.sizes.dst, tolerance_of(&p));
        for (int64_t j = 0; j < t.sizes.dst; ++j)
            nonzero += t.dst[j] != 0.0;
        elements += t.sizes.dst;
        free(src);
        free_tensors(&t);
    }
    cr_assert(nonzero > elements / 2, "only %lld of %lld elements are not zero", (long long)nonzero,
              (long long)elements);
}

Test(reference, is_the_same_with_and_without_a_bound)
{
    case_random random = {7};
    for (int i = 0; i < 200; ++i) {
        const clconv_problem p = case_problem(&random);
        tensors t = make_tensors(&p, &random);
        const clconv_stage_tensors stage = {t.weights, t.bias};
        double *bound = doubles(t.sizes.dst);
        cr_assert_eq(clconv_reference(&p, 1, t.src, &stage, t.dst, NULL, NULL), CLCONV_OK);
        cr_assert_eq(clconv_reference(&p, 1, t.src, &stage, t.expected, bound, NULL), CLCONV_OK);
        expect_agreement(case_name(&p), t.dst, t.expected, t.sizes.dst, 0.0);
        for (int64_t j = 0; j < t.sizes.dst; ++j)
            cr_assert(bound[j] > 0.0 && isfinite(bound[j]), "%s: bound %lld is %g", case_name(&p),
                      (long long)j, bound[j]);
        free(bound);
        free_tensors(&t);
    }
}

/* A sequence whose stages take what the one before gives. */
static size_t random_sequence(case_random *random, clconv_problem *problems, size_t count)
{
    problems[0] = case_problem(random);
    for (size_t i = 1; i < count; ++i) {
        clconv_sizes before;
        cr_assert_eq(clconv_problem_sizes(&problems[i - 1], &before, NULL), CLCONV_OK);
        do {
            problems[i] = case_problem(random);
            problems[i].batch = problems[0].batch;
            problems[i].rank = problems[0].rank;
            problems[i].in_channels = problems[i - 1].out_channels;
            problems[i].groups = problems[i].out_channels % problems[i].in_channels == 0
                                     ? problems[i].in_channels
                                     : 1;
            memcpy(problems[i].input_size, before.output_size, sizeof before.output_size);
        } while (clconv_problem_check(&problems[i], NULL) != CLCONV_OK);
    }
    return count;
}

Test(reference, of_a_sequence_is_its_stages_one_after_the_other)
{
    case_random random = {99};
    for (int i = 0; i < 200; ++i) {
        clconv_problem problems[3];
        const size_t count =
            random_sequence(&random, problems, (size_t)case_integer(&random, 2, 3));
        tensors t[3] = {{.src = NULL}};
        clconv_stage_tensors stages[3];
        char name[2048];
        clconv_sequence_format(problems, count, name, sizeof name);

        double *x = NULL;
        double tolerance = 0.0;
        for (size_t s = 0; s < count; ++s) {
            t[s] = make_tensors(&problems[s], &random);
            stages[s] = (clconv_stage_tensors){t[s].weights, t[s].bias};
            if (s == 0)
                x = widened(t[0].src, t[0].sizes.src);
            naive_convolve(&problems[s], NAIVE_DOUBLE, s == 0 ? x : t[s - 1].expected, t[s].weights,
                           t[s].bias, t[s].expected);
            tolerance = fmax(tolerance, tolerance_of(&problems[s]));
        }
        const tensors *last = &t[count - 1];
        clconv_error error;
        cr_assert_eq(clconv_reference(problems, count, t[0].src, stages, last->dst, NULL, &error),
                     CLCONV_OK, "%s", error.message);
        /* After a curved stage the sums round, and may cancel: hold them against their size. */
        double largest = 0.0;
        for (int64_t j = 0; j < last->sizes.dst; ++j)
            largest = fmax(largest, fabs(last->expected[j]));
        for (int64_t j = 0; j < last->sizes.dst; ++j)
            cr_assert(fabs(last->dst[j] - last->expected[j]) <= tolerance * (1.0 + largest),
                      "%s: element %lld is %.17g, not %.17g", name, (long long)j, last->dst[j],
                      last->expected[j]);
        free(x);
        for (size_t s = 0; s < count; ++s)
            free_tensors(&t[s]);
    }
}

/* ---- NaN, infinity, overflow ----------------------------------------------------------------- */

static void run_1d(const char *text, const float *src, const float *weights, double *dst,
                   double *bound)
{
    clconv_problem p;
    clconv_error error;
    const clconv_stage_tensors stage = {weights, NULL};
    cr_assert_eq(clconv_problem_parse(text, &p, &error), CLCONV_OK, "%s", error.message);
    cr_assert_eq(clconv_reference(&p, 1, src, &stage, dst, bound, &error), CLCONV_OK, "%s",
                 error.message);
}

Test(reference, padding_contributes_nothing_not_even_nan)
{
    const float src[] = {1, 2, 3}, weights[] = {NAN, 1, 1};
    double dst[3], bound[3];
    run_1d("mb1ic1iw3oc1ow3kw3pw1", src, weights, dst, bound);
    cr_assert_eq(dst[0], 3.0); /* the NaN tap lies on padding */
    cr_assert(isnan(dst[1]) && isnan(dst[2]));
    cr_assert(bound[0] > 0.0 && bound[1] == 0.0);
}

Test(reference, nan_and_infinity_follow_the_sum)
{
    const float src[] = {INFINITY, 0, 1, -INFINITY}, weights[] = {1, 0};
    double dst[3], bound[3];
    run_1d("mb1ic1iw4oc1ow3kw2pw0", src, weights, dst, bound);
    cr_assert_eq(dst[0], INFINITY);
    cr_assert_eq(dst[1], 0.0);
    cr_assert(isnan(dst[2])); /* 1*1 + 0*-inf */

    const float twice[] = {1, 1};
    const float ends[] = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    run_1d("mb1ic1iw4oc1ow3kw2pw0", ends, twice, dst, bound);
    cr_assert_eq(dst[0], INFINITY);
    cr_assert(isnan(dst[1]));
    cr_assert_eq(dst[2], -INFINITY);
}

Test(reference, transposed_nan_reaches_its_own_outputs_only)
{
    const float src[] = {NAN, 1}, weights[] = {1, 2};
    double dst[4];
    run_1d("deconv:mb1ic1iw2oc1ow4kw2sw2pw0", src, weights, dst, NULL);
    cr_assert(isnan(dst[0]) && isnan(dst[1]));
    cr_assert(dst[2] == 1.0 && dst[3] == 2.0);
}

Test(reference, promises_nothing_where_float32_may_overflow)
{
    const float src[] = {3e38f, 3e38f, 1}, weights[] = {1, -1};
    double dst[2], bound[2];
    run_1d("mb1ic1iw3oc1ow2kw2pw0", src, weights, dst, bound);
    cr_assert_eq(dst[0], 0.0);
    cr_assert_eq(bound[0], INFINITY);
    cr_assert(isfinite(bound[1]));
}

/* ---- Arguments ------------------------------------------------------------------------------- */

Test(reference, names_a_missing_argument)
{
    const clconv_problem p = clconv_problem_1d(1, 1, 4, 2);
    clconv_problem biased = p;
    biased.epilogue.bias = 1;
    const float values[4] = {0};
    double dst[4];
    const clconv_stage_tensors full = {values, NULL}, empty = {NULL, NULL};
    const struct {
        const clconv_problem *problem;
        const float *src;
        const clconv_stage_tensors *stage;
        double *dst;
        const char *word;
    } rows[] = {
        {&p, NULL, &full, dst, "src"},        {&p, values, NULL, dst, "stages"},
        {&p, values, &empty, dst, "weights"}, {&biased, values, &full, dst, "bias"},
        {&p, values, &full, NULL, "dst"},     {NULL, values, &full, dst, "problem"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        clconv_error error = {0};
        const clconv_status status = clconv_reference(rows[i].problem, 1, rows[i].src,
                                                      rows[i].stage, rows[i].dst, NULL, &error);
        cr_expect_eq(status, CLCONV_INVALID_ARGUMENT, "row %zu: %s", i, clconv_status_name(status));
        cr_expect(strstr(error.message, rows[i].word) != NULL, "row %zu: '%s' lacks '%s'", i,
                  error.message, rows[i].word);
    }
}

/* Cheap to ask for, impossible to hold: 2^90 padded elements for one output. */
Test(reference, padding_beyond_memory_is_an_error)
{
    clconv_problem p = clconv_problem_3d(1, 1, 1, 1, 1, 2, 2, 2);
    for (int axis = CLCONV_DEPTH; axis <= CLCONV_WIDTH; ++axis) {
        p.padding_end[axis] = 1 << 30;
        p.dilation[axis] = 1 << 30;
    }
    p.padding_mode = CLCONV_REPLICATE;
    const float src[] = {1}, weights[8] = {0};
    const clconv_stage_tensors stage = {weights, NULL};
    double dst;
    clconv_error error = {0};
    cr_expect_eq(clconv_reference(&p, 1, src, &stage, &dst, NULL, &error),
                 CLCONV_OUT_OF_HOST_MEMORY, "%s", error.message);
    cr_expect(strstr(error.message, case_name(&p)) != NULL, "no problem string: %s", error.message);
}
