/* Weights in the layouts of kernels for CPU devices.
 *
 * They are packed by a function of the host, which the device runs in the order of its queue
 * (clEnqueueNativeKernel): a kernel for it would have to be compiled. */
#ifndef CC_PACKING_H
#define CC_PACKING_H

#include "conv/algorithm.h"

typedef struct cc_packing cc_packing;

/* Writes all of `packed`. */
typedef void (*cc_fill)(const cc_packing *packing, const float *weights, float *packed);

/* What is packed, and how. The command keeps a copy, so that it needs nothing of the plan. */
struct cc_packing {
    cc_fill fill;
    cc_shape shape;
    int block;      /* output channels of a group that lie side by side, zero past the last */
    int panel_rows; /* `panels`: of a panel, at most */
    int tile;       /* `winograd`: outputs of a tile along an axis */
};

/* CLCONV_UNSUPPORTED where the device is no CPU or does not run functions of the host. */
clconv_status cc_packing_check(const clconv_device *device, const char *algorithm,
                               clconv_error *error);

/* Enqueues the packing; CLCONV_INVALID_ARGUMENT where the host may not read the weights' buffer. */
clconv_status cc_packing_enqueue(const cc_packing *packing, cc_chain *chain, cc_tensor weights,
                                 cc_tensor packed, clconv_error *error);

/* Blocks of the output channels of a group. */
int64_t cc_packing_blocks(const cc_packing *packing);

/* A tap of the kernel among those of its phase, the taps that the same outputs read; in a
 * convolution all taps are of one phase. */
typedef struct cc_phase_tap {
    int64_t first;  /* taps of the phases before */
    int64_t taps;   /* of the phase */
    int64_t number; /* of this one there */
} cc_phase_tap;

/* Phases of an axis are ordered by the numbers that `phase` gives their taps. */
typedef int32_t (*cc_tap_phase)(const cc_axis *axis, int32_t tap);

cc_phase_tap cc_find_phase_tap(const cc_shape *shape, int64_t tap, cc_tap_phase phase);

/* Copies the weights of a tap and an input channel for one block of output channels. */
void cc_pack_block(const cc_packing *packing, const float *weights, int32_t g, int64_t block,
                   int32_t c, int64_t tap, float *packed);

/* packed[g][block][phase][c][tap of the phase][channel], phases by their first output: `blocked`
 * and `bands`. */
void cc_fill_by_phase(const cc_packing *packing, const float *weights, float *packed);

#endif
