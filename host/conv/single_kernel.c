#include "conv/single_kernel.h"

#include "conv/kernel_args.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct state {
    cc_kernel *kernel;
    size_t global[3];
    size_t local[3];
} state;

enum { CLAIM_BYTES = 128 }; /* WORD_FLOATS of kernels/claims.h */

/* No two are the same in this process, nor the same as what lies in memory by chance. */
static cl_ulong new_launch_number(void)
{
    static _Atomic cl_ulong next = 0x9e3779b97f4a7c;
    return atomic_fetch_add(&next, 1);
}

clconv_status cc_single_build(cc_stage *stage, const cc_single_launch *launch, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    char options[512];

    state *s = calloc(1, sizeof(*s));
    stage->state = s;
    if (s == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a stage");
        goto cleanup;
    }
    size_t items = 1;
    for (int i = 0; i < 3; ++i) {
        s->local[i] = launch->local[i];
        s->global[i] = launch->groups[i] * launch->local[i];
        items *= launch->local[i];
    }

    stage->workspace_bytes = (size_t)launch->claim_units * CLAIM_BYTES;

    cc_shape form = stage->shape;
    if (launch->branches_epilogue)
        form.epilogue.activation = CLCONV_NONE;
    const size_t length = cc_kernel_options(&form, options, sizeof(options));
    snprintf(options + length, sizeof(options) - length, " %s", launch->options);
    TRY(cc_kernel_create(stage->target->programs, launch->file, launch->function, options,
                         &s->kernel, error));
    TRY(cc_kernel_check_group(s->kernel, items, error));

cleanup:
    return status;
}

clconv_status cc_single_enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                                clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    const cl_ulong number = stage->workspace_bytes > 0 ? new_launch_number() : 0;
    const cl_uint count = stage->workspace_bytes > 0 ? 8 : 5;
    const cc_argument arguments[] = {
        CC_ARGUMENT(args),
        cc_tensor_argument(&io->src),
        cc_tensor_argument(&io->weights),
        cc_tensor_argument(&io->bias),
        cc_tensor_argument(&io->dst),
        cc_tensor_argument(&io->workspace),
        CC_ARGUMENT(io->workspace.offset),
        CC_ARGUMENT(number),
    };
    return cc_launch(chain, s->kernel, arguments, count, 3, s->global, s->local, error);
}

void cc_single_destroy(cc_stage *stage)
{
    state *s = stage->state;
    if (s != NULL)
        cc_kernel_destroy(s->kernel);
    free(s);
    stage->state = NULL;
}
