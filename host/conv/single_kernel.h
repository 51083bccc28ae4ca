/* For algorithms that are one kernel, one NDRange, and weights as they are: all of `build`,
 * `enqueue` and `destroy` but the sizes. The kernel's arguments are those of kernels/README.md:
 * args, src, weights, bias, dst, and what claims.h wants. */
#ifndef CC_SINGLE_KERNEL_H
#define CC_SINGLE_KERNEL_H

#include "conv/algorithm.h"

/* How the kernel is compiled and launched. */
typedef struct cc_single_launch {
    const char *file;      /* kernels/FILE.cl */
    const char *function;  /* the __kernel in it */
    const char *options;   /* the algorithm's own -D options, may be "" */
    size_t groups[3];      /* work-groups per dimension */
    size_t local[3];       /* work-items of a work-group */
    int branches_epilogue; /* the kernel asks which activation it is: EPILOGUE is no form */
    int claim_units;       /* of which work-items claim chunks: kernels/claims.h; 0: they do not */
} cc_single_launch;

/* Compiles the kernel with cc_kernel_options and `launch->options` and puts it, with the sizes,
 * into stage->state. CLCONV_UNSUPPORTED when the device cannot run groups of that size. */
clconv_status cc_single_build(cc_stage *stage, const cc_single_launch *launch, clconv_error *error);

/* The rows of cc_algorithm. */
clconv_status cc_single_enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                                clconv_error *error);
void cc_single_destroy(cc_stage *stage);

#endif
