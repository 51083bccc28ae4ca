/* The yardstick on a machine that others use, and what the rounds make of it. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "progress.h"
#include "sampling.h"
#include "yardstick.h"

enum { RIVALS_MAX = 64 };

/* Threads that take at least half of every processor from everybody else, until they are stopped
 * or their time is over. */
typedef struct rivals {
    atomic_int ending;
    uint64_t end_ns;
    size_t count;
    pthread_t threads[RIVALS_MAX];
} rivals;

static void *compete(void *data)
{
    rivals *r = data;
    volatile double x = 1;
    while (!atomic_load(&r->ending) && clock_ns() < r->end_ns)
        x = x * 0.5 + 1;
    return NULL;
}

static void rivals_start(rivals *r, unsigned milliseconds)
{
    const size_t wanted = 2 * (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    atomic_store(&r->ending, 0);
    r->end_ns = clock_ns() + milliseconds * UINT64_C(1000000);
    r->count = wanted < RIVALS_MAX ? wanted : RIVALS_MAX;
    for (size_t i = 0; i < r->count; i++)
        cr_assert_eq(pthread_create(&r->threads[i], NULL, compete, r), 0);
}

static void rivals_stop(rivals *r)
{
    atomic_store(&r->ending, 1);
    for (size_t i = 0; i < r->count; i++)
        pthread_join(r->threads[i], NULL);
    r->count = 0;
}

/* A machine that is slow from the start has no other usual speed: what needs a quiet beginning is
 * tried so often. */
enum { ATTEMPTS = 5 };

static int find_slow_readings(void)
{
    rivals r = {0};
    yardstick_start();
    rivals_start(&r, 60000);
    int slow = 0;
    for (int i = 0; i < 20; i++)
        slow += yardstick_is_slow();
    rivals_stop(&r);
    const yardstick_summary all = yardstick_summarise();
    cr_expect_eq(all.slow, (size_t)slow);
    cr_expect_geq(all.readings, 20u);
    cr_expect_gt(all.usual_ns, 0);
    yardstick_stop();
    cr_expect_eq(yardstick_summarise().readings, 0u);
    return slow;
}

Test(yardstick, finds_a_slow_machine)
{
    int slow = 0;
    for (int i = 0; i < ATTEMPTS && slow < 10; i++)
        slow = find_slow_readings();
    cr_expect_geq(slow, 10);
}

Test(yardstick, is_content_where_there_is_none)
{
    cr_expect_not(yardstick_is_slow());
    cr_expect_eq(yardstick_summarise().readings, 0u);
}

/* Its third sample starts rivals that stay for a while, and takes 1000 ns instead of 1. */
typedef struct disturbed {
    rivals rivals;
    int samples;
} disturbed;

static clconv_status sample_disturbed(void *data, double *run_ns, clconv_error *error)
{
    disturbed *d = data;
    (void)error;
    *run_ns = ++d->samples == 3 ? 1000 : 1;
    if (d->samples == 3)
        rivals_start(&d->rivals, 200);
    return CLCONV_OK;
}

/* The longest time that was kept. */
static double longest_kept(void)
{
    static participant p;
    static disturbed d;
    p = (participant){.sample = sample_disturbed, .data = &d};
    d.samples = 0;
    yardstick_start();
    sample_rounds(&p, 1, 1);
    yardstick_stop();
    rivals_stop(&d.rivals);
    cr_assert_eq(p.status, CLCONV_OK);
    return p.result.slow || p.result.samples < 3 ? 1000 : p.times[p.count - 1]; /* sorted */
}

Test(yardstick, spoilt_samples_are_dropped)
{
    double kept = 1000;
    for (int i = 0; i < ATTEMPTS && kept > 1; i++)
        kept = longest_kept();
    cr_expect_eq(kept, 1.0, "the third was kept");
}
