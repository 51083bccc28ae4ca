/* The side of the benchmark's protocol that every peer written in C shares: requests, data, timing
 * and results. docs/BENCHMARKING.md, "Peers", defines it. */
#ifndef PEER_H
#define PEER_H

#include "file.h" /* cli_error */
#include "npy.h"

enum {
    PEER_MAX_SETTINGS = 4,
    PEER_ALGORITHM_TEXT = 256,
};

/* What `prepare` hands over, checked: the arrays have the shapes that the problems want. */
typedef struct peer_case {
    size_t count; /* of problems */
    clconv_problem problems[CLCONV_MAX_STAGES];
    clconv_sizes sizes[CLCONV_MAX_STAGES];
    npy_array src;
    npy_array weights[CLCONV_MAX_STAGES];
    npy_array bias[CLCONV_MAX_STAGES]; /* data NULL without one */
} peer_case;

/* Algorithms and names are those of the participant itself. `state` is its own. */
typedef struct peer_setting {
    const char *name;
    const char *text; /* one line: what is timed */

    /* Makes the setting ready to run `c`, which outlives it, and says how it will be computed.
     * CLCONV_UNSUPPORTED when it cannot do this problem. Called at most once before release. */
    clconv_status (*prepare)(void *state, const peer_case *c, char algorithm[PEER_ALGORITHM_TEXT],
                             clconv_error *error);
    /* Runs `repeats` times and returns when all are done. */
    clconv_status (*run)(void *state, size_t repeats, clconv_error *error);
    /* Writes the result of the last run, in clconv's layout. */
    clconv_status (*result)(void *state, float *dst, clconv_error *error);
    /* Frees what prepare made, also after it failed. */
    void (*release)(void *state);
    void *state;
} peer_setting;

typedef struct peer {
    const char *name;
    const char *version;
    size_t count; /* of settings */
    const peer_setting *settings;
} peer;

/* Monotonic time. */
uint64_t peer_clock_ns(void);

/* Takes standard output for answers alone; whatever else is printed goes to standard error. Call
 * it first in main, before any other code can print. Returns 0 when it failed. */
int peer_open(void);

/* Answers the peer's start with why it cannot take part; returns the exit code. */
int peer_refuse(const clconv_error *error);

/* Answers requests until standard input ends; returns the exit code. */
int peer_serve(const peer *p);

#endif
