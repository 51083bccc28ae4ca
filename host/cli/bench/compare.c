#include "compare.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_field.h"

/* A time differs when it differs by more than this share, ... */
static const double smallest_change = 0.05;
/* ... and when the quartiles, moved this much further from their median, do not meet. */
static const double widening = 1.5;
/* Too few samples have no quartiles: they count as this share of the median off it. */
static const double unknown_spread = 0.1;

typedef struct range {
    double low;
    double middle;
    double high;
} range;

typedef struct tally {
    size_t same;
    size_t slower;
    size_t faster;
    size_t slow;    /* times taken on a slow machine: not judged */
    size_t lost;    /* rows with numbers before, without now */
    size_t missing; /* rows that only one report has */
    double peers_log_sum;
    size_t peers;
} tally;

static range range_of_spread(const json_t *spread)
{
    range r = {.middle = json_number(spread, "median_ns")};
    double below = r.middle - json_number(spread, "lower_quartile_ns");
    double above = json_number(spread, "upper_quartile_ns") - r.middle;
    if (json_number(spread, "samples") < 3)
        below = above = unknown_spread * r.middle;
    r.low = r.middle - widening * below;
    r.high = r.middle + widening * above;
    return r;
}

static int is_slow(const json_t *spread)
{
    return json_is_true(json_object_get(spread, "slow"));
}

static int compare_middles(const void *a, const void *b)
{
    const double x = ((const range *)a)->middle;
    const double y = ((const range *)b)->middle;
    return (x > y) - (x < y);
}

/* Of a row's time `what` in all passes: all of their ranges, and the median of their medians. */
static range range_of(const json_t *row, const char *what)
{
    enum { MOST = 64 };
    range passes[MOST] = {range_of_spread(json_object_get(row, what))};
    size_t count = 1;
    size_t i;
    json_t *pass;
    json_array_foreach(json_object_get(row, "passes"), i, pass)
    {
        const json_t *spread = json_object_get(pass, what);
        if (count < MOST && !is_slow(spread))
            passes[count++] = range_of_spread(spread);
    }
    qsort(passes, count, sizeof *passes, compare_middles);
    range all = passes[count / 2];
    for (i = 0; i < count; i++) {
        all.low = fmin(all.low, passes[i].low);
        all.high = fmax(all.high, passes[i].high);
    }
    return all;
}

static void compare_times(const json_t *a, const json_t *b, const char *what, tally *t)
{
    if (is_slow(json_object_get(a, what)) || is_slow(json_object_get(b, what))) {
        t->slow++;
        return;
    }
    const range before = range_of(a, what);
    const range after = range_of(b, what);
    const double change = after.middle / before.middle - 1;
    const int slower = change > smallest_change && after.low > before.high;
    const int faster = 1 / (1 + change) - 1 > smallest_change && after.high < before.low;
    if (slower || faster)
        printf("%-7s %+6.1f %%  %9.4g ms -> %9.4g ms  %-14s %-12s %s\n",
               slower ? "slower" : "faster", 100 * change, before.middle * 1e-6,
               after.middle * 1e-6, what, json_text(b, "algorithm"), json_text(b, "problem"));
    t->slower += (size_t)slower;
    t->faster += (size_t)faster;
    t->same += !slower && !faster;
}

/* The peers did not change: what they take tells how the machine did. */
static void compare_peers(const json_t *a, const json_t *b, tally *t)
{
    size_t i, j;
    json_t *before, *after;
    json_array_foreach(json_object_get(a, "peers"), i, before)
    {
        json_array_foreach(json_object_get(b, "peers"), j, after)
        {
            const double x = json_number(json_object_get(before, "time"), "median_ns");
            const double y = json_number(json_object_get(after, "time"), "median_ns");
            if (!json_same_text(before, after, "peer") ||
                !json_same_text(before, after, "setting") || x <= 0 || y <= 0)
                continue;
            t->peers_log_sum += log(y / x);
            t->peers++;
        }
    }
}

static int is_verified(const json_t *row)
{
    return strcmp(json_text(row, "verdict"), "OK") == 0;
}

static size_t rows_of_problem(const json_t *rows, const json_t *wanted, json_t **last)
{
    size_t count = 0;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (json_same_text(row, wanted, "problem")) {
            *last = row;
            count++;
        }
    }
    return count;
}

/* The row of the same problem and algorithm, or of the same problem where either report has one
 * row of it: then another algorithm was chosen. NULL: none. */
static const json_t *find_row(const json_t *rows, const json_t *others, const json_t *wanted)
{
    json_t *row;
    json_t *only = NULL;
    json_t *unused = NULL;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        if (json_same_text(row, wanted, "problem") && json_same_text(row, wanted, "algorithm"))
            return row;
    }
    if (rows_of_problem(rows, wanted, &only) == 1 && rows_of_problem(others, wanted, &unused) == 1)
        return only;
    return NULL;
}

static void name_missing(const json_t *rows, const json_t *others, const char *where, tally *t)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (find_row(others, rows, row))
            continue;
        printf("only in %s: %s  %s\n", where, json_text(row, "algorithm"),
               json_text(row, "problem"));
        t->missing++;
    }
}

static void compare_rows(const json_t *before, const json_t *after, tally *t)
{
    const json_t *rows = json_object_get(before, "results");
    const json_t *others = json_object_get(after, "results");
    size_t i;
    json_t *a;
    json_array_foreach(rows, i, a)
    {
        const json_t *b = find_row(others, rows, a);
        if (!b)
            continue;
        if (!is_verified(a) || !is_verified(b)) {
            printf("no numbers in %s: %s  %s\n", is_verified(a) ? "the second" : "the first",
                   json_text(a, "algorithm"), json_text(a, "problem"));
            t->lost += (size_t)is_verified(a);
            continue;
        }
        if (!json_same_text(a, b, "algorithm"))
            printf("algorithm %s -> %s: %s\n", json_text(a, "algorithm"), json_text(b, "algorithm"),
                   json_text(a, "problem"));
        compare_times(a, b, "device", t);
        compare_times(a, b, "with_transfers", t);
        compare_peers(a, b, t);
    }
}

/* Says where the two reports were not taken alike. */
static void name_differences(const json_t *a, const json_t *b)
{
    static const char *const fields[][2] = {
        {"device", "name"},   {"device", "platform"}, {"device", "driver"},
        {"host", "cpu"},      {"host", "system"},     {"host", "environment"},
        {"host", "compiler"}, {"host", "flags"},      {"clconv", "commit"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const json_t *x = json_object_get(a, fields[i][0]);
        const json_t *y = json_object_get(b, fields[i][0]);
        if (!json_same_text(x, y, fields[i][1]))
            printf("different %s %s: %s -> %s\n", fields[i][0], fields[i][1],
                   json_text(x, fields[i][1]), json_text(y, fields[i][1]));
    }
}

static cli_exit load(const char *path, json_t **report)
{
    json_error_t error;
    *report = json_load_file(path, 0, &error);
    if (!*report)
        return cli_fail(CLI_USAGE, "%s: line %d: %s", path, error.line, error.text);
    if (!json_is_array(json_object_get(*report, "results")) || json_number(*report, "schema") != 1)
        return cli_fail(CLI_USAGE, "%s: no report of clconv bench with schema 1", path);
    return CLI_FINE;
}

static cli_exit compare_loaded(const json_t *before, const json_t *after)
{
    tally t = {0};
    name_differences(before, after);
    compare_rows(before, after, &t);
    name_missing(json_object_get(before, "results"), json_object_get(after, "results"), "the first",
                 &t);
    name_missing(json_object_get(after, "results"), json_object_get(before, "results"),
                 "the second", &t);
    if (t.peers)
        printf("the peers took %.3f of their time in the first, over %zu times\n",
               exp(t.peers_log_sum / (double)t.peers), t.peers);
    printf("%zu times slower, %zu faster, %zu within the noise, %zu taken on a slow machine, "
           "%zu without numbers now, %zu in one report only\n",
           t.slower, t.faster, t.same, t.slow, t.lost, t.missing);
    return t.slower || t.lost ? CLI_WRONG : CLI_FINE;
}

cli_exit compare_reports(const char *before, const char *after)
{
    json_t *a = NULL;
    json_t *b = NULL;
    cli_exit code = load(before, &a);
    if (code == CLI_FINE)
        code = load(after, &b);
    if (code == CLI_FINE)
        code = compare_loaded(a, b);
    json_decref(a);
    json_decref(b);
    return code;
}
