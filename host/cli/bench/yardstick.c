#include "yardstick.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

enum {
    MAX_PROCESSORS = 256,
    FIRST_READINGS = 40,
    LANES = 48,
    FIRST_STEPS = 1000,
    READING_NS = 5000000 /* at least: of 2 ms, many beside rivals were as fast as alone */
};

static const double slow_factor = 1.2;

typedef struct worker {
    pthread_t thread;
    double ns; /* of its last piece of work */
    float sum; /* so that the work is not left out */
} worker;

static struct {
    size_t count; /* threads; 0: no yardstick */
    int ending;
    int steps;                    /* of a piece of work */
    pthread_barrier_t begin, end; /* of the workers and the one who reads */
    worker workers[MAX_PROCESSORS];
    double *readings; /* sorted */
    size_t readings_count, capacity, slow;
} yardstick;

/* As many independent multiply-adds as keep a processor's vector units busy. */
static float work(int steps)
{
    float x[LANES];
    float sum = 0;
    for (int i = 0; i < LANES; i++)
        x[i] = (float)i;
    for (int step = 0; step < steps; step++)
        for (int i = 0; i < LANES; i++)
            x[i] = x[i] * 0.75F + 1.0F;
    for (int i = 0; i < LANES; i++)
        sum += x[i];
    return sum;
}

static void *run_worker(void *data)
{
    worker *w = data;
    for (;;) {
        pthread_barrier_wait(&yardstick.begin);
        if (yardstick.ending)
            return NULL;
        const uint64_t start = clock_ns();
        w->sum += work(yardstick.steps);
        w->ns = (double)(clock_ns() - start);
        pthread_barrier_wait(&yardstick.end);
    }
}

/* Steps that take READING_NS: builds differ a hundredfold, sanitizers against vectors. */
static int long_enough(worker *w)
{
    for (int steps = FIRST_STEPS;; steps *= 2) {
        const uint64_t start = clock_ns();
        w->sum += work(steps);
        if (clock_ns() - start >= READING_NS || steps > INT_MAX / 2)
            return steps;
    }
}

/* The time of the slowest processor. */
static double read_once(void)
{
    double slowest = 0;
    pthread_barrier_wait(&yardstick.begin);
    pthread_barrier_wait(&yardstick.end);
    for (size_t i = 0; i < yardstick.count; i++)
        slowest = fmax(slowest, yardstick.workers[i].ns);
    return slowest;
}

static void insert_reading(double ns)
{
    if (yardstick.readings_count == yardstick.capacity) {
        const size_t capacity = 2 * yardstick.capacity + 256;
        double *grown = realloc(yardstick.readings, capacity * sizeof *grown);
        if (!grown)
            return; /* those so far will do */
        yardstick.readings = grown;
        yardstick.capacity = capacity;
    }
    size_t i = yardstick.readings_count++;
    for (; i > 0 && yardstick.readings[i - 1] > ns; i--)
        yardstick.readings[i] = yardstick.readings[i - 1];
    yardstick.readings[i] = ns;
}

static double usual_ns(void)
{
    return yardstick.readings_count ? yardstick.readings[yardstick.readings_count / 20] : 0;
}

void yardstick_start(void)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t wanted = processors < 1                ? 1
                          : processors > MAX_PROCESSORS ? MAX_PROCESSORS
                                                        : (size_t)processors;
    yardstick.steps = long_enough(&yardstick.workers[0]);
    pthread_barrier_init(&yardstick.begin, NULL, (unsigned)wanted + 1);
    pthread_barrier_init(&yardstick.end, NULL, (unsigned)wanted + 1);
    for (size_t i = 0; i < wanted; i++) {
        if (pthread_create(&yardstick.workers[i].thread, NULL, run_worker, &yardstick.workers[i]))
            return; /* the others wait at the barrier, harmless, until the process ends */
    }
    yardstick.count = wanted;
    read_once(); /* the threads spread */
    for (int i = 0; i < FIRST_READINGS; i++)
        insert_reading(read_once());
}

void yardstick_stop(void)
{
    if (!yardstick.count)
        return;
    yardstick.ending = 1;
    pthread_barrier_wait(&yardstick.begin);
    for (size_t i = 0; i < yardstick.count; i++)
        pthread_join(yardstick.workers[i].thread, NULL);
    pthread_barrier_destroy(&yardstick.begin);
    pthread_barrier_destroy(&yardstick.end);
    free(yardstick.readings);
    memset(&yardstick, 0, sizeof yardstick);
}

int yardstick_is_slow(void)
{
    if (!yardstick.count)
        return 0;
    const double ns = read_once();
    insert_reading(ns);
    const int slow = ns > slow_factor * usual_ns();
    yardstick.slow += (size_t)slow;
    return slow;
}

yardstick_summary yardstick_summarise(void)
{
    return (yardstick_summary){
        .usual_ns = usual_ns(),
        .readings = yardstick.readings_count,
        .slow = yardstick.slow,
    };
}
