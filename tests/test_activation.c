/* The activation table: values, slopes, and the error bound against the worst that OpenCL allows.
 */
#include "core/activation.h"

#include "cases.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

static const double u = FLT_EPSILON / 2.0;

Test(activation, values)
{
    const struct {
        clconv_activation activation;
        const char *name;
        double x, y;
    } rows[] = {
        {CLCONV_NONE, "none", -2.5, -2.5},
        {CLCONV_RELU, "relu", -2.0, 0.0},
        {CLCONV_RELU, "relu", 2.0, 2.0},
        {CLCONV_RELU6, "relu6", -1.0, 0.0},
        {CLCONV_RELU6, "relu6", 5.0, 5.0},
        {CLCONV_RELU6, "relu6", 7.0, 6.0},
        {CLCONV_LEAKY_RELU, "leaky_relu", -2.0, -0.5},
        {CLCONV_LEAKY_RELU, "leaky_relu", 2.0, 2.0},
        {CLCONV_SIGMOID, "sigmoid", 0.0, 0.5},
        {CLCONV_SIGMOID, "sigmoid", -800.0, 0.0},
        {CLCONV_TANH, "tanh", 1.0, 0.76159415595576489},
        {CLCONV_SILU, "silu", 1.0, 0.73105857863000488},
        {CLCONV_SILU, "silu", -1.0, -0.26894142136999512},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        const cc_activation *activation = cc_activation_get(rows[i].activation);
        cr_expect_str_eq(activation->name, rows[i].name);
        cr_expect_float_eq(activation->apply(rows[i].x, 0.25), rows[i].y, 1e-15, "%s(%g)",
                           rows[i].name, rows[i].x);
    }
}

Test(activation, no_such_value)
{
    cr_expect_null(cc_activation_get((clconv_activation)(CLCONV_SILU + 1)));
    cr_expect_null(cc_activation_get((clconv_activation)-1));
}

Test(activation, nan_passes_through)
{
    for (int i = CLCONV_NONE; i <= CLCONV_SILU; ++i) {
        const cc_activation *activation = cc_activation_get((clconv_activation)i);
        cr_expect(isnan(activation->apply(NAN, 0.5)), "%s", activation->name);
    }
}

/* The steepest chord must come close to the stated slope and never exceed it. */
Test(activation, lipschitz_constants_hold_and_are_reached)
{
    for (int i = CLCONV_NONE; i <= CLCONV_SILU; ++i) {
        const cc_activation *activation = cc_activation_get((clconv_activation)i);
        double steepest = 0.0;
        for (int step = -5120; step < 5120; ++step) {
            const double x = step * 0x1p-8;
            const double rise = activation->apply(x + 0x1p-8, 0.5) - activation->apply(x, 0.5);
            steepest = fmax(steepest, fabs(rise) * 0x1p8);
        }
        cr_expect(steepest <= activation->lipschitz * (1.0 + 1e-9) &&
                      steepest > 0.99 * activation->lipschitz,
                  "%s: steepest %g, stated %g", activation->name, steepest, activation->lipschitz);
    }
}

/* ---- The device's own error ------------------------------------------------------------------ */

/* y off by `ulps` units in its last float32 place. */
static double off_by(double y, double ulps)
{
    int exponent;
    frexp(y, &exponent);
    return y + ulps * ldexp(1.0, exponent - FLT_MANT_DIG);
}

/* conv_activate of kernels/conv.h with every operation wrong by `sign` times its limit. */
static double worst_device(clconv_activation activation, double x, double sign)
{
    const double e = off_by(exp(-x), 3.0 * sign), sum = (1.0 + e) * (1.0 + sign * u);
    switch (activation) {
    case CLCONV_LEAKY_RELU: return x < 0.0 ? 0.3 * x * (1.0 + sign * u) : x;
    case CLCONV_SIGMOID: return off_by(1.0 / sum, -2.5 * sign);
    case CLCONV_TANH: return off_by(tanh(x), 5.0 * sign);
    case CLCONV_SILU: return off_by(x / sum, (x < 0.0 ? 2.5 : -2.5) * sign);
    default: return cc_activation_get(activation)->apply(x, 0.3);
    }
}

Test(activation, the_worst_device_stays_within_relative_ulps)
{
    for (int i = CLCONV_NONE; i <= CLCONV_SILU; ++i) {
        const cc_activation *activation = cc_activation_get((clconv_activation)i);
        double worst = 0.0;
        for (int step = -40960; step < 40960; ++step) {
            const double x = (step + 0.5) * 0x1p-9; /* past 0 */
            const double y = activation->apply(x, 0.3);
            for (int sign = -1; sign <= 1; sign += 2) {
                const double gap = fabs(worst_device((clconv_activation)i, x, sign) - y);
                worst = gap > 0.0 ? fmax(worst, gap / (u * fabs(y))) : worst;
            }
        }
        cr_expect(worst <= activation->relative_ulps + 0.001 &&
                      worst >= 0.8 * activation->relative_ulps,
                  "%s: worst %g, stated %g", activation->name, worst, activation->relative_ulps);
    }
}
