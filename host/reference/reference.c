/* The oracle: every problem in plain loops and double precision.
 *
 * The bound, for one element of one stage, is on what a float32 direct sum in any order may miss
 * (for Winograd's algorithm reference/winograd.h has another m and S):
 *
 *   x      = the sum in double, bias included (the reference before its activation)
 *   m      = how many products it has (taps inside the input only), plus 1 with a bias
 *   E      = sum |w| * (bound of the input element), 0 in the first stage
 *   S      = sum |w| * (|input| + its bound) + |bias|
 *   before = min(4*sqrt(m), m + 2)*u*S + u*(|x| + E) + (m + 1)*FLT_MIN + E
 *   bound  = L*before + a*u*|f(x)| + FLT_MIN with an activation f, else before
 *
 * u = 2^-24. (m + 2)*u*S is the proven bound of recursive summation with rounded products
 * (Higham, Accuracy and Stability of Numerical Algorithms, 2002, 3.1 and 4.2); 4*sqrt(m) is the
 * probabilistic one (Higham and Mary, SIAM J. Sci. Comput. 41(5), 2019: lambda*sqrt(m)*u with
 * probability near 1), without which long sums could hide a wrong term. u*|x| is the rounding to
 * float32; FLT_MIN pays for results that a device flushes to zero. L is the largest slope of f
 * and a the relative error of the device's f (core/activation.h).
 *
 * Where x is infinite or NaN the bound is 0, as only the class can agree. Where S exceeds FLT_MAX
 * a float32 sum may overflow on its way: the bound is infinite. Where S of a Winograd tile does,
 * also because it reads an infinity or a NaN, not even the class is known: the bound is NaN, and so
 * it is wherever later stages read such an element. */
#include "reference/reference.h"
#include "core/activation.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/platform.h"
#include "reference/padded.h"
#include "reference/stage.h"
#include "reference/winograd.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double unit_roundoff = FLT_EPSILON / 2.0;

/* What the threads share while they compute one stage. Without a bound, the last five are NULL. */
typedef struct stage_run {
    cc_reference_stage stage;
    const float *bias; /* NULL without one */
    const double *src;
    double *dst;
    const double *src_magnitude; /* |src| + its bound */
    const double *src_bound;     /* also NULL in the first stage */
    double *bound;
    double *carried;             /* E */
    cc_winograd_bound *winograd; /* NULL: a direct sum */
} stage_run;

/* ---- One element --------------------------------------------------------------------------- */

static double bound_before_activation(double x, double products, double magnitudes, double carried)
{
    if (isnan(carried))
        return NAN;
    if (!isfinite(x))
        return 0.0;
    if (!(magnitudes <= (double)FLT_MAX))
        return INFINITY;
    const double growth = fmin(4.0 * sqrt(products), products + 2.0);
    return growth * unit_roundoff * magnitudes + unit_roundoff * (fabs(x) + carried) +
           (products + 1.0) * (double)FLT_MIN + carried;
}

static double activate(const clconv_epilogue *epilogue, double x)
{
    return cc_activation_get(epilogue->activation)->apply(x, (double)epilogue->slope);
}

static double bound_after_activation(const clconv_epilogue *epilogue, double x, double before)
{
    const cc_activation *activation = cc_activation_get(epilogue->activation);
    if (epilogue->activation == CLCONV_NONE)
        return before;
    const double slope = fmax(1.0, fabs((double)epilogue->slope));
    const double y = fabs(activate(epilogue, x));
    const double own = isfinite(y) ? activation->relative_ulps * unit_roundoff * y : 0.0;
    return activation->lipschitz * slope * before + own + (double)FLT_MIN;
}

/* m without the bias, or what stands for it. */
static double terms(const stage_run *run, int64_t o, int64_t p, int64_t q)
{
    return run->winograd != NULL ? cc_winograd_bound_roundings(run->winograd)
                                 : (double)cc_reference_products(&run->stage, o, p, q);
}

/* ---- Output planes ------------------------------------------------------------------------- */

/* Neighbouring output channels of one image and one group. */
typedef struct block {
    int64_t n, k, count;
} block;

/* A channel of the input, in the cache by then, meets that many output channels. */
enum { BLOCK_K = CC_WINOGRAD_BOUND_CHANNELS };

/* Blocks of a group; small ones where there are few planes for many threads. */
static int64_t blocks_of_group(const cc_shape *shape)
{
    const int64_t planes = (int64_t)shape->batch * shape->out_channels;
    const int64_t channels = shape->out_channels / shape->groups;
    const int64_t most = planes / 64 < 1 ? 1 : planes / 64;
    const int64_t block_k = most < BLOCK_K ? most : BLOCK_K;
    return (channels + block_k - 1) / block_k;
}

static block block_at(const cc_shape *shape, int64_t index)
{
    const int64_t blocks = blocks_of_group(shape);
    const int64_t channels = shape->out_channels / shape->groups;
    const int64_t group = index / blocks % shape->groups;
    const int64_t first = index % blocks * channels / blocks;
    const int64_t end = (index % blocks + 1) * channels / blocks;
    return (block){
        .n = index / blocks / shape->groups,
        .k = group * channels + first,
        .count = end - first,
    };
}

/* Replaces the sums of magnitudes S of plane k by its bounds. */
static void bound_plane(const stage_run *run, int64_t k, const double *x, const double *carried,
                        double *magnitudes)
{
    const cc_shape *shape = &run->stage.shape;
    const double bias = run->bias != NULL ? (double)run->bias[k] : 0.0;
    int64_t i = 0;
    for (int64_t o = 0; o < shape->axis[CLCONV_DEPTH].output; ++o)
        for (int64_t p = 0; p < shape->axis[CLCONV_HEIGHT].output; ++p)
            for (int64_t q = 0; q < shape->axis[CLCONV_WIDTH].output; ++q, ++i) {
                const double roundings = terms(run, o, p, q) + (run->bias != NULL);
                const double before =
                    run->winograd != NULL && !(magnitudes[i] <= (double)FLT_MAX)
                        ? NAN
                        : bound_before_activation(x[i], roundings, magnitudes[i] + fabs(bias),
                                                  carried ? carried[i] : 0.0);
                magnitudes[i] = bound_after_activation(&shape->epilogue, x[i], before);
            }
}

/* sums = what the block's channels sum of `x`. */
static void sum_block(const stage_run *run, block b, const double *x, int magnitude, double *sums)
{
    const size_t elements = (size_t)(b.count * cc_output_elements(&run->stage.shape));
    memset(sums, 0, elements * sizeof *sums);
    cc_reference_sum(&run->stage, b.n, b.k, b.count, x, magnitude, sums);
}

static void run_block(size_t index, void *data)
{
    const stage_run *run = data;
    const cc_shape *shape = &run->stage.shape;
    const block b = block_at(shape, (int64_t)index);
    const int64_t size = cc_output_elements(shape);
    const int64_t first = (b.n * shape->out_channels + b.k) * size;

    sum_block(run, b, run->src, 0, run->dst + first);
    if (run->winograd != NULL)
        cc_winograd_bound_sum(run->winograd, b.n, b.k, b.count, run->bound + first);
    else if (run->bound != NULL)
        sum_block(run, b, run->src_magnitude, 1, run->bound + first);
    if (run->carried != NULL)
        sum_block(run, b, run->src_bound, 1, run->carried + first);

    for (int64_t j = 0; j < b.count; ++j) {
        double *x = run->dst + first + j * size;
        if (run->bias != NULL)
            for (int64_t i = 0; i < size; ++i)
                x[i] += (double)run->bias[b.k + j];
        if (run->bound != NULL)
            bound_plane(run, b.k + j, x, run->carried ? run->carried + first + j * size : NULL,
                        run->bound + first + j * size);
        for (int64_t i = 0; i < size; ++i)
            x[i] = activate(&shape->epilogue, x[i]);
    }
}

/* ---- Stages -------------------------------------------------------------------------------- */

/* Memory for `count` doubles, or NULL with the status set. */
static double *allocate(int64_t count, clconv_status *status, clconv_error *error)
{
    double *memory = NULL;
    if ((uint64_t)count <= SIZE_MAX / sizeof *memory)
        memory = malloc((size_t)count * sizeof *memory);
    if (memory == NULL)
        *status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY,
                          "no memory for %lld values of the reference", (long long)count);
    return memory;
}

/* Replaces *values (all channels of all images; may be NULL) by their padded form. */
static clconv_status pad(const cc_shape *shape, double **values, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (*values == NULL || shape->padding_mode == CLCONV_ZEROS)
        return CLCONV_OK;

    const cc_shape padded_shape = cc_padded_shape(shape);
    const cc_axis *outer = padded_shape.axis;
    const int64_t channels = (int64_t)shape->batch * shape->in_channels;
    const int64_t sizes[] = {channels, outer[0].input, outer[1].input, outer[2].input};
    int64_t elements;
    if (!cc_multiply_all(sizes, 4, INT64_MAX, &elements))
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for the padded input");
    double *padded = allocate(elements, &status, error);
    if (padded == NULL)
        return status;
    for (int64_t i = 0; i < channels; ++i)
        cc_pad_channel(shape, *values + i * cc_input_elements(shape),
                       padded + i * (elements / channels));
    free(*values);
    *values = padded;
    return CLCONV_OK;
}

/* Computes one stage. Takes *src and *src_bound, which it may replace by their padded forms; a
 * NULL src_bound holds exact values. `bound` may be NULL; `tile`: cc_reference. */
static clconv_status run_stage(const clconv_problem *problem, const clconv_stage_tensors *tensors,
                               int tile, double **src, double **src_bound, double *dst,
                               double *bound, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    stage_run run = {.bias = problem->epilogue.bias ? tensors->bias : NULL, .dst = dst};
    double *magnitude = NULL, *carried = NULL;
    cc_winograd_bound winograd = {0};
    cc_shape shape;

    TRY(cc_shape_make(problem, &shape, error));
    TRY(pad(&shape, src, error));
    TRY(pad(&shape, src_bound, error));
    if (shape.padding_mode != CLCONV_ZEROS)
        shape = cc_padded_shape(&shape);
    TRY(cc_reference_stage_make(&shape, tensors->weights, &run.stage, error));
    run.src = *src;

    const int64_t planes = (int64_t)shape.batch * shape.out_channels;
    if (bound != NULL) {
        const int64_t inputs = (int64_t)shape.batch * shape.in_channels * cc_input_elements(&shape);
        magnitude = allocate(inputs, &status, error);
        if (magnitude == NULL)
            goto cleanup;
        for (int64_t i = 0; i < inputs; ++i)
            /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): the caller filled src */
            magnitude[i] = fabs((*src)[i]) + (*src_bound != NULL ? (*src_bound)[i] : 0.0);
        if (*src_bound != NULL) {
            carried = allocate(planes * cc_output_elements(&shape), &status, error);
            if (carried == NULL)
                goto cleanup;
        }
        run.src_magnitude = magnitude;
        run.src_bound = *src_bound;
        run.bound = bound;
        run.carried = carried;
        if (tile != 0) {
            TRY(cc_winograd_bound_make(&shape, tile, tensors->weights, magnitude, &winograd,
                                       error));
            run.winograd = &winograd;
        }
    }
    cc_parallel_for((size_t)((int64_t)shape.batch * shape.groups * blocks_of_group(&shape)),
                    run_block, &run);
cleanup:
    cc_reference_stage_destroy(&run.stage);
    cc_winograd_bound_destroy(&winograd);
    free(carried);
    free(magnitude);
    return status;
}

static clconv_status check_tensors(const clconv_problem *problems, size_t count, const float *src,
                                   const clconv_stage_tensors *stages, const double *dst,
                                   clconv_error *error)
{
    if (src == NULL || stages == NULL || dst == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "%s is NULL",
                       src == NULL ? "src" : (stages == NULL ? "stages" : "dst"));
    for (size_t i = 0; i < count; ++i) {
        const int without_weights = stages[i].weights == NULL;
        if (without_weights || (problems[i].epilogue.bias && stages[i].bias == NULL)) {
            (void)cc_fail(error, CLCONV_INVALID_ARGUMENT, "stages[%zu].%s is NULL", i,
                          without_weights ? "weights" : "bias");
            return cc_fail_in(error, CLCONV_INVALID_ARGUMENT, problems, count);
        }
    }
    return CLCONV_OK;
}

static clconv_status run_sequence(const clconv_problem *problems, size_t count, const int *tiles,
                                  const float *src, const clconv_stage_tensors *stages, double *dst,
                                  double *bound, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    clconv_sizes sizes;
    double *x = NULL, *x_bound = NULL, *y = NULL, *y_bound = NULL;

    TRY(clconv_problem_sizes(&problems[0], &sizes, error));
    x = allocate(sizes.src, &status, error);
    if (x == NULL)
        goto cleanup;
    for (int64_t i = 0; i < sizes.src; ++i)
        x[i] = (double)src[i];

    for (size_t i = 0; i + 1 < count; ++i) {
        TRY(clconv_problem_sizes(&problems[i], &sizes, error));
        y = allocate(sizes.dst, &status, error);
        y_bound = bound != NULL && y != NULL ? allocate(sizes.dst, &status, error) : NULL;
        TRY(status);
        TRY(run_stage(&problems[i], &stages[i], tiles != NULL ? tiles[i] : 0, &x, &x_bound, y,
                      y_bound, error));
        free(x);
        free(x_bound);
        x = y;
        x_bound = y_bound;
        y = y_bound = NULL;
    }
    TRY(run_stage(&problems[count - 1], &stages[count - 1], tiles != NULL ? tiles[count - 1] : 0,
                  &x, &x_bound, dst, bound, error));
cleanup:
    free(x);
    free(x_bound);
    free(y);
    free(y_bound);
    return status;
}

clconv_status cc_reference(const clconv_problem *problems, size_t count, const int *tiles,
                           const float *src, const clconv_stage_tensors *stages, double *dst,
                           double *bound, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(clconv_sequence_check(problems, count, error));
    TRY(check_tensors(problems, count, src, stages, dst, error));
    TRY(cc_fail_in(error, run_sequence(problems, count, tiles, src, stages, dst, bound, error),
                   problems, count));
cleanup:
    return status;
}

clconv_status clconv_reference(const clconv_problem *problems, size_t count, const float *src,
                               const clconv_stage_tensors *stages, double *dst, double *bound,
                               clconv_error *error)
{
    return cc_reference(problems, count, NULL, src, stages, dst, bound, error);
}
