/* Measuring the problems of bench. */
#ifndef CLI_BENCH_RUN_H
#define CLI_BENCH_RUN_H

#include "bench_csv.h"
#include "bench_json.h"
#include "passes.h"
#include "peers.h"
#include "progress.h"
#include "sweep.h"

typedef struct bench {
    /* What to do */
    cli_common common;
    const char *command;
    char *file;
    char *batches;
    char *peer_names;
    char *peer_folder;
    char *sweep;
    int sweep_points; /* at most */
    double peer_timeout_s;
    long long seed;
    clconv_math math;
    double min_time_s;
    int passes;
    problem_list list;
    clconv_context *context; /* to ask questions; each measurement has a fresh one */

    /* What bench_run works with */
    roofline roof;
    double roof_usual_ns; /* the yardstick's when it was measured */
    peer_set *peers;
    participant *participants; /* ours, then the peers' */
    json_t *report;
    progress_line *progress;
    double done;
    pass_list pass_rows; /* those to be measured again */
    size_t wrong;
    size_t failed;
} bench;

/* Measures and prints all rows. *report is the report, also when something was wrong or an
 * interrupt ended the run; NULL when it could not begin. */
cli_exit bench_run(bench *b, json_t **report);

#endif
