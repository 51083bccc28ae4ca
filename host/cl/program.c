#include "cl/program.h"

#include "cl/program_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_LINES = 10 }; /* of a build log, in an error message */

/* -w: PoCL prints how many warnings there were; scripts/check-kernels shows them. */
#define COMMON "-cl-std=CL1.2 -w "

typedef struct entry {
    struct entry *next;
    const cc_source *source;
    char *options;
    cl_program program;
    int store; /* keep it on disk when the context ends */
} entry;

struct cc_programs {
    cl_context cl;
    cl_device_id device;
    cc_program_cache *cache; /* NULL: none */
    cc_mutex *lock;          /* guards what follows */
    entry *first;
    clconv_statistics statistics;
    void (*on_destroy)(void); /* NULL: nothing to call */
};

/* COMMON and the options in one string; NULL when out of memory. */
static char *whole_options(const char *options)
{
    const size_t bytes = sizeof(COMMON) + strlen(options);
    char *whole = malloc(bytes);
    if (whole != NULL)
        snprintf(whole, bytes, "%s%s", COMMON, options);
    return whole;
}

clconv_status cc_programs_create(cl_context cl, cl_device_id device, cc_programs **programs,
                                 clconv_error *error)
{
    *programs = NULL;
    cc_programs *p = calloc(1, sizeof(*p));
    cc_mutex *lock = cc_mutex_create();
    if (p == NULL || lock == NULL) {
        free(p);
        cc_mutex_destroy(lock);
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a cache of programs");
    }
    *p = (cc_programs){
        .cl = cl, .device = device, .cache = cc_program_cache_create(cl, device), .lock = lock};
    *programs = p;
    return CLCONV_OK;
}

static void entry_free(entry *e)
{
    if (e == NULL)
        return;
    if (e->program != NULL)
        clReleaseProgram(e->program);
    free(e->options);
    free(e);
}

static void save(const cc_programs *programs, const entry *e)
{
    char *whole = whole_options(e->options);
    if (whole != NULL)
        cc_program_cache_save(programs->cache, e->source, whole, e->program);
    free(whole);
}

void cc_programs_destroy(cc_programs *programs)
{
    if (programs == NULL)
        return;
    for (entry *e = programs->first, *next; e != NULL; e = next) {
        next = e->next;
        if (e->store)
            save(programs, e);
        entry_free(e);
    }
    if (programs->on_destroy != NULL)
        programs->on_destroy();
    cc_program_cache_destroy(programs->cache);
    cc_mutex_destroy(programs->lock);
    free(programs);
}

void cc_programs_on_destroy(cc_programs *programs, void (*function)(void))
{
    cc_mutex_lock(programs->lock);
    programs->on_destroy = function;
    cc_mutex_unlock(programs->lock);
}

void cc_programs_statistics(const cc_programs *programs, clconv_statistics *statistics)
{
    cc_mutex_lock(programs->lock);
    *statistics = programs->statistics;
    cc_mutex_unlock(programs->lock);
}

void cc_programs_visit(const cc_programs *programs,
                       void (*visit)(const char *file, const char *options, void *data), void *data)
{
    cc_mutex_lock(programs->lock);
    for (const entry *e = programs->first; e != NULL; e = e->next)
        visit(e->source->name, e->options, data);
    cc_mutex_unlock(programs->lock);
}

/* ---- Building ---- */

/* Ends the text after its first `lines` lines. */
static void keep_lines(char *text, int lines)
{
    for (; *text != '\0'; ++text)
        if (*text == '\n' && --lines == 0) {
            *text = '\0';
            return;
        }
}

/* The build log's first lines; NULL when there is none. The caller's to free. */
static char *build_log(cl_program program, cl_device_id device)
{
    size_t bytes = 0;
    if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes) !=
            CL_SUCCESS ||
        bytes < 2)
        return NULL;
    char *log = calloc(bytes + 1, 1);
    if (log == NULL)
        return NULL;
    if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, bytes, log, NULL) !=
            CL_SUCCESS ||
        log[0] == '\0') {
        free(log);
        return NULL;
    }
    keep_lines(log, LOG_LINES);
    return log;
}

static clconv_status build_failure(clconv_error *error, cl_int code, cl_program program,
                                   cl_device_id id, const char *name, const char *options)
{
    clconv_device device;
    char *log = build_log(program, id);
    if (cc_device_describe(id, &device, NULL) != CLCONV_OK)
        snprintf(device.name, sizeof(device.name), "an unknown device");
    clconv_error reason;
    const clconv_status status = cc_cl_fail(&reason, code, "clBuildProgram");
    (void)cc_fail(error, status, "kernels/%s.cl does not compile on %s with \"%s\": %s%s%s", name,
                  device.name, options, reason.message, log != NULL ? "\n" : "",
                  log != NULL ? log : "");
    free(log);
    return status;
}

clconv_status cc_program_build(cl_context cl, cl_device_id device, const cc_source *source,
                               const char *options, cl_program *program, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_int code = CL_SUCCESS;
    cl_program built = NULL;
    const char *text = source->text;

    *program = NULL;
    char *whole = whole_options(options);
    if (whole == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory to build a kernel");
        goto cleanup;
    }
    built = clCreateProgramWithSource(cl, 1, &text, NULL, &code);
    if (built == NULL) {
        status = cc_cl_fail(error, code, "clCreateProgramWithSource");
        goto cleanup;
    }
    code = clBuildProgram(built, 1, &device, whole, NULL, NULL);
    if (code != CL_SUCCESS) {
        status = build_failure(error, code, built, device, source->name, whole);
        goto cleanup;
    }
    *program = built;
    built = NULL;

cleanup:
    if (built != NULL)
        clReleaseProgram(built);
    free(whole);
    return status;
}

/* ---- Programs that are there ---- */

static const cc_source *find_source(const char *name)
{
    for (const cc_source *s = cc_sources; s->name != NULL; ++s)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static entry *find_entry(const cc_programs *programs, const cc_source *source, const char *options)
{
    for (entry *e = programs->first; e != NULL; e = e->next)
        if (e->source == source && strcmp(e->options, options) == 0)
            return e;
    return NULL;
}

/* Takes a program from disk if it is there. */
static void load(const cc_programs *programs, entry *e)
{
    char *whole = programs->cache != NULL ? whole_options(e->options) : NULL;
    if (whole != NULL)
        e->program = cc_program_cache_load(programs->cache, e->source, whole, &e->store);
    if (e->program != NULL)
        e->store = 0;
    free(whole);
}

static clconv_status add_entry(cc_programs *programs, const cc_source *source, const char *options,
                               entry **added, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    entry *e = calloc(1, sizeof(*e));
    char *copy = malloc(strlen(options) + 1);
    if (e == NULL || copy == NULL) {
        free(copy);
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a program");
        goto cleanup;
    }
    strcpy(copy, options);
    e->source = source;
    e->options = copy;

    const uint64_t start_ns = cc_clock_ns();
    load(programs, e);
    if (e->program != NULL)
        programs->statistics.loaded += 1;
    else
        TRY(cc_program_build(programs->cl, programs->device, source, options, &e->program, error));
    programs->statistics.compile_ns += cc_clock_ns() - start_ns;
    programs->statistics.programs += 1;
    e->next = programs->first;
    programs->first = e;
    *added = e;
    e = NULL;

cleanup:
    entry_free(e);
    return status;
}

/* The cached program, built if need be. The lock is held while building, so that two threads
 * never build the same program. Entries live as long as the cache. */
static clconv_status get_program(cc_programs *programs, const char *name, const char *options,
                                 cl_program *program, clconv_error *error)
{
    const cc_source *source = find_source(name);
    if (source == NULL)
        return cc_fail(error, CLCONV_BUILD_FAILED, "this library has no kernels/%s.cl", name);
    clconv_status status = CLCONV_OK;
    cc_mutex_lock(programs->lock);
    entry *e = find_entry(programs, source, options);
    if (e == NULL)
        status = add_entry(programs, source, options, &e, error);
    if (status == CLCONV_OK)
        *program = e->program;
    cc_mutex_unlock(programs->lock);
    return status;
}

/* ---- Kernels ---- */

clconv_status cc_kernel_create(cc_programs *programs, const char *name, const char *function,
                               const char *options, cc_kernel **kernel, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_int code = CL_SUCCESS;
    cl_program program = NULL;
    cc_kernel *k = NULL;

    *kernel = NULL;
    TRY(get_program(programs, name, options, &program, error));
    k = calloc(1, sizeof(*k));
    if (k == NULL || (k->lock = cc_mutex_create()) == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a kernel");
        goto cleanup;
    }
    k->device = programs->device;
    snprintf(k->function, sizeof(k->function), "%s", function);
    k->handle = clCreateKernel(program, function, &code);
    if (k->handle == NULL) {
        char what[128];
        snprintf(what, sizeof(what), "kernel %s of kernels/%s.cl", function, name);
        status = cc_cl_fail(error, code, what);
        goto cleanup;
    }
    TRY(cc_kernel_limits(k, &k->max_group_size, &(cl_ulong){0}, error));
    *kernel = k;
    k = NULL;

cleanup:
    cc_kernel_destroy(k);
    return status;
}

void cc_kernel_destroy(cc_kernel *kernel)
{
    if (kernel == NULL)
        return;
    if (kernel->handle != NULL)
        clReleaseKernel(kernel->handle);
    cc_mutex_destroy(kernel->lock);
    free(kernel);
}

clconv_status cc_kernel_limits(const cc_kernel *kernel, size_t *max_group_size,
                               cl_ulong *local_bytes, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    size_t required[3];
    CL_TRY(clGetKernelWorkGroupInfo(kernel->handle, kernel->device, CL_KERNEL_WORK_GROUP_SIZE,
                                    sizeof(*max_group_size), max_group_size, NULL));
    CL_TRY(clGetKernelWorkGroupInfo(kernel->handle, kernel->device, CL_KERNEL_LOCAL_MEM_SIZE,
                                    sizeof(*local_bytes), local_bytes, NULL));
    /* A kernel that was compiled for one size runs with it, though Mesa's rusticl reports its
     * sub-group size as the largest. */
    CL_TRY(clGetKernelWorkGroupInfo(kernel->handle, kernel->device,
                                    CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof(required), required,
                                    NULL));
    if (required[0] * required[1] * required[2] > *max_group_size)
        *max_group_size = required[0] * required[1] * required[2];
cleanup:
    return status;
}

clconv_status cc_kernel_check_group(const cc_kernel *kernel, size_t items, clconv_error *error)
{
    if (items <= kernel->max_group_size)
        return CLCONV_OK;
    return cc_fail(error, CLCONV_UNSUPPORTED,
                   "kernel %s wants work-groups of %zu items; this device runs it with at most %zu",
                   kernel->function, items, kernel->max_group_size);
}
