#include "compute.h"

#include <stdio.h>
#include <stdlib.h>

#include "planning.h"

static double milliseconds(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void print_plan(const clconv_plan *plan)
{
    const size_t length = clconv_plan_describe(plan, NULL, 0);
    char *const text = malloc(length + 1);
    if (!text)
        return;
    clconv_plan_describe(plan, text, length + 1);
    printf("%s%s", text, length > 0 && text[length - 1] == '\n' ? "" : "\n");
    free(text);
}

static void print_timing(const clconv_context *context, const clconv_timing *timing)
{
    clconv_statistics built;
    clconv_context_statistics(context, &built);
    printf("upload %.3f ms, compute %.3f ms, download %.3f ms (first run)\n",
           milliseconds(timing->upload_ns), milliseconds(timing->compute_ns),
           milliseconds(timing->download_ns));
    printf("compiled %zu programs in %.3f ms\n", built.programs, milliseconds(built.compile_ns));
}

static cli_exit check_result(const clconv_plan *plan, const clconv_problem *last, const float *src,
                             const clconv_stage_tensors *stages, const float *dst)
{
    cli_exit code = CLI_FINE;
    clconv_error error;
    clconv_sizes sizes;
    double *reference = NULL, *bound = NULL;
    if (clconv_problem_sizes(last, &sizes, &error) != CLCONV_OK)
        return cli_fail_library(&error);

    const size_t elements = (size_t)sizes.dst;
    reference = malloc(elements * sizeof *reference);
    bound = malloc(elements * sizeof *bound);
    if (!reference || !bound) {
        code = cli_fail(CLI_DEVICE, "the host is out of memory for the reference's %zu elements",
                        elements);
        goto cleanup;
    }
    if (clconv_plan_reference(plan, src, stages, reference, bound, &error) != CLCONV_OK) {
        code = cli_fail_library(&error);
        goto cleanup;
    }

    clconv_comparison comparison;
    clconv_compare(dst, reference, bound, elements, &comparison);
    printf("check: worst error / bound %.3g (error %.3g at element %zu): ", comparison.ratio,
           comparison.difference, comparison.worst);
    if (comparison.wrong == 0) {
        puts("OK");
    } else {
        printf("WRONG, %zu of %zu elements\n", comparison.wrong, elements);
        code = CLI_WRONG;
    }

cleanup:
    free(bound);
    free(reference);
    return code;
}

cli_exit cli_compute(const cli_common *common, const clconv_problem *problems, size_t count,
                     const float *src, const clconv_stage_tensors *stages, float *dst, int check)
{
    clconv_options options = {.algorithm = common->algorithm};
    const clconv_tensors tensors = {.src = src, .dst = dst, .stages = stages};
    cli_exit code = cli_common_math(common, &options.math); /* before anything is made */
    clconv_context *context = NULL;
    clconv_plan *plan = NULL;
    clconv_timing timing;
    clconv_error error;

    if (code != CLI_FINE)
        return code;
    if (cli_planning_read(common, &options, &error) != CLCONV_OK ||
        clconv_context_create(common->device, &context, &error) != CLCONV_OK ||
        clconv_plan_create(context, problems, count, &options, &plan, &error) != CLCONV_OK) {
        code = cli_fail_library(&error);
        goto cleanup;
    }
    if (common->verbose)
        print_plan(plan);
    if (clconv_execute(plan, &tensors, common->verbose ? &timing : NULL, &error) != CLCONV_OK) {
        code = cli_fail_library(&error);
        goto cleanup;
    }
    if (common->verbose)
        print_timing(context, &timing);
    if (check)
        code = check_result(plan, &problems[count - 1], src, stages, dst);

cleanup:
    clconv_plan_destroy(plan);
    clconv_context_destroy(context);
    return code;
}
