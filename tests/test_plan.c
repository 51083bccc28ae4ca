/* Plans: choosing algorithms, the workspace, and everything that is refused. */
#include "workload.h"

#define SEPARABLE "g3mb2ic3ih9iw9oc3kh3kw3ph1pw1+relu -> mb2ic3ih9iw9oc5kh1kw1+bias"

static clconv_status try_plan(clconv_context *context, const char *text, const char *algorithm,
                              clconv_error *error)
{
    clconv_problem problems[CLCONV_MAX_STAGES];
    size_t count = 0;
    const clconv_options options = {.algorithm = algorithm};
    clconv_plan *plan = (clconv_plan *)error;
    cr_assert_eq(clconv_sequence_parse(text, problems, CLCONV_MAX_STAGES, &count, error), CLCONV_OK,
                 "%s: %s", text, error->message);
    const clconv_status status =
        clconv_plan_create(context, problems, count, &options, &plan, error);
    cr_assert_eq(plan == NULL, status != CLCONV_OK, "%s", text);
    clconv_plan_destroy(plan);
    return status;
}

Test(plan, algorithm_requests)
{
    static const struct {
        const char *text, *algorithm;
        clconv_status status;
        const char *message; /* a part of it */
    } rows[] = {
        {SEPARABLE, NULL, CLCONV_OK, NULL},
        {SEPARABLE, "auto", CLCONV_OK, NULL},
        {SEPARABLE, "direct", CLCONV_OK, NULL},
        {SEPARABLE, "direct,auto", CLCONV_OK, NULL},
        {SEPARABLE, "direct,direct,direct", CLCONV_INVALID_ARGUMENT, "2 stages"},
        {SEPARABLE, "direct,", CLCONV_INVALID_ARGUMENT, "no algorithm \"\""},
        {SEPARABLE, "", CLCONV_INVALID_ARGUMENT, "there are auto, direct"},
        {SEPARABLE, "direct,fastest", CLCONV_INVALID_ARGUMENT, "no algorithm \"fastest\""},
        {SEPARABLE, "reference", CLCONV_INVALID_ARGUMENT, "no algorithm \"reference\""},
        {"mb1ic4ih9iw9oc4kh3kw3", "depthwise", CLCONV_UNSUPPORTED, "[mb1ic4"},
    };
    clconv_context *context = test_context(NULL);
    if (clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE)
        cr_skip_test("no OpenCL device");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        clconv_error error = {0};
        const char *asked = rows[i].algorithm != NULL ? rows[i].algorithm : "NULL";
        cr_assert_eq(try_plan(context, rows[i].text, rows[i].algorithm, &error), rows[i].status,
                     "%s with %s: %s", rows[i].text, asked, error.message);
        if (rows[i].message != NULL)
            cr_assert_not_null(strstr(error.message, rows[i].message), "%s with %s: %s",
                               rows[i].text, asked, error.message);
    }
    clconv_context_destroy(context);
}

Test(plan, one_algorithm_per_stage)
{
    clconv_context *context = test_context(NULL);
    if (clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE)
        cr_skip_test("no OpenCL device");
    workload w = workload_make(SEPARABLE);
    clconv_plan *plan = workload_plan(&w, context, "depthwise,direct");
    cr_assert_str_eq(clconv_plan_algorithm(plan, 0), "depthwise");
    cr_assert_str_eq(clconv_plan_algorithm(plan, 1), "direct");
    cr_assert_null(clconv_plan_algorithm(plan, 2));

    char text[2048], cut[8];
    const size_t length = clconv_plan_describe(plan, text, sizeof(text));
    cr_assert_eq(length, strlen(text));
    const char *const parts[] = {clconv_context_device(context)->name, "depthwise", "direct",
                                 "g3mb2ic3"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); ++i)
        cr_assert_not_null(strstr(text, parts[i]), "no \"%s\" in: %s", parts[i], text);
    cr_assert_eq(clconv_plan_describe(plan, cut, sizeof(cut)), length);
    cr_assert_eq(strlen(cut), sizeof(cut) - 1);

    clconv_plan_destroy(plan);
    workload_free(&w);
    clconv_context_destroy(context);
}

Test(plan, the_table_of_algorithms)
{
    clconv_context *context = test_context(NULL);
    const int reference = clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE;
    const clconv_problem problem = clconv_problem_2d(2, 3, 8, 8, 3, 3);
    clconv_error error = {0};
    size_t count = 0;
    for (; clconv_algorithm_name(count) != NULL; ++count) {
        cr_assert_not_null(clconv_algorithm_text(count));
        for (size_t j = 0; j < count; ++j)
            cr_assert_str_neq(clconv_algorithm_name(j), clconv_algorithm_name(count));
    }
    cr_assert_geq(count, 1);
    cr_assert_null(clconv_algorithm_text(count));
    cr_assert_eq(clconv_algorithm_check(context, &problem, "direct", &error),
                 reference ? CLCONV_UNSUPPORTED : CLCONV_OK, "%s", error.message);
    cr_assert_eq(clconv_algorithm_check(context, &problem, "depthwise", &error),
                 CLCONV_UNSUPPORTED);
    cr_assert_eq(clconv_algorithm_check(context, &problem, "nothing", &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_eq(clconv_algorithm_check(context, NULL, "direct", &error), CLCONV_INVALID_ARGUMENT);
    clconv_problem wrong = problem;
    wrong.groups = 5;
    cr_assert_eq(clconv_algorithm_check(context, &wrong, "direct", &error), CLCONV_INVALID_PROBLEM);
    clconv_context_destroy(context);
}

Test(plan, at_most_two_intermediates_are_kept)
{
    clconv_context *context = test_context(NULL);
    if (clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE)
        cr_skip_test("no OpenCL device");
    static const struct {
        const char *text;
        size_t bytes;
    } rows[] = {
        {"mb1ic1ih8iw8oc1kh1kw1", 0},
        {"mb1ic1ih8iw8oc1kh1kw1 -> mb1ic1ih8iw8oc2kh1kw1", 256},
        {"mb1ic1ih8iw8oc1kh1kw1 -> mb1ic1ih8iw8oc2kh1kw1 -> mb1ic2ih8iw8oc1kh1kw1", 256 + 512},
        /* the first and third share an area of the larger one's size; 65 floats take 5 * 64 bytes
         */
        {"mb1ic1iw8oc1kw1 -> mb1ic1iw8oc1kw1 -> mb1ic1iw8oc8kw1 -> mb1ic8iw8oc1kw1", 256 + 64},
        {"mb1ic1iw65oc1kw1 -> mb1ic1iw65oc1kw1", 320},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        workload w = workload_make(rows[i].text);
        clconv_plan *plan = workload_plan(&w, context, "direct");
        cr_assert_eq(clconv_plan_workspace(plan), rows[i].bytes, "%s: %zu instead of %zu",
                     rows[i].text, clconv_plan_workspace(plan), rows[i].bytes);
        workload_execute(&w, plan, NULL, "direct");
        clconv_plan_destroy(plan);
        workload_free(&w);
    }
    cr_assert_eq(clconv_plan_workspace(NULL), 0);
    clconv_context_destroy(context);
}

Test(plan, what_is_too_large_for_the_device_is_refused)
{
    clconv_context *context = test_context(NULL);
    if (clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE)
        cr_skip_test("no OpenCL device");
    static const char *const texts[] = {
        "mb1000000ic64ih1000iw1000oc1kh1kw1",  /* src */
        "mb1ic1ih1000iw1000oc100000000kh1kw1", /* dst */
        "mb100000ic1ih100iw100oc10000kh1kw1 -> mb100000ic10000ih100iw100oc1kh100kw100",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i) {
        clconv_error error = {0};
        cr_assert_eq(try_plan(context, texts[i], "direct", &error), CLCONV_OUT_OF_DEVICE_MEMORY,
                     "%s: %s", texts[i], error.message);
        cr_assert_not_null(strstr(error.message, "bytes"), "%s", error.message);
        cr_assert_not_null(strstr(error.message, "[mb1"), "%s", error.message);
    }
    clconv_context_destroy(context);
}

Test(plan, invalid_requests_are_refused)
{
    clconv_context *context = test_context(NULL);
    clconv_problem problems[2] = {clconv_problem_2d(2, 3, 8, 8, 3, 3),
                                  clconv_problem_2d(4, 3, 6, 6, 3, 3)};
    clconv_error error = {0};
    clconv_plan *plan = (clconv_plan *)&error;
    cr_assert_eq(clconv_plan_create(NULL, problems, 1, NULL, &plan, &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_null(plan);
    cr_assert_eq(clconv_plan_create(context, NULL, 1, NULL, &plan, &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_eq(clconv_plan_create(context, problems, 1, NULL, NULL, &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_neq(clconv_plan_create(context, problems, 0, NULL, &plan, &error), CLCONV_OK);
    cr_assert_neq(clconv_plan_create(context, problems, CLCONV_MAX_STAGES + 1, NULL, &plan, &error),
                  CLCONV_OK);
    cr_assert_eq(clconv_plan_create(context, problems, 2, NULL, &plan, &error),
                 CLCONV_INVALID_PROBLEM, "3 channels do not go into 4");
    cr_assert_null(plan);
    problems[0].direction = CLCONV_BACKWARD_DATA;
    cr_assert_eq(clconv_plan_create(context, problems, 1, NULL, &plan, &error), CLCONV_UNSUPPORTED,
                 "%s", error.message);
    cr_assert_null(plan);
    clconv_plan_destroy(NULL);
    cr_assert_null(clconv_plan_algorithm(NULL, 0));
    clconv_context_destroy(context);
}

Test(plan, the_reference_runs_its_own_algorithm)
{
    clconv_context *context = test_context("reference");
    workload w = workload_make(SEPARABLE);
    clconv_error error = {0};
    clconv_plan *plan = workload_plan(&w, context, "reference");
    cr_assert_str_eq(clconv_plan_algorithm(plan, 1), "reference");
    cr_assert_null(clconv_plan_algorithm(plan, 2));
    cr_assert_eq(clconv_plan_workspace(plan), 0);
    cr_assert_eq(try_plan(context, SEPARABLE, "direct", &error), CLCONV_UNSUPPORTED);
    cr_assert_eq(try_plan(context, SEPARABLE, "nothing", &error), CLCONV_INVALID_ARGUMENT);
    clconv_plan_destroy(plan);
    workload_free(&w);
    clconv_context_destroy(context);
}
