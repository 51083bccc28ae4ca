/* clconv bench: what each algorithm takes, next to the CPU and to others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_run.h"
#include "commands.h"
#include "compare.h"
#include "file.h"
#include "html_report.h"
#include "interrupt.h"

static const cli_help help = {
    .name = "clconv bench",
    .arguments = "[OPTION...] PROBLEM... | --file FILE | --compare A.json B.json",
    .details =
        "Times are medians in ms. device: tensors resident on the device, and +/- half the "
        "distance\n"
        "of its quartiles; transfer: copying the source there and the result back; total:\n"
        "clconv_execute on host memory; CPU: the reference, in double precision on all "
        "processors;\n"
        "cold: a new process, from its start to the first result, no kernel cached. error/bound:\n"
        "worst error / bound. GFLOP/s counts 2 * multiplications of the direct sum, GB/s the "
        "minimum\n"
        "bytes, both over the device time; roof: their share of the measured roofline.\n"
        "A result that is not right is reported as WRONG and has no numbers.\n"
        "--algorithm all measures each applicable algorithm.\n"
        "--peers measures others in turn with clconv, on the same data; a ratio above 1 says that\n"
        "clconv is faster.\n"
        "--sweep doubles what is named until the next problem would take a minute or too much "
        "memory.\n"
        "--compare tells which times of B are slower or faster than in A beyond the noise: by "
        "more\n"
        "than 5 %, with quartiles that do not meet when moved half again as far from their "
        "median,\n"
        "those of all --passes together.\n"
        "Ctrl-C ends the run early: what there is is reported.\n\n"
        "Exit status: 0 fine, 1 a result was wrong or --compare found something slower, 2 bad "
        "input\n"
        "or usage, 3 the device failed, 128 + the signal's number when ended early.\n",
    .example = "  clconv bench --batch 1,8 'ic64ih56iw56oc64kh3kw3ph1pw1'\n"
               "  clconv bench --file bench/workloads.txt --peers onednn,pytorch --json b.json\n"
               "  clconv bench --compare a.json b.json\n",
};

typedef struct bench_files {
    char *json;
    char *csv;
    char *html;
} bench_files;

static cli_exit check_outputs(const bench_files *files)
{
    clconv_error error;
    const char *const outputs[] = {files->json, files->csv};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        if (outputs[i] && file_output_check(outputs[i], &error) != CLCONV_OK)
            return cli_fail_library(&error);
    }
    if (files->html && html_report_check(files->html, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    return CLI_FINE;
}

static cli_exit check_options(const bench *b, const bench_files *files)
{
    if (b->list.count == 0)
        return cli_fail(CLI_USAGE, "no problem given; `clconv bench --help' has an example");
    if (!(b->min_time_s > 0 && b->min_time_s <= 3600))
        return cli_fail(CLI_USAGE, "--min-time takes seconds from 0 to 3600: %g", b->min_time_s);
    if (!(b->peer_timeout_s > 0 && b->peer_timeout_s <= 3600))
        return cli_fail(CLI_USAGE, "--peer-timeout takes seconds from 0 to 3600: %g",
                        b->peer_timeout_s);
    if (b->sweep && !sweep_find(b->sweep))
        return cli_fail(CLI_USAGE, "--sweep takes batch, channels, size or kernel: '%s'", b->sweep);
    if (b->passes < 1 || (b->passes > 1 && b->sweep))
        return cli_fail(CLI_USAGE, "--passes takes a number from 1, and 1 with --sweep: %d",
                        b->passes);
    if (b->sweep_points < 1)
        return cli_fail(CLI_USAGE, "--sweep-points takes a number from 1: %d", b->sweep_points);
    return check_outputs(files);
}

static cli_exit write_files(const json_t *report, const bench_files *files)
{
    clconv_error error;
    if (files->json && bench_json_write(report, files->json, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    if (files->csv && bench_csv_write(report, files->csv, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    if (files->html && html_report_write(report, files->html, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    return CLI_FINE;
}

static cli_exit run(bench *b, const bench_files *files)
{
    clconv_error error;
    json_t *report = NULL;
    if (clconv_context_create(b->common.device, &b->context, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    interrupt_catch();
    cli_exit code = bench_run(b, &report);
    const cli_exit written = report ? write_files(report, files) : code;
    json_decref(report);
    clconv_context_destroy(b->context);
    return code == CLI_FINE ? written : code;
}

static cli_exit compare(poptContext options)
{
    const char *before = poptGetArg(options);
    const char *after = poptGetArg(options);
    if (!after || poptPeekArg(options))
        return cli_fail(CLI_USAGE, "--compare takes two reports");
    return compare_reports(before, after);
}

typedef struct bench_flags {
    bench b;
    bench_files files;
    int comparing;
} bench_flags;

static cli_exit bench_options(void *data, poptContext options)
{
    bench_flags *flags = data;
    bench *b = &flags->b;
    if (flags->comparing)
        return compare(options);
    cli_exit code = problem_list_take(&b->list, options, b->file, b->batches);
    if (code == CLI_FINE)
        code = check_options(b, &flags->files);
    if (code == CLI_FINE)
        code = run(b, &flags->files);
    problem_list_free(&b->list);
    return code;
}

/* The words as a shell would take them, if none has a quote in it; free it. */
static char *command_line(int argc, const char **argv)
{
    size_t size = sizeof "clconv";
    for (int i = 0; i < argc; i++)
        size += strlen(argv[i]) + 3;
    char *line = malloc(size);
    size_t length = line ? (size_t)snprintf(line, size, "clconv") : 0;
    for (int i = 0; line && i < argc; i++) {
        const int plain = argv[i][0] && !argv[i][strcspn(argv[i], " \t\n>$;&|*?()\"\\")];
        length += (size_t)snprintf(line + length, size - length, plain ? " %s" : " '%s'", argv[i]);
    }
    return line;
}

cli_exit cli_bench(int argc, const char **argv)
{
    bench_flags flags = {
        .b = {.seed = 1, .min_time_s = 1, .peer_timeout_s = 120, .sweep_points = 10, .passes = 1}};
    bench *const b = &flags.b;
    bench_files *const files = &flags.files;
    const struct poptOption table[] = {
        {"file", 0, POPT_ARG_STRING, &b->file, 0, "read the problems from a file", "FILE"},
        {"batch", 0, POPT_ARG_STRING, &b->batches, 0,
         "set the batch size of every problem; several give one row each", "N[,N...]"},
        {"peers", 0, POPT_ARG_STRING, &b->peer_names, 0,
         "measure these too: onednn, clblast, pytorch", "NAME[,NAME...]"},
        {"peer-dir", 0, POPT_ARG_STRING, &b->peer_folder, 0, "take the peers' programs from here",
         "FOLDER"},
        {"peer-timeout", 0, POPT_ARG_DOUBLE, &b->peer_timeout_s, 0,
         "give up on a peer that does not answer for so long (120)", "SECONDS"},
        {"sweep", 0, POPT_ARG_STRING, &b->sweep, 0,
         "let each problem grow: batch, channels, size or kernel", "WHAT"},
        {"sweep-points", 0, POPT_ARG_INT, &b->sweep_points, 0,
         "end a sweep after so many problems (10)", "N"},
        {"json", 0, POPT_ARG_STRING, &files->json, 0, "write everything measured to a file",
         "FILE"},
        {"csv", 0, POPT_ARG_STRING, &files->csv, 0, "write the table to a file", "FILE"},
        {"html", 0, POPT_ARG_STRING, &files->html, 0, "write a page with plots to a file", "FILE"},
        {"min-time", 0, POPT_ARG_DOUBLE, &b->min_time_s, 0,
         "measure each algorithm for about this long (1)", "SECONDS"},
        {"passes", 0, POPT_ARG_INT, &b->passes, 0,
         "measure all of clconv's times again after the others, so often in all (1)", "N"},
        {"seed", 0, POPT_ARG_LONGLONG, &b->seed, 0, "draw the data from this seed (1)", "N"},
        {"compare", 0, POPT_ARG_NONE, &flags.comparing, 0, "compare two JSON reports", NULL},
        cli_common_options(&b->common),
        cli_help_option(),
        POPT_TABLEEND,
    };
    char *line = command_line(argc, argv);
    b->command = line ? line : "clconv bench";
    const cli_exit code = cli_parse_and_run(&help, argc, argv, table, bench_options, &flags);
    free(line);
    return code;
}
