/* A problem string with everything needed to run it: random tensors, the reference's answer, and
 * an output with guard bands. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "clconv.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORKLOAD_GUARD = 64 }; /* floats before and after dst */

typedef struct workload {
    const char *text;
    clconv_problem problems[CLCONV_MAX_STAGES];
    clconv_sizes sizes[CLCONV_MAX_STAGES];
    size_t count;
    size_t src_elements, dst_elements;
    float *src;
    float *guarded; /* guard, dst, guard */
    float *dst;
    float *weights[CLCONV_MAX_STAGES], *bias[CLCONV_MAX_STAGES]; /* what stages points to */
    clconv_stage_tensors stages[CLCONV_MAX_STAGES];
    double *reference, *bound;
} workload;

/* Uniform in [-1, 1], from a generator of its own: every run draws the same numbers. */
static inline float *workload_random(size_t count, uint32_t *state)
{
    float *values = malloc((count + 1) * sizeof(*values));
    for (size_t i = 0; i < count; ++i) {
        *state = *state * 1664525u + 1013904223u;
        values[i] = (float)(*state >> 8) / 8388608.0f - 1.0f;
    }
    return values;
}

/* NaN everywhere, so that what is not written or written outside shows. */
static inline void workload_clear(workload *w)
{
    for (size_t i = 0; i < w->dst_elements + 2 * WORKLOAD_GUARD; ++i)
        w->guarded[i] = NAN;
}

static inline workload workload_make(const char *text)
{
    workload w = {.text = text};
    clconv_error error = {0};
    uint32_t state = 1;
    cr_assert_eq(clconv_sequence_parse(text, w.problems, CLCONV_MAX_STAGES, &w.count, &error),
                 CLCONV_OK, "%s: %s", text, error.message);
    for (size_t i = 0; i < w.count; ++i) {
        cr_assert_eq(clconv_problem_sizes(&w.problems[i], &w.sizes[i], &error), CLCONV_OK, "%s: %s",
                     text, error.message);
        w.weights[i] = workload_random((size_t)w.sizes[i].weights, &state);
        if (w.sizes[i].bias > 0)
            w.bias[i] = workload_random((size_t)w.sizes[i].bias, &state);
        w.stages[i] = (clconv_stage_tensors){w.weights[i], w.bias[i]};
    }
    w.src_elements = (size_t)w.sizes[0].src;
    w.dst_elements = (size_t)w.sizes[w.count - 1].dst;
    w.src = workload_random(w.src_elements, &state);
    w.guarded = malloc((w.dst_elements + 2 * WORKLOAD_GUARD) * sizeof(float));
    w.dst = w.guarded + WORKLOAD_GUARD;
    w.reference = malloc(w.dst_elements * sizeof(double));
    w.bound = malloc(w.dst_elements * sizeof(double));
    cr_assert_eq(
        clconv_reference(w.problems, w.count, w.src, w.stages, w.reference, w.bound, &error),
        CLCONV_OK, "%s: %s", text, error.message);
    workload_clear(&w);
    return w;
}

static inline void workload_free(workload *w)
{
    for (size_t i = 0; i < w->count; ++i) {
        free(w->weights[i]);
        free(w->bias[i]);
    }
    free(w->src);
    free(w->guarded);
    free(w->reference);
    free(w->bound);
}

/* dst is the reference within its bound, and nothing was written around it. */
static inline void workload_check(const workload *w, const char *how)
{
    clconv_comparison c;
    clconv_compare(w->dst, w->reference, w->bound, w->dst_elements, &c);
    cr_assert_eq(c.wrong, 0, "%s (%s): %zu elements wrong, the worst [%zu] is %g instead of %g",
                 w->text, how, c.wrong, c.worst, (double)w->dst[c.worst], w->reference[c.worst]);
    for (size_t i = 0; i < WORKLOAD_GUARD; ++i) {
        cr_assert(isnan(w->guarded[i]), "%s (%s): written before dst", w->text, how);
        cr_assert(isnan(w->dst[w->dst_elements + i]), "%s (%s): written past dst", w->text, how);
    }
}

/* A plan, whose bounds w then has. */
static inline clconv_plan *workload_plan(workload *w, clconv_context *context,
                                         const char *algorithm)
{
    clconv_plan *plan = NULL;
    clconv_error error = {0};
    const clconv_options options = {.algorithm = algorithm};
    cr_assert_eq(clconv_plan_create(context, w->problems, w->count, &options, &plan, &error),
                 CLCONV_OK, "%s: %s", w->text, error.message);
    cr_assert_eq(clconv_plan_reference(plan, w->src, w->stages, w->reference, w->bound, &error),
                 CLCONV_OK, "%s: %s", w->text, error.message);
    return plan;
}

/* Runs the plan on host memory and checks the result. */
static inline void workload_execute(workload *w, clconv_plan *plan, const clconv_weights *packed,
                                    const char *how)
{
    clconv_error error = {0};
    const clconv_tensors tensors = {.src = w->src,
                                    .dst = w->dst,
                                    .stages = packed != NULL ? NULL : w->stages,
                                    .packed = packed};
    workload_clear(w);
    cr_assert_eq(clconv_execute(plan, &tensors, NULL, &error), CLCONV_OK, "%s (%s): %s", w->text,
                 how, error.message);
    workload_check(w, how);
}

static inline clconv_context *test_context(const char *device)
{
    clconv_context *context = NULL;
    clconv_error error = {0};
    cr_assert_eq(clconv_context_create(device, &context, &error), CLCONV_OK, "device %s: %s",
                 device != NULL ? device : "NULL", error.message);
    return context;
}

/* The default device, said to have vectors of 8 floats if it has 16 and the other way round: any
 * CPU runs the forms of kernels that are made for another. */
static inline clconv_context *test_context_other_vectors(void)
{
    clconv_context *context = test_context(NULL);
    clconv_device *device; /* the context's own, which is not const */
    const clconv_device *const described = clconv_context_device(context);
    memcpy(&device, &described, sizeof(device));
    device->vector_floats = device->vector_floats < 16 ? 16 : 8;
    return context;
}

#endif
