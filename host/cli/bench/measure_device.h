/* The device time of a plan, measured on buffers that stay on the device. */
#ifndef CLI_MEASURE_DEVICE_H
#define CLI_MEASURE_DEVICE_H

#include "measure.h"

/* Fills participants[0] with clconv_enqueue on the context's queue and samples all in rounds;
 * judges what its last run left, read into `dst`. */
clconv_status measure_device(clconv_context *context, clconv_plan *plan,
                             const clconv_weights *weights, check_case *c, double budget_s,
                             guarded *dst, participant *participants, size_t count,
                             check_verdict *verdict, clconv_error *error);

#endif
