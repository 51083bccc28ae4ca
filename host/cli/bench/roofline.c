#include "roofline.h"

#include <math.h>
#include <stdio.h>

#include "clconv_cl.h"
#include "file.h"
#include "progress.h"

extern const char bench_peak_text[]; /* bench/peak.cl, embedded */

enum { CHAINS = 10, LOCAL_SIZE = 64, ITEMS_PER_UNIT = 64 * LOCAL_SIZE, REPEATS = 5 };

static const int widths[] = {1, 4, 8, 16};
static const double long_enough_ns = 1e7, budget_ns = 1e8;

/* The device in use, and one build of the kernels. */
typedef struct probe {
    cl_context context;
    cl_device_id device;
    cl_command_queue queue;
    int width;
    cl_program program;
    cl_kernel flops;
    cl_kernel triad;
    cl_mem arrays[3];
    size_t array_bytes;
} probe;

static cl_ulong device_number(const probe *p, cl_device_info what)
{
    cl_ulong value = 0;
    clGetDeviceInfo(p->device, what, sizeof value, &value, NULL);
    return value;
}

static cl_int build(probe *p, int width)
{
    const char *text = bench_peak_text;
    char options[64];
    cl_int code;

    p->width = width;
    snprintf(options, sizeof options, "-cl-std=CL1.2 -DWIDTH=%d", width);
    p->program = clCreateProgramWithSource(p->context, 1, &text, NULL, &code);
    if (code == CL_SUCCESS)
        code = clBuildProgram(p->program, 1, &p->device, options, NULL, NULL);
    if (code == CL_SUCCESS)
        p->flops = clCreateKernel(p->program, "peak_flops", &code);
    if (code == CL_SUCCESS)
        p->triad = clCreateKernel(p->program, "triad", &code);
    return code;
}

static void release_build(probe *p)
{
    if (p->flops)
        clReleaseKernel(p->flops);
    if (p->triad)
        clReleaseKernel(p->triad);
    if (p->program)
        clReleaseProgram(p->program);
    p->flops = p->triad = NULL;
    p->program = NULL;
}

/* Runs once and waits. */
static cl_int time_kernel(const probe *p, cl_kernel kernel, size_t items, double *time_ns)
{
    const size_t local = LOCAL_SIZE;
    const uint64_t start = clock_ns();
    cl_int code = clEnqueueNDRangeKernel(p->queue, kernel, 1, NULL, &items, &local, 0, NULL, NULL);
    if (code == CL_SUCCESS)
        code = clFinish(p->queue);
    *time_ns = (double)(clock_ns() - start);
    return code;
}

/* The best of several runs and of budget_ns, after one that does not count. */
static cl_int best_time(const probe *p, cl_kernel kernel, size_t items, double *best_ns)
{
    const uint64_t start = clock_ns();
    double time_ns;
    cl_int code = time_kernel(p, kernel, items, &time_ns);
    *best_ns = INFINITY;
    for (int i = 0; code == CL_SUCCESS && (i < REPEATS || (double)(clock_ns() - start) < budget_ns);
         i++) {
        code = time_kernel(p, kernel, items, &time_ns);
        *best_ns = fmin(*best_ns, time_ns);
    }
    return code;
}

static cl_int measure_flops(const probe *p, double *gflop_per_s)
{
    const cl_float a = 0.5f;
    const cl_float b = 1.5f;
    const size_t items = (size_t)device_number(p, CL_DEVICE_MAX_COMPUTE_UNITS) * ITEMS_PER_UNIT;
    double time_ns = 0;
    cl_int code = clSetKernelArg(p->flops, 0, sizeof(cl_mem), &p->arrays[0]);
    if (code == CL_SUCCESS)
        code = clSetKernelArg(p->flops, 1, sizeof a, &a);
    if (code == CL_SUCCESS)
        code = clSetKernelArg(p->flops, 2, sizeof b, &b);
    cl_int steps = 16;
    for (; code == CL_SUCCESS && time_ns < long_enough_ns && steps < 1 << 24; steps *= 2) {
        code = clSetKernelArg(p->flops, 3, sizeof steps, &steps);
        if (code == CL_SUCCESS)
            code = time_kernel(p, p->flops, items, &time_ns);
    }
    if (code == CL_SUCCESS)
        code = best_time(p, p->flops, items, &time_ns);
    *gflop_per_s = 2.0 * CHAINS * (steps / 2.0) * p->width * (double)items / time_ns;
    return code;
}

static cl_int measure_bandwidth(const probe *p, double *gbyte_per_s)
{
    const cl_float scale = 0.25f;
    const size_t items = p->array_bytes / sizeof(cl_float) / (size_t)p->width;
    double time_ns = 0;
    cl_int code = CL_SUCCESS;
    for (cl_uint i = 0; i < 3 && code == CL_SUCCESS; i++)
        code = clSetKernelArg(p->triad, i, sizeof(cl_mem), &p->arrays[i]);
    if (code == CL_SUCCESS)
        code = clSetKernelArg(p->triad, 3, sizeof scale, &scale);
    if (code == CL_SUCCESS)
        code = best_time(p, p->triad, items, &time_ns);
    *gbyte_per_s = 3 * (double)p->array_bytes / time_ns;
    return code;
}

/* Arrays of at least 64 MiB and four times the device's cache, as far as its memory allows. */
static cl_int create_arrays(probe *p)
{
    const size_t step = LOCAL_SIZE * 16 * sizeof(cl_float);
    const double wanted =
        fmax(67108864, 4.0 * (double)device_number(p, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE));
    const double limit = fmin((double)device_number(p, CL_DEVICE_MAX_MEM_ALLOC_SIZE),
                              (double)device_number(p, CL_DEVICE_GLOBAL_MEM_SIZE) / 12);
    const cl_float one = 1;
    cl_int code = CL_SUCCESS;
    p->array_bytes = (size_t)fmin(fmin(wanted, 1073741824), limit) / step * step;
    for (int i = 0; i < 3 && code == CL_SUCCESS; i++) {
        p->arrays[i] = clCreateBuffer(p->context, CL_MEM_READ_WRITE, p->array_bytes, NULL, &code);
        if (code == CL_SUCCESS)
            code = clEnqueueFillBuffer(p->queue, p->arrays[i], &one, sizeof one, 0, p->array_bytes,
                                       0, NULL, NULL);
    }
    return code;
}

clconv_status roofline_measure(clconv_context *context, roofline *best, clconv_error *error)
{
    probe p = {0};
    if (clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE)
        return CLCONV_OK;
    clconv_context_objects(context, &p.context, &p.device, &p.queue);

    cl_int code = create_arrays(&p);
    for (size_t i = 0; i < sizeof widths / sizeof widths[0] && code == CL_SUCCESS; i++) {
        roofline found = {0};
        code = build(&p, widths[i]);
        if (code == CL_SUCCESS)
            code = measure_flops(&p, &found.gflop_per_s);
        if (code == CL_SUCCESS)
            code = measure_bandwidth(&p, &found.gbyte_per_s);
        best->gflop_per_s = fmax(best->gflop_per_s, found.gflop_per_s);
        best->gbyte_per_s = fmax(best->gbyte_per_s, found.gbyte_per_s);
        release_build(&p);
    }
    for (int i = 0; i < 3; i++) {
        if (p.arrays[i])
            clReleaseMemObject(p.arrays[i]);
    }
    if (code != CL_SUCCESS)
        return cli_error(error, CLCONV_DEVICE_FAILED,
                         "measuring the roofline failed with OpenCL error %d", (int)code);
    return CLCONV_OK;
}

double roofline_share(const roofline *roof, double flop, double bytes, double time_ns)
{
    if (roof->gflop_per_s <= 0 || roof->gbyte_per_s <= 0)
        return 0;
    return fmax(flop / roof->gflop_per_s, bytes / roof->gbyte_per_s) / time_ns;
}
