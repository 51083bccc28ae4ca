/* clconv cost: what a problem costs, without a device. */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "problem_list.h"

static const cli_help help = {
    .name = "clconv cost",
    .arguments = "[OPTION...] PROBLEM...",
    .details = "Parameters are weights and biases. Multiplications are those of the direct sum.\n"
               "Minimum bytes: source, weights and biases read once, result written once.\n"
               "Intensity is 2 * multiplications / minimum bytes.\n"
               "For a separable sequence, `standard' is the one convolution it replaces.\n",
    .example = "  clconv cost 'g3ic3ih128iw128oc3kh3kw3mb1 -> ic3ih126iw126oc10kh1kw1mb1'\n",
};

/* Writes "A x B x C" over the axes of a problem. */
static void format_axes(const clconv_problem *p, const int64_t *values, char *text, size_t size)
{
    size_t length = 0;
    for (int axis = CLCONV_AXES - p->rank; axis < CLCONV_AXES && length < size; axis++)
        length += (size_t)snprintf(text + length, size - length, "%s%lld", length ? "x" : "",
                                   (long long)values[axis]);
}

static void format_output(const clconv_problem *p, const int64_t *output, char *text, size_t size)
{
    char axes[64];
    format_axes(p, output, axes, sizeof axes);
    snprintf(text, size, "%lldx%lldx%s", (long long)p->batch, (long long)p->out_channels, axes);
}

static void format_receptive_field(const clconv_problem *problems, size_t count, char *text,
                                   size_t size)
{
    clconv_receptive_field field;
    clconv_error error;
    if (clconv_sequence_receptive_field(problems, count, &field, &error) == CLCONV_OK)
        format_axes(problems, field.size, text, size);
    else
        snprintf(text, size, "-"); /* a transposed stage has none */
}

/* One row: `problems` as a whole. */
static cli_exit print_row(const char *label, const clconv_problem *problems, size_t count)
{
    const clconv_problem *last = &problems[count - 1];
    char output[96];
    char field[64];
    clconv_sizes sizes;
    clconv_cost cost;
    clconv_error error;

    if (clconv_problem_sizes(last, &sizes, &error) != CLCONV_OK ||
        clconv_sequence_cost(problems, count, &cost, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    format_output(last, sizes.output_size, output, sizeof output);
    format_receptive_field(problems, count, field, sizeof field);
    printf("  %-10s%-18s %12lld %16lld %14lld %10.4g  %s\n", label, output,
           (long long)cost.parameters, (long long)cost.multiplications,
           (long long)cost.minimum_bytes, cost.intensity, field);
    return CLI_FINE;
}

static int is_depthwise(const clconv_problem *p)
{
    return p->groups == p->in_channels && !p->transposed;
}

static int is_idle(const clconv_problem *p, int axis)
{
    return p->kernel_size[axis] == 1 && p->stride[axis] == 1 && p->padding_begin[axis] == 0 &&
           p->padding_end[axis] == 0;
}

/* The single convolution that a separable sequence of two stands for: a depthwise stage, then one
 * that works on the channels or on the other axes. Returns 0 for any other sequence. */
static int standard_of(const clconv_problem *problems, size_t count, clconv_problem *standard)
{
    if (count != 2 || !is_depthwise(&problems[0]) || problems[1].transposed)
        return 0;
    const clconv_problem *second = &problems[1];
    const int mixes = second->groups == 1;
    if (!mixes && (!is_depthwise(second) || problems[0].out_channels != problems[0].in_channels))
        return 0;
    *standard = problems[0];
    standard->epilogue = second->epilogue;
    standard->out_channels = second->out_channels;
    standard->groups = mixes ? 1 : second->groups;
    for (int axis = 0; axis < CLCONV_AXES; axis++) {
        if (is_idle(second, axis))
            continue;
        if (!is_idle(&problems[0], axis))
            return 0;
        standard->kernel_size[axis] = second->kernel_size[axis];
        standard->stride[axis] = second->stride[axis];
        standard->dilation[axis] = second->dilation[axis];
        standard->padding_begin[axis] = second->padding_begin[axis];
        standard->padding_end[axis] = second->padding_end[axis];
    }
    return 1;
}

static cli_exit print_ratio(const clconv_cost *cost, const clconv_problem *standard)
{
    clconv_cost whole;
    clconv_error error;
    if (clconv_sequence_cost(standard, 1, &whole, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    printf("  separable / standard: %.6g of the multiplications, %.6g of the parameters\n",
           (double)cost->multiplications / (double)whole.multiplications,
           (double)cost->parameters / (double)whole.parameters);
    return CLI_FINE;
}

static cli_exit print_cost(const problem_entry *entry)
{
    cli_exit code = CLI_FINE;
    printf("%s%s%s\n", entry->name, entry->name[0] ? ": " : "", entry->text);
    printf("  %-10s%-18s %12s %16s %14s %10s  %s\n", "", "output", "parameters", "multiplications",
           "minimum bytes", "intensity", "receptive field");
    for (size_t s = 0; s < entry->count && entry->count > 1 && code == CLI_FINE; s++) {
        char label[32];
        snprintf(label, sizeof label, "stage %zu", s + 1);
        code = print_row(label, &entry->problems[s], 1);
    }
    if (code == CLI_FINE)
        code = print_row("total", entry->problems, entry->count);
    clconv_problem standard;
    if (code == CLI_FINE && standard_of(entry->problems, entry->count, &standard)) {
        code = print_row("standard", &standard, 1);
        if (code == CLI_FINE)
            code = print_ratio(&entry->cost, &standard);
    }
    return code;
}

typedef struct cost_flags {
    char *file;
    char *batches;
} cost_flags;

static cli_exit print_costs(void *data, poptContext options)
{
    const cost_flags *flags = data;
    problem_list list = {0};
    cli_exit code = problem_list_take(&list, options, flags->file, flags->batches);
    if (code == CLI_FINE && list.count == 0)
        code = cli_fail(CLI_USAGE, "no problem given; `clconv cost --help' has an example");
    for (size_t i = 0; i < list.count && code == CLI_FINE; i++)
        code = print_cost(&list.entries[i]);
    problem_list_free(&list);
    return code;
}

cli_exit cli_cost(int argc, const char **argv)
{
    cost_flags flags = {0};
    const struct poptOption table[] = {
        {"file", 0, POPT_ARG_STRING, &flags.file, 0, "read the problems from a file", "FILE"},
        {"batch", 0, POPT_ARG_STRING, &flags.batches, 0, "set the batch size of every problem",
         "N[,N...]"},
        cli_help_option(),
        POPT_TABLEEND,
    };
    return cli_parse_and_run(&help, argc, argv, table, print_costs, &flags);
}
