/* Ten lines that run a convolution: the edges of a 6x6 picture with a dark left half. */
#include <clconv.h>
#include <stdio.h>

int main(void)
{
    const float sobel[9] = {-1, 0, 1, -2, 0, 2, -1, 0, 1};
    const clconv_stage_tensors stage = {.weights = sobel};
    clconv_problem problem = clconv_problem_2d(1, 1, 6, 6, 3, 3); /* channels, size, kernel */
    clconv_context *context = NULL;
    clconv_plan *plan = NULL;
    clconv_error error = {0};
    float src[36], dst[16];
    for (int i = 0; i < 36; ++i)
        src[i] = i % 6 < 3 ? 0.0f : 1.0f;

    const clconv_tensors tensors = {.src = src, .dst = dst, .stages = &stage};
    if (clconv_context_create("auto", &context, &error) != CLCONV_OK ||
        clconv_plan_create(context, &problem, 1, NULL, &plan, &error) != CLCONV_OK ||
        clconv_execute(plan, &tensors, NULL, &error) != CLCONV_OK)
        fprintf(stderr, "%s\n", error.message);
    else
        for (int i = 0; i < 16; ++i)
            printf("%g%c", (double)dst[i], i % 4 < 3 ? ' ' : '\n');

    clconv_plan_destroy(plan);
    clconv_context_destroy(context);
    return error.status != CLCONV_OK;
}
