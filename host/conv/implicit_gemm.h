/* What `tiled` and `transposed` share: the host side of kernels/implicit_gemm.h. */
#ifndef CC_IMPLICIT_GEMM_H
#define CC_IMPLICIT_GEMM_H

#include "conv/algorithm.h"

/* A tile configuration: the parameters of kernels/implicit_gemm.h. */
typedef struct cc_gemm_config {
    int32_t tile_k, tile_pixels, tile_c, reg_k, reg_pixels;
    double gpu_efficiency; /* share of the device's rate that a full tile reaches */
    double cpu_efficiency;
} cc_gemm_config;

enum { CC_GEMM_CONFIGS = 3 };
extern const cc_gemm_config cc_gemm_configs[CC_GEMM_CONFIGS];

/* The configuration that suits a problem best on a device. */
const cc_gemm_config *cc_gemm_choose(const clconv_device *device, const cc_shape *shape);

/* The columns of a band: see "Dilation" in kernels/implicit_gemm.h. */
int32_t cc_gemm_band(const cc_shape *shape);

/* build, for any configuration (tests take each in turn). */
clconv_status cc_gemm_build_with(cc_stage *stage, const cc_gemm_config *config,
                                 clconv_error *error);

/* The rows of cc_algorithm; `applicable` leaves the choice between the two to its caller. */
clconv_status cc_gemm_applicable(const clconv_device *device, const cc_shape *shape,
                                 clconv_error *error);
double cc_gemm_estimate(const clconv_device *device, const cc_shape *shape);
clconv_status cc_gemm_build(cc_stage *stage, clconv_error *error);
clconv_status cc_gemm_pack(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                           cc_tensor packed, clconv_error *error);
clconv_status cc_gemm_enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                              clconv_error *error);
void cc_gemm_destroy(cc_stage *stage);

#endif
