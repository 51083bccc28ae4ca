/* clconv run: convolutions of .npy files. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "compute.h"
#include "file.h"
#include "npy.h"
#include "run_flags.h"
#include "run_stage.h"

/* Everything that was read, and the sequence that follows from it. */
typedef struct run_data {
    npy_array src;
    npy_array weights[CLCONV_MAX_STAGES];
    npy_array bias[CLCONV_MAX_STAGES];
    npy_array dst;
    clconv_problem problems[CLCONV_MAX_STAGES];
    clconv_stage_tensors stages[CLCONV_MAX_STAGES];
} run_data;

static clconv_status read_arrays(const run_flags *flags, run_data *data, clconv_error *error)
{
    clconv_status status = npy_read(flags->src, &data->src, error);
    for (size_t i = 0; i < flags->count && status == CLCONV_OK; i++) {
        const stage_flags *const stage = &flags->stages[i];
        status = npy_read(stage->weights, &data->weights[i], error);
        if (status == CLCONV_OK && stage->bias)
            status = npy_read(stage->bias, &data->bias[i], error);
        data->stages[i] = (clconv_stage_tensors){data->weights[i].data, data->bias[i].data};
    }
    return status;
}

/* All stages of a sequence have the rank of the first. */
static clconv_status check_rank(const run_flags *flags, const run_data *data, size_t stage,
                                clconv_error *error)
{
    char shape[NPY_SHAPE_TEXT], first[NPY_SHAPE_TEXT];
    if (data->weights[stage].dims == data->weights[0].dims)
        return CLCONV_OK;
    return cli_error(error, CLCONV_INVALID_ARGUMENT,
                     "%s: shape %s has not as many dimensions as the first stage's %s",
                     flags->stages[stage].weights, npy_shape_text(&data->weights[stage], shape),
                     npy_shape_text(&data->weights[0], first));
}

/* The result has a batch dimension when the source has one. */
static clconv_status allocate_dst(const stage_input *output, const npy_array *weights,
                                  run_data *data, clconv_error *error)
{
    const int rank = weights->dims - 2;
    npy_array *const dst = &data->dst;
    if (data->src.dims == rank + 2)
        dst->shape[dst->dims++] = output->batch;
    dst->shape[dst->dims++] = output->channels;
    for (int j = 0; j < rank; j++)
        dst->shape[dst->dims++] = output->size[CLCONV_AXES - rank + j];

    dst->count = 1; /* the problem was checked: no product of its sizes overflows */
    for (int d = 0; d < dst->dims; d++)
        dst->count *= (size_t)dst->shape[d];
    if (file_fits_memory(dst->count * sizeof(float)))
        dst->data = malloc(dst->count * sizeof(float));
    if (!dst->data) {
        char shape[NPY_SHAPE_TEXT];
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY,
                         "the host has no memory for a result of shape %s",
                         npy_shape_text(dst, shape));
    }
    return CLCONV_OK;
}

static clconv_status prepare(const run_flags *flags, run_data *data, clconv_error *error)
{
    stage_input input;
    clconv_status status = file_output_check(flags->dst, error);
    if (status == CLCONV_OK)
        status = read_arrays(flags, data, error);
    if (status == CLCONV_OK) {
        status = stage_input_of(&data->src, flags->src, &data->weights[0], flags->stages[0].weights,
                                &input, error);
    }
    for (size_t i = 0; i < flags->count && status == CLCONV_OK; i++) {
        const npy_array *const bias = data->bias[i].data ? &data->bias[i] : NULL;
        status = check_rank(flags, data, i, error);
        if (status == CLCONV_OK) {
            status = stage_problem(&flags->stages[i], &data->weights[i], bias, &input,
                                   &data->problems[i], error);
        }
    }
    if (status == CLCONV_OK)
        status = allocate_dst(&input, &data->weights[0], data, error);
    return status;
}

static cli_exit compute_and_write(const run_flags *flags, run_data *data)
{
    clconv_error error;
    cli_exit code = cli_compute(&flags->common, data->problems, flags->count, data->src.data,
                                data->stages, data->dst.data, flags->check);
    if (code == CLI_FINE && npy_write(flags->dst, &data->dst, &error) != CLCONV_OK)
        code = cli_fail_library(&error);
    return code;
}

cli_exit cli_run(int argc, const char **argv)
{
    cli_exit code;
    clconv_error error;
    run_flags flags;
    run_data *data = NULL;
    if (run_flags_parse(argc, argv, &flags, &code))
        goto cleanup;

    data = calloc(1, sizeof *data);
    if (!data)
        code = cli_fail(CLI_DEVICE, "the host is out of memory");
    else if (prepare(&flags, data, &error) != CLCONV_OK)
        code = cli_fail_library(&error);
    else
        code = compute_and_write(&flags, data);

cleanup:
    if (data) {
        npy_free(&data->src);
        npy_free(&data->dst);
        for (size_t i = 0; i < CLCONV_MAX_STAGES; i++) {
            npy_free(&data->weights[i]);
            npy_free(&data->bias[i]);
        }
    }
    free(data);
    run_flags_free(&flags);
    return code;
}
