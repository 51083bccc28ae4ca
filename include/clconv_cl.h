/* clconv on the caller's own OpenCL objects. The conventions are those of clconv.h. */
#ifndef CLCONV_CL_H
#define CLCONV_CL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#ifdef __APPLE__
#include <OpenCL/cl.h>
#else
#include <CL/cl.h>
#endif

#include "clconv.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A context on the caller's cl_context and one of its devices. Both are retained, so the caller
 * may release them. */
CLCONV_API clconv_status clconv_context_create_cl(cl_context cl, cl_device_id device,
                                                  clconv_context **context, clconv_error *error);

/* The OpenCL objects of a context, not retained; each pointer may be NULL. All three results are
 * NULL for the reference device. The queue is in order. */
CLCONV_API void clconv_context_objects(const clconv_context *context, cl_context *cl,
                                       cl_device_id *device, cl_command_queue *queue);

/* A tensor in device memory: dense, starting offset_bytes into mem (a multiple of 4). */
typedef struct clconv_buffer {
    cl_mem mem;
    size_t offset_bytes;
} clconv_buffer;

/* On CPU devices a function of the host packs the weights where a kernel wants them packed: their
 * buffer must not have CL_MEM_HOST_WRITE_ONLY or CL_MEM_HOST_NO_ACCESS (CLCONV_INVALID_ARGUMENT).
 */
typedef struct clconv_stage_buffers {
    clconv_buffer weights;
    clconv_buffer bias; /* mem NULL without one */
} clconv_stage_buffers;

/* The tensors of one execution, in device memory. Zero-initialise. Buffers that are written
 * (dst, workspace) must not overlap any other. */
typedef struct clconv_buffers {
    clconv_buffer src;
    clconv_buffer dst;
    const clconv_stage_buffers *stages; /* one per stage; may be NULL when `packed` is given */
    const clconv_weights *packed;       /* NULL, or made for this plan: `stages` is not read */
    clconv_buffer workspace; /* clconv_plan_workspace(plan) bytes, offset a multiple of 64; its
                                mem may be NULL when that is 0 */
    void *reserved[8];
} clconv_buffers;

/* Enqueues a plan on the caller's queue (of the same cl_context and device, in order or not) and
 * returns without waiting. Work starts after the `wait_count` events of `wait`; *event, if event
 * is not NULL, completes with the work and is the caller's to release. After a failure part of
 * the work may have been enqueued, and dst is unspecified. Allocates no device memory.
 * CLCONV_UNSUPPORTED on the reference device. */
CLCONV_API clconv_status clconv_enqueue(clconv_plan *plan, cl_command_queue queue,
                                        const clconv_buffers *buffers, cl_uint wait_count,
                                        const cl_event *wait, cl_event *event, clconv_error *error);

/* clconv_weights_pack from device memory, on the caller's queue; returns when it is done. */
CLCONV_API clconv_status clconv_weights_pack_cl(clconv_plan *plan, cl_command_queue queue,
                                                const clconv_stage_buffers *stages,
                                                clconv_weights **weights, clconv_error *error);

#ifdef __cplusplus
}
#endif

#endif
