#include "progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { QUIET_SECONDS = 2, TERMINAL_SECONDS = 1, PLAIN_SECONDS = 10 };

struct progress_line {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t ticker;
    int stopping;
    int terminal; /* stderr is one */
    int drawn;    /* a line is on the terminal now */
    double total;
    double done;
    uint64_t start_ns;
    char text[160];
};

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void erase(progress_line *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = 0;
}

static void draw(progress_line *p)
{
    const double elapsed = (double)(clock_ns() - p->start_ns) * 1e-9;
    char left[48] = "";
    if (p->total > 0 && p->done > 0) {
        const double seconds = elapsed * (p->total - p->done) / p->done;
        snprintf(left, sizeof left, ", about %d:%02d left", (int)seconds / 60, (int)seconds % 60);
    }
    erase(p);
    fprintf(stderr, p->terminal ? "%d:%02d%s: %.60s" : "%d:%02d%s: %s\n", (int)elapsed / 60,
            (int)elapsed % 60, left, p->text);
    fflush(stderr);
    p->drawn = p->terminal;
}

static void *tick(void *argument)
{
    progress_line *p = argument;
    struct timespec next;
    clock_gettime(CLOCK_REALTIME, &next);
    next.tv_sec += QUIET_SECONDS;

    pthread_mutex_lock(&p->mutex);
    while (!p->stopping) {
        if (pthread_cond_timedwait(&p->changed, &p->mutex, &next) == 0)
            continue;
        draw(p);
        next.tv_sec += p->terminal ? TERMINAL_SECONDS : PLAIN_SECONDS;
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

progress_line *progress_start(double total)
{
    progress_line *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->terminal = isatty(STDERR_FILENO);
    p->total = total;
    p->start_ns = clock_ns();
    snprintf(p->text, sizeof p->text, "starting");
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->changed, NULL);
    if (pthread_create(&p->ticker, NULL, tick, p) != 0) {
        pthread_cond_destroy(&p->changed);
        pthread_mutex_destroy(&p->mutex);
        free(p);
        return NULL;
    }
    return p;
}

void progress_step(progress_line *p, double done, const char *format, ...)
{
    if (!p)
        return;
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&p->mutex);
    p->done = done;
    vsnprintf(p->text, sizeof p->text, format, arguments);
    pthread_mutex_unlock(&p->mutex);
    va_end(arguments);
}

void progress_print(progress_line *p, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (p) {
        pthread_mutex_lock(&p->mutex);
        erase(p);
    }
    vprintf(format, arguments);
    fflush(stdout);
    if (p)
        pthread_mutex_unlock(&p->mutex);
    va_end(arguments);
}

void progress_stop(progress_line *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->stopping = 1;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->ticker, NULL);
    erase(p);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}
