/* For algorithms whose weights are packed by a kernel of the same program: the part of `build` that
 * is the same for all, `pack`, and `destroy`. kernels/NAME.cl has the kernel NAME and the kernel
 * `pack`, whose arguments are args, weights, packed and the offset of packed. */
#ifndef CC_PACKED_KERNEL_H
#define CC_PACKED_KERNEL_H

#include "conv/kernel_args.h"

/* What stage->state of such an algorithm begins with. */
typedef struct cc_packed_kernel {
    cc_kernel *kernel;
    cc_kernel *pack;
    size_t pack_global[3];
    size_t items;       /* of kernel, */
    size_t local_bytes; /* and its __local memory: cc_packed_set_tasks */
} cc_packed_kernel;

extern const size_t cc_packed_local[3]; /* the work-groups of `pack`: single items */

/* What `pack` does: a work-item for each block of K/G output channels, each row and each plane. */
typedef struct cc_packing {
    size_t block;  /* output channels that lie side by side */
    size_t rows;   /* C/G */
    size_t planes; /* groups, and taps where each has a work-item */
    size_t floats; /* that it writes for each output channel */
} cc_packing;

/* Allocates `state_bytes` of stage->state, zeros, and compiles both kernels into it. */
clconv_status cc_packed_build(cc_stage *stage, size_t state_bytes, const char *name,
                              const char *options, clconv_error *error);

/* Sets the launch of `pack`, and packed_bytes; the second where each tap has a work-item. */
void cc_packed_set_packing(cc_stage *stage, cc_packing packing);
void cc_packed_set_taps(cc_stage *stage, int block);

/* Sets the launch of the kernel: tasks of one work-item each, and the floats of its __local memory.
 */
void cc_packed_set_tasks(cc_stage *stage, int64_t tasks, int64_t local_floats);

/* Enqueues it. Its arguments are args, how the work is cut up, src, weights, bias, dst, local. */
clconv_status cc_packed_launch(const cc_stage *stage, cc_chain *chain, const cc_kernel_args *args,
                               cc_argument tiling, const cc_stage_io *io, clconv_error *error);

/* Floats of the weights with K/G padded to whole blocks, which may make them many times as large:
 * a double, as it need not fit. */
double cc_packed_floats(const cc_shape *shape, int64_t block);

/* CLCONV_UNSUPPORTED when so many floats are too large for one buffer. */
clconv_status cc_packed_check(const clconv_device *device, double floats, clconv_error *error);

/* The rows of cc_algorithm. */
clconv_status cc_packed_pack(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                             cc_tensor packed, clconv_error *error);
void cc_packed_destroy(cc_stage *stage);

#endif
