#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double probe_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Lines become one, since a report shows it so. */
static void to_one_line(char *text)
{
    for (; *text; text++) {
        if (*text == '\n' || *text == '\r' || *text == '\t')
            *text = ' ';
    }
}

static void read_log(const probe *p, cl_program program, cl_int code, char *log, size_t log_size)
{
    size_t size = 0;
    char *whole = NULL;
    clGetProgramBuildInfo(program, p->device, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    if (size > 0)
        whole = malloc(size + 1);
    if (whole && clGetProgramBuildInfo(program, p->device, CL_PROGRAM_BUILD_LOG, size, whole,
                                       NULL) == CL_SUCCESS) {
        whole[size] = '\0';
        snprintf(log, log_size, "OpenCL error %d: %s", (int)code, whole);
    } else {
        snprintf(log, log_size, "OpenCL error %d", (int)code);
    }
    to_one_line(log);
    free(whole);
}

cl_kernel probe_build(const probe *p, const char *source, const char *options, const char *name,
                      cl_program *program, char *log, size_t log_size)
{
    cl_int code;
    cl_kernel kernel = NULL;
    *program = clCreateProgramWithSource(p->context, 1, &source, NULL, &code);
    if (!*program) {
        snprintf(log, log_size, "clCreateProgramWithSource failed with OpenCL error %d", (int)code);
        return NULL;
    }
    code = clBuildProgram(*program, 1, &p->device, options, NULL, NULL);
    if (code == CL_SUCCESS)
        kernel = clCreateKernel(*program, name, &code);
    if (!kernel) {
        read_log(p, *program, code, log, log_size);
        clReleaseProgram(*program);
        *program = NULL;
    }
    return kernel;
}
