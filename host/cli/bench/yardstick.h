/* Whether the machine gives what it gave before.
 *
 * The processors of a virtual machine can lose half of their speed for seconds, when another one
 * works on the same physical processor; no counter shows it. So a fixed piece of work is timed on
 * all processors at once, again and again. The machine is slow when that takes 1.2 times as long as
 * the fastest twentieth of all readings. The yardstick knows nothing of what is measured, so what
 * it drops favours no one. */
#ifndef CLI_YARDSTICK_H
#define CLI_YARDSTICK_H

#include <stddef.h>

/* Starts the threads of the work and takes some readings. Without it, or where there are no threads
 * for it, every reading says that the machine is fine. */
void yardstick_start(void);
void yardstick_stop(void);

/* Takes a reading, 5 to 10 ms long, and says whether the machine is slow. */
int yardstick_is_slow(void);

/* Of all readings so far. */
typedef struct yardstick_summary {
    double usual_ns; /* the slowest of the fastest twentieth; 0: there were no readings */
    size_t readings;
    size_t slow;
} yardstick_summary;

yardstick_summary yardstick_summarise(void);

#endif
