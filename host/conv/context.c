#include "conv/context.h"

#include "conv/devices.h"

#include <stdlib.h>

int cc_context_is_reference(const clconv_context *context)
{
    return context->device.kind == CLCONV_DEVICE_REFERENCE;
}

/* A context on an OpenCL context and device, of which it takes over a reference each, also on
 * failure. */
static clconv_status create_on(cl_context cl, cl_device_id id, const clconv_device *device,
                               clconv_context **context, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_int code = CL_SUCCESS;

    clconv_context *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        clReleaseContext(cl);
        clReleaseDevice(id);
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a context");
    }
    c->device = *device;
    c->target = (cc_target){.cl = cl, .id = id, .device = &c->device};
    c->queue = clCreateCommandQueue(cl, id, 0, &code);
    if (c->queue == NULL) {
        status = cc_cl_fail(error, code, "clCreateCommandQueue");
        goto cleanup;
    }
    TRY(cc_programs_create(cl, id, &c->target.programs, error));
    *context = c;
    c = NULL;

cleanup:
    clconv_context_destroy(c);
    return status;
}

static clconv_status create_reference(const clconv_device *device, clconv_context **context,
                                      clconv_error *error)
{
    clconv_context *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a context");
    c->device = *device;
    *context = c;
    return CLCONV_OK;
}

clconv_status clconv_context_create(const char *device, clconv_context **context,
                                    clconv_error *error)
{
    if (context == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_context_create: context is NULL");
    *context = NULL;

    cl_device_id id = NULL;
    clconv_device description;
    clconv_status status = cc_devices_select(device, &id, &description, error);
    if (status != CLCONV_OK)
        return status;
    if (id == NULL)
        return create_reference(&description, context, error);

    cl_int code = CL_SUCCESS;
    cl_context cl = clCreateContext(NULL, 1, &id, NULL, NULL, &code);
    if (cl == NULL)
        return cc_cl_fail(error, code, "clCreateContext");
    clRetainDevice(id);
    return create_on(cl, id, &description, context, error);
}

/* Whether the device belongs to the OpenCL context. */
static clconv_status check_member(cl_context cl, cl_device_id id, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_device_id *ids = NULL;
    size_t bytes = 0;
    int found = 0;

    CL_TRY(clGetContextInfo(cl, CL_CONTEXT_DEVICES, 0, NULL, &bytes));
    ids = malloc(bytes);
    if (ids == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a list of devices");
        goto cleanup;
    }
    CL_TRY(clGetContextInfo(cl, CL_CONTEXT_DEVICES, bytes, ids, NULL));
    for (size_t i = 0; i < bytes / sizeof(*ids); ++i)
        found |= ids[i] == id;
    if (!found)
        status = cc_fail(error, CLCONV_INVALID_ARGUMENT,
                         "clconv_context_create_cl: the device is not of that cl_context");

cleanup:
    free(ids);
    return status;
}

clconv_status clconv_context_create_cl(cl_context cl, cl_device_id device, clconv_context **context,
                                       clconv_error *error)
{
    if (context != NULL)
        *context = NULL;
    if (cl == NULL || device == NULL || context == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_context_create_cl: null pointer");

    clconv_status status = CLCONV_OK;
    clconv_device description;
    TRY(check_member(cl, device, error));
    TRY(cc_device_describe(device, &description, error));
    clRetainContext(cl);
    clRetainDevice(device);
    TRY(create_on(cl, device, &description, context, error));

cleanup:
    return status;
}

void clconv_context_destroy(clconv_context *context)
{
    if (context == NULL)
        return;
    cc_programs_destroy(context->target.programs);
    if (context->queue != NULL)
        clReleaseCommandQueue(context->queue);
    if (context->target.cl != NULL)
        clReleaseContext(context->target.cl);
    if (context->target.id != NULL)
        clReleaseDevice(context->target.id);
    free(context);
}

const clconv_device *clconv_context_device(const clconv_context *context)
{
    return context != NULL ? &context->device : NULL;
}

void clconv_context_statistics(const clconv_context *context, clconv_statistics *statistics)
{
    if (statistics == NULL)
        return;
    *statistics = (clconv_statistics){0};
    if (context != NULL && !cc_context_is_reference(context))
        cc_programs_statistics(context->target.programs, statistics);
}

void clconv_context_objects(const clconv_context *context, cl_context *cl, cl_device_id *device,
                            cl_command_queue *queue)
{
    if (cl != NULL)
        *cl = context != NULL ? context->target.cl : NULL;
    if (device != NULL)
        *device = context != NULL ? context->target.id : NULL;
    if (queue != NULL)
        *queue = context != NULL ? context->queue : NULL;
}
