/* What bench prints. */
#ifndef CLI_BENCH_TABLE_H
#define CLI_BENCH_TABLE_H

#include "bench_row.h"
#include "progress.h"

void bench_print_header(void);
void bench_print_row(progress_line *progress, const bench_row *row, const roofline *roof);

/* What is said at the end of a report: means, sweeps, missing peers. */
void bench_print_means(const json_t *report);
void bench_print_passes(const json_t *report);
void bench_print_sweeps(const json_t *report);
void bench_print_missing(const json_t *report);

#endif
