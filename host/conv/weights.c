#include "conv/weights.h"

#include "conv/enqueue.h"

#include <stdlib.h>
#include <string.h>

clconv_status cc_weights_check(const clconv_weights *weights, const clconv_plan *plan,
                               clconv_error *error)
{
    if (weights->plan == plan)
        return CLCONV_OK;
    return cc_fail(error, CLCONV_INVALID_ARGUMENT, "the weights were packed for another plan");
}

void cc_weights_use(const clconv_weights *weights, cc_run *run)
{
    const size_t bytes = sizeof(run->weights);
    memcpy(run->weights, weights->weights, bytes);
    memcpy(run->bias, weights->bias, bytes);
    run->packed = 1;
}

void clconv_weights_destroy(clconv_weights *weights)
{
    if (weights == NULL)
        return;
    if (weights->mem != NULL)
        clReleaseMemObject(weights->mem);
    free(weights->host);
    free(weights);
}

/* ---- On the device ---- */

static size_t stage_weights_bytes(const clconv_plan *plan, size_t i)
{
    const size_t packed = plan->stages[i].packed_bytes;
    return packed > 0 ? packed : (size_t)plan->sizes[i].weights * sizeof(float);
}

/* Allocates the buffer and points every tensor at its part. */
static clconv_status allocate(const clconv_plan *plan, clconv_weights *w, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_int code = CL_SUCCESS;
    size_t total = 0, offset = 0;
    const cc_target *target = &plan->context->target;

    for (size_t i = 0; i < plan->count; ++i) {
        TRY(cc_layout_add(&total, stage_weights_bytes(plan, i), &offset, error));
        w->weights[i].offset = offset / sizeof(float);
        TRY(cc_layout_add(&total, (uint64_t)plan->sizes[i].bias * sizeof(float), &offset, error));
        w->bias[i].offset = offset / sizeof(float);
    }
    TRY(cc_layout_check_buffer(target->device, "the packed weights", total, error));
    w->mem = clCreateBuffer(target->cl, CL_MEM_READ_WRITE, total, NULL, &code);
    if (w->mem == NULL) {
        status = cc_cl_fail(error, code, "clCreateBuffer");
        goto cleanup;
    }
    for (size_t i = 0; i < plan->count; ++i) {
        w->weights[i].mem = w->mem;
        w->bias[i].mem = plan->sizes[i].bias > 0 ? w->mem : NULL;
    }

cleanup:
    return status;
}

static clconv_status copy(cc_chain *chain, cc_tensor from, cc_tensor to, int64_t elements,
                          clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_event event = NULL;
    CL_TRY(clEnqueueCopyBuffer(chain->queue, from.mem, to.mem, from.offset * sizeof(float),
                               to.offset * sizeof(float), (size_t)elements * sizeof(float),
                               chain->wait_count, chain->wait,
                               cc_chain_wants_event(chain) ? &event : NULL));
    cc_chain_after_foreign(chain, event);

cleanup:
    return status;
}

/* Enqueues the packing of every stage from the raw tensors of `raw`. */
static clconv_status fill(const clconv_plan *plan, cc_chain *chain, const cc_run *raw,
                          const clconv_weights *w, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < plan->count; ++i) {
        const cc_stage *stage = &plan->stages[i];
        if (stage->packed_bytes > 0)
            TRY(stage->algorithm->pack(stage, chain, raw->weights[i], w->weights[i], error));
        else
            TRY(copy(chain, raw->weights[i], w->weights[i], plan->sizes[i].weights, error));
        if (plan->sizes[i].bias > 0)
            TRY(copy(chain, raw->bias[i], w->bias[i], plan->sizes[i].bias, error));
    }

cleanup:
    return status;
}

/* Makes packed weights from raw ones on the device; waits for the queue. */
static clconv_status pack(const clconv_plan *plan, cl_command_queue queue, const cc_run *raw,
                          clconv_weights **weights, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_chain chain = {0};

    clconv_weights *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for packed weights");
        goto cleanup;
    }
    w->plan = plan;
    TRY(allocate(plan, w, error));
    TRY(cc_chain_begin(&chain, queue, 0, NULL, 0, error));
    status = fill(plan, &chain, raw, w, error);
    (void)cc_chain_end(&chain, NULL, NULL);
    const cl_int code = clFinish(queue); /* also after a failure: what was enqueued uses w */
    if (status == CLCONV_OK && code != CL_SUCCESS)
        status = cc_cl_fail(error, code, "clFinish");
    if (status == CLCONV_OK) {
        *weights = w;
        w = NULL;
    }

cleanup:
    clconv_weights_destroy(w);
    return status;
}

/* ---- From host memory ---- */

static clconv_status upload(const clconv_plan *plan, const float *values, int64_t elements,
                            cc_tensor *tensor, clconv_error *error)
{
    cl_int code = CL_SUCCESS;
    void *host = NULL;
    memcpy(&host, &values, sizeof(host)); /* clCreateBuffer takes no const, and only reads */
    tensor->mem = clCreateBuffer(plan->context->target.cl, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
                                 (size_t)elements * sizeof(float), host, &code);
    return tensor->mem != NULL ? CLCONV_OK : cc_cl_fail(error, code, "clCreateBuffer");
}

static clconv_status pack_host(const clconv_plan *plan, const clconv_stage_tensors *stages,
                               clconv_weights **weights, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_run raw = {.packed = 0};
    for (size_t i = 0; i < plan->count; ++i) {
        TRY(upload(plan, stages[i].weights, plan->sizes[i].weights, &raw.weights[i], error));
        if (plan->sizes[i].bias > 0)
            TRY(upload(plan, stages[i].bias, plan->sizes[i].bias, &raw.bias[i], error));
    }
    TRY(pack(plan, plan->context->queue, &raw, weights, error));

cleanup:
    for (size_t i = 0; i < plan->count; ++i) {
        if (raw.weights[i].mem != NULL)
            clReleaseMemObject(raw.weights[i].mem);
        if (raw.bias[i].mem != NULL)
            clReleaseMemObject(raw.bias[i].mem);
    }
    return status;
}

static clconv_status pack_reference(const clconv_plan *plan, const clconv_stage_tensors *stages,
                                    clconv_weights **weights, clconv_error *error)
{
    size_t elements = 0;
    for (size_t i = 0; i < plan->count; ++i)
        elements += (size_t)(plan->sizes[i].weights + plan->sizes[i].bias);
    clconv_weights *w = calloc(1, sizeof(*w));
    float *to = malloc(elements * sizeof(float));
    if (w == NULL || to == NULL) {
        free(w);
        free(to);
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for packed weights");
    }
    w->plan = plan;
    w->host = to;
    for (size_t i = 0; i < plan->count; ++i) {
        w->stages[i].weights = to;
        memcpy(to, stages[i].weights, (size_t)plan->sizes[i].weights * sizeof(float));
        to += plan->sizes[i].weights;
        if (plan->sizes[i].bias == 0)
            continue;
        w->stages[i].bias = to;
        memcpy(to, stages[i].bias, (size_t)plan->sizes[i].bias * sizeof(float));
        to += plan->sizes[i].bias;
    }
    *weights = w;
    return CLCONV_OK;
}

clconv_status clconv_weights_pack(clconv_plan *plan, const clconv_stage_tensors *stages,
                                  clconv_weights **weights, clconv_error *error)
{
    if (weights != NULL)
        *weights = NULL;
    if (plan == NULL || stages == NULL || weights == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_weights_pack: null pointer");
    clconv_status status = CLCONV_OK;
    TRY(cc_plan_check_stages(plan, stages, error));
    if (cc_context_is_reference(plan->context))
        TRY(pack_reference(plan, stages, weights, error));
    else
        TRY(pack_host(plan, stages, weights, error));

cleanup:
    return status == CLCONV_OK ? status : cc_fail_in(error, status, plan->problems, plan->count);
}

/* ---- From the caller's device memory ---- */

clconv_status clconv_weights_pack_cl(clconv_plan *plan, cl_command_queue queue,
                                     const clconv_stage_buffers *stages, clconv_weights **weights,
                                     clconv_error *error)
{
    if (weights != NULL)
        *weights = NULL;
    if (plan == NULL || stages == NULL || weights == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_weights_pack_cl: null pointer");
    clconv_status status = CLCONV_OK;
    cc_run raw = {.packed = 0};
    TRY(cc_enqueue_check_queue(plan, queue, error));
    TRY(cc_enqueue_take_stages(plan, stages, &raw, error));
    TRY(pack(plan, queue, &raw, weights, error));

cleanup:
    return status == CLCONV_OK ? status : cc_fail_in(error, status, plan->problems, plan->count);
}
