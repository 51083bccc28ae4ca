#include "cases.h"

#include <stdlib.h>

static uint64_t next(case_random *random)
{
    uint64_t x = random->state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    random->state = x;
    return x * 0x2545F4914F6CDD1Du;
}

int64_t case_integer(case_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)((next(random) >> 16) % (uint64_t)(high - low + 1));
}

double case_real(case_random *random, double low, double high)
{
    return low + (high - low) * (double)(next(random) >> 11) * 0x1p-53;
}

static float *allocate(int64_t count)
{
    float *values = malloc((size_t)(count > 0 ? count : 1) * sizeof *values);
    if (values == NULL)
        abort();
    return values;
}

float *case_integers(case_random *random, int64_t count)
{
    float *values = allocate(count);
    for (int64_t i = 0; i < count; ++i)
        values[i] = (float)case_integer(random, -4, 4);
    return values;
}

float *case_reals(case_random *random, int64_t count, double low, double high)
{
    float *values = allocate(count);
    for (int64_t i = 0; i < count; ++i)
        values[i] = (float)case_real(random, low, high);
    return values;
}

static clconv_problem any_problem(case_random *random)
{
    const int64_t groups = case_integer(random, 1, 3);
    clconv_problem p = clconv_problem_1d(groups * case_integer(random, 1, 3),
                                         groups * case_integer(random, 1, 3), 1, 1);
    p.rank = (int)case_integer(random, 1, 3);
    p.transposed = (int)case_integer(random, 0, 1);
    p.groups = groups;
    p.batch = case_integer(random, 1, 2);
    p.padding_mode = p.transposed ? CLCONV_ZEROS : (clconv_padding_mode)case_integer(random, 0, 3);
    p.epilogue.bias = (int)case_integer(random, 0, 1);
    p.epilogue.activation = (clconv_activation)case_integer(random, CLCONV_NONE, CLCONV_SILU);
    p.epilogue.slope = p.epilogue.activation == CLCONV_LEAKY_RELU ? 0.125f : 0.0f;
    for (int axis = CLCONV_AXES - p.rank; axis < CLCONV_AXES; ++axis) {
        p.input_size[axis] = case_integer(random, 1, 7);
        p.kernel_size[axis] = case_integer(random, 1, 4);
        p.stride[axis] = case_integer(random, 1, 3);
        p.dilation[axis] = case_integer(random, 1, 3);
        p.padding_begin[axis] = case_integer(random, 0, 4);
        p.padding_end[axis] = case_integer(random, p.transposed ? 0 : -1, 4);
        p.output_padding[axis] = p.transposed ? case_integer(random, 0, 2) : 0;
    }
    return p;
}

clconv_problem case_problem(case_random *random)
{
    for (;;) {
        const clconv_problem p = any_problem(random);
        if (clconv_problem_check(&p, NULL) == CLCONV_OK)
            return p;
    }
}

const char *case_name(const clconv_problem *problem)
{
    static char text[1024];
    clconv_problem_format(problem, text, sizeof text);
    return text;
}
