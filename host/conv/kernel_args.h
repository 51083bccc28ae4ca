/* The argument block that every kernel takes first: mirrors kernels/conv.h, field for field. */
#ifndef CC_KERNEL_ARGS_H
#define CC_KERNEL_ARGS_H

#include "conv/algorithm.h"

typedef struct cc_kernel_axis {
    cl_int input, output, kernel_size, stride, dilation, padding;
} cc_kernel_axis;

typedef struct cc_kernel_args {
    cl_ulong src_offset, weights_offset, bias_offset, dst_offset;
    cc_kernel_axis axis[CLCONV_AXES];
    cl_int batch, in_channels, out_channels, groups; /* N, C, K, G */
    cl_int has_bias;
    cl_int padding_mode;
    cl_int activation;
    cl_float slope;
} cc_kernel_args;

/* The block for one execution of a stage. */
cc_kernel_args cc_kernel_args_make(const cc_stage *stage, const cc_stage_io *io);

/* A tensor that may not be there: it goes to the kernel as a null pointer. */
static inline cc_argument cc_tensor_argument(const cc_tensor *tensor)
{
    return (cc_argument){sizeof(tensor->mem), tensor->mem != NULL ? &tensor->mem : NULL};
}

/* The -D options that kernels/conv.h takes for this stage ("-DPADDING_MODE=1 -DEPILOGUE=0 ..."),
 * to which an algorithm adds its own. Written as snprintf does. */
size_t cc_kernel_options(const cc_shape *shape, char *text, size_t size);

/* Whether a kernel can ask what processor it is on: kernels/claims.h. */
int cc_tells_processor(const clconv_device *device);

/* The macro PREFETCH of kernels/conv.h: Oclgrind, a simulator, refuses clang's prefetches. */
int cc_kernel_prefetch(const clconv_device *device);

#endif
