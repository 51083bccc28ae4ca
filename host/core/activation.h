/* The activations in one table: what they are called and how their error is bounded. */
#ifndef CC_ACTIVATION_H
#define CC_ACTIVATION_H

#include "clconv.h"

typedef struct cc_activation {
    const char *name; /* in problem strings and on the command line */
    double (*apply)(double x, double slope);
    double lipschitz; /* |f(a) - f(b)| <= lipschitz * |a - b| (leaky_relu: times max(1,|slope|)) */
    double relative_ulps; /* error of the device's f(x) itself, in units of 2^-24 * |f(x)| */
} cc_activation;

/* NULL for a value that is no activation. */
const cc_activation *cc_activation_get(clconv_activation activation);

#endif
