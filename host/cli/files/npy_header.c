#include "npy_header.h"

#include <stdarg.h>
#include <string.h>

#include "file.h"

/* A place in the header text, which ends at `end` and has no NUL. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

/* A piece of it. */
typedef struct span {
    const char *begin;
    size_t length;
} span;

static void skip_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

/* Takes a word of punctuation or letters, with the space before it. */
static int take(cursor *c, const char *word)
{
    const size_t length = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
        return 0;
    c->at += length;
    return 1;
}

/* Takes a quoted string without escapes. */
static int take_string(cursor *c, span *string)
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return 0;
    const char quote = *c->at;
    const char *const begin = c->at + 1;
    const char *const close = memchr(begin, quote, (size_t)(c->end - begin));
    if (!close || memchr(begin, '\\', (size_t)(close - begin)))
        return 0;
    *string = (span){begin, (size_t)(close - begin)};
    c->at = close + 1;
    return 1;
}

static int equals(span string, const char *text)
{
    return string.length == strlen(text) && memcmp(string.begin, text, string.length) == 0;
}

/* A piece of an untrusted file for a message: short and printable. */
static const char *quoted(span string, char text[40])
{
    size_t n = 0;
    for (; n < string.length && n < 32; n++)
        text[n] = (char)(string.begin[n] >= ' ' && string.begin[n] <= '~' ? string.begin[n] : '?');
    strcpy(text + n, string.length > n ? "..." : "");
    return text;
}

/* Where the parser is and what it found. */
typedef struct parser {
    cursor c;
    const char *name;
    npy_array *array;
    clconv_error *error;
} parser;

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static clconv_status
bad(parser *p, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return cli_error(p->error, CLCONV_INVALID_ARGUMENT, "%s: %s", p->name, what);
}

static clconv_status parse_descr(parser *p)
{
    span type;
    char text[40];
    if (!take_string(&p->c, &type)) {
        skip_space(&p->c);
        if (p->c.at < p->c.end && *p->c.at == '[')
            return bad(p, "a structured array; only float32 is read");
        return bad(p, "damaged .npy header: no type after 'descr'");
    }
    if (equals(type, ">f4"))
        return bad(p, "big-endian float32 ('>f4'); only little-endian ('<f4') is read");
    if (!equals(type, "<f4"))
        return bad(p, "its type is '%s'; only float32 ('<f4') is read", quoted(type, text));
    return CLCONV_OK;
}

static clconv_status parse_order(parser *p)
{
    if (take(&p->c, "True"))
        return bad(p, "in Fortran order; only C order is read (numpy.ascontiguousarray)");
    if (!take(&p->c, "False"))
        return bad(p, "damaged .npy header: 'fortran_order' is neither True nor False");
    return CLCONV_OK;
}

static clconv_status parse_dimension(parser *p, int64_t *size)
{
    skip_space(&p->c);
    if (p->c.at < p->c.end && *p->c.at == '-')
        return bad(p, "its header has a negative dimension");
    if (p->c.at == p->c.end || *p->c.at < '0' || *p->c.at > '9')
        return bad(p, "damaged .npy header: 'shape' is not a tuple of numbers");
    int64_t value = 0;
    for (; p->c.at < p->c.end && *p->c.at >= '0' && *p->c.at <= '9'; p->c.at++) {
        const int digit = *p->c.at - '0';
        if (value > (INT64_MAX - digit) / 10)
            return bad(p, "its header has a dimension beyond 64 bits");
        value = value * 10 + digit;
    }
    *size = value;
    return CLCONV_OK;
}

static clconv_status parse_shape(parser *p)
{
    npy_array *const array = p->array;
    if (!take(&p->c, "("))
        return bad(p, "damaged .npy header: 'shape' is not a tuple");
    array->dims = 0;
    while (!take(&p->c, ")")) {
        if (array->dims == NPY_MAX_DIMS)
            return bad(p, "more than %d dimensions", NPY_MAX_DIMS);
        const clconv_status status = parse_dimension(p, &array->shape[array->dims]);
        if (status != CLCONV_OK)
            return status;
        array->dims++;
        if (take(&p->c, ","))
            continue;
        if (array->dims == 1 || !take(&p->c, ")")) /* (3) is a number, (3,) a tuple */
            return bad(p, "damaged .npy header: 'shape' is not a tuple of numbers");
        break;
    }
    return CLCONV_OK;
}

static clconv_status count_elements(parser *p)
{
    npy_array *const array = p->array;
    if (array->dims == 0)
        return bad(p, "a single number (shape ()), not an array");
    for (int d = 0; d < array->dims; d++) {
        char text[NPY_SHAPE_TEXT];
        if (array->shape[d] == 0)
            return bad(p, "shape %s has no elements", npy_shape_text(array, text));
    }
    int64_t count = 1;
    for (int d = 0; d < array->dims; d++) {
        char text[NPY_SHAPE_TEXT];
        if (array->shape[d] > INT64_MAX / (int64_t)sizeof(float) / count)
            return bad(p, "shape %s is beyond 64 bits", npy_shape_text(array, text));
        count *= array->shape[d];
    }
    array->count = (size_t)count;
    if ((int64_t)array->count != count)
        return bad(p, "larger than this machine can address");
    return CLCONV_OK;
}

clconv_status npy_header_parse(const char *text, size_t length, const char *name, npy_array *array,
                               clconv_error *error)
{
    static const struct {
        const char *key;
        clconv_status (*parse)(parser *p);
    } fields[] = {{"descr", parse_descr}, {"fortran_order", parse_order}, {"shape", parse_shape}};
    enum { FIELDS = sizeof fields / sizeof fields[0], ALL = (1 << FIELDS) - 1 };

    parser p = {{text, text + length}, name, array, error};
    if (!take(&p.c, "{"))
        return bad(&p, "damaged .npy header: it is not a dictionary");
    unsigned seen = 0;
    while (!take(&p.c, "}")) {
        span key;
        char word[40];
        if (!take_string(&p.c, &key) || !take(&p.c, ":"))
            return bad(&p, "damaged .npy header: it is not a dictionary");
        unsigned i = 0;
        while (i < FIELDS && !equals(key, fields[i].key))
            i++;
        if (i == FIELDS || (seen & (1u << i)))
            return bad(&p, "damaged .npy header: key '%s'", quoted(key, word));
        seen |= 1u << i;
        const clconv_status status = fields[i].parse(&p);
        if (status != CLCONV_OK)
            return status;
        if (take(&p.c, ","))
            continue;
        if (!take(&p.c, "}"))
            return bad(&p, "damaged .npy header: it is not a dictionary");
        break;
    }
    skip_space(&p.c);
    if (p.c.at != p.c.end)
        return bad(&p, "damaged .npy header: text after the dictionary");
    if (seen != ALL)
        return bad(&p, "damaged .npy header: it lacks descr, fortran_order or shape");
    return count_elements(&p);
}

const char *npy_shape_text(const npy_array *array, char text[NPY_SHAPE_TEXT])
{
    size_t n = 0;
    text[n++] = '(';
    for (int d = 0; d < array->dims; d++) {
        n += (size_t)snprintf(text + n, NPY_SHAPE_TEXT - n, "%s%lld", d ? ", " : "",
                              (long long)array->shape[d]);
    }
    strcpy(text + n, array->dims == 1 ? ",)" : ")");
    return text;
}

size_t npy_header_format(const npy_array *array, char text[NPY_HEADER_TEXT])
{
    enum { GROWTH_DIGITS = 21 }; /* numpy.lib.format.GROWTH_AXIS_MAX_DIGITS */
    char shape[NPY_SHAPE_TEXT];
    const int digits = snprintf(NULL, 0, "%lld", (long long)array->shape[0]);
    return (size_t)snprintf(text, NPY_HEADER_TEXT,
                            "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }%*s",
                            npy_shape_text(array, shape), GROWTH_DIGITS - digits, "");
}
