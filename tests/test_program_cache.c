/* Compiled programs on disk: kept, loaded, and ignored when anything about them is wrong. */
#define _POSIX_C_SOURCE 200809L
#include "cl/program_cache.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char options[] = "-cl-std=CL1.2 -DVALUE=7";
static const cc_source source = {
    "seven", "__kernel void seven(__global int *x) { x[get_global_id(0)] = VALUE; }\n"};
static const cc_source other = {
    "other", "__kernel void other(__global int *x) { x[get_global_id(0)] = 1 + VALUE; }\n"};

/* An empty folder for the cache, in a private place; what the environment names from now on. */
static const char *fresh_folder(void)
{
    static char folder[64];
    strcpy(folder, "/tmp/clconv-cache-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    setenv("CLCONV_CACHE_DIR", folder, 1); /* each test is a process of its own */
    return folder;
}

static void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
    (void)rmdir(folder);
}

/* The path of the one entry there. */
static void find_file(const char *folder, char path[512])
{
    size_t count = 0;
    DIR *d = opendir(folder);
    cr_assert_not_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.') {
            snprintf(path, 512, "%s/%s", folder, e->d_name);
            ++count;
        }
    closedir(d);
    cr_assert_eq(count, 1);
}

static char *read_file(const char *path, size_t *bytes)
{
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f);
    cr_assert_eq(fseek(f, 0, SEEK_END), 0);
    *bytes = (size_t)ftell(f);
    rewind(f);
    char *data = malloc(*bytes + 1);
    cr_assert_eq(fread(data, 1, *bytes, f), *bytes);
    fclose(f);
    return data;
}

static void write_file(const char *path, const char *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(data, 1, bytes, f), bytes);
    cr_assert_eq(fclose(f), 0);
}

typedef struct fixture {
    cl_context cl;
    cl_device_id id;
    cc_program_cache *cache;
} fixture;

static int has_device(void)
{
    cc_device_list list;
    const int found = cc_device_list_make(&list, NULL) == CLCONV_OK && list.count > 0;
    cc_device_list_free(&list);
    return found;
}

static fixture start(void)
{
    fixture f = {0};
    cc_device_list list;
    cl_int code = CL_SUCCESS;
    cr_assert_eq(cc_device_list_make(&list, NULL), CLCONV_OK);
    f.id = list.ids[0];
    cc_device_list_free(&list);
    f.cl = clCreateContext(NULL, 1, &f.id, NULL, NULL, &code);
    cr_assert_eq(code, CL_SUCCESS);
    f.cache = cc_program_cache_create(f.cl, f.id);
    return f;
}

static void stop(fixture *f)
{
    cc_program_cache_destroy(f->cache);
    clReleaseContext(f->cl);
}

/* Whether the program computes what it should: the binary is the one that was asked for. */
static int runs(const fixture *f, cl_program program, const char *function, int expected)
{
    int value = 0;
    const size_t one = 1;
    cl_int code = CL_SUCCESS;
    cl_command_queue queue = clCreateCommandQueue(f->cl, f->id, 0, &code);
    cl_mem x = clCreateBuffer(f->cl, CL_MEM_READ_WRITE, sizeof(value), NULL, &code);
    cl_kernel kernel = clCreateKernel(program, function, &code);
    const int fine =
        kernel != NULL && clSetKernelArg(kernel, 0, sizeof(x), &x) == CL_SUCCESS &&
        clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL) == CL_SUCCESS &&
        clEnqueueReadBuffer(queue, x, CL_TRUE, 0, sizeof(value), &value, 0, NULL, NULL) ==
            CL_SUCCESS;
    if (kernel != NULL)
        clReleaseKernel(kernel);
    clReleaseMemObject(x);
    clReleaseCommandQueue(queue);
    return fine && value == expected;
}

static void build_and_save(const fixture *f)
{
    cl_program program = NULL;
    cr_assert_eq(cc_program_build(f->cl, f->id, &source, "-DVALUE=7", &program, NULL), CLCONV_OK);
    cr_assert(runs(f, program, "seven", 7));
    cc_program_cache_save(f->cache, &source, options, program);
    clReleaseProgram(program);
}

static int loads(const fixture *f)
{
    int store = 0;
    cl_program program = cc_program_cache_load(f->cache, &source, options, &store);
    if (program == NULL)
        return 0;
    cr_assert(runs(f, program, "seven", 7));
    clReleaseProgram(program);
    return 1;
}

static void need_device(void)
{
    if (!has_device())
        cr_skip_test("no OpenCL device");
}

Test(program_cache, keeps_what_was_built)
{
    need_device();
    const char *const folder = fresh_folder();
    fixture f = start();
    int store = 0;
    struct stat found;
    cr_assert(!loads(&f));
    build_and_save(&f);
    cr_assert(loads(&f));
    char path[512];
    find_file(folder, path);
    cr_assert_eq(stat(path, &found), 0);
    cr_assert_eq(found.st_mode & 0777, 0600);
    cr_assert_null(cc_program_cache_load(f.cache, &other, options, &store));
    cr_assert_null(cc_program_cache_load(f.cache, &source, "-DVALUE=8", &store));
    stop(&f);
    remove_folder(folder);
}

/* Each way to damage an entry; it must count as missing, and be replaced. */
static void damage(char *data, size_t *bytes, int way)
{
    switch (way) {
    case 0: *bytes = 0; break;
    case 1: *bytes = 20; break;
    case 2: *bytes -= 1; break;
    case 3:
        data[*bytes - 9] ^= 1; /* in the binary */
        break;
    case 4:
        data[60] ^= 1; /* in the key */
        break;
    case 5:
        data[0] ^= 1; /* not our file */
        break;
    case 6:
        memset(data + 16, 0xff, 16); /* lengths */
        break;
    default:
        data[*bytes] = 'x'; /* there is room for it */
        *bytes += 1;
    }
}

/* A folder with one entry, that of `source`. */
typedef struct kept_entry {
    fixture f;
    const char *folder;
    char path[512];
    char *data;
    size_t bytes;
} kept_entry;

static kept_entry keep_entry(void)
{
    kept_entry e = {.folder = fresh_folder()};
    e.f = start(); /* in that folder */
    build_and_save(&e.f);
    find_file(e.folder, e.path);
    e.data = read_file(e.path, &e.bytes);
    return e;
}

static void remove_entry(kept_entry *e)
{
    free(e->data);
    stop(&e->f);
    remove_folder(e->folder);
}

Test(program_cache, damaged_entries_are_ignored_and_replaced)
{
    need_device();
    kept_entry e = keep_entry();
    for (int way = 0; way < 8; ++way) {
        size_t bytes = e.bytes;
        char *bad = malloc(bytes + 1);
        memcpy(bad, e.data, bytes);
        damage(bad, &bytes, way);
        write_file(e.path, bad, bytes);
        free(bad);
        int store = 0;
        cr_assert_null(cc_program_cache_load(e.f.cache, &source, options, &store), "way %d", way);
        cr_assert(store, "way %d", way);
    }
    build_and_save(&e.f);
    cr_assert(loads(&e.f));
    remove_entry(&e);
}

static uint64_t fnv(const char *data, size_t bytes)
{
    uint64_t value = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; ++i)
        value = (value ^ (unsigned char)data[i]) * 0x100000001b3u;
    return value;
}

static void write_with_checksum(const kept_entry *e)
{
    const uint64_t checksum = fnv(e->data + 40, e->bytes - 40);
    memcpy(e->data + 32, &checksum, sizeof(checksum));
    write_file(e->path, e->data, e->bytes);
}

/* An entry in good order, but of another version of the library, under this version's name. */
Test(program_cache, entries_of_another_version_are_ignored)
{
    need_device();
    kept_entry e = keep_entry();
    char *const version = e.data + 40 + strlen("clconv ");
    cr_assert_eq(strncmp(version, clconv_version(), strlen(clconv_version())), 0);
    version[0] += 1;
    write_with_checksum(&e);
    cr_assert(!loads(&e.f));
    version[0] -= 1;
    write_with_checksum(&e);
    cr_assert(loads(&e.f));
    remove_entry(&e);
}

Test(program_cache, many_processes_share_a_folder)
{
    enum { PROCESSES = 8 };
    const char *const folder = fresh_folder();
    pid_t ids[PROCESSES];
    for (int i = 0; i < PROCESSES; ++i) {
        ids[i] = fork(); /* before this process knows OpenCL */
        cr_assert_geq(ids[i], 0);
        if (ids[i] != 0)
            continue;
        if (!has_device())
            _exit(0);
        fixture f = start();
        for (int round = 0; round < 4; ++round)
            if (!loads(&f))
                build_and_save(&f);
        _exit(loads(&f) ? 0 : 1);
    }
    for (int i = 0; i < PROCESSES; ++i) {
        int result = 0;
        cr_assert_eq(waitpid(ids[i], &result, 0), ids[i]);
        cr_assert_eq(result, 0, "process %d", i);
    }
    need_device();
    char path[512];
    find_file(folder, path); /* and nothing temporary beside it */
    remove_folder(folder);
}

/* Programs of one context, from disk or not: how many were loaded. */
static size_t load_direct(void)
{
    fixture f = start();
    cc_programs *programs = NULL;
    cc_kernel *kernel = NULL;
    clconv_statistics statistics;
    clconv_error error = {0};
    cr_assert_eq(cc_programs_create(f.cl, f.id, &programs, &error), CLCONV_OK);
    cr_assert_eq(cc_kernel_create(programs, "pack", "pack", "", &kernel, &error), CLCONV_OK, "%s",
                 error.message);
    cc_programs_statistics(programs, &statistics);
    cr_assert_eq(statistics.programs, 1);
    cc_kernel_destroy(kernel);
    cc_programs_destroy(programs);
    stop(&f);
    return statistics.loaded;
}

Test(program_cache, contexts_find_what_others_built)
{
    need_device();
    const char *const folder = fresh_folder();
    cr_assert_eq(load_direct(), 0);
    (void)load_direct(); /* PoCL: the second one keeps it */
    cr_assert_eq(load_direct(), 1);
    remove_folder(folder);
}

static void works_without(const char *what)
{
    cc_store store;
    cc_store_open(&store);
    cr_assert_str_eq(store.folder, "", "%s", what);
    cr_assert_eq(load_direct(), 0, "%s", what);
    cr_assert_eq(load_direct(), 0, "%s", what);
    cr_assert_eq(load_direct(), 0, "%s", what);
}

Test(program_cache, no_folder_is_fine)
{
    need_device();
    unsetenv("CLCONV_CACHE_DIR");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    works_without("no HOME");
    setenv("HOME", "/proc/none", 1);
    works_without("HOME cannot be made");
    setenv("CLCONV_CACHE_DIR", "", 1);
    works_without("turned off");
    setenv("CLCONV_CACHE_DIR", "/dev/null", 1);
    works_without("not a folder");
}

Test(program_cache, a_folder_that_others_can_write_is_not_used)
{
    need_device();
    const char *const folder = fresh_folder();
    cr_assert_eq(chmod(folder, 0770), 0);
    works_without("writable by the group");
    remove_folder(folder);
}

Test(program_cache, a_folder_that_cannot_be_written_is_fine)
{
    need_device();
    setenv("CLCONV_CACHE_DIR", "/proc/self", 1); /* not even for root */
    cr_assert_eq(load_direct(), 0);
    cr_assert_eq(load_direct(), 0);
    cr_assert_eq(load_direct(), 0);
}

Test(program_cache, the_folder_is_private)
{
    const char *const folder = fresh_folder();
    char inside[128];
    struct stat found;
    cc_store store;
    snprintf(inside, sizeof(inside), "%s/a/b", folder);
    umask(0);
    setenv("CLCONV_CACHE_DIR", inside, 1);
    cc_store_open(&store);
    cr_assert_str_eq(store.folder, inside);
    cr_assert_eq(stat(inside, &found), 0);
    cr_assert_eq(found.st_mode & 0777, 0700);
    rmdir(inside);
    *strrchr(inside, '/') = '\0';
    rmdir(inside);
    remove_folder(folder);
}

Test(program_cache, the_oldest_files_make_room)
{
    enum { file = 10 + 512 }; /* content and overhead */
    static const char *const names[] = {"a.x", "b.x", "c.x", "d.y"};
    const char *const folder = fresh_folder();
    cc_store store;
    size_t bytes = 0;
    cc_store_open(&store);
    for (int i = 0; i < 4; ++i) {
        char path[128];
        const struct timespec times[2] = {{.tv_sec = 1000 + i}, {.tv_sec = 1000 + i}};
        cr_assert(cc_store_write(&store, names[i], &(cc_store_part){"0123456789", 10}, 1));
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    cc_store_trim(&store, ".x", 3 * file);
    char *kept = cc_store_read(&store, "a.x", &bytes);
    cr_assert_not_null(kept);
    cr_assert_eq(bytes, 10);
    free(kept);
    cc_store_touch(&store, "a.x");
    cc_store_trim(&store, ".x", 3 * file - 1);
    const int expected[] = {1, 0, 1, 1};
    for (int i = 0; i < 4; ++i) {
        kept = cc_store_read(&store, names[i], &bytes);
        cr_assert_eq(kept != NULL, expected[i], "%s", names[i]);
        free(kept);
    }
    remove_folder(folder);
}
