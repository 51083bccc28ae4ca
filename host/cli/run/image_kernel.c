#include "image_kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "npy.h"

enum { MAX_SIZE = 1023 }; /* of a kernel made here: 512 is half a large picture */

/* The Sobel operator in x, then in y: [1 2 1]^T x [-1 0 1] and its transpose. */
static const float sobel[] = {-1, 0, 1, -2, 0, 2, -1, 0, 1, -1, -2, -1, 0, 0, 0, 1, 2, 1};
static const float sharpen[] = {0, -1, 0, -1, 5, -1, 0, -1, 0};

static clconv_status allocate(image_kernel *kernel, size_t rows, size_t columns, size_t count,
                              clconv_error *error)
{
    *kernel = (image_kernel){.rows = rows, .columns = columns, .count = count};
    kernel->values = malloc(rows * columns * count * sizeof(float));
    return kernel->values ? CLCONV_OK
                          : cli_error(error, CLCONV_OUT_OF_HOST_MEMORY,
                                      "the host is out of memory for the kernel");
}

static clconv_status copy_3x3(const float *values, size_t count, image_result result,
                              image_kernel *kernel, clconv_error *error)
{
    const clconv_status status = allocate(kernel, 3, 3, count, error);
    if (status == CLCONV_OK) {
        memcpy(kernel->values, values, count * 9 * sizeof(float));
        kernel->result = result;
    }
    return status;
}

static clconv_status build_sobel(double argument, image_kernel *kernel, clconv_error *error)
{
    (void)argument;
    return copy_3x3(sobel, 2, IMAGE_MAGNITUDE, kernel, error);
}

static clconv_status build_sobel_x(double argument, image_kernel *kernel, clconv_error *error)
{
    (void)argument;
    return copy_3x3(sobel, 1, IMAGE_SIGNED, kernel, error);
}

static clconv_status build_sobel_y(double argument, image_kernel *kernel, clconv_error *error)
{
    (void)argument;
    return copy_3x3(sobel + 9, 1, IMAGE_SIGNED, kernel, error);
}

static clconv_status build_sharpen(double argument, image_kernel *kernel, clconv_error *error)
{
    (void)argument;
    return copy_3x3(sharpen, 1, IMAGE_SAME, kernel, error);
}

/* exp(-(x^2 + y^2) / (2 sigma^2)) to 3 sigma, of sum 1. */
static clconv_status build_gauss(double sigma, image_kernel *kernel, clconv_error *error)
{
    const double radius = ceil(3 * sigma);
    if (!(sigma > 0) || 2 * radius + 1 > MAX_SIZE) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "--kernel gauss:SIGMA takes a number above 0 and up to %d",
                         (MAX_SIZE - 1) / 2 / 3);
    }
    const size_t size = 2 * (size_t)radius + 1;
    const clconv_status status = allocate(kernel, size, size, 1, error);
    if (status != CLCONV_OK)
        return status;

    double line[MAX_SIZE], sum = 0;
    for (size_t i = 0; i < size; i++) {
        const double distance = (double)i - radius;
        line[i] = exp(-distance * distance / (2 * sigma * sigma));
        sum += line[i];
    }
    for (size_t i = 0; i < size * size; i++)
        kernel->values[i] = (float)(line[i / size] * line[i % size] / (sum * sum));
    return CLCONV_OK;
}

static clconv_status build_box(double argument, image_kernel *kernel, clconv_error *error)
{
    if (!(argument >= 1 && argument <= MAX_SIZE) || argument != floor(argument)) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "--kernel box:N takes a whole number from 1 to %d", MAX_SIZE);
    }
    const size_t size = (size_t)argument;
    const clconv_status status = allocate(kernel, size, size, 1, error);
    if (status != CLCONV_OK)
        return status;
    for (size_t i = 0; i < size * size; i++)
        kernel->values[i] = (float)(1 / (argument * argument));
    return CLCONV_OK;
}

static const struct kernel_row {
    const char *name;
    const char *argument; /* NULL: takes none */
    clconv_status (*build)(double argument, image_kernel *kernel, clconv_error *error);
} kernel_rows[] = {
    {"sobel", NULL, build_sobel},     {"sobel-x", NULL, build_sobel_x},
    {"sobel-y", NULL, build_sobel_y}, {"gauss", "SIGMA", build_gauss},
    {"box", "N", build_box},          {"sharpen", NULL, build_sharpen},
};

enum { KERNEL_ROWS = sizeof kernel_rows / sizeof kernel_rows[0] };

static clconv_status read_kernel(const char *path, image_kernel *kernel, clconv_error *error)
{
    char shape[NPY_SHAPE_TEXT];
    npy_array array;
    const clconv_status status = npy_read(path, &array, error);
    if (status != CLCONV_OK)
        return status;
    if (array.dims != 2) {
        cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: a kernel has two dimensions, not shape %s",
                  path, npy_shape_text(&array, shape));
        npy_free(&array);
        return error->status;
    }
    for (size_t i = 0; i < array.count; i++) {
        if (!isfinite(array.data[i])) {
            npy_free(&array);
            return cli_error(error, CLCONV_INVALID_ARGUMENT,
                             "%s: a kernel's values are finite; element %zu is not", path, i);
        }
    }
    *kernel =
        (image_kernel){(size_t)array.shape[0], (size_t)array.shape[1], 1, IMAGE_SAME, array.data};
    return CLCONV_OK;
}

static clconv_status fail_unknown(const char *text, clconv_error *error)
{
    char names[128];
    size_t n = 0;
    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        const struct kernel_row *const row = &kernel_rows[i];
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s%s, ", row->name,
                              row->argument ? ":" : "", row->argument ? row->argument : "");
    }
    return cli_error(error, CLCONV_INVALID_ARGUMENT, "--kernel takes %sor K.npy, not '%s'", names,
                     text);
}

clconv_status image_kernel_make(const char *text, image_kernel *kernel, clconv_error *error)
{
    static const char suffix[] = ".npy";
    const size_t length = strlen(text), suffix_length = sizeof suffix - 1;
    *kernel = (image_kernel){0};
    if (length > suffix_length && strcmp(text + length - suffix_length, suffix) == 0)
        return read_kernel(text, kernel, error);

    const size_t name_length = strcspn(text, ":");
    for (size_t i = 0; i < KERNEL_ROWS; i++) {
        const struct kernel_row *const row = &kernel_rows[i];
        if (strlen(row->name) != name_length || strncmp(text, row->name, name_length) != 0)
            continue;
        if ((text[name_length] == ':') != (row->argument != NULL))
            break;
        if (!row->argument)
            return row->build(0, kernel, error);
        char *end;
        const char *const number = text + name_length + 1;
        const double argument = strtod(number, &end);
        return row->build(end == number || *end != '\0' ? NAN : argument, kernel, error);
    }
    return fail_unknown(text, error);
}

void image_kernel_free(image_kernel *kernel)
{
    free(kernel->values);
    *kernel = (image_kernel){0};
}
