/* For algorithms that run two stages as one kernel, which takes the arguments of the first stage,
 * its tensors, those of the second, a scratch buffer, and how the host cut the work. */
#ifndef CC_PAIR_KERNEL_H
#define CC_PAIR_KERNEL_H

#include "conv/kernel_args.h"

/* What stage->state of such an algorithm begins with. */
typedef struct cc_pair_kernel {
    cc_kernel *kernel;
    size_t items; /* groups of one work-item */
} cc_pair_kernel;

/* Allocates `state_bytes` of stage->state, zeros, and compiles kernels/NAME.cl's kernel NAME. */
clconv_status cc_pair_build(cc_stage *stage, size_t state_bytes, const char *name,
                            const char *options, clconv_error *error);

/* Enqueues it. `cut` ends the kernel's arguments. */
clconv_status cc_pair_launch(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             cc_argument cut, clconv_error *error);

/* The row of cc_algorithm. */
void cc_pair_destroy(cc_stage *stage);

#endif
