/* What every command shares: exit codes, error lines, option parsing and generated help. */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

#include <popt.h>

#include "clconv.h"

typedef enum cli_exit {
    CLI_FINE = 0,
    CLI_WRONG = 1,  /* a result was wrong */
    CLI_USAGE = 2,  /* bad input or usage */
    CLI_DEVICE = 3, /* the device or its driver failed, or memory ran out */
} cli_exit;

/* Which of them a failure of the library is. */
cli_exit cli_exit_of(clconv_status status);

/* Prints "clconv: MESSAGE" on stderr and returns `code`. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
cli_exit
cli_fail(cli_exit code, const char *format, ...);

/* Prints the message of a failure of the library and returns its exit code. */
cli_exit cli_fail_library(const clconv_error *error);

/* ---- Options ------------------------------------------------------------------------------- */

/* The help of a command around the options, which popt prints. */
typedef struct cli_help {
    const char *name;      /* "clconv cost" */
    const char *arguments; /* what follows it on the usage line: "[OPTION...] PROBLEM..." */
    const char *details;   /* printed after the options, whole lines; NULL for none */
    const char *example;   /* printed last, whole lines */
} cli_help;

/* The options of every command that uses a device. Zero-initialise, free with cli_common_free. */
typedef struct cli_common {
    char *device;    /* for clconv_context_create; NULL: auto */
    char *algorithm; /* for clconv_options; NULL: auto */
    char *planning;  /* what `auto' does: planning.h; NULL: estimate */
    int budget_ms;   /* 0: the library's own */
    char *math;      /* "default", "strict" or NULL: cli_common_math */
    int verbose;
    struct poptOption table[7];
} cli_common;

/* A row for a command's option table that includes the common options. */
struct poptOption cli_common_options(cli_common *common);
void cli_common_free(cli_common *common);

/* The math mode that --math names. Reports a name that there is not. */
cli_exit cli_common_math(const cli_common *common, clconv_math *math);

/* A row for a command's option table: --help. Every command has it. */
struct poptOption cli_help_option(void);

/* Starts to parse a command's arguments, argv[1] and up; argv[0] is overwritten. NULL only for
 * lack of memory, which it reports. Free with poptFreeContext. */
poptContext cli_parse(const cli_help *help, int argc, const char **argv,
                      const struct poptOption *table);

/* What cli_next returns beside the `val` of an option, all of which are positive. */
enum {
    CLI_END = 0,     /* no more options: poptGetArg gives the arguments */
    CLI_HELPED = -1, /* --help was printed: end with CLI_FINE */
    CLI_BAD = -2     /* a bad option was reported: end with CLI_USAGE */
};

/* The `val` of the next option that has one (its argument: poptGetOptArg). Options without a
 * `val` are stored as the table says. */
int cli_next(poptContext context, const cli_help *help);

/* A command whose options need no order: parses all of them and then, unless that is the end,
 * calls run(data, ...), which takes the arguments with poptGetArg. Last frees the texts that the
 * table's options have stored. */
cli_exit cli_parse_and_run(const cli_help *help, int argc, const char **argv,
                           const struct poptOption *table,
                           cli_exit (*run)(void *data, poptContext options), void *data);

/* ---- Commands ------------------------------------------------------------------------------ */

typedef cli_exit cli_command_function(int argc, const char **argv);

#endif
