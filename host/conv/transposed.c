/* Transposed convolutions as one implicit GEMM per phase, all in one launch. */
#include "conv/implicit_gemm.h"

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    if (!shape->transposed)
        return cc_fail(error, CLCONV_UNSUPPORTED, "transposed does transposed convolutions only");
    return cc_gemm_applicable(device, shape, error);
}

const cc_algorithm cc_transposed = {
    .name = "transposed",
    .text = "gathers each of the stride*stride phases as an implicit GEMM over its own taps",
    .short_products = 5000,
    .applicable = applicable,
    .estimate = cc_gemm_estimate,
    .build = cc_gemm_build,
    .pack = cc_gemm_pack,
    .enqueue = cc_gemm_enqueue,
    .destroy = cc_gemm_destroy,
};
