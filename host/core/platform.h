/* What C11 leaves to the platform: a mutex, a monotonic clock, a parallel loop, and shared
 * libraries that few callers need. POSIX and Windows live in platform.c and, for files in the
 * user's folder, store.c, and nowhere else. */
#ifndef CC_PLATFORM_H
#define CC_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

typedef struct cc_mutex cc_mutex;

cc_mutex *cc_mutex_create(void); /* NULL when out of memory */
void cc_mutex_destroy(cc_mutex *mutex);
void cc_mutex_lock(cc_mutex *mutex);
void cc_mutex_unlock(cc_mutex *mutex);

/* Nanoseconds since some fixed point. */
uint64_t cc_clock_ns(void);

/* Processors that this machine can use now, 1 or more. */
unsigned cc_processor_count(void);

/* Whether the instruction rdtscp is there, which tells a thread what processor it is on. */
int cc_has_rdtscp(void);

/* Calls body(i, data) for every i below count, on all processors; returns when all are done.
 * Where a thread cannot be had the others do its share. */
void cc_parallel_for(size_t count, void (*body)(size_t i, void *data), void *data);

/* A function of a shared library, which is loaded where it was not and stays: NULL where the
 * library or the function is not there. The caller converts it to the function's own type. */
typedef void cc_function(void);
cc_function *cc_library_function(const char *library, const char *function);

#endif
