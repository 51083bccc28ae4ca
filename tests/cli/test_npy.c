/* Reading and writing .npy files: what is accepted, what is refused before it costs anything. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "npy.h"
#include "npy_header.h"

static const char good_header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

/* ---- Header text --------------------------------------------------------------------------- */

typedef struct header_case {
    const char *text;
    const char *expected; /* the shape, or what the message holds */
} header_case;

static clconv_status parse(const char *text, npy_array *array, clconv_error *error)
{
    *array = (npy_array){0};
    *error = (clconv_error){CLCONV_OK, ""};
    return npy_header_parse(text, strlen(text), "x.npy", array, error);
}

Test(npy, accepts_what_numpy_would)
{
    static const header_case cases[] = {
        {good_header, "(2, 3)"},
        {"{'shape': (7,), 'descr': '<f4', 'fortran_order': False}", "(7,)"},
        {"{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (1, 2, 3, 4, 5)}",
         "(1, 2, 3, 4, 5)"},
        {"  {'descr':'<f4','fortran_order':False,'shape':(2,3,)}   \n", "(2, 3)"},
        {"{ 'descr' : '<f4' ,\n'fortran_order' : False , 'shape' : ( 2 , 3 ) , }\n", "(2, 3)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,)}", NULL},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2305843009213693951,)}",
         "(2305843009213693951,)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        npy_array array;
        clconv_error error;
        char shape[NPY_SHAPE_TEXT];
        const clconv_status status = parse(cases[i].text, &array, &error);
        if (!cases[i].expected) {
            cr_expect(status != CLCONV_OK, "accepted %s", cases[i].text);
            continue;
        }
        cr_expect(status == CLCONV_OK, "refused %s: %s", cases[i].text, error.message);
        cr_expect(strcmp(npy_shape_text(&array, shape), cases[i].expected) == 0, "%s read as %s",
                  cases[i].text, shape);
    }
}

Test(npy, refuses_each_truncation_of_a_header)
{
    for (size_t length = 0; length < sizeof good_header - 1; length++) {
        npy_array array = {0};
        clconv_error error = {CLCONV_OK, ""};
        cr_expect(npy_header_parse(good_header, length, "x.npy", &array, &error) ==
                      CLCONV_INVALID_ARGUMENT,
                  "accepted %.*s", (int)length, good_header);
        cr_expect(strncmp(error.message, "x.npy: ", 7) == 0, "%s", error.message);
    }
}

Test(npy, messages_name_the_cause)
{
    static const header_case cases[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", "big-endian"},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", "'<i4'"},
        {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}", "structured"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2,)}", "Fortran order"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "single number"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0, 2)}", "(3, 0, 2) has no elem"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, -2)}", "negative"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1)}", "more than 5"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", "64 bits"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2305843009213693952,)}", "64 bits"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "64 bits"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3}", "'shape'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", "'shape'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "'shape'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} {}", "text after"},
        {"{'descr': '<f4', 'fortran_order': False}", "lacks"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}", "key 'shape'"},
        {"{'a key that goes on and on and on and on': 1}",
         "key 'a key that goes on and on and on...'"},
        {"{'de\\x73cr': '<f4'}", "not a dictionary"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        npy_array array;
        clconv_error error;
        cr_expect(parse(cases[i].text, &array, &error) == CLCONV_INVALID_ARGUMENT, "accepted %s",
                  cases[i].text);
        cr_expect(strstr(error.message, cases[i].expected) != NULL, "%s: %s", cases[i].text,
                  error.message);
    }
}

Test(npy, formats_as_numpy)
{
    const npy_array vector = {.dims = 1, .shape = {7}};
    const npy_array image = {.dims = 4, .shape = {10, 3, 224, 224}};
    char text[NPY_HEADER_TEXT];
    npy_header_format(&vector, text);
    cr_expect_str_eq(text, "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }"
                           "                    ");
    npy_header_format(&image, text);
    cr_expect_str_eq(text, "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 3, 224, 224), }"
                           "                   ");
}

/* ---- Streams ------------------------------------------------------------------------------- */

enum { FILE_BYTES = 256 };

/* A version 1.0 file of shape (2, 3) into `bytes`; returns its size. */
static size_t make_file(unsigned char bytes[FILE_BYTES])
{
    static const unsigned char prefix[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    const size_t length = sizeof good_header - 1;
    const float data[] = {1, 2, 3, 4, 5, 6};
    unsigned char *at = bytes;
    memcpy(at, prefix, sizeof prefix);
    at += sizeof prefix;
    *at++ = (unsigned char)length;
    *at++ = 0;
    memcpy(at, good_header, length);
    at += length;
    memcpy(at, data, sizeof data);
    at += sizeof data;
    return (size_t)(at - bytes);
}

static clconv_status read_bytes(void *bytes, size_t size, uint64_t claimed_size, npy_array *array,
                                clconv_error *error)
{
    FILE *const stream = fmemopen(bytes, size, "rb");
    cr_assert(stream != NULL);
    const clconv_status status = npy_read_stream(stream, claimed_size, "x.npy", array, error);
    fclose(stream);
    return status;
}

Test(npy, reads_a_stream)
{
    unsigned char bytes[FILE_BYTES];
    npy_array array;
    clconv_error error = {CLCONV_OK, ""};
    const size_t size = make_file(bytes);
    cr_assert(read_bytes(bytes, size, size, &array, &error) == CLCONV_OK, "%s", error.message);
    cr_assert(array.dims == 2 && array.shape[0] == 2 && array.shape[1] == 3 && array.count == 6);
    for (size_t i = 0; i < array.count; i++)
        cr_expect(array.data[i] == (float)(i + 1));
    npy_free(&array);
    cr_expect(array.data == NULL && array.dims == 0);
}

Test(npy, refuses_each_truncation_of_a_file)
{
    unsigned char bytes[FILE_BYTES];
    const size_t size = make_file(bytes);
    for (size_t length = 1; length < size; length++) {
        npy_array array;
        clconv_error error = {CLCONV_OK, ""};
        cr_expect(read_bytes(bytes, length, length, &array, &error) == CLCONV_INVALID_ARGUMENT,
                  "accepted %zu of %zu bytes", length, size);
        cr_expect(array.data == NULL && array.dims == 0 && error.message[0] != '\0');
    }
}

Test(npy, refuses_a_stream_that_ends_before_its_claimed_size)
{
    unsigned char bytes[FILE_BYTES];
    npy_array array;
    clconv_error error = {CLCONV_OK, ""};
    const size_t size = make_file(bytes);
    cr_expect(read_bytes(bytes, size - 4, size, &array, &error) == CLCONV_INVALID_ARGUMENT);
    cr_expect(strstr(error.message, "cannot be read to its end") != NULL, "%s", error.message);
    cr_expect(array.data == NULL);
}

Test(npy, caps_the_header_before_it_is_read)
{
    unsigned char bytes[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, 1, 0, 1, 0, '{'};
    npy_array array;
    clconv_error error = {CLCONV_OK, ""};
    cr_expect(read_bytes(bytes, sizeof bytes, UINT64_C(1) << 40, &array, &error) ==
              CLCONV_INVALID_ARGUMENT);
    cr_expect(strstr(error.message, "65537") != NULL, "%s", error.message);
}

/* ---- Files --------------------------------------------------------------------------------- */

static int count_entries(const char *directory)
{
    int entries = 0;
    DIR *const opened = opendir(directory);
    cr_assert(opened != NULL);
    while (readdir(opened))
        entries++;
    closedir(opened);
    return entries - 2; /* . and .. */
}

Test(npy, what_is_written_is_read_again)
{
    char directory[] = "clconv-npy-XXXXXX";
    cr_assert(mkdtemp(directory) != NULL);
    char path[64];
    snprintf(path, sizeof path, "%s/a.npy", directory);

    float data[] = {-1.5F, 0, 1e-40F, 3e38F, 5, 6};
    const npy_array array = {.dims = 3, .shape = {1, 2, 3}, .count = 6, .data = data};
    npy_array again;
    clconv_error error = {CLCONV_OK, ""};
    cr_assert(npy_write(path, &array, &error) == CLCONV_OK, "%s", error.message);
    cr_assert(npy_write(path, &array, &error) == CLCONV_OK, "%s", error.message);
    cr_expect(count_entries(directory) == 1);
    cr_assert(npy_read(path, &again, &error) == CLCONV_OK, "%s", error.message);
    cr_expect(again.dims == 3 && again.count == 6);
    cr_expect(memcmp(again.shape, array.shape, 3 * sizeof array.shape[0]) == 0);
    cr_expect(memcmp(again.data, data, sizeof data) == 0);
    npy_free(&again);

    cr_expect(npy_write(directory, &array, &error) == CLCONV_INVALID_ARGUMENT);
    strcat(path, "/below");
    cr_expect(npy_write(path, &array, &error) == CLCONV_INVALID_ARGUMENT);
    cr_expect(count_entries(directory) == 1);
    path[strlen(path) - strlen("/below")] = '\0';
    remove(path);
    rmdir(directory);
}
