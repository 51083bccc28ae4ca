/* A depthwise separable convolution as one plan: depthwise 3x3 with relu, then pointwise. The
 * weights are packed once and used for many pictures; the tensor between stays on the device. */
#include <clconv.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHANNELS = 16, OUT_CHANNELS = 32, SIZE = 64, PICTURES = 3 };

static float *random_floats(int64_t count)
{
    float *values = malloc((size_t)count * sizeof *values);
    for (int64_t i = 0; values != NULL && i < count; ++i)
        values[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return values;
}

int main(int argc, char **argv)
{
    clconv_problem problems[2] = {
        clconv_problem_2d(CHANNELS, CHANNELS, SIZE, SIZE, 3, 3),
        clconv_problem_2d(CHANNELS, OUT_CHANNELS, SIZE, SIZE, 1, 1),
    };
    problems[0].groups = CHANNELS;
    problems[0].epilogue.activation = CLCONV_RELU;
    problems[1].epilogue.bias = 1;

    clconv_error error = {0};
    clconv_sizes first = {0}, last = {0};
    clconv_cost cost;
    if (clconv_problem_pad_same(&problems[0], &error) != CLCONV_OK ||
        clconv_problem_sizes(&problems[0], &first, &error) != CLCONV_OK ||
        clconv_problem_sizes(&problems[1], &last, &error) != CLCONV_OK ||
        clconv_sequence_cost(problems, 2, &cost, &error) != CLCONV_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }

    clconv_context *context = NULL;
    clconv_plan *plan = NULL;
    clconv_weights *packed = NULL;
    float *src = random_floats(first.src);
    float *dst = random_floats(last.dst);
    float *depthwise = random_floats(first.weights);
    float *pointwise = random_floats(last.weights);
    float *bias = random_floats(last.bias);
    const clconv_stage_tensors stages[2] = {{depthwise, NULL}, {pointwise, bias}};
    const char *device = argc > 1 ? argv[1] : "auto";

    clconv_status status = CLCONV_OUT_OF_HOST_MEMORY;
    if (src != NULL && dst != NULL && depthwise != NULL && pointwise != NULL && bias != NULL)
        status = clconv_context_create(device, &context, &error);
    if (status == CLCONV_OK)
        status = clconv_plan_create(context, problems, 2, NULL, &plan, &error);
    if (status == CLCONV_OK)
        status = clconv_weights_pack(plan, stages, &packed, &error);
    for (int i = 0; i < PICTURES && status == CLCONV_OK; ++i) {
        const clconv_tensors tensors = {.src = src, .dst = dst, .packed = packed};
        clconv_timing timing;
        status = clconv_execute(plan, &tensors, &timing, &error);
        if (status == CLCONV_OK)
            printf("picture %d: %lld multiplications in %.3f ms\n", i,
                   (long long)cost.multiplications, (double)timing.compute_ns * 1e-6);
    }
    if (status == CLCONV_OK) {
        char text[1024];
        clconv_plan_describe(plan, text, sizeof text);
        fputs(text, stdout);
    } else {
        fprintf(stderr, "%s: %s\n", clconv_status_name(status), error.message);
    }

    clconv_weights_destroy(packed);
    clconv_plan_destroy(plan);
    clconv_context_destroy(context);
    free(src);
    free(dst);
    free(depthwise);
    free(pointwise);
    free(bias);
    return status != CLCONV_OK;
}
