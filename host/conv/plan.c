#include "conv/plan.h"

#include "conv/choose.h"
#include "conv/planning.h"
#include "conv/pool.h"
#include "core/text.h"
#include "reference/reference.h"

#include <stdlib.h>

/* Checks the sequence and fills the plan's own copy of it. */
static clconv_status take_problems(clconv_plan *plan, const clconv_problem *problems, size_t count,
                                   cc_shape *shapes, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(clconv_sequence_check(problems, count, error));
    plan->count = count;
    for (size_t i = 0; i < count; ++i) {
        plan->problems[i] = problems[i];
        TRY(clconv_problem_sizes(&problems[i], &plan->sizes[i], error));
        TRY(cc_shape_make(&problems[i], &shapes[i], error));
    }

cleanup:
    return status;
}

static clconv_status build_stages(clconv_plan *plan, const cc_shape *shapes, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_target *target = &plan->context->target;

    for (size_t i = 0, stages; i < plan->count; i += stages) {
        const cc_algorithm *algorithm = plan->choices[i].algorithm;
        stages = cc_algorithm_stages(algorithm);
        plan->stages[i] = (cc_stage){.algorithm = algorithm, .target = target, .shape = shapes[i]};
        if (stages > 1)
            plan->stages[i].second = shapes[i + 1];
        TRY(algorithm->build(&plan->stages[i], error));
    }
    TRY(cc_layout_make(plan->stages, plan->sizes, plan->count, target->device, &plan->layout,
                       error));

cleanup:
    return status;
}

static clconv_status choose_and_build(clconv_plan *plan, const cc_shape *shapes,
                                      const clconv_options *options, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (plan->choices[0].algorithm == NULL)
        TRY(cc_planning_choose(plan, shapes, options, error));
    TRY(build_stages(plan, shapes, error));

cleanup:
    return status;
}

static clconv_status check_options(const clconv_options *options, clconv_error *error)
{
    if (options != NULL && (unsigned)options->planning > CLCONV_MEASURE)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "planning %d is not a clconv_planning",
                       (int)options->planning);
    if (options != NULL && options->budget_ms < 0)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "a budget of %d ms", options->budget_ms);
    if (options != NULL && (unsigned)options->math > CLCONV_MATH_STRICT)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "math %d is not a clconv_math",
                       (int)options->math);
    return CLCONV_OK;
}

static clconv_status make(clconv_plan *plan, const clconv_problem *problems, size_t count,
                          const clconv_options *options, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_shape shapes[CLCONV_MAX_STAGES];

    TRY(check_options(options, error));
    TRY(take_problems(plan, problems, count, shapes, error));
    if (cc_context_is_reference(plan->context)) {
        TRY(cc_choose_reference(options != NULL ? options->algorithm : NULL, error));
        goto cleanup;
    }
    status = choose_and_build(plan, shapes, options, error);
    if (status != CLCONV_OK)
        return status == CLCONV_INVALID_ARGUMENT ? status
                                                 : cc_fail_in(error, status, problems, count);
    TRY(cc_pool_create(&plan->pool, error));

cleanup:
    return status;
}

/* algorithm: what the one problem runs; NULL to choose. */
static clconv_status create(clconv_context *context, const clconv_problem *problems, size_t count,
                            const clconv_options *options, const cc_algorithm *algorithm,
                            clconv_plan **plan, clconv_error *error)
{
    clconv_plan *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a plan");
    p->context = context;
    p->choices[0] = (cc_choice){.algorithm = algorithm, .reason = CC_ASKED_FOR};
    const clconv_status status = make(p, problems, count, options, error);
    if (status == CLCONV_OK)
        *plan = p;
    else
        clconv_plan_destroy(p);
    return status;
}

clconv_status clconv_plan_create(clconv_context *context, const clconv_problem *problems,
                                 size_t count, const clconv_options *options, clconv_plan **plan,
                                 clconv_error *error)
{
    if (plan != NULL)
        *plan = NULL;
    if (context == NULL || problems == NULL || plan == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_plan_create: null pointer");
    return create(context, problems, count, options, NULL, plan, error);
}

clconv_status cc_plan_make(clconv_context *context, const clconv_problem *problem,
                           const cc_algorithm *algorithm, clconv_plan **plan, clconv_error *error)
{
    *plan = NULL;
    return create(context, problem, 1, NULL, algorithm, plan, error);
}

void clconv_plan_destroy(clconv_plan *plan)
{
    if (plan == NULL)
        return;
    cc_pool_destroy(plan->pool);
    for (size_t i = 0; i < CLCONV_MAX_STAGES; ++i)
        if (plan->stages[i].algorithm != NULL)
            plan->stages[i].algorithm->destroy(&plan->stages[i]);
    free(plan);
}

const char *clconv_plan_algorithm(const clconv_plan *plan, size_t stage)
{
    if (plan == NULL || stage >= plan->count)
        return NULL;
    return cc_context_is_reference(plan->context) ? "reference"
                                                  : plan->choices[stage].algorithm->name;
}

clconv_status clconv_plan_reference(const clconv_plan *plan, const float *src,
                                    const clconv_stage_tensors *stages, double *dst, double *bound,
                                    clconv_error *error)
{
    int tiles[CLCONV_MAX_STAGES] = {0};
    if (plan == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_plan_reference: null pointer");
    for (size_t i = 0; i < plan->count; ++i)
        if (plan->stages[i].algorithm != NULL)
            tiles[i] = plan->stages[i].algorithm->tile;
    return cc_reference(plan->problems, plan->count, tiles, src, stages, dst, bound, error);
}

size_t clconv_plan_workspace(const clconv_plan *plan)
{
    return plan != NULL ? plan->layout.bytes : 0;
}

/* Why a stage runs its algorithm. */
static void put_reason(cc_text *out, const cc_choice *choice)
{
    static const char *const reasons[] = {
        [CC_ESTIMATED] = "estimated", [CC_MEASURED] = "measured", [CC_ASKED_FOR] = "asked for"};
    cc_text_put(out, " (%s", reasons[choice->reason]);
    if (choice->reason == CC_MEASURED)
        cc_text_put(out, ", %.3f ms", choice->ns / 1e6);
    cc_text_put(out, ")");
}

size_t clconv_plan_describe(const clconv_plan *plan, char *text, size_t size)
{
    cc_text out = cc_text_make(text, size);
    if (plan == NULL)
        return 0;
    cc_text_put(&out, "device %s, workspace %zu bytes\n", plan->context->device.name,
                plan->layout.bytes);
    for (size_t i = 0; i < plan->count; ++i) {
        char problem[512];
        clconv_problem_format(&plan->problems[i], problem, sizeof(problem));
        cc_text_put(&out, "%s: %s", problem, clconv_plan_algorithm(plan, i));
        if (!cc_context_is_reference(plan->context))
            put_reason(&out, &plan->choices[i]);
        cc_text_put(&out, ", packed weights %zu bytes, scratch %zu bytes\n",
                    plan->stages[i].packed_bytes, plan->stages[i].workspace_bytes);
    }
    return out.length;
}

clconv_status cc_plan_check_stages(const clconv_plan *plan, const clconv_stage_tensors *stages,
                                   clconv_error *error)
{
    for (size_t i = 0; i < plan->count; ++i) {
        const char *wrong = NULL;
        if (stages[i].weights == NULL)
            wrong = "has no weights";
        else if (plan->problems[i].epilogue.bias && stages[i].bias == NULL)
            wrong = "has no bias, which its problem asks for";
        else if (!plan->problems[i].epilogue.bias && stages[i].bias != NULL)
            wrong = "has a bias, which its problem does not use";
        if (wrong != NULL)
            return cc_fail(error, CLCONV_INVALID_ARGUMENT, "stage %zu %s", i, wrong);
    }
    return CLCONV_OK;
}
