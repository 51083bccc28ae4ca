#include "peer_files.h"

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "temporary.h"

enum { FILE_PATH = TEMPORARY_PATH + 32 };

/* ---- Arrays ---------------------------------------------------------------------------------- */

/* [first, second, sizes on the axes of the rank] */
static npy_array make_shape(const clconv_problem *p, int64_t first, int64_t second,
                            const int64_t sizes[CLCONV_AXES])
{
    npy_array array = {.dims = 2 + p->rank, .shape = {first, second}, .count = 1};
    for (int i = 0; i < p->rank; i++)
        array.shape[2 + i] = sizes[CLCONV_AXES - p->rank + i];
    for (int i = 0; i < array.dims; i++)
        array.count *= (size_t)array.shape[i];
    return array;
}

static npy_array weights_shape(const clconv_problem *p)
{
    return p->transposed
               ? make_shape(p, p->in_channels, p->out_channels / p->groups, p->kernel_size)
               : make_shape(p, p->out_channels, p->in_channels / p->groups, p->kernel_size);
}

clconv_status peer_dst_shape(const clconv_problem *problem, npy_array *shape, clconv_error *error)
{
    clconv_sizes sizes;
    const clconv_status status = clconv_problem_sizes(problem, &sizes, error);
    if (status == CLCONV_OK)
        *shape = make_shape(problem, problem->batch, problem->out_channels, sizes.output_size);
    return status;
}

static clconv_status write_array(const char *folder, const char *name, size_t number,
                                 npy_array shape, float *data, json_t **path, clconv_error *error)
{
    char text[FILE_PATH];
    snprintf(text, sizeof text, "%s/%s%zu.npy", folder, name, number);
    shape.data = data;
    const clconv_status status = npy_write(text, &shape, error);
    if (status == CLCONV_OK)
        *path = json_string(text);
    return status;
}

/* ---- Problem --------------------------------------------------------------------------------- */

static json_t *axes_json(const int64_t values[CLCONV_AXES])
{
    return json_pack("[I, I, I]", (json_int_t)values[CLCONV_DEPTH],
                     (json_int_t)values[CLCONV_HEIGHT], (json_int_t)values[CLCONV_WIDTH]);
}

static const char *padding_mode_name(clconv_padding_mode mode)
{
    static const char *const names[] = {[CLCONV_ZEROS] = "zeros",
                                        [CLCONV_REFLECT] = "reflect",
                                        [CLCONV_REPLICATE] = "replicate",
                                        [CLCONV_CIRCULAR] = "circular"};
    return names[mode];
}

static const char *activation_name(clconv_activation activation)
{
    static const char *const names[] = {
        [CLCONV_NONE] = "none",       [CLCONV_RELU] = "relu",
        [CLCONV_RELU6] = "relu6",     [CLCONV_LEAKY_RELU] = "leaky_relu",
        [CLCONV_SIGMOID] = "sigmoid", [CLCONV_TANH] = "tanh",
        [CLCONV_SILU] = "silu"};
    return names[activation];
}

static json_t *problem_json(const clconv_problem *p, const clconv_sizes *sizes)
{
    char text[512];
    clconv_problem_format(p, text, sizeof text);
    return json_pack(
        "{s:s, s:i, s:b, s:I, s:I, s:I, s:I, s:s, s:f, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o}",
        "problem", text, "rank", p->rank, "transposed", p->transposed, "batch",
        (json_int_t)p->batch, "in_channels", (json_int_t)p->in_channels, "out_channels",
        (json_int_t)p->out_channels, "groups", (json_int_t)p->groups, "activation",
        activation_name(p->epilogue.activation), "slope", (double)p->epilogue.slope, "padding_mode",
        padding_mode_name(p->padding_mode), "bias", p->epilogue.bias, "input_size",
        axes_json(p->input_size), "output_size", axes_json(sizes->output_size), "kernel_size",
        axes_json(p->kernel_size), "stride", axes_json(p->stride), "dilation",
        axes_json(p->dilation), "padding_begin", axes_json(p->padding_begin), "padding_end",
        axes_json(p->padding_end), "output_padding", axes_json(p->output_padding));
}

/* ---- Request --------------------------------------------------------------------------------- */

static clconv_status add_stage(const check_case *c, size_t s, const char *folder, json_t *request,
                               clconv_error *error)
{
    const clconv_problem *p = &c->entry->problems[s];
    const data_set *data = &c->data[GATE_REAL];
    clconv_sizes sizes;
    json_t *weights = NULL;
    json_t *bias = NULL;

    clconv_status status = clconv_problem_sizes(p, &sizes, error);
    if (status == CLCONV_OK)
        status =
            write_array(folder, "weights", s, weights_shape(p), data->weights[s], &weights, error);
    if (status == CLCONV_OK && data->bias[s]) {
        const npy_array shape = {
            .dims = 1, .shape = {p->out_channels}, .count = (size_t)p->out_channels};
        status = write_array(folder, "bias", s, shape, data->bias[s], &bias, error);
    }
    if (status == CLCONV_OK) {
        json_array_append_new(json_object_get(request, "problems"), problem_json(p, &sizes));
        json_array_append(json_object_get(request, "weights"), weights);
        json_array_append_new(json_object_get(request, "bias"),
                              bias ? json_incref(bias) : json_null());
    }
    json_decref(weights);
    json_decref(bias);
    return status;
}

json_t *peer_prepare_request(const check_case *c, const char *folder, clconv_error *error)
{
    const clconv_problem *first = &c->entry->problems[0];
    json_t *src = NULL;
    json_t *request =
        json_pack("{s:s, s:[], s:[], s:[]}", "command", "prepare", "problems", "weights", "bias");
    clconv_status status = write_array(
        folder, "src", 0, make_shape(first, first->batch, first->in_channels, first->input_size),
        c->data[GATE_REAL].src, &src, error);
    if (src)
        json_object_set_new(request, "src", src);
    for (size_t s = 0; s < c->entry->count && status == CLCONV_OK; s++)
        status = add_stage(c, s, folder, request, error);
    if (status == CLCONV_OK)
        return request;
    json_decref(request);
    return NULL;
}
