/* libFuzzer target: the reader of .npy files on any bytes. What it accepts must be consistent, and
 * written and read again it must be the same array; what it refuses must leave nothing behind.
 *
 *   clang -fsanitize=fuzzer,address,undefined -Iinclude -Ihost/cli/files \
 *       tests/fuzz/fuzz_npy.c host/cli/files/{npy,npy_header,file}.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"
#include "npy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* The header that would be written for an accepted array reads as the same shape. */
static void check_header_again(const npy_array *array)
{
    char text[NPY_HEADER_TEXT];
    npy_array again = {0};
    clconv_error error;
    const size_t length = npy_header_format(array, text);
    require(length < sizeof text);
    require(npy_header_parse(text, length, "again", &again, &error) == CLCONV_OK);
    require(again.dims == array->dims && again.count == array->count);
    require(memcmp(again.shape, array->shape, (size_t)array->dims * sizeof array->shape[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    char *const copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, bytes, size);
    FILE *const stream = fmemopen(copy, size, "rb");
    require(stream != NULL);

    npy_array array;
    clconv_error error = {CLCONV_OK, ""};
    if (npy_read_stream(stream, size, "fuzzed", &array, &error) == CLCONV_OK) {
        require(array.dims >= 1 && array.dims <= NPY_MAX_DIMS);
        require(array.count >= 1 && array.count <= size / sizeof(float));
        require(memcmp(array.data, bytes + size - array.count * sizeof(float),
                       array.count * sizeof(float)) == 0);
        check_header_again(&array);
        npy_free(&array);
    } else {
        require(array.data == NULL && array.dims == 0);
        require(strncmp(error.message, "fuzzed: ", 8) == 0 && !strchr(error.message, '\n'));
    }
    fclose(stream);
    free(copy);
    return 0;
}
