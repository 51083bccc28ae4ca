/* tiled: every tile configuration, on what cuts tiles, steps and bands. */
#include "conv/implicit_gemm.h"
#include "stage_run.h"

TestSuite(tiled, .init = stage_open, .fini = stage_close, .timeout = 250);

static const char *const cases[] = {
    /* whole tiles; tails of k, of pixels, of the sum; strides */
    "mb1ic16ih16iw16oc64kh3kw3ph1pw1",
    "mb3ic17ih7iw9oc17kh3kw3ph1pw1+bias",
    "mb2ic3ih15iw19oc70kh3kw3sh2sw2ph1pw1+bias",
    "mb5ic1ih3iw3oc1kh2kw2ph0pw0",
    "mb1ic40ih5iw5oc33kh1kw1ph0pw0",
    "g3mb2ic15ih9iw8oc60kh3kw2ph1pw1+bias+relu",
    "g4mb1ic4ih12iw12oc8kh5kw5ph2pw2",
    /* dilation: trimmed taps, bands, rates past the input, uneven padding */
    "mb2ic4ih65iw65oc8kh3dh35ph36kw3dw35pw36",
    "mb1ic3ih9iw40oc8kh3dh19ph20kw3dw19pw20",
    "mb1ic2ih12iw12oc5kh3dh49ph50kw3dw49pw50",
    "mb2ic2iw80oc20kw5dw17pw36+bias",
    "mb1ic2ih6iw37oc3kh1kw3dw19pw40ew20sw2ph0",
    /* kernel larger than the input; input left unread */
    "mb2ic3ih4iw5oc9kh7kw9ph5pw4",
    "mb1ic3ih11iw20oc4kh3eh-3ew-2kw3ph0pw0",
    /* ranks 1 and 3 */
    "mb2ic5iw300oc18kw9pw4",
    "mb2ic3id5ih6iw7oc20kd3kh3kw3pd1ph1pw1+bias",
    "mb1ic4id7ih5iw40oc6kd2kh3kw3sd2sh1sw2dd1dh2dw19pd1ph3pw20",
};

static const char *const padded[] = {
    "mb2ic3ih10iw13oc17kh3kw3ph1pw1+reflect+bias",
    "mb1ic5ih8iw9oc20kh5kw5ph4pw4+replicate",
    "g2mb2ic6ih6iw9oc6kh5kw5ph5pw3+circular",
    "mb1ic2id4ih5iw6oc4kd3kh3kw3pd1ph1pw1+reflect",
};

static const cc_gemm_config *config; /* the one under test */

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    return cc_gemm_build_with(stage, config, error);
}

static void check_config(int i)
{
    config = &cc_gemm_configs[i];
    stage_build = build;
    for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); ++j)
        stage_check("tiled", CLCONV_DEVICE_GPU, cases[j]);
    for (size_t j = 0; j < sizeof(padded) / sizeof(padded[0]); ++j)
        stage_check("tiled", CLCONV_DEVICE_GPU, padded[j]);
}

Test(tiled, configuration_0)
{
    check_config(0);
}

Test(tiled, configuration_1)
{
    check_config(1);
}

Test(tiled, configuration_2)
{
    cr_assert_eq(CC_GEMM_CONFIGS, 3, "test the new configurations too");
    check_config(2);
}

static cc_shape shape_of(const char *text)
{
    clconv_error error;
    clconv_problem problem;
    cc_shape shape;
    cr_assert_eq(clconv_problem_parse(text, &problem, &error), CLCONV_OK, "%s", error.message);
    cr_assert_eq(cc_shape_make(&problem, &shape, &error), CLCONV_OK, "%s", error.message);
    return shape;
}

Test(tiled, bands_only_where_taps_can_miss_them)
{
    const struct {
        const char *text;
        int32_t band;
    } rows[] = {
        {"mb1ic1ih56iw56oc1kh3kw3ph1pw1", 56},
        {"mb1ic1ih65iw65oc1kh3dh35ph36kw3dw35pw36", 16},
        {"mb1ic1ih65iw65oc1kh1ph0kw3dw35pw36", 16},
        {"mb1ic1iw10oc1kw3dw35pw36", 10},
        {"mb1ic1ih65iw65oc1kh1kw3dw35pw36ph0+replicate", 65},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const cc_shape shape = shape_of(rows[i].text);
        cr_assert_eq(cc_gemm_band(&shape), rows[i].band, "%s: band %d", rows[i].text,
                     cc_gemm_band(&shape));
    }
}

Test(tiled, every_configuration_is_reachable)
{
    clconv_device device = stage_on.description;
    device.kind = CLCONV_DEVICE_GPU;
    device.compute_units = 40;
    const char *const best[CC_GEMM_CONFIGS] = {
        "mb8ic64ih56iw56oc256kh3kw3ph1pw1",
        "mb1ic256ih14iw14oc256kh3kw3ph1pw1",
        "mb8ic64ih112iw112oc16kh3kw3ph1pw1",
    };
    for (int i = 0; i < CC_GEMM_CONFIGS; ++i) {
        const cc_shape shape = shape_of(best[i]);
        cr_assert_eq(cc_gemm_choose(&device, &shape), &cc_gemm_configs[i], "%s", best[i]);
    }
}

Test(tiled, refuses_transposed_convolutions)
{
    stage_check_refused("tiled", "deconv:mb1ic3ih8iw8oc4kh3kw3ph0pw0");
}
