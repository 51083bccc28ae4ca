/* clconv bench: what each algorithm takes, next to the CPU. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_report.h"
#include "commands.h"
#include "devices.h"
#include "file.h"

static const cli_help help = {
    .name = "clconv bench",
    .arguments = "[OPTION...] PROBLEM...",
    .details =
        "Times are medians. device: tensors resident on the device; transfer: copying the source\n"
        "there and the result back; total: clconv_execute on host memory; CPU: the reference, in\n"
        "double precision on all processors; first: making the plan with its kernels, packing\n"
        "the weights and the first execution. ratio: worst error / bound. GFLOP/s counts\n"
        "2 * multiplications of the direct sum, GB/s the minimum bytes, both over the device "
        "time.\n"
        "A result that is not right is reported as WRONG and has no numbers.\n"
        "--algorithm all measures each applicable algorithm.\n",
    .example = "  clconv bench --batch 1,8 'ic64ih56iw56oc64kh3kw3ph1pw1'\n"
               "  clconv bench --file bench/workloads.txt --json result.json\n",
};

/* What one problem takes besides its multiplications, in multiplications, to guess the time left */
static const double overhead = 3e9;

typedef struct bench {
    cli_common common;
    char *file;
    char *batches;
    char *json;
    long long seed;
    double min_time_s;
    problem_list list;
    clconv_context *context; /* to ask questions; each measurement has a fresh one */
    json_t *report;
    progress_line *progress;
    double done;
    size_t wrong;
    size_t failed;
} bench;

static bench_settings settings_of(const bench *b)
{
    return (bench_settings){.device = b->common.device,
                            .algorithm = b->common.algorithm,
                            .file = b->file,
                            .batches = b->batches,
                            .seed = (uint64_t)b->seed,
                            .min_time_s = b->min_time_s};
}

static clconv_status run_reference(void *data, size_t repeats, clconv_error *error)
{
    const check_case *c = data;
    const data_set *real = &c->data[GATE_REAL];
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < repeats && status == CLCONV_OK; i++)
        status = clconv_reference(c->entry->problems, c->entry->count, real->src, real->stages,
                                  c->reference[GATE_REAL], NULL, error);
    return status;
}

static clconv_status measure_fresh(const bench *b, const check_case *c, bench_row *row)
{
    clconv_context *context = NULL;
    clconv_status status = clconv_context_create(b->common.device, &context, &row->error);
    if (status == CLCONV_OK)
        status = measure_plan(context, c, row->request, b->min_time_s, &row->times, &row->verdict,
                              row->algorithm, sizeof row->algorithm, &row->error);
    clconv_context_destroy(context);
    return status;
}

static cli_exit bench_algorithm(bench *b, const check_case *c, const char *request,
                                const spread *reference)
{
    bench_row row = {
        .entry = c->entry, .request = request, .reference = *reference, .verdict = verdict_start()};
    clconv_error error;

    progress_step(b->progress, b->done, "%s on %s", request, c->entry->text);
    row.status = measure_fresh(b, c, &row);
    if (row.status == CLCONV_INVALID_ARGUMENT) /* no such algorithm */
        return cli_fail_library(&row.error);
    bench_print_row(b->progress, &row);
    b->failed += row.status != CLCONV_OK;
    b->wrong += row.status == CLCONV_OK && !row.verdict.ok;
    if (b->report && bench_json_add(b->report, &row, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    return CLI_FINE;
}

static cli_exit bench_problem(bench *b, const problem_entry *entry)
{
    const char *requested = b->common.algorithm ? b->common.algorithm : "auto";
    const int on_host = clconv_context_device(b->context)->kind == CLCONV_DEVICE_REFERENCE;
    char request[256];
    check_case c = {0};
    spread reference = {0};
    clconv_error error;

    if (on_host && strcmp(requested, "all") == 0)
        requested = "auto"; /* the reference has no algorithms to choose from */
    progress_step(b->progress, b->done, "reference of %s", entry->text);
    cli_exit code = check_case_create(&c, entry, (uint64_t)b->seed, 0);
    if (code == CLI_FINE &&
        measure_spread(run_reference, &c, b->min_time_s / 4, &reference, &error) != CLCONV_OK)
        code = cli_fail_library(&error);
    for (size_t i = 0; code == CLI_FINE &&
                       algorithm_choice(b->context, entry, requested, i, request, sizeof request);
         i++)
        code = bench_algorithm(b, &c, request, &reference);
    check_case_free(&c);
    b->done += (double)entry->cost.multiplications + overhead;
    return code;
}

static cli_exit bench_list(bench *b)
{
    const clconv_device *device = clconv_context_device(b->context);
    const bench_settings settings = settings_of(b);
    char text[320];
    clconv_error error;

    if (b->json) {
        b->report = bench_json_start(&settings, device);
        if (!b->report)
            return cli_fail(CLI_DEVICE, "the host is out of memory");
    }
    device_describe(device, b->common.device, text, sizeof text);
    printf("device %s, seed %lld\n", text, b->seed);
    bench_print_header();
    b->progress = progress_start(problem_list_work(&b->list) + overhead * (double)b->list.count);
    cli_exit code = CLI_FINE;
    for (size_t i = 0; i < b->list.count && code == CLI_FINE; i++)
        code = bench_problem(b, &b->list.entries[i]);
    progress_stop(b->progress);
    if (code == CLI_FINE && b->report && bench_json_write(b->report, b->json, &error) != CLCONV_OK)
        code = cli_fail_library(&error);
    json_decref(b->report);
    if (code == CLI_FINE)
        code = b->wrong ? CLI_WRONG : b->failed ? CLI_DEVICE : CLI_FINE;
    return code;
}

static cli_exit check_options(const bench *b)
{
    clconv_error error;
    if (b->list.count == 0)
        return cli_fail(CLI_USAGE, "no problem given; `clconv bench --help' has an example");
    if (!(b->min_time_s > 0 && b->min_time_s <= 3600))
        return cli_fail(CLI_USAGE, "--min-time takes seconds from 0 to 3600: %g", b->min_time_s);
    if (b->json && file_output_check(b->json, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    return CLI_FINE;
}

static cli_exit bench_options(bench *b, poptContext options)
{
    clconv_error error;
    cli_exit code = problem_list_take(&b->list, options, b->file);
    if (code == CLI_FINE && b->batches)
        code = problem_list_set_batches(&b->list, b->batches);
    if (code == CLI_FINE)
        code = check_options(b);
    if (code == CLI_FINE &&
        clconv_context_create(b->common.device, &b->context, &error) != CLCONV_OK)
        code = cli_fail_library(&error);
    if (code == CLI_FINE)
        code = bench_list(b);
    clconv_context_destroy(b->context);
    problem_list_free(&b->list);
    return code;
}

cli_exit cli_bench(int argc, const char **argv)
{
    bench b = {.seed = 1, .min_time_s = 1};
    const struct poptOption table[] = {
        {"file", 0, POPT_ARG_STRING, &b.file, 0, "read the problems from a file", "FILE"},
        {"batch", 0, POPT_ARG_STRING, &b.batches, 0,
         "set the batch size of every problem; several give one row each", "N[,N...]"},
        {"json", 0, POPT_ARG_STRING, &b.json, 0, "write everything measured to a file", "FILE"},
        {"min-time", 0, POPT_ARG_DOUBLE, &b.min_time_s, 0,
         "measure each algorithm for about this long (1)", "SECONDS"},
        {"seed", 0, POPT_ARG_LONGLONG, &b.seed, 0, "draw the data from this seed (1)", "N"},
        cli_common_options(&b.common),
        cli_help_option(),
        POPT_TABLEEND,
    };
    cli_exit code;
    poptContext options = cli_parse(&help, argc, argv, table);
    if (!options)
        return CLI_DEVICE;
    if (!cli_parse_all(options, &help, &code))
        code = bench_options(&b, options);
    poptFreeContext(options);
    cli_common_free(&b.common);
    free(b.file);
    free(b.batches);
    free(b.json);
    return code;
}
