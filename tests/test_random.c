/* Random problems of every variant on every algorithm that takes them, one test a variant; and how
 * many programs they compile. CLCONV_SEED draws others. */
#include "judge.h"
#include "random_problem.h"
#include "workload.h"

#include <criterion/parameterized.h>
#include <inttypes.h>
#include <stdio.h>

/* 82 to 87 programs, as the seed draws, with all algorithms in turn. Winograd's two sizes of tiles
 * are a program each, and so are the three steps of the inputs of panels and the three kinds of
 * bands, which would be a tenth and a third more to compile in one program; EPILOGUE and padding
 * are none. */
enum { ROUNDS = 200, PLANNED = 1000, MOST_PROGRAMS = 92 };

static case_random random_of(random_variant variant)
{
    return (case_random){(judge_seed(1) + 1) * 0x9e3779b97f4a7c15u + (uint64_t)variant + 1};
}

ParameterizedTestParameters(random, agrees_with_the_reference)
{
    static random_variant variants[RANDOM_COUNT];
    for (size_t i = 0; i < RANDOM_COUNT; ++i)
        variants[i] = (random_variant)i;
    return cr_make_param_array(random_variant, variants, RANDOM_COUNT);
}

ParameterizedTest(random_variant *variant, random, agrees_with_the_reference)
{
    const uint64_t seed = judge_seed(1);
    clconv_context *const contexts[] = {test_context(NULL), test_context_other_vectors()};
    case_random random = random_of(*variant);
    judge_tally tally = {0};
    for (size_t round = 0; round < ROUNDS; ++round) {
        clconv_problem problems[RANDOM_STAGES];
        const size_t count = random_sequence(&random, *variant, problems);
        clconv_context *const context = contexts[round / 2 % 2];
        const size_t choices = judge_choices(context, problems, count);
        for (size_t i = 0; i < choices; ++i)
            judge_run_choice(context, problems, count, i, seed + round, round % 2 == 0, &tally);
    }
    judge_print(random_variant_name(*variant), &tally);
    cr_expect_geq(tally.cases, (size_t)ROUNDS);
    cr_expect_geq(tally.exact, (size_t)ROUNDS / 5, "too few are exact");
    cr_expect_eq(tally.failed, 0, "CLCONV_SEED=%" PRIu64 ": %zu of %zu are wrong", seed,
                 tally.failed, tally.cases);
    clconv_context_destroy(contexts[0]);
    clconv_context_destroy(contexts[1]);
}

static void expect_plan(clconv_context *context, const clconv_problem *problems, size_t count,
                        const char *algorithm)
{
    const clconv_options options = {.algorithm = algorithm};
    clconv_plan *plan = NULL;
    clconv_error error = {0};
    cr_expect_eq(clconv_plan_create(context, problems, count, &options, &plan, &error), CLCONV_OK,
                 "%s: %s", algorithm, error.message);
    clconv_plan_destroy(plan);
}

/* Compiling is what users wait for: sizes are arguments of a kernel, not part of its program. */
Test(random, a_thousand_problems_compile_few_programs)
{
    clconv_context *context = test_context(NULL);
    case_random random = random_of(RANDOM_COUNT);
    clconv_statistics statistics;
    size_t forced = 0;
    for (size_t i = 0; i < PLANNED; ++i) {
        clconv_problem problems[RANDOM_STAGES];
        const size_t count = random_sequence(&random, (random_variant)(i % RANDOM_COUNT), problems);
        expect_plan(context, problems, count, "auto");
        const char *name;
        for (size_t a = 0; count == 1 && (name = clconv_algorithm_name(a)) != NULL; ++a) {
            if (clconv_algorithm_check(context, problems, name, NULL) != CLCONV_OK)
                continue;
            expect_plan(context, problems, count, name);
            ++forced;
        }
    }
    clconv_context_statistics(context, &statistics);
    fprintf(stderr, "%d problems, %zu more plans with a named algorithm: %zu programs, %.1f s\n",
            PLANNED, forced, statistics.programs, (double)statistics.compile_ns * 1e-9);
    cr_expect_geq(statistics.programs, 1);
    cr_expect_leq(statistics.programs, (size_t)MOST_PROGRAMS, "CLCONV_SEED=%" PRIu64 ": %zu",
                  judge_seed(1), statistics.programs);
    clconv_context_destroy(context);
}
