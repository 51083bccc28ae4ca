/* The algorithms for depthwise convolutions: `rows` of CPU devices, and `depthwise`, staged or not.
 */
#include "stage_run.h"

TestSuite(depthwise, .init = stage_open, .fini = stage_close);

static const char *const cases[] = {
    /* ordinary layers; strides and tails in both directions */
    "g32ic32ih28oc32kh3ph1",
    "g17mb2ic17ih15iw33oc17kh3kw3sh2sw3ph1pw1",
    "g5mb3ic5ih112oc5kh3sh2ph1+bias+relu",
    "g6ic6ih30iw18oc6kh5ph2kw5pw2+bias",
    "g3ic3ih9iw65oc3kh1kw7ph0pw3+silu",
    /* small images: several planes to a work-group, the last one short */
    "g37mb2ic37ih7oc37kh3ph1+bias",
    "g130ic130ih1iw1oc130kh1kw1",
    "g9mb3ic9ih4iw3oc9kh3ph1kw3pw1",
    "g20ic20ih7oc20kh7ph0",
    /* fewer rows than a block, rows shorter than a vector, one row, and rows at the tensor's ends
     */
    "g5mb2ic5ih5iw16oc5kh3ph1kw3pw1+bias",
    "g3ic3ih2iw40oc3kh3ph1kw3pw1",
    "g1ic1ih1oc1kh3ph1",
    "g2ic2ih3iw2oc2kh5ph2kw5pw2",
    "g1ic1ih8oc1kh3ph2",
    "g33ic33ih14oc33kh5sh2ph2+bias",
    "g7mb2ic7ih10iw50oc7kh5ph1kw5pw1+relu",
    "g3ic3ih2iw100oc3kh2ph0kw3pw1+bias",
    "g128ic128iw16oc128kw3pw1",
    "g4mb2ic4iw67oc8kw5sw2pw2+silu",
    /* short rows: as wide as one vector or two, each padding, an odd number of planes */
    "g9mb3ic9ih16iw16oc9kh5ph0kw5pw0+bias",
    "g5mb3ic5ih11iw8oc5kh5ph4kw5pw1+relu",
    "g5mb1ic5ih9iw8oc10kh4ph3kw4pw3+bias",
    "g3mb3ic3ih16iw16oc3kh3sh2ph0kw3sw2pw0+silu",
    "g7ic7ih30iw32oc7kh3sh2ph1kw3sw2pw1+bias",
    "g3ic3ih40iw1oc3kh5sh2ph4kw5sw2pw4",
    "g6mb2ic6ih13iw14oc6kh2ph1kw2pw1",
    "g5mb3ic5ih14oc15kh5sh2ph2+bias+relu",
    /* even and large squares, planes cut into pieces of unequal size */
    "g5mb2ic5ih29iw29oc5kh2ph0kw2pw1+bias",
    "g5ic5ih30iw31oc5kh2sh2ph0kw2sw2pw0",
    "g3ic3ih33iw40oc3kh4sh2ph1kw4sw2pw2+relu",
    "g5mb3ic5ih9iw7oc5kh4sh2ph1kw4sw2pw1",
    "g3ic3ih57iw70oc3kh6ph3kw6pw2+bias",
    "g3ic3ih14oc6kh7ph3+bias",
    "g3ic3ih61iw75oc3kh7sh2ph3kw7sw2pw3",
    "g5mb3ic5ih7oc5kh8sh2ph4",
    "g2ic2ih90iw45oc2kh9ph4kw9pw4+relu",
    "g2ic2id5ih13iw19oc2kd3kh7kw7pd1ph3pw3+bias",
    /* 3x3/2 from src itself: columns and rows in the padding and not, blocks in part, a plane of
       padding alone */
    "g5mb2ic5ih33iw47oc10kh3sh2ph1kw3sw2pw1+bias+relu",
    "g4mb2ic4ih30iw40oc4kh3sh2ph0kw3sw2pw0",
    "g4mb2ic4ih31iw33oc4kh3sh2ph2kw3sw2pw2+bias",
    "g3mb2ic3ih32iw32oc3oh16ow16kh3sh2ph0kw3sw2pw0",
    "g3mb2ic3id5ih20iw34oc3kd1kh3kw3sd2sh2sw2pd1ph1pw1",
    /* 8 channels side by side: some left over, fewer columns than a block, bands, any kernel */
    "g19mb2ic19ih14oc19kh3ph1+bias+relu",
    "g8ic8ih14oc16kh5sh2ph2+bias",
    "g9mb2ic9ih7oc9kh7ph3+silu",
    "g16ic16ih9iw3oc16kh3ph1kw3pw1",
    "g11ic11ih30iw28oc11kh5ph2kw5pw2",
    "g21ic21ih61iw56oc21kh3sh2ph1kw3sw2pw1+bias",
    "g9mb3ic9ih5iw20oc27kh2ph1kw9pw4+bias+leaky_relu:0.1",
    "g12mb2ic12ih13iw17oc12kh3sh2dh2ph3kw4sw1dw3pw4+reflect+bias",
    "g10ic10ih12iw11oc20kh5ph4pw4kw5+circular",
    "g8ic8ih40iw7oc8kh5sh3dh2ph4kw5sw3dw2pw4+replicate",
    "g9ic9ih12oc9kh3dh17ph18+bias",
    /* a result that no cache holds */
    "g3ic3ih850iw850oc3kh3ph1kw3pw1",
    /* several filters to a channel */
    "g8mb2ic8ih14oc24kh3ph1+bias+relu6",
    "g1mb2ic1ih20oc5kh5ph2",
    "g8mb2ic8ih64iw128oc16kh64kw1ph0pw0+bias",
    /* dilation: coprime to the stride, sharing a factor with it, a multiple of it, past the input
     */
    "g4ic4ih32oc4kh3dh1ph2",
    "g4ic4ih40iw37oc4kh3sh2dh2ph3kw3sw2dw2pw3",
    "g4ic4ih40iw37oc4kh3sh4dh5ph6kw3sw4dw5pw6",
    "g4ic4ih33oc4kh3sh2dh3ph4",
    "g3ic3ih12oc3kh3dh17ph18",
    "g2ic2ih40oc2kh3dh35ph36+bias",
    /* a stride wider than the kernel */
    "g2ic2ih64iw64oc2kh3kw3sh31sw29ph1pw1",
    /* padding modes, uneven padding, padding wider than the kernel, input left unread */
    "g6mb2ic6ih10iw13oc6kh3ph1kw3pw1+reflect",
    "g6ic6ih10iw13oc6kh5ph4pw4kw5+replicate+bias+relu",
    "g6ic6ih6iw9oc6kh5ph5pw3kw5+circular",
    "g4ic4ih11iw21oc4kh3ph2eh0pw0ew3kw3",
    "g4ic4ih8oc4kh3ph7pw9iw8kw3",
    "g4ic4ih11oc4kh3ph0pw0eh-3ew-2iw11kw3",
    /* ranks 1 and 3 */
    "g12mb2ic12iw1000oc12kw9pw4",
    "g3ic3iw50oc6kw4sw3dw6pw2+bias+leaky_relu:0.1",
    "g6mb2ic6id5ih9iw11oc6kd3kh3kw3pd1ph1pw1",
    "g2ic2id9ih12iw10oc4kd4kh2kw5sd2sh1sw3dd1dh2dw0pd3ph1pw2+bias",
    "g3ic3id6ih6iw6oc3kd3kh3kw3pd2ph1pw1+replicate",
    "g16ic16id3ih3iw3oc16kd3kh3kw3pd0ph0pw0",
};

/* Patches at, near and past what is staged; more taps than rows takes. */
static const char *const large_cases[] = {
    "g2ic2ih70oc2kh31ph15",
    "g2ic2ih90oc2kh63ph31",
    "g1ic1ih80oc1kh64ph0",
    "g1ic1ih80oc1kh65ph0",
};

static void check_all(const char *algorithm, clconv_device_kind kind)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        stage_check(algorithm, kind, cases[i]);
}

Test(depthwise, cases_by_rows)
{
    check_all("rows", CLCONV_DEVICE_CPU);
}

Test(depthwise, cases_as_on_a_gpu)
{
    check_all("depthwise", CLCONV_DEVICE_GPU);
    for (size_t i = 0; i < sizeof(large_cases) / sizeof(large_cases[0]); ++i)
        stage_check("depthwise", CLCONV_DEVICE_GPU, large_cases[i]);
}

static void note_staged(const char *file, const char *options, void *data)
{
    (void)file;
    *(int *)data |= strstr(options, "-DSTAGE=1") != NULL ? 1 : 2;
}

/* Bit 0: staged, bit 1: not. */
static int forms_built(clconv_device_kind kind, const char *text)
{
    int forms = 0;
    stage_check("depthwise", kind, text);
    cc_programs_visit(stage_on.programs, note_staged, &forms);
    return forms;
}

Test(depthwise, a_gpu_stages)
{
    cr_assert_eq(forms_built(CLCONV_DEVICE_GPU, "g32ic32ih28oc32kh3ph1"), 1);
}

Test(depthwise, a_large_patch_still_fits_with_64_taps_a_side)
{
    cr_assert_eq(forms_built(CLCONV_DEVICE_GPU, "g1ic1ih64oc64kh64ph0"), 1);
}

Test(depthwise, a_larger_patch_is_not_staged)
{
    cr_assert_eq(forms_built(CLCONV_DEVICE_GPU, "g1ic1ih65oc64kh65ph0"), 2);
}

Test(depthwise, inputs_used_once_are_not_staged)
{
    cr_assert_eq(forms_built(CLCONV_DEVICE_GPU, "g16ic16ih28oc16kh1"), 2);
}

Test(depthwise, dilation_does_not_grow_the_patch)
{
    cr_assert_eq(forms_built(CLCONV_DEVICE_GPU, "g4ic4ih256oc4kh3dh35ph36"), 1);
}

Test(depthwise, refuses_what_is_not_depthwise)
{
    stage_check_refused("depthwise", "g2ic4ih8oc4kh3ph1");
    stage_check_refused("depthwise", "deconv:g4ic4ih8oc4kh3ph1");
    stage_check_refused("rows", "g2ic4ih8oc4kh3ph1");
    stage_check_refused("rows", large_cases[0]);
    stage_check_refused("rows", "deconv:g4ic4ih8oc4kh3ph1");
}
