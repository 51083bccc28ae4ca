/* Text to problems, by docs/PROBLEM_STRINGS.md; problem_format.c is the inverse.
 *
 * First the text becomes a record of what it gives for each key, then the record a problem: the
 * rank follows from the axes that are there, and what is missing from the rest. */
#include "core/activation.h"
#include "core/error.h"
#include "core/problem_check.h"
#include "core/problem_string.h"
#include "core/scan.h"
#include "core/shape.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* ---- The record --------------------------------------------------------------------------- */

/* What is given along one axis, in the order of KIND_LETTERS. */
enum { INPUT, OUTPUT, KERNEL, STRIDE, BEGIN, DILATION, END, OUTPUT_PADDING, KINDS };
#define KIND_LETTERS "iokspdea"

typedef struct entry {
    const char *from; /* where its key stands; NULL: not given */
    int64_t value;
} entry;

typedef struct record {
    entry groups, batch, in_channels, out_channels;
    entry axis[CLCONV_AXES][KINDS];
    bool transposed;
    clconv_padding_mode padding_mode;
    clconv_epilogue epilogue;
} record;

static int64_t value_or(const entry *e, int64_t otherwise)
{
    return e->from != NULL ? e->value : otherwise;
}

/* ---- Keys ---------------------------------------------------------------------------------- */

/* Skips a key and gives its entry and its kind; NULL when no key comes next. */
static entry *scan_key(cc_scan *scan, record *r, int *kind)
{
    *kind = KINDS;
    if (cc_scan_word(scan, "g"))
        return &r->groups;
    if (cc_scan_word(scan, "mb"))
        return &r->batch;
    if (cc_scan_word(scan, "ic"))
        return &r->in_channels;
    if (cc_scan_word(scan, "oc"))
        return &r->out_channels;
    if (scan->at[0] == '\0' || scan->at[1] == '\0')
        return NULL;
    const char *const letter = strchr(KIND_LETTERS, scan->at[0]);
    const char *const axis = strchr(CC_AXIS_LETTERS, scan->at[1]);
    if (letter == NULL || axis == NULL)
        return NULL;
    scan->at += 2;
    *kind = (int)(letter - KIND_LETTERS);
    return &r->axis[axis - CC_AXIS_LETTERS][*kind];
}

static clconv_status parse_entry(cc_scan *scan, record *r)
{
    const char *const from = scan->at;
    int kind;
    entry *const e = scan_key(scan, r, &kind);
    if (e == NULL)
        return cc_scan_fail(scan, from,
                            "no key; there are g, mb, ic, oc and i o k s p d e a with d h w");
    if (e->from != NULL)
        return cc_scan_fail(scan, from, "the key is given twice");
    clconv_status status = CLCONV_OK;
    TRY(cc_scan_integer(scan, kind == END, &e->value));
    e->from = from;
    cc_scan_word(scan, "_");
cleanup:
    return status;
}

/* n"anything", or n and anything up to white space or '+'. */
static clconv_status skip_name(cc_scan *scan)
{
    const char *const from = scan->at++;
    if (!cc_scan_word(scan, "\"")) {
        scan->at += strcspn(scan->at, " \t\n\v\f\r+");
        return CLCONV_OK;
    }
    scan->at += strcspn(scan->at, "\"");
    if (!cc_scan_word(scan, "\""))
        return cc_scan_fail(scan, from, "the name has no closing quote");
    return CLCONV_OK;
}

/* ---- Words --------------------------------------------------------------------------------- */

/* Skips `word` if it comes next and is not the beginning of a longer one. */
static bool scan_whole_word(cc_scan *scan, const char *word)
{
    const char *const from = scan->at;
    if (cc_scan_word(scan, word) && strchr(":+- \t\n\v\f\r", *scan->at) != NULL)
        return true; /* strchr finds the end of the text, too */
    scan->at = from;
    return false;
}

static bool scan_activation(cc_scan *scan, clconv_activation *activation)
{
    for (int i = CLCONV_RELU; i <= CLCONV_SILU; ++i)
        if (scan_whole_word(scan, cc_activation_get((clconv_activation)i)->name)) {
            *activation = (clconv_activation)i;
            return true;
        }
    return false;
}

static bool scan_padding_mode(cc_scan *scan, clconv_padding_mode *mode)
{
    for (int i = CLCONV_REFLECT; i <= CLCONV_CIRCULAR; ++i)
        if (scan_whole_word(scan, cc_padding_mode_name((clconv_padding_mode)i))) {
            *mode = (clconv_padding_mode)i;
            return true;
        }
    return false;
}

static clconv_status parse_slope(cc_scan *scan, float *slope)
{
    if (!cc_scan_word(scan, ":"))
        return cc_scan_fail(scan, scan->at, "':' and the slope of leaky_relu must stand here");
    return cc_scan_float(scan, slope);
}

static clconv_status parse_word(cc_scan *scan, record *r)
{
    const char *const from = scan->at++; /* the '+' */
    clconv_activation activation = CLCONV_NONE;
    clconv_padding_mode padding_mode = CLCONV_ZEROS;
    const bool bias = scan_whole_word(scan, "bias");
    if (!bias && !scan_activation(scan, &activation) && !scan_padding_mode(scan, &padding_mode))
        return cc_scan_fail(scan, from,
                            "no word; there are bias, relu, relu6, leaky_relu:SLOPE, sigmoid, "
                            "tanh, silu, reflect, replicate and circular");
    if ((bias && r->epilogue.bias) ||
        (activation != CLCONV_NONE && r->epilogue.activation != CLCONV_NONE) ||
        (padding_mode != CLCONV_ZEROS && r->padding_mode != CLCONV_ZEROS))
        return cc_scan_fail(scan, from, "there is a word of this kind already");
    if (bias)
        r->epilogue.bias = 1;
    if (activation != CLCONV_NONE)
        r->epilogue.activation = activation;
    if (padding_mode != CLCONV_ZEROS)
        r->padding_mode = padding_mode;
    return activation == CLCONV_LEAKY_RELU ? parse_slope(scan, &r->epilogue.slope) : CLCONV_OK;
}

/* ---- Text to record ------------------------------------------------------------------------ */

static bool at_end_of_keys(const cc_scan *scan)
{
    return strchr("n+- \t\n\v\f\r", *scan->at) != NULL;
}

static clconv_status parse_record(cc_scan *scan, record *r)
{
    clconv_status status = CLCONV_OK;
    cc_scan_space(scan);
    r->transposed = cc_scan_word(scan, "deconv:");
    if (!r->transposed)
        cc_scan_word(scan, "conv:");
    while (!at_end_of_keys(scan))
        TRY(parse_entry(scan, r));
    if (*scan->at == 'n')
        TRY(skip_name(scan));
    while (*scan->at == '+')
        TRY(parse_word(scan, r));
    cc_scan_space(scan);
cleanup:
    return status;
}

/* ---- Record to problem --------------------------------------------------------------------- */

/* benchdnn: an axis given by nothing but defaults is not there. */
static bool has_axis(const record *r, int axis)
{
    const entry *const e = r->axis[axis];
    return e[INPUT].from != NULL || e[OUTPUT].from != NULL || e[KERNEL].from != NULL ||
           value_or(&e[STRIDE], 1) != 1 || value_or(&e[BEGIN], 0) != 0 ||
           value_or(&e[DILATION], 0) != 0 || value_or(&e[END], 0) != 0 ||
           value_or(&e[OUTPUT_PADDING], 0) != 0;
}

/* Finds the rank and gives the missing axes of a square or cubic problem the values of the one
 * that is there. */
static clconv_status complete_axes(const cc_scan *scan, record *r, int *rank)
{
    const bool depth = has_axis(r, CLCONV_DEPTH);
    const bool height = has_axis(r, CLCONV_HEIGHT);
    const bool width = has_axis(r, CLCONV_WIDTH);
    if (!depth && !height && !width)
        return cc_scan_fail(scan, scan->at, "no spatial axis is given, such as ih and kh");
    if (depth && height != width)
        return cc_scan_fail(scan, scan->at, "depth and %s are given, but not %s",
                            height ? "height" : "width", height ? "width" : "height");
    *rank = depth ? 3 : height ? 2 : 1;
    if (depth && !height)
        memcpy(r->axis[CLCONV_HEIGHT], r->axis[CLCONV_DEPTH], sizeof r->axis[0]);
    if (!width)
        memcpy(r->axis[CLCONV_WIDTH], r->axis[CLCONV_HEIGHT], sizeof r->axis[0]);
    return CLCONV_OK;
}

static clconv_status check_required(const cc_scan *scan, const record *r, int rank)
{
    if (r->in_channels.from == NULL || r->out_channels.from == NULL)
        return cc_scan_fail(scan, scan->at, "%s is missing",
                            r->in_channels.from == NULL ? "ic" : "oc");
    for (int axis = CLCONV_AXES - rank; axis < CLCONV_AXES; ++axis)
        if (r->axis[axis][INPUT].from == NULL || r->axis[axis][KERNEL].from == NULL)
            return cc_scan_fail(scan, scan->at, "%c%c is missing",
                                r->axis[axis][INPUT].from == NULL ? 'i' : 'k',
                                CC_AXIS_LETTERS[axis]);
    return CLCONV_OK;
}

/* The problem as far as it does not depend on the output size. */
static clconv_problem plain_problem(const record *r, int rank)
{
    clconv_problem p = clconv_problem_1d(r->in_channels.value, r->out_channels.value, 1, 1);
    p.rank = rank;
    p.transposed = r->transposed;
    p.padding_mode = r->padding_mode;
    p.epilogue = r->epilogue;
    p.batch = value_or(&r->batch, 2); /* benchdnn's default */
    p.groups = value_or(&r->groups, 1);
    for (int axis = CLCONV_AXES - rank; axis < CLCONV_AXES; ++axis) {
        const entry *const e = r->axis[axis];
        const int64_t dilation = value_or(&e[DILATION], 0);
        p.input_size[axis] = e[INPUT].value;
        p.kernel_size[axis] = e[KERNEL].value;
        p.stride[axis] = value_or(&e[STRIDE], 1);
        p.dilation[axis] = dilation < INT64_MAX ? dilation + 1 : dilation;
        p.padding_begin[axis] = value_or(&e[BEGIN], 0);
        p.padding_end[axis] = value_or(&e[END], p.padding_begin[axis]);
        p.output_padding[axis] = value_or(&e[OUTPUT_PADDING], 0);
    }
    return p;
}

/* benchdnn: half of all padding that gives the output size; none if that is below zero. */
static int64_t begin_from_output(const clconv_problem *p, int axis, int64_t output)
{
    const int64_t taps = p->dilation[axis] * (p->kernel_size[axis] - 1) + 1;
    const int64_t padding = p->transposed
                                ? (p->input_size[axis] - 1) * p->stride[axis] + taps - output
                                : (output - 1) * p->stride[axis] + taps - p->input_size[axis];
    return padding > 0 ? padding / 2 : 0;
}

/* Brings a given output size to bear on one axis. */
static clconv_status apply_output(const cc_scan *scan, const entry *e, clconv_problem *p, int axis)
{
    if (e[OUTPUT].from == NULL)
        return CLCONV_OK;
    const int64_t output = e[OUTPUT].value;
    if (output < 1 || output > INT32_MAX)
        return cc_fail(scan->error, CLCONV_INVALID_PROBLEM,
                       "o%c is %" PRId64 "; it must be 1 to %d", CC_AXIS_LETTERS[axis], output,
                       INT32_MAX);
    if (e[END].from == NULL && e[OUTPUT_PADDING].from == NULL) {
        if (e[BEGIN].from == NULL)
            p->padding_begin[axis] = begin_from_output(p, axis, output);
        cc_derive_end(p, (clconv_axis)axis, output);
        return CLCONV_OK;
    }
    const int64_t follows = cc_output_size(p, (clconv_axis)axis);
    if (follows != output)
        return cc_fail(scan->error, CLCONV_INVALID_PROBLEM,
                       "o%c is %" PRId64 ", but %" PRId64 " follows from the other values",
                       CC_AXIS_LETTERS[axis], output, follows);
    return CLCONV_OK;
}

static clconv_status parse_one(cc_scan *scan, clconv_problem *problem)
{
    record r = {0};
    int rank = 0;
    clconv_problem p;
    clconv_status status = CLCONV_OK;
    TRY(parse_record(scan, &r));
    TRY(complete_axes(scan, &r, &rank));
    TRY(check_required(scan, &r, rank));
    p = plain_problem(&r, rank);
    status = cc_problem_check_ranges(&p, scan->error);
    for (int axis = CLCONV_AXES - rank; status == CLCONV_OK && axis < CLCONV_AXES; ++axis)
        status = apply_output(scan, r.axis[axis], &p, axis);
    if (status != CLCONV_OK)
        return cc_fail_in(scan->error, status, &p, 1);
    TRY(cc_problem_check(&p, scan->error));
    *problem = p;
cleanup:
    return status;
}

/* ---- Entry points -------------------------------------------------------------------------- */

clconv_status clconv_problem_parse(const char *text, clconv_problem *problem, clconv_error *error)
{
    if (text == NULL || problem == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "%s is NULL",
                       text == NULL ? "text" : "problem");
    clconv_problem parsed;
    cc_scan scan = {text, text, error};
    clconv_status status = CLCONV_OK;
    TRY(parse_one(&scan, &parsed));
    if (*scan.at != '\0')
        return cc_scan_fail(&scan, scan.at, "the problem must end here");
    *problem = parsed;
cleanup:
    return status;
}

clconv_status clconv_sequence_parse(const char *text, clconv_problem *problems, size_t capacity,
                                    size_t *count, clconv_error *error)
{
    if (text == NULL || problems == NULL || count == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "%s is NULL",
                       text == NULL       ? "text"
                       : problems == NULL ? "problems"
                                          : "count");
    cc_scan scan = {text, text, error};
    size_t stages = 0;
    clconv_status status = CLCONV_OK;
    do {
        if (stages == capacity)
            return cc_fail(error, CLCONV_INVALID_ARGUMENT, "the sequence has more than %zu stages",
                           capacity);
        TRY(parse_one(&scan, &problems[stages]));
        ++stages;
    } while (cc_scan_word(&scan, "->"));
    if (*scan.at != '\0')
        return cc_scan_fail(&scan, scan.at, "'->' or the end must stand here");
    *count = stages;
cleanup:
    return status;
}
