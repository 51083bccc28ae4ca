#include "random_problem.h"

#include <stdbool.h>
#include <string.h>

enum {
    MOST_MULTIPLICATIONS = 1 << 20, /* of one stage: about a millisecond of the reference */
    MOST_ELEMENTS = 1 << 16,        /* of one tensor */
    LONG_FACTOR = 4                 /* by which problems with long sums may be larger */
};

const char *random_variant_name(random_variant variant)
{
    static const char *const names[] = {
#define RANDOM_TEXT(name, text) text,
        RANDOM_VARIANTS(RANDOM_TEXT)
#undef RANDOM_TEXT
    };
    return names[variant];
}

/* Mostly small, now and then large: the shapes that leave tails of a tile are near its size. */
static int64_t channels(case_random *random)
{
    static const int64_t often[] = {1, 3, 8, 16, 17, 32, 33};
    const int64_t count = sizeof often / sizeof often[0];
    return case_integer(random, 0, 2) == 0 ? often[case_integer(random, 0, count - 1)]
                                           : case_integer(random, 1, 20);
}

static int64_t size_of_axis(case_random *random, int rank)
{
    static const int64_t most[] = {0, 300, 40, 12};
    return case_integer(random, 1, most[rank]);
}

static int64_t one_or(case_random *random, int64_t low, int64_t high)
{
    return case_integer(random, 0, 1) ? 1 : case_integer(random, low, high);
}

static clconv_epilogue epilogue(case_random *random)
{
    clconv_epilogue e = {.bias = (int)case_integer(random, 0, 1)};
    if (case_integer(random, 0, 1))
        e.activation = (clconv_activation)case_integer(random, CLCONV_NONE, CLCONV_SILU);
    if (e.activation == CLCONV_LEAKY_RELU)
        e.slope = (float)case_real(random, -0.5, 1.5);
    return e;
}

static void random_axis(case_random *random, clconv_problem *p, int axis)
{
    p->input_size[axis] = size_of_axis(random, p->rank);
    p->kernel_size[axis] = case_integer(random, 1, p->rank == 1 ? 9 : 5);
    p->stride[axis] = one_or(random, 1, 4);
    p->dilation[axis] = one_or(random, 1, 3);
    const int64_t span = p->dilation[axis] * (p->kernel_size[axis] - 1);
    p->padding_begin[axis] = case_integer(random, 0, span + 1);
    p->padding_end[axis] = case_integer(random, p->transposed ? 0 : -1, span + 1);
    if (p->transposed) {
        const int64_t below =
            p->stride[axis] > p->dilation[axis] ? p->stride[axis] : p->dilation[axis];
        p->output_padding[axis] = case_integer(random, 0, below - 1);
    }
}

static clconv_problem random_base(case_random *random, int rank, int transposed)
{
    clconv_problem p = clconv_problem_1d(channels(random), channels(random), 1, 1);
    p.rank = rank;
    p.transposed = transposed;
    p.batch = case_integer(random, 1, 3);
    p.epilogue = epilogue(random);
    if (!transposed && case_integer(random, 0, 1))
        p.padding_mode = (clconv_padding_mode)case_integer(random, CLCONV_ZEROS, CLCONV_CIRCULAR);
    for (int axis = CLCONV_AXES - rank; axis < CLCONV_AXES; ++axis)
        random_axis(random, &p, axis);
    return p;
}

static void set_groups(case_random *random, clconv_problem *p)
{
    p->groups = case_integer(random, 2, 6);
    p->in_channels = p->groups * case_integer(random, 1, 8);
    p->out_channels = p->groups * case_integer(random, 1, 8);
}

static void set_depthwise(case_random *random, clconv_problem *p, int64_t multiplier)
{
    p->in_channels = channels(random);
    p->groups = p->in_channels;
    p->out_channels = p->in_channels * multiplier;
}

static void set_pointwise(case_random *random, clconv_problem *p)
{
    for (int axis = CLCONV_AXES - p->rank; axis < CLCONV_AXES; ++axis) {
        p->kernel_size[axis] = 1;
        p->padding_begin[axis] = p->padding_end[axis] = case_integer(random, 0, 7) == 0;
    }
    p->in_channels = case_integer(random, 1, 70);
    p->out_channels = case_integer(random, 1, 70);
}

/* Rates up to beyond the input, with padding that lets the kernel fit. */
static void set_dilated(case_random *random, clconv_problem *p)
{
    for (int axis = CLCONV_AXES - p->rank; axis < CLCONV_AXES; ++axis) {
        const int64_t rate = case_integer(random, 2, p->input_size[axis] + 6);
        const int64_t span = rate * (p->kernel_size[axis] - 1);
        p->dilation[axis] = rate;
        p->padding_begin[axis] = case_integer(random, 0, span);
        p->padding_end[axis] = case_integer(random, 0, span);
        if (case_integer(random, 0, 1))
            p->padding_begin[axis] = p->padding_end[axis] = span / 2;
    }
}

/* Sums of thousands of products, which algorithms cut into parts: one problem of eight, as they
 * cost more. */
static bool draw_long(case_random *random, random_variant variant)
{
    switch (variant) {
    case RANDOM_DEPTHWISE_SEPARABLE:
    case RANDOM_SPATIALLY_SEPARABLE:
    case RANDOM_DEPTHWISE:
    case RANDOM_MULTIPLIER: return false;
    default: return case_integer(random, 0, 7) == 0;
    }
}

static void lengthen(case_random *random, clconv_problem *p)
{
    const int64_t taps = p->kernel_size[0] * p->kernel_size[1] * p->kernel_size[2];
    p->in_channels = p->groups * (case_integer(random, 2000, 5000) / taps + 1);
    p->out_channels = p->groups * case_integer(random, 1, 20);
}

static int variant_rank(case_random *random, random_variant variant)
{
    switch (variant) {
    case RANDOM_LINE: return 1;
    case RANDOM_PLANE:
    case RANDOM_SPATIALLY_SEPARABLE: return 2;
    case RANDOM_VOLUME: return 3;
    default: return (int)case_integer(random, 1, 3);
    }
}

static clconv_problem any_first(case_random *random, random_variant variant)
{
    const int rank = variant_rank(random, variant);
    clconv_problem p = random_base(random, rank, variant == RANDOM_TRANSPOSED);
    switch (variant) {
    case RANDOM_GROUPED: set_groups(random, &p); break;
    case RANDOM_DEPTHWISE_SEPARABLE:
    case RANDOM_DEPTHWISE: set_depthwise(random, &p, 1); break;
    case RANDOM_MULTIPLIER: set_depthwise(random, &p, case_integer(random, 2, 5)); break;
    case RANDOM_POINTWISE: set_pointwise(random, &p); break;
    case RANDOM_DILATED: set_dilated(random, &p); break;
    case RANDOM_TRANSPOSED:
        if (case_integer(random, 0, 1))
            set_groups(random, &p);
        break;
    case RANDOM_SPATIALLY_SEPARABLE: /* k x 1 */
        p.kernel_size[CLCONV_HEIGHT] = case_integer(random, 2, 9);
        p.kernel_size[CLCONV_WIDTH] = 1;
        set_depthwise(random, &p, 1);
        break;
    default: break;
    }
    return p;
}

/* The second stage, on what the first one gives: 1x1, or 1 x k of each channel. */
static clconv_problem second(case_random *random, random_variant variant,
                             const clconv_problem *first, const clconv_sizes *sizes)
{
    clconv_problem p = clconv_problem_1d(first->out_channels, case_integer(random, 1, 40), 1, 1);
    p.rank = first->rank;
    p.batch = first->batch;
    p.epilogue = epilogue(random);
    memcpy(p.input_size, sizes->output_size, sizeof p.input_size);
    if (variant == RANDOM_SPATIALLY_SEPARABLE) {
        p.out_channels = p.groups = p.in_channels;
        p.kernel_size[CLCONV_WIDTH] = case_integer(random, 2, 9);
        p.padding_begin[CLCONV_WIDTH] = case_integer(random, 0, p.kernel_size[CLCONV_WIDTH]);
        p.padding_end[CLCONV_WIDTH] = case_integer(random, 0, p.kernel_size[CLCONV_WIDTH]);
        p.stride[CLCONV_WIDTH] = first->stride[CLCONV_HEIGHT];
    }
    return p;
}

static bool fits(const clconv_problem *p, int64_t factor, clconv_sizes *sizes)
{
    clconv_cost cost;
    const int64_t most_elements = MOST_ELEMENTS * factor;
    return clconv_problem_sizes(p, sizes, NULL) == CLCONV_OK &&
           clconv_sequence_cost(p, 1, &cost, NULL) == CLCONV_OK &&
           cost.multiplications <= MOST_MULTIPLICATIONS * factor && sizes->src <= most_elements &&
           sizes->weights <= most_elements && sizes->dst <= most_elements;
}

size_t random_sequence(case_random *random, random_variant variant, clconv_problem *problems)
{
    const size_t count =
        variant == RANDOM_DEPTHWISE_SEPARABLE || variant == RANDOM_SPATIALLY_SEPARABLE ? 2 : 1;
    const bool is_long = draw_long(random, variant);
    for (;;) {
        clconv_sizes sizes;
        problems[0] = any_first(random, variant);
        if (is_long)
            lengthen(random, &problems[0]);
        if (!fits(&problems[0], is_long ? LONG_FACTOR : 1, &sizes))
            continue;
        if (count == 1)
            return count;
        problems[1] = second(random, variant, &problems[0], &sizes);
        if (fits(&problems[1], 1, &sizes))
            return count;
    }
}
