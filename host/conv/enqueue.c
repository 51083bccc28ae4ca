#include "conv/enqueue.h"

#include "conv/weights.h"

#include <stdio.h>

clconv_status cc_enqueue_check_queue(const clconv_plan *plan, cl_command_queue queue,
                                     clconv_error *error)
{
    const cc_target *target = &plan->context->target;
    if (cc_context_is_reference(plan->context))
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "the reference device has no command queues: use clconv_execute");
    if (queue == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "the queue is NULL");
    clconv_status status = CLCONV_OK;
    cl_context cl = NULL;
    cl_device_id id = NULL;
    CL_TRY(clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof(cl), &cl, NULL));
    CL_TRY(clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof(id), &id, NULL));
    if (cl != target->cl)
        status = cc_fail(error, CLCONV_INVALID_ARGUMENT,
                         "the queue belongs to another cl_context than the plan");
    else if (id != target->id)
        status = cc_fail(error, CLCONV_INVALID_ARGUMENT,
                         "the queue belongs to another device than the plan");

cleanup:
    return status;
}

/* Checks one buffer of the caller's and takes it as a tensor. */
static clconv_status take(const clconv_plan *plan, const char *what, const clconv_buffer *buffer,
                          uint64_t bytes, size_t alignment, cc_tensor *tensor, clconv_error *error)
{
    if (buffer->mem == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "%s: mem is NULL", what);
    if (buffer->offset_bytes % alignment != 0)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT,
                       "%s: offset_bytes is %zu, not a multiple of %zu", what, buffer->offset_bytes,
                       alignment);
    clconv_status status = CLCONV_OK;
    cl_context cl = NULL;
    size_t size = 0;
    CL_TRY(clGetMemObjectInfo(buffer->mem, CL_MEM_CONTEXT, sizeof(cl), &cl, NULL));
    CL_TRY(clGetMemObjectInfo(buffer->mem, CL_MEM_SIZE, sizeof(size), &size, NULL));
    if (cl != plan->context->target.cl)
        status = cc_fail(error, CLCONV_INVALID_ARGUMENT,
                         "%s: the buffer belongs to another cl_context than the plan", what);
    else if (buffer->offset_bytes > size || bytes > size - buffer->offset_bytes)
        status = cc_fail(error, CLCONV_INVALID_ARGUMENT,
                         "%s: needs %llu bytes from offset %zu; the buffer has %zu", what,
                         (unsigned long long)bytes, buffer->offset_bytes, size);
    *tensor = (cc_tensor){buffer->mem, buffer->offset_bytes / sizeof(float)};

cleanup:
    return status;
}

static clconv_status take_tensor(const clconv_plan *plan, const char *what,
                                 const clconv_buffer *buffer, int64_t elements, cc_tensor *tensor,
                                 clconv_error *error)
{
    return take(plan, what, buffer, (uint64_t)elements * sizeof(float), sizeof(float), tensor,
                error);
}

clconv_status cc_enqueue_take_stages(const clconv_plan *plan, const clconv_stage_buffers *stages,
                                     cc_run *run, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < plan->count; ++i) {
        char what[64];
        const clconv_sizes *sizes = &plan->sizes[i];
        snprintf(what, sizeof(what), "weights of stage %zu", i);
        TRY(take_tensor(plan, what, &stages[i].weights, sizes->weights, &run->weights[i], error));
        snprintf(what, sizeof(what), "bias of stage %zu", i);
        if (sizes->bias > 0)
            TRY(take_tensor(plan, what, &stages[i].bias, sizes->bias, &run->bias[i], error));
        else if (stages[i].bias.mem != NULL)
            TRY(cc_fail(error, CLCONV_INVALID_ARGUMENT, "%s: its problem has no bias", what));
    }

cleanup:
    return status;
}

/* Checks everything that the caller gave and describes the run. */
static clconv_status take_buffers(const clconv_plan *plan, const clconv_buffers *buffers,
                                  cc_run *run, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(take_tensor(plan, "src", &buffers->src, plan->sizes[0].src, &run->src, error));
    TRY(take_tensor(plan, "dst", &buffers->dst, plan->sizes[plan->count - 1].dst, &run->dst,
                    error));
    if (plan->layout.bytes > 0)
        TRY(take(plan, "workspace", &buffers->workspace, plan->layout.bytes, CC_ALIGNMENT,
                 &run->workspace, error));
    if (buffers->packed != NULL) {
        TRY(cc_weights_check(buffers->packed, plan, error));
        cc_weights_use(buffers->packed, run);
    } else if (buffers->stages != NULL) {
        TRY(cc_enqueue_take_stages(plan, buffers->stages, run, error));
    } else {
        TRY(cc_fail(error, CLCONV_INVALID_ARGUMENT, "neither stages nor packed weights are given"));
    }

cleanup:
    return status;
}

clconv_status clconv_enqueue(clconv_plan *plan, cl_command_queue queue,
                             const clconv_buffers *buffers, cl_uint wait_count,
                             const cl_event *wait, cl_event *event, clconv_error *error)
{
    if (event != NULL)
        *event = NULL;
    if (plan == NULL || buffers == NULL || (wait == NULL) != (wait_count == 0))
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_enqueue: null pointer");

    clconv_status status = CLCONV_OK;
    cc_run run = {.packed = 0};
    cc_chain chain = {0};
    TRY(cc_enqueue_check_queue(plan, queue, error));
    TRY(take_buffers(plan, buffers, &run, error));
    TRY(cc_chain_begin(&chain, queue, wait_count, wait, event != NULL, error));
    TRY(cc_plan_run(plan, &chain, &run, error));
    TRY(cc_chain_end(&chain, event, error));

cleanup:
    if (status == CLCONV_OK)
        return status;
    (void)cc_chain_end(&chain, NULL, NULL);
    return cc_fail_in(error, status, plan->problems, plan->count);
}
