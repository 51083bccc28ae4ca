#include "cl/program_cache.h"

#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A hundred KiB each, so hundreds of programs. */
static const uint64_t most_bytes = (uint64_t)64 << 20;

static const char suffix[] = ".program";

enum { DEVICE_TEXT = 2048, NAME_TEXT = 32 };

struct cc_program_cache {
    cl_context cl;
    cl_device_id id;
    cc_store store;
    char device[DEVICE_TEXT]; /* the part of each key that says for whom the binary is */
    int costly;               /* see binaries_are_costly */
};

/* What a file starts with; the key and the binary follow. In the machine's own byte order: the
 * binary is of no use to any other. */
typedef struct header {
    char magic[16];
    uint64_t key_bytes;
    uint64_t binary_bytes;
    uint64_t checksum; /* of the key and the binary */
} header;

static const char magic[16] = "clconv program\n";

/* FNV-1a: against damage and for names, not against forgery; the folder is the user's own. */
static const uint64_t hash_start = 0xcbf29ce484222325u;

static uint64_t hash(uint64_t value, const void *data, size_t bytes)
{
    const unsigned char *const at = data;
    for (size_t i = 0; i < bytes; ++i)
        value = (value ^ at[i]) * 0x100000001b3u;
    return value;
}

/* ---- Keys ---- */

static void put_info(cc_text *out, cl_device_id id, const char *what, cl_device_info info)
{
    char value[512] = "";
    if (clGetDeviceInfo(id, info, sizeof(value), value, NULL) != CL_SUCCESS)
        value[0] = '\0';
    cc_text_put(out, "%s %s\n", what, value);
}

/* PoCL compiles all kernels of a program once more, for any size of work-group, when it is asked
 * for the binary: as long again as what was compiled for use. */
static int binaries_are_costly(const char *platform)
{
    return strcmp(platform, "Portable Computing Language") == 0;
}

cc_program_cache *cc_program_cache_create(cl_context cl, cl_device_id id)
{
    char name[256] = "", version[512] = "";
    cl_platform_id platform = NULL;
    cc_program_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL)
        return NULL;
    cc_store_open(&cache->store);
    if (cache->store.folder[0] == '\0' ||
        clGetDeviceInfo(id, CL_DEVICE_PLATFORM, sizeof(platform), &platform, NULL) != CL_SUCCESS ||
        clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name), name, NULL) != CL_SUCCESS ||
        clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof(version), version, NULL) !=
            CL_SUCCESS) {
        free(cache);
        return NULL;
    }
    cache->cl = cl;
    cache->id = id;
    cache->costly = binaries_are_costly(name);

    cc_text text = cc_text_make(cache->device, sizeof(cache->device));
    cc_text_put(&text, "clconv %s, %zu bits\nplatform %s, %s\n", clconv_version(),
                8 * sizeof(void *), name, version);
    put_info(&text, id, "device", CL_DEVICE_NAME);
    put_info(&text, id, "vendor", CL_DEVICE_VENDOR);
    put_info(&text, id, "version", CL_DEVICE_VERSION);
    put_info(&text, id, "driver", CL_DRIVER_VERSION);
    return cache;
}

void cc_program_cache_destroy(cc_program_cache *cache)
{
    free(cache);
}

/* The key of a program and the name of its file; the caller's to free. */
static char *make_key(const cc_program_cache *cache, const cc_source *source, const char *options,
                      size_t *bytes, char name[NAME_TEXT])
{
    static const char format[] = "%soptions %s\nkernels/%s.cl\n%s";
    const size_t size = sizeof(format) + strlen(cache->device) + strlen(options) +
                        strlen(source->name) + strlen(source->text);
    char *key = malloc(size);
    if (key == NULL)
        return NULL;
    const int length =
        snprintf(key, size, format, cache->device, options, source->name, source->text);
    *bytes = length > 0 ? (size_t)length : 0;
    snprintf(name, NAME_TEXT, "%016llx%s", (unsigned long long)hash(hash_start, key, *bytes),
             suffix);
    return key;
}

/* ---- Loading ---- */

/* Where the binary of an entry starts; NULL when the entry is damaged or another program's. */
static const unsigned char *check_entry(const char *entry, size_t bytes, const char *key,
                                        size_t key_bytes, size_t *binary_bytes)
{
    header h;
    if (bytes < sizeof(h))
        return NULL;
    memcpy(&h, entry, sizeof(h));
    const size_t rest = bytes - sizeof(h);
    const char *const body = entry + sizeof(h);
    if (memcmp(h.magic, magic, sizeof(magic)) != 0 || h.key_bytes != key_bytes ||
        key_bytes >= rest || h.binary_bytes != rest - key_bytes ||
        h.checksum != hash(hash_start, body, rest) || memcmp(body, key, key_bytes) != 0)
        return NULL;
    *binary_bytes = rest - key_bytes;
    return (const unsigned char *)body + key_bytes;
}

static cl_program create(const cc_program_cache *cache, const unsigned char *binary, size_t bytes,
                         const char *options)
{
    cl_int code = CL_SUCCESS, accepted = CL_SUCCESS;
    cl_program program =
        clCreateProgramWithBinary(cache->cl, 1, &cache->id, &bytes, &binary, &accepted, &code);
    if (program == NULL)
        return NULL;
    if (code == CL_SUCCESS && accepted == CL_SUCCESS &&
        clBuildProgram(program, 1, &cache->id, options, NULL, NULL) == CL_SUCCESS)
        return program;
    clReleaseProgram(program);
    return NULL;
}

cl_program cc_program_cache_load(const cc_program_cache *cache, const cc_source *source,
                                 const char *options, int *store)
{
    char name[NAME_TEXT];
    size_t key_bytes = 0, bytes = 0, binary_bytes = 0;
    cl_program program = NULL;
    char *key = make_key(cache, source, options, &key_bytes, name);
    char *entry = key != NULL ? cc_store_read(&cache->store, name, &bytes) : NULL;
    *store = !cache->costly || entry != NULL;
    if (entry != NULL) {
        const unsigned char *const binary =
            check_entry(entry, bytes, key, key_bytes, &binary_bytes);
        if (binary != NULL)
            program = create(cache, binary, binary_bytes, options);
        if (program != NULL)
            cc_store_touch(&cache->store, name);
    } else if (cache->costly && key != NULL) {
        /* An empty file: wanted once. Who wants it a second time will want it a third. */
        (void)cc_store_write(&cache->store, name, NULL, 0);
    }
    free(entry);
    free(key);
    return program;
}

/* ---- Saving ---- */

/* The binary for one of the devices of a program; NULL without one. The caller's to free. */
static unsigned char *get_binary(cl_program program, cl_device_id id, size_t *bytes)
{
    unsigned char *binary = NULL;
    cl_uint count = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_NUM_DEVICES, sizeof(count), &count, NULL) !=
            CL_SUCCESS ||
        count == 0)
        return NULL;
    cl_device_id *ids = calloc(count, sizeof(*ids));
    size_t *sizes = calloc(count, sizeof(*sizes));
    unsigned char **binaries = calloc(count, sizeof(*binaries)); /* NULL: not wanted */
    if (ids == NULL || sizes == NULL || binaries == NULL ||
        clGetProgramInfo(program, CL_PROGRAM_DEVICES, count * sizeof(*ids), ids, NULL) !=
            CL_SUCCESS ||
        clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, count * sizeof(*sizes), sizes, NULL) !=
            CL_SUCCESS)
        goto cleanup;
    for (cl_uint i = 0; i < count; ++i)
        if (ids[i] == id && sizes[i] > 0 && binary == NULL) {
            binary = malloc(sizes[i]);
            binaries[i] = binary;
            *bytes = sizes[i];
        }
    if (binary != NULL && clGetProgramInfo(program, CL_PROGRAM_BINARIES, count * sizeof(*binaries),
                                           binaries, NULL) != CL_SUCCESS) {
        free(binary);
        binary = NULL;
    }

cleanup:
    free(ids);
    free(sizes);
    free(binaries);
    return binary;
}

void cc_program_cache_save(const cc_program_cache *cache, const cc_source *source,
                           const char *options, cl_program program)
{
    char name[NAME_TEXT];
    size_t key_bytes = 0, bytes = 0;
    char *key = make_key(cache, source, options, &key_bytes, name);
    unsigned char *binary = key != NULL ? get_binary(program, cache->id, &bytes) : NULL;
    if (binary != NULL) {
        header h = {.key_bytes = key_bytes, .binary_bytes = bytes};
        memcpy(h.magic, magic, sizeof(magic));
        h.checksum = hash(hash(hash_start, key, key_bytes), binary, bytes);
        const cc_store_part parts[] = {{&h, sizeof(h)}, {key, key_bytes}, {binary, bytes}};
        if (cc_store_write(&cache->store, name, parts, sizeof(parts) / sizeof(parts[0])))
            cc_store_trim(&cache->store, suffix, most_bytes);
    }
    free(binary);
    free(key);
}
