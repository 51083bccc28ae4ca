#include "conv/plan.h"

/* A part of a tensor's buffer, `bytes` behind its start. */
static cc_tensor part(cc_tensor whole, size_t bytes)
{
    return (cc_tensor){whole.mem, whole.offset + bytes / sizeof(float)};
}

/* The weights of a stage as its algorithm wants them, packed into the workspace if need be. */
static clconv_status stage_weights(const clconv_plan *plan, size_t i, cc_chain *chain,
                                   const cc_run *run, cc_tensor *weights, clconv_error *error)
{
    const cc_stage *stage = &plan->stages[i];
    *weights = run->weights[i];
    if (run->packed || stage->packed_bytes == 0)
        return CLCONV_OK;
    *weights = part(run->workspace, plan->layout.packed[i]);
    return stage->algorithm->pack(stage, chain, run->weights[i], *weights, error);
}

clconv_status cc_plan_run(const clconv_plan *plan, cc_chain *chain, const cc_run *run,
                          clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_tensor src = run->src;
    int step = 0;
    for (size_t i = 0, stages; i < plan->count; i += stages, ++step) {
        const cc_stage *stage = &plan->stages[i];
        stages = cc_algorithm_stages(stage->algorithm);
        const int last = i + stages == plan->count;
        cc_stage_io io = {
            .src = src,
            .bias = run->bias[i],
            .dst = last ? run->dst : part(run->workspace, plan->layout.intermediate[step % 2]),
        };
        if (stages > 1) {
            io.second_weights = run->weights[i + 1];
            io.second_bias = run->bias[i + 1];
        }
        if (stage->workspace_bytes > 0)
            io.workspace = part(run->workspace, plan->layout.scratch);
        TRY(stage_weights(plan, i, chain, run, &io.weights, error));
        TRY(stage->algorithm->enqueue(stage, chain, &io, error));
        src = io.dst;
    }

cleanup:
    return status;
}
