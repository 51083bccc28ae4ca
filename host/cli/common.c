#include "common.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_OPTION = 10000 }; /* above every `val` of a command */

cli_exit cli_exit_of(clconv_status status)
{
    static const cli_exit codes[] = {
        [CLCONV_OK] = CLI_FINE,
        [CLCONV_INVALID_ARGUMENT] = CLI_USAGE,
        [CLCONV_INVALID_PROBLEM] = CLI_USAGE,
        [CLCONV_INVALID_STRING] = CLI_USAGE,
        [CLCONV_UNSUPPORTED] = CLI_USAGE,
        [CLCONV_OUT_OF_HOST_MEMORY] = CLI_DEVICE,
        [CLCONV_DEVICE_NOT_FOUND] = CLI_USAGE,
        [CLCONV_OUT_OF_DEVICE_MEMORY] = CLI_DEVICE,
        [CLCONV_BUILD_FAILED] = CLI_DEVICE,
        [CLCONV_DEVICE_FAILED] = CLI_DEVICE,
    };
    const size_t index = (size_t)status;
    return index < sizeof codes / sizeof codes[0] ? codes[index] : CLI_DEVICE;
}

cli_exit cli_fail(cli_exit code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("clconv: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

cli_exit cli_fail_library(const clconv_error *error)
{
    return cli_fail(cli_exit_of(error->status), "%s", error->message);
}

struct poptOption cli_common_options(cli_common *common)
{
    const struct poptOption rows[] = {
        {"device", 0, POPT_ARG_STRING, &common->device, 0,
         "where to compute: `auto' takes a GPU, else another OpenCL device, else `reference', the "
         "CPU reference; or an index or a part of a name as `clconv devices' lists them",
         "DEVICE"},
        {"algorithm", 0, POPT_ARG_STRING, &common->algorithm, 0,
         "how to compute: `auto' takes the fastest known for the device", "NAME"},
        {"math", 0, POPT_ARG_STRING, &common->math, 0,
         "what may be computed: `default' allows Winograd's algorithm, `strict' direct sums only",
         "MODE"},
        {"planning", 0, POPT_ARG_STRING, &common->planning, 0,
         "how `auto' knows the fastest: `estimate' (default) by a cost model, `tuned' by what was "
         "measured before, `measure' by measuring what was not",
         "HOW"},
        {"budget", 0, POPT_ARG_INT, &common->budget_ms, 0,
         "end the measuring of a plan after about this long (1000)", "MS"},
        {"verbose", 'v', POPT_ARG_NONE, &common->verbose, 0, "say more about what is done", NULL},
        POPT_TABLEEND,
    };
    _Static_assert(sizeof rows == sizeof common->table, "cli_common has a row for each option");
    memcpy(common->table, rows, sizeof rows);
    return (struct poptOption){
        NULL, 0, POPT_ARG_INCLUDE_TABLE, common->table, 0, "Device options:", NULL};
}

void cli_common_free(cli_common *common)
{
    free(common->device);
    free(common->algorithm);
    free(common->planning);
    free(common->math);
}

cli_exit cli_common_math(const cli_common *common, clconv_math *math)
{
    *math = common->math && strcmp(common->math, "strict") == 0 ? CLCONV_MATH_STRICT
                                                                : CLCONV_MATH_DEFAULT;
    if (!common->math || *math == CLCONV_MATH_STRICT || strcmp(common->math, "default") == 0)
        return CLI_FINE;
    return cli_fail(CLI_USAGE, "no math mode '%.64s'; there are default and strict", common->math);
}

struct poptOption cli_help_option(void)
{
    return (struct poptOption){"help",           'h', POPT_ARG_NONE, NULL, HELP_OPTION,
                               "show this help", NULL};
}

poptContext cli_parse(const cli_help *help, int argc, const char **argv,
                      const struct poptOption *table)
{
    argv[0] = help->name; /* what popt prints as the program's name */
    poptContext context = poptGetContext(NULL, argc, argv, table, 0);
    if (context)
        poptSetOtherOptionHelp(context, help->arguments);
    else
        cli_fail(CLI_DEVICE, "the host is out of memory");
    return context;
}

static void print_help(poptContext context, const cli_help *help)
{
    poptPrintHelp(context, stdout, 0);
    if (help->details)
        printf("\n%s", help->details);
    printf("\nExample:\n%s", help->example);
}

int cli_next(poptContext context, const cli_help *help)
{
    const int value = poptGetNextOpt(context);
    if (value == HELP_OPTION) {
        print_help(context, help);
        return CLI_HELPED;
    }
    if (value < -1) {
        cli_fail(CLI_USAGE, "%s: %s", poptBadOption(context, POPT_BADOPTION_NOALIAS),
                 poptStrerror(value));
        return CLI_BAD;
    }
    return value == -1 ? CLI_END : value;
}

static void free_texts(const struct poptOption *table)
{
    for (; table->longName || table->arg; table++) {
        const unsigned type = table->argInfo & POPT_ARG_MASK;
        if (type == POPT_ARG_INCLUDE_TABLE)
            free_texts(table->arg);
        else if (type == POPT_ARG_STRING)
            free(*(char **)table->arg);
    }
}

cli_exit cli_parse_and_run(const cli_help *help, int argc, const char **argv,
                           const struct poptOption *table,
                           cli_exit (*run)(void *data, poptContext options), void *data)
{
    cli_exit code = CLI_DEVICE;
    poptContext options = cli_parse(help, argc, argv, table);
    if (options) {
        int value;
        do {
            value = cli_next(options, help);
        } while (value > 0);
        code = value == CLI_BAD ? CLI_USAGE : CLI_FINE;
        if (value == CLI_END)
            code = run(data, options);
    }
    poptFreeContext(options);
    free_texts(table);
    return code;
}
