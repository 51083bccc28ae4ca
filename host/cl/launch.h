/* Enqueuing kernels on a queue that may be in order or not. */
#ifndef CC_LAUNCH_H
#define CC_LAUNCH_H

#include "cl/program.h"

/* A string of commands, each after the one before. Start with cc_chain_begin, pass it to each
 * launch, end with cc_chain_end. On an in-order queue no events are made but the last. */
typedef struct cc_chain {
    cl_command_queue queue;
    int in_order;
    cl_uint wait_count; /* what the next command waits for */
    const cl_event *wait;
    cl_event last; /* of the newest command; NULL when none is kept */
    int keep_last; /* the caller wants an event of the chain's end */
} cc_chain;

clconv_status cc_chain_begin(cc_chain *chain, cl_command_queue queue, cl_uint wait_count,
                             const cl_event *wait, int want_event, clconv_error *error);

/* Hands the event of the chain's last command to the caller (event may be NULL) and ends the
 * chain; to be called on failure too, with event NULL. */
clconv_status cc_chain_end(cc_chain *chain, cl_event *event, clconv_error *error);

/* Where a command that clconv does not enqueue itself (a library call that takes no wait list)
 * joins the chain: before it, makes the queue wait; after it, adopts its event (may be NULL on
 * an in-order queue when no event is wanted). */
clconv_status cc_chain_before_foreign(cc_chain *chain, clconv_error *error);
void cc_chain_after_foreign(cc_chain *chain, cl_event event);
int cc_chain_wants_event(const cc_chain *chain); /* whether the next command must give an event */

typedef struct cc_argument {
    size_t bytes;
    const void *value;
} cc_argument;

#define CC_ARGUMENT(x) ((cc_argument){sizeof(x), &(x)})

/* Sets the arguments and enqueues one NDRange of `dimensions` 1 to 3. Thread-safe. */
clconv_status cc_launch(cc_chain *chain, cc_kernel *kernel, const cc_argument *arguments,
                        size_t argument_count, cl_uint dimensions, const size_t *global,
                        const size_t *local, clconv_error *error);

#endif
