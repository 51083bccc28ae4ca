/* clconv advise: whether a device is worth it, and from which batch on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advise_report.h"
#include "bench_json.h"
#include "commands.h"
#include "devices.h"
#include "file.h"
#include "progress.h"

static const cli_help help = {
    .name = "clconv advise",
    .arguments = "[OPTION...] PROBLEM...",
    .details =
        "Measures each problem on the OpenCL devices at hand and on what the host's processor\n"
        "has to offer: the fastest OpenCL CPU device besides the one in question, or the CPU\n"
        "reference, which is slow, where there is none. Fits time = a + b * batch and says at\n"
        "which batches the device is faster, host memory to host memory (with transfers) and\n"
        "with all tensors resident. Lines are believed up to 64 times the largest batch that was\n"
        "measured. A first call is making the plan with its kernels, packing the weights and one\n"
        "execution; kernels that the driver has cached on disk make it cheaper. Weights are\n"
        "packed once. A result that is not right is reported and has no numbers.\n",
    .example = "  clconv advise 'mb8ic64ih56iw56oc64kh3kw3ph1pw1'\n",
};

static const char default_batches[] = "1,2,4,8";
static const double default_work = 2e9; /* multiplications of the largest batch of the above */

typedef struct advise {
    cli_common common;
    char *batches;
    char *json;
    long long seed;
    double min_time_s;
    problem_list list;
    advise_side *sides; /* all devices; the reference is the last */
    size_t count;
    size_t only; /* the device asked for; `count` for all */
    json_t *advice;
    progress_line *progress;
    double done;
    size_t wrong;
    size_t failed;
} advise;

static int is_reference(const advise_side *side)
{
    return side->device.kind == CLCONV_DEVICE_REFERENCE;
}

static int is_candidate(const advise *a, size_t index)
{
    return !is_reference(&a->sides[index]) && (a->only == a->count || a->only == index);
}

/* Whether some candidate is compared with this device. */
static int is_alternative(const advise *a, size_t index)
{
    size_t cpus = 0;
    for (size_t i = 0; i < a->count; i++)
        cpus += a->sides[i].device.kind == CLCONV_DEVICE_CPU;
    if (a->sides[index].device.kind == CLCONV_DEVICE_CPU)
        return a->only != index || cpus > 1;
    if (!is_reference(&a->sides[index]))
        return 0;
    for (size_t i = 0; i < a->count; i++) {
        if (is_candidate(a, i) && cpus == (a->sides[i].device.kind == CLCONV_DEVICE_CPU))
            return 1;
    }
    return 0;
}

/* The fastest CPU side besides sides[index] at the largest batch; the reference only for want of
 * another. NULL: there is none. */
static const advise_side *alternative_of(const advise *a, size_t index)
{
    const advise_side *best = NULL;
    for (size_t i = 0; i < a->count; i++) {
        const advise_side *side = &a->sides[i];
        const int eligible =
            side->device.kind == CLCONV_DEVICE_CPU || (is_reference(side) && !best);
        if (i == index || !eligible || !advise_side_usable(side))
            continue;
        if (!best || side->total_ns[side->count - 1] < best->total_ns[best->count - 1])
            best = side;
    }
    return best;
}

static cli_exit measure_batch(advise *a, const problem_entry *entry)
{
    check_case c = {0};
    cli_exit code = cli_common_math(&a->common, &c.math);
    if (code == CLI_FINE)
        code = check_case_create(&c, entry, (uint64_t)a->seed, 0);
    for (size_t i = 0; i < a->count && code == CLI_FINE; i++) {
        if (!is_candidate(a, i) && !is_alternative(a, i))
            continue;
        progress_step(a->progress, a->done, "%s on %s", entry->text, a->sides[i].device.name);
        advise_side_measure(&a->sides[i], &c, &a->common, a->min_time_s);
        if (a->sides[i].status == CLCONV_INVALID_ARGUMENT) /* no such algorithm */
            code = cli_fail_library(&a->sides[i].error);
    }
    check_case_free(&c);
    a->done += (double)entry->cost.multiplications;
    return code;
}

static void say_unusable(advise *a, const advise_side *side)
{
    const int ran = side->status == CLCONV_OK;
    char name[320];
    device_describe(&side->device, "reference", name, sizeof name);
    progress_print(a->progress, "  %s %s: %s\n", ran ? "WRONG" : "FAIL", name,
                   ran ? side->verdict.reason : side->error.message);
    *(ran ? &a->wrong : &a->failed) += 1;
}

static cli_exit conclude(advise *a, const problem_entry *entry, size_t index)
{
    advice result = {.entry = entry, .device = &a->sides[index], .other = alternative_of(a, index)};
    if (!advise_side_usable(result.device) || !result.other)
        return CLI_FINE; /* said already */
    advice_draw(&result);
    advice_print(&result);
    if (a->advice && json_array_append_new(a->advice, advice_json(&result)) != 0)
        return cli_fail(CLI_DEVICE, "the host is out of memory");
    return CLI_FINE;
}

/* `entries`: one problem at its batches, its own first. */
static cli_exit advise_problem(advise *a, const problem_entry *entries, size_t count)
{
    cli_exit code = CLI_FINE;
    for (size_t i = 0; i < a->count; i++)
        advise_side_reset(&a->sides[i]);
    for (size_t i = 0; i < count && code == CLI_FINE; i++)
        code = measure_batch(a, &entries[i]);
    if (code != CLI_FINE)
        return code;
    progress_print(a->progress, "%s\n", entries[0].text);
    for (size_t i = 0; i < a->count; i++) {
        if (advise_side_usable(&a->sides[i]))
            advise_side_finish(&a->sides[i]);
        else if (a->sides[i].measured)
            say_unusable(a, &a->sides[i]);
    }
    for (size_t i = 0; i < a->count && code == CLI_FINE; i++) {
        if (is_candidate(a, i))
            code = conclude(a, &entries[0], i);
    }
    return code;
}

/* Leaves the entry's own batch, and of the others each once: those given, or of the default ones
 * those that are not too much work, and two in all at least. */
static size_t choose_batches(problem_entry *entries, size_t count, int given)
{
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        int wanted = given || kept < 2 || (double)entries[i].cost.multiplications <= default_work;
        for (size_t k = 0; k < kept; k++)
            wanted &= entries[k].problems[0].batch != entries[i].problems[0].batch;
        if (wanted) {
            const problem_entry moved = entries[kept];
            entries[kept++] = entries[i];
            entries[i] = moved;
        }
    }
    return kept;
}

static cli_exit advise_on(advise *a, const problem_entry *entry)
{
    char batches[256];
    problem_list list = {0};
    const char *others = a->batches ? a->batches : default_batches;
    const int length =
        snprintf(batches, sizeof batches, "%lld,%s", (long long)entry->problems[0].batch, others);
    if (length < 0 || (size_t)length >= sizeof batches)
        return cli_fail(CLI_USAGE, "--batch is too long: '%s'", others);
    cli_exit code = problem_list_add(&list, entry->text);
    if (code == CLI_FINE)
        code = problem_list_set_batches(&list, batches);
    if (code == CLI_FINE) {
        const size_t count = choose_batches(list.entries, list.count, a->batches != NULL);
        if (count < 2 || count > MAX_BATCHES)
            code = cli_fail(CLI_USAGE,
                            "--batch needs a batch besides the problem's own, and %d in "
                            "all at most: '%s'",
                            MAX_BATCHES, others);
        else
            code = advise_problem(a, list.entries, count);
    }
    problem_list_free(&list);
    return code;
}

static cli_exit find_sides(advise *a)
{
    clconv_error error;
    clconv_status status = clconv_device_list(NULL, 0, &a->count, &error);
    if (status != CLCONV_OK)
        return cli_fail_library(&error);
    clconv_device *devices = calloc(a->count, sizeof *devices);
    a->sides = calloc(a->count, sizeof *a->sides);
    if (!devices || !a->sides) {
        free(devices);
        return cli_fail(CLI_DEVICE, "the host is out of memory");
    }
    status = clconv_device_list(devices, a->count, &a->count, &error);
    for (size_t i = 0; status == CLCONV_OK && i < a->count; i++) {
        a->sides[i].device = devices[i];
        snprintf(a->sides[i].request, sizeof a->sides[i].request, "%zu", i);
    }
    free(devices);
    a->only = a->count;
    return status == CLCONV_OK ? CLI_FINE : cli_fail_library(&error);
}

/* Sets `only` to the device that --device names. */
static cli_exit find_only(advise *a)
{
    clconv_context *context = NULL;
    clconv_error error;
    if (clconv_context_create(a->common.device, &context, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    for (size_t i = a->count; i-- > 0;) {
        if (device_same(&a->sides[i].device, clconv_context_device(context)))
            a->only = i;
    }
    clconv_context_destroy(context);
    if (a->only < a->count && is_reference(&a->sides[a->only]))
        return cli_fail(CLI_USAGE,
                        "--device %s: advise compares a device with the processor, and "
                        "this is the CPU reference",
                        a->common.device);
    return CLI_FINE;
}

static cli_exit write_json(const advise *a)
{
    clconv_error error;
    json_t *report = json_pack("{s:i, s:s, s:{s:I, s:f}, s:O}", "schema", 1, "clconv_version",
                               clconv_version(), "options", "seed", (json_int_t)a->seed,
                               "min_time_s", a->min_time_s, "advice", a->advice);
    if (!report)
        return cli_fail(CLI_DEVICE, "the host is out of memory");
    const clconv_status status = bench_json_write(report, a->json, &error);
    json_decref(report);
    return status == CLCONV_OK ? CLI_FINE : cli_fail_library(&error);
}

static cli_exit advise_all(advise *a)
{
    cli_exit code = CLI_FINE;
    if (a->count == 1)
        puts("There is no OpenCL device here: there is nothing to offload to.");
    a->progress = progress_start(0);
    for (size_t i = 0; i < a->list.count && a->count > 1 && code == CLI_FINE; i++)
        code = advise_on(a, &a->list.entries[i]);
    progress_stop(a->progress);
    if (code == CLI_FINE && a->advice)
        code = write_json(a);
    if (code == CLI_FINE)
        code = a->wrong ? CLI_WRONG : a->failed ? CLI_DEVICE : CLI_FINE;
    return code;
}

static cli_exit check_options(advise *a)
{
    clconv_error error;
    if (a->list.count == 0)
        return cli_fail(CLI_USAGE, "no problem given; `clconv advise --help' has an example");
    if (!(a->min_time_s > 0 && a->min_time_s <= 3600))
        return cli_fail(CLI_USAGE, "--min-time takes seconds from 0 to 3600: %g", a->min_time_s);
    if (a->json && file_output_check(a->json, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    if (a->json && !(a->advice = json_array()))
        return cli_fail(CLI_DEVICE, "the host is out of memory");
    return CLI_FINE;
}

static cli_exit advise_options(void *data, poptContext options)
{
    advise *a = data;
    cli_exit code = problem_list_take(&a->list, options, NULL, NULL);
    if (code == CLI_FINE)
        code = check_options(a);
    if (code == CLI_FINE)
        code = find_sides(a);
    if (code == CLI_FINE && a->common.device)
        code = find_only(a);
    if (code == CLI_FINE)
        code = advise_all(a);
    json_decref(a->advice);
    free(a->sides);
    problem_list_free(&a->list);
    return code;
}

cli_exit cli_advise(int argc, const char **argv)
{
    advise a = {.seed = 1, .min_time_s = 0.5};
    const struct poptOption table[] = {
        {"batch", 0, POPT_ARG_STRING, &a.batches, 0,
         "the batches to measure besides the problem's own (1,2,4,8, as far as they are quick)",
         "N[,N...]"},
        {"json", 0, POPT_ARG_STRING, &a.json, 0, "write the numbers to a file", "FILE"},
        {"min-time", 0, POPT_ARG_DOUBLE, &a.min_time_s, 0,
         "measure each device at each batch for about this long (0.5)", "SECONDS"},
        {"seed", 0, POPT_ARG_LONGLONG, &a.seed, 0, "draw the data from this seed (1)", "N"},
        cli_common_options(&a.common),
        cli_help_option(),
        POPT_TABLEEND,
    };
    return cli_parse_and_run(&help, argc, argv, table, advise_options, &a);
}
