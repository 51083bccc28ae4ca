#include "conv/algorithm.h"

#include <string.h>

#ifdef CLCONV_CLBLAST
#define WITH_CLBLAST(X, name) X(name)
#else
#define WITH_CLBLAST(X, name)
#endif

/* Every algorithm: cc_NAME is defined in NAME.c. Listed in this order. */
#define ALGORITHMS(X)                                                                              \
    X(direct)                                                                                      \
    X(blocked)                                                                                     \
    X(panels)                                                                                      \
    X(winograd)                                                                                    \
    X(winograd2)                                                                                   \
    X(tiled)                                                                                       \
    X(transposed)                                                                                  \
    X(depthwise)                                                                                   \
    X(rows)                                                                                        \
    WITH_CLBLAST(X, pointwise)

#define DECLARE(name) extern const cc_algorithm cc_##name;
ALGORITHMS(DECLARE)

#define ROW(name) &cc_##name,
const cc_algorithm *const cc_algorithms[] = {ALGORITHMS(ROW) NULL};

const cc_algorithm *cc_algorithm_find(const char *name)
{
    for (size_t i = 0; cc_algorithms[i] != NULL; ++i)
        if (strcmp(cc_algorithms[i]->name, name) == 0)
            return cc_algorithms[i];
    return NULL;
}

clconv_status cc_algorithm_check(const cc_algorithm *algorithm, const clconv_device *device,
                                 clconv_math math, const cc_shape *shape, clconv_error *error)
{
    if (math == CLCONV_MATH_STRICT && algorithm->tile != 0)
        return cc_fail(error, CLCONV_UNSUPPORTED, "strict math allows direct sums only");
    return algorithm->applicable(device, shape, error);
}

const cc_algorithm *cc_algorithm_choose(const clconv_device *device, clconv_math math,
                                        const cc_shape *shape)
{
    const cc_algorithm *best = NULL;
    double best_ns = 0.0;
    for (size_t i = 0; cc_algorithms[i] != NULL; ++i) {
        const cc_algorithm *candidate = cc_algorithms[i];
        if (cc_algorithm_check(candidate, device, math, shape, NULL) != CLCONV_OK)
            continue;
        const double ns = candidate->estimate(device, shape);
        if (best == NULL || ns < best_ns) {
            best = candidate;
            best_ns = ns;
        }
    }
    return best;
}

double cc_multiplications(const cc_shape *shape)
{
    const double positions =
        (double)(shape->transposed ? cc_input_elements(shape) : cc_output_elements(shape));
    return positions * shape->batch * shape->in_channels * shape->out_channels / shape->groups *
           (double)cc_kernel_elements(shape);
}
