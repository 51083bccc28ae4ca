#include "bench_table.h"

#include <math.h>
#include <stdio.h>

#include "json_field.h"

int bench_row_verified(const bench_row *row)
{
    return row->status == CLCONV_OK && row->verdict.ok;
}

double bench_row_flop(const bench_row *row)
{
    return 2 * (double)row->entry->cost.multiplications;
}

/* ---- Rows ----------------------------------------------------------------------------------- */

void bench_print_header(void)
{
    printf("%-6s%6s %9s %5s %9s %9s %9s %9s %8s %7s %5s %7s %7s  %-20s %-12s %s\n", "", "error",
           "device", "+/-", "transfer", "total", "CPU", "cold", "GFLOP/s", "GB/s", "roof", "mult.",
           "param.", "algorithm", "variant", "problem");
    printf("%-6s%6s %9s %5s %9s %9s %9s %9s %8s %7s %5s\n", "", "/bound", "ms", "%", "ms", "ms",
           "ms", "ms", "", "", "%");
}

/* A count in at most six characters: 53952 as "54.0k". */
static const char *short_count(int64_t count, char text[16])
{
    static const char units[] = " kMGTPE";
    double value = (double)count;
    size_t unit = 0;
    for (; value >= 999.5; unit++)
        value /= 1000;
    if (unit == 0)
        snprintf(text, 16, "%.0f", value);
    else
        snprintf(text, 16, "%.3g%c", value, units[unit]);
    return text;
}

static void print_numbers(progress_line *progress, const bench_row *row, const roofline *roof)
{
    const measurement *t = &row->times;
    const clconv_cost *cost = &row->entry->cost;
    const double device_ns = t->device.median_ns;
    const double bytes = (double)cost->minimum_bytes;
    char multiplications[16];
    char parameters[16];
    progress_print(progress,
                   "%-6s%6.3f %9.4g %5.1f %9.4g %9.4g %9.4g %9.4g %8.4g %7.3g %5.1f %7s %7s  "
                   "%-20s %-12s %s\n",
                   "OK", row->verdict.ratio, device_ns * 1e-6,
                   50 * (t->device.upper_ns - t->device.lower_ns) / device_ns,
                   (t->upload.median_ns + t->download.median_ns) * 1e-6, t->total.median_ns * 1e-6,
                   row->reference.median_ns * 1e-6, row->cold_ns * 1e-6,
                   bench_row_flop(row) / device_ns, bytes / device_ns,
                   100 * roofline_share(roof, bench_row_flop(row), bytes, device_ns),
                   short_count(cost->multiplications, multiplications),
                   short_count(cost->parameters, parameters), row->algorithm, row->entry->variant,
                   row->entry->text);
}

static void print_peers(progress_line *progress, const json_t *peers)
{
    size_t i;
    json_t *peer;
    json_array_foreach(peers, i, peer)
    {
        char name[96];
        const json_t *time = json_object_get(peer, "time");
        snprintf(name, sizeof name, "%s %s", json_text(peer, "peer"), json_text(peer, "setting"));
        if (time)
            progress_print(progress, "%12s %9.4g ms  %6.3g times ours  %-28s %s\n", "",
                           json_number(time, "median_ns") * 1e-6, json_number(peer, "ratio"), name,
                           json_text(peer, "algorithm"));
        else
            progress_print(progress, "%12s %9s     %6s             %-28s %s\n", "", "-", "", name,
                           json_text(peer, "error"));
    }
}

void bench_print_row(progress_line *progress, const bench_row *row, const roofline *roof)
{
    if (bench_row_verified(row)) {
        print_numbers(progress, row, roof);
        print_peers(progress, row->peers);
        return;
    }
    const int ran = row->status == CLCONV_OK;
    progress_print(progress, "%-6s %s  %s %s\n       %s\n", ran ? "WRONG" : "FAIL",
                   ran ? row->algorithm : row->request, row->entry->variant, row->entry->text,
                   ran ? row->verdict.reason : row->error.message);
}

/* ---- The end of a report -------------------------------------------------------------------- */

void bench_print_means(const json_t *report)
{
    const json_t *means = json_object_get(report, "means");
    size_t i;
    json_t *mean;
    if (json_array_size(means) == 0)
        return;
    printf("\ngeometric means of a peer's time / ours\n%7s %7s %5s  %-6s %-14s %s\n", "mean",
           "worst", "rows", "batch", "variant", "peer");
    json_array_foreach(means, i, mean)
    {
        char batch[32] = "all";
        if (json_number(mean, "batch") > 0)
            snprintf(batch, sizeof batch, "%.0f", json_number(mean, "batch"));
        printf("%7.3g %7.3g %5.0f  %-6s %-14s %s %s\n", json_number(mean, "ratio"),
               json_number(mean, "worst_ratio"), json_number(mean, "rows"), batch,
               json_text(mean, "variant"), json_text(mean, "peer"), json_text(mean, "setting"));
    }
}

/* The slowest of a row's device medians over its fastest; 1 with one pass. */
static double pass_ratio(const json_t *row)
{
    double least = json_number(json_object_get(row, "device"), "median_ns");
    double most = least;
    size_t i;
    json_t *pass;
    json_array_foreach(json_object_get(row, "passes"), i, pass)
    {
        const double ns = json_number(json_object_get(pass, "device"), "median_ns");
        least = fmin(least, ns);
        most = fmax(most, ns);
    }
    return least > 0 ? most / least : 1;
}

void bench_print_passes(const json_t *report)
{
    double log_sum = 0;
    double worst = 1;
    size_t rows = 0;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(report, "results"), i, row)
    {
        if (json_array_size(json_object_get(row, "passes")) == 0)
            continue;
        log_sum += log(pass_ratio(row));
        worst = fmax(worst, pass_ratio(row));
        rows++;
    }
    if (rows)
        printf("\nslowest pass / fastest, device: geometric mean %.3f, worst %.3f, over %zu rows\n",
               exp(log_sum / (double)rows), worst, rows);
}

void bench_print_sweeps(const json_t *report)
{
    size_t i, j;
    json_t *sweep, *point;
    json_array_foreach(json_object_get(report, "sweeps"), i, sweep)
    {
        printf("\n%s of %s\n%9s %12s %12s\n", json_text(sweep, "kind"), json_text(sweep, "problem"),
               json_text(sweep, "kind"), "ms", "ns/GFLOP");
        json_array_foreach(json_object_get(sweep, "points"), j, point)
            printf("%9.0f %12.5g %12.5g\n", json_number(point, "value"),
                   json_number(point, "median_ns") * 1e-6, json_number(point, "ns_per_gflop"));
        printf("ended there: %s\n", json_text(sweep, "ended"));
    }
}

void bench_print_missing(const json_t *report)
{
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(report, "missing_peers"), i, peer)
        printf("missing peer %s: %s\n", json_text(peer, "peer"), json_text(peer, "reason"));
}
