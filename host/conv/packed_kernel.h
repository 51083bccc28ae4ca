/* For algorithms whose weights are packed by a function of the host (packing.h): the part of
 * `build` that is the same for all, `pack`, and `destroy`. kernels/NAME.cl has the kernel NAME. */
#ifndef CC_PACKED_KERNEL_H
#define CC_PACKED_KERNEL_H

#include "conv/kernel_args.h"
#include "conv/packing.h"

/* What stage->state of such an algorithm begins with. */
typedef struct cc_packed_kernel {
    cc_kernel *kernel;
    cc_packing packing;
    size_t items;       /* of kernel, */
    size_t local_bytes; /* and its __local memory: cc_packed_set_tasks */
} cc_packed_kernel;

/* Allocates `state_bytes` of stage->state, zeros, and compiles the kernel into it. */
clconv_status cc_packed_build(cc_stage *stage, size_t state_bytes, const char *name,
                              const char *options, clconv_error *error);

/* Sets what `pack` does, whose shape becomes the stage's; it writes `floats` for each output
 * channel of a block: taps * C/G, or more. */
void cc_packed_set_packing(cc_stage *stage, cc_packing packing, int64_t floats);

/* Sets the launch of the kernel: tasks of one work-item each, and the floats of its __local memory.
 */
void cc_packed_set_tasks(cc_stage *stage, int64_t tasks, int64_t local_floats);

/* Enqueues it. Its arguments are args, how the work is cut up, src, weights, bias, dst, local. */
clconv_status cc_packed_launch(const cc_stage *stage, cc_chain *chain, const cc_kernel_args *args,
                               cc_argument tiling, const cc_stage_io *io, clconv_error *error);

/* Floats of the weights with K/G padded to whole blocks, which may make them many times as large:
 * a double, as it need not fit. */
double cc_packed_floats(const cc_shape *shape, int64_t block);

/* CLCONV_UNSUPPORTED when so many floats are too large for one buffer of the device. */
clconv_status cc_packed_check(const clconv_device *device, double floats, clconv_error *error);

/* The rows of cc_algorithm. */
clconv_status cc_packed_pack(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                             cc_tensor packed, clconv_error *error);
void cc_packed_destroy(cc_stage *stage);

#endif
