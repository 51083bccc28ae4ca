/* What a long command says while it works, on stderr: on a terminal one line that is redrawn,
 * elsewhere a plain line every ten seconds. Nothing in the first two seconds. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

typedef struct progress_line progress_line;

/* Starts to report on work of `total` units of any kind (0: no time left is estimated). NULL when
 * out of memory: all functions take NULL and then report nothing. */
progress_line *progress_start(double total);

/* Says what is done from now on, and how much of the total is behind. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void
progress_step(progress_line *p, double done, const char *format, ...);

/* Prints on stdout at once, with the progress line out of the way. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void
progress_print(progress_line *p, const char *format, ...);

/* Removes the progress line. */
void progress_stop(progress_line *p);

/* Nanoseconds since some fixed point. */
uint64_t clock_ns(void);

#endif
