#include "picture.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

static png_uint_32 format_of(const picture *pic)
{
    return (pic->colors == 3 ? PNG_FORMAT_FLAG_COLOR : 0u) |
           (pic->alpha ? PNG_FORMAT_FLAG_ALPHA : 0u);
}

static uint64_t pixel_bytes(const picture *pic)
{
    return (uint64_t)pic->width * pic->height * (pic->colors + pic->alpha);
}

clconv_status picture_allocate(picture *pic, clconv_error *error)
{
    enum { FLOATS = 4 }; /* what filtering needs beside it, in floats per channel */
    const uint64_t bytes = pixel_bytes(pic);
    if (bytes <= SIZE_MAX && file_fits_memory(bytes * (1 + FLOATS * sizeof(float))))
        pic->pixels = malloc((size_t)bytes);
    if (!pic->pixels) {
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "a picture of %lux%lu pixels is more than this machine's memory",
                         (unsigned long)pic->width, (unsigned long)pic->height);
    }
    return CLCONV_OK;
}

static clconv_status fail_png(clconv_error *error, const char *path, const png_image *image)
{
    return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: damaged PNG: %s", path, image->message);
}

static int begins_as_png(FILE *file)
{
    unsigned char signature[8];
    const int is_png = fread(signature, 1, sizeof signature, file) == sizeof signature &&
                       png_sig_cmp(signature, 0, sizeof signature) == 0;
    rewind(file);
    return is_png;
}

static clconv_status read_png(FILE *file, const char *path, png_image *image, picture *pic,
                              clconv_error *error)
{
    if (!begins_as_png(file))
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: not a PNG file", path);
    if (!png_image_begin_read_from_stdio(image, file))
        return fail_png(error, path, image);

    pic->width = image->width;
    pic->height = image->height;
    pic->colors = image->format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
    pic->alpha = image->format & PNG_FORMAT_FLAG_ALPHA ? 1 : 0;
    if (picture_allocate(pic, error) != CLCONV_OK) {
        return cli_error(error, error->status,
                         "%s: its %lux%lu pixels are more than this machine's memory", path,
                         (unsigned long)pic->width, (unsigned long)pic->height);
    }
    image->format = format_of(pic);
    image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
    if (!png_image_finish_read(image, NULL, pic->pixels, 0, NULL))
        return fail_png(error, path, image);
    return CLCONV_OK;
}

clconv_status picture_read(const char *path, picture *pic, clconv_error *error)
{
    FILE *file;
    uint64_t size_bytes;
    png_image image = {.version = PNG_IMAGE_VERSION};
    memset(pic, 0, sizeof *pic);
    clconv_status status = file_open(path, &file, &size_bytes, error);
    if (status != CLCONV_OK)
        return status;
    status = read_png(file, path, &image, pic, error);
    png_image_free(&image);
    fclose(file);
    if (status != CLCONV_OK)
        picture_free(pic);
    return status;
}

clconv_status picture_write(const char *path, const picture *pic, clconv_error *error)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = pic->width,
                       .height = pic->height,
                       .format = format_of(pic)};
    file_output output;
    const clconv_status status = file_output_open(&output, path, error);
    if (status != CLCONV_OK)
        return status;
    if (png_image_write_to_stdio(&image, output.stream, 0, pic->pixels, 0, NULL))
        return file_output_commit(&output, error);
    file_output_discard(&output);
    return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: cannot be written: %s", path,
                     image.message);
}

void picture_free(picture *pic)
{
    free(pic->pixels);
    memset(pic, 0, sizeof *pic);
}
