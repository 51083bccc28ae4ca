/* Files that are written whole or not at all, and one-line errors about files. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stdio.h>

#include "clconv.h"

/* Fills *error with a status and a formatted line; returns the status. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
clconv_status
cli_error(clconv_error *error, clconv_status status, const char *format, ...);

/* Opens a regular file for reading and tells its size. */
clconv_status file_open(const char *path, FILE **file, uint64_t *size_bytes, clconv_error *error);

/* Whether `bytes` fit in this machine's memory: asked before believing what a file says. */
int file_fits_memory(uint64_t bytes);

/* Whether a file could be written at `path`: asked before a long computation. */
clconv_status file_output_check(const char *path, clconv_error *error);

/* A file being written: a temporary one in the directory of `path`, which it replaces at last.
 * After open, exactly one of commit, fail and discard ends it. */
typedef struct file_output {
    FILE *stream;
    char *temporary;
    const char *path;
} file_output;

clconv_status file_output_open(file_output *output, const char *path, clconv_error *error);

/* Replaces `path` by what was written; a failure leaves nothing behind. */
clconv_status file_output_commit(file_output *output, clconv_error *error);

/* Removes the temporary file and reports errno, which a write to the stream has set. */
clconv_status file_output_fail(file_output *output, clconv_error *error);

/* Removes the temporary file. */
void file_output_discard(file_output *output);

#endif
