/* S of the error bound (reference.c) for results of Winograd's minimal filtering F(tile x tile,
 * 3x3).
 *
 * Such a result is not the sum of its own products: every element of a tile is made from all inputs
 * of the tile, through intermediate values that may be much larger than it. With the transforms A^T
 * [sum (G g G^T) . (B^T d B)] A of kernels/winograd.cl a value takes part in a result only through
 * products of the entries' magnitudes, so
 *
 *   S = |A^T| [sum over channels and depth of (|G| |g| |G^T|) . (|B^T| |d| |B|)] |A| + |bias|
 *
 * and every product in it carries at most L roundings: one for each addition to the sum (at most
 * the C/G*T of them), those of the three transforms and the bias's. L takes the place of m in the
 * bound. Per axis, counting that of an irrational constant, a value passes at most this many:
 *
 *            B^T d   G g   A^T M   all, for two axes
 *   tile 2     1      2      2       10
 *   tile 4     3      5      4       24
 *
 * To each transformed value FLT_MIN / u is added, and again for each product: what a device flushes
 * to zero is off by less than FLT_MIN, and S is multiplied by u.
 *
 * Source: Barabasz, Anderson, Soodhalter, Gregg, "Error Analysis and Improving the Accuracy of
 * Winograd Convolution for Deep Neural Networks", arXiv 1803.10986, theorem 1. */
#ifndef CC_REFERENCE_WINOGRAD_H
#define CC_REFERENCE_WINOGRAD_H

#include "core/shape.h"

typedef struct cc_winograd_bound {
    cc_shape shape;       /* zero padding mode */
    int tile;             /* 2 or 4 */
    int64_t across, down; /* tiles of a plane of one phase of the dilation */
    int64_t phases_w, phases_h;
    double *inputs; /* [image, channel, input plane][tile of a plane][(tile + 2)^2] */
    double *taps;   /* [k][channel of a group][depth][(tile + 2)^2] */
} cc_winograd_bound;

/* Transforms all weights and the magnitudes of all inputs, N*C*D*H*W. Destroy it also on failure.
 */
clconv_status cc_winograd_bound_make(const cc_shape *shape, int tile, const float *weights,
                                     const double *magnitudes, cc_winograd_bound *bound,
                                     clconv_error *error);
void cc_winograd_bound_destroy(cc_winograd_bound *bound);

/* sums[count,O,P,Q] = S without the bias for image n and the output channels from k on, all of one
 * group, at most CC_WINOGRAD_BOUND_CHANNELS. */
void cc_winograd_bound_sum(const cc_winograd_bound *bound, int64_t n, int64_t k, int64_t count,
                           double *sums);
enum { CC_WINOGRAD_BOUND_CHANNELS = 8 };

/* L without the bias's. */
double cc_winograd_bound_roundings(const cc_winograd_bound *bound);

#endif
