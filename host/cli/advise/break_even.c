#include "break_even.h"

#include <math.h>

/* The best line through the points, of any sign. With weights 1 / time^2 squared errors become
 * squared relative errors, so that the small batches count as much as the large ones. */
static time_line fit_freely(const int64_t *batches, const double *times_ns, size_t count)
{
    double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
    for (size_t i = 0; i < count; i++) {
        const double x = (double)batches[i];
        const double y = times_ns[i];
        const double weight = 1 / (y * y);
        w += weight;
        wx += weight * x;
        wy += weight * y;
        wxx += weight * x * x;
        wxy += weight * x * y;
    }
    const double item_ns = (w * wxy - wx * wy) / (w * wxx - wx * wx);
    return (time_line){.fixed_ns = (wy - item_ns * wx) / w, .item_ns = item_ns};
}

/* The best multiple of 1 (power 0) or of the batch (power 1). */
static double fit_multiple(const int64_t *batches, const double *times_ns, size_t count, int power)
{
    double numerator = 0, denominator = 0;
    for (size_t i = 0; i < count; i++) {
        const double f = (power ? (double)batches[i] : 1) / times_ns[i];
        numerator += f;
        denominator += f * f;
    }
    return numerator / denominator;
}

time_line time_line_fit(const int64_t *batches, const double *times_ns, size_t count)
{
    time_line line = fit_freely(batches, times_ns, count);
    if (line.fixed_ns < 0)
        line = (time_line){.item_ns = fit_multiple(batches, times_ns, count, 1)};
    else if (line.item_ns < 0)
        line = (time_line){.fixed_ns = fit_multiple(batches, times_ns, count, 0)};
    for (size_t i = 0; i < count; i++) {
        const double error = fabs(time_line_at(&line, batches[i]) - times_ns[i]) / times_ns[i];
        line.deviation = fmax(line.deviation, error);
    }
    return line;
}

double time_line_at(const time_line *line, int64_t batch)
{
    return line->fixed_ns + line->item_ns * (double)batch;
}

batch_range batches_below(const time_line *line, const time_line *other, int64_t limit)
{
    const double fixed = line->fixed_ns - other->fixed_ns;
    const double item = other->item_ns - line->item_ns; /* what each one saves */
    batch_range range = {.first = 1, .last = limit};

    if (item > 0 && fixed / item >= (double)limit)
        return (batch_range){0};
    if (item > 0 && fixed > 0)
        range.first = (int64_t)floor(fixed / item) + 1;
    if (item < 0 && fixed / item <= (double)limit)
        range.last = (int64_t)ceil(fixed / item) - 1;
    if (range.last < range.first || (item == 0 && fixed >= 0))
        return (batch_range){0};
    return range;
}

double calls_to_pay_back(double first_ns, double each_ns, double other_first_ns,
                         double other_each_ns)
{
    if (first_ns < other_first_ns)
        return 1;
    if (each_ns >= other_each_ns)
        return 0;
    return floor((first_ns - other_first_ns) / (other_each_ns - each_ns)) + 2;
}
