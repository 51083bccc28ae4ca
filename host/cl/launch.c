#include "cl/launch.h"

#include <stdio.h>

clconv_status cc_chain_begin(cc_chain *chain, cl_command_queue queue, cl_uint wait_count,
                             const cl_event *wait, int want_event, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_command_queue_properties properties = 0;

    *chain = (cc_chain){.queue = queue,
                        .wait_count = wait_count,
                        .wait = wait_count > 0 ? wait : NULL,
                        .keep_last = want_event};
    CL_TRY(
        clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof(properties), &properties, NULL));
    chain->in_order = (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0;

cleanup:
    return status;
}

int cc_chain_wants_event(const cc_chain *chain)
{
    return !chain->in_order || chain->keep_last;
}

clconv_status cc_chain_end(cc_chain *chain, cl_event *event, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (event != NULL && chain->last == NULL) /* nothing was enqueued */
        CL_TRY(clEnqueueMarkerWithWaitList(chain->queue, chain->wait_count, chain->wait,
                                           &chain->last));
    if (event != NULL) {
        *event = chain->last;
        chain->last = NULL;
    }

cleanup:
    if (chain->last != NULL)
        clReleaseEvent(chain->last);
    chain->last = NULL;
    return status;
}

clconv_status cc_chain_before_foreign(cc_chain *chain, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (chain->wait_count > 0)
        CL_TRY(clEnqueueBarrierWithWaitList(chain->queue, chain->wait_count, chain->wait, NULL));
cleanup:
    return status;
}

void cc_chain_after_foreign(cc_chain *chain, cl_event event)
{
    if (chain->last != NULL)
        clReleaseEvent(chain->last);
    chain->last = event;
    chain->wait_count = chain->in_order || event == NULL ? 0 : 1;
    chain->wait = chain->wait_count > 0 ? &chain->last : NULL;
}

static clconv_status set_arguments(cc_kernel *kernel, const cc_argument *arguments, size_t count,
                                   clconv_error *error)
{
    for (cl_uint i = 0; i < count; ++i) {
        const cl_int code =
            clSetKernelArg(kernel->handle, i, arguments[i].bytes, arguments[i].value);
        if (code != CL_SUCCESS) {
            char what[128];
            snprintf(what, sizeof(what), "kernel %s, argument %u", kernel->function, (unsigned)i);
            return cc_cl_fail(error, code, what);
        }
    }
    return CLCONV_OK;
}

clconv_status cc_launch(cc_chain *chain, cc_kernel *kernel, const cc_argument *arguments,
                        size_t argument_count, cl_uint dimensions, const size_t *global,
                        const size_t *local, clconv_error *error)
{
    size_t items = 1;
    for (cl_uint i = 0; i < dimensions; ++i)
        items *= local[i];
    clconv_status status = cc_kernel_check_group(kernel, items, error);
    if (status != CLCONV_OK)
        return status;

    cl_event event = NULL;
    cc_mutex_lock(kernel->lock);
    TRY(set_arguments(kernel, arguments, argument_count, error));
    const cl_int code = clEnqueueNDRangeKernel(chain->queue, kernel->handle, dimensions, NULL,
                                               global, local, chain->wait_count, chain->wait,
                                               cc_chain_wants_event(chain) ? &event : NULL);
    if (code == CL_SUCCESS) {
        cc_chain_after_foreign(chain, event);
    } else {
        char what[128];
        snprintf(what, sizeof(what), "kernel %s", kernel->function);
        status = cc_cl_fail(error, code, what);
    }

cleanup:
    cc_mutex_unlock(kernel->lock);
    return status;
}
