/* clconv_enqueue: the caller's context, queues, buffers, wait lists and events. */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include "clconv_cl.h"
#include "workload.h"

#include <time.h>

#define SEPARABLE "g3mb2ic3ih9iw9oc3kh3kw3ph1pw1+bias+relu -> mb2ic3ih9iw9oc5kh1kw1+bias+tanh"

#define CHECK_CL(call)                                                                             \
    do {                                                                                           \
        const cl_int code_ = (call);                                                               \
        cr_assert_eq(code_, CL_SUCCESS, #call " gave %d", (int)code_);                             \
    } while (0)

/* A caller with OpenCL objects of their own. Every tensor starts `offset` floats into its buffer,
 * the workspace 64 floats. */
typedef struct caller {
    cl_context cl;
    cl_device_id id;
    cl_command_queue queue;
    clconv_context *context;
    clconv_plan *plan;
    workload w;
    size_t offset;
    clconv_stage_buffers stages[CLCONV_MAX_STAGES];
    clconv_buffers buffers;
} caller;

static cl_mem make_buffer(const caller *c, size_t bytes)
{
    cl_int code = CL_SUCCESS;
    cl_mem mem = clCreateBuffer(c->cl, CL_MEM_READ_WRITE, bytes, NULL, &code);
    CHECK_CL(code);
    return mem;
}

static clconv_buffer make_tensor(const caller *c, const float *values, size_t elements)
{
    const clconv_buffer b = {make_buffer(c, (c->offset + elements) * sizeof(float)),
                             c->offset * sizeof(float)};
    if (values != NULL)
        CHECK_CL(clEnqueueWriteBuffer(c->queue, b.mem, CL_TRUE, b.offset_bytes,
                                      elements * sizeof(float), values, 0, NULL, NULL));
    return b;
}

static caller caller_make(const char *text, cl_command_queue_properties properties, size_t offset)
{
    caller c = {.offset = offset};
    cl_platform_id platform = NULL;
    cl_int code = CL_SUCCESS;
    clconv_error error = {0};
    if (clGetPlatformIDs(1, &platform, NULL) != CL_SUCCESS ||
        clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &c.id, NULL) != CL_SUCCESS)
        cr_skip_test("no OpenCL device");
    c.cl = clCreateContext(NULL, 1, &c.id, NULL, NULL, &code);
    CHECK_CL(code);
    c.queue = clCreateCommandQueue(c.cl, c.id, properties, &code);
    CHECK_CL(code);
    cr_assert_eq(clconv_context_create_cl(c.cl, c.id, &c.context, &error), CLCONV_OK, "%s",
                 error.message);
    c.w = workload_make(text);
    c.plan = workload_plan(&c.w, c.context, NULL);
    for (size_t i = 0; i < c.w.count; ++i) {
        c.stages[i].weights = make_tensor(&c, c.w.stages[i].weights, (size_t)c.w.sizes[i].weights);
        if (c.w.stages[i].bias != NULL)
            c.stages[i].bias = make_tensor(&c, c.w.stages[i].bias, (size_t)c.w.sizes[i].bias);
    }
    c.buffers.src = make_tensor(&c, c.w.src, c.w.src_elements);
    c.buffers.dst = make_tensor(&c, NULL, c.w.dst_elements + WORKLOAD_GUARD);
    if (clconv_plan_workspace(c.plan) > 0)
        c.buffers.workspace =
            (clconv_buffer){make_buffer(&c, clconv_plan_workspace(c.plan) + 256), 256};
    return c;
}

static void caller_free(caller *c)
{
    clFinish(c->queue);
    for (size_t i = 0; i < c->w.count; ++i) {
        clReleaseMemObject(c->stages[i].weights.mem);
        if (c->stages[i].bias.mem != NULL)
            clReleaseMemObject(c->stages[i].bias.mem);
    }
    clReleaseMemObject(c->buffers.src.mem);
    clReleaseMemObject(c->buffers.dst.mem);
    if (c->buffers.workspace.mem != NULL)
        clReleaseMemObject(c->buffers.workspace.mem);
    clconv_plan_destroy(c->plan);
    clconv_context_destroy(c->context);
    clReleaseCommandQueue(c->queue);
    clReleaseContext(c->cl);
    workload_free(&c->w);
}

/* Fills dst's whole buffer with NaN, and returns the event of it. */
static cl_event clear_dst(caller *c)
{
    const cl_uint nan_bits = 0x7fc00000;
    cl_event event = NULL;
    const size_t elements = c->offset + c->w.dst_elements + WORKLOAD_GUARD;
    CHECK_CL(clEnqueueFillBuffer(c->queue, c->buffers.dst.mem, &nan_bits, sizeof(nan_bits), 0,
                                 elements * sizeof(float), 0, NULL, &event));
    return event;
}

/* Reads dst, with what lies around it, after an event. */
static void check_dst(caller *c, cl_event after, const char *how)
{
    const size_t before = c->offset < WORKLOAD_GUARD ? c->offset : WORKLOAD_GUARD;
    workload_clear(&c->w);
    CHECK_CL(clEnqueueReadBuffer(
        c->queue, c->buffers.dst.mem, CL_TRUE, (c->offset - before) * sizeof(float),
        (before + c->w.dst_elements + WORKLOAD_GUARD) * sizeof(float), c->w.dst - before,
        after != NULL, after != NULL ? &after : NULL, NULL));
    workload_check(&c->w, how);
}

static const struct {
    const char *name;
    cl_command_queue_properties properties;
} queues[] = {{"in order", 0}, {"out of order", CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE}};

Test(enqueue, waits_computes_and_signals, .timeout = 60)
{
    static const char *const texts[] = {SEPARABLE, "mb2ic3ih8iw8oc4kh3kw3ph1pw1",
                                        "deconv:mb2ic6ih7iw5oc4kh3kw4sh2sw3ph1pw2+bias"};
    for (size_t q = 0; q < 2; ++q)
        for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); ++t)
            for (size_t offset = 0; offset <= 77; offset += 77) {
                caller c = caller_make(texts[t], queues[q].properties, offset);
                clconv_error error = {0};
                cl_event done = NULL, cleared = clear_dst(&c);
                c.buffers.stages = c.stages;
                cr_assert_eq(
                    clconv_enqueue(c.plan, c.queue, &c.buffers, 1, &cleared, &done, &error),
                    CLCONV_OK, "%s, %s: %s", texts[t], queues[q].name, error.message);
                cr_assert_not_null(done);
                check_dst(&c, done, queues[q].name);
                clReleaseEvent(done);
                clReleaseEvent(cleared);
                caller_free(&c);
            }
}

Test(enqueue, starts_only_after_its_wait_list, .timeout = 60)
{
    for (size_t q = 0; q < 2; ++q) {
        caller c = caller_make(SEPARABLE, queues[q].properties, 0);
        cl_int code = CL_SUCCESS, state = CL_COMPLETE;
        cl_event gate = clCreateUserEvent(c.cl, &code), done = NULL;
        CHECK_CL(code);
        cl_event cleared = clear_dst(&c);
        const cl_event wait[2] = {cleared, gate};
        c.buffers.stages = c.stages;
        cr_assert_eq(clconv_enqueue(c.plan, c.queue, &c.buffers, 2, wait, &done, NULL), CLCONV_OK);
        clFlush(c.queue);
        for (int i = 0; i < 50; ++i) { /* long enough for the work, were it not waiting */
            CHECK_CL(clGetEventInfo(done, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(state), &state,
                                    NULL));
            cr_assert_neq(state, CL_COMPLETE, "%s: did not wait", queues[q].name);
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        CHECK_CL(clSetUserEventStatus(gate, CL_COMPLETE));
        check_dst(&c, done, queues[q].name);
        clReleaseEvent(done);
        clReleaseEvent(cleared);
        clReleaseEvent(gate);
        caller_free(&c);
    }
}

Test(enqueue, needs_no_event_on_a_queue_in_order)
{
    caller c = caller_make(SEPARABLE, 0, 3);
    clReleaseEvent(clear_dst(&c));
    c.buffers.stages = c.stages;
    cr_assert_eq(clconv_enqueue(c.plan, c.queue, &c.buffers, 0, NULL, NULL, NULL), CLCONV_OK);
    check_dst(&c, NULL, "no event");
    caller_free(&c);
}

Test(enqueue, packs_weights_from_device_memory)
{
    for (size_t q = 0; q < 2; ++q) {
        caller c = caller_make(SEPARABLE, queues[q].properties, 5);
        clconv_weights *packed = NULL;
        clconv_error error = {0};
        cr_assert_eq(clconv_weights_pack_cl(c.plan, c.queue, c.stages, &packed, &error), CLCONV_OK,
                     "%s", error.message);
        c.buffers.packed = packed;
        for (int run = 0; run < 2; ++run) {
            cl_event done = NULL, cleared = clear_dst(&c);
            cr_assert_eq(clconv_enqueue(c.plan, c.queue, &c.buffers, 1, &cleared, &done, &error),
                         CLCONV_OK, "%s", error.message);
            check_dst(&c, done, queues[q].name);
            clReleaseEvent(done);
            clReleaseEvent(cleared);
        }
        workload_execute(&c.w, c.plan, packed, "packed on the device, executed from the host");
        clconv_weights_destroy(packed);
        caller_free(&c);
    }
}

/* ---- What is refused ---- */

static void refuse(const caller *c, const clconv_buffers *buffers, const char *part)
{
    clconv_error error = {0};
    cl_event event = (cl_event)&error;
    cr_assert_eq(clconv_enqueue(c->plan, c->queue, buffers, 0, NULL, &event, &error),
                 CLCONV_INVALID_ARGUMENT, "%s", part);
    cr_assert_null(event);
    cr_assert_not_null(strstr(error.message, part), "no \"%s\" in: %s", part, error.message);
}

Test(enqueue, bad_buffers_are_named)
{
    caller c = caller_make(SEPARABLE, 0, 8), other = caller_make("mb1ic1ih4iw4oc1kh3kw3", 0, 0);
    c.buffers.stages = c.stages;
    clconv_buffers bad = c.buffers;
    refuse(&c, NULL, "null");
    bad.src.mem = NULL;
    refuse(&c, &bad, "src: mem is NULL");
    bad = c.buffers;
    bad.dst.offset_bytes += WORKLOAD_GUARD * sizeof(float) + 4;
    refuse(&c, &bad, "dst: needs 3240 bytes");
    bad = c.buffers;
    bad.src.offset_bytes = 2;
    refuse(&c, &bad, "src: offset_bytes is 2");
    bad = c.buffers;
    bad.src.offset_bytes = (size_t)-4;
    refuse(&c, &bad, "src: needs");
    bad = c.buffers;
    bad.workspace.mem = NULL;
    refuse(&c, &bad, "workspace: mem is NULL");
    bad = c.buffers;
    bad.workspace.offset_bytes = 4;
    refuse(&c, &bad, "workspace: offset_bytes is 4");
    bad = c.buffers;
    bad.workspace.offset_bytes += 64;
    refuse(&c, &bad, "workspace: needs");
    bad = c.buffers;
    bad.stages = NULL;
    refuse(&c, &bad, "stages");
    bad = c.buffers;
    bad.src.mem = other.buffers.src.mem;
    refuse(&c, &bad, "another cl_context");

    clconv_stage_buffers stages[2] = {c.stages[0], c.stages[1]};
    bad = c.buffers;
    bad.stages = stages;
    stages[1].weights.mem = NULL;
    refuse(&c, &bad, "weights of stage 1");
    stages[1] = c.stages[1];
    stages[1].bias.mem = NULL;
    refuse(&c, &bad, "bias of stage 1");
    refuse(&c, &bad, "[g3mb2ic3");
    caller_free(&c);
    caller_free(&other);
}

Test(enqueue, weights_that_the_host_may_not_read_are_refused)
{
    caller c = caller_make("mb1ic8ih9iw9oc8kh3kw3ph1pw1", 0, 0);
    if (clconv_context_device(c.context)->kind != CLCONV_DEVICE_CPU)
        cr_skip_test("weights are packed by a kernel");
    const cl_mem_flags flags[] = {CL_MEM_HOST_WRITE_ONLY, CL_MEM_HOST_NO_ACCESS};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); ++i) {
        cl_int code = CL_SUCCESS;
        const size_t bytes = (size_t)c.w.sizes[0].weights * sizeof(float);
        clconv_stage_buffers stage = {
            .weights.mem = clCreateBuffer(c.cl, CL_MEM_READ_WRITE | flags[i], bytes, NULL, &code)};
        CHECK_CL(code);
        clconv_buffers bad = c.buffers;
        bad.stages = &stage;
        refuse(&c, &bad, "the host may not read the buffer of the weights");
        clReleaseMemObject(stage.weights.mem);
    }
    caller_free(&c);
}

Test(enqueue, foreign_queues_and_weights_are_refused)
{
    caller c = caller_make(SEPARABLE, 0, 0), other = caller_make("mb1ic1ih4iw4oc1kh3kw3", 0, 0);
    clconv_weights *packed = NULL;
    clconv_error error = {0};
    c.buffers.stages = c.stages;
    cr_assert_eq(clconv_enqueue(c.plan, other.queue, &c.buffers, 0, NULL, NULL, &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(error.message, "another cl_context"), "%s", error.message);
    cr_assert_eq(clconv_enqueue(c.plan, NULL, &c.buffers, 0, NULL, NULL, &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_eq(clconv_enqueue(NULL, c.queue, &c.buffers, 0, NULL, NULL, &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_eq(clconv_enqueue(c.plan, c.queue, &c.buffers, 1, NULL, NULL, &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_eq(clconv_weights_pack_cl(c.plan, other.queue, c.stages, &packed, &error),
                 CLCONV_INVALID_ARGUMENT);
    cr_assert_null(packed);
    cr_assert_eq(clconv_weights_pack(other.plan, other.w.stages, &packed, &error), CLCONV_OK);
    c.buffers.packed = packed;
    refuse(&c, &c.buffers, "another plan");
    clconv_weights_destroy(packed);
    caller_free(&c);
    caller_free(&other);
}

Test(enqueue, the_reference_has_no_queue)
{
    caller c = caller_make(SEPARABLE, 0, 0);
    clconv_context *reference = test_context("reference");
    clconv_plan *plan = workload_plan(&c.w, reference, NULL);
    clconv_weights *packed = NULL;
    clconv_error error = {0};
    c.buffers.stages = c.stages;
    cr_assert_eq(clconv_enqueue(plan, c.queue, &c.buffers, 0, NULL, NULL, &error),
                 CLCONV_UNSUPPORTED, "%s", error.message);
    cr_assert_eq(clconv_weights_pack_cl(plan, c.queue, c.stages, &packed, &error),
                 CLCONV_UNSUPPORTED, "%s", error.message);
    clconv_plan_destroy(plan);
    clconv_context_destroy(reference);
    caller_free(&c);
}

Test(enqueue, a_context_of_the_callers)
{
    caller c = caller_make("mb1ic1ih4iw4oc1kh3kw3", 0, 0);
    cl_context cl = NULL;
    cl_device_id id = NULL;
    cl_command_queue queue = NULL;
    cl_command_queue_properties properties = CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;
    clconv_context *context = (clconv_context *)&c;
    clconv_error error = {0};
    clconv_context_objects(c.context, &cl, &id, &queue);
    cr_assert(cl == c.cl && id == c.id && queue != NULL && queue != c.queue);
    CHECK_CL(
        clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof(properties), &properties, NULL));
    cr_assert_eq(properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0);
    cr_assert_eq(clconv_context_create_cl(NULL, c.id, &context, &error), CLCONV_INVALID_ARGUMENT);
    cr_assert_null(context);
    cr_assert_eq(clconv_context_create_cl(c.cl, NULL, &context, &error), CLCONV_INVALID_ARGUMENT);
    cr_assert_eq(clconv_context_create_cl(c.cl, c.id, NULL, &error), CLCONV_INVALID_ARGUMENT);
    caller_free(&c);
}
