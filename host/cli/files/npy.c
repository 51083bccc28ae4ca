#include "npy.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "npy_header.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error ".npy data are read and written as they lie in memory, little-endian"
#endif

enum {
    MAGIC_BYTES = 8, /* the magic string and two bytes of version */
    ALIGNMENT = 64,  /* of the data in the file */
};

static const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

static clconv_status fail(clconv_error *error, const char *name, const char *what)
{
    return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: %s", name, what);
}

/* Reads everything before the header text: its length, and where it begins. */
static clconv_status read_prefix(FILE *stream, const char *name, uint32_t *header_bytes,
                                 uint64_t *header_begin, clconv_error *error)
{
    unsigned char prefix[MAGIC_BYTES], length[4] = {0};
    if (fread(prefix, 1, sizeof prefix, stream) != sizeof prefix ||
        memcmp(prefix, magic, sizeof magic) != 0)
        return fail(error, name, "not a .npy file");

    const unsigned major = prefix[6], minor = prefix[7];
    if (major < 1 || major > 3 || minor != 0) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "%s: .npy version %u.%u; 1.0, 2.0 and 3.0 are read", name, major, minor);
    }
    const size_t length_bytes = major == 1 ? 2 : 4;
    if (fread(length, 1, length_bytes, stream) != length_bytes)
        return fail(error, name, "truncated .npy header");
    *header_bytes = (uint32_t)length[0] | (uint32_t)length[1] << 8 | (uint32_t)length[2] << 16 |
                    (uint32_t)length[3] << 24;
    *header_begin = MAGIC_BYTES + length_bytes;
    if (*header_bytes > NPY_MAX_HEADER_BYTES) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "%s: its header claims %lu bytes; at most %d are read", name,
                         (unsigned long)*header_bytes, NPY_MAX_HEADER_BYTES);
    }
    return CLCONV_OK;
}

/* The data must be exactly what the shape needs; refuses before anything is allocated. */
static clconv_status check_size(const npy_array *array, uint64_t data_bytes, const char *name,
                                clconv_error *error)
{
    char shape[NPY_SHAPE_TEXT];
    const uint64_t needed = (uint64_t)array->count * sizeof(float);
    if (needed != data_bytes) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "%s: %s: shape %s needs %llu bytes, the file has %llu", name,
                         needed > data_bytes ? "truncated" : "longer than its header says",
                         npy_shape_text(array, shape), (unsigned long long)needed,
                         (unsigned long long)data_bytes);
    }
    if (!file_fits_memory(needed)) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "%s: shape %s needs %llu bytes, more than this machine's memory", name,
                         npy_shape_text(array, shape), (unsigned long long)needed);
    }
    return CLCONV_OK;
}

static clconv_status read_array(FILE *stream, uint64_t size_bytes, const char *name,
                                npy_array *array, clconv_error *error)
{
    uint32_t header_bytes = 0;
    uint64_t header_begin = 0;
    clconv_status status = read_prefix(stream, name, &header_bytes, &header_begin, error);
    if (status != CLCONV_OK)
        return status;
    if (header_begin + header_bytes > size_bytes)
        return fail(error, name, "truncated .npy header");

    char *const header = malloc(header_bytes + 1u);
    if (!header)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    if (fread(header, 1, header_bytes, stream) == header_bytes)
        status = npy_header_parse(header, header_bytes, name, array, error);
    else
        status = fail(error, name, "truncated .npy header");
    free(header);
    if (status == CLCONV_OK)
        status = check_size(array, size_bytes - header_begin - header_bytes, name, error);
    if (status != CLCONV_OK)
        return status;

    array->data = malloc(array->count * sizeof(float));
    if (!array->data)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "%s: out of memory", name);
    if (fread(array->data, sizeof(float), array->count, stream) != array->count)
        return fail(error, name, "cannot be read to its end");
    return CLCONV_OK;
}

clconv_status npy_read_stream(FILE *stream, uint64_t size_bytes, const char *name, npy_array *array,
                              clconv_error *error)
{
    *array = (npy_array){0};
    const clconv_status status = read_array(stream, size_bytes, name, array, error);
    if (status != CLCONV_OK)
        npy_free(array);
    return status;
}

clconv_status npy_read(const char *path, npy_array *array, clconv_error *error)
{
    FILE *file;
    uint64_t size_bytes;
    *array = (npy_array){0};
    clconv_status status = file_open(path, &file, &size_bytes, error);
    if (status != CLCONV_OK)
        return status;
    status = npy_read_stream(file, size_bytes, path, array, error);
    fclose(file);
    return status;
}

clconv_status npy_write(const char *path, const npy_array *array, clconv_error *error)
{
    char header[NPY_HEADER_TEXT];
    const size_t text_bytes = npy_header_format(array, header);
    /* magic, version, length, text, spaces, newline: a multiple of 64; a full line when it is one
     * already, as in NumPy */
    const size_t used = MAGIC_BYTES + 2 + text_bytes + 1;
    const size_t spaces = ALIGNMENT - used % ALIGNMENT;
    const size_t length = text_bytes + spaces + 1;
    const unsigned char version_and_length[] = {1, 0, (unsigned char)(length & 255),
                                                (unsigned char)(length >> 8)};

    file_output output;
    const clconv_status status = file_output_open(&output, path, error);
    if (status != CLCONV_OK)
        return status;
    FILE *const file = output.stream;
    const int written = fwrite(magic, sizeof magic, 1, file) == 1 &&
                        fwrite(version_and_length, sizeof version_and_length, 1, file) == 1 &&
                        fwrite(header, 1, text_bytes, file) == text_bytes &&
                        fprintf(file, "%*s\n", (int)spaces, "") > 0 &&
                        fwrite(array->data, sizeof(float), array->count, file) == array->count;
    return written ? file_output_commit(&output, error) : file_output_fail(&output, error);
}

void npy_free(npy_array *array)
{
    free(array->data);
    *array = (npy_array){0};
}
