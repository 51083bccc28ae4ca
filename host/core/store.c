#if !defined(_WIN32)
#define _POSIX_C_SOURCE 200809L
#endif

#include "core/store.h"

#include <stdlib.h>

#if defined(_WIN32) /* not kept there yet */

void cc_store_open(cc_store *store)
{
    store->folder[0] = '\0';
}

char *cc_store_read(const cc_store *store, const char *name, size_t *bytes)
{
    (void)store, (void)name, (void)bytes;
    return NULL;
}

int cc_store_write(const cc_store *store, const char *name, const cc_store_part *parts,
                   size_t count)
{
    (void)store, (void)name, (void)parts, (void)count;
    return 0;
}

void cc_store_append(const cc_store *store, const char *name, const char *line)
{
    (void)store, (void)name, (void)line;
}

void cc_store_touch(const cc_store *store, const char *name)
{
    (void)store, (void)name;
}

void cc_store_trim(const cc_store *store, const char *suffix, uint64_t bytes)
{
    (void)store, (void)suffix, (void)bytes;
}

#else
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FILE_PATH = CC_STORE_PATH + 256,
    FILE_MOST_BYTES = 1 << 28, /* no file of ours is larger */
    FILES_MOST = 1 << 16,      /* that trimming looks at */
    OVERHEAD_BYTES = 512,      /* what a file takes besides its content */
    STALE_S = 3600             /* nobody takes so long to write a file */
};

static const char temporary_prefix[] = "tmp-";

/* ---- The folder ---- */

/* Whether an snprintf wrote all of its text. */
static int fits(int length, size_t size)
{
    return length >= 0 && (size_t)length < size;
}

/* The path that the environment asks for; 0: none. */
static int choose_folder(char *path)
{
    const char *const own = getenv("CLCONV_CACHE_DIR");
    const char *const xdg = getenv("XDG_CACHE_HOME");
    const char *const home = getenv("HOME");
    if (own != NULL)
        return own[0] != '\0' && fits(snprintf(path, CC_STORE_PATH, "%s", own), CC_STORE_PATH);
    if (xdg != NULL && xdg[0] == '/') /* the XDG specification ignores relative paths */
        return fits(snprintf(path, CC_STORE_PATH, "%s/clconv", xdg), CC_STORE_PATH);
    if (home != NULL && home[0] == '/')
        return fits(snprintf(path, CC_STORE_PATH, "%s/.cache/clconv", home), CC_STORE_PATH);
    return 0;
}

/* Makes the folders of a path that are missing. */
static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    (void)mkdir(path, 0700);
}

static int is_private_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == geteuid() &&
           (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

void cc_store_open(cc_store *store)
{
    struct stat found;
    if (choose_folder(store->folder)) {
        if (stat(store->folder, &found) != 0)
            make_folders(store->folder);
        if (is_private_folder(store->folder))
            return;
    }
    store->folder[0] = '\0';
}

static int file_path(const cc_store *store, const char *name, char path[FILE_PATH])
{
    return store->folder[0] != '\0' &&
           fits(snprintf(path, FILE_PATH, "%s/%s", store->folder, name), FILE_PATH);
}

/* ---- Files ---- */

static int write_all(int file, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        const ssize_t written = write(file, at, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return 0;
        at += written;
        bytes -= (size_t)written;
    }
    return 1;
}

static int read_all(int file, char *data, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t got = read(file, data, bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        data += got;
        bytes -= (size_t)got;
    }
    return 1;
}

char *cc_store_read(const cc_store *store, const char *name, size_t *bytes)
{
    char path[FILE_PATH];
    struct stat found;
    char *data = NULL;
    if (!file_path(store, name, path))
        return NULL;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return NULL;
    if (fstat(file, &found) == 0 && S_ISREG(found.st_mode) && found.st_uid == geteuid() &&
        found.st_size <= FILE_MOST_BYTES)
        data = malloc((size_t)found.st_size + 1);
    if (data != NULL && !read_all(file, data, (size_t)found.st_size)) {
        free(data);
        data = NULL;
    }
    if (data != NULL) {
        *bytes = (size_t)found.st_size;
        data[*bytes] = '\0';
    }
    close(file);
    return data;
}

int cc_store_write(const cc_store *store, const char *name, const cc_store_part *parts,
                   size_t count)
{
    char path[FILE_PATH], temporary[FILE_PATH];
    if (!file_path(store, name, path) || !fits(snprintf(temporary, sizeof(temporary), "%s/%sXXXXXX",
                                                        store->folder, temporary_prefix),
                                               sizeof(temporary)))
        return 0;
    const int file = mkstemp(temporary);
    if (file < 0)
        return 0;
    int fine = 1;
    for (size_t i = 0; i < count && fine; ++i)
        fine = write_all(file, parts[i].data, parts[i].bytes);
    fine = close(file) == 0 && fine;
    fine = fine && rename(temporary, path) == 0;
    if (!fine)
        (void)unlink(temporary);
    return fine;
}

/* One write to a file opened for appending is not mixed with those of other processes. */
void cc_store_append(const cc_store *store, const char *name, const char *line)
{
    char path[FILE_PATH];
    if (!file_path(store, name, path))
        return;
    const int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return;
    (void)write_all(file, line, strlen(line));
    close(file);
}

void cc_store_touch(const cc_store *store, const char *name)
{
    char path[FILE_PATH];
    if (file_path(store, name, path))
        (void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

/* ---- Trimming ---- */

typedef struct kept {
    char *name;
    struct timespec used;
    uint64_t bytes;
} kept;

static int older_first(const void *a, const void *b)
{
    const kept *const x = a;
    const kept *const y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

static int has_suffix(const char *name, const char *suffix)
{
    const size_t length = strlen(name), tail = strlen(suffix);
    return length > tail && strcmp(name + length - tail, suffix) == 0;
}

static int is_stale(const char *name, const struct stat *found)
{
    return strncmp(name, temporary_prefix, sizeof(temporary_prefix) - 1) == 0 &&
           found->st_mtime < time(NULL) - STALE_S;
}

/* The files with this suffix; removes stale ones on the way. NULL and 0 when there are none. */
static kept *list_files(DIR *folder, const char *suffix, size_t *count)
{
    kept *files = NULL;
    size_t room = 0;
    *count = 0;
    for (struct dirent *entry; *count < FILES_MOST && (entry = readdir(folder)) != NULL;) {
        struct stat found;
        if (fstatat(dirfd(folder), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(found.st_mode))
            continue;
        if (is_stale(entry->d_name, &found))
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
        if (!has_suffix(entry->d_name, suffix))
            continue;
        if (*count == room) {
            room = room > 0 ? 2 * room : 64;
            kept *larger = realloc(files, room * sizeof(*files));
            if (larger == NULL)
                break;
            files = larger;
        }
        char *name = strdup(entry->d_name);
        if (name == NULL)
            break;
        files[(*count)++] = (kept){name, found.st_mtim, (uint64_t)found.st_size + OVERHEAD_BYTES};
    }
    return files;
}

void cc_store_trim(const cc_store *store, const char *suffix, uint64_t bytes)
{
    size_t count = 0;
    uint64_t total = 0;
    DIR *folder = store->folder[0] != '\0' ? opendir(store->folder) : NULL;
    if (folder == NULL)
        return;
    kept *files = list_files(folder, suffix, &count);
    if (count > 0)
        qsort(files, count, sizeof(*files), older_first);
    for (size_t i = 0; i < count; ++i)
        total += files[i].bytes;
    for (size_t i = 0; i < count; ++i) {
        if (total > bytes && unlinkat(dirfd(folder), files[i].name, 0) == 0)
            total -= files[i].bytes;
        free(files[i].name);
    }
    free(files);
    closedir(folder);
}
#endif
