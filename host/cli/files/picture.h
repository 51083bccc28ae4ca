/* PNG pictures of 8 bits a channel, through libpng's simplified interface. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include "clconv.h"

typedef struct picture {
    uint32_t width;
    uint32_t height;
    uint32_t colors; /* 1: gray, 3: red, green, blue; sRGB */
    uint32_t alpha;  /* 1: an alpha channel follows the colors of each pixel */
    uint8_t *pixels; /* height x width x (colors + alpha); free with picture_free */
} picture;

/* Reads any PNG; 16 bits become 8, a palette becomes colors. A failure leaves *pic empty, with
 * one line in *error that begins with the path. */
clconv_status picture_read(const char *path, picture *pic, clconv_error *error);

/* Writes a PNG of 8 bits a channel, whole or not at all. */
clconv_status picture_write(const char *path, const picture *pic, clconv_error *error);

/* Pixels for the sizes of *pic, whose `pixels` are NULL. */
clconv_status picture_allocate(picture *pic, clconv_error *error);
void picture_free(picture *pic);

#endif
