#include "file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

clconv_status cli_error(clconv_error *error, clconv_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

static clconv_status fail_errno(clconv_error *error, const char *path)
{
    return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: %s", path, strerror(errno));
}

clconv_status file_open(const char *path, FILE **file, uint64_t *size_bytes, clconv_error *error)
{
    struct stat info;
    *file = NULL;
    if (stat(path, &info) != 0)
        return fail_errno(error, path);
    if (!S_ISREG(info.st_mode))
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: not a regular file", path);
    *file = fopen(path, "rb");
    if (!*file)
        return fail_errno(error, path);
    *size_bytes = (uint64_t)info.st_size;
    return CLCONV_OK;
}

int file_fits_memory(uint64_t bytes)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    return pages <= 0 || page_bytes <= 0 || bytes / (uint64_t)page_bytes < (uint64_t)pages;
}

clconv_status file_output_check(const char *path, clconv_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         S_ISDIR(info.st_mode) ? "%s: is a directory" : "%s: not a regular file",
                         path);
    }

    char *directory = malloc(strlen(path) + 2);
    if (!directory)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    strcpy(directory, path);
    char *slash = strrchr(directory, '/');
    strcpy(slash ? slash + 1 : directory, ".");

    clconv_status status = CLCONV_OK;
    if (access(directory, W_OK | X_OK) != 0) {
        status = cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: cannot write in its directory: %s",
                           path, strerror(errno));
    }
    free(directory);
    return status;
}

/* Creates a file that was not there, named after the one it will replace. */
static FILE *create_beside(const char *path, char *temporary, size_t size)
{
    enum { ATTEMPTS = 100 }; /* files that killed processes of the same number left behind */
    FILE *stream = NULL;
    for (int i = 0; i < ATTEMPTS && !stream; i++) {
        snprintf(temporary, size, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        stream = fopen(temporary, "wbx");
        if (!stream && errno != EEXIST)
            break;
    }
    return stream;
}

clconv_status file_output_open(file_output *output, const char *path, clconv_error *error)
{
    enum { SUFFIX_BYTES = 40 };
    *output = (file_output){.path = path};
    if (file_output_check(path, error) != CLCONV_OK)
        return error->status;

    const size_t size = strlen(path) + SUFFIX_BYTES;
    output->temporary = malloc(size);
    if (!output->temporary)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    output->stream = create_beside(path, output->temporary, size);
    if (!output->stream) {
        fail_errno(error, path);
        free(output->temporary);
        *output = (file_output){0};
        return error->status;
    }
    return CLCONV_OK;
}

clconv_status file_output_commit(file_output *output, clconv_error *error)
{
    FILE *const stream = output->stream;
    output->stream = NULL;
    if (fclose(stream) != 0 || rename(output->temporary, output->path) != 0)
        return file_output_fail(output, error);
    free(output->temporary);
    *output = (file_output){0};
    return CLCONV_OK;
}

clconv_status file_output_fail(file_output *output, clconv_error *error)
{
    fail_errno(error, output->path);
    file_output_discard(output);
    return error->status;
}

void file_output_discard(file_output *output)
{
    if (output->stream)
        fclose(output->stream);
    if (output->temporary)
        remove(output->temporary);
    free(output->temporary);
    *output = (file_output){0};
}
