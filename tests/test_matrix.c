/* Every algorithm on every kind of problem that it says it can do, one test an algorithm. */
#include "judge.h"
#include "workload.h"

#include <criterion/parameterized.h>

typedef struct kind {
    const char *name;
    int64_t in_channels, out_channels; /* of one group */
    int64_t groups;
    int64_t kernel, padding;
} kind;

/* A depthwise kind has one group per channel, and the tail is in the groups. */
static const kind kinds[] = {
    {"first layer", 3, 16, 1, 3, 1},      {"1x1", 16, 16, 1, 1, 0},   {"3x3", 16, 16, 1, 3, 1},
    {"padding >= kernel", 8, 8, 1, 3, 4}, {"grouped", 8, 8, 4, 3, 1}, {"depthwise", 1, 1, 16, 3, 1},
    {"depth multiplier", 1, 2, 16, 3, 1},
};

typedef enum tail { PLAIN, CHANNEL_TAIL, STRIDED_TAIL, TAILS } tail;

enum { TAIL = 17 };

static void size_axes(clconv_problem *p, const kind *k, tail t)
{
    static const int64_t plain[][CLCONV_AXES] = {{1, 1, 128}, {1, 16, 32}, {8, 8, 16}};
    static const int64_t odd[][CLCONV_AXES] = {{1, 1, 151}, {1, 19, 23}, {7, 9, 11}};
    for (int axis = CLCONV_AXES - p->rank; axis < CLCONV_AXES; ++axis) {
        p->input_size[axis] = t == PLAIN ? plain[p->rank - 1][axis] : odd[p->rank - 1][axis];
        p->kernel_size[axis] = k->kernel;
        p->padding_begin[axis] = p->padding_end[axis] = k->padding;
        if (t == STRIDED_TAIL) {
            p->stride[axis] = 2;
            p->output_padding[axis] = p->transposed;
        }
    }
}

static clconv_problem matrix_problem(const kind *k, tail t, int rank, int transposed)
{
    clconv_problem p = clconv_problem_1d(k->in_channels, k->out_channels, 1, 1);
    p.rank = rank;
    p.transposed = transposed;
    p.batch = 2;
    p.groups = k->groups;
    if (t == CHANNEL_TAIL && k->in_channels == 1) {
        p.groups = TAIL;
    } else if (t == CHANNEL_TAIL) {
        p.in_channels = k->in_channels == 3 ? 3 : TAIL;
        p.out_channels = TAIL;
        p.groups = k->groups == 1 ? 1 : 2;
    }
    p.in_channels *= p.groups;
    p.out_channels *= p.groups;
    p.epilogue.bias = t != PLAIN;
    p.epilogue.activation = t == CHANNEL_TAIL ? CLCONV_RELU : CLCONV_NONE;
    size_axes(&p, k, t);
    return p;
}

/* A stage on what the first one gives, of the same kind or a pointwise one, for algorithms that run
 * two as one; 0: there is none. */
static int matrix_second(const clconv_problem *first, int pointwise, clconv_problem *second)
{
    clconv_sizes sizes;
    *second = pointwise ? clconv_problem_1d(1, TAIL, 1, 1) : *first;
    second->rank = first->rank;
    second->batch = first->batch;
    second->epilogue = first->epilogue;
    second->in_channels = first->out_channels;
    if (clconv_problem_sizes(first, &sizes, NULL) != CLCONV_OK)
        return 0;
    memcpy(second->input_size, sizes.output_size, sizeof second->input_size);
    return clconv_problem_check(second, NULL) == CLCONV_OK;
}

static void judge_kind(clconv_context *context, const kind *k, const char *algorithm,
                       judge_tally *tally)
{
    for (tail t = PLAIN; t < TAILS; ++t) {
        for (int form = 0; form < 6; ++form) {
            clconv_problem pair[2] = {matrix_problem(k, t, 1 + form % 3, form / 3)};
            const clconv_problem p = pair[0];
            clconv_error error = {0};
            cr_assert_eq(clconv_problem_check(&p, &error), CLCONV_OK, "%s: %s", k->name,
                         error.message);
            if (clconv_algorithm_check(context, &p, algorithm, NULL) == CLCONV_OK) {
                judge_run(context, &p, 1, algorithm, judge_seed(1), 1, tally);
                continue;
            }
            for (int pointwise = 0; pointwise < 2; ++pointwise)
                if (matrix_second(&p, pointwise, &pair[1]) &&
                    clconv_algorithm_check_sequence(context, pair, 2, algorithm, NULL) == CLCONV_OK)
                    judge_run(context, pair, 2, algorithm, judge_seed(1), 1, tally);
        }
    }
}

ParameterizedTestParameters(matrix, every_kind_of_problem)
{
    static size_t algorithms[64];
    size_t count = 0;
    for (; clconv_algorithm_name(count) != NULL; ++count)
        algorithms[count] = count;
    return cr_make_param_array(size_t, algorithms, count);
}

ParameterizedTest(size_t *index, matrix, every_kind_of_problem)
{
    const char *const algorithm = clconv_algorithm_name(*index);
    clconv_context *context = test_context(NULL);
    clconv_context *other = test_context_other_vectors();
    judge_tally tally = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
        judge_kind(context, &kinds[i], algorithm, &tally);
        judge_kind(other, &kinds[i], algorithm, &tally);
    }
    judge_print(algorithm, &tally);
    clconv_context_destroy(other);
    const int made_for_it = clconv_context_device(context)->kind == CLCONV_DEVICE_CPU;
    cr_expect(tally.cases > 0 || !made_for_it, "%s ran no case", algorithm);
    cr_expect_eq(tally.exact, tally.cases, "%s: only %zu of %zu cases are exact", algorithm,
                 tally.exact, tally.cases);
    clconv_context_destroy(context);
}
