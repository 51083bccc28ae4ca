#include "sampling.h"

#include <stdlib.h>

#include "file.h"
#include "interrupt.h"
#include "progress.h"

enum { MIN_ROUNDS = 3 };

static const double far_beyond = 4; /* budgets */

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

static int is_enough(size_t rounds, double used_s, double budget_s)
{
    if (rounds == SAMPLES_MAX || used_s >= far_beyond * budget_s || interrupted())
        return 1;
    return used_s >= budget_s && rounds >= MIN_ROUNDS;
}

static void take_sample(participant *p)
{
    if (p->status != CLCONV_OK)
        return;
    p->status = p->sample(p->data, &p->times[p->count], &p->error);
    p->count += p->status == CLCONV_OK;
}

void sample_rounds(participant *participants, size_t count, double budget_s)
{
    const uint64_t start = clock_ns();
    for (size_t round = 1;; round++) {
        for (size_t i = 0; i < count; i++)
            take_sample(&participants[i]);
        if (is_enough(round, (double)(clock_ns() - start) * 1e-9, budget_s))
            break;
    }
    for (size_t i = 0; i < count; i++) {
        participant *p = &participants[i];
        if (p->status == CLCONV_OK)
            p->result = spread_of(p->times, p->count);
    }
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
