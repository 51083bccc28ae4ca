/* Timing a plan. Every time is nanoseconds of the monotonic host clock. */
#ifndef CLI_MEASURE_H
#define CLI_MEASURE_H

#include "check.h"
#include "sampling.h"

typedef struct measurement {
    /* From nothing, in a fresh context: what the first result costs. */
    double plan_ns;    /* choosing algorithms and building kernels; */
    double compile_ns; /* of which building clconv's own programs */
    size_t programs;   /* number of them */
    double pack_ns;    /* packing the weights */
    double first_ns;   /* first execution on host memory */
    uint64_t hash;     /* measure_hash of its result */
    size_t workspace_bytes;

    spread device;   /* enqueue to finish, tensors and packed weights resident */
    spread total;    /* clconv_execute on host memory with packed weights */
    spread upload;   /* the parts of clconv_execute */
    spread compute;  /* " */
    spread download; /* " */
} measurement;

/* Makes a plan in `context`, which must be fresh for an honest first result, and takes all times.
 * participants[0] is filled here with the plan, its tensors resident on the device; it and the
 * others after it are sampled in rounds, for half of `budget_s` each. Judges the first result, and
 * the one left on the device by the timed runs, on GATE_REAL; where it is wrong nothing is timed.
 * `algorithm` receives the plan's algorithms. */
clconv_status measure_plan(clconv_context *context, check_case *c, const char *request,
                           double budget_s, participant *participants, size_t count,
                           measurement *result, check_verdict *verdict, char *algorithm,
                           size_t algorithm_size, clconv_error *error);

/* measure_plan without others. */
clconv_status measure_alone(clconv_context *context, check_case *c, const char *request,
                            double budget_s, measurement *result, check_verdict *verdict,
                            char *algorithm, size_t algorithm_size, clconv_error *error);

/* Takes the hash and the times of the device and of clconv_execute once more, and judges nothing.
 */
clconv_status measure_again(clconv_context *context, check_case *c, const char *algorithm,
                            double budget_s, measurement *result, clconv_error *error);

/* FNV-1a, 64 bits, of an array's bytes. */
uint64_t measure_hash(const float *data, size_t count);

#endif
