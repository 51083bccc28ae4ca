#include "conv/trial.h"

#include "conv/pool.h"
#include "core/platform.h"
#include "reference/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double reference_multiplications = 5e7; /* of all planes that are compared */
static const double sample_ns = 1e6; /* of launches between two looks at the clock */
static const double trial_ns = 20e6; /* of timing one algorithm */

enum { PLANES_MOST = 64, SAMPLES_LEAST = 3, LAUNCHES_MOST = 1000 };

typedef struct output_plane {
    int64_t n, k;
    double *values, *bound;
} output_plane;

struct cc_trial {
    clconv_context *context;
    clconv_problem problem;
    clconv_sizes sizes;
    float *src, *weights, *bias, *dst;
    size_t plane_elements; /* O*P*Q */
    size_t plane_count;
    output_plane planes[PLANES_MOST];
};

/* ---- Data and reference ---- */

/* Uniform in [-1, 1). */
static float *random_values(int64_t count, uint32_t *state)
{
    float *values = malloc(((size_t)count + 1) * sizeof(*values));
    for (int64_t i = 0; values != NULL && i < count; ++i) {
        *state = *state * 1664525u + 1013904223u;
        values[i] = (float)(*state >> 8) / 8388608.0f - 1.0f;
    }
    return values;
}

/* The problem that computes one plane alone. */
static clconv_problem plane_problem(const clconv_problem *problem)
{
    clconv_problem one = *problem;
    one.batch = 1;
    one.in_channels = problem->in_channels / problem->groups;
    one.out_channels = 1;
    one.groups = 1;
    return one;
}

/* The weights of output channel k: adjacent, but for a transposed convolution. */
static void take_weights(const cc_trial *trial, int64_t k, float *weights)
{
    const clconv_problem *p = &trial->problem;
    const int64_t channels = p->in_channels / p->groups, outputs = p->out_channels / p->groups;
    const int64_t taps = trial->sizes.weights / (channels * p->out_channels);
    const int64_t group = k / outputs;
    for (int64_t c = 0; c < channels; ++c) {
        const int64_t row =
            p->transposed ? (group * channels + c) * outputs + k % outputs : k * channels + c;
        memcpy(weights + c * taps, trial->weights + row * taps, (size_t)taps * sizeof(float));
    }
}

/* The bound is that of an algorithm with such tiles (cc_reference). */
static clconv_status compute_plane(const cc_trial *trial, int tile, output_plane *plane,
                                   clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const clconv_problem *p = &trial->problem;
    const clconv_problem one = plane_problem(p);
    const int64_t image = trial->sizes.src / p->batch, per_group = image / p->groups;
    const int64_t group = plane->k / (p->out_channels / p->groups);
    const float *src = trial->src + plane->n * image + group * per_group;
    float *weights = malloc((size_t)(trial->sizes.weights / p->out_channels) * sizeof(*weights));
    plane->values = malloc(trial->plane_elements * sizeof(double));
    plane->bound = malloc(trial->plane_elements * sizeof(double));
    if (weights == NULL || plane->values == NULL || plane->bound == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for the reference");
        goto cleanup;
    }
    take_weights(trial, plane->k, weights);
    const clconv_stage_tensors stage = {weights,
                                        trial->bias != NULL ? trial->bias + plane->k : NULL};
    TRY(cc_reference(&one, 1, &tile, src, &stage, plane->values, plane->bound, error));

cleanup:
    free(weights);
    return status;
}

/* Chooses the planes and computes them: evenly spread, with the first and the last. */
static clconv_status compute_planes(cc_trial *trial, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const clconv_problem *p = &trial->problem;
    const clconv_problem one = plane_problem(p);
    clconv_cost cost;
    TRY(clconv_sequence_cost(&one, 1, &cost, error));
    const int64_t all = p->batch * p->out_channels;
    const double affordable = reference_multiplications / (double)(cost.multiplications + 1);
    int64_t count = affordable < PLANES_MOST ? (int64_t)affordable : PLANES_MOST;
    count = count < 2 ? 2 : count;
    count = count < all ? count : all;
    trial->plane_elements = (size_t)(trial->sizes.dst / all);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t index = count > 1 ? i * (all - 1) / (count - 1) : 0;
        output_plane *plane = &trial->planes[trial->plane_count++];
        plane->n = index / p->out_channels;
        plane->k = index % p->out_channels;
        TRY(compute_plane(trial, 0, plane, error));
    }

cleanup:
    return status;
}

clconv_status cc_trial_create(clconv_context *context, const clconv_problem *problem,
                              cc_trial **trial, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    uint32_t state = 1;
    *trial = NULL;
    cc_trial *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory to try algorithms");
    t->context = context;
    t->problem = *problem;
    TRY(clconv_problem_sizes(problem, &t->sizes, error));
    t->src = random_values(t->sizes.src, &state);
    t->weights = random_values(t->sizes.weights, &state);
    t->bias = t->sizes.bias > 0 ? random_values(t->sizes.bias, &state) : NULL;
    t->dst = malloc((size_t)t->sizes.dst * sizeof(float));
    if (t->src == NULL || t->weights == NULL || t->dst == NULL ||
        (t->bias == NULL && t->sizes.bias > 0)) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory to try algorithms");
        goto cleanup;
    }
    TRY(compute_planes(t, error));
    *trial = t;
    t = NULL;

cleanup:
    cc_trial_destroy(t);
    return status;
}

void cc_trial_destroy(cc_trial *trial)
{
    if (trial == NULL)
        return;
    for (size_t i = 0; i < trial->plane_count; ++i) {
        free(trial->planes[i].values);
        free(trial->planes[i].bound);
    }
    free(trial->src);
    free(trial->weights);
    free(trial->bias);
    free(trial->dst);
    free(trial);
}

/* ---- One algorithm ---- */

static int plane_is_right(const cc_trial *trial, const output_plane *plane)
{
    const size_t index = (size_t)(plane->n * trial->problem.out_channels + plane->k);
    clconv_comparison found;
    clconv_compare(trial->dst + index * trial->plane_elements, plane->values, plane->bound,
                   trial->plane_elements, &found);
    return found.wrong == 0;
}

/* Whether every plane of dst is right, and no element anywhere was left as it was. */
static clconv_status judge(const cc_trial *trial, int tile, int *right, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    *right = 1;
    for (size_t i = 0; i < trial->plane_count && *right; ++i) {
        const output_plane *plane = &trial->planes[i];
        output_plane own = {.n = plane->n, .k = plane->k};
        if (tile != 0)
            status = compute_plane(trial, tile, &own, error);
        if (status == CLCONV_OK)
            *right = plane_is_right(trial, tile != 0 ? &own : plane);
        free(own.values);
        free(own.bound);
        TRY(status);
    }
    for (int64_t i = 0; i < trial->sizes.dst && *right; ++i)
        *right = !isnan(trial->dst[i]);

cleanup:
    return status;
}

/* The time of `launches` executions on buffers that are there already. */
static clconv_status time_launches(clconv_plan *plan, const cc_buffer_set *set,
                                   const clconv_weights *weights, int launches, double *ns,
                                   clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const clconv_buffers buffers = {.src = {set->src, 0},
                                    .dst = {set->dst, 0},
                                    .packed = weights,
                                    .workspace = {set->workspace, 0}};
    const uint64_t start_ns = cc_clock_ns();
    for (int i = 0; i < launches; ++i)
        TRY(clconv_enqueue(plan, set->queue, &buffers, 0, NULL, NULL, error));
    CL_TRY(clFinish(set->queue));
    *ns = (double)(cc_clock_ns() - start_ns) / launches;

cleanup:
    return status;
}

/* The best of several samples: what else the machine does only makes them longer. A busy machine
   can make one short launch as long as it likes, so one alone does not make it hopeless. */
static clconv_status measure(clconv_plan *plan, const cc_buffer_set *set,
                             const clconv_weights *weights, double hopeless_ns, double *best_ns,
                             clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const uint64_t start_ns = cc_clock_ns();
    TRY(time_launches(plan, set, weights, 1, best_ns, error));
    for (int i = 0; i < SAMPLES_LEAST || (double)(cc_clock_ns() - start_ns) < trial_ns; ++i) {
        double ns = 0.0;
        if (*best_ns > hopeless_ns && (i >= SAMPLES_LEAST || (i > 0 && *best_ns > trial_ns)))
            break;
        const double wanted = sample_ns / (*best_ns + 1.0);
        const int launches = wanted > LAUNCHES_MOST ? LAUNCHES_MOST : (int)wanted + 1;
        TRY(time_launches(plan, set, weights, launches, &ns, error));
        *best_ns = ns < *best_ns ? ns : *best_ns;
    }

cleanup:
    return status;
}

static clconv_status run(cc_trial *trial, const cc_algorithm *algorithm, double hopeless_ns,
                         cc_tuning_result *result, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    clconv_plan *plan = NULL;
    clconv_weights *weights = NULL;
    cc_buffer_set *set = NULL;
    int right = 0;
    const clconv_stage_tensors stage = {trial->weights, trial->bias};

    TRY(cc_plan_make(trial->context, &trial->problem, algorithm, &plan, error));
    TRY(clconv_weights_pack(plan, &stage, &weights, error));
    for (int64_t i = 0; i < trial->sizes.dst; ++i)
        trial->dst[i] = NAN;
    const clconv_tensors tensors = {.src = trial->src, .dst = trial->dst, .packed = weights};
    TRY(clconv_execute(plan, &tensors, NULL, error));
    TRY(judge(trial, algorithm->tile, &right, error));
    result->verdict = right ? CC_RIGHT : CC_WRONG;
    if (result->verdict == CC_RIGHT) {
        TRY(cc_pool_take(plan->pool, &plan->context->target, &set, error));
        TRY(measure(plan, set, weights, hopeless_ns, &result->ns, error));
    }

cleanup:
    if (set != NULL && status == CLCONV_OK)
        cc_pool_give(plan->pool, set);
    else
        cc_buffer_set_destroy(set);
    clconv_weights_destroy(weights);
    clconv_plan_destroy(plan);
    return status;
}

clconv_status cc_trial_run(cc_trial *trial, const cc_algorithm *algorithm, double hopeless_ns,
                           cc_tuning_result *result, clconv_error *error)
{
    *result = (cc_tuning_result){CC_UNKNOWN, 0.0};
    const clconv_status status = run(trial, algorithm, hopeless_ns, result, error);
    if (status == CLCONV_OK || status == CLCONV_OUT_OF_HOST_MEMORY)
        return status;
    *result = (cc_tuning_result){CC_FAILED, 0.0};
    return CLCONV_OK;
}
