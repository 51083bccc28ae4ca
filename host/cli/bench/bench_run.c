#include "bench_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_table.h"
#include "cold.h"
#include "devices.h"
#include "file.h"
#include "interrupt.h"
#include "json_field.h"
#include "means.h"
#include "planning.h"
#include "yardstick.h"

static const double sweep_limit_s = 60; /* for one point */

/* What one problem takes besides its multiplications, in multiplications, to guess the time left */
static const double overhead = 3e9;

/* The same of a row in a later pass. */
static const double pass_work = 1e9;

/* ---- One row --------------------------------------------------------------------------------- */

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

/* With the peers, in a context of its own. */
static clconv_status measure_fresh(bench *b, check_case *c, bench_row *row)
{
    clconv_context *context = NULL;
    memset(b->participants, 0, (1 + PEER_PARTICIPANTS_MAX) * sizeof *b->participants);
    const size_t joined = peers_join(b->peers, b->participants + 1);
    clconv_status status = clconv_context_create(b->common.device, &context, &row->error);
    if (status == CLCONV_OK)
        status = measure_plan(context, c, row->request, b->min_time_s, b->participants, 1 + joined,
                              &row->times, &row->verdict, row->algorithm, sizeof row->algorithm,
                              &row->error);
    clconv_context_destroy(context);
    return status;
}

/* The cold time, whose result has to be the one that was judged. */
static clconv_status measure_cold(const bench *b, bench_row *row)
{
    const cold_request request = {.device = b->common.device,
                                  .algorithm = row->request,
                                  .math = b->math,
                                  .problem = row->entry->text,
                                  .seed = (uint64_t)b->seed};
    uint64_t hash;
    const clconv_status status = cold_measure(&request, &row->cold_ns, &hash, &row->error);
    if (status == CLCONV_OK && hash != row->times.hash) {
        row->verdict.ok = 0;
        snprintf(row->verdict.reason, sizeof row->verdict.reason, "a new process gives other bits");
    }
    return status;
}

static clconv_status measure_row(bench *b, check_case *c, bench_row *row)
{
    clconv_status status = measure_fresh(b, c, row);
    if (status != CLCONV_OK || !row->verdict.ok || interrupted())
        return status;
    peers_finish(b->peers, c, b->participants + 1);
    row->peers = peers_row_json(b->peers, row->times.device.median_ns);
    return measure_cold(b, row);
}

/* A row that an interrupt cut short is left out. */
static cli_exit bench_algorithm(bench *b, check_case *c, const char *request,
                                const spread *reference)
{
    bench_row row = {
        .entry = c->entry, .request = request, .reference = *reference, .verdict = verdict_start()};
    clconv_error error;
    cli_exit code = CLI_FINE;

    progress_step(b->progress, b->done, "%s on %s", request, c->entry->text);
    row.status = measure_row(b, c, &row);
    if (row.status == CLCONV_INVALID_ARGUMENT) { /* no such algorithm */
        code = cli_fail_library(&row.error);
    } else if (!interrupted()) {
        bench_print_row(b->progress, &row, &b->roof);
        b->failed += row.status != CLCONV_OK;
        b->wrong += row.status == CLCONV_OK && !row.verdict.ok;
        if (bench_json_add(b->report, &row, &error) != CLCONV_OK ||
            (b->passes > 1 && bench_row_verified(&row) &&
             pass_list_add(&b->pass_rows, &row, bench_json_last(b->report), &error) != CLCONV_OK))
            code = cli_fail_library(&error);
    }
    json_decref(row.peers);
    return code;
}

/* ---- One problem ----------------------------------------------------------------------------- */

static cli_exit bench_algorithms(bench *b, check_case *c, const spread *reference)
{
    const int on_host = clconv_context_device(b->context)->kind == CLCONV_DEVICE_REFERENCE;
    char planned[256];
    char request[256];
    const char *requested = planned;
    clconv_error error;
    cli_exit code = CLI_FINE;
    if (cli_planning_resolve(b->context, c->entry->problems, c->entry->count, &b->common, planned,
                             sizeof planned, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    if (on_host && strcmp(requested, "all") == 0)
        requested = "auto"; /* the reference has no algorithms to choose from */
    for (size_t i = 0;
         code == CLI_FINE && !interrupted() &&
         algorithm_choice(b->context, c->entry, requested, b->math, i, request, sizeof request);
         i++)
        code = bench_algorithm(b, c, request, reference);
    return code;
}

static cli_exit bench_problem(bench *b, const problem_entry *entry)
{
    check_case c = {.math = b->math};
    spread reference = {0};
    clconv_error error;

    progress_step(b->progress, b->done, "reference of %s", entry->text);
    cli_exit code = check_case_create(&c, entry, (uint64_t)b->seed, 0);
    if (code == CLI_FINE && !interrupted() &&
        (measure_spread(run_reference, &c, b->min_time_s / 4, &reference, &error) != CLCONV_OK ||
         peers_prepare(b->peers, &c, &error) != CLCONV_OK))
        code = cli_fail_library(&error);
    if (code == CLI_FINE && !interrupted())
        code = bench_algorithms(b, &c, &reference);
    check_case_free(&c);
    b->done += (double)entry->cost.multiplications + overhead;
    return code;
}

/* ---- One sweep ------------------------------------------------------------------------------- */

/* Of the time of the last row, what grows with its problem: the runs of the reference, above all.
 */
static double slowest_part_s(const bench *b)
{
    const json_t *rows = json_object_get(b->report, "results");
    const size_t count = json_array_size(rows);
    const json_t *row = count ? json_array_get(rows, count - 1) : NULL;
    return 4e-9 * json_number(json_object_get(row, "cpu_reference"), "median_ns");
}

/* Replaces the only problem of `grown` by the next; says why not in *ended. */
static cli_exit sweep_step(const bench *b, const sweep_kind *kind, double used_s,
                           problem_list *grown, const char **ended)
{
    const uint64_t device_bytes = clconv_context_device(b->context)->max_alloc_bytes;
    const double most_bytes = device_bytes ? (double)device_bytes : 1e9;
    problem_list next = {0};
    problem_entry entry = grown->entries[0];
    const double work = (double)entry.cost.multiplications;

    if (!sweep_grow(kind, &entry, fmin(most_bytes, 1e9))) {
        *ended = "the next is no problem or needs more memory";
        return CLI_FINE;
    }
    const cli_exit code = problem_list_append(&next, &entry);
    const double growth =
        code == CLI_FINE ? (double)next.entries[0].cost.multiplications / work : 0;
    if (used_s + (growth - 1) * slowest_part_s(b) > sweep_limit_s)
        *ended = "the next would take more than a minute";
    problem_list_free(grown);
    *grown = next;
    return code;
}

static cli_exit bench_sweep(bench *b, const problem_entry *entry)
{
    const sweep_kind *kind = sweep_find(b->sweep);
    problem_list grown = {0};
    const char *ended = NULL;
    json_t *sweep = sweep_json(b->sweep, entry);
    cli_exit code = problem_list_append(&grown, entry);
    for (int i = 0; code == CLI_FINE && !ended && !interrupted(); i++) {
        const uint64_t start = clock_ns();
        code = bench_problem(b, &grown.entries[0]);
        if (code != CLI_FINE || interrupted())
            break;
        sweep_add_point(sweep, sweep_value(kind, &grown.entries[0]), &grown.entries[0],
                        json_object_get(b->report, "results"));
        if (i + 1 == b->sweep_points)
            ended = "as many points as asked for";
        else
            code = sweep_step(b, kind, (double)(clock_ns() - start) * 1e-9, &grown, &ended);
    }
    json_object_set_new(sweep, "ended", json_string(ended ? ended : "interrupted"));
    json_array_append_new(json_object_get(b->report, "sweeps"), sweep);
    problem_list_free(&grown);
    return code;
}

/* ---- All ------------------------------------------------------------------------------------- */

static void print_start(const bench *b, const clconv_device *device)
{
    char text[320];
    device_describe(device, b->common.device, text, sizeof text);
    printf("device %s, seed %lld\n", text, b->seed);
    if (b->roof.gflop_per_s > 0)
        printf("measured peak %.4g GFLOP/s, bandwidth %.4g GB/s\n", b->roof.gflop_per_s,
               b->roof.gbyte_per_s);
}

static void measure_passes(bench *b)
{
    const pass_settings settings = {.device = b->common.device,
                                    .math = b->math,
                                    .seed = (uint64_t)b->seed,
                                    .min_time_s = b->min_time_s};
    for (int pass = 2; pass <= b->passes; pass++) {
        for (size_t i = 0; i < b->pass_rows.count && !interrupted(); i++) {
            progress_step(b->progress, b->done, "pass %d of %d", pass, b->passes);
            pass_measure(&b->pass_rows, i, &settings);
            b->done += pass_work;
        }
    }
    b->wrong += b->pass_rows.wrong;
    b->failed += b->pass_rows.failed;
}

static cli_exit measure_all(bench *b)
{
    cli_exit code = CLI_FINE;
    /* How long a sweep takes is not known before. */
    const double work = problem_list_work(&b->list) +
                        (overhead + (b->passes - 1) * pass_work) * (double)b->list.count;
    bench_print_header();
    b->progress = progress_start(b->sweep ? 0 : work);
    for (size_t i = 0; i < b->list.count && code == CLI_FINE && !interrupted(); i++)
        code =
            b->sweep ? bench_sweep(b, &b->list.entries[i]) : bench_problem(b, &b->list.entries[i]);
    if (code == CLI_FINE)
        measure_passes(b);
    progress_stop(b->progress);
    return code;
}

/* Again, if the yardstick knows now that the machine was slow from the start: a roof that is too
 * low flatters every row. */
static void measure_roofline_again(bench *b)
{
    const roofline first = b->roof;
    clconv_error ignored; /* the first figures stand */
    if (!interrupted() && yardstick_summarise().usual_ns < 0.95 * b->roof_usual_ns)
        (void)roofline_measure(b->context, &b->roof, &ignored);
    if (b->roof.gflop_per_s > first.gflop_per_s * 1.02 ||
        b->roof.gbyte_per_s > first.gbyte_per_s * 1.02)
        printf("measured again: peak %.4g GFLOP/s, bandwidth %.4g GB/s; reports take these\n",
               b->roof.gflop_per_s, b->roof.gbyte_per_s);
    bench_json_set_roofline(b->report, &b->roof);
}

static void complete_report(bench *b)
{
    measure_roofline_again(b);
    json_object_set_new(b->report, "interrupted", json_boolean(interrupted()));
    json_object_set_new(b->report, "yardstick", yardstick_json());
    json_object_set(b->report, "peers", peers_list_json(b->peers));
    json_object_set(b->report, "missing_peers", peers_missing_json(b->peers));
    json_object_set_new(b->report, "means", means_json(b->report));
    bench_print_means(b->report);
    bench_print_passes(b->report);
    bench_print_sweeps(b->report);
    bench_print_missing(b->report);
    if (interrupted())
        printf("ended early: %zu rows\n", json_array_size(json_object_get(b->report, "results")));
}

static cli_exit start_report(bench *b, const clconv_device *device)
{
    clconv_error error;
    const bench_settings settings = {.command = b->command,
                                     .device = b->common.device,
                                     .algorithm = b->common.algorithm,
                                     .math = b->common.math,
                                     .file = b->file,
                                     .batches = b->batches,
                                     .peers = b->peer_names,
                                     .sweep = b->sweep,
                                     .seed = (uint64_t)b->seed,
                                     .min_time_s = b->min_time_s,
                                     .passes = b->passes};
    if (roofline_measure(b->context, &b->roof, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    b->roof_usual_ns = yardstick_summarise().usual_ns;
    b->report = bench_json_start(&settings, device);
    b->participants = calloc(1 + PEER_PARTICIPANTS_MAX, sizeof *b->participants);
    if (!b->report || !b->participants)
        return cli_fail(CLI_DEVICE, "the host is out of memory");
    return CLI_FINE;
}

cli_exit bench_run(bench *b, json_t **report)
{
    const clconv_device *device = clconv_context_device(b->context);
    const peer_options options = {.names = b->peer_names,
                                  .folder = b->peer_folder,
                                  .device = b->common.device,
                                  .kind = device->kind,
                                  .timeout_s = b->peer_timeout_s};
    cli_exit code;

    b->peers = peers_start(&options, &code);
    if (code == CLI_FINE)
        code = cli_common_math(&b->common, &b->math);
    if (code == CLI_FINE && device->kind != CLCONV_DEVICE_GPU) /* a GPU needs few processors */
        yardstick_start();
    if (code == CLI_FINE)
        code = start_report(b, device);
    if (code == CLI_FINE) {
        print_start(b, device);
        code = measure_all(b);
        complete_report(b);
        *report = json_incref(b->report);
    }
    json_decref(b->report);
    free(b->participants);
    pass_list_free(&b->pass_rows);
    yardstick_stop();
    peers_stop(b->peers);
    if (code == CLI_FINE && interrupted())
        return (cli_exit)(128 + interrupted());
    return code == CLI_FINE && b->wrong    ? CLI_WRONG
           : code == CLI_FINE && b->failed ? CLI_DEVICE
                                           : code;
}
