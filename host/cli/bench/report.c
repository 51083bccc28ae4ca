/* clconv report: a benchmark's JSON report as a page. */
#include <stdio.h>

#include "commands.h"
#include "file.h"
#include "html_report.h"

static const cli_help help = {
    .name = "clconv report",
    .arguments = "REPORT.json OUT.html",
    .details = "Turns a report of `clconv bench --json' into the page of `clconv bench --html':\n"
               "one file that needs no network.\n",
    .example = "  clconv report bench.json bench.html\n",
};

/* Whether this is a report of the form that the page reads. */
static int is_report(const json_t *report)
{
    enum { SCHEMA = 1 };
    return json_integer_value(json_object_get(report, "schema")) == SCHEMA &&
           json_is_array(json_object_get(report, "results"));
}

/* *report is NULL unless OK; json_decref frees it. */
static clconv_status read_report(const char *path, json_t **report, clconv_error *error)
{
    FILE *file;
    uint64_t size_bytes;
    json_error_t where;
    *report = NULL;
    if (file_open(path, &file, &size_bytes, error) != CLCONV_OK)
        return error->status;
    json_t *const root = json_loadf(file, 0, &where);
    fclose(file);
    if (!root) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s:%d:%d: not JSON: %s", path, where.line,
                         where.column, where.text);
    }
    if (!is_report(root)) {
        json_decref(root);
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "%s: not a report of `clconv bench --json' with schema 1", path);
    }
    *report = root;
    return CLCONV_OK;
}

static cli_exit render(void *data, poptContext options)
{
    (void)data;
    const char *const source = poptGetArg(options);
    const char *const target = poptGetArg(options);
    if (!source || !target || poptPeekArg(options))
        return cli_fail(CLI_USAGE, "two files are wanted: REPORT.json OUT.html");
    json_t *report;
    clconv_error error;
    clconv_status status = read_report(source, &report, &error);
    if (status == CLCONV_OK)
        status = html_report_write(report, target, &error);
    json_decref(report);
    return status == CLCONV_OK ? CLI_FINE : cli_fail_library(&error);
}

cli_exit cli_report(int argc, const char **argv)
{
    const struct poptOption table[] = {
        cli_help_option(),
        POPT_TABLEEND,
    };
    return cli_parse_and_run(&help, argc, argv, table, render, NULL);
}
