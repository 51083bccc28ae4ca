/* From flags and arrays to the problems of a sequence. */
#ifndef CLI_RUN_STAGE_H
#define CLI_RUN_STAGE_H

#include "npy.h"
#include "run_flags.h"

/* What goes into a stage: its rank is that of the weights. */
typedef struct stage_input {
    int64_t batch;
    int64_t channels;
    int64_t size[CLCONV_AXES];
} stage_input;

/* The input of the first stage: the source's shape, with or without a batch. */
clconv_status stage_input_of(const npy_array *src, const char *src_path, const npy_array *weights,
                             const char *weights_path, stage_input *input, clconv_error *error);

/* Makes and checks the problem of one stage, and checks that its weights and bias (NULL for none)
 * have the shapes that it wants. On success *input becomes the input of the next stage. */
clconv_status stage_problem(const stage_flags *flags, const npy_array *weights,
                            const npy_array *bias, stage_input *input, clconv_problem *problem,
                            clconv_error *error);

#endif
