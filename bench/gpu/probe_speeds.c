#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "roofline.h"

enum { TIMES = 9, LAUNCHES = 500 };

static const size_t transfer_bytes = (size_t)64 << 20;

static int compare_times(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Does something once; returns its time, negative when it failed. */
typedef double timed_function(const probe *p, void *data);

/* The median of TIMES times after one that is not counted; null after a failure. */
static json_t *median_ns(const probe *p, timed_function *run, void *data)
{
    double times[TIMES];
    run(p, data);
    for (int i = 0; i < TIMES; i++) {
        times[i] = run(p, data);
        if (times[i] < 0)
            return json_null();
    }
    qsort(times, TIMES, sizeof times[0], compare_times);
    return json_real(times[TIMES / 2]);
}

static json_t *gbyte_per_s(const probe *p, timed_function *run, void *data)
{
    json_t *time = median_ns(p, run, data);
    if (!json_is_real(time))
        return time;
    const double rate = (double)transfer_bytes / json_real_value(time);
    json_decref(time);
    return json_real(rate);
}

static void set_roofline(json_t *object, const probe *p)
{
    roofline roof = {0};
    clconv_error error;
    const int known = roofline_measure(p->clconv, &roof, &error) == CLCONV_OK;
    json_object_set_new(object, "peak_gflop_per_s",
                        known ? json_real(roof.gflop_per_s) : json_null());
    json_object_set_new(object, "bandwidth_gbyte_per_s",
                        known ? json_real(roof.gbyte_per_s) : json_null());
}

/* ---- Building and launching ---------------------------------------------------------------- */

/* A name that no cache of compiled kernels knows. */
static double build(const probe *p, void *data)
{
    char name[64];
    char source[128];
    char log[256];
    cl_program program;
    (void)data;
    snprintf(name, sizeof name, "empty_%.0f", probe_clock_ns());
    snprintf(source, sizeof source, "__kernel void %s(void) {}", name);
    const double start = probe_clock_ns();
    const cl_kernel kernel = probe_build(p, source, "", name, &program, log, sizeof log);
    const double end = probe_clock_ns();
    if (!kernel)
        return -1;
    clReleaseKernel(kernel);
    clReleaseProgram(program);
    return end - start;
}

static double launch(const probe *p, cl_kernel kernel, int count)
{
    const size_t items = 64;
    cl_int code = CL_SUCCESS;
    const double start = probe_clock_ns();
    for (int i = 0; i < count && code == CL_SUCCESS; i++)
        code = clEnqueueNDRangeKernel(p->queue, kernel, 1, NULL, &items, &items, 0, NULL, NULL);
    const cl_int finished = clFinish(p->queue);
    const double end = probe_clock_ns();
    return code == CL_SUCCESS && finished == CL_SUCCESS ? (end - start) / count : -1;
}

static double launch_one(const probe *p, void *data)
{
    return launch(p, data, 1);
}

static double launch_many(const probe *p, void *data)
{
    return launch(p, data, LAUNCHES);
}

static void set_launches(json_t *object, const probe *p)
{
    char log[256];
    cl_program program;
    const cl_kernel kernel =
        probe_build(p, "__kernel void empty(void) {}", "", "empty", &program, log, sizeof log);
    json_object_set_new(object, "launch_and_finish_ns",
                        kernel ? median_ns(p, launch_one, kernel) : json_null());
    json_object_set_new(object, "launch_in_queue_ns",
                        kernel ? median_ns(p, launch_many, kernel) : json_null());
    if (kernel) {
        clReleaseKernel(kernel);
        clReleaseProgram(program);
    }
}

/* ---- Transfers ----------------------------------------------------------------------------- */

typedef struct transfer {
    cl_mem device;
    void *host;
} transfer;

static double write_once(const probe *p, void *data)
{
    const transfer *t = data;
    const double start = probe_clock_ns();
    const cl_int code = clEnqueueWriteBuffer(p->queue, t->device, CL_TRUE, 0, transfer_bytes,
                                             t->host, 0, NULL, NULL);
    return code == CL_SUCCESS ? probe_clock_ns() - start : -1;
}

static double read_once(const probe *p, void *data)
{
    const transfer *t = data;
    const double start = probe_clock_ns();
    const cl_int code = clEnqueueReadBuffer(p->queue, t->device, CL_TRUE, 0, transfer_bytes,
                                            t->host, 0, NULL, NULL);
    return code == CL_SUCCESS ? probe_clock_ns() - start : -1;
}

/* Both ways; the bytes that come back must be those that went. */
static json_t *measure_transfer(const probe *p, cl_mem device, unsigned char *host)
{
    transfer t = {.device = device, .host = host};
    int same = 1;
    for (size_t i = 0; i < transfer_bytes; i++)
        host[i] = (unsigned char)(i * 7 + i / 251);
    json_t *up = gbyte_per_s(p, write_once, &t);
    memset(host, 0, transfer_bytes);
    json_t *down = gbyte_per_s(p, read_once, &t);
    for (size_t i = 0; i < transfer_bytes; i++)
        same &= host[i] == (unsigned char)(i * 7 + i / 251);
    return json_pack("{s:o, s:o, s:b}", "to_device_gbyte_per_s", up, "from_device_gbyte_per_s",
                     down, "bytes_came_back", same);
}

static json_t *pageable(const probe *p, cl_mem device)
{
    unsigned char *host = malloc(transfer_bytes);
    json_t *result = host ? measure_transfer(p, device, host) : json_null();
    free(host);
    return result;
}

/* Memory that the driver allocates, which NVIDIA's pins. */
static json_t *pinned(const probe *p, cl_mem device)
{
    cl_int code;
    void *host = NULL;
    json_t *result = NULL;
    const cl_mem buffer = clCreateBuffer(p->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR,
                                         transfer_bytes, NULL, &code);
    if (buffer)
        host = clEnqueueMapBuffer(p->queue, buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                                  transfer_bytes, 0, NULL, NULL, &code);
    if (host) {
        result = measure_transfer(p, device, host);
        clEnqueueUnmapMemObject(p->queue, buffer, host, 0, NULL, NULL);
        clFinish(p->queue);
    }
    if (buffer)
        clReleaseMemObject(buffer);
    return result ? result : json_null();
}

json_t *probe_speeds(const probe *p)
{
    cl_int code;
    json_t *object = json_object();
    set_roofline(object, p);
    json_object_set_new(object, "build_empty_kernel_ns", median_ns(p, build, NULL));
    set_launches(object, p);
    json_object_set_new(object, "transfer_bytes", json_integer((json_int_t)transfer_bytes));
    const cl_mem device =
        clCreateBuffer(p->context, CL_MEM_READ_WRITE, transfer_bytes, NULL, &code);
    json_object_set_new(object, "pageable", device ? pageable(p, device) : json_null());
    json_object_set_new(object, "pinned", device ? pinned(p, device) : json_null());
    if (device)
        clReleaseMemObject(device);
    return object;
}
