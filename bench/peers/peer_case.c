#include "peer_case.h"

#include <string.h>

/* A shape: two leading dimensions and those of `sizes` that the rank has. */
static npy_array shape_of(int rank, int64_t first, int64_t second, const int64_t *sizes)
{
    npy_array array = {.dims = 2 + rank, .shape = {first, second}};
    memcpy(&array.shape[2], &sizes[CLCONV_AXES - rank], (size_t)rank * sizeof sizes[0]);
    array.count = 1;
    for (int i = 0; i < array.dims; i++)
        array.count *= (size_t)array.shape[i];
    return array;
}

static npy_array weights_shape(const clconv_problem *p)
{
    const int64_t k = p->out_channels, c = p->in_channels;
    if (p->transposed)
        return shape_of(p->rank, c, k / p->groups, p->kernel_size);
    return shape_of(p->rank, k, c / p->groups, p->kernel_size);
}

void peer_case_dst(const peer_case *c, npy_array *dst)
{
    const clconv_problem *const last = &c->problems[c->count - 1];
    *dst =
        shape_of(last->rank, last->batch, last->out_channels, c->sizes[c->count - 1].output_size);
}

static clconv_status read_array(const json_t *path, const char *what, const npy_array *wanted,
                                npy_array *array, clconv_error *error)
{
    char shape[NPY_SHAPE_TEXT], wanted_shape[NPY_SHAPE_TEXT];
    const char *const name = json_string_value(path);
    if (!name)
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "no path for %s in the request", what);
    const clconv_status status = npy_read(name, array, error);
    if (status != CLCONV_OK)
        return status;
    const size_t bytes = (size_t)wanted->dims * sizeof wanted->shape[0];
    if (array->dims == wanted->dims && memcmp(array->shape, wanted->shape, bytes) == 0)
        return CLCONV_OK;
    return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: shape %s; the problem's %s is %s", name,
                     npy_shape_text(array, shape), what, npy_shape_text(wanted, wanted_shape));
}

static clconv_status read_stage(const json_t *request, size_t s, peer_case *c, clconv_error *error)
{
    const clconv_problem *const p = &c->problems[s];
    const json_t *const bias = json_array_get(json_object_get(request, "bias"), s);
    const npy_array weights = weights_shape(p);
    clconv_status status = read_array(json_array_get(json_object_get(request, "weights"), s),
                                      "weights", &weights, &c->weights[s], error);
    if (status != CLCONV_OK || (!p->epilogue.bias && json_is_null(bias)))
        return status;
    if (!p->epilogue.bias)
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "a bias, but the problem has none");
    const npy_array wanted = {
        .dims = 1, .shape = {p->out_channels}, .count = (size_t)p->out_channels};
    return read_array(bias, "bias", &wanted, &c->bias[s], error);
}

static clconv_status read_problems(const json_t *request, peer_case *c, clconv_error *error)
{
    const json_t *const problems = json_object_get(request, "problems");
    const size_t count = json_array_size(problems);
    if (count == 0 || count > CLCONV_MAX_STAGES)
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "\"problems\" is to hold 1 to %d problems",
                         CLCONV_MAX_STAGES);
    clconv_status status = CLCONV_OK;
    for (size_t s = 0; s < count && status == CLCONV_OK; s++) {
        const char *const text =
            json_string_value(json_object_get(json_array_get(problems, s), "problem"));
        if (!text)
            return cli_error(error, CLCONV_INVALID_ARGUMENT, "no \"problem\" in problem %zu", s);
        status = clconv_problem_parse(text, &c->problems[s], error);
        if (status == CLCONV_OK)
            status = clconv_problem_sizes(&c->problems[s], &c->sizes[s], error);
    }
    if (status == CLCONV_OK)
        status = clconv_sequence_check(c->problems, count, error);
    c->count = count;
    return status;
}

clconv_status peer_case_read(const json_t *request, peer_case *c, clconv_error *error)
{
    clconv_status status = read_problems(request, c, error);
    if (status != CLCONV_OK)
        return status;
    const clconv_problem *const first = &c->problems[0];
    const npy_array src =
        shape_of(first->rank, first->batch, first->in_channels, first->input_size);
    status = read_array(json_object_get(request, "src"), "src", &src, &c->src, error);
    for (size_t s = 0; s < c->count && status == CLCONV_OK; s++)
        status = read_stage(request, s, c, error);
    return status;
}

void peer_case_free(peer_case *c)
{
    npy_free(&c->src);
    for (size_t s = 0; s < CLCONV_MAX_STAGES; s++) {
        npy_free(&c->weights[s]);
        npy_free(&c->bias[s]);
    }
    *c = (peer_case){0};
}
