/* NumPy's .npy files: float32 in C order, 1 to 5 dimensions.
 *
 * Format: numpy.lib.format in NumPy's manual. Versions 1.0, 2.0 and 3.0 are read; version 1.0 is
 * written, byte for byte as numpy.save writes it. */
#ifndef CLI_NPY_H
#define CLI_NPY_H

#include <stdint.h>
#include <stdio.h>

#include "clconv.h"

enum {
    NPY_MAX_DIMS = 5,
    NPY_MAX_HEADER_BYTES = 65536,
};

typedef struct npy_array {
    int dims;
    int64_t shape[NPY_MAX_DIMS]; /* the first `dims` are at least 1 */
    size_t count;                /* their product */
    float *data;                 /* `count` floats; free with npy_free */
} npy_array;

/* Reads an array. A failure leaves *array empty, with one line in *error that begins with the
 * path. */
clconv_status npy_read(const char *path, npy_array *array, clconv_error *error);

/* The same from a stream of `size_bytes` bytes; `name` stands for the path. Nothing is allocated
 * beyond the header cap before the shape was checked against the size. */
clconv_status npy_read_stream(FILE *stream, uint64_t size_bytes, const char *name, npy_array *array,
                              clconv_error *error);

/* Writes an array to `path`, whole or not at all. */
clconv_status npy_write(const char *path, const npy_array *array, clconv_error *error);

void npy_free(npy_array *array);

/* The shape as Python prints it, "(2, 3)"; returns `text`. */
enum { NPY_SHAPE_TEXT = 128 };
const char *npy_shape_text(const npy_array *array, char text[NPY_SHAPE_TEXT]);

#endif
