/* Checks of the caller's OpenCL objects. */
#ifndef CC_ENQUEUE_H
#define CC_ENQUEUE_H

#include "conv/plan.h"

/* CLCONV_UNSUPPORTED on the reference device, CLCONV_INVALID_ARGUMENT for a queue of another
 * cl_context or device. */
clconv_status cc_enqueue_check_queue(const clconv_plan *plan, cl_command_queue queue,
                                     clconv_error *error);

/* Checks the caller's raw weights and biases and points the run at them. */
clconv_status cc_enqueue_take_stages(const clconv_plan *plan, const clconv_stage_buffers *stages,
                                     cc_run *run, clconv_error *error);

#endif
