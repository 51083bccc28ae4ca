/* The flags of `clconv run`: PyTorch's words, collected per stage. */
#ifndef CLI_RUN_FLAGS_H
#define CLI_RUN_FLAGS_H

#include "common.h"

/* The value of a flag such as --stride: one number for all axes or one per axis. */
typedef struct axis_values {
    int count; /* 0: not given */
    int64_t value[CLCONV_AXES];
} axis_values;

/* What is said about one stage. Strings are owned by the run_flags. */
typedef struct stage_flags {
    unsigned given; /* a bit per row of the flag table */
    char *weights;  /* path */
    char *bias;     /* path, or NULL */
    axis_values stride;
    axis_values padding;
    int padding_same; /* --padding same */
    axis_values padding_begin;
    axis_values padding_end;
    axis_values dilation;
    axis_values output_padding;
    int64_t groups; /* 0: not given */
    int transposed;
    clconv_padding_mode padding_mode;
    clconv_activation activation;
    float slope;
} stage_flags;

typedef struct run_flags {
    char *src;
    char *dst;
    int check;
    cli_common common;
    size_t count; /* stages: one per --weights */
    stage_flags stages[CLCONV_MAX_STAGES];
} run_flags;

/* Parses the arguments of `clconv run`. Returns nonzero when the command is to end with *code,
 * after --help or a reported mistake. Free with run_flags_free in any case. */
int run_flags_parse(int argc, const char **argv, run_flags *flags, cli_exit *code);
void run_flags_free(run_flags *flags);

#endif
