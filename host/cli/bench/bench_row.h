/* One algorithm on one problem, and what bench was asked to do. */
#ifndef CLI_BENCH_ROW_H
#define CLI_BENCH_ROW_H

#include <jansson.h>

#include "measure.h"
#include "roofline.h"

typedef struct bench_row {
    const problem_entry *entry;
    const char *request; /* the algorithm asked for */
    char algorithm[256]; /* the ones that ran */
    spread reference;    /* clconv_reference without its bound, on all processors */
    measurement times;   /* meaningful only when verified */
    double cold_ns;
    json_t *peers; /* how they did, as in the report; NULL while unverified */
    check_verdict verdict;
    clconv_status status; /* not CLCONV_OK: it could not run, and `error` says why */
    clconv_error error;
} bench_row;

typedef struct bench_settings {
    const char *command;   /* the command line */
    const char *device;    /* as asked for; NULL: auto */
    const char *algorithm; /* " */
    const char *math;      /* " */
    const char *file;      /* NULL for none */
    const char *batches;   /* " */
    const char *peers;     /* " */
    const char *sweep;     /* " */
    uint64_t seed;
    double min_time_s;
    int passes;
} bench_settings;

/* Whether the row has numbers to show. */
int bench_row_verified(const bench_row *row);

/* The floating-point operations of the direct sum. */
double bench_row_flop(const bench_row *row);

#endif
