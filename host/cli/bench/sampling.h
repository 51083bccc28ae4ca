/* Repeated times and what is said of them. Every time is nanoseconds of the monotonic host
 * clock. */
#ifndef CLI_SAMPLING_H
#define CLI_SAMPLING_H

#include <stddef.h>

#include "clconv.h"

enum { SAMPLES_MAX = 512 }; /* of one participant */

/* The shortest sample: long against the milliseconds that a CPU driver's threads need, after a
 * pause, to spread over the processors. */
#define SAMPLE_MIN_NS 20e6

/* A run as long as this warms up within itself: it needs no untimed one before it. */
#define SAMPLE_LONG_NS 1e9

/* The median of repeated times and the quartiles around it. */
typedef struct spread {
    double median_ns;
    double lower_ns;
    double upper_ns;
    size_t samples;
    size_t dropped; /* others, taken while the machine was slow (yardstick.h) */
    int slow;       /* it always was: so were these samples */
} spread;

/* Sorts `times`, of which there is at least one. */
spread spread_of(double *times, size_t count);

/* Does what is timed `repeats` times and returns when all are done. */
typedef clconv_status timed_function(void *data, size_t repeats, clconv_error *error);

/* Takes one sample: a time for one run. */
typedef clconv_status sample_function(void *data, double *run_ns, clconv_error *error);

/* A sample_function over a timed_function: as many runs as fill SAMPLE_MIN_NS. */
typedef struct timed_sample {
    timed_function *run;
    void *data;
    int warm;      /* run once untimed before each sample */
    double run_ns; /* the last time; 0 before the first */
} timed_sample;

clconv_status timed_sample_take(void *timed, double *run_ns, clconv_error *error);

/* One of those that are compared with each other. Set `sample` and `data`. */
typedef struct participant {
    sample_function *sample;
    void *data;
    double times[SAMPLES_MAX];
    size_t count;
    double slow_times[SAMPLES_MAX]; /* taken while the machine was slow */
    size_t slow_count;
    spread result;        /* when status is CLCONV_OK */
    clconv_status status; /* of its samples; it takes part until one fails */
    clconv_error error;
} participant;

/* Lets every participant take one sample in turn, round after round, until `budget_s` is used and
 * each has three samples of a machine that was not slow, or one where that takes four budgets.
 * Waits for a machine that is slow, but no more than ten budgets or 8 s. An interrupt ends it after
 * the round. */
void sample_rounds(participant *participants, size_t count, double budget_s);

/* The samples of one participant alone, after a first run that counts only where it alone takes
 * four budgets. */
clconv_status measure_spread(timed_function *run, void *data, double budget_s, spread *result,
                             clconv_error *error);

#endif
