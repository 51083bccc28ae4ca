/* NaN and infinities: each algorithm gives what the reference gives, by class and sign, and lets
 * none of them reach an element that does not see it. */
#include "workload.h"

static const char *const padded[] = {
    "mb2ic5ih13iw37oc17kh3kw3ph1pw1+bias",
    "mb1ic3ih17iw19oc16kh5kw5sh2sw2ph2pw2",
    "g3mb1ic12ih11iw12oc9kh3kw3ph1pw1+bias+relu",
    "g17mb1ic17ih12iw21oc17kh3kw3ph1pw1+leaky_relu:0.1",
    "g8mb1ic8ih12iw21oc16kh3kw3sh2sw2ph1pw1+sigmoid",
    "mb1ic4ih15iw14oc6kh3kw3ph6pw6dh5dw5+tanh",
    "mb1ic4ih9iw9oc6kh3kw3ph2pw2+relu6+reflect",
    "mb2ic8iw70oc9kw5pw2+silu",
    "mb1ic3id5ih6iw7oc5kd3kh3kw3pd1ph1pw1",
    "deconv:mb1ic6ih7iw9oc10kh4kw4sh2sw2ph1pw1+bias+relu",
    "deconv:g2mb1ic6iw31oc8kw3sw3",
};

/* Where no tap lies in padding, the weights may be infinite too. */
static const char *const unpadded[] = {
    "mb2ic5ih13iw37oc17kh3kw3+bias",       "g3mb1ic12ih11iw12oc9kh3kw3sh2sw2+relu",
    "g17mb1ic17ih12iw21oc17kh3kw3",        "g8mb1ic8ih12iw21oc16kh5kw5sh2sw2+bias",
    "mb2ic19ih9iw11oc33kh1kw1+bias+relu6", "mb2ic19ih9iw11oc18kh1kw1sh2sw2",
    "mb1ic4ih15iw14oc6kh3kw3dh5dw5",       "mb2ic8iw70oc9kw5+tanh",
};

static void plant(float *values, size_t count, uint32_t seed)
{
    static const float special[] = {NAN, INFINITY, -INFINITY};
    uint32_t state = seed;
    for (size_t i = 0; i < 6; ++i) {
        state = state * 1664525u + 1013904223u;
        values[(state >> 8) % count] = special[i % 3];
    }
}

/* Some elements must be special and some must not: else the test would see nothing. */
static void expect_both(const workload *w)
{
    size_t special = 0;
    for (size_t i = 0; i < w->dst_elements; ++i)
        special += isfinite(w->reference[i]) ? 0 : 1;
    cr_assert(special > 0 && special < w->dst_elements, "%s: %zu of %zu are special", w->text,
              special, w->dst_elements);
}

static void run_everywhere(clconv_context *context, const char *text, int in_weights)
{
    workload w = workload_make(text);
    const char *name;
    clconv_error error = {0};
    plant(w.src, w.src_elements, 7);
    if (in_weights)
        plant(w.weights[0], (size_t)w.sizes[0].weights, 11);
    cr_assert_eq(
        clconv_reference(w.problems, w.count, w.src, w.stages, w.reference, w.bound, &error),
        CLCONV_OK, "%s", error.message);
    expect_both(&w);
    for (size_t i = 0; (name = clconv_algorithm_name(i)) != NULL; ++i) {
        if (clconv_algorithm_check(context, w.problems, name, NULL) != CLCONV_OK)
            continue;
        clconv_plan *plan = workload_plan(&w, context, name);
        workload_execute(&w, plan, NULL, name);
        clconv_plan_destroy(plan);
    }
    workload_free(&w);
}

Test(special, values_in_the_source)
{
    clconv_context *context = test_context(NULL);
    for (size_t i = 0; i < sizeof padded / sizeof padded[0]; ++i)
        run_everywhere(context, padded[i], 0);
    for (size_t i = 0; i < sizeof unpadded / sizeof unpadded[0]; ++i)
        run_everywhere(context, unpadded[i], 0);
    clconv_context_destroy(context);
}

Test(special, values_in_the_weights)
{
    clconv_context *context = test_context(NULL);
    for (size_t i = 0; i < sizeof unpadded / sizeof unpadded[0]; ++i)
        run_everywhere(context, unpadded[i], 1);
    clconv_context_destroy(context);
}
