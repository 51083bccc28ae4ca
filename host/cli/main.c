/* clconv COMMAND ...: finds the command and leaves the rest to it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

typedef struct command {
    const char *name;
    const char *summary; /* NULL: of no use to people, so not listed */
    cli_command_function *run;
} command;

static const command commands[] = {
    {"devices", "list the devices", cli_devices},
    {"run", "convolve .npy files", cli_run},
    {"filter", "apply an image kernel to a PNG picture", cli_filter},
    {"verify", "check every algorithm against the reference", cli_verify},
    {"bench", "time algorithms, next to the CPU", cli_bench},
    {"report", "turn a benchmark's JSON report into a page", cli_report},
    {"tune", "measure which algorithm is the fastest, and remember it", cli_tune},
    {"advise", "say whether a device is worth it, and from which batch on", cli_advise},
    {"cost", "count parameters, multiplications and bytes", cli_cost},
    {"first", NULL, cli_first},
    {NULL, NULL, NULL},
};

static void print_help(void)
{
    puts("Usage: clconv COMMAND [OPTION...]\n"
         "Convolutions of every kind on OpenCL devices.\n\n"
         "Commands:");
    for (const command *c = commands; c->name; c++) {
        if (c->summary)
            printf("  %-8s %s\n", c->name, c->summary);
    }
    puts("\n`clconv COMMAND --help' lists the options of a command, with an example.\n"
         "`clconv --version' prints the version.\n\n"
         "Exit status: 0 fine, 1 a result was wrong, 2 bad input or usage,\n"
         "3 the device or its driver failed.");
}

static cli_exit run(int argc, const char **argv)
{
    if (argc < 2)
        return cli_fail(CLI_USAGE, "no command given; `clconv --help' lists them");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help();
        return CLI_FINE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("clconv %s\n", clconv_version());
        return CLI_FINE;
    }
    for (const command *c = commands; c->name; c++) {
        if (strcmp(argv[1], c->name) == 0)
            return c->run(argc - 1, argv + 1);
    }
    return cli_fail(CLI_USAGE, "'%s' is no command; `clconv --help' lists them", argv[1]);
}

int main(int argc, const char **argv)
{
    const cli_exit code = run(argc, argv);
    if (fflush(stdout) != 0 && code == CLI_FINE)
        return (int)cli_fail(CLI_USAGE, "standard output: %s", strerror(errno));
    return (int)code;
}
