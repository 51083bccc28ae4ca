/* The image kernels that `clconv filter` knows by name. */
#ifndef CLI_IMAGE_KERNEL_H
#define CLI_IMAGE_KERNEL_H

#include "clconv.h"

/* How results become 8 bits. All are rounded and clamped to 0..255. */
typedef enum image_result {
    IMAGE_SAME,      /* as they are, for each color on its own */
    IMAGE_SIGNED,    /* of the brightness: 128 + result / 4, so that 128 is no change */
    IMAGE_MAGNITUDE, /* of the brightness: the length of the vector of two results */
} image_result;

/* `count` matrices of rows x columns, one after the other. */
typedef struct image_kernel {
    size_t rows;
    size_t columns;
    size_t count; /* 2 for IMAGE_MAGNITUDE, else 1 */
    image_result result;
    float *values; /* free with image_kernel_free */
} image_kernel;

/* Makes the kernel of "sobel", "gauss:2", ..., or reads one from K.npy of two dimensions. */
clconv_status image_kernel_make(const char *text, image_kernel *kernel, clconv_error *error);
void image_kernel_free(image_kernel *kernel);

#endif
