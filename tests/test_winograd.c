/* Winograd's algorithm, both tile sizes: shapes that its packs of tiles divide badly, strict math,
 * and what its error bound can tell. */
#include "judge.h"
#include "workload.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"winograd", "winograd2"};

/* Runs of one tile and of many, images that share a pack, phases of dilation, planes in padding. */
static const char *const problems[] = {
    "mb1ic1ih1iw1oc1kh3kw3ph1pw1",
    "mb1ic3ih3iw3oc4kh3kw3",
    "mb5ic9ih7iw7oc33kh3kw3ph1pw1+bias+leaky_relu:0.1",
    "mb3ic17ih29iw31oc23kh3kw3ph1pw1+bias+relu",
    "mb1ic3ih70iw200oc4kh3kw3+bias+relu6",
    "mb1ic20ih14iw14oc40kh3kw3ph1pw1+bias+silu",
    "mb2ic6ih12iw40oc7kh3kw3ph2eh-1pw0ew2",
    "mb1ic4ih9iw40oc6kh3kw3ph2pw2+reflect",
    "mb1ic4ih9iw40oc6oh6ow35kh3kw3ph2pw2+replicate+sigmoid",
    "mb2ic4ih9iw9oc6kh3kw3ph2pw2+circular+tanh",
    "mb2ic16ih65iw65oc24kh3kw3ph4pw4dh3dw3",
    "mb1ic6ih33iw20oc8kh3kw3ph12pw1dh11dw0",
    "mb1ic4ih16iw16oc5kh3kw3ph36pw36dh35dw35+bias",
    "mb1ic7id15ih10iw20oc9kd3kh3kw3pd1ph1pw1",
    "mb2ic7id15ih10iw20oc9kd5kh3kw3sd2pd6ph1pw1dd1dh0dw0",
    "mb1ic7id9ih10iw20oc9kd2kh3kw3pd1ph1pw1+reflect",
    "g4mb2ic16ih10iw11oc24kh3kw3ph1pw1+bias",
    "g16mb2ic16ih10iw100oc16kh3kw3ph1pw1+bias",
};

Test(winograd, is_within_its_bound)
{
    clconv_context *context = test_context(NULL);
    for (size_t a = 0; a < sizeof names / sizeof names[0]; ++a) {
        judge_tally tally = {0};
        for (size_t i = 0; i < sizeof problems / sizeof problems[0]; ++i) {
            clconv_problem problem;
            cr_assert_eq(clconv_problem_parse(problems[i], &problem, NULL), CLCONV_OK, "%s",
                         problems[i]);
            judge_run(context, &problem, 1, names[a], 1, 1, &tally);
        }
        judge_print(names[a], &tally);
        cr_expect_eq(tally.failed, 0);
    }
    clconv_context_destroy(context);
}

/* A wider bound must still find an error of the size of one product. */
Test(winograd, bound_finds_a_missing_tap)
{
    clconv_context *context = test_context(NULL);
    for (size_t a = 0; a < sizeof names / sizeof names[0]; ++a) {
        workload w = workload_make("mb1ic64ih12iw12oc4kh3kw3ph1pw1");
        clconv_plan *plan = workload_plan(&w, context, names[a]);
        double *whole = w.reference;
        w.reference = malloc(w.dst_elements * sizeof(double));
        w.weights[0][3 * 9 + 4] = 0.0f; /* of k 0 and c 3 */
        cr_assert_eq(clconv_plan_reference(plan, w.src, w.stages, w.reference, NULL, NULL),
                     CLCONV_OK);
        size_t found = 0;
        for (size_t i = 0; i < 12 * 12; ++i)
            found += fabs(whole[i] - w.reference[i]) > w.bound[i];
        cr_expect_gt(found, 12u * 12u * 9u / 10u, "%s: %zu of 144", names[a], found);
        free(whole);
        clconv_plan_destroy(plan);
        workload_free(&w);
    }
    clconv_context_destroy(context);
}

Test(winograd, is_not_strict)
{
    clconv_context *context = test_context(NULL);
    clconv_problem problem;
    cr_assert_eq(clconv_problem_parse("mb1ic64ih56iw56oc64kh3kw3ph1pw1", &problem, NULL),
                 CLCONV_OK);
    for (size_t a = 0; a < sizeof names / sizeof names[0]; ++a) {
        const clconv_options options = {.algorithm = names[a], .math = CLCONV_MATH_STRICT};
        clconv_plan *plan = NULL;
        clconv_error error = {0};
        cr_expect_eq(clconv_algorithm_math(names[a]), CLCONV_MATH_DEFAULT);
        cr_expect_eq(clconv_plan_create(context, &problem, 1, &options, &plan, &error),
                     CLCONV_UNSUPPORTED);
        cr_expect(strstr(error.message, "strict") != NULL, "%s", error.message);
    }
    for (int math = CLCONV_MATH_DEFAULT; math <= CLCONV_MATH_STRICT; ++math) {
        const clconv_options options = {.math = (clconv_math)math};
        clconv_plan *plan = NULL;
        cr_assert_eq(clconv_plan_create(context, &problem, 1, &options, &plan, NULL), CLCONV_OK);
        cr_expect_eq(clconv_algorithm_math(clconv_plan_algorithm(plan, 0)), (clconv_math)math, "%s",
                     clconv_plan_algorithm(plan, 0));
        clconv_plan_destroy(plan);
    }
    const clconv_options unknown = {.math = (clconv_math)7};
    clconv_plan *plan = NULL;
    cr_expect_eq(clconv_plan_create(context, &problem, 1, &unknown, &plan, NULL),
                 CLCONV_INVALID_ARGUMENT);
    clconv_context_destroy(context);
}
