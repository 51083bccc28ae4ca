/* pointwise: CLBlast's product with its batches, strides and epilogue. */
#include "stage_run.h"

TestSuite(pointwise, .init = stage_open, .fini = stage_close);

static const char *const cases[] = {
    /* one product: tails around CLBlast's tiles, both of its kernels (small and large) */
    "ic1ih1oc1kh1",
    "ic3ih5iw7oc2kh1kw1",
    "ic17ih9oc33kh1",
    "ic63ih8oc65kh1",
    "ic64ih8oc64kh1",
    "ic65ih7iw9oc63kh1kw1",
    "ic129ih31iw33oc127kh1kw1",
    "ic255ih32oc260kh1",
    "ic512ih32oc256kh1",
    /* batches: a shared weight matrix, one per group, both */
    "mb3ic20ih6iw5oc12kh1kw1",
    "mb2ic130ih24oc140kh1",
    "g4ic16ih9oc8kh1",
    "g3ic390ih20oc384kh1",
    "g2mb5ic14ih6oc6kh1",
    "g5mb2ic15ih6oc10kh1",
    "g3mb3ic9ih4iw11oc12kh1kw1+bias",
    /* strides are gathered; so is an input that is left partly unread */
    "mb2ic24ih9iw10oc16kh1sh2sw3kw1",
    "g2mb2ic8ih7oc6kh1sh2+bias+relu",
    "ic5ih9oc4kh1eh-2ew-1iw9kw1",
    "ic200ih33oc150kh1sh2",
    "mb2ic4ih1iw9oc3kh1sh3sw1kw1",
    /* epilogue */
    "mb2ic19ih6oc23kh1+bias",
    "mb2ic19ih6oc23kh1+relu6",
    "ic19ih6oc23kh1+bias+silu",
    "ic19ih6oc23kh1+bias+leaky_relu:0.25",
    "mb2ic19ih6oc23kh1sh2+tanh",
    /* ranks 1 and 3 */
    "mb2ic30iw101oc9kw1",
    "ic6id3ih5iw4oc7kd1kh1kw1sd2sh1sw3+bias",
    /* padding modes that pad nothing */
    "ic6ih6oc6kh1+circular",
    /* transposed: the product's transposed operand */
    "deconv:ic20ih7oc11kh1",
    "deconv:mb3ic140ih20oc130kh1+bias",
    "deconv:g3mb2ic9ih5oc6kh1",
};

Test(pointwise, cases)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
        stage_check("pointwise", CLCONV_DEVICE_GPU, cases[i]);
}

Test(pointwise, refuses_padding_taps_and_upsampling)
{
    stage_check_refused("pointwise", "ic4ih8oc4kh3ph1");
    stage_check_refused("pointwise", "ic4ih8oc4kh1ph1");
    stage_check_refused("pointwise", "ic4ih8oc4kh1eh1");
    stage_check_refused("pointwise", "deconv:ic4ih8oc4kh1sh2");
}

Test(pointwise, is_not_the_default_of_a_cpu_device)
{
    clconv_problem problem;
    cc_shape shape;
    cr_assert_eq(clconv_problem_parse("ic256ih56oc256kh1", &problem, NULL), CLCONV_OK);
    cr_assert_eq(cc_shape_make(&problem, &shape, NULL), CLCONV_OK);
    clconv_device device = stage_on.description;
    device.kind = CLCONV_DEVICE_CPU;
    cr_assert_str_neq(cc_algorithm_choose(&device, CLCONV_MATH_DEFAULT, &shape)->name, "pointwise");
    device.kind = CLCONV_DEVICE_GPU;
    cr_assert_str_eq(cc_algorithm_choose(&device, CLCONV_MATH_DEFAULT, &shape)->name, "pointwise");
}

static cl_uint context_references(void)
{
    cl_uint count = 0;
    clGetContextInfo(stage_on.cl, CL_CONTEXT_REFERENCE_COUNT, sizeof(count), &count, NULL);
    return count;
}

/* CLBlast's cache would. */
Test(pointwise, keeps_no_context_alive)
{
    const cl_uint before = context_references();
    stage_check("pointwise", CLCONV_DEVICE_GPU, "ic3ih5oc4kh1");
    cc_programs_destroy(stage_on.programs);
    stage_on.programs = NULL;
    cr_assert_eq(context_references(), before);
}
