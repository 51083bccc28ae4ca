/* The rows of a report as a table for spreadsheets. */
#ifndef CLI_BENCH_CSV_H
#define CLI_BENCH_CSV_H

#include <jansson.h>

#include "clconv.h"

/* RFC 4180 with a header line; a column of times and one of ratios for every setting of a peer.
 * What a row does not have is empty. */
clconv_status bench_csv_write(const json_t *report, const char *path, clconv_error *error);

#endif
