#include "conv/packed_kernel.h"

#include "core/checked.h"

#include <stdlib.h>

clconv_status cc_packed_build(cc_stage *stage, size_t state_bytes, const char *name,
                              const char *options, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_programs *programs = stage->target->programs;

    cc_packed_kernel *s = calloc(1, state_bytes);
    stage->state = s;
    if (s == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a stage");
    TRY(cc_kernel_create(programs, name, name, options, &s->kernel, error));

cleanup:
    return status;
}

void cc_packed_set_packing(cc_stage *stage, cc_packing packing, int64_t floats)
{
    cc_packed_kernel *s = stage->state;
    packing.shape = stage->shape;
    s->packing = packing;
    stage->packed_bytes =
        (size_t)(stage->shape.groups * cc_packing_blocks(&packing) * packing.block * floats) *
        sizeof(float);
}

void cc_packed_set_tasks(cc_stage *stage, int64_t tasks, int64_t local_floats)
{
    cc_packed_kernel *s = stage->state;
    s->items = cc_task_items(stage->target->device, tasks);
    s->local_bytes = (size_t)local_floats * sizeof(float);
}

clconv_status cc_packed_launch(const cc_stage *stage, cc_chain *chain, const cc_kernel_args *args,
                               cc_argument tiling, const cc_stage_io *io, clconv_error *error)
{
    static const size_t local = 1;
    const cc_packed_kernel *s = stage->state;
    const cc_argument arguments[] = {
        CC_ARGUMENT(*args),
        tiling,
        CC_ARGUMENT(io->src.mem),
        CC_ARGUMENT(io->weights.mem),
        cc_tensor_argument(&io->bias),
        CC_ARGUMENT(io->dst.mem),
        {s->local_bytes, NULL},
    };
    return cc_launch(chain, s->kernel, arguments, sizeof(arguments) / sizeof(arguments[0]), 1,
                     &s->items, &local, error);
}

double cc_packed_floats(const cc_shape *shape, int64_t block)
{
    return (double)shape->groups * (double)cc_kernel_elements(shape) * cc_group_c(shape) *
           (double)(cc_divide_up(cc_group_k(shape), block) * block);
}

clconv_status cc_packed_check(const clconv_device *device, double floats, clconv_error *error)
{
    if (floats * sizeof(float) > (double)device->max_alloc_bytes)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "packed weights of %.0f elements are too large for a buffer of %s", floats,
                       device->name);
    return CLCONV_OK;
}

clconv_status cc_packed_pack(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                             cc_tensor packed, clconv_error *error)
{
    const cc_packed_kernel *s = stage->state;
    return cc_packing_enqueue(&s->packing, chain, weights, packed, error);
}

void cc_packed_destroy(cc_stage *stage)
{
    cc_packed_kernel *s = stage->state;
    if (s != NULL)
        cc_kernel_destroy(s->kernel);
    free(s);
    stage->state = NULL;
}
