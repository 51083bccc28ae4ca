/* What must hold between convolutions, exactly, on whole numbers: on the default device, for every
 * algorithm that takes both sides. The same for the reference: test_reference_properties.c. */
#include "random_problem.h"
#include "workload.h"

enum { ROUNDS = 60 };

static clconv_context *context;

static void create(void)
{
    context = test_context(NULL);
}

static void destroy(void)
{
    clconv_context_destroy(context);
}

TestSuite(device_properties, .init = create, .fini = destroy);

static clconv_sizes sizes_of(const clconv_problem *p)
{
    clconv_sizes sizes;
    clconv_error error;
    cr_assert_eq(clconv_problem_sizes(p, &sizes, &error), CLCONV_OK, "%s", error.message);
    return sizes;
}

/* Algorithm number `wanted` of those that compute direct sums and take the problem, counted modulo
 * their number. */
static const char *algorithm_of(const clconv_problem *p, size_t wanted)
{
    const char *names[64];
    const char *name;
    size_t count = 0;
    for (size_t i = 0; (name = clconv_algorithm_name(i)) != NULL; ++i)
        if (clconv_algorithm_math(name) == CLCONV_MATH_STRICT &&
            clconv_algorithm_check(context, p, name, NULL) == CLCONV_OK)
            names[count++] = name;
    cr_assert(count > 0, "%s: no algorithm", case_name(p));
    return names[wanted % count];
}

/* The result, which the caller frees. */
static float *convolved(const clconv_problem *p, size_t algorithm, const float *src,
                        const float *weights)
{
    const clconv_options options = {.algorithm = algorithm_of(p, algorithm)};
    const clconv_stage_tensors stage = {weights, NULL};
    const size_t count = (size_t)sizes_of(p).dst;
    float *dst = malloc(count * sizeof *dst);
    clconv_plan *plan = NULL;
    clconv_error error;
    cr_assert_not_null(dst);
    for (size_t i = 0; i < count; ++i)
        dst[i] = NAN;
    const clconv_tensors tensors = {.src = src, .dst = dst, .stages = &stage};
    cr_assert_eq(clconv_plan_create(context, p, 1, &options, &plan, &error), CLCONV_OK, "%s",
                 error.message);
    cr_assert_eq(clconv_execute(plan, &tensors, NULL, &error), CLCONV_OK, "%s", error.message);
    clconv_plan_destroy(plan);
    return dst;
}

static clconv_problem linear_problem(case_random *random, size_t round)
{
    clconv_problem problems[RANDOM_STAGES];
    random_sequence(random, (random_variant)(round % RANDOM_DEPTHWISE_SEPARABLE), problems);
    problems[0].epilogue = (clconv_epilogue){0};
    return problems[0];
}

static void expect_equal(const clconv_problem *p, size_t algorithm, const float *a, const float *b,
                         int64_t count)
{
    for (int64_t i = 0; i < count; ++i)
        cr_assert_eq(a[i], b[i], "%s with %s: element %lld is %g, not %g", case_name(p),
                     algorithm_of(p, algorithm), (long long)i, (double)a[i], (double)b[i]);
}

static double inner(const float *a, const float *b, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; ++i)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The transposed convolution that maps p's output back to its input. */
static clconv_problem mirror(const clconv_problem *p)
{
    clconv_problem m = *p;
    const clconv_sizes sizes = sizes_of(p);
    m.transposed = 1;
    m.in_channels = p->out_channels;
    m.out_channels = p->in_channels;
    memcpy(m.input_size, sizes.output_size, sizeof m.input_size);
    for (int axis = CLCONV_AXES - p->rank; axis < CLCONV_AXES; ++axis) {
        const int64_t span = p->dilation[axis] * (p->kernel_size[axis] - 1) + 1;
        m.output_padding[axis] =
            (p->input_size[axis] + p->padding_begin[axis] + p->padding_end[axis] - span) %
            p->stride[axis];
    }
    return m;
}

static int has_mirror(const clconv_problem *p)
{
    return !p->transposed && p->padding_mode == CLCONV_ZEROS && p->padding_end[0] >= 0 &&
           p->padding_end[1] >= 0 && p->padding_end[2] >= 0;
}

Test(device_properties, transposed_is_the_adjoint)
{
    case_random random = {21};
    for (size_t round = 0, checked = 0; checked < ROUNDS; ++round) {
        const clconv_problem p = linear_problem(&random, round);
        if (!has_mirror(&p))
            continue;
        const clconv_problem m = mirror(&p);
        const clconv_sizes sizes = sizes_of(&p);
        float *x = case_integers(&random, sizes.src);
        float *y = case_integers(&random, sizes.dst);
        float *weights = case_integers(&random, sizes.weights);
        float *forth = convolved(&p, checked, x, weights);
        float *back = convolved(&m, checked / 2, y, weights);
        const double a = inner(forth, y, sizes.dst);
        const double b = inner(back, x, sizes.src);
        cr_assert_eq(a, b, "%s with %s and %s: %g is not %g", case_name(&p),
                     algorithm_of(&p, checked), algorithm_of(&m, checked / 2), a, b);
        free(x), free(y), free(weights), free(forth), free(back);
        ++checked;
    }
}

Test(device_properties, grouped_is_the_concatenation_of_its_groups)
{
    case_random random = {22};
    for (size_t round = 0; round < ROUNDS; ++round) {
        clconv_problem problems[RANDOM_STAGES];
        random_sequence(&random, round % 2 ? RANDOM_GROUPED : RANDOM_MULTIPLIER, problems);
        clconv_problem p = problems[0];
        p.epilogue = (clconv_epilogue){0};
        p.batch = 1; /* then a group's channels lie together */
        const clconv_sizes sizes = sizes_of(&p);
        float *src = case_integers(&random, sizes.src);
        float *weights = case_integers(&random, sizes.weights);
        float *whole = convolved(&p, round / 2, src, weights);
        clconv_problem part = p;
        part.groups = 1;
        part.in_channels /= p.groups;
        part.out_channels /= p.groups;
        const clconv_sizes of_part = sizes_of(&part);
        for (int64_t g = 0; g < p.groups; ++g) {
            float *dst =
                convolved(&part, round, src + g * of_part.src, weights + g * of_part.weights);
            expect_equal(&p, round / 2, whole + g * of_part.dst, dst, of_part.dst);
            free(dst);
        }
        free(src), free(weights), free(whole);
    }
}

/* One channel's dilated kernel written out with its zeros. */
static void stuff(const clconv_problem *p, const clconv_problem *dense, const float *kernel,
                  float *stuffed)
{
    for (int64_t t = 0; t < p->kernel_size[0]; ++t)
        for (int64_t r = 0; r < p->kernel_size[1]; ++r)
            for (int64_t s = 0; s < p->kernel_size[2]; ++s) {
                const int64_t row = t * p->dilation[0] * dense->kernel_size[1] + r * p->dilation[1];
                stuffed[row * dense->kernel_size[2] + s * p->dilation[2]] = *kernel++;
            }
}

Test(device_properties, dilated_is_dense_with_zeros_in_the_kernel)
{
    case_random random = {23};
    for (size_t round = 0; round < ROUNDS; ++round) {
        clconv_problem p;
        random_sequence(&random, RANDOM_DILATED, &p);
        p.epilogue = (clconv_epilogue){0};
        clconv_problem dense = p;
        for (int axis = 0; axis < CLCONV_AXES; ++axis) {
            dense.kernel_size[axis] = p.dilation[axis] * (p.kernel_size[axis] - 1) + 1;
            dense.dilation[axis] = 1;
        }
        const clconv_sizes sizes = sizes_of(&p);
        const clconv_sizes of_dense = sizes_of(&dense);
        const int64_t kernels = p.in_channels / p.groups * p.out_channels;
        float *src = case_integers(&random, sizes.src);
        float *weights = case_integers(&random, sizes.weights);
        float *stuffed = calloc((size_t)of_dense.weights, sizeof *stuffed);
        cr_assert_not_null(stuffed);
        for (int64_t k = 0; k < kernels; ++k)
            stuff(&p, &dense, weights + k * (sizes.weights / kernels),
                  stuffed + k * (of_dense.weights / kernels));
        float *a = convolved(&p, round, src, weights);
        float *b = convolved(&dense, round / 2, src, stuffed);
        cr_assert_eq(sizes.dst, of_dense.dst, "%s", case_name(&p));
        expect_equal(&p, round, a, b, sizes.dst);
        free(src), free(weights), free(stuffed), free(a), free(b);
    }
}

Test(device_properties, is_linear_in_its_input)
{
    case_random random = {24};
    for (size_t round = 0; round < 2 * ROUNDS; ++round) {
        const clconv_problem p = linear_problem(&random, round);
        const clconv_sizes sizes = sizes_of(&p);
        float *x = case_integers(&random, sizes.src);
        float *y = case_integers(&random, sizes.src);
        float *weights = case_integers(&random, sizes.weights);
        float *of_x = convolved(&p, round, x, weights);
        float *of_y = convolved(&p, round, y, weights);
        for (int64_t j = 0; j < sizes.src; ++j)
            x[j] = 3.0f * x[j] - 2.0f * y[j];
        float *of_both = convolved(&p, round, x, weights);
        for (int64_t j = 0; j < sizes.dst; ++j)
            of_x[j] = 3.0f * of_x[j] - 2.0f * of_y[j];
        expect_equal(&p, round, of_both, of_x, sizes.dst);
        free(x), free(y), free(weights), free(of_x), free(of_y), free(of_both);
    }
}

/* Every algorithm that takes p, once. */
static size_t algorithms_of(const clconv_problem *p)
{
    const char *const first = algorithm_of(p, 0);
    size_t count = 1;
    while (algorithm_of(p, count) != first)
        ++count;
    return count;
}

Test(device_properties, an_impulse_shows_the_kernel)
{
    clconv_problem p = clconv_problem_2d(1, 1, 5, 5, 3, 3);
    const float weights[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const float turned[] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    float framed[49] = {0};
    float impulse[25] = {0};
    impulse[12] = 1.0f;
    for (int i = 0; i < 9; ++i)
        framed[(i / 3 + 2) * 7 + i % 3 + 2] = weights[i];
    for (p.transposed = 0; p.transposed <= 1; ++p.transposed) {
        for (size_t a = 0; a < algorithms_of(&p); ++a) {
            float *dst = convolved(&p, a, impulse, weights);
            expect_equal(&p, a, dst, p.transposed ? framed : turned, p.transposed ? 49 : 9);
            free(dst);
        }
    }
}

Test(device_properties, a_shifted_input_shifts_the_output)
{
    enum { SIZE = 67, CHANNELS = 4, TAPS = 5, SHIFT = 9 };
    case_random random = {25};
    for (int form = 0; form < 6; ++form) {
        clconv_problem p = clconv_problem_1d(CHANNELS, CHANNELS, SIZE, TAPS);
        p.dilation[CLCONV_WIDTH] = 1 + form % 3;
        p.groups = form < 3 ? 1 : CHANNELS;
        p.padding_mode = CLCONV_CIRCULAR;
        cr_assert_eq(clconv_problem_pad_same(&p, NULL), CLCONV_OK);
        float *src = case_integers(&random, CHANNELS * SIZE);
        float *weights = case_integers(&random, CHANNELS * CHANNELS * TAPS);
        float shifted[CHANNELS * SIZE], expected[CHANNELS * SIZE];
        for (size_t a = 0; a < algorithms_of(&p); ++a) {
            float *whole = convolved(&p, a, src, weights);
            for (int i = 0; i < CHANNELS * SIZE; ++i) {
                const int to = i / SIZE * SIZE + (i % SIZE + SHIFT) % SIZE;
                shifted[to] = src[i];
                expected[to] = whole[i];
            }
            float *dst = convolved(&p, a, shifted, weights);
            expect_equal(&p, a, dst, expected, CHANNELS * SIZE);
            free(whole), free(dst);
        }
        free(src), free(weights);
    }
}
