#include "probe.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 16, MAX_DEPTH = 16, MAX_COLUMNS = 16, WARP = 32 }; /* as in features.cl */

typedef struct feature {
    const char *name;
    const char *text;
    int depth;
    int columns;
} feature;

static const feature features[] = {
    {"inline_asm", "asm with %laneid and fma.rn.f32", 8, 8},
    {"wmma_fp16", "wmma m16n16k16, fp16 operands, fp32 sums", 16, 16},
    {"mma_tf32", "mma.sync m16n8k8, TF32 operands", 8, 8},
    {"mma_fp16", "mma.sync m16n8k16, fp16 operands, fp32 sums", 16, 8},
    {"ldmatrix", "ldmatrix x4 and x2.trans into mma.sync m16n8k16", 16, 8},
    {"cp_async", "cp.async of 16 bytes, commit_group, wait_group", 8, 8},
};

/* One product d = a * b and what it should be. */
typedef struct product {
    float a[ROWS * MAX_DEPTH];
    float b[MAX_DEPTH * MAX_COLUMNS];
    float d[ROWS * MAX_COLUMNS];
    float wanted[ROWS * MAX_COLUMNS];
} product;

/* Small integers without a pattern that a wrong layout would leave as it is. */
static void fill(const feature *f, product *x)
{
    unsigned state = 12345;
    for (int i = 0; i < ROWS * f->depth; i++)
        x->a[i] = (float)((state = state * 1664525u + 1013904223u) >> 28) - 7;
    for (int i = 0; i < f->depth * f->columns; i++)
        x->b[i] = (float)((state = state * 1664525u + 1013904223u) >> 28) - 8;
    for (int row = 0; row < ROWS; row++) {
        for (int column = 0; column < f->columns; column++) {
            float sum = 0;
            for (int k = 0; k < f->depth; k++)
                sum += x->a[row * f->depth + k] * x->b[k * f->columns + column];
            x->wanted[row * f->columns + column] = sum;
            x->d[row * f->columns + column] = -1e9f; /* what no sum is */
        }
    }
}

static cl_int run(const probe *p, cl_kernel kernel, const feature *f, product *x)
{
    const size_t bytes[] = {sizeof(float) * ROWS * (size_t)f->depth,
                            sizeof(float) * (size_t)(f->depth * f->columns),
                            sizeof(float) * ROWS * (size_t)f->columns};
    float *const arrays[] = {x->a, x->b, x->d};
    const size_t items = WARP;
    cl_mem buffers[3] = {NULL};
    cl_int code = CL_SUCCESS;
    for (cl_uint i = 0; i < 3 && code == CL_SUCCESS; i++) {
        buffers[i] = clCreateBuffer(p->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes[i],
                                    arrays[i], &code);
        if (code == CL_SUCCESS)
            code = clSetKernelArg(kernel, i, sizeof buffers[i], &buffers[i]);
    }
    if (code == CL_SUCCESS)
        code = clEnqueueNDRangeKernel(p->queue, kernel, 1, NULL, &items, &items, 0, NULL, NULL);
    if (code == CL_SUCCESS)
        code = clEnqueueReadBuffer(p->queue, buffers[2], CL_TRUE, 0, bytes[2], x->d, 0, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        if (buffers[i])
            clReleaseMemObject(buffers[i]);
    }
    return code;
}

static json_t *verdict(const feature *f, const char *status, const char *reason)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "name", f->name, "text", f->text, "status", status,
                     "reason", reason);
}

static json_t *judge(const feature *f, cl_int code, const product *x)
{
    char reason[160];
    if (code != CL_SUCCESS) {
        snprintf(reason, sizeof reason, "OpenCL error %d", (int)code);
        return verdict(f, "does not run", reason);
    }
    for (int i = 0; i < ROWS * f->columns; i++) {
        if (x->d[i] == x->wanted[i])
            continue;
        snprintf(reason, sizeof reason, "row %d, column %d is %g, not %g", i / f->columns,
                 i % f->columns, (double)x->d[i], (double)x->wanted[i]);
        return verdict(f, "wrong numbers", reason);
    }
    return verdict(f, "works", "");
}

static json_t *try_feature(const probe *p, const char *source, const feature *f)
{
    char options[128];
    char log[512];
    cl_program program;
    product x = {.a = {0}};
    snprintf(options, sizeof options, "-DFEATURE_%s -DDEPTH=%d -DCOLUMNS=%d", f->name, f->depth,
             f->columns);
    const cl_kernel kernel = probe_build(p, source, options, "feature", &program, log, sizeof log);
    if (!kernel)
        return verdict(f, "does not build", log);
    fill(f, &x);
    json_t *const result = judge(f, run(p, kernel, f, &x), &x);
    clReleaseKernel(kernel);
    clReleaseProgram(program);
    return result;
}

json_t *probe_features(const probe *p, const char *source)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        json_array_append_new(
            list, p->nvidia ? try_feature(p, source, &features[i])
                            : verdict(&features[i], "not tried", "the vendor is not NVIDIA"));
    return list;
}
