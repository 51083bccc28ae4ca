/* One convolution of the reference: which taps meet which elements, and the sums over them. */
#ifndef CC_REFERENCE_STAGE_H
#define CC_REFERENCE_STAGE_H

#include "core/shape.h"

/* The inputs that one tap along one axis multiplies: `count` pairs of an output and an input
 * index, starting at these and advancing by cc_taps's steps. */
typedef struct cc_tap {
    int64_t output, input, count;
} cc_tap;

typedef struct cc_taps {
    int64_t output_step, input_step;
    cc_tap *tap;         /* one for each kernel index */
    int64_t *per_output; /* how many taps each output index meets */
} cc_taps;

typedef struct cc_reference_stage {
    cc_shape shape; /* zero padding mode */
    const float *weights;
    cc_taps taps[CLCONV_AXES];
} cc_reference_stage;

clconv_status cc_reference_stage_make(const cc_shape *shape, const float *weights,
                                      cc_reference_stage *stage, clconv_error *error);
void cc_reference_stage_destroy(cc_reference_stage *stage);

/* sums[count,O,P,Q] += sum of w*x (magnitude: of |w|*x) for image n and the output channels from k
 * on, all of one group, over those taps only that lie inside the input. x: N*C*D*H*W. */
void cc_reference_sum(const cc_reference_stage *stage, int64_t n, int64_t k, int64_t count,
                      const double *x, int magnitude, double *sums);

/* How many products element (o,p,q) is the sum of, in every channel alike. */
int64_t cc_reference_products(const cc_reference_stage *stage, int64_t o, int64_t p, int64_t q);

#endif
