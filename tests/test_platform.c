/* The parallel loop, the mutex and the clock. */
#include "core/platform.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { COUNT = 10000 };

static void mark(size_t i, void *data)
{
    ++((unsigned char *)data)[i];
}

Test(platform, parallel_for_visits_each_index_once)
{
    static unsigned char visits[COUNT + 1];
    const size_t counts[] = {0, 1, 2, 3, COUNT};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; ++c) {
        for (size_t i = 0; i <= COUNT; ++i)
            visits[i] = 0;
        cc_parallel_for(counts[c], mark, visits);
        for (size_t i = 0; i <= COUNT; ++i)
            cr_assert_eq(visits[i], i < counts[c], "count %zu: index %zu visited %d times",
                         counts[c], i, visits[i]);
    }
}

typedef struct counter {
    cc_mutex *mutex;
    int64_t value;
} counter;

static void add(size_t i, void *data)
{
    counter *c = data;
    cc_mutex_lock(c->mutex);
    c->value += (int64_t)i;
    cc_mutex_unlock(c->mutex);
}

static void nested(size_t i, void *data)
{
    (void)i;
    cc_parallel_for(100, add, data);
}

Test(platform, mutex_protects_and_loops_nest)
{
    counter c = {cc_mutex_create(), 0};
    cr_assert_not_null(c.mutex);
    cc_parallel_for(COUNT, add, &c);
    cr_expect_eq(c.value, (int64_t)COUNT * (COUNT - 1) / 2);
    c.value = 0;
    cc_parallel_for(10, nested, &c);
    cr_expect_eq(c.value, 10 * 4950);
    cc_mutex_destroy(c.mutex);
    cc_mutex_destroy(NULL);
}

Test(platform, functions_are_found_in_libraries)
{
    cr_expect_null(cc_library_function("libthere-is-none.so.1", "main"));
#if defined(__linux__)
    cr_expect_null(cc_library_function("libc.so.6", "there_is_none"));
    int (*absolute)(int) = (int (*)(int))cc_library_function("libc.so.6", "abs");
    cr_assert_not_null(absolute);
    cr_expect_eq(absolute(-3), 3);
#endif
}

Test(platform, clock_does_not_go_back)
{
    const uint64_t start = cc_clock_ns();
    uint64_t last = start;
    while (last - start < 2000000u) {
        const uint64_t now = cc_clock_ns();
        cr_assert_geq(now, last);
        last = now;
    }
}
