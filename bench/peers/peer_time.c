#include "peer_time.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t peer_clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

FILE *peer_take_stdout(void)
{
    const int kept = dup(STDOUT_FILENO);
    if (kept < 0)
        return NULL;
    FILE *const stream = fdopen(kept, "w");
    if (!stream || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        close(kept);
        return NULL;
    }
    return stream;
}

int peer_read_line(char **line)
{
    static size_t capacity;
    return getline(line, &capacity, stdin) >= 0;
}

void peer_wait_until_quiet(void)
{
    enum { ROUNDS = 50 };
    const struct timespec pause = {.tv_nsec = 2000000};
    const uint64_t idle_ns = 100000; /* of the pause: a spinning thread takes most of it */
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t before = read_clock(CLOCK_PROCESS_CPUTIME_ID);
        nanosleep(&pause, NULL);
        if (read_clock(CLOCK_PROCESS_CPUTIME_ID) - before < idle_ns)
            return;
    }
}
