/* What a device is and does, as JSON: the parts of the probe. */
#ifndef BENCH_GPU_PROBE_H
#define BENCH_GPU_PROBE_H

#include <jansson.h>

#include "clconv_cl.h"

/* The OpenCL objects that the parts work with. */
typedef struct probe {
    clconv_context *clconv; /* whose the others are */
    cl_context context;
    cl_device_id device;
    cl_command_queue queue;
    int nvidia; /* whether the vendor is NVIDIA */
} probe;

/* What the driver says about the device, and what a program binary says about its target. */
json_t *probe_properties(const probe *p);

/* Each of NVIDIA's instructions in `source`: whether it compiles, runs and gives the numbers that
 * the host computes. Nothing is tried on other vendors' devices. */
json_t *probe_features(const probe *p, const char *source);

/* Peak and bandwidth, build time of an empty kernel, launches, transfers. A speed that could not
 * be measured is null. */
json_t *probe_speeds(const probe *p);

/* ---- Shared by the parts ------------------------------------------------------------------- */

/* Builds a program and its only kernel. On failure both are NULL, and `log` receives the reason on
 * one line. */
cl_kernel probe_build(const probe *p, const char *source, const char *options, const char *name,
                      cl_program *program, char *log, size_t log_size);

/* Nanoseconds since some fixed point. */
double probe_clock_ns(void);

#endif
