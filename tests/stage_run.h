/* Runs one problem with one algorithm on the first OpenCL device, described as a device of any
 * kind, so that forms for GPUs are tested without one. Two gates: integers to the bit, and random
 * reals within the reference's bound; each runs twice, from and into buffers with offsets, between
 * guard bands, into NaN. Needs the layers core, reference, cl and conv. */
#ifndef STAGE_RUN_H
#define STAGE_RUN_H

#include "conv/algorithm.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STAGE_GUARD = 64 }; /* elements before and after each tensor; offsets are below it */

typedef struct stage_device {
    cc_device_list list;
    cl_context cl;
    cl_command_queue queue;
    cc_programs *programs;
    clconv_device description;
} stage_device;

static stage_device stage_on;

/* What builds a stage instead of its algorithm's row, to take a form that no rule chooses here. */
static clconv_status (*stage_build)(cc_stage *stage, clconv_error *error);

static void stage_open(void)
{
    clconv_error error;
    cr_assert_eq(cc_device_list_make(&stage_on.list, &error), CLCONV_OK, "%s", error.message);
    cr_assert_gt(stage_on.list.count, (size_t)0, "no OpenCL device");
    const cl_device_id id = stage_on.list.ids[0];
    cr_assert_eq(cc_device_describe(id, &stage_on.description, &error), CLCONV_OK, "%s",
                 error.message);
    cl_command_queue_properties modes = 0;
    clGetDeviceInfo(id, CL_DEVICE_QUEUE_PROPERTIES, sizeof(modes), &modes, NULL);
    stage_on.cl = clCreateContext(NULL, 1, &id, NULL, NULL, NULL);
    stage_on.queue =
        clCreateCommandQueue(stage_on.cl, id, modes & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, NULL);
    cr_assert_not_null(stage_on.queue);
    cr_assert_eq(cc_programs_create(stage_on.cl, id, &stage_on.programs, &error), CLCONV_OK);
}

static void stage_close(void)
{
    cc_programs_destroy(stage_on.programs);
    clReleaseCommandQueue(stage_on.queue);
    clReleaseContext(stage_on.cl);
    cc_device_list_free(&stage_on.list);
}

/* A tensor on the host with guard bands of NaN around it. */
static float *stage_tensor(int64_t count)
{
    const size_t total = (size_t)count + 2 * STAGE_GUARD;
    float *data = malloc(total * sizeof(*data));
    cr_assert_not_null(data);
    for (size_t i = 0; i < total; ++i)
        data[i] = NAN;
    return data;
}

static void stage_fill(float *data, int64_t count, int integers, uint32_t *seed)
{
    for (int64_t i = 0; i < count; ++i) {
        *seed = *seed * 1664525u + 1013904223u;
        const int small = (int)(*seed >> 8) % 9 - 4;
        data[i] = integers ? (float)small : (float)(*seed >> 8) / (float)(1u << 23) - 1.0f;
    }
}

/* The buffer holds the tensor `offset` elements from its start, NaN all around. */
static cc_tensor stage_upload(const float *guarded, int64_t count, int offset)
{
    const size_t total = (size_t)count + STAGE_GUARD;
    cl_int code = CL_SUCCESS;
    union {
        const float *from;
        void *to;
    } cast = {guarded + STAGE_GUARD - offset};
    cl_mem mem =
        clCreateBuffer(stage_on.cl, CL_MEM_COPY_HOST_PTR, total * sizeof(float), cast.to, &code);
    cr_assert_eq(code, CL_SUCCESS);
    return (cc_tensor){mem, (cl_ulong)offset};
}

static void stage_enqueue(const cc_stage *stage, const cc_stage_io *io, const char *text)
{
    clconv_error error;
    cc_chain chain;
    cl_event event = NULL;
    cr_assert_eq(cc_chain_begin(&chain, stage_on.queue, 0, NULL, 1, &error), CLCONV_OK);
    cr_assert_eq(stage->algorithm->enqueue(stage, &chain, io, &error), CLCONV_OK, "%s: %s", text,
                 error.message);
    cr_assert_eq(cc_chain_end(&chain, &event, &error), CLCONV_OK, "%s: %s", text, error.message);
    cr_assert_not_null(event);
    clWaitForEvents(1, &event);
    clReleaseEvent(event);
}

/* Replaces the weights of `io` by packed ones, made in a buffer full of NaN. */
static void stage_pack(const cc_stage *stage, cc_stage_io *io, const char *text)
{
    clconv_error error;
    cc_chain chain;
    const int64_t count = (int64_t)(stage->packed_bytes / sizeof(float));
    float *nan = stage_tensor(count);
    const cc_tensor packed = stage_upload(nan, count, 16);
    cr_assert_eq(cc_chain_begin(&chain, stage_on.queue, 0, NULL, 0, &error), CLCONV_OK);
    cr_assert_eq(stage->algorithm->pack(stage, &chain, io->weights, packed, &error), CLCONV_OK,
                 "%s: %s", text, error.message);
    cr_assert_eq(cc_chain_end(&chain, NULL, &error), CLCONV_OK);
    clFinish(stage_on.queue);
    clReleaseMemObject(io->weights.mem);
    io->weights = packed;
    free(nan);
}

static void stage_gate(const cc_stage *stage, const clconv_problem *p, const char *text,
                       int integers)
{
    clconv_error error;
    clconv_sizes size;
    clconv_comparison result;
    uint32_t seed = 7;
    cr_assert_eq(clconv_problem_sizes(p, &size, &error), CLCONV_OK, "%s", error.message);
    float *src = stage_tensor(size.src), *weights = stage_tensor(size.weights),
          *bias = stage_tensor(size.bias), *dst = stage_tensor(size.dst),
          *first = stage_tensor(size.dst), *again = stage_tensor(size.dst);
    double *expected = malloc((size_t)size.dst * sizeof(double)),
           *bound = malloc((size_t)size.dst * sizeof(double));
    stage_fill(src + STAGE_GUARD, size.src, integers, &seed);
    stage_fill(weights + STAGE_GUARD, size.weights, integers, &seed);
    stage_fill(bias + STAGE_GUARD, size.bias, integers, &seed);
    const clconv_stage_tensors tensors = {weights + STAGE_GUARD,
                                          p->epilogue.bias ? bias + STAGE_GUARD : NULL};
    cr_assert_eq(clconv_reference(p, 1, src + STAGE_GUARD, &tensors, expected, bound, &error),
                 CLCONV_OK, "%s", error.message);

    cc_stage_io io = {.src = stage_upload(src, size.src, 3),
                      .weights = stage_upload(weights, size.weights, 5),
                      .dst = stage_upload(dst, size.dst, 17)};
    if (p->epilogue.bias)
        io.bias = stage_upload(bias, size.bias, 1);
    const int64_t scratch = (int64_t)(stage->workspace_bytes / sizeof(float));
    float *workspace = stage_tensor(scratch);
    if (scratch > 0)
        io.workspace = stage_upload(workspace, scratch, 16);
    if (stage->packed_bytes > 0)
        stage_pack(stage, &io, text);
    const size_t bytes = ((size_t)size.dst + STAGE_GUARD) * sizeof(float);
    stage_enqueue(stage, &io, text);
    clEnqueueReadBuffer(stage_on.queue, io.dst.mem, CL_TRUE, 0, bytes, first, 0, NULL, NULL);
    stage_enqueue(stage, &io, text);
    clEnqueueReadBuffer(stage_on.queue, io.dst.mem, CL_TRUE, 0, bytes, again, 0, NULL, NULL);

    cr_assert_eq(memcmp(first, again, bytes), 0, "%s: two runs differ", text);
    for (size_t i = 0; i < bytes / sizeof(float); ++i)
        if (i < io.dst.offset || i >= io.dst.offset + (size_t)size.dst)
            cr_assert(isnan(first[i]), "%s: wrote outside dst, at %zu", text, i);
    clconv_compare(first + io.dst.offset, expected, integers ? NULL : bound, (size_t)size.dst,
                   &result);
    cr_assert_eq(result.wrong, (size_t)0, "%s (%s): %zu wrong, worst at %zu: %g, off by %g", text,
                 integers ? "integers" : "reals", result.wrong, result.worst,
                 (double)first[io.dst.offset + result.worst], result.difference);

    const cl_mem mems[] = {io.src.mem, io.weights.mem, io.bias.mem, io.dst.mem, io.workspace.mem};
    for (size_t i = 0; i < sizeof(mems) / sizeof(mems[0]); ++i)
        if (mems[i] != NULL)
            clReleaseMemObject(mems[i]);
    free(src), free(weights), free(bias), free(dst), free(first), free(again);
    free(expected), free(bound), free(workspace);
}

/* The whole check. Activations other than linear ones skip the integer gate. */
static void stage_check(const char *algorithm, clconv_device_kind kind, const char *text)
{
    clconv_error error;
    clconv_problem problem;
    clconv_device device = stage_on.description;
    device.kind = kind;
    const cc_target target = {stage_on.cl, stage_on.list.ids[0], &device, stage_on.programs};
    cc_stage stage = {.algorithm = cc_algorithm_find(algorithm), .target = &target};
    cr_assert_not_null(stage.algorithm);
    cr_assert_eq(clconv_problem_parse(text, &problem, &error), CLCONV_OK, "%s", error.message);
    cr_assert_eq(cc_shape_make(&problem, &stage.shape, &error), CLCONV_OK, "%s", error.message);
    cr_assert_eq(stage.algorithm->applicable(&device, &stage.shape, &error), CLCONV_OK, "%s: %s",
                 text, error.message);
    const clconv_status built =
        stage_build != NULL ? stage_build(&stage, &error) : stage.algorithm->build(&stage, &error);
    cr_assert_eq(built, CLCONV_OK, "%s: %s", text, error.message);
    if (problem.epilogue.activation <= CLCONV_RELU6)
        stage_gate(&stage, &problem, text, 1);
    stage_gate(&stage, &problem, text, 0);
    stage.algorithm->destroy(&stage);
}

/* CLCONV_UNSUPPORTED and a reason. */
static void stage_check_refused(const char *algorithm, const char *text)
{
    clconv_error error = {.message = ""};
    clconv_problem problem;
    cc_shape shape;
    cr_assert_eq(clconv_problem_parse(text, &problem, &error), CLCONV_OK, "%s", error.message);
    cr_assert_eq(cc_shape_make(&problem, &shape, &error), CLCONV_OK, "%s", error.message);
    cr_assert_eq(cc_algorithm_find(algorithm)->applicable(&stage_on.description, &shape, &error),
                 CLCONV_UNSUPPORTED, "%s", text);
    cr_assert_neq(error.message[0], '\0', "%s: no reason", text);
}

#endif
