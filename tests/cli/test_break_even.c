/* The lines that advise fits and what it concludes from them. */
#include <criterion/criterion.h>
#include <math.h>

#include "break_even.h"

static const int64_t batches[] = {1, 2, 4, 8};
enum { COUNT = sizeof batches / sizeof batches[0] };

Test(break_even, fits_points_on_a_line)
{
    double times[COUNT];
    for (int i = 0; i < COUNT; i++)
        times[i] = 300 + 25 * (double)batches[i];
    const time_line line = time_line_fit(batches, times, COUNT);
    cr_assert(fabs(line.fixed_ns - 300) < 1e-6, "fixed %g", line.fixed_ns);
    cr_assert(fabs(line.item_ns - 25) < 1e-6, "item %g", line.item_ns);
    cr_assert(line.deviation < 1e-9, "deviation %g", line.deviation);
    cr_assert(fabs(time_line_at(&line, 16) - 700) < 1e-6);
}

Test(break_even, fits_no_negative_part)
{
    const double steep[COUNT] = {1, 4, 16, 64}; /* a line would start below 0 */
    const time_line first = time_line_fit(batches, steep, COUNT);
    cr_assert(first.fixed_ns == 0 && first.item_ns > 0, "%g + %g x", first.fixed_ns, first.item_ns);

    const double falling[COUNT] = {8, 7, 6, 5};
    const time_line second = time_line_fit(batches, falling, COUNT);
    cr_assert(second.item_ns == 0, "item %g", second.item_ns);
    cr_assert(second.fixed_ns > 5 && second.fixed_ns < 8, "fixed %g", second.fixed_ns);
    cr_assert(second.deviation > 0.1, "deviation %g", second.deviation);
}

Test(break_even, says_how_far_the_points_are)
{
    const int64_t two_and_one[] = {1, 2, 3};
    const double times[] = {100, 250, 300};
    const time_line line = time_line_fit(two_and_one, times, 3);
    double worst = 0;
    for (int i = 0; i < 3; i++)
        worst = fmax(worst, fabs(time_line_at(&line, two_and_one[i]) - times[i]) / times[i]);
    cr_assert(worst > 0 && fabs(line.deviation - worst) < 1e-12, "%g, not %g", line.deviation,
              worst);
}

/* Every pair of lines against trying all batches. */
Test(break_even, finds_the_batches_that_trying_all_finds)
{
    enum { LIMIT = 60 };
    static const double fixed[] = {0, 1, 10, 100, 105.5};
    static const double item[] = {0, 0.5, 1, 3, 3.25};
    for (int n = 0; n < 5 * 5 * 5 * 5; n++) {
        const time_line a = {.fixed_ns = fixed[n % 5], .item_ns = item[n / 5 % 5]};
        const time_line b = {.fixed_ns = fixed[n / 25 % 5], .item_ns = item[n / 125]};
        batch_range wanted = {0};
        for (int64_t batch = 1; batch <= LIMIT; batch++) {
            if (time_line_at(&a, batch) >= time_line_at(&b, batch))
                continue;
            wanted.first = wanted.first ? wanted.first : batch;
            wanted.last = batch;
        }
        const batch_range found = batches_below(&a, &b, LIMIT);
        cr_assert(found.first == wanted.first && found.last == wanted.last,
                  "%g + %g x below %g + %g x: %lld to %lld, not %lld to %lld", a.fixed_ns,
                  a.item_ns, b.fixed_ns, b.item_ns, (long long)found.first, (long long)found.last,
                  (long long)wanted.first, (long long)wanted.last);
    }
}

Test(break_even, counts_calls_until_less_in_all)
{
    cr_assert_eq(calls_to_pay_back(10, 5, 20, 1), 1); /* less from the first call on */
    cr_assert_eq(calls_to_pay_back(20, 5, 10, 5), 0); /* saves nothing later */
    cr_assert_eq(calls_to_pay_back(20, 6, 10, 5), 0);
    for (int i = 0; i < 15; ++i) {
        const double first = 10 + 3.5 * i;
        const double calls = calls_to_pay_back(first, 2, 10, 7);
        const double before = calls - 1;
        cr_assert(first + (calls - 1) * 2 < 10 + (calls - 1) * 7, "first %g: %g", first, calls);
        cr_assert(before < 1 || first + (before - 1) * 2 >= 10 + (before - 1) * 7,
                  "first %g: %g calls are enough", first, before);
    }
}
