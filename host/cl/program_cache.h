/* Compiled programs kept on disk. An entry is one file: a header, the key in full (library
 * version, device, driver, options, source text) and the driver's binary, under a checksum. What
 * is damaged, of another key or refused by the driver counts as missing. */
#ifndef CC_PROGRAM_CACHE_H
#define CC_PROGRAM_CACHE_H

#include "cl/program.h"
#include "core/store.h"

typedef struct cc_program_cache cc_program_cache;

/* For one device; NULL when nothing can be kept. */
cc_program_cache *cc_program_cache_create(cl_context cl, cl_device_id id);
void cc_program_cache_destroy(cc_program_cache *cache);

/* The program, built; NULL when it is not there. *store is then whether it is worth a call of
 * cc_program_cache_save. */
cl_program cc_program_cache_load(const cc_program_cache *cache, const cc_source *source,
                                 const char *options, int *store);

/* Keeps a program that was built from source. To be called after its kernels have run: PoCL's
 * binaries contain what is compiled for the sizes of work-groups that were used. */
void cc_program_cache_save(const cc_program_cache *cache, const cc_source *source,
                           const char *options, cl_program program);

#endif
