/* The text of a .npy header: a Python dictionary with the keys descr, fortran_order and shape. */
#ifndef CLI_NPY_HEADER_H
#define CLI_NPY_HEADER_H

#include "npy.h"

/* Reads `length` bytes of header text into dims, shape and count, and refuses what is not float32
 * in C order. The count may be more than any file holds, but has not overflowed. */
clconv_status npy_header_parse(const char *text, size_t length, const char *name, npy_array *array,
                               clconv_error *error);

/* Writes the dictionary as numpy.save does, with the spaces it adds so that the first dimension
 * can grow in place, without the alignment that follows. Returns its length, below 512. */
enum { NPY_HEADER_TEXT = 512 };
size_t npy_header_format(const npy_array *array, char text[NPY_HEADER_TEXT]);

#endif
