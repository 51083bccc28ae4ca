/* What an execution after the first does, call by call: nothing is allocated, nothing is made,
 * nothing is copied that was not asked for, and no call waits but the one that must. */
#define _GNU_SOURCE
#include "clconv_cl.h"
#include "workload.h"

#include <dlfcn.h>
#include <string.h>

/* ---- Calls of the library, counted. This program's definitions come before the loader's. ---- */

typedef struct calls {
    int made; /* OpenCL objects */
    int launches, arguments, writes, reads, copies, waits, events;
    int allocations; /* of host memory, by clconv itself */
} calls;

static calls seen;

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    cr_assert_not_null(found, "%s", name);
    return found;
}

#define FORWARD(type, name, parameters, arguments, count)                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*forward) parameters;                                                          \
        void *found = forward == NULL ? real(#name) : NULL;                                        \
        if (found != NULL)                                                                         \
            memcpy(&forward, &found, sizeof(found));                                               \
        count;                                                                                     \
        return forward arguments;                                                                  \
    }

/* Parameters are called as in cl.h. */
FORWARD(cl_mem, clCreateBuffer,
        (cl_context context, cl_mem_flags flags, size_t size, void *host_ptr, cl_int *errcode_ret),
        (context, flags, size, host_ptr, errcode_ret), ++seen.made)
FORWARD(cl_command_queue, clCreateCommandQueue,
        (cl_context context, cl_device_id device, cl_command_queue_properties properties,
         cl_int *errcode_ret),
        (context, device, properties, errcode_ret), ++seen.made)
FORWARD(cl_kernel, clCreateKernel,
        (cl_program program, const char *kernel_name, cl_int *errcode_ret),
        (program, kernel_name, errcode_ret), ++seen.made)
FORWARD(cl_program, clCreateProgramWithSource,
        (cl_context context, cl_uint count, const char **strings, const size_t *lengths,
         cl_int *errcode_ret),
        (context, count, strings, lengths, errcode_ret), ++seen.made)
FORWARD(cl_int, clSetKernelArg,
        (cl_kernel kernel, cl_uint arg_index, size_t arg_size, const void *arg_value),
        (kernel, arg_index, arg_size, arg_value), ++seen.arguments)
FORWARD(cl_int, clEnqueueNDRangeKernel,
        (cl_command_queue command_queue, cl_kernel kernel, cl_uint work_dim,
         const size_t *global_work_offset, const size_t *global_work_size,
         const size_t *local_work_size, cl_uint num_events_in_wait_list,
         const cl_event *event_wait_list, cl_event *event),
        (command_queue, kernel, work_dim, global_work_offset, global_work_size, local_work_size,
         num_events_in_wait_list, event_wait_list, event),
        (++seen.launches, seen.events += event != NULL))
FORWARD(cl_int, clEnqueueWriteBuffer,
        (cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_write, size_t offset,
         size_t size, const void *ptr, cl_uint num_events_in_wait_list,
         const cl_event *event_wait_list, cl_event *event),
        (command_queue, buffer, blocking_write, offset, size, ptr, num_events_in_wait_list,
         event_wait_list, event),
        (++seen.writes, seen.waits += blocking_write != CL_FALSE, seen.events += event != NULL))
FORWARD(cl_int, clEnqueueReadBuffer,
        (cl_command_queue command_queue, cl_mem buffer, cl_bool blocking_read, size_t offset,
         size_t size, void *ptr, cl_uint num_events_in_wait_list, const cl_event *event_wait_list,
         cl_event *event),
        (command_queue, buffer, blocking_read, offset, size, ptr, num_events_in_wait_list,
         event_wait_list, event),
        (++seen.reads, seen.waits += blocking_read != CL_FALSE, seen.events += event != NULL))
FORWARD(cl_int, clEnqueueCopyBuffer,
        (cl_command_queue command_queue, cl_mem src_buffer, cl_mem dst_buffer, size_t src_offset,
         size_t dst_offset, size_t size, cl_uint num_events_in_wait_list,
         const cl_event *event_wait_list, cl_event *event),
        (command_queue, src_buffer, dst_buffer, src_offset, dst_offset, size,
         num_events_in_wait_list, event_wait_list, event),
        ++seen.copies)
FORWARD(cl_int, clFinish, (cl_command_queue command_queue), (command_queue), ++seen.waits)
FORWARD(cl_int, clWaitForEvents, (cl_uint num_events, const cl_event *event_list),
        (num_events, event_list), ++seen.waits)

/* The linker sends the allocations of this program and of clconv here, and of nobody else. */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    ++seen.allocations;
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    ++seen.allocations;
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    ++seen.allocations;
    return __real_realloc(old, bytes);
}

/* ---- Plans ---- */

typedef struct fixture {
    clconv_context *context;
    workload w;
    clconv_plan *plan;
    clconv_weights *packed;
    size_t least_launches;
} fixture;

static fixture start(const char *text)
{
    fixture f = {.context = test_context(NULL), .w = workload_make(text)};
    if (clconv_context_device(f.context)->kind == CLCONV_DEVICE_REFERENCE)
        cr_skip_test("no OpenCL device");
    f.plan = workload_plan(&f.w, f.context, NULL);
    for (size_t i = 0; i < f.w.count; ++i) /* two stages may run as one, named for both */
        f.least_launches += i == 0 || strcmp(clconv_plan_algorithm(f.plan, i),
                                             clconv_plan_algorithm(f.plan, i - 1)) != 0;
    cr_assert_eq(clconv_weights_pack(f.plan, f.w.stages, &f.packed, NULL), CLCONV_OK);
    workload_execute(&f.w, f.plan, f.packed, "first");
    return f;
}

static void stop(fixture *f)
{
    clconv_weights_destroy(f->packed);
    clconv_plan_destroy(f->plan);
    workload_free(&f->w);
    clconv_context_destroy(f->context);
}

/* One launch an algorithm at least; one in several steps has several. */
static void check_steady(const fixture *f, const char *what)
{
    cr_assert_eq(seen.allocations, 0, "%s: %d allocations", what, seen.allocations);
    cr_assert_eq(seen.made, 0, "%s: %d objects", what, seen.made);
    cr_assert_eq(seen.copies, 0, "%s: %d copies", what, seen.copies);
    cr_assert_eq(seen.events, 0, "%s: %d events", what, seen.events);
    cr_assert_geq((size_t)seen.launches, f->least_launches, "%s", what);
    cr_assert_leq(seen.arguments, 16 * seen.launches, "%s: arguments set twice", what);
}

static const char *const texts[] = {
    "mb1ic3ih8iw8oc4kh3kw3ph1pw1+bias",
    "g12mb2ic12ih9iw10oc12kh3kw3ph1pw1+bias+relu -> mb2ic12ih9iw10oc20kh1kw1+bias+relu",
    "deconv:mb1ic8ih6iw7oc6kh4kw4sh2sw2ph1pw1",
};

enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

Test(steady, executing_copies_in_and_out_and_no_more, .timeout = 120)
{
    for (int i = 0; i < TEXTS; ++i) {
        fixture f = start(texts[i]);
        const clconv_tensors tensors = {.src = f.w.src, .dst = f.w.dst, .packed = f.packed};
        for (int run = 0; run < 3; ++run) {
            seen = (calls){0};
            const clconv_status status = clconv_execute(f.plan, &tensors, NULL, NULL);
            const calls after = seen;
            cr_assert_eq(status, CLCONV_OK);
            seen = after;
            check_steady(&f, texts[i]);
            cr_assert_eq(after.writes, 1, "%s", texts[i]);
            cr_assert_eq(after.reads, 1, "%s", texts[i]);
            cr_assert_eq(after.waits, 1, "%s: waits once, for the result", texts[i]);
        }
        stop(&f);
    }
}

static cl_mem make_buffer(cl_context cl, size_t bytes)
{
    cl_int code = CL_SUCCESS;
    cl_mem mem = bytes > 0 ? clCreateBuffer(cl, CL_MEM_READ_WRITE, bytes, NULL, &code) : NULL;
    cr_assert_eq(code, CL_SUCCESS);
    return mem;
}

Test(steady, enqueuing_launches_and_no_more, .timeout = 120)
{
    for (int i = 0; i < TEXTS; ++i) {
        fixture f = start(texts[i]);
        cl_context cl = NULL;
        cl_command_queue queue = NULL;
        clconv_context_objects(f.context, &cl, NULL, &queue);
        const clconv_buffers buffers = {
            .src = {make_buffer(cl, f.w.src_elements * sizeof(float)), 0},
            .dst = {make_buffer(cl, f.w.dst_elements * sizeof(float)), 0},
            .packed = f.packed,
            .workspace = {make_buffer(cl, clconv_plan_workspace(f.plan)), 0},
        };
        for (int run = 0; run < 3; ++run) {
            seen = (calls){0};
            const clconv_status status =
                clconv_enqueue(f.plan, queue, &buffers, 0, NULL, NULL, NULL);
            const calls after = seen;
            cr_assert_eq(status, CLCONV_OK);
            seen = after;
            check_steady(&f, texts[i]);
            cr_assert_eq(after.writes + after.reads, 0, "%s", texts[i]);
            cr_assert_eq(after.waits, 0, "%s: returns without waiting", texts[i]);
        }
        cr_assert_eq(clFinish(queue), CL_SUCCESS);
        clReleaseMemObject(buffers.src.mem);
        clReleaseMemObject(buffers.dst.mem);
        if (buffers.workspace.mem != NULL)
            clReleaseMemObject(buffers.workspace.mem);
        stop(&f);
    }
}
