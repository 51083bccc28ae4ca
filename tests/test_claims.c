/* Launches whose work-items claim chunks of the work in the workspace (kernels/claims.h): all of
 * the result is written whatever lies in the workspace, and whoever is slow. */
#include "clconv_cl.h"
#include "workload.h"

/* Long enough for claims, with planes that chunks cut. */
#define LONG "g50mb1ic50ih112iw113oc100oh112ow113kh3kw3ph1pw1+bias+silu"

enum { LAUNCHES = 60, QUEUES = 2 };

typedef struct lane { /* a queue, and what its executions write */
    cl_command_queue queue;
    cl_mem dst, workspace;
} lane;

static cl_mem make_buffer(cl_context cl, void *from, size_t bytes)
{
    cl_int code = CL_SUCCESS;
    const cl_mem_flags flags = from != NULL ? CL_MEM_COPY_HOST_PTR : 0;
    cl_mem mem = clCreateBuffer(cl, flags, bytes, from, &code);
    cr_assert_eq(code, CL_SUCCESS);
    return mem;
}

static void fill(const lane *l, cl_mem mem, cl_uint pattern, size_t bytes)
{
    cr_assert_eq(
        clEnqueueFillBuffer(l->queue, mem, &pattern, sizeof(pattern), 0, bytes, 0, NULL, NULL),
        CL_SUCCESS);
}

Test(claims, all_is_written_whatever_lies_in_the_workspace, .timeout = 120)
{
    clconv_context *context = NULL;
    clconv_error error = {0};
    if (clconv_context_create(NULL, &context, &error) != CLCONV_OK)
        cr_skip_test("no OpenCL device");
    cl_context cl = NULL;
    cl_device_id id = NULL;
    clconv_context_objects(context, &cl, &id, NULL);
    if (cl == NULL)
        cr_skip_test("no OpenCL device");
    workload w = workload_make(LONG);
    const clconv_options options = {.algorithm = "rows"};
    clconv_plan *plan = NULL;
    if (clconv_plan_create(context, w.problems, w.count, &options, &plan, &error) != CLCONV_OK)
        cr_skip_test("%s", error.message);
    const size_t workspace = clconv_plan_workspace(plan), bytes = w.dst_elements * sizeof(float);
    if (workspace == 0)
        cr_skip_test("this device's work-items claim nothing");

    clconv_weights *packed = NULL;
    cr_assert_eq(clconv_weights_pack(plan, w.stages, &packed, &error), CLCONV_OK);
    cl_mem src = make_buffer(cl, w.src, w.src_elements * sizeof(float));
    lane lanes[QUEUES];
    for (int i = 0; i < QUEUES; ++i)
        lanes[i] = (lane){clCreateCommandQueue(cl, id, 0, NULL), make_buffer(cl, NULL, bytes),
                          make_buffer(cl, NULL, workspace)};

    /* Both queues at once. The first words are as memory has them, then what a launch left. */
    for (int n = 0; n < LAUNCHES; ++n) {
        for (int i = 0; i < QUEUES; ++i) {
            const clconv_buffers buffers = {.src.mem = src,
                                            .dst.mem = lanes[i].dst,
                                            .packed = packed,
                                            .workspace.mem = lanes[i].workspace};
            if (n % 3 == 1)
                fill(&lanes[i], lanes[i].workspace, (cl_uint)n * 0x01010101u, workspace);
            fill(&lanes[i], lanes[i].dst, 0x7fc00000, bytes);
            cr_assert_eq(clconv_enqueue(plan, lanes[i].queue, &buffers, 0, NULL, NULL, &error),
                         CLCONV_OK, "%s", error.message);
            clFlush(lanes[i].queue);
        }
        for (int i = 0; i < QUEUES; ++i) {
            workload_clear(&w);
            cr_assert_eq(clEnqueueReadBuffer(lanes[i].queue, lanes[i].dst, CL_TRUE, 0, bytes, w.dst,
                                             0, NULL, NULL),
                         CL_SUCCESS);
            workload_check(&w, "claimed");
        }
    }

    for (int i = 0; i < QUEUES; ++i) {
        clReleaseMemObject(lanes[i].dst);
        clReleaseMemObject(lanes[i].workspace);
        clReleaseCommandQueue(lanes[i].queue);
    }
    clReleaseMemObject(src);
    clconv_weights_destroy(packed);
    clconv_plan_destroy(plan);
    clconv_context_destroy(context);
    workload_free(&w);
}
