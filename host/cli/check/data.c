#include "data.h"

#include <math.h>
#include <stdlib.h>

/* Number `index` of the sequence, counted from 1. */
static uint64_t splitmix64(uint64_t index)
{
    uint64_t z = index * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* K_acc: the products in the sum of one output element, at most. */
static double sum_length(const clconv_problem *p)
{
    double length = (double)p->in_channels / (double)p->groups;
    for (int axis = 0; axis < CLCONV_AXES; axis++)
        length *= (double)p->kernel_size[axis];
    return length;
}

static int activation_is_exact(clconv_activation activation, int last)
{
    switch (activation) {
    case CLCONV_NONE:
    case CLCONV_RELU:
    case CLCONV_RELU6: return 1;
    case CLCONV_LEAKY_RELU: return last; /* rounds once, as the reference does; then no integer */
    default: return 0;
    }
}

static int range_is_exact(const clconv_problem *problems, size_t count, data_range range)
{
    const double limit = 16777216; /* 2^24 */
    double largest = range.src;
    for (size_t s = 0; s < count; s++) {
        const clconv_epilogue *epilogue = &problems[s].epilogue;
        largest = sum_length(&problems[s]) * largest * range.weights;
        largest += epilogue->bias ? range.src : 0;
        if (largest > limit || !activation_is_exact(epilogue->activation, s + 1 == count))
            return 0;
    }
    return 1;
}

int data_exact_range(const clconv_problem *problems, size_t count, data_range *range)
{
    static const data_range ranges[] = {{7, 3}, {3, 2}, {2, 1}, {1, 1}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        *range = ranges[i];
        if (range_is_exact(problems, count, *range))
            return 1;
    }
    return 0;
}

static void fill_integers(float *x, int64_t count, uint64_t seed, int largest)
{
    const uint64_t values = 2 * (uint64_t)largest;
    for (int64_t i = 0; i < count; i++) {
        const int drawn = (int)(splitmix64(seed + (uint64_t)i) % values) - largest;
        x[i] = (float)(drawn < 0 ? drawn : drawn + 1);
    }
}

static void fill_reals(float *x, int64_t count, uint64_t seed, double scale)
{
    for (int64_t i = 0; i < count; i++) {
        const double unit = (double)(splitmix64(seed + (uint64_t)i) >> 40) / 8388608 - 1;
        x[i] = (float)(scale * unit);
    }
}

/* Allocates one tensor and fills it from its own part of the generator; counts it in *tensor. */
static float *make(int64_t count, data_gate gate, int largest, double scale, uint64_t seed,
                   int *tensor)
{
    float *x = malloc((size_t)count * sizeof *x);
    const uint64_t start = splitmix64(seed) + ((uint64_t)*tensor << 40);
    ++*tensor;
    if (x && gate == GATE_EXACT)
        fill_integers(x, count, start, largest);
    else if (x)
        fill_reals(x, count, start, scale);
    return x;
}

static cli_exit make_stage(const clconv_problem *problem, size_t s, data_gate gate,
                           data_range range, uint64_t seed, int *tensor, data_set *data)
{
    clconv_sizes sizes;
    clconv_error error;
    if (clconv_problem_sizes(problem, &sizes, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    const double scale = sqrt(3 / sum_length(problem));
    data->weights[s] = make(sizes.weights, gate, range.weights, scale, seed, tensor);
    if (sizes.bias)
        data->bias[s] = make(sizes.bias, gate, range.src, 1, seed, tensor);
    else
        ++*tensor;
    data->stages[s] = (clconv_stage_tensors){data->weights[s], data->bias[s]};
    if (!data->weights[s] || (sizes.bias && !data->bias[s]))
        return cli_fail(CLI_DEVICE, "the host is out of memory for the weights");
    return CLI_FINE;
}

cli_exit data_create(const clconv_problem *problems, size_t count, data_gate gate, uint64_t seed,
                     data_set *data)
{
    data_range range = {1, 1};
    clconv_sizes sizes;
    clconv_error error;
    int tensor = 0;

    if (gate == GATE_EXACT)
        data_exact_range(problems, count, &range);
    if (clconv_problem_sizes(&problems[0], &sizes, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    data->src = make(sizes.src, gate, range.src, 1, seed, &tensor);
    if (!data->src)
        return cli_fail(CLI_DEVICE, "the host is out of memory for a source of %lld elements",
                        (long long)sizes.src);
    cli_exit code = CLI_FINE;
    for (size_t s = 0; s < count && code == CLI_FINE; s++)
        code = make_stage(&problems[s], s, gate, range, seed, &tensor, data);
    return code;
}

void data_free(data_set *data)
{
    free(data->src);
    for (size_t s = 0; s < CLCONV_MAX_STAGES; s++) {
        free(data->weights[s]);
        free(data->bias[s]);
    }
    *data = (data_set){0};
}
