#include "conv/planning.h"

#include "conv/choose.h"
#include "conv/trial.h"
#include "core/platform.h"
#include "core/store.h"

#include <math.h>
#include <stdlib.h>

static const char database[] = "tuning.txt";

/* Estimates are not that wrong; and some candidates compile for seconds. */
static const double hopeless_estimate = 10.0;

enum { DEFAULT_BUDGET_MS = 1000 };

/* ---- The database ---- */

typedef struct tuning {
    cc_store store;
    char key[CC_TUNING_KEY]; /* "": nothing is kept */
} tuning;

static tuning open_database(const clconv_plan *plan, size_t stage, clconv_math math)
{
    tuning t = {.key = ""};
    char problem[512];
    const clconv_device *device = &plan->context->device;
    const size_t length = clconv_problem_format(&plan->problems[stage], problem, sizeof(problem));
    const char *const columns[CC_TUNING_COLUMNS] = {clconv_version(),
                                                    device->platform,
                                                    device->name,
                                                    device->driver,
                                                    math == CLCONV_MATH_STRICT ? "strict"
                                                                               : "default",
                                                    problem};
    cc_store_open(&t.store);
    if (length >= sizeof(problem) || !cc_tuning_key(columns, t.key))
        t.key[0] = '\0';
    return t;
}

static void read_database(const tuning *t, cc_candidates *candidates)
{
    size_t bytes = 0;
    char *text = t->key[0] != '\0' ? cc_store_read(&t->store, database, &bytes) : NULL;
    for (size_t i = 0; text != NULL && i < candidates->count; ++i)
        candidates->result[i] = cc_tuning_find(text, bytes, t->key, candidates->algorithm[i]->name);
    free(text);
}

static void keep(const cc_candidates *candidates, size_t i, void *data)
{
    const tuning *t = data;
    char line[CC_TUNING_LINE];
    if (t->key[0] == '\0')
        return;
    cc_tuning_format(t->key, candidates->algorithm[i]->name, &candidates->result[i], line);
    cc_store_append(&t->store, database, line);
}

/* ---- Candidates ---- */

static cc_candidates list_candidates(const clconv_device *device, clconv_math math,
                                     const cc_shape *shape)
{
    cc_candidates c = {0};
    double ns[CC_CANDIDATES];
    for (size_t i = 0; cc_algorithms[i] != NULL && c.count < CC_CANDIDATES; ++i) {
        const cc_algorithm *algorithm = cc_algorithms[i];
        if (cc_algorithm_check(algorithm, device, math, shape, 1, NULL) != CLCONV_OK)
            continue;
        const double estimate = algorithm->estimate(device, shape);
        size_t at = c.count++;
        for (; at > 0 && estimate < ns[at - 1]; --at) {
            ns[at] = ns[at - 1];
            c.algorithm[at] = c.algorithm[at - 1];
        }
        ns[at] = estimate;
        c.algorithm[at] = algorithm;
    }
    while (c.count > 1 && ns[c.count - 1] > hopeless_estimate * ns[0])
        --c.count;
    return c;
}

size_t cc_planning_best(const cc_candidates *candidates)
{
    size_t best = candidates->count, untried = candidates->count;
    for (size_t i = 0; i < candidates->count; ++i) {
        const cc_tuning_result *result = &candidates->result[i];
        if (result->verdict == CC_RIGHT &&
            (best == candidates->count || result->ns < candidates->result[best].ns))
            best = i;
        if (result->verdict == CC_UNKNOWN && untried == candidates->count)
            untried = i;
    }
    return best < candidates->count ? best : untried;
}

clconv_status cc_planning_measure(clconv_context *context, const clconv_problem *problem,
                                  cc_candidates *candidates, uint64_t deadline_ns,
                                  void (*known)(const cc_candidates *, size_t, void *), void *data,
                                  clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_trial *trial = NULL;
    for (size_t i = 0; i < candidates->count; ++i) {
        const size_t best = cc_planning_best(candidates);
        const int have_one =
            best < candidates->count && candidates->result[best].verdict == CC_RIGHT;
        if (candidates->result[i].verdict != CC_UNKNOWN)
            continue;
        if (have_one && cc_clock_ns() >= deadline_ns)
            break;
        if (trial == NULL)
            TRY(cc_trial_create(context, problem, &trial, error));
        TRY(cc_trial_run(trial, candidates->algorithm[i],
                         have_one ? 2.0 * candidates->result[best].ns : HUGE_VAL,
                         &candidates->result[i], error));
        known(candidates, i, data);
    }

cleanup:
    cc_trial_destroy(trial);
    return status;
}

/* ---- Plans ---- */

static clconv_status choose_stage(clconv_plan *plan, size_t stage, const cc_shape *shape,
                                  const clconv_options *options, uint64_t deadline_ns,
                                  clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_candidates candidates = list_candidates(&plan->context->device, options->math, shape);
    tuning t = open_database(plan, stage, options->math);
    read_database(&t, &candidates);
    if (options->planning == CLCONV_MEASURE)
        TRY(cc_planning_measure(plan->context, &plan->problems[stage], &candidates, deadline_ns,
                                keep, &t, error));
    const size_t best = cc_planning_best(&candidates);
    if (best == candidates.count) {
        status = cc_fail(error, CLCONV_DEVICE_FAILED,
                         "every algorithm was found to be wrong or to fail on %s",
                         plan->context->device.name);
        goto cleanup;
    }
    plan->choices[stage] = (cc_choice){
        .algorithm = candidates.algorithm[best],
        .reason = candidates.result[best].verdict == CC_RIGHT ? CC_MEASURED : CC_ESTIMATED,
        .ns = candidates.result[best].ns,
    };

cleanup:
    return status;
}

clconv_status cc_planning_choose(clconv_plan *plan, const cc_shape *shapes,
                                 const clconv_options *options, clconv_error *error)
{
    static const clconv_options none = {0};
    clconv_status status = CLCONV_OK;
    const cc_target *target = &plan->context->target;
    if (options == NULL)
        options = &none;
    const int budget_ms = options->budget_ms > 0 ? options->budget_ms : DEFAULT_BUDGET_MS;
    const uint64_t deadline_ns = cc_clock_ns() + (uint64_t)budget_ms * 1000000;

    TRY(cc_choose(target->device, options, plan->problems, shapes, plan->count, plan->choices,
                  error));
    for (size_t i = 0; i < plan->count && options->planning != CLCONV_ESTIMATE; ++i)
        if (plan->choices[i].reason == CC_ESTIMATED &&
            cc_algorithm_stages(plan->choices[i].algorithm) == 1)
            TRY(choose_stage(plan, i, &shapes[i], options, deadline_ns, error));

cleanup:
    return status;
}
