/* A program that answers lines with lines. */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <sys/types.h>

#include "clconv.h"

/* Zero-initialise. */
typedef struct process {
    pid_t pid; /* 0: not running */
    int socket;
    char *buffer; /* what was read; the first line is kept until the next is asked for */
    size_t length;
    size_t consumed;
    size_t capacity;
} process;

/* Starts a program with its standard input and output connected, in a process group of its own, so
 * that Ctrl-C does not reach it. `variables` are "NAME=VALUE", up to a NULL, and are added to this
 * process's environment. */
clconv_status process_start(process *p, const char *const arguments[],
                            const char *const variables[], clconv_error *error);

clconv_status process_send(process *p, const char *text, clconv_error *error);

/* Waits for one line at most `timeout_s`, or until an interrupt. The line is valid until the next
 * call. */
clconv_status process_read_line(process *p, double timeout_s, char **line, clconv_error *error);

/* Ends its input; kills it if it does not end within a second. */
void process_stop(process *p);

/* Kills it at once. */
void process_kill(process *p);

#endif
