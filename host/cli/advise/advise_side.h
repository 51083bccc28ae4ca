/* One device in a comparison: what it takes for a problem at several batches. */
#ifndef CLI_ADVISE_SIDE_H
#define CLI_ADVISE_SIDE_H

#include "break_even.h"
#include "measure.h"

enum { MAX_BATCHES = 16 };

/* Zero-initialise all but the first two. */
typedef struct advise_side {
    char request[24]; /* for clconv_context_create */
    clconv_device device;

    int measured;
    clconv_status status; /* not CLCONV_OK: it could not run, and `error` says why */
    clconv_error error;
    check_verdict verdict;
    char algorithm[256]; /* at the first batch */
    double first_ns;     /* plan, packing and first execution, at the first batch */
    double later_ns;     /* each later execution there, host memory to host memory */

    size_t count; /* of the batches below */
    int64_t batches[MAX_BATCHES];
    double total_ns[MAX_BATCHES];    /* host memory to host memory */
    double resident_ns[MAX_BATCHES]; /* everything stays on the device */
    time_line total;                 /* fits, when there are two batches or more */
    time_line resident;
} advise_side;

/* Forgets what was measured. */
void advise_side_reset(advise_side *side);

/* Measures one more batch, unless an earlier one failed. */
void advise_side_measure(advise_side *side, check_case *c, const cli_common *common,
                         double budget_s);

/* Whether it has numbers: everything ran and every result was right. */
int advise_side_usable(const advise_side *side);

/* Sorts the batches and fits the lines, of a usable side with two batches or more. */
void advise_side_finish(advise_side *side);

#endif
