/* Problems: constructors, every check, sizes, 'same' padding, sequences, the normal form. */
#include "clconv.h"
#include "core/error.h"
#include "core/shape.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- Every check -------------------------------------------------------------------------- */

typedef struct edit {
    size_t offset, size; /* of an int or int64_t field; size 0: no edit */
    int64_t value;
} edit;

#define SET(field, value)                                                                          \
    {                                                                                              \
        offsetof(clconv_problem, field), sizeof((clconv_problem *)NULL)->field, value              \
    }

static void apply(clconv_problem *problem, const edit *e)
{
    const int small = (int)e->value;
    if (e->size == sizeof small)
        memcpy((char *)problem + e->offset, &small, sizeof small);
    else
        memcpy((char *)problem + e->offset, &e->value, e->size);
}

typedef struct bad_problem {
    const char *base; /* a valid problem string */
    edit edits[3];
    clconv_status status;
    const char *says; /* a part of the message */
} bad_problem;

#define CONV   "mb1ic4iw8ih8oc6kh3kw3"
#define DECONV "deconv:mb1ic4iw8ih8oc6kh3kw3sh2sw2"

static const bad_problem bad_problems[] = {
    /* enumerations and flags */
    {CONV, {SET(rank, 0)}, CLCONV_INVALID_PROBLEM, "rank is 0; it must be 1 to 3"},
    {CONV, {SET(rank, 4)}, CLCONV_INVALID_PROBLEM, "rank is 4"},
    {CONV, {SET(rank, -1)}, CLCONV_INVALID_PROBLEM, "rank is -1"},
    {CONV, {SET(transposed, 2)}, CLCONV_INVALID_PROBLEM, "transposed is 2"},
    {CONV, {SET(direction, 3)}, CLCONV_INVALID_PROBLEM, "direction is 3"},
    {CONV, {SET(direction, 1)}, CLCONV_UNSUPPORTED, "direction is 1"},
    {CONV, {SET(direction, 2)}, CLCONV_UNSUPPORTED, "direction is 2"},
    {CONV, {SET(data_type, 1)}, CLCONV_INVALID_PROBLEM, "data_type is 1"},
    {CONV, {SET(layout, 1)}, CLCONV_INVALID_PROBLEM, "layout is 1"},
    {CONV, {SET(padding_mode, 4)}, CLCONV_INVALID_PROBLEM, "padding_mode is 4"},
    {CONV, {SET(epilogue.bias, 2)}, CLCONV_INVALID_PROBLEM, "epilogue.bias is 2"},
    {CONV, {SET(epilogue.activation, 7)}, CLCONV_INVALID_PROBLEM, "activation is 7"},
    {CONV, {SET(reserved[0], 1)}, CLCONV_INVALID_PROBLEM, "reserved[0] is 1"},
    {CONV, {SET(reserved[7], -9)}, CLCONV_INVALID_PROBLEM, "reserved[7] is -9"},
    /* numbers alone */
    {CONV, {SET(batch, 0)}, CLCONV_INVALID_PROBLEM, "batch is 0"},
    {CONV, {SET(batch, 2147483648)}, CLCONV_INVALID_PROBLEM, "batch is 2147483648"},
    {CONV, {SET(in_channels, 0)}, CLCONV_INVALID_PROBLEM, "in_channels is 0"},
    {CONV,
     {SET(in_channels, INT64_MIN)},
     CLCONV_INVALID_PROBLEM,
     "in_channels is -9223372036854775808"},
    {CONV,
     {SET(out_channels, INT64_MAX)},
     CLCONV_INVALID_PROBLEM,
     "out_channels is 9223372036854775807"},
    {CONV, {SET(groups, 0)}, CLCONV_INVALID_PROBLEM, "groups is 0"},
    {CONV, {SET(groups, -2)}, CLCONV_INVALID_PROBLEM, "groups is -2"},
    {CONV, {SET(input_size[1], 0)}, CLCONV_INVALID_PROBLEM, "input_size is 0 along height"},
    {CONV,
     {SET(input_size[2], 2147483648)},
     CLCONV_INVALID_PROBLEM,
     "input_size is 2147483648 along width"},
    {CONV, {SET(kernel_size[2], 0)}, CLCONV_INVALID_PROBLEM, "kernel_size is 0 along width"},
    {CONV, {SET(kernel_size[1], -3)}, CLCONV_INVALID_PROBLEM, "kernel_size is -3 along height"},
    {CONV, {SET(stride[1], 0)}, CLCONV_INVALID_PROBLEM, "stride is 0 along height"},
    {CONV, {SET(dilation[2], 0)}, CLCONV_INVALID_PROBLEM, "dilation is 0 along width"},
    {CONV,
     {SET(dilation[2], INT64_MIN)},
     CLCONV_INVALID_PROBLEM,
     "dilation is -9223372036854775808 along width"},
    {CONV, {SET(padding_begin[2], -1)}, CLCONV_INVALID_PROBLEM, "padding_begin is -1 along width"},
    {CONV,
     {SET(padding_end[2], -2147483648)},
     CLCONV_INVALID_PROBLEM,
     "padding_end is -2147483648 along width"},
    {CONV, {SET(output_padding[2], 1)}, CLCONV_INVALID_PROBLEM, "output_padding is 1 along width"},
    {DECONV, {SET(padding_end[1], -1)}, CLCONV_INVALID_PROBLEM, "padding_end is -1 along height"},
    /* axes that the rank does not have */
    {CONV, {SET(input_size[0], 2)}, CLCONV_INVALID_PROBLEM, "input_size is 2 along depth"},
    {CONV, {SET(kernel_size[0], 3)}, CLCONV_INVALID_PROBLEM, "kernel_size is 3 along depth"},
    {CONV, {SET(stride[0], 2)}, CLCONV_INVALID_PROBLEM, "stride is 2 along depth"},
    {CONV, {SET(dilation[0], 2)}, CLCONV_INVALID_PROBLEM, "dilation is 2 along depth"},
    {CONV, {SET(padding_begin[0], 1)}, CLCONV_INVALID_PROBLEM, "padding_begin is 1 along depth"},
    {CONV, {SET(padding_end[0], -1)}, CLCONV_INVALID_PROBLEM, "padding_end is -1 along depth"},
    {DECONV, {SET(output_padding[0], 1)}, CLCONV_INVALID_PROBLEM, "output_padding is 1 along dep"},
    {CONV, {SET(rank, 1)}, CLCONV_INVALID_PROBLEM, "input_size is 8 along height"},
    /* numbers together */
    {CONV, {SET(groups, 3)}, CLCONV_INVALID_PROBLEM, "groups 3 does not divide in_channels 4"},
    {CONV,
     {SET(groups, 4)},
     CLCONV_INVALID_PROBLEM,
     "groups 4 does not divide in_channels 4 and "
     "out_channels 6"},
    {CONV,
     {SET(kernel_size[1], 9)},
     CLCONV_INVALID_PROBLEM,
     "the kernel spans 9 (size 9, dilation 1) along height, more than the padded input 8"},
    {CONV,
     {SET(dilation[2], 4)},
     CLCONV_INVALID_PROBLEM,
     "the kernel spans 9 (size 3, dilation 4) along width, more than the padded input 8"},
    {CONV, {SET(padding_end[2], -6)}, CLCONV_INVALID_PROBLEM, "more than the padded input 2"},
    {CONV,
     {SET(kernel_size[2], INT32_MAX), SET(dilation[2], INT32_MAX)},
     CLCONV_INVALID_PROBLEM,
     "the kernel spans 4611686011984936963"},
    {CONV,
     {SET(padding_mode, CLCONV_REFLECT), SET(padding_begin[1], 8)},
     CLCONV_INVALID_PROBLEM,
     "padding_begin is 8 along height; reflect padding must be below the input size 8"},
    {CONV,
     {SET(padding_mode, CLCONV_REFLECT), SET(padding_end[2], 8)},
     CLCONV_INVALID_PROBLEM,
     "padding_end is 8 along width; reflect"},
    {CONV,
     {SET(padding_mode, CLCONV_CIRCULAR), SET(padding_begin[1], 9)},
     CLCONV_INVALID_PROBLEM,
     "padding_begin is 9 along height; circular padding must not exceed the input size 8"},
    {CONV,
     {SET(padding_mode, CLCONV_CIRCULAR), SET(padding_end[2], 9)},
     CLCONV_INVALID_PROBLEM,
     "padding_end is 9 along width; circular"},
    {DECONV, {SET(padding_mode, CLCONV_REFLECT)}, CLCONV_INVALID_PROBLEM, "padding_mode is 1"},
    {DECONV, {SET(padding_mode, CLCONV_CIRCULAR)}, CLCONV_INVALID_PROBLEM, "padding_mode is 3"},
    {DECONV,
     {SET(output_padding[1], 2)},
     CLCONV_INVALID_PROBLEM,
     "output_padding is 2 along height; it must be below the larger of stride 2 and dilation 1"},
    {DECONV,
     {SET(output_padding[2], 3), SET(dilation[2], 3)},
     CLCONV_INVALID_PROBLEM,
     "output_padding is 3 along width; it must be below the larger of stride 2 and dilation 3"},
    {DECONV,
     {SET(padding_begin[1], 17)},
     CLCONV_INVALID_PROBLEM,
     "the output is empty: its size is 0 along height"},
    {DECONV,
     {SET(padding_begin[2], 9), SET(padding_end[2], 9)},
     CLCONV_INVALID_PROBLEM,
     "the output is empty: its size is -1 along width"},
    /* 31-bit indices */
    {CONV,
     {SET(input_size[2], INT32_MAX), SET(input_size[1], 3), SET(padding_begin[2], 1)},
     CLCONV_INVALID_PROBLEM,
     "the padded input is 2147483648 along width"},
    {CONV,
     {SET(padding_begin[1], INT32_MAX), SET(padding_end[1], INT32_MAX)},
     CLCONV_INVALID_PROBLEM,
     "the padded input is 4294967302 along height"},
    {DECONV,
     {SET(input_size[2], 1073741824)},
     CLCONV_INVALID_PROBLEM,
     "the output with its padding is 2147483649 along width"},
    {DECONV,
     {SET(stride[2], 65537), SET(dilation[2], 65536)},
     CLCONV_INVALID_PROBLEM,
     "common multiple 4295032832"},
    {CONV,
     {SET(input_size[1], 65536), SET(input_size[2], 32768)},
     CLCONV_INVALID_PROBLEM,
     "one channel of src has 1 x 65536 x 32768 elements; it must have at most 2147483647"},
    {"mb1ic1ih40000iw40000oc1kh1kw1ph3500pw3500",
     {{0, 0, 0}},
     CLCONV_INVALID_PROBLEM,
     "one channel of dst has 1 x 47000 x 47000 elements"},
    {"mb1ic1ih9iw9oc1kh1kw1",
     {SET(kernel_size[1], 65536), SET(kernel_size[2], 32768)},
     CLCONV_INVALID_PROBLEM,
     "the kernel spans 65536"},
    /* 63-bit sizes */
    {"mb1ic1ih1iw2oc1kh1kw1",
     {SET(batch, INT32_MAX), SET(in_channels, INT32_MAX)},
     CLCONV_INVALID_PROBLEM,
     "src has 2147483647 x 2147483647 channels of 2 elements"},
    {"mb1ic1ih1iw1oc1kh1kw1",
     {SET(batch, INT32_MAX), SET(out_channels, INT32_MAX)},
     CLCONV_INVALID_PROBLEM,
     "dst has 2147483647 x 2147483647 channels of 1 elements"},
    {"mb1ic1ih1iw1oc1kh1kw1",
     {SET(in_channels, INT32_MAX), SET(out_channels, INT32_MAX)},
     CLCONV_INVALID_PROBLEM,
     "weights has 2147483647 x 2147483647 channels of 1 elements"},
};

static void expect_failure(clconv_status status, const clconv_error *error, clconv_status expected,
                           const char *says)
{
    cr_expect_eq(status, expected, "status is %s, not %s: %s", clconv_status_name(status),
                 clconv_status_name(expected), error->message);
    cr_expect_eq(error->status, status, "error.status is %s", clconv_status_name(error->status));
    cr_expect_not_null(strstr(error->message, says), "\"%s\" does not say \"%s\"", error->message,
                       says);
}

Test(problem, says_what_is_wrong)
{
    for (size_t i = 0; i < sizeof bad_problems / sizeof bad_problems[0]; ++i) {
        const bad_problem *const row = &bad_problems[i];
        clconv_problem problem;
        clconv_error error = {CLCONV_OK, ""};
        clconv_status status = clconv_problem_parse(row->base, &problem, &error);
        if (row->edits[0].size > 0)
            cr_assert_eq(status, CLCONV_OK, "base of row %zu: %s", i, error.message);
        for (size_t j = 0; j < sizeof row->edits / sizeof row->edits[0]; ++j)
            apply(&problem, &row->edits[j]);
        if (row->edits[0].size > 0)
            status = clconv_problem_check(&problem, &error);
        expect_failure(status, &error, row->status, row->says);
        const size_t length = strlen(error.message);
        cr_expect(strstr(error.message, " [") != NULL && error.message[length - 1] == ']' &&
                      strchr(error.message, '\n') == NULL,
                  "not one line that ends with a problem string: %s", error.message);
    }
}

Test(problem, slope_belongs_to_leaky_relu)
{
    clconv_problem problem = clconv_problem_1d(1, 1, 1, 1);
    clconv_error error;
    problem.epilogue.slope = 0.5f;
    expect_failure(clconv_problem_check(&problem, &error), &error, CLCONV_INVALID_PROBLEM,
                   "epilogue.slope is 0.5");
    problem.epilogue.slope = -0.0f;
    expect_failure(clconv_problem_check(&problem, &error), &error, CLCONV_INVALID_PROBLEM,
                   "epilogue.slope is -0");
    problem.epilogue.activation = CLCONV_LEAKY_RELU;
    problem.epilogue.slope = -0.5f;
    cr_expect_eq(clconv_problem_check(&problem, &error), CLCONV_OK, "%s", error.message);
    problem.epilogue.slope = INFINITY;
    expect_failure(clconv_problem_check(&problem, &error), &error, CLCONV_INVALID_PROBLEM,
                   "epilogue.slope is inf");
    problem.epilogue.slope = NAN;
    expect_failure(clconv_problem_check(&problem, &error), &error, CLCONV_INVALID_PROBLEM,
                   "nan; it must be finite");
}

Test(problem, null_is_an_invalid_argument)
{
    clconv_problem problem = clconv_problem_1d(1, 1, 1, 1);
    clconv_sizes sizes;
    clconv_error error;
    const clconv_status expected = CLCONV_INVALID_ARGUMENT;
    expect_failure(clconv_problem_check(NULL, &error), &error, expected, "problem is NULL");
    expect_failure(clconv_problem_pad_same(NULL, &error), &error, expected, "problem is NULL");
    expect_failure(clconv_problem_sizes(NULL, &sizes, &error), &error, expected, "problem is NULL");
    expect_failure(clconv_problem_sizes(&problem, NULL, &error), &error, expected, "sizes is NULL");
    expect_failure(clconv_sequence_check(NULL, 1, &error), &error, expected, "problems is NULL");
    problem.batch = 0;
    cr_expect_eq(clconv_problem_check(&problem, NULL), CLCONV_INVALID_PROBLEM);
}

/* ---- What is allowed, just ---------------------------------------------------------------- */

Test(problem, allows_the_limits)
{
    static const char *const valid[] = {
        "mb1ic1iw2147483647oc1kw1",
        "mb1ic1iw2147483646oc1kw1pw0ew1",
        "mb1ic1ih65535iw32768oc1kh1kw1",     /* a plane of 2^31 - 32768 */
        "mb1ic1ih32768iw32768oc4kh1kw1",     /* dst of 2^32 elements */
        "mb2147483647ic1073741823iw1oc1kw1", /* src just below 2^63 bytes */
        "mb1ic1iw2147483647oc1kw2147483647", /* kernel as large as the input */
        "mb1ic1iw1oc1kw1sw2147483647dw2147483646",
        "mb1ic1iw8oc1kw3pw7+reflect",
        "mb1ic1iw8oc1kw3pw8+circular",
        "mb1ic1iw8oc1kw3pw100+replicate",
        "mb1ic1iw8oc1kw3pw5ew-8", /* sees begin padding only */
        "deconv:mb1ic1iw8oc1kw3sw2aw1",
        "deconv:mb1ic1iw8oc1kw3dw1aw1",       /* output padding below the dilation */
        "deconv:mb1ic1iw1073741822oc1kw3sw2", /* output of 2^31 - 3 */
        "deconv:mb1ic1iw1oc1kw1sw2147483647dw2147483646",
    };
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; ++i) {
        clconv_problem problem;
        clconv_error error;
        cr_expect_eq(clconv_problem_parse(valid[i], &problem, &error), CLCONV_OK, "%s: %s",
                     valid[i], error.message);
    }
}

/* ---- Sizes --------------------------------------------------------------------------------- */

typedef struct size_row {
    const char *problem;
    int64_t output[CLCONV_AXES];
    int64_t src, weights, bias, dst;
} size_row;

static const size_row size_rows[] = {
    {"mb1ic3ih12oc256kh5ph0", {1, 8, 8}, 432, 19200, 0, 16384},
    {"mb2ic3ih224oc64kh7sh2ph3+bias", {1, 112, 112}, 301056, 9408, 64, 1605632},
    {"mb1ic16ih9oc32kh3ph1", {1, 9, 9}, 1296, 4608, 0, 2592},
    {"g8mb1ic256ih3oc256kh3ph1+bias", {1, 3, 3}, 2304, 73728, 256, 2304},
    {"g4mb3ic4iw10oc12kw3pw0dw1sw2", {1, 1, 3}, 120, 36, 0, 108},
    {"mb1ic2id5ih6iw7oc3kd2kh3kw4pd0ph0pw0", {4, 4, 4}, 420, 144, 0, 192},
    {"mb1ic1ih8iw8oc1kh3kw3ph1pw1eh0ew2", {1, 7, 9}, 64, 9, 0, 63},
    {"mb1ic1ih8iw8oc1kh3kw3ph0pw0eh-2ew0", {1, 4, 6}, 64, 9, 0, 24},
    {"mb1ic1iw7oc1kw2sw3pw0", {1, 1, 2}, 7, 2, 0, 2},
    {"mb1ic1iw3oc1kw1sw5pw0", {1, 1, 1}, 3, 1, 0, 1},
    {"deconv:mb1ic1ih2oc1kh2ph0", {1, 3, 3}, 4, 4, 0, 9},
    {"deconv:mb1ic512ih4oc256kh4sh2ph1", {1, 8, 8}, 8192, 2097152, 0, 16384},
    {"deconv:g2mb1ic4ih5oc6kh3sh2ph1ah1+bias", {1, 10, 10}, 100, 108, 6, 600},
    {"deconv:mb1ic1iw5oc1kw3sw2dw2pw0", {1, 1, 15}, 5, 3, 0, 15},
    {"mb1ic1ih32768iw32768oc4kh1kw1ph0pw0", {1, 32768, 32768}, 1073741824, 4, 0, 4294967296},
    {"mb2ic2ih32768iw32768oc1kh1kw1ph0pw0", {1, 32768, 32768}, 4294967296, 2, 0, 2147483648},
};

Test(problem, sizes_follow_the_formula)
{
    for (size_t i = 0; i < sizeof size_rows / sizeof size_rows[0]; ++i) {
        const size_row *const row = &size_rows[i];
        clconv_problem problem;
        clconv_sizes sizes;
        clconv_error error;
        cr_assert_eq(clconv_problem_parse(row->problem, &problem, &error), CLCONV_OK, "%s",
                     error.message);
        cr_assert_eq(clconv_problem_sizes(&problem, &sizes, &error), CLCONV_OK, "%s",
                     error.message);
        cr_expect_arr_eq(sizes.output_size, row->output, sizeof row->output,
                         "%s: %" PRId64 " x %" PRId64 " x %" PRId64, row->problem,
                         sizes.output_size[0], sizes.output_size[1], sizes.output_size[2]);
        cr_expect(sizes.src == row->src && sizes.weights == row->weights &&
                      sizes.bias == row->bias && sizes.dst == row->dst,
                  "%s: src %" PRId64 " weights %" PRId64 " bias %" PRId64 " dst %" PRId64,
                  row->problem, sizes.src, sizes.weights, sizes.bias, sizes.dst);
    }
}

/* ---- Constructors and 'same' ---------------------------------------------------------------- */

Test(problem, constructors_fill_the_axes_of_their_rank)
{
    const clconv_problem p = clconv_problem_3d(2, 3, 4, 5, 6, 1, 2, 3);
    cr_expect(p.rank == 3 && p.batch == 1 && p.groups == 1);
    cr_expect(p.in_channels == 2 && p.out_channels == 3);
    cr_expect(p.input_size[0] == 4 && p.input_size[1] == 5 && p.input_size[2] == 6);
    cr_expect(p.kernel_size[0] == 1 && p.kernel_size[1] == 2 && p.kernel_size[2] == 3);
    const clconv_problem q = clconv_problem_2d(2, 3, 5, 6, 2, 3);
    cr_expect(q.rank == 2 && q.input_size[0] == 1 && q.input_size[1] == 5 && q.input_size[2] == 6);
    cr_expect(q.kernel_size[0] == 1 && q.kernel_size[1] == 2 && q.kernel_size[2] == 3);
    const clconv_problem r = clconv_problem_1d(2, 3, 6, 3);
    cr_expect(r.rank == 1 && r.input_size[1] == 1 && r.input_size[2] == 6 && r.kernel_size[2] == 3);
    cr_expect_eq(clconv_problem_check(&p, NULL), CLCONV_OK);
    cr_expect_eq(clconv_problem_check(&q, NULL), CLCONV_OK);
    cr_expect_eq(clconv_problem_check(&r, NULL), CLCONV_OK);
}

Test(problem, same_padding_keeps_the_size)
{
    for (int64_t kernel = 1; kernel <= 8; ++kernel)
        for (int64_t dilation = 1; dilation <= 4; ++dilation) {
            clconv_problem p = clconv_problem_2d(1, 1, 5, 40, kernel, 3);
            clconv_sizes sizes;
            p.dilation[CLCONV_HEIGHT] = dilation;
            p.padding_begin[CLCONV_WIDTH] = 7; /* is overwritten */
            cr_assert_eq(clconv_problem_pad_same(&p, NULL), CLCONV_OK);
            cr_assert_eq(clconv_problem_sizes(&p, &sizes, NULL), CLCONV_OK);
            cr_expect(sizes.output_size[1] == 5 && sizes.output_size[2] == 40);
            const int64_t surplus = p.padding_end[1] - p.padding_begin[1];
            cr_expect_eq(surplus, dilation * (kernel - 1) % 2, "surplus %" PRId64, surplus);
            cr_expect(p.padding_begin[2] == 1 && p.padding_end[2] == 1 && p.padding_end[0] == 0);
        }
}

Test(problem, same_padding_refuses_what_it_cannot_do)
{
    clconv_problem p = clconv_problem_1d(1, 1, 8, 3);
    clconv_error error;
    p.stride[CLCONV_WIDTH] = 2;
    expect_failure(clconv_problem_pad_same(&p, &error), &error, CLCONV_INVALID_PROBLEM, "stride 2");
    cr_expect_eq(p.padding_begin[CLCONV_WIDTH], 0);
    p.stride[CLCONV_WIDTH] = 1;
    p.transposed = 1;
    expect_failure(clconv_problem_pad_same(&p, &error), &error, CLCONV_INVALID_PROBLEM,
                   "transposed");
    p.transposed = 0;
    p.kernel_size[CLCONV_WIDTH] = INT64_MAX;
    expect_failure(clconv_problem_pad_same(&p, &error), &error, CLCONV_INVALID_PROBLEM,
                   "kernel_size is 9223372036854775807");
}

/* ---- Sequences ----------------------------------------------------------------------------- */

typedef struct bad_sequence {
    const char *text, *says;
} bad_sequence;

Test(sequence, links_must_fit)
{
    static const bad_sequence rows[] = {
        {"mb1ic3ih8oc4kh3ph1 -> mb1ic5ih8oc4kh1", "stage 1 gives channels 4, but stage 2 takes 5"},
        {"mb1ic3ih8oc4kh3ph1 -> mb2ic4ih8oc4kh1", "stage 1 gives batch 1, but stage 2 takes 2"},
        {"mb1ic3ih8oc4kh3ph0 -> mb1ic4ih8oc4kh1", "gives output height 6, but stage 2 takes 8"},
        {"mb1ic3iw8oc4kw1 -> mb1ic4iw8oc4kw3 -> mb1ic4iw8oc4kw3",
         "stage 2 gives output width 6, but stage 3 takes 8"},
        {"mb1ic3iw8oc4kw1 -> mb1ic4ih1iw8oc4kh1kw1", "stage 1 gives rank 1, but stage 2 takes 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        clconv_problem problems[CLCONV_MAX_STAGES];
        size_t count = 0;
        clconv_error error;
        cr_assert_eq(
            clconv_sequence_parse(rows[i].text, problems, CLCONV_MAX_STAGES, &count, &error),
            CLCONV_OK, "%s", error.message);
        expect_failure(clconv_sequence_check(problems, count, &error), &error,
                       CLCONV_INVALID_PROBLEM, rows[i].says);
        cr_expect_not_null(strstr(error.message, " -> "), "no sequence in: %s", error.message);
    }
}

Test(sequence, has_one_to_eight_stages)
{
    clconv_problem problems[CLCONV_MAX_STAGES + 1];
    clconv_error error;
    for (size_t i = 0; i <= CLCONV_MAX_STAGES; ++i)
        problems[i] = clconv_problem_1d(2, 2, 5, 1);
    cr_expect_eq(clconv_sequence_check(problems, CLCONV_MAX_STAGES, &error), CLCONV_OK);
    expect_failure(clconv_sequence_check(problems, 0, &error), &error, CLCONV_INVALID_ARGUMENT,
                   "has 0 stages");
    expect_failure(clconv_sequence_check(problems, CLCONV_MAX_STAGES + 1, &error), &error,
                   CLCONV_INVALID_ARGUMENT, "has 9 stages");
    problems[3].stride[CLCONV_WIDTH] = 0;
    expect_failure(clconv_sequence_check(problems, CLCONV_MAX_STAGES, &error), &error,
                   CLCONV_INVALID_PROBLEM, "stride is 0 along width");
}

/* ---- Statuses and messages ------------------------------------------------------------------ */

Test(status, has_names_and_texts)
{
    cr_expect_str_eq(clconv_status_name(CLCONV_OK), "CLCONV_OK");
    cr_expect_str_eq(clconv_status_name(CLCONV_DEVICE_FAILED), "CLCONV_DEVICE_FAILED");
    cr_expect_str_eq(clconv_status_text(CLCONV_DEVICE_NOT_FOUND), "no device matches");
    cr_expect_str_eq(clconv_status_name((clconv_status)99), "unknown status");
    cr_expect_str_eq(clconv_version(), "0.1.0");
}

Test(error, problem_string_ends_the_first_line)
{
    const clconv_problem problem = clconv_problem_1d(1, 2, 3, 1);
    clconv_error error;
    cc_fail(&error, CLCONV_BUILD_FAILED, "kernel direct\nline 1\nline 2");
    cr_expect_eq(cc_fail_in(&error, CLCONV_BUILD_FAILED, &problem, 1), CLCONV_BUILD_FAILED);
    cr_expect_str_eq(error.message, "kernel direct [mb1ic1iw3oc2ow3kw1pw0]\nline 1\nline 2");
    cc_fail_in(&error, CLCONV_BUILD_FAILED, &problem, 1);
    cr_expect_str_eq(error.message, "kernel direct [mb1ic1iw3oc2ow3kw1pw0]\nline 1\nline 2");
    cr_expect_eq(cc_fail_in(NULL, CLCONV_BUILD_FAILED, &problem, 1), CLCONV_BUILD_FAILED);
}

Test(error, long_messages_are_cut)
{
    const clconv_problem problem = clconv_problem_1d(1, 2, 3, 1);
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    clconv_error error;
    for (size_t tail = 0; tail < 40; ++tail) {
        cc_fail(&error, CLCONV_DEVICE_FAILED, "%s",
                text + sizeof text - sizeof error.message + tail);
        cc_fail_in(&error, CLCONV_DEVICE_FAILED, &problem, 1);
        cr_expect_eq(error.message[0], 'x');
        cr_expect_not_null(memchr(error.message, 0, sizeof error.message));
    }
}

/* ---- Normal form ---------------------------------------------------------------------------- */

Test(shape, idle_strides_and_dilations_become_one)
{
    clconv_problem problem;
    cc_shape shape;
    cr_assert_eq(clconv_problem_parse("mb1ic1ih9iw9oc1kh1kw3sh2sw9dh5dw2ph0pw0", &problem, NULL),
                 CLCONV_OK);
    cr_assert_eq(cc_shape_make(&problem, &shape, NULL), CLCONV_OK);
    cr_expect(shape.axis[1].stride == 2 && shape.axis[1].dilation == 1);
    cr_expect(shape.axis[2].stride == 1 && shape.axis[2].dilation == 3);
    cr_assert_eq(
        clconv_problem_parse("deconv:mb1ic1ih1iw3oc1kh3kw1sh2sw2dh1dw1ph1pw0", &problem, NULL),
        CLCONV_OK);
    cr_assert_eq(cc_shape_make(&problem, &shape, NULL), CLCONV_OK);
    cr_expect(shape.axis[1].stride == 1 && shape.axis[1].dilation == 2 &&
              shape.axis[1].output == 3);
    cr_expect(shape.axis[2].stride == 2 && shape.axis[2].dilation == 1 &&
              shape.axis[2].output == 5);
}
