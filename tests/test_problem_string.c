/* Problem strings: what they mean, their canonical form, round trips, and refusals. */
#include "clconv.h"
#include "problem_same.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 4096 };

static clconv_problem parse(const char *text)
{
    clconv_problem problem;
    clconv_error error;
    cr_assert_eq(clconv_problem_parse(text, &problem, &error), CLCONV_OK, "%s: %s", text,
                 error.message);
    return problem;
}

/* parse(format(p)) is p, and format(parse(format(p))) is format(p). */
static void expect_round_trip(const clconv_problem *problem)
{
    char text[TEXT];
    char again[TEXT];
    clconv_problem back;
    clconv_error error;
    clconv_problem_format(problem, text, sizeof text);
    cr_assert_eq(clconv_problem_parse(text, &back, &error), CLCONV_OK, "%s: %s", text,
                 error.message);
    cr_expect(problem_same(problem, &back), "%s does not read back as what it was", text);
    clconv_problem_format(&back, again, sizeof again);
    cr_expect_str_eq(again, text);
}

/* ---- Meaning ------------------------------------------------------------------------------- */

typedef struct meaning {
    const char *text, *canonical;
} meaning;

static const meaning meanings[] = {
    /* all sizes given, in any order, with and without separators and names */
    {"mb1ic3ih8iw8oc4oh8ow8kh3kw3ph1pw1", "mb1ic3ih8iw8oc4oh8ow8kh3kw3ph1pw1"},
    {"mb1_ic3oc4_ih8oh8kh3sh1dh0ph1_iw8ow8kw3sw1dw0pw1_n\"a:b c+d->e\"",
     "mb1ic3ih8iw8oc4oh8ow8kh3kw3ph1pw1"},
    {"conv:kw3kh3oc4pw1ph1iw8ih8ic3mb1nname", "mb1ic3ih8iw8oc4oh8ow8kh3kw3ph1pw1"},
    {"mb1ic3ih8iw8oc4kh3kw3ph1pw1n", "mb1ic3ih8iw8oc4oh8ow8kh3kw3ph1pw1"},
    {"  mb1ic3ih8iw8oc4kh3kw3ph1pw1 \n", "mb1ic3ih8iw8oc4oh8ow8kh3kw3ph1pw1"},
    {"g2mb4ic4ih5iw6oc2kh1kw1ph0pw0", "g2mb4ic4ih5iw6oc2oh5ow6kh1kw1ph0pw0"},
    /* omitted: mb is 2, one group, stride 1, dense, output or padding from the other */
    {"ic16ih7oc16kh3", "mb2ic16ih7iw7oc16oh5ow5kh3kw3ph0pw0"},
    {"ic16ih7oc16oh7kh3", "mb2ic16ih7iw7oc16oh7ow7kh3kw3ph1pw1"},
    {"ic1ih224oc1oh112kh7sh2ph3", "mb2ic1ih224iw224oc1oh112ow112kh7kw7sh2sw2ph3pw3"},
    {"mb1ic1ih8oc1oh6kh1", "mb1ic1ih8iw8oc1oh6ow6kh1kw1ph0pw0"},
    {"mb1ic1ih31iw1oc1oh32ow1kh1kw1ph0pw0", "mb1ic1ih31iw1oc1oh32ow1kh1kw1ph0pw0"},
    {"mb1ic3ih224oc32oh112kh3sh2ph0", "mb1ic3ih224iw224oc32oh112ow112kh3kw3sh2sw2ph0pw0"},
    {"mb1ic1ih9oc1oh9kh3ph2dh1", "mb1ic1ih9iw9oc1oh9ow9kh3kw3ph2pw2dh1dw1"},
    /* one and three axes; axes given by defaults alone are not there */
    {"mb1ic512iw300oc512ow298kw3", "mb1ic512iw300oc512ow298kw3pw0"},
    {"mb1ic5iw10oc5kw3pd0ph0sd1sh1dd0", "mb1ic5iw10oc5ow8kw3pw0"},
    {"mb1ic2id4oc3kd3pd1", "mb1ic2id4ih4iw4oc3od4oh4ow4kd3kh3kw3pd1ph1pw1"},
    {"mb1ic2id4ih5iw6oc3kd1kh2kw3", "mb1ic2id4ih5iw6oc3od4oh4ow4kd1kh2kw3pd0ph0pw0"},
    {"mb1ic2id1ih5iw6oc3kd1kh2kw3", "mb1ic2id1ih5iw6oc3od1oh4ow4kd1kh2kw3pd0ph0pw0"},
    /* end padding */
    {"mb1ic1iw8oc1kw3pw1ew1", "mb1ic1iw8oc1ow8kw3pw1"},
    {"mb1ic1iw8oc1kw3pw1ew2", "mb1ic1iw8oc1ow9kw3pw1"},
    {"mb1ic1iw8oc1kw3pw0ew-3", "mb1ic1iw8oc1ow3kw3pw0"},
    {"mb1ic1iw8oc1kw3ew2", "mb1ic1iw8oc1ow8kw3pw0"},
    {"mb1ic1iw8oc1kw3sw2pw1ew2", "mb1ic1iw8oc1ow5kw3sw2pw1"},
    {"mb1ic1iw8oc1kw3sw2pw1ew0", "mb1ic1iw8oc1ow4kw3sw2pw1ew0"},
    {"mb1ic1ih8iw8oc1kh3kw3sh2sw2ph1pw1ew0", "mb1ic1ih8iw8oc1oh4ow4kh3kw3sh2sw2ph1pw1ew0"},
    /* transposed */
    {"deconv:mb1ic1ih2oc1kh2", "deconv:mb1ic1ih2iw2oc1oh3ow3kh2kw2ph0pw0"},
    {"deconv:mb1ic1iw4oc1ow8kw4sw2", "deconv:mb1ic1iw4oc1ow8kw4sw2pw1"},
    {"deconv:mb1ic1iw4oc1ow8kw3sw2pw1", "deconv:mb1ic1iw4oc1ow8kw3sw2pw1"},
    {"deconv:mb1ic1iw4oc1ow8kw3sw2pw1ew1aw1", "deconv:mb1ic1iw4oc1ow8kw3sw2pw1aw1"},
    {"deconv:mb1ic1iw4oc1kw3sw2pw1ew0", "deconv:mb1ic1iw4oc1ow8kw3sw2pw1"},
    {"deconv:mb1ic1iw4oc1kw2sw2aw1", "deconv:mb1ic1iw4oc1ow9kw2sw2pw0"},
    /* words */
    {"mb1ic1iw8oc1kw3+bias", "mb1ic1iw8oc1ow6kw3pw0+bias"},
    {"mb1ic1iw8oc1kw3n\"x\"+reflect+leaky_relu:.1+bias",
     "mb1ic1iw8oc1ow6kw3pw0+bias+leaky_relu:0.1+reflect"},
    {"mb1ic1iw8oc1kw3nx+relu", "mb1ic1iw8oc1ow6kw3pw0+relu"},
    {"mb1ic1iw8oc1kw3+leaky_relu:-2.5e+09", "mb1ic1iw8oc1ow6kw3pw0+leaky_relu:-2.5e+09"},
    {"mb1ic1iw8oc1kw3+leaky_relu:-0", "mb1ic1iw8oc1ow6kw3pw0+leaky_relu:-0"},
    {"mb1ic1iw8oc1kw3+relu6+replicate", "mb1ic1iw8oc1ow6kw3pw0+relu6+replicate"},
    {"mb1ic1iw8oc1kw3+circular+sigmoid", "mb1ic1iw8oc1ow6kw3pw0+sigmoid+circular"},
    {"mb1ic1iw8oc1kw3+tanh", "mb1ic1iw8oc1ow6kw3pw0+tanh"},
    {"mb1ic1iw8oc1kw3+silu", "mb1ic1iw8oc1ow6kw3pw0+silu"},
};

Test(problem_string, means_what_benchdnn_means)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; ++i) {
        const clconv_problem problem = parse(meanings[i].text);
        char text[TEXT];
        clconv_problem_format(&problem, text, sizeof text);
        cr_expect_str_eq(text, meanings[i].canonical, "%s gives %s, not %s", meanings[i].text, text,
                         meanings[i].canonical);
        expect_round_trip(&problem);
    }
}

Test(problem_string, fills_every_field)
{
    const clconv_problem p =
        parse("deconv:g2mb3ic4id5ih6iw7oc8kd2kh3kw4sd2sh3sw4pd1ph1pw1dd0dh1dw2ed0eh2ew1ad1ah2aw3"
              "+bias+leaky_relu:0.25");
    clconv_problem q = clconv_problem_3d(4, 8, 5, 6, 7, 2, 3, 4);
    q.transposed = 1;
    q.groups = 2;
    q.batch = 3;
    for (int axis = 0; axis < CLCONV_AXES; ++axis) {
        q.stride[axis] = 2 + axis;
        q.padding_begin[axis] = 1;
        q.dilation[axis] = 1 + axis;
        q.output_padding[axis] = 1 + axis;
    }
    q.padding_end[CLCONV_HEIGHT] = 2;
    q.padding_end[CLCONV_WIDTH] = 1;
    q.epilogue = (clconv_epilogue){1, CLCONV_LEAKY_RELU, 0.25f};
    cr_expect(problem_same(&p, &q));
}

Test(problem_string, end_padding_follows_from_the_output)
{
    const clconv_problem same = parse("mb1ic3ih224oc32oh112kh3sh2ph0"); /* TensorFlow's SAME */
    cr_expect(same.padding_begin[2] == 0 && same.padding_end[2] == 1);
    const clconv_problem odd = parse("mb1ic1ih224oc1oh112kh7sh2ph3");
    cr_expect(odd.padding_begin[2] == 3 && odd.padding_end[2] == 3);
    const clconv_problem crop = parse("mb1ic1iw8oc1ow3kw3pw0");
    cr_expect_eq(crop.padding_end[2], -3);
    const clconv_problem surplus = parse("deconv:mb1ic1iw4oc1ow10kw3sw2pw0");
    cr_expect(surplus.padding_end[2] == 0 && surplus.output_padding[2] == 1);
    const clconv_problem less = parse("deconv:mb1ic1iw4oc1ow8kw3sw2pw1");
    cr_expect(less.padding_end[2] == 0 && less.output_padding[2] == 0);
}

/* ---- Refusals ------------------------------------------------------------------------------ */

typedef struct refusal {
    const char *text;
    clconv_status status;
    const char *says;
} refusal;

static const refusal refusals[] = {
    {"", CLCONV_INVALID_STRING, "end of text at character 1: no spatial axis"},
    {"   ", CLCONV_INVALID_STRING, "no spatial axis"},
    {"conv:", CLCONV_INVALID_STRING, "end of text at character 6: no spatial axis"},
    {"mb1ic3oc4", CLCONV_INVALID_STRING, "end of text at character 10: no spatial axis"},
    {"hello", CLCONV_INVALID_STRING, "\"hello\" at character 1: no key"},
    {"mb1ic3ix8oc4kh3", CLCONV_INVALID_STRING, "\"ix8oc4kh3\" at character 7: no key"},
    {"mb1ic3ih8oc4kh3 kw3", CLCONV_INVALID_STRING, "\"kw3\" at character 17: the problem must end"},
    {"mb1ic3ih8__oc4kh3", CLCONV_INVALID_STRING, "\"_oc4kh3\" at character 11: no key"},
    {"MB1ic3ih8oc4kh3", CLCONV_INVALID_STRING, "\"MB1ic3ih8oc4kh3\" at character 1: no key"},
    {"mbic3ih8oc4kh3", CLCONV_INVALID_STRING, "at character 3: a number must stand here"},
    {"mb1ic3ih8oc4kh", CLCONV_INVALID_STRING, "end of text at character 15: a number must"},
    {"mb1ic-3ih8oc4kh3", CLCONV_INVALID_STRING, "\"-3ih8oc4kh3\" at character 6: a number"},
    {"mb1ic+3ih8oc4kh3", CLCONV_INVALID_STRING, "at character 6: a number must"},
    {"mb1ic 3ih8oc4kh3", CLCONV_INVALID_STRING, "at character 6: a number must"},
    {"mb1ic3ih8oc4kh3eh--1", CLCONV_INVALID_STRING, "\"-\" at character 18: a number"},
    {"mb1ic9223372036854775808ih8oc4kh3", CLCONV_INVALID_STRING,
     "\"9223372036854775808\" at character 6: the number does not fit"},
    {"mb1ic99999999999999999999999999ih8oc4kh3", CLCONV_INVALID_STRING, "does not fit in 63 bits"},
    {"mb1ic3ih8oc4kh3ih8", CLCONV_INVALID_STRING, "\"ih\" at character 16: the key is given twice"},
    {"mb1ih8oc4kh3", CLCONV_INVALID_STRING, "ic is missing"},
    {"mb1ic3ih8kh3", CLCONV_INVALID_STRING, "oc is missing"},
    {"mb1ic3oc4kh3", CLCONV_INVALID_STRING, "ih is missing"},
    {"mb1ic3ih8oc4", CLCONV_INVALID_STRING, "kh is missing"},
    {"mb1ic3ih8oc4kh3pw1", CLCONV_INVALID_STRING, "iw is missing"},
    {"mb1ic3id8ih8oc4kd3kh3", CLCONV_INVALID_STRING, "depth and height are given, but not width"},
    {"mb1ic3id8iw8oc4kd3kw3", CLCONV_INVALID_STRING, "depth and width are given, but not height"},
    {"mb1ic3ih8oc4kh3n\"open", CLCONV_INVALID_STRING,
     "\"n\"open\" at character 16: the name has no"},
    {"mb1ic3ih8oc4kh3+", CLCONV_INVALID_STRING, "\"+\" at character 16: no word"},
    {"mb1ic3ih8oc4kh3+gelu", CLCONV_INVALID_STRING, "at character 16: no word"},
    {"mb1ic3ih8oc4kh3+relu7", CLCONV_INVALID_STRING, "at character 16: no word"},
    {"mb1ic3ih8oc4kh3+none", CLCONV_INVALID_STRING, "at character 16: no word"},
    {"mb1ic3ih8oc4kh3+relu+tanh", CLCONV_INVALID_STRING, "\"+tanh\" at character 21: there is a"},
    {"mb1ic3ih8oc4kh3+bias+bias", CLCONV_INVALID_STRING, "\"+bias\" at character 21: there is a"},
    {"mb1ic3ih8oc4kh3+reflect+circular", CLCONV_INVALID_STRING, "\"+circular\" at character 24"},
    {"mb1ic3ih8oc4kh3+relu:1", CLCONV_INVALID_STRING, "\":1\" at character 21: the problem must"},
    {"mb1ic3ih8oc4kh3+leaky_relu", CLCONV_INVALID_STRING, "end of text at character 27"},
    {"mb1ic3ih8oc4kh3+leaky_relu:", CLCONV_INVALID_STRING, "end of text at character 28: a number"},
    {"mb1ic3ih8oc4kh3+leaky_relu:x", CLCONV_INVALID_STRING, "\"x\" at character 28: a number"},
    {"mb1ic3ih8oc4kh3+leaky_relu:1e", CLCONV_INVALID_STRING, "\"1e\" at character 28: a number"},
    {"mb1ic3ih8oc4kh3+leaky_relu:0,5", CLCONV_INVALID_STRING, "\",5\" at character 29"},
    {"mb1ic3ih8oc4kh3+leaky_relu:inf", CLCONV_INVALID_STRING, "\"inf\" at character 28: a number"},
    {"mb1ic3ih8oc4kh3+leaky_relu:1e39", CLCONV_INVALID_STRING, "does not fit in a float"},
    {"mb1ic3ih8oc4kh3\x01\x7f", CLCONV_INVALID_STRING, "\"??\" at character 16: no key"},
    {"mb1ic1iw8oc1kw3 -> mb1ic1iw6oc1kw3", CLCONV_INVALID_STRING, "\"->\" at character 17"},
    /* well-formed text of problems that cannot be */
    {"mb0ic3ih8oc4kh3", CLCONV_INVALID_PROBLEM, "batch is 0"},
    {"g0ic3ih8oc4kh3", CLCONV_INVALID_PROBLEM, "groups is 0"},
    {"g2ic3ih8oc4kh3", CLCONV_INVALID_PROBLEM, "groups 2 does not divide in_channels 3"},
    {"ic3ih0oc4kh3", CLCONV_INVALID_PROBLEM, "input_size is 0 along height"},
    {"ic3ih8oc4kh0", CLCONV_INVALID_PROBLEM, "kernel_size is 0 along height"},
    {"ic3ih8oc4kh3sh0", CLCONV_INVALID_PROBLEM, "stride is 0 along height"},
    {"ic3ih8oc4kh3oh0", CLCONV_INVALID_PROBLEM, "oh is 0; it must be 1"},
    {"ic3iw8oc4kw3ow9223372036854775807", CLCONV_INVALID_PROBLEM, "ow is 9223372036854775807"},
    {"ic3ih8oc4kh9", CLCONV_INVALID_PROBLEM, "the kernel spans 9"},
    {"ic3ih8oc4kh3dh9223372036854775807", CLCONV_INVALID_PROBLEM,
     "dilation is 9223372036854775807"},
    {"ic3iw8oc4ow7kw3pw1ew1", CLCONV_INVALID_PROBLEM, "ow is 7, but 8 follows from the other"},
    {"deconv:ic3iw8oc4ow20kw3sw2pw0", CLCONV_INVALID_PROBLEM, "output_padding is 3 along width"},
    {"deconv:ic3iw8oc4ow16kw3sw2pw1ew1", CLCONV_INVALID_PROBLEM, "ow is 16, but 15 follows"},
    {"ic3iw8oc4kw3aw1", CLCONV_INVALID_PROBLEM, "output_padding is 1 along width"},
    {"deconv:ic3iw8oc4kw3+reflect", CLCONV_INVALID_PROBLEM, "padding_mode is 1"},
    {"ic3iw8oc4kw3pw8+reflect", CLCONV_INVALID_PROBLEM, "reflect padding must be below"},
};

Test(problem_string, refusals_quote_the_text_and_its_place)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; ++i) {
        const refusal *const row = &refusals[i];
        clconv_problem problem = clconv_problem_1d(5, 6, 7, 1);
        const clconv_problem before = problem;
        clconv_error error = {CLCONV_OK, ""};
        const clconv_status status = clconv_problem_parse(row->text, &problem, &error);
        cr_expect(status == row->status && error.status == status, "\"%s\" gives %s: %s", row->text,
                  clconv_status_name(status), error.message);
        cr_expect_not_null(strstr(error.message, row->says), "\"%s\" gives \"%s\", not \"%s\"",
                           row->text, error.message, row->says);
        cr_expect_null(strpbrk(error.message, "\n\x01\x7f"));
        cr_expect(problem_same(&problem, &before), "\"%s\" wrote a problem", row->text);
        cr_expect_eq(clconv_problem_parse(row->text, &problem, NULL), row->status);
    }
}

Test(problem_string, quotes_no_more_than_a_line_of_garbage)
{
    char text[3000];
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    clconv_problem problem;
    clconv_error error;
    cr_expect_eq(clconv_problem_parse(text, &problem, &error), CLCONV_INVALID_STRING);
    cr_expect_lt(strlen(error.message), 200, "%s", error.message);
    cr_expect_not_null(strstr(error.message, "zzz...\" at character 1"), "%s", error.message);
}

Test(problem_string, null_is_an_invalid_argument)
{
    clconv_problem problem;
    size_t count;
    const clconv_status expected = CLCONV_INVALID_ARGUMENT;
    cr_expect_eq(clconv_problem_parse(NULL, &problem, NULL), expected);
    cr_expect_eq(clconv_problem_parse("ic1iw1oc1kw1", NULL, NULL), expected);
    cr_expect_eq(clconv_sequence_parse(NULL, &problem, 1, &count, NULL), expected);
    cr_expect_eq(clconv_sequence_parse("ic1iw1oc1kw1", NULL, 1, &count, NULL), expected);
    cr_expect_eq(clconv_sequence_parse("ic1iw1oc1kw1", &problem, 1, NULL, NULL), expected);
}

/* ---- Sequences ----------------------------------------------------------------------------- */

Test(sequence_string, reads_stages_between_arrows)
{
    static const char *const texts[] = {
        "g3mb1ic3iw8oc3kw3pw1+relu -> conv:mb1ic3iw8oc4kw1n\"pw\"",
        "g3mb1ic3iw8oc3kw3pw1+relu->mb1ic3iw8oc4kw1",
        "  g3mb1ic3iw8oc3kw3pw1nfirst+relu\t->\tmb1ic3iw8oc4kw1  ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
        clconv_problem problems[2];
        size_t count = 0;
        clconv_error error;
        char text[TEXT];
        cr_assert_eq(clconv_sequence_parse(texts[i], problems, 2, &count, &error), CLCONV_OK,
                     "%s: %s", texts[i], error.message);
        cr_assert_eq(count, 2);
        clconv_sequence_format(problems, count, text, sizeof text);
        cr_expect_str_eq(text, "g3mb1ic3iw8oc3ow8kw3pw1+relu -> mb1ic3iw8oc4ow8kw1pw0");
    }
}

Test(sequence_string, refuses_what_does_not_fit_or_parse)
{
    static const refusal rows[] = {
        {"ic1iw1oc1kw1 -> ic1iw1oc1kw1 -> ic1iw1oc1kw1", CLCONV_INVALID_ARGUMENT,
         "more than 2 stages"},
        {"ic1iw1oc1kw1 ->", CLCONV_INVALID_STRING, "end of text at character 16: no spatial axis"},
        {"-> ic1iw1oc1kw1", CLCONV_INVALID_STRING, "no spatial axis"},
        {"ic1iw1oc1kw1 - ic1iw1oc1kw1", CLCONV_INVALID_STRING, "\"-\" at character 14: '->' or"},
        {"ic1iw1oc1kw1 -> ic1iw1oc1kw2", CLCONV_INVALID_PROBLEM, "the kernel spans 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        clconv_problem problems[2];
        size_t count = 77;
        clconv_error error;
        const clconv_status status =
            clconv_sequence_parse(rows[i].text, problems, 2, &count, &error);
        cr_expect_eq(status, rows[i].status, "%s: %s", rows[i].text, error.message);
        cr_expect_not_null(strstr(error.message, rows[i].says), "%s: %s", rows[i].text,
                           error.message);
        cr_expect_eq(count, 77);
    }
}

/* ---- Formatting ----------------------------------------------------------------------------- */

Test(problem_format, cuts_like_snprintf)
{
    const clconv_problem problems[] = {parse("mb1ic3ih8oc4kh3ph1+bias"), parse("mb1ic4ih8oc1kh1")};
    char whole[TEXT];
    const size_t length = clconv_sequence_format(problems, 2, whole, sizeof whole);
    cr_expect_eq(length, strlen(whole));
    cr_expect_eq(clconv_sequence_format(problems, 2, NULL, 0), length);
    for (size_t size = 1; size <= length + 1; ++size) {
        char part[TEXT];
        memset(part, 'x', sizeof part);
        cr_assert_eq(clconv_sequence_format(problems, 2, part, size), length);
        cr_assert_eq(part[size], 'x', "wrote beyond %zu bytes", size);
        cr_assert_eq(strlen(part), size - 1);
        cr_assert_eq(strncmp(part, whole, size - 1), 0);
    }
    cr_expect_eq(clconv_problem_format(NULL, whole, sizeof whole), 0);
    cr_expect_str_empty(whole);
}

Test(problem_format, shows_invalid_problems_too)
{
    clconv_problem p = clconv_problem_1d(1, 2, 3, 4);
    char text[TEXT];
    p.dilation[CLCONV_WIDTH] = INT64_MIN;
    p.stride[CLCONV_WIDTH] = INT64_MAX;
    p.padding_begin[CLCONV_WIDTH] = -5;
    p.padding_end[CLCONV_WIDTH] = INT64_MIN;
    p.output_padding[CLCONV_WIDTH] = 6;
    p.groups = 0;
    clconv_problem_format(&p, text, sizeof text);
    cr_expect_str_eq(text, "g0mb1ic1iw3oc2kw4sw9223372036854775807pw-5dw-9223372036854775808"
                           "ew-9223372036854775808aw6");

    p = clconv_problem_1d(1, 2, 3, 1);
    p.epilogue.bias = 5;
    p.epilogue.activation = (clconv_activation)7;
    p.padding_mode = (clconv_padding_mode)4;
    p.direction = CLCONV_BACKWARD_DATA;
    clconv_problem_format(&p, text, sizeof text);
    cr_expect_str_eq(text, "mb1ic1iw3oc2kw1pw0+activation:7+padding_mode:4+bias:5+direction:1");
    p.rank = 9;
    clconv_problem_format(&p, text, sizeof text);
    cr_expect_not_null(strstr(text, "id1ih1iw3"), "%s", text);
}

/* ---- Round trips ---------------------------------------------------------------------------- */

typedef struct generator {
    uint64_t state;
} generator;

/* Marsaglia, "Xorshift RNGs", 2003, with a multiplier; below `bound`. */
static int64_t below(generator *r, int64_t bound)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return (int64_t)((r->state * 0x2545f4914f6cdd1dULL >> 33) % (uint64_t)bound);
}

static float random_slope(generator *r)
{
    const uint32_t bits = (uint32_t)below(r, 0x7f800000) | (uint32_t)below(r, 2) << 31;
    float slope;
    memcpy(&slope, &bits, sizeof slope);
    return slope;
}

static clconv_problem random_problem(generator *r)
{
    const int64_t groups = 1 + below(r, 4);
    clconv_problem p =
        clconv_problem_1d(groups * (1 + below(r, 9)), groups * (1 + below(r, 9)), 1, 1);
    p.rank = 1 + (int)below(r, 3);
    p.transposed = (int)below(r, 2);
    p.padding_mode = p.transposed ? CLCONV_ZEROS : (clconv_padding_mode)below(r, 4);
    p.epilogue.bias = (int)below(r, 2);
    p.epilogue.activation = (clconv_activation)below(r, CLCONV_SILU + 1);
    p.epilogue.slope = p.epilogue.activation == CLCONV_LEAKY_RELU ? random_slope(r) : 0.0f;
    p.batch = 1 + below(r, 5);
    p.groups = groups;
    for (int axis = CLCONV_AXES - p.rank; axis < CLCONV_AXES; ++axis) {
        p.input_size[axis] = 1 + below(r, below(r, 8) == 0 ? 1000000 : 30);
        p.kernel_size[axis] = 1 + below(r, 7);
        p.stride[axis] = 1 + below(r, 5);
        p.dilation[axis] = 1 + below(r, 4);
        p.padding_begin[axis] = below(r, 8);
        p.padding_end[axis] =
            below(r, 2) ? p.padding_begin[axis] : below(r, 16) - (p.transposed ? 0 : 8);
        p.output_padding[axis] = p.transposed && below(r, 2) ? below(r, 4) : 0;
    }
    return p;
}

Test(problem_string, random_problems_round_trip)
{
    const char *const given = getenv("CLCONV_SEED");
    const uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : 20240607;
    generator r = {seed * 2 + 1};
    int valid = 0;
    for (int i = 0; i < 20000 && valid < 5000; ++i) {
        const clconv_problem p = random_problem(&r);
        if (clconv_problem_check(&p, NULL) != CLCONV_OK)
            continue;
        ++valid;
        expect_round_trip(&p);
    }
    cr_log_info("CLCONV_SEED=%" PRIu64 ": %d problems", seed, valid);
    cr_expect_geq(valid, 3000, "CLCONV_SEED=%" PRIu64 ": only %d valid problems", seed, valid);
}

Test(problem_string, is_the_same_in_every_locale)
{
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
                                         "fr_FR.utf8",  "de_DE",      "fr_FR"};
    const char *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof commas / sizeof commas[0]; ++i)
        found = setlocale(LC_ALL, commas[i]);
    if (found == NULL)
        cr_skip_test("no locale with a decimal comma is installed");
    const clconv_problem p = parse("mb1ic1iw8oc1kw3+leaky_relu:0.1");
    char text[TEXT];
    clconv_problem_format(&p, text, sizeof text);
    cr_expect_eq(p.epilogue.slope, 0.1f);
    cr_expect_str_eq(text, "mb1ic1iw8oc1ow6kw3pw0+leaky_relu:0.1", "%s in %s", text, found);
}

/* The third of four columns separated by tabs. */
static const char *problem_column(char *line)
{
    char *column = line;
    for (int i = 0; i < 2; ++i) {
        column = strchr(column, '\t');
        cr_assert_not_null(column, "a column is missing: %s", line);
        ++column;
    }
    column[strcspn(column, "\t\n")] = '\0';
    return column;
}

Test(problem_string, reads_every_workload)
{
    FILE *const file = fopen(CLCONV_SOURCE_DIR "/bench/workloads.txt", "r");
    cr_assert_not_null(file);
    char line[1024];
    int lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#')
            continue;
        const char *const text = problem_column(line);
        clconv_problem problems[CLCONV_MAX_STAGES];
        size_t count = 0;
        clconv_error error;
        cr_expect_eq(clconv_sequence_parse(text, problems, CLCONV_MAX_STAGES, &count, &error),
                     CLCONV_OK, "%s: %s", text, error.message);
        cr_expect_eq(clconv_sequence_check(problems, count, &error), CLCONV_OK, "%s: %s", text,
                     error.message);
        for (size_t i = 0; i < count; ++i)
            expect_round_trip(&problems[i]);
        ++lines;
    }
    fclose(file);
    cr_expect_gt(lines, 30, "only %d workloads", lines);
}
