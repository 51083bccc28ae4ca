/* Two stages as one: the strips, bands and padding of fused, the bands and blocks of separable,
 * longer sequences, and how they are asked for. */
#include "judge.h"
#include "workload.h"

#include <criterion/criterion.h>
#include <string.h>

typedef struct row {
    const char *algorithm;
    const char *text;
} row;

/* Rows then columns and the reverse, in one strip and two, in one band and several; strides,
 * dilation, multipliers, every padding mode, planes of padding only; sequences that run it between
 * others. */
static const row rows[] = {
    {"fused", "g3mb2ic3ih20iw700oc3kh1kw15pw7 -> g3mb2ic3ih20iw700oc3kh15kw1ph7"},
    {"fused", "g3mb2ic3ih20iw700oc3kh15kw1ph7 -> g3mb2ic3ih20iw700oc3kh1kw15pw7"},
    {"fused", "ic1ih90iw1200oc1kh1kw31pw15+bias -> ic1ih90iw1200oc1kh31kw1ph15+bias+relu"},
    {"fused", "g2ic2ih70iw1100oc2kh31kw1ph15+bias+silu -> g2ic2ih70iw1100oc2kh1kw31pw15"},
    {"fused", "g4mb2ic4ih23iw41oc8kh5kw1sh2ph2dh1+bias+relu -> "
              "g8mb2ic8ih10iw41oc16kh1kw5sw2pw2+reflect"},
    {"fused", "g5mb3ic5ih9iw600oc5kh3kw3ph1pw1+replicate+bias -> "
              "g5mb3ic5ih9iw600oc5kh5kw5ph2pw2+circular+leaky_relu:0.1"},
    {"fused", "g5ic5ih40iw7oc5kh3kw3ph1pw1+reflect -> g5ic5ih40iw7oc5kh3kw3dh1dw1ph1pw1+bias+tanh"},
    {"fused", "g2ic2id3ih30iw53oc2kd1kh1kw3pw1pd0ph0 -> g2ic2id3ih30iw53oc2kd1kh3kw1ph1pd0pw0"},
    {"fused", "g2ic2ih3iw5oc2oh7ow12kh2kw2ph3pw4 -> g2ic2ih7iw12oc2oh20ow30kh2kw3ph8pw10"},
    {"fused", "g2ic2ih40iw40oc2kh1kw1sh7sw3 -> g2ic2ih6iw14oc2kh1kw1sh4sw5"},
    {"fused", "g2ic2iw900oc2kw5pw2 -> g2ic2iw900oc2kw7pw3"},
    {"fused", "g3ic3ih9iw40oc3kh3kw1ph1 -> g3ic3ih9iw40oc3kh1kw3pw1+bias -> "
              "g3ic3ih9iw40oc6kh3kw1ph1 -> g6ic6ih9iw40oc6kh1kw3pw1"},
    /* One band and several, tiles of one to three vectors, rows shorter and longer than a vector,
     * every form of rows, a last block of channels that is not whole, planes of depth. */
    {"separable", "g8mb1ic8ih14iw14oc8kh3kw3ph1pw1 -> mb1ic8ih14iw14oc16kh1kw1"},
    {"separable", "g5mb3ic5ih29iw31oc10kh3kw3sh2sw2ph1pw1+bias+relu6 -> "
                  "mb3ic10ih15iw16oc7kh1kw1+bias+relu"},
    {"separable", "g300ic300ih7iw7oc300kh5kw5ph2pw2+bias+silu -> ic300ih7iw7oc33kh1kw1+tanh"},
    {"separable", "g3mb2ic3ih40iw5oc3kh3kw3ph1pw1 -> mb2ic3ih40iw5oc1kh1kw1+leaky_relu:0.1"},
    {"separable", "g4ic4ih90iw130oc4kh7kw7ph3pw3 -> ic4ih90iw130oc5kh1kw1+bias"},
    {"separable", "g4ic4ih33iw47oc8kh3kw5dh1dw2ph2pw6+reflect -> ic8ih33iw47oc9kh1kw1+sigmoid"},
    {"separable", "g4ic4ih20iw50oc4kh3kw3ph1pw1+circular -> ic4ih20iw50oc9kh1kw1"},
    {"separable", "g6ic6id7ih9iw11oc6kd3kh3kw3pd1ph1pw1+bias -> ic6id7ih9iw11oc8kd1kh1kw1+bias"},
    {"separable", "g9ic9iw500oc9kw5pw2 -> ic9iw500oc6kw1"},
    {"separable", "g16ic16ih400iw440oc16kh3kw3ph1pw1 -> ic16ih400iw440oc16kh1kw1"},
    {"separable,separable,direct", "g3ic3ih9iw40oc3kh3kw3ph1pw1 -> ic3ih9iw40oc4kh1kw1 -> "
                                   "ic4ih9iw40oc2kh3kw3ph1pw1"},
    {"direct,fused,fused,direct",
     "ic2ih9iw40oc3kh3kw3ph1pw1 -> g3ic3ih9iw40oc3kh3kw1ph1 -> g3ic3ih9iw40oc3kh1kw3pw1+bias -> "
     "ic3ih9iw40oc2kh1kw1"},
};

static clconv_context *cpu_context(void)
{
    clconv_context *context = test_context(NULL);
    if (clconv_context_device(context)->kind != CLCONV_DEVICE_CPU ||
        strcmp(clconv_context_device(context)->platform, "rusticl") == 0)
        cr_skip_test("no device that fused is for");
    return context;
}

static void judge_rows(clconv_context *context)
{
    judge_tally tally = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        clconv_problem problems[CLCONV_MAX_STAGES];
        size_t count = 0;
        clconv_error error = {0};
        cr_assert_eq(
            clconv_sequence_parse(rows[i].text, problems, CLCONV_MAX_STAGES, &count, &error),
            CLCONV_OK, "%s: %s", rows[i].text, error.message);
        judge_run(context, problems, count, rows[i].algorithm, 1, 1, &tally);
    }
    judge_print("two as one", &tally);
    cr_expect_eq(tally.failed, 0);
    clconv_context_destroy(context);
}

Test(fused, is_right)
{
    judge_rows(cpu_context());
    judge_rows(test_context_other_vectors());
}

#define PAIR  "g3ic3ih9iw40oc3kh3kw1ph1 -> g3ic3ih9iw40oc3kh1kw3pw1"
#define THREE PAIR " -> g3ic3ih9iw40oc3kh3kw1ph1"

typedef struct request {
    const char *algorithm, *text;
    clconv_status status;
    const char *message; /* part of it */
} request;

static const request requests[] = {
    {"fused", PAIR, CLCONV_OK, NULL},
    {"fused,fused", PAIR, CLCONV_OK, NULL},
    {"auto,fused,fused", THREE, CLCONV_OK, NULL},
    {"fused,rows", PAIR, CLCONV_INVALID_ARGUMENT, "name it for stage 1 too, not rows"},
    {"rows,fused", PAIR, CLCONV_UNSUPPORTED, "runs 2 stages of a sequence as one"},
    {"fused", THREE, CLCONV_UNSUPPORTED, "runs 2 stages of a sequence as one"},
    {"fused", "g3ic3ih9iw40oc3kh3kw1ph1 -> ic3ih9iw40oc3kh1kw1", CLCONV_UNSUPPORTED,
     "two depthwise stages"},
    {"separable", "g3ic3ih9iw40oc3kh3kw1ph1 -> ic3ih9iw40oc3kh1kw1", CLCONV_OK, NULL},
    {"separable", PAIR, CLCONV_UNSUPPORTED, "and then a pointwise one"},
    {"separable", "ic3ih9iw40oc3kh3kw1ph1 -> ic3ih9iw40oc3kh1kw1", CLCONV_UNSUPPORTED,
     "as many groups as input channels"},
    {"separable", "g900ic900iw900oc900kw3pw1 -> ic900iw900oc3kw1", CLCONV_UNSUPPORTED,
     "rows of all channels of at most"},
};

Test(fused, is_named_for_both_stages)
{
    clconv_context *context = cpu_context();
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; ++i) {
        const request *r = &requests[i];
        clconv_problem problems[CLCONV_MAX_STAGES];
        clconv_error error = {0};
        size_t count = 0;
        cr_assert_eq(clconv_sequence_parse(r->text, problems, CLCONV_MAX_STAGES, &count, &error),
                     CLCONV_OK, "%s", error.message);
        cr_expect_eq(
            clconv_algorithm_check_sequence(context, problems, count, r->algorithm, &error),
            r->status, "%s on %s: %s", r->algorithm, r->text, error.message);
        if (r->message != NULL)
            cr_expect_not_null(strstr(error.message, r->message), "%s", error.message);
    }
    clconv_context_destroy(context);
}

/* What is larger than the caches is not written between the stages. */
Test(fused, is_taken_for_large_images)
{
    clconv_context *context = cpu_context();
    clconv_problem problems[2];
    clconv_error error = {0};
    size_t count = 0;
    clconv_plan *plan = NULL;
    clconv_sequence_parse("g3ic3ih1080iw1920oc3kh1kw9pw4 -> g3ic3ih1080iw1920oc3kh9kw1ph4",
                          problems, 2, &count, NULL);
    cr_assert_eq(clconv_plan_create(context, problems, 2, NULL, &plan, &error), CLCONV_OK, "%s",
                 error.message);
    cr_expect_str_eq(clconv_plan_algorithm(plan, 0), "fused");
    cr_expect_str_eq(clconv_plan_algorithm(plan, 1), "fused");
    cr_expect_lt(clconv_plan_workspace(plan), (size_t)3 * 1080 * 1920 * sizeof(float));
    clconv_plan_destroy(plan);
    clconv_context_destroy(context);
}
