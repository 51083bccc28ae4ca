/* Compiled programs: taken from disk (cl/program_cache.h) or built, once per context for each pair
 * of source file and options. */
#ifndef CC_PROGRAM_H
#define CC_PROGRAM_H

#include "cl/device.h"
#include "core/platform.h"

/* The kernel files, embedded at build time with their includes resolved. */
typedef struct cc_source {
    const char *name; /* "direct", of kernels/direct.cl */
    const char *text;
} cc_source;

extern const cc_source cc_sources[]; /* ends with a NULL name; generated (cmake/embed.cmake) */

typedef struct cc_programs cc_programs;

clconv_status cc_programs_create(cl_context cl, cl_device_id device, cc_programs **programs,
                                 clconv_error *error);
void cc_programs_destroy(cc_programs *programs); /* keeps on disk what was built */
void cc_programs_statistics(const cc_programs *programs, clconv_statistics *statistics);

/* Calls visit(file, options, data) for each program that is there. For tests. */
void cc_programs_visit(const cc_programs *programs,
                       void (*visit)(const char *file, const char *options, void *data),
                       void *data);

/* Has cc_programs_destroy call `function`, the last one given: for a library that keeps compiled
 * programs of its own for this context, and with them the context, until the process ends. */
void cc_programs_on_destroy(cc_programs *programs, void (*function)(void));

/* Builds one program, uncached. CLCONV_BUILD_FAILED names the file, options and device, and the
 * first lines of the build log follow. The program is the caller's to release. */
clconv_status cc_program_build(cl_context cl, cl_device_id device, const cc_source *source,
                               const char *options, cl_program *program, clconv_error *error);

/* One kernel of one program. clSetKernelArg is not thread-safe, so a kernel carries a lock, to be
 * held from the first argument to the enqueue. */
typedef struct cc_kernel {
    cl_kernel handle;
    cl_device_id device;
    cc_mutex *lock;
    size_t max_group_size;
    char function[64];
} cc_kernel;

/* The kernel `function` of kernels/NAME.cl built with `options` ("-DTILE_K=32 ..."), from the
 * cache or compiled now. The kernel is the caller's to release; its program stays cached. */
clconv_status cc_kernel_create(cc_programs *programs, const char *name, const char *function,
                               const char *options, cc_kernel **kernel, clconv_error *error);
void cc_kernel_destroy(cc_kernel *kernel);

/* What the compiled kernel needs per work-group: its largest group size on this device. */
clconv_status cc_kernel_limits(const cc_kernel *kernel, size_t *max_group_size,
                               cl_ulong *local_bytes, clconv_error *error);

/* CLCONV_UNSUPPORTED when the device cannot run the kernel with that many items in a group. */
clconv_status cc_kernel_check_group(const cc_kernel *kernel, size_t items, clconv_error *error);

#endif
