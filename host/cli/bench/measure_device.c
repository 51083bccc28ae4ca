#include "measure_device.h"

#include <math.h>

#include "clconv_cl.h"
#include "file.h"

typedef struct device_run {
    clconv_plan *plan;
    cl_command_queue queue;
    cl_mem src;
    cl_mem dst;
    cl_mem workspace;
    clconv_buffers buffers;
} device_run;

static clconv_status fail_cl(const char *call, cl_int code, clconv_error *error)
{
    return cli_error(error, CLCONV_DEVICE_FAILED, "%s failed with OpenCL error %d", call,
                     (int)code);
}

static clconv_status create_buffer(cl_context context, size_t bytes, cl_mem *mem,
                                   clconv_error *error)
{
    cl_int code;
    *mem = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &code);
    if (code != CL_SUCCESS)
        return cli_error(error, CLCONV_OUT_OF_DEVICE_MEMORY,
                         "clCreateBuffer of %zu bytes failed with OpenCL error %d", bytes,
                         (int)code);
    return CLCONV_OK;
}

/* Puts the source on the device and NaN where the result will be. */
static clconv_status prepare(device_run *run, cl_context context, const check_case *c,
                             clconv_error *error)
{
    const float nan = NAN;
    clconv_sizes sizes;
    const size_t dst_bytes = c->dst_count * sizeof(float);
    const size_t workspace_bytes = clconv_plan_workspace(run->plan);

    clconv_status status = clconv_problem_sizes(&c->entry->problems[0], &sizes, error);
    const size_t src_bytes = status == CLCONV_OK ? (size_t)sizes.src * sizeof(float) : 0;
    if (status == CLCONV_OK)
        status = create_buffer(context, src_bytes, &run->src, error);
    if (status == CLCONV_OK)
        status = create_buffer(context, dst_bytes, &run->dst, error);
    if (status == CLCONV_OK && workspace_bytes)
        status = create_buffer(context, workspace_bytes, &run->workspace, error);
    if (status != CLCONV_OK)
        return status;
    cl_int code = clEnqueueWriteBuffer(run->queue, run->src, CL_TRUE, 0, src_bytes,
                                       c->data[GATE_REAL].src, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        return fail_cl("clEnqueueWriteBuffer", code, error);
    code = clEnqueueFillBuffer(run->queue, run->dst, &nan, sizeof nan, 0, dst_bytes, 0, NULL, NULL);
    return code == CL_SUCCESS ? CLCONV_OK : fail_cl("clEnqueueFillBuffer", code, error);
}

static clconv_status run_device(void *data, size_t repeats, clconv_error *error)
{
    const device_run *run = data;
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < repeats && status == CLCONV_OK; i++)
        status = clconv_enqueue(run->plan, run->queue, &run->buffers, 0, NULL, NULL, error);
    const cl_int code = clFinish(run->queue);
    if (status == CLCONV_OK && code != CL_SUCCESS)
        status = fail_cl("clFinish", code, error);
    return status;
}

static clconv_status judge(const device_run *run, check_case *c, guarded *dst,
                           check_verdict *verdict, clconv_error *error)
{
    guarded_reset(dst);
    const cl_int code = clEnqueueReadBuffer(run->queue, run->dst, CL_TRUE, 0,
                                            dst->count * sizeof(float), dst->data, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        return fail_cl("clEnqueueReadBuffer", code, error);
    return check_result(c, run->plan, GATE_REAL, dst, verdict, error);
}

clconv_status measure_device(clconv_context *context, clconv_plan *plan,
                             const clconv_weights *weights, check_case *c, double budget_s,
                             guarded *dst, participant *participants, size_t count,
                             check_verdict *verdict, clconv_error *error)
{
    cl_context cl;
    device_run run = {.plan = plan};
    timed_sample timed = {.run = run_device, .data = &run, .warm = 1};
    clconv_context_objects(context, &cl, NULL, &run.queue);

    clconv_status status = prepare(&run, cl, c, error);
    run.buffers = (clconv_buffers){.src = {.mem = run.src},
                                   .dst = {.mem = run.dst},
                                   .packed = weights,
                                   .workspace = {.mem = run.workspace}};
    if (status == CLCONV_OK) {
        participants[0].sample = timed_sample_take;
        participants[0].data = &timed;
        sample_rounds(participants, count, budget_s);
        status = participants[0].status;
        if (status != CLCONV_OK)
            *error = participants[0].error;
    }
    if (status == CLCONV_OK && verdict)
        status = judge(&run, c, dst, verdict, error);
    cl_mem *const buffers[] = {&run.src, &run.dst, &run.workspace};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        if (*buffers[i])
            clReleaseMemObject(*buffers[i]);
    }
    return status;
}
