#include "temporary.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

clconv_status temporary_create(char path[TEMPORARY_PATH], clconv_error *error)
{
    const char *parent = getenv("TMPDIR");
    if (!parent || !parent[0])
        parent = "/tmp";
    const int length = snprintf(path, TEMPORARY_PATH, "%s/clconv-bench-XXXXXX", parent);
    if (length >= TEMPORARY_PATH || !mkdtemp(path)) {
        path[0] = '\0';
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "no folder in %s: %s", parent,
                         length >= TEMPORARY_PATH ? "the name is too long" : strerror(errno));
    }
    return CLCONV_OK;
}

static void remove_entries(DIR *folder, const char *path)
{
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        const size_t size = strlen(path) + strlen(entry->d_name) + 2;
        char *below = malloc(size);
        if (!below)
            return;
        snprintf(below, size, "%s/%s", path, entry->d_name);
        if (unlink(below) != 0)
            temporary_remove(below);
        free(below);
    }
}

void temporary_remove(const char *path)
{
    DIR *folder = path[0] ? opendir(path) : NULL;
    if (!folder)
        return;
    remove_entries(folder, path);
    closedir(folder);
    rmdir(path);
}
