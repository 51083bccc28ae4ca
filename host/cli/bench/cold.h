/* What the very first result costs: measured in a new process, from its start, with the caches of
 * compiled kernels empty. */
#ifndef CLI_COLD_H
#define CLI_COLD_H

#include <stdint.h>

#include "common.h"

/* One first result. */
typedef struct cold_request {
    const char *device;    /* for clconv_context_create; NULL: auto */
    const char *algorithm; /* for clconv_options */
    clconv_math math;
    const char *problem; /* the string of the problem or sequence */
    uint64_t seed;       /* of the data */
} cold_request;

/* Runs this program once more to compute `request`. *cold_ns: from starting the process until its
 * result was there, without what making the input took. *hash: measure_hash of that result. */
clconv_status cold_measure(const cold_request *request, double *cold_ns, uint64_t *hash,
                           clconv_error *error);

/* How the caches are emptied, for people. */
const char *cold_caches(void);

#endif
