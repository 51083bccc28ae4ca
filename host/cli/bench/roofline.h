/* What a device can do at most, measured: the roofline (Williams, Waterman, Patterson, CACM 52(4),
 * 2009). */
#ifndef CLI_ROOFLINE_H
#define CLI_ROOFLINE_H

#include "clconv.h"

/* 1 FLOP/ns = 1 GFLOP/s, 1 byte/ns = 1 GB/s. Zeros: not measured. */
typedef struct roofline {
    double gflop_per_s; /* float32 fused multiply-adds, two each */
    double gbyte_per_s; /* STREAM's triad on arrays far larger than the caches */
} roofline;

/* Measures the device of a context, and raises the figures of *best, zeros at first, to what it
 * reached: each with several vector widths. Takes a second. The reference device has none and
 * leaves them. */
clconv_status roofline_measure(clconv_context *context, roofline *best, clconv_error *error);

/* The share of the roof that `flop` operations and `bytes` bytes in `time_ns` reach; above 1 where
 * caches serve what the model takes from memory. 0 without a roofline. */
double roofline_share(const roofline *roof, double flop, double bytes, double time_ns);

#endif
