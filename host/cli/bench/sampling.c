#include "sampling.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "file.h"
#include "interrupt.h"
#include "progress.h"
#include "yardstick.h"

enum { MIN_ROUNDS = 3 };

static const double far_beyond = 4; /* budgets */

/* What the rounds may lose to a slow machine before its samples count like others: so many budgets,
 * but no more than this. */
static const double patience = 10;
static const double most_patience_ns = 8e9;

static int compare_times(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

spread spread_of(double *times, size_t count)
{
    qsort(times, count, sizeof *times, compare_times);
    return (spread){
        .median_ns = count % 2 ? times[count / 2] : (times[count / 2 - 1] + times[count / 2]) / 2,
        .lower_ns = times[count / 4],
        .upper_ns = times[count - 1 - count / 4],
        .samples = count,
    };
}

static clconv_status time_once(const timed_sample *timed, size_t repeats, double *total_ns,
                               clconv_error *error)
{
    const uint64_t start = clock_ns();
    const clconv_status status = timed->run(timed->data, repeats, error);
    *total_ns = (double)(clock_ns() - start);
    return status;
}

clconv_status timed_sample_take(void *timed, double *run_ns, clconv_error *error)
{
    timed_sample *t = timed;
    double total_ns = 0;
    clconv_status status = CLCONV_OK;

    if (t->warm || t->run_ns <= 0) {
        status = time_once(t, 1, &total_ns, error);
        if (t->run_ns <= 0 || total_ns >= SAMPLE_LONG_NS)
            t->run_ns = total_ns;
        if (status == CLCONV_OK && total_ns >= SAMPLE_LONG_NS) {
            *run_ns = total_ns;
            return status;
        }
    }
    while (status == CLCONV_OK) {
        const size_t repeats = (size_t)(1.05 * SAMPLE_MIN_NS / (t->run_ns + 1)) + 1;
        status = time_once(t, repeats, &total_ns, error);
        t->run_ns = total_ns / (double)repeats;
        if (total_ns >= SAMPLE_MIN_NS)
            break;
    }
    *run_ns = t->run_ns;
    return status;
}

/* The rounds of some participants. */
typedef struct rounds {
    participant *participants;
    size_t count;
    size_t done;
    double budget_s;
    uint64_t start;
    double patience_ns;
    double lost_ns; /* waiting for a slow machine, and in samples that it spoilt */
    int slow;       /* at the last reading */
} rounds;

static void wait_while_slow(rounds *r)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    while (r->slow && r->lost_ns < r->patience_ns && !interrupted()) {
        const uint64_t start = clock_ns();
        nanosleep(&pause, NULL);
        r->slow = yardstick_is_slow();
        r->lost_ns += (double)(clock_ns() - start);
    }
}

static void take_sample(rounds *r, participant *p)
{
    double run_ns = 0;
    if (p->status != CLCONV_OK)
        return;
    wait_while_slow(r);
    const int slow_before = r->slow;
    const uint64_t start = clock_ns();
    p->status = p->sample(p->data, &run_ns, &p->error);
    const double ns = (double)(clock_ns() - start);
    r->slow = yardstick_is_slow();
    if (p->status != CLCONV_OK)
        return;
    if (slow_before || r->slow) {
        p->slow_times[p->slow_count++] = run_ns;
        r->lost_ns += r->lost_ns < r->patience_ns ? ns : 0;
    } else {
        p->times[p->count++] = run_ns;
    }
}

static int all_have(const rounds *r, size_t samples)
{
    for (size_t i = 0; i < r->count; i++) {
        const participant *p = &r->participants[i];
        const size_t taken = p->count + (r->lost_ns < r->patience_ns ? 0 : p->slow_count);
        if (p->status == CLCONV_OK && taken < samples)
            return 0;
    }
    return 1;
}

static int is_enough(const rounds *r)
{
    const double used_s = ((double)(clock_ns() - r->start) - r->lost_ns) * 1e-9;
    if (r->done == SAMPLES_MAX || interrupted())
        return 1;
    return used_s >= r->budget_s &&
           all_have(r, used_s >= far_beyond * r->budget_s ? 1 : MIN_ROUNDS);
}

static void conclude(participant *p)
{
    if (p->status != CLCONV_OK)
        return;
    if (p->count) {
        p->result = spread_of(p->times, p->count);
        p->result.dropped = p->slow_count;
    } else {
        p->result = spread_of(p->slow_times, p->slow_count);
        p->result.slow = 1;
    }
}

void sample_rounds(participant *participants, size_t count, double budget_s)
{
    rounds r = {.participants = participants,
                .count = count,
                .budget_s = budget_s,
                .start = clock_ns(),
                .patience_ns = fmin(patience * 1e9 * budget_s, most_patience_ns),
                .slow = yardstick_is_slow()};
    do {
        for (size_t i = 0; i < count; i++)
            take_sample(&r, &participants[i]);
        r.done++;
    } while (!is_enough(&r));
    for (size_t i = 0; i < count; i++)
        conclude(&participants[i]);
}

clconv_status measure_spread(timed_function *run, void *data, double budget_s, spread *result,
                             clconv_error *error)
{
    timed_sample timed = {.run = run, .data = data};
    participant *alone = calloc(1, sizeof *alone);
    if (!alone)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");

    clconv_status status = time_once(&timed, 1, &timed.run_ns, error);
    if (status == CLCONV_OK && timed.run_ns * 1e-9 >= far_beyond * budget_s) {
        *result = spread_of(&timed.run_ns, 1);
    } else if (status == CLCONV_OK) {
        alone->sample = timed_sample_take;
        alone->data = &timed;
        sample_rounds(alone, 1, budget_s);
        status = alone->status;
        *result = alone->result;
        if (status != CLCONV_OK)
            *error = alone->error;
    }
    free(alone);
    return status;
}
