/* bands: how the work is cut up, and what that costs. kernels/bands.cl has the terms. */
#ifndef CC_BANDS_TILING_H
#define CC_BANDS_TILING_H

#include "conv/algorithm.h"

/* Mirrors bands_tiling of kernels/bands.cl. */
typedef struct cc_bands_tiling {
    cl_int rows, cols; /* outputs of a band, of a phase */
    cl_int chunk;      /* input channels copied at a time; 0 if a row does not fit */
    cl_int blocks;     /* blocks of output channels of a task */
    cl_int channels;   /* output channels of a block */
    cl_int tasks;
    cl_int line_floats;
    cl_int phases_at, rows_at, panel_at, lines_at, local_floats;
} cc_bands_tiling;

cc_bands_tiling cc_bands_choose(const clconv_device *device, const cc_shape *shape);

/* The time of a launch. */
double cc_bands_ns(const clconv_device *device, const cc_shape *shape, const cc_bands_tiling *t);

#endif
