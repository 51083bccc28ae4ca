/* What verify and bench call OK: each way of being wrong must be found. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { COUNT = 100 };

static const char problem_string[] = "mb1ic2ih7iw7oc4kh3kw3+bias";

static double reference[COUNT];
static double bound[COUNT];

/* An array that holds the reference, rounded. */
static guarded right_array(void)
{
    guarded array = {0};
    cr_assert(guarded_create(&array, COUNT));
    for (size_t i = 0; i < COUNT; i++) {
        reference[i] = (double)i - 50;
        bound[i] = 1e-3;
        array.data[i] = (float)reference[i];
    }
    return array;
}

static check_verdict judge(const guarded *array, int exact)
{
    check_verdict verdict = verdict_start();
    check_output(array, reference, exact ? NULL : bound, &verdict);
    return verdict;
}

Test(check, right_result_is_ok)
{
    guarded array = right_array();
    cr_assert(judge(&array, 0).ok);
    cr_assert(judge(&array, 1).ok);
    cr_assert_eq(judge(&array, 0).ratio, 0);
    guarded_free(&array);
}

Test(check, element_within_its_bound_is_ok_but_not_exact)
{
    guarded array = right_array();
    array.data[7] += 0.5e-3f;
    const check_verdict real = judge(&array, 0);
    cr_assert(real.ok);
    cr_assert_float_eq(real.ratio, 0.5, 0.01);
    cr_assert_not(judge(&array, 1).ok);
    guarded_free(&array);
}

Test(check, element_beyond_its_bound_is_wrong)
{
    guarded array = right_array();
    array.data[COUNT - 1] += 2e-3f;
    const check_verdict verdict = judge(&array, 0);
    cr_assert_not(verdict.ok);
    cr_assert(strstr(verdict.reason, "1 of 100"), "%s", verdict.reason);
    cr_assert(strstr(verdict.reason, "at 99"), "%s", verdict.reason);
    guarded_free(&array);
}

Test(check, element_that_is_never_written_is_wrong)
{
    guarded array = right_array();
    const float value = array.data[3];
    guarded_reset(&array);
    cr_assert(isnan(array.data[3]));
    for (size_t i = 0; i < COUNT; i++)
        array.data[i] = i == 3 ? array.data[3] : (float)reference[i];
    cr_assert_not(judge(&array, 0).ok);
    cr_assert_not(judge(&array, 1).ok);
    array.data[3] = value;
    cr_assert(judge(&array, 1).ok);
    guarded_free(&array);
}

Test(check, writing_outside_is_wrong)
{
    const ptrdiff_t outside[] = {-1, -256, COUNT, COUNT + 255};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        guarded array = right_array();
        cr_assert(guarded_intact(&array));
        array.data[outside[i]] = 0;
        cr_assert_not(guarded_intact(&array), "element %td", outside[i]);
        cr_assert_not(judge(&array, 0).ok, "element %td", outside[i]);
        guarded_free(&array);
    }
}

Test(check, other_bits_in_the_second_run_are_wrong)
{
    guarded first = right_array();
    guarded second = right_array();
    check_verdict verdict = verdict_start();
    first.data[50] = 0.0f;
    second.data[50] = 0.0f;
    check_repeat(&first, &second, &verdict);
    cr_assert(verdict.ok);
    second.data[50] = -0.0f;
    check_repeat(&first, &second, &verdict);
    cr_assert_not(verdict.ok);
    guarded_free(&first);
    guarded_free(&second);
}

Test(check, first_reason_is_kept)
{
    guarded array = right_array();
    check_verdict verdict = verdict_start();
    array.data[5] = 1e6f;
    check_output(&array, reference, bound, &verdict);
    array.data[-1] = 0;
    array.data[5] = (float)reference[5];
    check_output(&array, reference, bound, &verdict);
    cr_assert_not(verdict.ok);
    cr_assert(strstr(verdict.reason, "at 5"), "%s", verdict.reason);
    guarded_free(&array);
}

/* ---- Data ---------------------------------------------------------------------------------- */

static clconv_problem parse(const char *text)
{
    clconv_problem problem;
    clconv_error error;
    cr_assert_eq(clconv_problem_parse(text, &problem, &error), CLCONV_OK, "%s", error.message);
    return problem;
}

static void assert_integers(const float *x, int64_t count, int largest)
{
    for (int64_t i = 0; i < count; i++)
        cr_assert(x[i] == roundf(x[i]) && x[i] != 0 && fabsf(x[i]) <= (float)largest, "%s: %g",
                  problem_string, (double)x[i]);
}

Test(data, exact_data_are_small_integers_and_none_is_zero)
{
    const clconv_problem problem = parse(problem_string);
    clconv_sizes sizes;
    data_set data = {0};
    data_range range;
    clconv_problem_sizes(&problem, &sizes, NULL);
    cr_assert(data_exact_range(&problem, 1, &range));
    cr_assert_eq(data_create(&problem, 1, GATE_EXACT, 1, &data), CLI_FINE);
    assert_integers(data.src, sizes.src, range.src);
    assert_integers(data.weights[0], sizes.weights, range.weights);
    assert_integers(data.bias[0], sizes.bias, range.src);
    data_free(&data);
}

Test(data, real_data_are_in_range_and_have_both_signs)
{
    const clconv_problem problem = parse(problem_string);
    clconv_sizes sizes;
    data_set data = {0};
    double sum = 0;
    clconv_problem_sizes(&problem, &sizes, NULL);
    cr_assert_eq(data_create(&problem, 1, GATE_REAL, 1, &data), CLI_FINE);
    for (int64_t i = 0; i < sizes.src; i++) {
        cr_assert(data.src[i] >= -1 && data.src[i] < 1);
        sum += (double)data.src[i];
    }
    cr_assert_lt(fabs(sum / (double)sizes.src), 0.3, "%s", problem_string);
    data_free(&data);
}

Test(data, seed_decides)
{
    const clconv_problem problem = parse(problem_string);
    data_set first = {0};
    data_set again = {0};
    data_set other = {0};
    cr_assert_eq(data_create(&problem, 1, GATE_REAL, 7, &first), CLI_FINE);
    cr_assert_eq(data_create(&problem, 1, GATE_REAL, 7, &again), CLI_FINE);
    cr_assert_eq(data_create(&problem, 1, GATE_REAL, 8, &other), CLI_FINE);
    cr_assert_arr_eq(first.src, again.src, 98 * sizeof(float));
    cr_assert_arr_eq(first.weights[0], again.weights[0], 72 * sizeof(float));
    cr_assert_arr_neq(first.src, other.src, 98 * sizeof(float));
    data_free(&first);
    data_free(&again);
    data_free(&other);
}

/* Whatever the data, no partial sum of any stage passes 2^24. */
Test(data, exact_range_keeps_every_sum_exact)
{
    const char *const exact[] = {"ic2048ih65iw65oc256kh3kw3ph12pw12dh11dw11", problem_string,
                                 "ic16ih8iw8oc4kh3kw3+leaky_relu:0.1", "ic16ih8iw8oc4kh3kw3+relu6"};
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        const clconv_problem p = parse(exact[i]);
        data_range range;
        cr_assert(data_exact_range(&p, 1, &range), "%s", exact[i]);
        const double length =
            (double)(p.in_channels * p.kernel_size[CLCONV_HEIGHT] * p.kernel_size[CLCONV_WIDTH]);
        cr_assert_leq(length * range.src * range.weights + range.src, 16777216, "%s", exact[i]);
    }
}

Test(data, rounding_problems_have_no_exact_range)
{
    const char *const rounding[] = {"ic3ih8iw8oc4kh3kw3+sigmoid", "ic3ih8iw8oc4kh3kw3+tanh",
                                    "ic3ih8iw8oc4kh3kw3+silu"};
    data_range range;
    for (size_t i = 0; i < sizeof rounding / sizeof rounding[0]; i++) {
        const clconv_problem p = parse(rounding[i]);
        cr_assert_not(data_exact_range(&p, 1, &range), "%s", rounding[i]);
    }
    const clconv_problem leaky[] = {parse("ic3ih8iw8oc4kh3kw3+leaky_relu:0.1"),
                                    parse("ic4ih6iw6oc4kh1kw1")};
    cr_assert_not(data_exact_range(leaky, 2, &range));
    const clconv_problem wide = parse("ic4096ih3iw3oc4096kh3kw3ph1pw1");
    const clconv_problem deep[] = {wide, wide};
    cr_assert_not(data_exact_range(deep, 2, &range));
}
