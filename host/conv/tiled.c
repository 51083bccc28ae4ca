/* Convolutions as an implicit GEMM. */
#include "conv/implicit_gemm.h"

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    if (shape->transposed)
        return cc_fail(error, CLCONV_UNSUPPORTED, "tiled does no transposed convolution");
    if (shape->groups > 1 && shape->out_channels == shape->groups) /* tiles of one row, mostly */
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "tiled leaves groups with one output channel to other algorithms");
    return cc_gemm_applicable(device, shape, error);
}

const cc_algorithm cc_tiled = {
    .name = "tiled",
    .text = "implicit GEMM: input and weights staged in local memory, register blocks",
    .short_products = 5000,
    .applicable = applicable,
    .estimate = cc_gemm_estimate,
    .build = cc_gemm_build,
    .pack = cc_gemm_pack,
    .enqueue = cc_gemm_enqueue,
    .destroy = cc_gemm_destroy,
};
