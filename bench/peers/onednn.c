/* oneDNN on all processors, as a peer of the benchmark. */
#define _GNU_SOURCE /* sched_getaffinity */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "onednn_stage.h"

static const char native_text[] =
    "oneDNN, layouts of its own choice for source and result, converted outside the timing, "
    "weights packed; the fastest of direct, Winograd and auto; OpenMP threads spin within a sample "
    "as they do by default, and sleep before another participant's sample begins";
static const char plain_text[] =
    "oneDNN, source and result NCHW as the caller has them, conversions to and from its own "
    "layouts timed where it wants them, weights packed; the fastest of direct, Winograd and auto; "
    "threads as for native";

/* One setting. */
typedef struct engine_state {
    const onednn *onednn;
    int plain;
    dnnl_memory_t src;
    dnnl_memory_desc_t dst_layout; /* of the plain result */
    size_t count;
    onednn_stage stages[CLCONV_MAX_STAGES];
} engine_state;

/* ---- Choosing ------------------------------------------------------------------------------ */

static const onednn_form forms[] = {
    {"direct", dnnl_convolution_direct, dnnl_deconvolution_direct, 0},
    {"winograd", dnnl_convolution_winograd, dnnl_deconvolution_winograd, 0},
    {"auto", dnnl_convolution_auto, dnnl_alg_kind_undef, 0},
    {"direct", dnnl_convolution_direct, dnnl_deconvolution_direct, 1},
    {"winograd", dnnl_convolution_winograd, dnnl_deconvolution_winograd, 1},
    {"auto", dnnl_convolution_auto, dnnl_alg_kind_undef, 1},
};

static clconv_status time_once(const onednn *o, const onednn_stage *stage, double *ns,
                               clconv_error *error)
{
    const uint64_t start = peer_clock_ns();
    const clconv_status status = onednn_stage_run(o, stage, error);
    *ns = (double)(peer_clock_ns() - start);
    return status;
}

/* The shortest of five runs, or of those that fit into 50 ms; one run tells what is far behind
 * `best_ns`. */
static clconv_status time_stage(const onednn *o, const onednn_stage *stage, double best_ns,
                                double *ns, clconv_error *error)
{
    enum { RUNS = 5 };
    const double budget_ns = 5e7;
    double run_ns = 0, used_ns = 0;

    clconv_status status = time_once(o, stage, ns, error); /* warms up */
    if (*ns > 3 * best_ns)
        return status;
    for (int i = 0; i < RUNS && used_ns < budget_ns && status == CLCONV_OK; i++) {
        status = time_once(o, stage, &run_ns, error);
        used_ns += run_ns;
        *ns = fmin(*ns, run_ns);
    }
    return status;
}

static int is_reference_code(const onednn_stage *stage)
{
    return strncmp(stage->implementation, "ref", 3) == 0;
}

/* Tries one form, and keeps it in *best if it is the fastest so far. */
static clconv_status try_form(const onednn *o, const onednn_request *request,
                              const onednn_form *form, onednn_stage *best, double *best_ns,
                              clconv_error *error)
{
    onednn_stage stage = {0};
    double ns = 0;
    clconv_status status = onednn_stage_build(o, request, form, &stage, error);
    if (status == CLCONV_OK && best->steps_count && is_reference_code(&stage)) {
        onednn_stage_free(&stage);
        return CLCONV_OK;
    }
    if (status == CLCONV_OK)
        status = time_stage(o, &stage, *best_ns, &ns, error);
    if (status == CLCONV_OK && ns < *best_ns) {
        onednn_stage_free(best);
        *best = stage;
        *best_ns = ns;
    } else {
        onednn_stage_free(&stage);
    }
    return status;
}

static clconv_status choose_form(const onednn *o, const onednn_request *request, onednn_stage *best,
                                 clconv_error *error)
{
    double best_ns = INFINITY;
    clconv_error refusal;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const onednn_form *const form = &forms[i];
        if (request->problem->transposed && form->deconvolution == dnnl_alg_kind_undef)
            continue;
        if (form->as_given && request->src_is_free)
            continue; /* native: the layouts are oneDNN's to choose */
        const clconv_status status = try_form(o, request, form, best, &best_ns, &refusal);
        if (status != CLCONV_OK && i == 0)
            *error = refusal; /* direct is the form that says most about why */
        if (status != CLCONV_OK && status != CLCONV_UNSUPPORTED) {
            *error = refusal;
            return status;
        }
    }
    return best->steps_count ? CLCONV_OK : error->status;
}

/* ---- The settings -------------------------------------------------------------------------- */

static clconv_status load_src(engine_state *e, const peer_case *c, clconv_error *error)
{
    dnnl_memory_desc_t layout;
    clconv_status status = onednn_plain(&c->src, &layout, error);
    if (status == CLCONV_OK)
        status = onednn_check(
            dnnl_memory_create(&e->src, &layout, e->onednn->engine, DNNL_MEMORY_ALLOCATE),
            "allocating the source", error);
    return status == CLCONV_OK ? onednn_load(e->onednn, &layout, c->src.data, e->src, error)
                               : status;
}

static clconv_status layout_of_result(engine_state *e, const peer_case *c, clconv_error *error)
{
    const clconv_problem *const p = &c->problems[c->count - 1];
    npy_array dst = {.dims = 2 + p->rank, .shape = {p->batch, p->out_channels}};
    for (int i = 0; i < p->rank; i++)
        dst.shape[2 + i] = c->sizes[c->count - 1].output_size[CLCONV_AXES - p->rank + i];
    return onednn_plain(&dst, &e->dst_layout, error);
}

static void name_algorithms(const engine_state *e, char algorithm[PEER_ALGORITHM_TEXT])
{
    size_t used = 0;
    for (size_t s = 0; s < e->count && used < PEER_ALGORITHM_TEXT; s++)
        used +=
            (size_t)snprintf(algorithm + used, PEER_ALGORITHM_TEXT - used, "%s%s (%s)",
                             s ? ", " : "", e->stages[s].algorithm, e->stages[s].implementation);
}

static clconv_status prepare(void *state, const peer_case *c, char algorithm[PEER_ALGORITHM_TEXT],
                             clconv_error *error)
{
    engine_state *const e = state;
    clconv_status status = load_src(e, c, error);
    if (status == CLCONV_OK)
        status = layout_of_result(e, c, error);
    for (size_t s = 0; s < c->count && status == CLCONV_OK; s++) {
        if (c->problems[s].padding_mode != CLCONV_ZEROS)
            return cli_error(error, CLCONV_UNSUPPORTED, "oneDNN pads with zeros only");
        const onednn_request request = {
            .problem = &c->problems[s],
            .sizes = &c->sizes[s],
            .weights = &c->weights[s],
            .bias = &c->bias[s],
            .src = s ? e->stages[s - 1].dst : e->src,
            .src_is_free = s == 0 && !e->plain,
            .dst_is_plain = s + 1 == c->count && e->plain,
        };
        e->count = s + 1;
        status = choose_form(e->onednn, &request, &e->stages[s], error);
    }
    if (status == CLCONV_OK)
        name_algorithms(e, algorithm);
    return status;
}

static clconv_status run(void *state, size_t repeats, clconv_error *error)
{
    const engine_state *const e = state;
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < repeats; i++) {
        for (size_t s = 0; s < e->count && status == CLCONV_OK; s++)
            status = onednn_stage_run(e->onednn, &e->stages[s], error);
    }
    return status;
}

static clconv_status result(void *state, float *dst, clconv_error *error)
{
    const engine_state *const e = state;
    return onednn_store(e->onednn, e->stages[e->count - 1].dst, &e->dst_layout, dst, error);
}

static void release(void *state)
{
    engine_state *const e = state;
    for (size_t s = 0; s < e->count; s++)
        onednn_stage_free(&e->stages[s]);
    dnnl_memory_destroy(e->src);
    *e = (engine_state){.onednn = e->onednn, .plain = e->plain};
}

/* ---- The process --------------------------------------------------------------------------- */

/* The environment must not handicap oneDNN, nor have its threads spin for ever. OpenMP's runtime
 * reads it before main() begins, so the process starts again without what it may have set; if it
 * has bound the process to one processor, those of the process that started this one are taken
 * back. */
static void restart_with_defaults(char **argv)
{
    static const char *const names[] = {
        "OMP_NUM_THREADS",  "OMP_THREAD_LIMIT",   "OMP_DYNAMIC",    "OMP_WAIT_POLICY",
        "OMP_PROC_BIND",    "OMP_PLACES",         "GOMP_SPINCOUNT", "GOMP_CPU_AFFINITY",
        "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA",
    };
    int found = 0;
    cpu_set_t processors;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        found |= getenv(names[i]) != NULL;
        unsetenv(names[i]);
    }
    if (!found)
        return;
    if (sched_getaffinity(getppid(), sizeof processors, &processors) == 0)
        sched_setaffinity(0, sizeof processors, &processors);
    execvp(argv[0], argv); /* where that fails, oneDNN runs as it was told to */
}

static clconv_status start(onednn *o, clconv_error *error)
{
    dnnl_status_t code = dnnl_engine_create(&o->engine, dnnl_cpu, 0);
    if (code == dnnl_success)
        code = dnnl_stream_create(&o->stream, o->engine, dnnl_stream_default_flags);
    return onednn_check(code, "starting", error);
}

static int serve(const onednn *o)
{
    char version[64];
    engine_state native = {.onednn = o}, plain = {.onednn = o, .plain = 1};
    const peer_setting settings[] = {
        {"native", native_text, prepare, run, result, release, &native},
        {"plain", plain_text, prepare, run, result, release, &plain},
    };
    const dnnl_version_t *const v = dnnl_version();
    snprintf(version, sizeof version, "%d.%d.%d", v->major, v->minor, v->patch);
    const peer p = {"onednn", version, sizeof settings / sizeof settings[0], settings};
    return peer_serve(&p);
}

int main(int argc, char **argv)
{
    onednn o = {0};
    clconv_error error;
    (void)argc;
    restart_with_defaults(argv);
    if (!peer_open())
        return EXIT_FAILURE;
    const clconv_status status = start(&o, &error);
    const int code = status == CLCONV_OK ? serve(&o) : peer_refuse(&error);
    dnnl_stream_destroy(o.stream);
    dnnl_engine_destroy(o.engine);
    return code;
}
