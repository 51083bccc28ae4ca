#include "core/activation.h"

#include <math.h>

/* NaN passes through every activation: no comparison with it is true. */

static double none(double x, double slope)
{
    (void)slope;
    return x;
}

static double relu(double x, double slope)
{
    (void)slope;
    return x < 0.0 ? 0.0 : x;
}

static double relu6(double x, double slope)
{
    (void)slope;
    return x < 0.0 ? 0.0 : (x > 6.0 ? 6.0 : x);
}

static double leaky_relu(double x, double slope)
{
    return x < 0.0 ? slope * x : x;
}

static double sigmoid(double x, double slope)
{
    (void)slope;
    return 1.0 / (1.0 + exp(-x));
}

static double tanh_of(double x, double slope)
{
    (void)slope;
    return tanh(x);
}

static double silu(double x, double slope)
{
    (void)slope;
    return x / (1.0 + exp(-x));
}

/* relative_ulps follows conv_activate of kernels/conv.h and the errors that OpenCL 1.2 (7.4)
 * allows: exp 3 ulp, tanh 5 ulp, x / y 2.5 ulp, all else correctly rounded. An ulp of a number
 * with significand m in [1, 2) is 2u/m of it. Let m be that of d = 1 + exp(-x):
 *   sigmoid     d is off by at most 6u/m (exp, where it dominates) and u (addition); 1/d has
 *               significand 2/m, so the division adds 2.5u*m. The sum is largest at m = 1: 9.5u.
 *   silu        The same, but x/d may have any significand: 6u + u + 5u = 12u.
 *   tanh        5 ulp: 10u.
 *   leaky_relu  One product: u.
 * Second-order terms are far below the slack of the pre-activation bound (reference.c). */
static const cc_activation table[] = {
    [CLCONV_NONE] = {"none", none, 1.0, 0.0},
    [CLCONV_RELU] = {"relu", relu, 1.0, 0.0},
    [CLCONV_RELU6] = {"relu6", relu6, 1.0, 0.0},
    [CLCONV_LEAKY_RELU] = {"leaky_relu", leaky_relu, 1.0, 1.0},
    [CLCONV_SIGMOID] = {"sigmoid", sigmoid, 0.25, 9.5},
    [CLCONV_TANH] = {"tanh", tanh_of, 1.0, 10.0},
    [CLCONV_SILU] = {"silu", silu, 1.1, 12.0}, /* its largest slope is 1.09984, at x = 2.3994 */
};

const cc_activation *cc_activation_get(clconv_activation activation)
{
    /* The enumeration may be signed or not: the cast refuses negative values as well. */
    const unsigned index = (unsigned)activation;
    return index < sizeof table / sizeof table[0] ? &table[index] : NULL;
}
