/* How time grows with the batch, and from which batch on one device is faster than another. */
#ifndef CLI_BREAK_EVEN_H
#define CLI_BREAK_EVEN_H

#include <stddef.h>
#include <stdint.h>

/* time(batch) = fixed_ns + item_ns * batch, neither of them negative. */
typedef struct time_line {
    double fixed_ns;
    double item_ns;
    double deviation; /* the largest |fit - measured| / measured */
} time_line;

/* Least squares of the relative errors over `count` points, 2 or more, of different batches. */
time_line time_line_fit(const int64_t *batches, const double *times_ns, size_t count);

double time_line_at(const time_line *line, int64_t batch);

/* Batches from `first` to `last`; first 0: none. */
typedef struct batch_range {
    int64_t first;
    int64_t last;
} batch_range;

/* The batches from 1 to `limit` for which `line` is below `other`. */
batch_range batches_below(const time_line *line, const time_line *other, int64_t limit);

/* How many calls it takes until first_ns and then each_ns per call is less in all than the same of
 * `other`; 0: it never is. */
double calls_to_pay_back(double first_ns, double each_ns, double other_first_ns,
                         double other_each_ns);

#endif
