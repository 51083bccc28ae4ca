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
    X(bands)                                                                                       \
    X(winograd)                                                                                    \
    X(winograd2)                                                                                   \
    X(tiled)                                                                                       \
    X(transposed)                                                                                  \
    X(depthwise)                                                                                   \
    X(rows)                                                                                        \
    X(fused)                                                                                       \
    X(separable)                                                                                   \
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

int cc_ends_loops_early(const clconv_device *device)
{
    return strcmp(device->platform, "rusticl") == 0 && device->kind == CLCONV_DEVICE_CPU;
}

/* With Mesa 22.3 direct, tiled and transposed are right with sums of 6,000 products and wrong with
 * 8,100, depthwise with 900 and with 960; others loop over the outputs of a work-item, too. */
static clconv_status check_loops(const cc_algorithm *algorithm, const clconv_device *device,
                                 const cc_shape *shape, clconv_error *error)
{
    double products = (double)cc_kernel_elements(shape) * cc_group_c(shape);
    for (int i = 0; i < CLCONV_AXES; ++i)
        products /= (double)cc_phases(shape, (clconv_axis)i);
    if (!cc_ends_loops_early(device))
        return CLCONV_OK;
    if (algorithm->short_products == 0)
        return cc_fail(error, CLCONV_UNSUPPORTED, "rusticl ends the loops of %s early",
                       algorithm->name);
    if (products > algorithm->short_products)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "rusticl ends loops early: sums of %.0f products are too long for it",
                       products);
    return CLCONV_OK;
}

size_t cc_algorithm_stages(const cc_algorithm *algorithm)
{
    return algorithm->stages > 0 ? (size_t)algorithm->stages : 1;
}

clconv_status cc_algorithm_check(const cc_algorithm *algorithm, const clconv_device *device,
                                 clconv_math math, const cc_shape *shapes, size_t count,
                                 clconv_error *error)
{
    if (cc_algorithm_stages(algorithm) > count)
        return cc_fail(error, CLCONV_UNSUPPORTED, "it runs %zu stages of a sequence as one",
                       cc_algorithm_stages(algorithm));
    if (math == CLCONV_MATH_STRICT && algorithm->tile != 0)
        return cc_fail(error, CLCONV_UNSUPPORTED, "strict math allows direct sums only");
    const clconv_status status = check_loops(algorithm, device, shapes, error);
    return status == CLCONV_OK ? algorithm->applicable(device, shapes, error) : status;
}

const cc_algorithm *cc_algorithm_choose(const clconv_device *device, clconv_math math,
                                        const cc_shape *shape)
{
    const cc_algorithm *best = NULL;
    double best_ns = 0.0;
    for (size_t i = 0; cc_algorithms[i] != NULL; ++i) {
        const cc_algorithm *candidate = cc_algorithms[i];
        if (cc_algorithm_check(candidate, device, math, shape, 1, NULL) != CLCONV_OK)
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

size_t cc_task_items(const clconv_device *device, int64_t tasks)
{
    return (size_t)tasks + (tasks % device->compute_units == 0);
}

cc_vectors cc_device_vectors(const clconv_device *device)
{
    return device->vector_floats >= 16 ? CC_VECTORS_16 : CC_VECTORS_8;
}

int cc_vector_lanes(cc_vectors vectors)
{
    return vectors == CC_VECTORS_16 ? 16 : 8;
}
