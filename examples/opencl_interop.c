/* A convolution in the middle of a program's own OpenCL work: its context, its queue, its buffers,
 * its events. Adds up each 3x3 neighbourhood of a picture of ones. */
#include <clconv_cl.h>
#include <stdio.h>

enum { SIZE = 64, ELEMENTS = SIZE * SIZE };

#define CHECK(condition, text)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s\n", text);                                                         \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

int main(void)
{
    /* What such a program has already. */
    cl_platform_id platform;
    cl_device_id device;
    cl_int code = clGetPlatformIDs(1, &platform, NULL);
    CHECK(code == CL_SUCCESS, "no OpenCL platform");
    code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL);
    CHECK(code == CL_SUCCESS, "no OpenCL device");
    cl_context cl = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    CHECK(code == CL_SUCCESS, "clCreateContext failed");
    cl_command_queue queue = clCreateCommandQueue(cl, device, 0, &code);
    CHECK(code == CL_SUCCESS, "clCreateCommandQueue failed");
    cl_mem src = clCreateBuffer(cl, CL_MEM_READ_WRITE, ELEMENTS * sizeof(float), NULL, &code);
    CHECK(code == CL_SUCCESS, "no buffer");
    cl_mem dst = clCreateBuffer(cl, CL_MEM_READ_WRITE, ELEMENTS * sizeof(float), NULL, &code);
    CHECK(code == CL_SUCCESS, "no buffer");

    /* The plan, once. */
    clconv_context *context = NULL;
    clconv_plan *plan = NULL;
    clconv_weights *weights = NULL;
    clconv_error error = {0};
    clconv_problem problem = clconv_problem_2d(1, 1, SIZE, SIZE, 3, 3);
    const float ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const clconv_stage_tensors stage = {.weights = ones};
    CHECK(clconv_problem_pad_same(&problem, &error) == CLCONV_OK, error.message);
    CHECK(clconv_context_create_cl(cl, device, &context, &error) == CLCONV_OK, error.message);
    CHECK(clconv_plan_create(context, &problem, 1, NULL, &plan, &error) == CLCONV_OK,
          error.message);
    CHECK(clconv_weights_pack(plan, &stage, &weights, &error) == CLCONV_OK, error.message);
    const size_t workspace_bytes = clconv_plan_workspace(plan);
    cl_mem workspace = NULL;
    if (workspace_bytes > 0)
        workspace = clCreateBuffer(cl, CL_MEM_READ_WRITE, workspace_bytes, NULL, &code);
    CHECK(code == CL_SUCCESS, "no buffer");

    /* The work: fill, convolve after it, read after that. Nothing here waits but the read. */
    static float result[ELEMENTS];
    const float one = 1.0f;
    cl_event filled = NULL, convolved = NULL;
    code = clEnqueueFillBuffer(queue, src, &one, sizeof one, 0, ELEMENTS * sizeof one, 0, NULL,
                               &filled);
    CHECK(code == CL_SUCCESS, "clEnqueueFillBuffer failed");
    const clconv_buffers buffers = {
        .src.mem = src, .dst.mem = dst, .packed = weights, .workspace.mem = workspace};
    CHECK(clconv_enqueue(plan, queue, &buffers, 1, &filled, &convolved, &error) == CLCONV_OK,
          error.message);
    code = clEnqueueReadBuffer(queue, dst, CL_TRUE, 0, sizeof result, result, 1, &convolved, NULL);
    CHECK(code == CL_SUCCESS, "clEnqueueReadBuffer failed");
    printf("corner %g, edge %g, inside %g\n", (double)result[0], (double)result[1],
           (double)result[SIZE + 1]);
    CHECK(result[0] == 4.0f && result[1] == 6.0f && result[SIZE + 1] == 9.0f, "wrong sums");

    clReleaseEvent(filled);
    clReleaseEvent(convolved);
    clconv_weights_destroy(weights);
    clconv_plan_destroy(plan);
    clconv_context_destroy(context);
    if (workspace != NULL)
        clReleaseMemObject(workspace);
    clReleaseMemObject(src);
    clReleaseMemObject(dst);
    clReleaseCommandQueue(queue);
    clReleaseContext(cl);
    return 0;
}
