/* A benchmark's report as one page that needs no other file and no network. */
#ifndef CLI_HTML_REPORT_H
#define CLI_HTML_REPORT_H

#include <jansson.h>

#include "clconv.h"

/* Whether html_report_write could write `path`: asked before a long benchmark. CLCONV_UNSUPPORTED
 * in a build without the page. */
clconv_status html_report_check(const char *path, clconv_error *error);

/* Writes the page around `report`, whose form docs/BENCHMARKING.md defines. */
clconv_status html_report_write(const json_t *report, const char *path, clconv_error *error);

#endif
