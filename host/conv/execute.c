/* clconv_execute: host memory in, host memory out. */
#include "conv/plan.h"
#include "conv/pool.h"
#include "conv/weights.h"
#include "core/platform.h"

#include <stdlib.h>

static clconv_status check_tensors(const clconv_plan *plan, const clconv_tensors *tensors,
                                   clconv_error *error)
{
    if (tensors->src == NULL || tensors->dst == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "%s is NULL",
                       tensors->src == NULL ? "src" : "dst");
    if (tensors->packed != NULL)
        return cc_weights_check(tensors->packed, plan, error);
    if (tensors->stages == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "neither stages nor packed weights given");
    return cc_plan_check_stages(plan, tensors->stages, error);
}

/* ---- On the reference device ---- */

static clconv_status execute_reference(const clconv_plan *plan, const clconv_tensors *tensors,
                                       clconv_timing *timing, clconv_error *error)
{
    const size_t elements = (size_t)plan->sizes[plan->count - 1].dst;
    const clconv_stage_tensors *stages =
        tensors->packed != NULL ? tensors->packed->stages : tensors->stages;
    double *exact = malloc(elements * sizeof(*exact));
    if (exact == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for %zu results in double",
                       elements);
    const uint64_t start_ns = cc_clock_ns();
    const clconv_status status =
        clconv_reference(plan->problems, plan->count, tensors->src, stages, exact, NULL, error);
    if (status == CLCONV_OK)
        for (size_t i = 0; i < elements; ++i)
            tensors->dst[i] = (float)exact[i];
    if (timing != NULL)
        *timing = (clconv_timing){.compute_ns = cc_clock_ns() - start_ns};
    free(exact);
    return status;
}

/* ---- On an OpenCL device ---- */

/* Makes the buffer of a tensor where the set does not have it yet. */
static clconv_status ensure(cl_context cl, cl_mem *mem, size_t bytes, clconv_error *error)
{
    cl_int code = CL_SUCCESS;
    if (*mem != NULL || bytes == 0)
        return CLCONV_OK;
    *mem = clCreateBuffer(cl, CL_MEM_READ_WRITE, bytes, NULL, &code);
    return *mem != NULL ? CLCONV_OK : cc_cl_fail(error, code, "clCreateBuffer");
}

static clconv_status upload(cl_context cl, cl_command_queue queue, cl_mem *mem, const float *values,
                            int64_t elements, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const size_t bytes = (size_t)elements * sizeof(float);
    if (bytes == 0)
        return CLCONV_OK;
    TRY(ensure(cl, mem, bytes, error));
    CL_TRY(clEnqueueWriteBuffer(queue, *mem, CL_FALSE, 0, bytes, values, 0, NULL, NULL));

cleanup:
    return status;
}

/* Brings every input to the device, without waiting, and describes the run. */
static clconv_status upload_all(const clconv_plan *plan, cc_buffer_set *set,
                                const clconv_tensors *tensors, cc_run *run, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cl_context cl = plan->context->target.cl;
    const size_t dst_bytes = (size_t)plan->sizes[plan->count - 1].dst * sizeof(float);

    TRY(ensure(cl, &set->dst, dst_bytes, error));
    TRY(ensure(cl, &set->workspace, plan->layout.bytes, error));
    TRY(upload(cl, set->queue, &set->src, tensors->src, plan->sizes[0].src, error));
    run->src.mem = set->src;
    run->dst.mem = set->dst;
    run->workspace.mem = set->workspace;
    if (tensors->packed != NULL) {
        cc_weights_use(tensors->packed, run);
        goto cleanup;
    }
    for (size_t i = 0; i < plan->count; ++i) {
        const clconv_stage_tensors *stage = &tensors->stages[i];
        const clconv_sizes *sizes = &plan->sizes[i];
        TRY(upload(cl, set->queue, &set->weights[i], stage->weights, sizes->weights, error));
        TRY(upload(cl, set->queue, &set->bias[i], stage->bias, sizes->bias, error));
        run->weights[i].mem = set->weights[i];
        run->bias[i].mem = sizes->bias > 0 ? set->bias[i] : NULL;
    }

cleanup:
    return status;
}

/* Where times are wanted: waits for the queue and puts the time since *mark_ns into *part_ns. */
static clconv_status lap(cl_command_queue queue, uint64_t *mark_ns, uint64_t *part_ns,
                         clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (part_ns == NULL)
        return CLCONV_OK;
    CL_TRY(clFinish(queue));
    const uint64_t now_ns = cc_clock_ns();
    *part_ns = now_ns - *mark_ns;
    *mark_ns = now_ns;

cleanup:
    return status;
}

static clconv_status execute_on(const clconv_plan *plan, cc_buffer_set *set,
                                const clconv_tensors *tensors, clconv_timing *timing,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_run run = {.packed = 0};
    cc_chain chain = {0};
    const size_t dst_bytes = (size_t)plan->sizes[plan->count - 1].dst * sizeof(float);
    uint64_t mark_ns = cc_clock_ns();

    TRY(upload_all(plan, set, tensors, &run, error));
    TRY(lap(set->queue, &mark_ns, timing != NULL ? &timing->upload_ns : NULL, error));
    TRY(cc_chain_begin(&chain, set->queue, 0, NULL, 0, error));
    TRY(cc_plan_run(plan, &chain, &run, error));
    TRY(lap(set->queue, &mark_ns, timing != NULL ? &timing->compute_ns : NULL, error));
    CL_TRY(clEnqueueReadBuffer(set->queue, set->dst, CL_TRUE, 0, dst_bytes, tensors->dst, 0, NULL,
                               NULL));
    TRY(lap(set->queue, &mark_ns, timing != NULL ? &timing->download_ns : NULL, error));

cleanup:
    (void)cc_chain_end(&chain, NULL, NULL);
    if (status != CLCONV_OK)
        clFinish(set->queue); /* what was enqueued still reads the caller's arrays */
    return status;
}

static clconv_status execute_device(const clconv_plan *plan, const clconv_tensors *tensors,
                                    clconv_timing *timing, clconv_error *error)
{
    cc_buffer_set *set = NULL;
    clconv_status status = cc_pool_take(plan->pool, &plan->context->target, &set, error);
    if (status != CLCONV_OK)
        return status;
    status = execute_on(plan, set, tensors, timing, error);
    if (status == CLCONV_OK)
        cc_pool_give(plan->pool, set);
    else
        cc_buffer_set_destroy(set);
    return status;
}

clconv_status clconv_execute(clconv_plan *plan, const clconv_tensors *tensors,
                             clconv_timing *timing, clconv_error *error)
{
    if (plan == NULL || tensors == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_execute: null pointer");
    clconv_status status = CLCONV_OK;
    if (timing != NULL)
        *timing = (clconv_timing){0};
    TRY(check_tensors(plan, tensors, error));
    if (cc_context_is_reference(plan->context))
        TRY(execute_reference(plan, tensors, timing, error));
    else
        TRY(execute_device(plan, tensors, timing, error));

cleanup:
    return status == CLCONV_OK ? status : cc_fail_in(error, status, plan->problems, plan->count);
}
