#include "clconv.h"

#include <math.h>

/* |dst - reference| in units of the bound; infinite where the class or sign differs. */
static double ratio_of(float dst, double reference, const double *bound)
{
    const float rounded = (float)reference;
    if (bound != NULL && isnan(*bound))
        return 0.0; /* nothing is promised here (reference.c) */
    if (isnan(rounded))
        return isnan(dst) ? 0.0 : INFINITY;
    if (isinf(rounded) || bound == NULL)
        return dst == rounded ? 0.0 : INFINITY;
    if (!(*bound < INFINITY))
        return 0.0; /* float32 promises nothing here */
    const double difference = fabs((double)dst - reference);
    if (difference == 0.0)
        return 0.0;
    return isfinite(dst) ? difference / *bound : INFINITY;
}

void clconv_compare(const float *dst, const double *reference, const double *bound, size_t count,
                    clconv_comparison *result)
{
    *result = (clconv_comparison){0};
    for (size_t i = 0; i < count; ++i) {
        const double ratio = ratio_of(dst[i], reference[i], bound != NULL ? &bound[i] : NULL);
        result->wrong += ratio > 1.0;
        if (ratio > result->ratio || i == 0) {
            result->worst = i;
            result->ratio = ratio;
            result->difference = fabs((double)dst[i] - reference[i]);
        }
    }
}
