/* Timing a plan. Every time is nanoseconds of the monotonic host clock. */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include "check.h"

/* Repeated times of one thing: the median and the quartiles around it. */
typedef struct spread {
    double median_ns;
    double lower_ns;
    double upper_ns;
    size_t samples;
} spread;

typedef struct measurement {
    /* From nothing, in a fresh context: what the first result costs. */
    double plan_ns;    /* choosing algorithms and building kernels; */
    double compile_ns; /* of which building clconv's own programs */
    size_t programs;   /* number of them */
    double pack_ns;    /* packing the weights */
    double first_ns;   /* first execution on host memory */

    spread device;   /* enqueue to finish, tensors and packed weights resident */
    spread total;    /* clconv_execute on host memory with packed weights */
    spread upload;   /* the parts of clconv_execute */
    spread compute;  /* " */
    spread download; /* " */
} measurement;

/* One run of what is timed: does it `repeats` times and returns when all are done. */
typedef clconv_status timed_function(void *data, size_t repeats, clconv_error *error);

/* Times `run`: once to warm up, then samples of enough repeats to be long against the clock, until
 * `budget_s` is used up; at least three samples, or one where one alone passes the budget. */
clconv_status measure_spread(timed_function *run, void *data, double budget_s, spread *result,
                             clconv_error *error);

/* Makes a plan in `context`, which must be fresh for an honest first result, and takes all times,
 * giving each spread its share of `budget_s`. Judges the first result, and the one left on the
 * device by the timed runs, on GATE_REAL. `algorithm` receives the plan's algorithms. */
clconv_status measure_plan(clconv_context *context, const check_case *c, const char *request,
                           double budget_s, measurement *result, check_verdict *verdict,
                           char *algorithm, size_t algorithm_size, clconv_error *error);

#endif
