/* What bench prints and writes. */
#ifndef CLI_BENCH_REPORT_H
#define CLI_BENCH_REPORT_H

#include <jansson.h>

#include "measure.h"
#include "progress.h"

/* One algorithm on one problem. */
typedef struct bench_row {
    const problem_entry *entry;
    const char *request; /* the algorithm asked for */
    char algorithm[256]; /* the ones that ran */
    spread reference;    /* clconv_reference without its bound, on all processors */
    measurement times;   /* meaningful only when verified */
    check_verdict verdict;
    clconv_status status; /* not CLCONV_OK: it could not run, and `error` says why */
    clconv_error error;
} bench_row;

typedef struct bench_settings {
    const char *device;    /* as asked for; NULL: auto */
    const char *algorithm; /* " */
    const char *file;      /* NULL for none */
    const char *batches;   /* " */
    uint64_t seed;
    double min_time_s;
} bench_settings;

/* Whether the row has numbers to show. */
int bench_row_verified(const bench_row *row);

void bench_print_header(void);
void bench_print_row(progress_line *progress, const bench_row *row);

/* The report: add each row, then write it. NULL when out of memory. json_decref frees it. */
json_t *bench_json_start(const bench_settings *settings, const clconv_device *device);
clconv_status bench_json_add(json_t *report, const bench_row *row, clconv_error *error);
clconv_status bench_json_write(const json_t *report, const char *path, clconv_error *error);

#endif
