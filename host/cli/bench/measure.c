#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "measure_device.h"
#include "progress.h"

/* clconv_execute on host memory, and where its time goes. */
typedef struct host_run {
    clconv_plan *plan;
    clconv_tensors tensors;
    size_t count; /* of the parts that are stored */
    double upload_ns[SAMPLES_MAX];
    double compute_ns[SAMPLES_MAX];
    double download_ns[SAMPLES_MAX];
} host_run;

static clconv_tensors tensors_of(const check_case *c, const clconv_weights *weights,
                                 const guarded *dst)
{
    return (clconv_tensors){.src = c->data[GATE_REAL].src, .dst = dst->data, .packed = weights};
}

static clconv_status run_host(void *data, size_t repeats, clconv_error *error)
{
    host_run *run = data;
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < repeats && status == CLCONV_OK; i++)
        status = clconv_execute(run->plan, &run->tensors, NULL, error);
    return status;
}

static clconv_status run_host_parts(void *data, size_t repeats, clconv_error *error)
{
    host_run *run = data;
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < repeats && status == CLCONV_OK; i++) {
        clconv_timing timing;
        status = clconv_execute(run->plan, &run->tensors, &timing, error);
        if (status != CLCONV_OK || run->count == SAMPLES_MAX)
            continue;
        run->upload_ns[run->count] = (double)timing.upload_ns;
        run->compute_ns[run->count] = (double)timing.compute_ns;
        run->download_ns[run->count] = (double)timing.download_ns;
        run->count++;
    }
    return status;
}

static clconv_status measure_host(clconv_plan *plan, const check_case *c,
                                  const clconv_weights *weights, guarded *dst, double budget_s,
                                  measurement *result, clconv_error *error)
{
    spread parts;
    host_run *run = calloc(1, sizeof *run);
    if (!run)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    run->plan = plan;
    run->tensors = tensors_of(c, weights, dst);
    clconv_status status = measure_spread(run_host, run, budget_s / 2, &result->total, error);
    if (status == CLCONV_OK)
        status = measure_spread(run_host_parts, run, budget_s / 2, &parts, error);
    if (status == CLCONV_OK) {
        result->upload = spread_of(run->upload_ns, run->count);
        result->compute = spread_of(run->compute_ns, run->count);
        result->download = spread_of(run->download_ns, run->count);
    }
    free(run);
    return status;
}

/* The first result, from making the plan on. */
static clconv_status measure_first(clconv_context *context, const check_case *c,
                                   const char *request, guarded *dst, clconv_plan **plan,
                                   clconv_weights **weights, measurement *result,
                                   clconv_error *error)
{
    const problem_entry *e = c->entry;
    const data_set *data = &c->data[GATE_REAL];
    const clconv_options options = {.algorithm = request, .math = c->math};
    clconv_tensors tensors = {.src = data->src, .dst = dst->data};
    clconv_statistics statistics;

    const uint64_t start = clock_ns();
    clconv_status status =
        clconv_plan_create(context, e->problems, e->count, &options, plan, error);
    if (status != CLCONV_OK)
        return status;
    const uint64_t planned = clock_ns();
    status = clconv_weights_pack(*plan, data->stages, weights, error);
    if (status != CLCONV_OK)
        return status;
    const uint64_t packed = clock_ns();
    tensors.packed = *weights;
    status = clconv_execute(*plan, &tensors, NULL, error);
    result->plan_ns = (double)(planned - start);
    result->pack_ns = (double)(packed - planned);
    result->first_ns = (double)(clock_ns() - packed);
    clconv_context_statistics(context, &statistics);
    result->compile_ns = (double)statistics.compile_ns;
    result->programs = statistics.programs;
    result->workspace_bytes = clconv_plan_workspace(*plan);
    result->hash = measure_hash(dst->data, dst->count);
    return status;
}

uint64_t measure_hash(const float *data, size_t count)
{
    const unsigned char *bytes = (const unsigned char *)data;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count * sizeof *data; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

/* The reference device in rounds with the others: nothing has to be moved there. */
static clconv_status sample_host(clconv_plan *plan, const check_case *c,
                                 const clconv_weights *weights, guarded *dst, double budget_s,
                                 participant *participants, size_t count, clconv_error *error)
{
    host_run run = {.plan = plan, .tensors = tensors_of(c, weights, dst)};
    timed_sample timed = {.run = run_host, .data = &run, .warm = 1};
    participants[0].sample = timed_sample_take;
    participants[0].data = &timed;
    sample_rounds(participants, count, budget_s);
    if (participants[0].status != CLCONV_OK)
        *error = participants[0].error;
    return participants[0].status;
}

clconv_status measure_plan(clconv_context *context, check_case *c, const char *request,
                           double budget_s, participant *participants, size_t count,
                           measurement *result, check_verdict *verdict, char *algorithm,
                           size_t algorithm_size, clconv_error *error)
{
    const int on_host = clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE;
    const double rounds_s = budget_s / 2 * (double)count;
    clconv_plan *plan = NULL;
    clconv_weights *weights = NULL;
    guarded dst = {0};

    clconv_status status = CLCONV_OK;
    if (!guarded_create(&dst, c->dst_count))
        status = cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    if (status == CLCONV_OK)
        status = measure_first(context, c, request, &dst, &plan, &weights, result, error);
    if (status == CLCONV_OK) {
        plan_algorithms(plan, algorithm, algorithm_size);
        status = check_result(c, plan, GATE_REAL, &dst, verdict, error);
    }
    if (status == CLCONV_OK && verdict->ok) {
        if (on_host)
            status = sample_host(plan, c, weights, &dst, rounds_s, participants, count, error);
        else
            status = measure_device(context, plan, weights, c, rounds_s, &dst, participants, count,
                                    verdict, error);
    }
    if (status == CLCONV_OK && verdict->ok) {
        result->device = participants[0].result;
        status = measure_host(plan, c, weights, &dst, budget_s, result, error);
    }
    clconv_weights_destroy(weights);
    clconv_plan_destroy(plan);
    guarded_free(&dst);
    return status;
}

/* measure_again with memory for its samples and its result. */
static clconv_status sample_again(clconv_context *context, check_case *c, const char *algorithm,
                                  double budget_s, participant *ours, host_run *run, guarded *dst,
                                  measurement *result, clconv_error *error)
{
    const int on_host = clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE;
    clconv_plan *plan = NULL;
    clconv_weights *weights = NULL;
    clconv_status status =
        measure_first(context, c, on_host ? NULL : algorithm, dst, &plan, &weights, result, error);
    if (status == CLCONV_OK && !on_host) {
        status = measure_device(context, plan, weights, c, budget_s / 2, dst, ours, 1, NULL, error);
        result->device = ours->result;
    }
    if (status == CLCONV_OK) {
        *run = (host_run){.plan = plan, .tensors = tensors_of(c, weights, dst)};
        status = measure_spread(run_host, run, budget_s / 2, &result->total, error);
    }
    if (status == CLCONV_OK && on_host)
        result->device = result->total;
    clconv_weights_destroy(weights);
    clconv_plan_destroy(plan);
    return status;
}

clconv_status measure_again(clconv_context *context, check_case *c, const char *algorithm,
                            double budget_s, measurement *result, clconv_error *error)
{
    guarded dst = {0};
    participant *ours = calloc(1, sizeof *ours);
    host_run *run = calloc(1, sizeof *run);

    clconv_status status;
    if (ours && run && guarded_create(&dst, c->dst_count))
        status = sample_again(context, c, algorithm, budget_s, ours, run, &dst, result, error);
    else
        status = cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    guarded_free(&dst);
    free(run);
    free(ours);
    return status;
}

clconv_status measure_alone(clconv_context *context, check_case *c, const char *request,
                            double budget_s, measurement *result, check_verdict *verdict,
                            char *algorithm, size_t algorithm_size, clconv_error *error)
{
    participant *ours = calloc(1, sizeof *ours);
    if (!ours)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    const clconv_status status = measure_plan(context, c, request, budget_s, ours, 1, result,
                                              verdict, algorithm, algorithm_size, error);
    free(ours);
    return status;
}
