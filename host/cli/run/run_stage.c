#include "run_stage.h"

#include <string.h>

#include "file.h"

static clconv_status weights_rank(const npy_array *weights, const char *path, int *rank,
                                  clconv_error *error)
{
    char shape[NPY_SHAPE_TEXT];
    *rank = weights->dims - 2;
    if (*rank >= 1)
        return CLCONV_OK;
    return cli_error(error, CLCONV_INVALID_ARGUMENT,
                     "%s: weights have 3, 4 or 5 dimensions, not shape %s", path,
                     npy_shape_text(weights, shape));
}

clconv_status stage_input_of(const npy_array *src, const char *src_path, const npy_array *weights,
                             const char *weights_path, stage_input *input, clconv_error *error)
{
    char shape[NPY_SHAPE_TEXT];
    int rank;
    const clconv_status status = weights_rank(weights, weights_path, &rank, error);
    if (status != CLCONV_OK)
        return status;
    const int batched = src->dims == rank + 2;
    if (!batched && src->dims != rank + 1) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "%s: the weights %s have %d spatial axes, so the source has %d or %d "
                         "dimensions, not shape %s",
                         src_path, weights_path, rank, rank + 1, rank + 2,
                         npy_shape_text(src, shape));
    }
    const int64_t *const sizes = src->shape + batched;
    *input = (stage_input){batched ? src->shape[0] : 1, sizes[0], {1, 1, 1}};
    for (int j = 0; j < rank; j++)
        input->size[CLCONV_AXES - rank + j] = sizes[1 + j];
    return CLCONV_OK;
}

/* Spreads the value of a flag over the axes of a problem. */
static clconv_status set_axes(const axis_values *values, const char *flag, int rank,
                              int64_t field[CLCONV_AXES], clconv_error *error)
{
    if (values->count == 0)
        return CLCONV_OK;
    if (values->count != 1 && values->count != rank) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "--%s has %d numbers, but the weights have %d spatial axes", flag,
                         values->count, rank);
    }
    for (int j = 0; j < rank; j++)
        field[CLCONV_AXES - rank + j] = values->value[values->count == 1 ? 0 : j];
    return CLCONV_OK;
}

static clconv_status set_all_axes(const stage_flags *flags, clconv_problem *problem,
                                  clconv_error *error)
{
    const struct {
        const axis_values *values;
        const char *flag;
        int64_t *field;
    } rows[] = {
        {&flags->stride, "stride", problem->stride},
        {&flags->dilation, "dilation", problem->dilation},
        {&flags->output_padding, "output-padding", problem->output_padding},
        {&flags->padding, "padding", problem->padding_begin},
        {&flags->padding, "padding", problem->padding_end},
        {&flags->padding_begin, "pad-begin", problem->padding_begin},
        {&flags->padding_end, "pad-end", problem->padding_end},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const clconv_status status =
            set_axes(rows[i].values, rows[i].flag, problem->rank, rows[i].field, error);
        if (status != CLCONV_OK)
            return status;
    }
    if (!flags->padding_same)
        return CLCONV_OK;
    if (flags->padding_begin.count || flags->padding_end.count) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "--padding same sets both ends; --pad-begin and --pad-end do not go "
                         "with it");
    }
    return clconv_problem_pad_same(problem, error);
}

/* K of a transposed convolution: weights are C, K/G. */
static clconv_status transposed_channels(const npy_array *weights, const char *path, int64_t groups,
                                         int64_t *channels, clconv_error *error)
{
    if (groups > INT64_MAX / weights->shape[1]) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "--groups %lld: with the weights %s, the output channels are beyond 64 "
                         "bits",
                         (long long)groups, path);
    }
    *channels = weights->shape[1] * groups;
    return CLCONV_OK;
}

static clconv_status describe_stage(const stage_flags *flags, const npy_array *weights,
                                    const stage_input *input, int has_bias, clconv_problem *problem,
                                    clconv_error *error)
{
    const int64_t groups = flags->groups ? flags->groups : 1;
    int64_t out_channels = weights->shape[0];
    clconv_status status = CLCONV_OK;
    if (flags->transposed)
        status = transposed_channels(weights, flags->weights, groups, &out_channels, error);
    if (status != CLCONV_OK)
        return status;

    *problem = clconv_problem_3d(input->channels, out_channels, input->size[CLCONV_DEPTH],
                                 input->size[CLCONV_HEIGHT], input->size[CLCONV_WIDTH], 1, 1, 1);
    problem->rank = weights->dims - 2;
    for (int j = 0; j < problem->rank; j++)
        problem->kernel_size[CLCONV_AXES - problem->rank + j] = weights->shape[2 + j];
    problem->batch = input->batch;
    problem->groups = groups;
    problem->transposed = flags->transposed;
    problem->padding_mode = flags->padding_mode;
    problem->epilogue = (clconv_epilogue){has_bias, flags->activation, flags->slope};
    return set_all_axes(flags, problem, error);
}

/* For a valid problem: groups divide both channel counts. */
static clconv_status check_weights(const stage_flags *flags, const npy_array *weights,
                                   const clconv_problem *problem, clconv_error *error)
{
    char shape[NPY_SHAPE_TEXT];
    const int64_t channels = problem->in_channels;
    const int64_t wanted = problem->transposed ? channels : channels / problem->groups;
    const int axis = problem->transposed ? 0 : 1;
    if (weights->shape[axis] == wanted)
        return CLCONV_OK;
    return cli_error(error, CLCONV_INVALID_ARGUMENT,
                     "%s: shape %s does not match its input of %lld channels in %lld groups: "
                     "its dimension %d must be %lld",
                     flags->weights, npy_shape_text(weights, shape), (long long)channels,
                     (long long)problem->groups, axis, (long long)wanted);
}

static clconv_status check_bias(const stage_flags *flags, const npy_array *bias,
                                const clconv_problem *problem, clconv_error *error)
{
    char shape[NPY_SHAPE_TEXT];
    if (!bias || (bias->dims == 1 && bias->shape[0] == problem->out_channels))
        return CLCONV_OK;
    return cli_error(error, CLCONV_INVALID_ARGUMENT,
                     "%s: shape %s, but %s gives %lld output channels: the bias has shape (%lld,)",
                     flags->bias, npy_shape_text(bias, shape), flags->weights,
                     (long long)problem->out_channels, (long long)problem->out_channels);
}

clconv_status stage_problem(const stage_flags *flags, const npy_array *weights,
                            const npy_array *bias, stage_input *input, clconv_problem *problem,
                            clconv_error *error)
{
    clconv_sizes sizes;
    clconv_status status = describe_stage(flags, weights, input, bias != NULL, problem, error);
    if (status == CLCONV_OK)
        status = clconv_problem_sizes(problem, &sizes, error);
    if (status == CLCONV_OK)
        status = check_weights(flags, weights, problem, error);
    if (status == CLCONV_OK)
        status = check_bias(flags, bias, problem, error);
    if (status != CLCONV_OK)
        return status;
    input->channels = problem->out_channels;
    memcpy(input->size, sizes.output_size, sizeof input->size);
    return CLCONV_OK;
}
