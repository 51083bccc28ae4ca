#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "measure_device.h"
#include "progress.h"

enum { MAX_SAMPLES = 512, MIN_SAMPLES = 3 };

static const double min_sample_ns = 2e6; /* 1000 times what reading the clock takes, and more */

static int compare_times(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void summarise(double *times, size_t count, spread *result)
{
    qsort(times, count, sizeof *times, compare_times);
    *result = (spread){
        .median_ns = count % 2 ? times[count / 2] : (times[count / 2 - 1] + times[count / 2]) / 2,
        .lower_ns = times[count / 4],
        .upper_ns = times[count - 1 - count / 4],
        .samples = count,
    };
}

static clconv_status time_once(timed_function *run, void *data, size_t repeats, double *each_ns,
                               clconv_error *error)
{
    const uint64_t start = clock_ns();
    const clconv_status status = run(data, repeats, error);
    *each_ns = (double)(clock_ns() - start) / (double)repeats;
    return status;
}

static int is_enough(size_t samples, double used_s, double budget_s)
{
    if (samples == MAX_SAMPLES || used_s >= 4 * budget_s)
        return 1;
    return used_s >= budget_s && samples >= MIN_SAMPLES;
}

clconv_status measure_spread(timed_function *run, void *data, double budget_s, spread *result,
                             clconv_error *error)
{
    double times[MAX_SAMPLES];
    size_t count = 0;
    size_t repeats = 1;

    const uint64_t start = clock_ns();
    clconv_status status = time_once(run, data, 1, &times[0], error); /* warms up */
    if (status == CLCONV_OK && times[0] < min_sample_ns)
        repeats = (size_t)(min_sample_ns / (times[0] + 1)) + 1;
    while (status == CLCONV_OK) {
        status = time_once(run, data, repeats, &times[count], error);
        count++;
        if (is_enough(count, (double)(clock_ns() - start) * 1e-9, budget_s))
            break;
    }
    if (status == CLCONV_OK)
        summarise(times, count, result);
    return status;
}

/* clconv_execute on host memory, and where its time goes. */
typedef struct host_run {
    clconv_plan *plan;
    clconv_tensors tensors;
    size_t count; /* of the parts that are stored */
    double upload_ns[MAX_SAMPLES];
    double compute_ns[MAX_SAMPLES];
    double download_ns[MAX_SAMPLES];
} host_run;

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
        if (status != CLCONV_OK || run->count == MAX_SAMPLES)
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
    run->tensors =
        (clconv_tensors){.src = c->data[GATE_REAL].src, .dst = dst->data, .packed = weights};
    clconv_status status = measure_spread(run_host, run, budget_s, &result->total, error);
    if (status == CLCONV_OK)
        status = measure_spread(run_host_parts, run, budget_s, &parts, error);
    if (status == CLCONV_OK) {
        summarise(run->upload_ns, run->count, &result->upload);
        summarise(run->compute_ns, run->count, &result->compute);
        summarise(run->download_ns, run->count, &result->download);
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
    const clconv_options options = {.algorithm = request};
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
    return status;
}

clconv_status measure_plan(clconv_context *context, const check_case *c, const char *request,
                           double budget_s, measurement *result, check_verdict *verdict,
                           char *algorithm, size_t algorithm_size, clconv_error *error)
{
    const int on_host = clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE;
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
        check_output(&dst, c->reference[GATE_REAL], c->bound, verdict);
        if (verdict->ok)
            status = measure_host(plan, c, weights, &dst, budget_s / 4, result, error);
    }
    if (status == CLCONV_OK && verdict->ok) {
        if (on_host)
            result->device = result->compute; /* nothing moves */
        else
            status = measure_device(context, plan, weights, c, budget_s / 2, &dst, &result->device,
                                    verdict, error);
    }
    clconv_weights_destroy(weights);
    clconv_plan_destroy(plan);
    guarded_free(&dst);
    return status;
}
