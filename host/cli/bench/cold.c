#include "cold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "data.h"
#include "file.h"
#include "host_info.h"
#include "measure.h"
#include "process.h"
#include "progress.h"
#include "temporary.h"

static const double timeout_s = 600;

const char *cold_caches(void)
{
    return "CLCONV_CACHE_DIR= POCL_CACHE_DIR=(an empty folder) CUDA_CACHE_DISABLE=1 "
           "MESA_SHADER_CACHE_DISABLE=true "
           "NEO_CACHE_PERSISTENT=0; files stay in the system's memory";
}

/* ---- The new process ------------------------------------------------------------------------ */

/* Everything of one first result. Zero-initialise. */
typedef struct first_result {
    clconv_problem problems[CLCONV_MAX_STAGES];
    size_t count;
    data_set data;
    float *dst;
    size_t dst_count;
    clconv_context *context;
    clconv_plan *plan;
    clconv_weights *weights;
    uint64_t made_ns[4]; /* when there was a context, a plan, packed weights and the result */
} first_result;

static clconv_status make_data(first_result *f, uint64_t seed, clconv_error *error)
{
    clconv_sizes sizes;
    clconv_status status = clconv_problem_sizes(&f->problems[f->count - 1], &sizes, error);
    if (status != CLCONV_OK)
        return status;
    f->dst_count = (size_t)sizes.dst;
    f->dst = calloc(f->dst_count, sizeof *f->dst);
    if (!f->dst || data_create(f->problems, f->count, GATE_REAL, seed, &f->data) != CLI_FINE)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    return CLCONV_OK;
}

static clconv_status compute(first_result *f, const char *device, const clconv_options *options,
                             clconv_error *error)
{
    clconv_status status = clconv_context_create(device, &f->context, error);
    f->made_ns[0] = clock_ns();
    if (status == CLCONV_OK)
        status = clconv_plan_create(f->context, f->problems, f->count, options, &f->plan, error);
    f->made_ns[1] = clock_ns();
    if (status == CLCONV_OK)
        status = clconv_weights_pack(f->plan, f->data.stages, &f->weights, error);
    f->made_ns[2] = clock_ns();
    if (status == CLCONV_OK) {
        const clconv_tensors tensors = {.src = f->data.src, .dst = f->dst, .packed = f->weights};
        status = clconv_execute(f->plan, &tensors, NULL, error);
    }
    f->made_ns[3] = clock_ns();
    return status;
}

static void free_first(first_result *f)
{
    clconv_weights_destroy(f->weights);
    clconv_plan_destroy(f->plan);
    clconv_context_destroy(f->context);
    data_free(&f->data);
    free(f->dst);
}

cli_exit cli_first(int argc, const char **argv)
{
    enum { DEVICE = 1, ALGORITHM, MATH, SEED, PROBLEM, ARGUMENTS };
    first_result f = {0};
    clconv_error error;

    if (argc != ARGUMENTS)
        return cli_fail(CLI_USAGE, "first: DEVICE ALGORITHM MATH SEED PROBLEM; bench runs this");
    const clconv_options options = {
        .algorithm = argv[ALGORITHM],
        .math = strcmp(argv[MATH], "strict") == 0 ? CLCONV_MATH_STRICT : CLCONV_MATH_DEFAULT};
    const uint64_t start = clock_ns();
    clconv_status status =
        clconv_sequence_parse(argv[PROBLEM], f.problems, CLCONV_MAX_STAGES, &f.count, &error);
    if (status == CLCONV_OK)
        status = make_data(&f, strtoull(argv[SEED], NULL, 10), &error);
    const uint64_t data_ns = clock_ns() - start;
    if (status == CLCONV_OK)
        status = compute(&f, argv[DEVICE], &options, &error);
    if (status == CLCONV_OK) /* what follows the hash is for bench/start */
        printf("%" PRIu64 " %" PRIu64 " %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
               "\n",
               f.made_ns[3], data_ns, measure_hash(f.dst, f.dst_count), start, f.made_ns[0],
               f.made_ns[1], f.made_ns[2]);
    free_first(&f);
    return status == CLCONV_OK ? CLI_FINE : cli_fail_library(&error);
}

/* ---- This process --------------------------------------------------------------------------- */

static clconv_status run_child(const cold_request *request, const char *folder, double *cold_ns,
                               uint64_t *hash, clconv_error *error)
{
    char self[HOST_PATH];
    char cache[TEMPORARY_PATH + 32];
    char seed[32];
    char *line;
    process child;
    uint64_t end = 0;
    uint64_t data_ns = 0;

    if (!host_executable(self))
        return cli_error(error, CLCONV_UNSUPPORTED, "this program does not know its own path");
    snprintf(cache, sizeof cache, "POCL_CACHE_DIR=%s", folder);
    snprintf(seed, sizeof seed, "%" PRIu64, request->seed);
    const char *const variables[] = {cache,
                                     "CLCONV_CACHE_DIR=",
                                     "CUDA_CACHE_DISABLE=1",
                                     "MESA_SHADER_CACHE_DISABLE=true",
                                     "NEO_CACHE_PERSISTENT=0",
                                     NULL};
    const char *const arguments[] = {self,
                                     "first",
                                     request->device ? request->device : "auto",
                                     request->algorithm,
                                     request->math == CLCONV_MATH_STRICT ? "strict" : "default",
                                     seed,
                                     request->problem,
                                     NULL};
    const uint64_t start = clock_ns();
    clconv_status status = process_start(&child, arguments, variables, error);
    if (status != CLCONV_OK)
        return status;
    status = process_read_line(&child, timeout_s, &line, error);
    if (status == CLCONV_OK &&
        sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNx64, &end, &data_ns, hash) != 3)
        status = cli_error(error, CLCONV_DEVICE_FAILED, "it answered '%.80s'", line);
    *cold_ns = (double)(end - start - data_ns);
    if (status == CLCONV_OK)
        process_stop(&child);
    else
        process_kill(&child);
    return status;
}

clconv_status cold_measure(const cold_request *request, double *cold_ns, uint64_t *hash,
                           clconv_error *error)
{
    char folder[TEMPORARY_PATH];
    clconv_error found;
    clconv_status status = temporary_create(folder, error);
    if (status != CLCONV_OK)
        return status;
    status = run_child(request, folder, cold_ns, hash, &found);
    temporary_remove(folder);
    if (status != CLCONV_OK)
        cli_error(error, status, "the new process for the cold time: %s", found.message);
    return status;
}
