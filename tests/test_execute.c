/* clconv_execute: results, packed weights, buffers that are kept, threads, bad tensors. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "clconv_cl.h"
#include "workload.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#define SEPARABLE "g3mb2ic3ih9iw9oc3kh3kw3ph1pw1+bias+relu -> mb2ic3ih9iw9oc5kh1kw1+bias+tanh"

/* Counts what the library allocates on its way to the loader. */
static atomic_int buffers_made;

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host_ptr,
                      cl_int *errcode_ret)
{
    typedef cl_mem create(cl_context, cl_mem_flags, size_t, void *, cl_int *);
    create *next = NULL;
    void *symbol = dlsym(RTLD_NEXT, "clCreateBuffer");
    memcpy(&next, &symbol, sizeof(next));
    atomic_fetch_add(&buffers_made, 1);
    return next(context, flags, size, host_ptr, errcode_ret);
}

/* The default device and the reference. */
static const char *const devices[] = {NULL, "reference"};

Test(execute, agrees_with_the_reference, .timeout = 120)
{
    static const char *const texts[] = {
        "mb2ic3ih8iw8oc4kh3kw3ph1pw1+bias+leaky_relu:0.25+reflect",
        "g4mb2ic8ih17iw13oc12kh3kw5sh2sw3ph2pw4dh1dw1+bias+silu",
        "ic3ih9iw19oc4kh3kw3ph7pw7+sigmoid",
        "mb1ic4id5ih6iw7oc4kd2kh3kw3pd1ph1pw1+circular",
        "mb2ic4iw50oc4kw3pw2+replicate+relu6",
        "deconv:mb2ic6ih7iw5oc4kh3kw4sh2sw3ph1pw2+bias",
        "deconv:g2mb2ic6ih7iw5oc4kh3kw3sh2sw2ph1pw1dh1dw2ah1aw1",
        "deconv:mb1ic4id5ih6iw7oc4kd2kh3kw3sd2sh3sw1",
        "deconv:mb1ic4ih9iw19oc4kh2kw2sh3sw5",
        SEPARABLE,
    };
    for (size_t d = 0; d < 2; ++d) {
        clconv_context *context = test_context(devices[d]);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i) {
            workload w = workload_make(texts[i]);
            clconv_plan *plan = workload_plan(&w, context, NULL);
            workload_execute(&w, plan, NULL, clconv_plan_algorithm(plan, 0));
            clconv_plan_destroy(plan);
            workload_free(&w);
        }
        clconv_context_destroy(context);
    }
}

Test(execute, packed_weights_serve_many_executions)
{
    for (size_t d = 0; d < 2; ++d) {
        clconv_context *context = test_context(devices[d]);
        workload w = workload_make(SEPARABLE);
        clconv_plan *plan = workload_plan(&w, context, NULL);
        clconv_weights *packed = NULL;
        clconv_error error = {0};
        cr_assert_eq(clconv_weights_pack(plan, w.stages, &packed, &error), CLCONV_OK, "%s",
                     error.message);
        for (size_t i = 0; i < w.count; ++i) /* no pointer into them may be kept */
            memset(w.weights[i], 0xff, (size_t)w.sizes[i].weights * sizeof(float));
        for (int run = 0; run < 3; ++run)
            workload_execute(&w, plan, packed, "packed");
        clconv_weights_destroy(packed);
        clconv_plan_destroy(plan);
        workload_free(&w);
        clconv_context_destroy(context);
    }
}

Test(execute, only_the_first_run_allocates)
{
    clconv_context *context = test_context(NULL);
    if (clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE)
        cr_skip_test("no OpenCL device");
    workload w = workload_make(SEPARABLE);
    clconv_plan *plan = workload_plan(&w, context, NULL);
    const int before = atomic_load(&buffers_made);
    workload_execute(&w, plan, NULL, "first");
    const int first = atomic_load(&buffers_made);
    cr_assert_gt(first, before);
    workload_execute(&w, plan, NULL, "second");
    workload_execute(&w, plan, NULL, "third");
    cr_assert_eq(atomic_load(&buffers_made), first);
    clconv_plan_destroy(plan);
    workload_free(&w);
    clconv_context_destroy(context);
}

Test(execute, each_run_repeats_bit_for_bit)
{
    clconv_context *context = test_context(NULL);
    workload w = workload_make("mb2ic7ih19iw17oc5kh3kw3ph1pw1+bias+silu");
    clconv_plan *plan = workload_plan(&w, context, NULL);
    float *first = malloc(w.dst_elements * sizeof(float));
    workload_execute(&w, plan, NULL, "first");
    memcpy(first, w.dst, w.dst_elements * sizeof(float));
    workload_execute(&w, plan, NULL, "second");
    cr_assert_eq(memcmp(first, w.dst, w.dst_elements * sizeof(float)), 0, "%s", w.text);
    free(first);
    clconv_plan_destroy(plan);
    workload_free(&w);
    clconv_context_destroy(context);
}

Test(execute, times_are_those_of_its_parts)
{
    for (size_t d = 0; d < 2; ++d) {
        clconv_context *context = test_context(devices[d]);
        workload w = workload_make("mb1ic16ih64iw64oc16kh3kw3ph1pw1");
        clconv_plan *plan = workload_plan(&w, context, NULL);
        const clconv_tensors tensors = {.src = w.src, .dst = w.dst, .stages = w.stages};
        clconv_timing timing = {1, 0, 1};
        cr_assert_eq(clconv_execute(plan, &tensors, &timing, NULL), CLCONV_OK);
        cr_assert_gt(timing.compute_ns, 0);
        const int transfers = clconv_context_device(context)->kind != CLCONV_DEVICE_REFERENCE;
        cr_assert_eq(timing.upload_ns > 0, transfers);
        cr_assert_eq(timing.download_ns > 0, transfers);
        clconv_plan_destroy(plan);
        workload_free(&w);
        clconv_context_destroy(context);
    }
}

/* ---- Threads ---- */

enum { THREADS = 4, RUNS = 20 };

typedef struct job {
    clconv_plan *plan;
    const workload *w;
    size_t wrong;
    clconv_status status;
} job;

static void *run_job(void *data)
{
    job *j = data;
    float *dst = malloc(j->w->dst_elements * sizeof(float));
    const clconv_tensors tensors = {.src = j->w->src, .dst = dst, .stages = j->w->stages};
    for (int i = 0; i < RUNS && j->status == CLCONV_OK; ++i) {
        clconv_comparison c;
        memset(dst, 0xff, j->w->dst_elements * sizeof(float));
        j->status = clconv_execute(j->plan, &tensors, NULL, NULL);
        clconv_compare(dst, j->w->reference, j->w->bound, j->w->dst_elements, &c);
        j->wrong += c.wrong;
    }
    free(dst);
    return NULL;
}

Test(execute, threads_share_a_plan, .timeout = 120)
{
    for (size_t d = 0; d < 2; ++d) {
        clconv_context *context = test_context(devices[d]);
        workload w = workload_make(SEPARABLE);
        /* the same kernel in the same plan, each thread with a source of its own */
        clconv_plan *plan = workload_plan(&w, context, NULL);
        pthread_t threads[THREADS];
        workload sources[THREADS];
        job jobs[THREADS];
        for (int i = 0; i < THREADS; ++i) {
            sources[i] = workload_make(SEPARABLE);
            for (size_t j = 0; j < w.src_elements; ++j)
                sources[i].src[j] *= (float)(i + 1);
            cr_assert_eq(clconv_plan_reference(plan, sources[i].src, sources[i].stages,
                                               sources[i].reference, sources[i].bound, NULL),
                         CLCONV_OK);
            jobs[i] = (job){.plan = plan, .w = &sources[i]};
            cr_assert_eq(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
        }
        for (int i = 0; i < THREADS; ++i) {
            pthread_join(threads[i], NULL);
            cr_assert_eq(jobs[i].status, CLCONV_OK);
            cr_assert_eq(jobs[i].wrong, 0, "thread %d: %zu wrong elements", i, jobs[i].wrong);
            workload_free(&sources[i]);
        }
        clconv_plan_destroy(plan);
        workload_free(&w);
        clconv_context_destroy(context);
    }
}

/* ---- Bad tensors ---- */

static void refuse(clconv_plan *plan, const clconv_tensors *tensors, const char *part)
{
    clconv_error error = {0};
    cr_assert_eq(clconv_execute(plan, tensors, NULL, &error), CLCONV_INVALID_ARGUMENT, "%s", part);
    cr_assert_not_null(strstr(error.message, part), "no \"%s\" in: %s", part, error.message);
}

Test(execute, missing_tensors_are_named)
{
    for (size_t d = 0; d < 2; ++d) {
        clconv_context *context = test_context(devices[d]);
        workload w = workload_make(SEPARABLE), plain = workload_make("mb1ic2ih5iw5oc2kh3kw3");
        clconv_plan *plan = workload_plan(&w, context, NULL);
        clconv_plan *other = workload_plan(&plain, context, NULL);
        clconv_weights *packed = NULL;
        clconv_stage_tensors stages[2] = {w.stages[0], w.stages[1]};
        const clconv_tensors good = {.src = w.src, .dst = w.dst, .stages = stages};
        clconv_tensors bad = good;

        refuse(plan, NULL, "null");
        refuse(NULL, &good, "null");
        bad.src = NULL;
        refuse(plan, &bad, "src");
        bad = good;
        bad.dst = NULL;
        refuse(plan, &bad, "dst");
        bad = good;
        bad.stages = NULL;
        refuse(plan, &bad, "stages");
        stages[1].weights = NULL;
        refuse(plan, &good, "stage 1 has no weights");
        cr_assert_eq(clconv_weights_pack(plan, stages, &packed, NULL), CLCONV_INVALID_ARGUMENT);
        stages[1] = w.stages[1];
        stages[0].bias = NULL;
        refuse(plan, &good, "stage 0 has no bias");
        refuse(plan, &good, "[g3mb2ic3");

        const clconv_stage_tensors surplus = {plain.stages[0].weights, w.stages[0].bias};
        const clconv_tensors with_bias = {.src = plain.src, .dst = plain.dst, .stages = &surplus};
        refuse(other, &with_bias, "does not use");

        cr_assert_eq(clconv_weights_pack(other, plain.stages, &packed, NULL), CLCONV_OK);
        bad = good;
        bad.packed = packed;
        refuse(plan, &bad, "another plan");
        clconv_weights_destroy(packed);
        cr_assert_eq(clconv_weights_pack(plan, NULL, &packed, NULL), CLCONV_INVALID_ARGUMENT);
        cr_assert_null(packed);
        clconv_weights_destroy(NULL);

        clconv_plan_destroy(plan);
        clconv_plan_destroy(other);
        workload_free(&w);
        workload_free(&plain);
        clconv_context_destroy(context);
    }
}
