#include "run_flags.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cli_help help = {
    "clconv run",
    "--src X.npy --weights W.npy [--bias B.npy] --dst Y.npy [OPTION...]",
    "All files are .npy: float32, C order. The number of spatial axes follows from the weights,\n"
    "(K, C/G, [[D,] H,] W), or (C, K/G, [[D,] H,] W) with --transposed. The source is\n"
    "(N, C, [[D,] H,] W), or without N, and so is the result. Flags mean what they mean in\n"
    "PyTorch's Conv1d, 2d, 3d and ConvTranspose1d, 2d, 3d; SIZES is one number for all axes or\n"
    "one per axis, as in 2,1.\n"
    "Each further --weights begins a stage that takes the result of the one before; --bias and "
    "the\n"
    "stage flags after it belong to that stage. The result is written whole or not at all.\n",
    "  clconv run --src x.npy --weights w.npy --bias b.npy --padding 1 --activation relu \\\n"
    "      --dst y.npy --check\n"
    "  clconv run --src x.npy --weights dw.npy --groups 3 --padding 1 --activation relu \\\n"
    "      --weights pw.npy --dst y.npy\n",
};

/* Sets a field from the text of a flag. Takes over `text` where it sets a string. Returns NULL or
 * what the flag wants instead. */
typedef const char *flag_setter(void *field, stage_flags *stage, char *text);

static flag_setter set_text, set_axes, set_padding, set_groups, set_transposed, set_padding_mode,
    set_activation;

/* The stage flags; those that set a string keep their text. */
static const struct flag {
    const char *name;
    const char *values; /* NULL: takes none */
    const char *text;
    flag_setter *set;
    size_t field; /* in stage_flags */
} stage_rows[] = {
    /* WEIGHTS_ROW */
    {"weights", "W.npy", "the weights of a stage", set_text, offsetof(stage_flags, weights)},
    {"bias", "B.npy", "its bias, one number per output channel", set_text,
     offsetof(stage_flags, bias)},
    {"stride", "SIZES", "step between outputs (1)", set_axes, offsetof(stage_flags, stride)},
    {"padding", "SIZES|same|valid",
     "padding at both ends (0); `same' keeps the size, an odd surplus at the end; `valid' is 0",
     set_padding, offsetof(stage_flags, padding)},
    {"pad-begin", "SIZES", "padding at the beginning, instead of --padding", set_axes,
     offsetof(stage_flags, padding_begin)},
    {"pad-end", "SIZES", "padding at the end, instead of --padding; negative crops", set_axes,
     offsetof(stage_flags, padding_end)},
    {"dilation", "SIZES", "step between taps (1: dense)", set_axes,
     offsetof(stage_flags, dilation)},
    {"groups", "G", "groups of channels (1)", set_groups, offsetof(stage_flags, groups)},
    {"transposed", NULL, "transposed convolution", set_transposed,
     offsetof(stage_flags, transposed)},
    {"output-padding", "SIZES", "added to a transposed convolution's size (0)", set_axes,
     offsetof(stage_flags, output_padding)},
    {"padding-mode", "MODE",
     "what lies outside the source: zeros (default), reflect, replicate or circular",
     set_padding_mode, offsetof(stage_flags, padding_mode)},
    {"activation", "NAME",
     "applied to each result: none (default), relu, relu6, leaky_relu, leaky_relu:SLOPE, sigmoid, "
     "tanh or silu",
     set_activation, offsetof(stage_flags, activation)},
};

enum { WEIGHTS_ROW, STAGE_ROWS = sizeof stage_rows / sizeof stage_rows[0] };

/* `val`s of the options: stage row i has 1 + i. */
enum { SRC = STAGE_ROWS + 1, DST };

/* Reads a whole decimal number; returns 0 for anything else or what 64 bits do not hold. */
static int read_integer(const char *text, const char **end, int64_t *value)
{
    char *after;
    if (*text != '-' && (*text < '0' || *text > '9'))
        return 0;
    errno = 0;
    const long long number = strtoll(text, &after, 10);
    *end = after;
    *value = number;
    return after != text && errno == 0;
}

static const char *set_text(void *field, stage_flags *stage, char *text)
{
    (void)stage;
    *(char **)field = text;
    return NULL;
}

static const char *set_axes(void *field, stage_flags *stage, char *text)
{
    axis_values *const axes = field;
    (void)stage;
    axes->count = 0;
    for (const char *at = text;; at++) {
        if (axes->count == CLCONV_AXES || !read_integer(at, &at, &axes->value[axes->count]))
            return "up to three numbers as in 2 or 2,1";
        axes->count++;
        if (*at == '\0')
            return NULL;
        if (*at != ',')
            return "up to three numbers as in 2 or 2,1";
    }
}

static const char *set_padding(void *field, stage_flags *stage, char *text)
{
    static char zero[] = "0";
    if (strcmp(text, "same") == 0) {
        stage->padding_same = 1;
        return NULL;
    }
    return set_axes(field, stage, strcmp(text, "valid") == 0 ? zero : text)
               ? "`same', `valid' or up to three numbers as in 1 or 1,2"
               : NULL;
}

static const char *set_groups(void *field, stage_flags *stage, char *text)
{
    const char *end;
    (void)stage;
    if (!read_integer(text, &end, field) || *end != '\0' || *(const int64_t *)field < 1)
        return "a number from 1";
    return NULL;
}

static const char *set_transposed(void *field, stage_flags *stage, char *text)
{
    (void)stage;
    (void)text;
    *(int *)field = 1;
    return NULL;
}

static const char *set_padding_mode(void *field, stage_flags *stage, char *text)
{
    static const char *const names[] = {
        [CLCONV_ZEROS] = "zeros",
        [CLCONV_REFLECT] = "reflect",
        [CLCONV_REPLICATE] = "replicate",
        [CLCONV_CIRCULAR] = "circular",
    };
    (void)stage;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *(clconv_padding_mode *)field = (clconv_padding_mode)i;
            return NULL;
        }
    }
    return "zeros, reflect, replicate or circular";
}

static const char *set_activation(void *field, stage_flags *stage, char *text)
{
    static const char *const names[] = {
        [CLCONV_NONE] = "none",       [CLCONV_RELU] = "relu",
        [CLCONV_RELU6] = "relu6",     [CLCONV_LEAKY_RELU] = "leaky_relu",
        [CLCONV_SIGMOID] = "sigmoid", [CLCONV_TANH] = "tanh",
        [CLCONV_SILU] = "silu",
    };
    static const char expected[] = "none, relu, relu6, leaky_relu[:SLOPE], sigmoid, tanh or silu";
    static const char slope_prefix[] = "leaky_relu:";
    if (strncmp(text, slope_prefix, sizeof slope_prefix - 1) == 0) {
        char *end;
        const char *const number = text + sizeof slope_prefix - 1;
        *(clconv_activation *)field = CLCONV_LEAKY_RELU;
        stage->slope = strtof(number, &end);
        return end == number || *end != '\0' ? expected : NULL;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *(clconv_activation *)field = (clconv_activation)i;
            stage->slope = i == CLCONV_LEAKY_RELU ? 0.01F : 0.0F;
            return NULL;
        }
    }
    return expected;
}

/* Applies one stage flag; takes over `text`. A --weights after the first begins a stage. */
static cli_exit take_stage_flag(run_flags *flags, int row_index, char *text)
{
    const struct flag *const row = &stage_rows[row_index];
    cli_exit code = CLI_FINE;
    if (row_index == WEIGHTS_ROW && flags->count == CLCONV_MAX_STAGES) {
        free(text);
        return cli_fail(CLI_USAGE, "--weights: more than %d stages", CLCONV_MAX_STAGES);
    }
    if (row_index == WEIGHTS_ROW)
        flags->count++;

    const size_t index = flags->count > 0 ? flags->count - 1 : 0;
    stage_flags *const stage = &flags->stages[index];
    const unsigned bit = 1u << row_index;
    const char *expected = NULL;
    if (stage->given & bit) {
        code = cli_fail(CLI_USAGE, "--%s is given twice for stage %zu", row->name, index + 1);
    } else {
        expected = row->set((char *)stage + row->field, stage, text);
        if (expected)
            code = cli_fail(CLI_USAGE, "--%s takes %s, not '%s'", row->name, expected, text);
    }
    if ((stage->given & bit) || row->set != set_text)
        free(text);
    stage->given |= bit;
    return code;
}

/* A path that is given once for the whole command; takes over `text`. */
static cli_exit take_path(char **path, const char *name, char *text)
{
    if (*path) {
        free(text);
        return cli_fail(CLI_USAGE, "--%s is given twice", name);
    }
    *path = text;
    return CLI_FINE;
}

static cli_exit take_option(run_flags *flags, int value, char *text)
{
    switch (value) {
    case SRC: return take_path(&flags->src, "src", text);
    case DST: return take_path(&flags->dst, "dst", text);
    default: return take_stage_flag(flags, value - 1, text);
    }
}

static cli_exit check_complete(const run_flags *flags, poptContext context)
{
    const char *const extra = poptGetArg(context);
    if (extra)
        return cli_fail(CLI_USAGE, "run: unexpected argument '%s'", extra);
    if (!flags->src)
        return cli_fail(CLI_USAGE, "run: --src is missing");
    if (flags->count == 0)
        return cli_fail(CLI_USAGE, "run: --weights is missing");
    if (!flags->dst)
        return cli_fail(CLI_USAGE, "run: --dst is missing");
    return CLI_FINE;
}

int run_flags_parse(int argc, const char **argv, run_flags *flags, cli_exit *code)
{
    struct poptOption table[STAGE_ROWS + 6] = {
        {"src", 0, POPT_ARG_STRING, NULL, SRC, "the source", "X.npy"},
        {"dst", 0, POPT_ARG_STRING, NULL, DST, "the result, replaced when it exists", "Y.npy"},
    };
    *flags = (run_flags){0};
    size_t rows = 2;
    for (int i = 0; i < STAGE_ROWS; i++) {
        table[rows++] = (struct poptOption){stage_rows[i].name,
                                            0,
                                            stage_rows[i].values ? POPT_ARG_STRING : POPT_ARG_NONE,
                                            NULL,
                                            1 + i,
                                            stage_rows[i].text,
                                            stage_rows[i].values};
    }
    table[rows++] = (struct poptOption){
        "check",
        0,
        POPT_ARG_NONE,
        &flags->check,
        0,
        "compare with the CPU reference; a wrong result is not written, and the exit status is 1",
        NULL};
    table[rows++] = cli_common_options(&flags->common);
    table[rows++] = cli_help_option();
    table[rows] = (struct poptOption)POPT_TABLEEND;

    *code = CLI_DEVICE;
    poptContext context = cli_parse(&help, argc, argv, table);
    if (!context)
        return 1;
    int value;
    *code = CLI_FINE;
    while (*code == CLI_FINE && (value = cli_next(context, &help)) > 0)
        *code = take_option(flags, value, poptGetOptArg(context));
    int end = 1;
    if (*code == CLI_FINE && value == CLI_BAD) {
        *code = CLI_USAGE;
    } else if (*code == CLI_FINE && value == CLI_END) {
        *code = check_complete(flags, context);
        end = *code != CLI_FINE;
    }
    poptFreeContext(context);
    return end;
}

void run_flags_free(run_flags *flags)
{
    for (size_t i = 0; i < CLCONV_MAX_STAGES; i++) {
        free(flags->stages[i].weights);
        free(flags->stages[i].bias);
    }
    free(flags->src);
    free(flags->dst);
    cli_common_free(&flags->common);
}
