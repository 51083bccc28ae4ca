/* transposed: the phases, in every tile configuration. */
#include "conv/implicit_gemm.h"
#include "stage_run.h"

TestSuite(transposed, .init = stage_open, .fini = stage_close, .timeout = 250);

static const char *const cases[] = {
    /* one phase; phases of equal and of unequal size */
    "deconv:mb2ic17ih6iw7oc20kh3kw3ph1pw1+bias",
    "deconv:mb1ic16ih8iw8oc64kh4kw4sh2sw2ph1pw1",
    "deconv:mb3ic5ih5iw6oc3kh3kw3sh2sw2ph1pw1ah1aw1+bias+relu",
    "deconv:mb1ic3ih4iw5oc17kh5kw7sh3sw4ph2pw3",
    /* phases without taps: kernel smaller than stride, stride and dilation with a common divisor */
    "deconv:mb2ic4ih5iw5oc5kh2kw2sh3sw3ph0pw0+bias",
    "deconv:mb1ic4ih5iw5oc5kh1kw1sh4sw2ph0pw0+bias+relu6",
    "deconv:mb1ic3ih6iw6oc18kh3kw3sh2sw4dh1dw1ph0pw0+bias",
    "deconv:mb1ic3ih6iw6oc4kh4kw3sh6sw6dh3dw2ph1pw2",
    /* stride beyond the output: fewer phases than the stride */
    "deconv:mb2ic3ih1iw1oc4kh3kw2sh5sw7ph0pw0",
    /* dilation coprime to the stride, padding beyond a phase, output padding below dilation */
    "deconv:mb1ic4ih7iw9oc33kh3kw3sh2sw3dh2dw1ph2pw1",
    "deconv:mb1ic2ih9iw9oc3kh5kw5sh2sw2dh2dw2ph6pw6ah1aw1",
    "deconv:mb1ic2ih5iw5oc3kh3kw3sh1sw1dh2dw3ph1pw1ah2aw3",
    /* groups, ranks 1 and 3 */
    "deconv:g3mb2ic6ih5iw5oc9kh3kw3sh2sw2ph1pw1+bias",
    "deconv:mb2ic5iw40oc18kw8sw3pw2",
    "deconv:mb1ic3id3ih4iw5oc4kd3kh2kw3sd2sh2sw1pd1ph0pw1ad1+bias",
    "deconv:g2mb2ic4id2ih3iw3oc6kd2kh3kw4sd3sh2sw2dd1dh0dw1pd0ph1pw2",
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
        stage_check("transposed", CLCONV_DEVICE_GPU, cases[j]);
}

Test(transposed, configuration_0)
{
    check_config(0);
}

Test(transposed, configuration_1)
{
    check_config(1);
}

Test(transposed, configuration_2)
{
    cr_assert_eq(CC_GEMM_CONFIGS, 3, "test the new configurations too");
    check_config(2);
}

Test(transposed, refuses_convolutions)
{
    stage_check_refused("transposed", "mb1ic3ih8iw8oc4kh3kw3ph0pw0");
}
