/* clconv tune: measures which algorithm is the fastest, and remembers it. */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "devices.h"
#include "problem_list.h"
#include "progress.h"

static const cli_help help = {
    .name = "clconv tune",
    .arguments = "[OPTION...] PROBLEM...",
    .details =
        "Runs each problem on the algorithms that the cost model does not rule out, checks their\n"
        "results, and adds a line for each to `tuning.txt' in the folder that `clconv devices'\n"
        "names. What has a line there is not measured again, and what the budget leaves out is\n"
        "measured by the next call. Plans with `--planning tuned' take the fastest.\n",
    .example = "  clconv tune --budget 2000 'mb1ic64ih56iw56oc64kh3kw3ph1pw1'\n",
};

typedef struct tune {
    char *device;
    char *file;
    char *batches;
    int budget_ms;
} tune;

static cli_exit tune_problem(const tune *t, clconv_context *context, const problem_entry *entry)
{
    const clconv_options options = {.planning = CLCONV_MEASURE, .budget_ms = t->budget_ms};
    clconv_plan *plan = NULL;
    clconv_error error;
    if (clconv_plan_create(context, entry->problems, entry->count, &options, &plan, &error) !=
        CLCONV_OK)
        return cli_fail_library(&error);

    const size_t length = clconv_plan_describe(plan, NULL, 0);
    char *const text = malloc(length + 1);
    if (text) {
        clconv_plan_describe(plan, text, length + 1);
        fputs(text, stdout);
    }
    free(text);
    clconv_plan_destroy(plan);
    return text ? CLI_FINE : cli_fail(CLI_DEVICE, "the host is out of memory");
}

static cli_exit tune_list(const tune *t, const problem_list *list)
{
    clconv_context *context = NULL;
    clconv_error error;
    double done = 0;
    if (list->count == 0)
        return cli_fail(CLI_USAGE, "no problem given; `clconv tune --help' has an example");
    if (clconv_cache_folder(NULL, 0) == 0)
        return cli_fail(CLI_USAGE, "there is no folder to remember in; see `clconv devices'");
    if (clconv_context_create(t->device, &context, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    cli_exit code = CLI_FINE;
    progress_line *const progress = progress_start(problem_list_work(list));
    for (size_t i = 0; i < list->count && code == CLI_FINE; i++) {
        progress_step(progress, done, "%s", list->entries[i].text);
        code = tune_problem(t, context, &list->entries[i]);
        done += (double)list->entries[i].cost.multiplications;
    }
    progress_stop(progress);
    clconv_context_destroy(context);
    return code;
}

static cli_exit tune_options(void *data, poptContext options)
{
    const tune *t = data;
    problem_list list = {0};
    cli_exit code = t->budget_ms < 0 ? cli_fail(CLI_USAGE, "--budget %d is negative", t->budget_ms)
                                     : problem_list_take(&list, options, t->file, t->batches);
    if (code == CLI_FINE)
        code = tune_list(t, &list);
    problem_list_free(&list);
    return code;
}

cli_exit cli_tune(int argc, const char **argv)
{
    tune t = {0};
    const struct poptOption table[] = {
        {"file", 0, POPT_ARG_STRING, &t.file, 0, "read the problems from a file", "FILE"},
        {"batch", 0, POPT_ARG_STRING, &t.batches, 0, "set the batch size of every problem",
         "N[,N...]"},
        {"budget", 0, POPT_ARG_INT, &t.budget_ms, 0,
         "end the measuring of a problem after about this long (1000)", "MS"},
        {"device", 0, POPT_ARG_STRING, &t.device, 0, "where to measure, as in `clconv run'",
         "DEVICE"},
        cli_help_option(),
        POPT_TABLEEND,
    };
    return cli_parse_and_run(&help, argc, argv, table, tune_options, &t);
}
