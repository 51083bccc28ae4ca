/* What a peer takes from the system beside C: clocks, and lines over pipes. */
#ifndef PEER_TIME_H
#define PEER_TIME_H

#include <stdio.h>

#include "peer.h"

/* A stream to where standard output went; standard output itself becomes standard error. NULL when
 * that failed. */
FILE *peer_take_stdout(void);

/* Reads a line of standard input into *line, a malloc'd buffer that is reused; 0 at the end. */
int peer_read_line(char **line);

/* Waits until this process uses no processor time: thread pools keep their threads spinning for a
 * while after work, for the sake of what may follow, and would slow down whoever is measured next.
 * To forbid the spinning would be unfair: with OMP_WAIT_POLICY=passive oneDNN takes 50 us instead
 * of 20 for a small depthwise convolution. Gives up after a tenth of a second. */
void peer_wait_until_quiet(void);

#endif
