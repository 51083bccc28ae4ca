#include "conv/pair_kernel.h"

#include <stdlib.h>

clconv_status cc_pair_build(cc_stage *stage, size_t state_bytes, const char *name,
                            const char *options, clconv_error *error)
{
    cc_pair_kernel *s = calloc(1, state_bytes);
    stage->state = s;
    if (s == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a stage");
    return cc_kernel_create(stage->target->programs, name, name, options, &s->kernel, error);
}

clconv_status cc_pair_launch(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             cc_argument cut, clconv_error *error)
{
    static const size_t local = 1;
    const cc_pair_kernel *s = stage->state;
    const cc_stage second = {.shape = stage->second};
    const cc_stage_io second_io = {
        .weights = io->second_weights, .bias = io->second_bias, .dst = io->dst};
    const cc_kernel_args first_args = cc_kernel_args_make(stage, io);
    const cc_kernel_args second_args = cc_kernel_args_make(&second, &second_io);
    const cc_argument arguments[] = {
        CC_ARGUMENT(first_args),
        cc_tensor_argument(&io->src),
        cc_tensor_argument(&io->weights),
        cc_tensor_argument(&io->bias),
        CC_ARGUMENT(second_args),
        cc_tensor_argument(&io->second_weights),
        cc_tensor_argument(&io->second_bias),
        cc_tensor_argument(&io->dst),
        cc_tensor_argument(&io->workspace),
        cut,
    };
    return cc_launch(chain, s->kernel, arguments, sizeof(arguments) / sizeof(arguments[0]), 1,
                     &s->items, &local, error);
}

void cc_pair_destroy(cc_stage *stage)
{
    cc_pair_kernel *s = stage->state;
    if (s != NULL)
        cc_kernel_destroy(s->kernel);
    free(s);
    stage->state = NULL;
}
