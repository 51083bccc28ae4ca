/* The report of bench as JSON, which docs/BENCHMARKING.md defines. */
#ifndef CLI_BENCH_JSON_H
#define CLI_BENCH_JSON_H

#include "bench_row.h"

/* A report without rows. NULL when out of memory. json_decref frees it. */
json_t *bench_json_start(const bench_settings *settings, const clconv_device *device);

clconv_status bench_json_add(json_t *report, const bench_row *row, clconv_error *error);

/* The row that was added last. */
json_t *bench_json_last(const json_t *report);

/* Whether a row was verified. */
int bench_json_has_numbers(const json_t *row);

/* Sets the device's roofline and the share of it that each row reaches. */
void bench_json_set_roofline(json_t *report, const roofline *roof);

/* Adds what a later pass took. */
void bench_json_add_pass(json_t *row, const measurement *times);

/* Takes a row's numbers back, and says why. */
void bench_json_withdraw(json_t *row, const char *verdict, const char *reason);

clconv_status bench_json_write(const json_t *report, const char *path, clconv_error *error);

json_t *spread_json(const spread *s);

/* What the yardstick read so far; null without one. */
json_t *yardstick_json(void);

#endif
