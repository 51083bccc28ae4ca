/* Where everything of one execution lies in the workspace.
 *
 *   [intermediate 0][intermediate 1][scratch of a stage][packed weights of stage 0, 1, ...]
 *
 * Stages write the two intermediates in turn, so two are live at most; what runs as one kernel
 * counts as one stage. Stages run one after the other, so they share the scratch. The packed
 * weights are used by executions that bring raw weights. Every area starts at a multiple of
 * CC_ALIGNMENT bytes. */
#ifndef CC_LAYOUT_H
#define CC_LAYOUT_H

#include "conv/algorithm.h"

enum { CC_ALIGNMENT = 64 };

typedef struct cc_layout {
    size_t intermediate[2]; /* offsets in bytes */
    size_t scratch;
    size_t packed[CLCONV_MAX_STAGES];
    size_t bytes; /* of the whole workspace */
} cc_layout;

/* CLCONV_OUT_OF_DEVICE_MEMORY when that or a tensor is larger than what the device can hold. */
clconv_status cc_layout_make(const cc_stage *stages, const clconv_sizes *sizes, size_t count,
                             const clconv_device *device, cc_layout *layout, clconv_error *error);

/* Adds an area of `bytes` behind the *total bytes there are; *offset is where it starts. */
clconv_status cc_layout_add(size_t *total, uint64_t bytes, size_t *offset, clconv_error *error);

/* CLCONV_OUT_OF_DEVICE_MEMORY, naming both sizes, when the device has no such buffer. */
clconv_status cc_layout_check_buffer(const clconv_device *device, const char *what, uint64_t bytes,
                                     clconv_error *error);

#endif
