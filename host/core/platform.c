#if !defined(_WIN32)
#define _POSIX_C_SOURCE 200809L
#endif

#include "core/platform.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <cpuid.h>

int cc_has_rdtscp(void)
{
    unsigned a, b, c, d = 0;
    return __get_cpuid(0x80000001u, &a, &b, &c, &d) && (d >> 27 & 1u);
}
#else
int cc_has_rdtscp(void)
{
    return 0;
}
#endif

#if defined(_WIN32)
#include <process.h>
#include <windows.h>

struct cc_mutex {
    SRWLOCK lock;
};

static int mutex_start(cc_mutex *mutex)
{
    InitializeSRWLock(&mutex->lock);
    return 1;
}

static void mutex_end(cc_mutex *mutex)
{
    (void)mutex;
}

void cc_mutex_lock(cc_mutex *mutex)
{
    AcquireSRWLockExclusive(&mutex->lock);
}

void cc_mutex_unlock(cc_mutex *mutex)
{
    ReleaseSRWLockExclusive(&mutex->lock);
}

uint64_t cc_clock_ns(void)
{
    LARGE_INTEGER frequency, ticks;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&ticks);
    const uint64_t hz = (uint64_t)frequency.QuadPart;
    const uint64_t count = (uint64_t)ticks.QuadPart;
    return count / hz * 1000000000u + count % hz * 1000000000u / hz;
}

unsigned cc_processor_count(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwNumberOfProcessors;
}

typedef HANDLE thread;

static void work(void *data);

static unsigned __stdcall thread_main(void *data)
{
    work(data);
    return 0;
}

static int thread_start(thread *t, void *data)
{
    *t = (HANDLE)_beginthreadex(NULL, 0, thread_main, data, 0, NULL);
    return *t != NULL;
}

static void thread_join(thread t)
{
    WaitForSingleObject(t, INFINITE);
    CloseHandle(t);
}

cc_function *cc_library_function(const char *library, const char *function)
{
    const HMODULE module = LoadLibraryA(library);
    return module != NULL ? (cc_function *)GetProcAddress(module, function) : NULL;
}

#else
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct cc_mutex {
    pthread_mutex_t lock;
};

static int mutex_start(cc_mutex *mutex)
{
    return pthread_mutex_init(&mutex->lock, NULL) == 0;
}

static void mutex_end(cc_mutex *mutex)
{
    pthread_mutex_destroy(&mutex->lock);
}

void cc_mutex_lock(cc_mutex *mutex)
{
    pthread_mutex_lock(&mutex->lock);
}

void cc_mutex_unlock(cc_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->lock);
}

uint64_t cc_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

unsigned cc_processor_count(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

typedef pthread_t thread;

static void work(void *data);

static void *thread_main(void *data)
{
    work(data);
    return NULL;
}

static int thread_start(thread *t, void *data)
{
    return pthread_create(t, NULL, thread_main, data) == 0;
}

static void thread_join(thread t)
{
    pthread_join(t, NULL);
}

cc_function *cc_library_function(const char *library, const char *function)
{
    cc_function *result = NULL;
    void *const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void *const address = handle != NULL ? dlsym(handle, function) : NULL;
    memcpy(&result, &address, sizeof result); /* POSIX: both have one representation */
    return result;
}
#endif

cc_mutex *cc_mutex_create(void)
{
    cc_mutex *mutex = malloc(sizeof *mutex);
    if (mutex != NULL && !mutex_start(mutex)) {
        free(mutex);
        mutex = NULL;
    }
    return mutex;
}

void cc_mutex_destroy(cc_mutex *mutex)
{
    if (mutex == NULL)
        return;
    mutex_end(mutex);
    free(mutex);
}

enum { MAX_THREADS = 256 };

/* The loop that its threads share: each takes the next index until none is left. */
typedef struct loop {
    cc_mutex mutex;
    size_t next;
    size_t count;
    void (*body)(size_t i, void *data);
    void *data;
} loop;

static void work(void *data)
{
    loop *shared = data;
    for (;;) {
        cc_mutex_lock(&shared->mutex);
        const size_t i = shared->next;
        shared->next += i < shared->count;
        cc_mutex_unlock(&shared->mutex);
        if (i == shared->count)
            return;
        shared->body(i, shared->data);
    }
}

void cc_parallel_for(size_t count, void (*body)(size_t i, void *data), void *data)
{
    loop shared = {.count = count, .body = body, .data = data};
    if (count < 2 || !mutex_start(&shared.mutex)) {
        for (size_t i = 0; i < count; ++i)
            body(i, data);
        return;
    }

    size_t wanted = cc_processor_count();
    if (wanted > MAX_THREADS)
        wanted = MAX_THREADS;
    if (wanted > count)
        wanted = count;

    thread threads[MAX_THREADS];
    size_t started = 0;
    while (started + 1 < wanted && thread_start(&threads[started], &shared))
        ++started;
    work(&shared);
    for (size_t i = 0; i < started; ++i)
        thread_join(threads[i]);
    mutex_end(&shared.mutex);
}
