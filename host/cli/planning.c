#include "planning.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "file.h"

clconv_status cli_planning_read(const cli_common *common, clconv_options *options,
                                clconv_error *error)
{
    static const char *const words[] = {
        [CLCONV_ESTIMATE] = "estimate", [CLCONV_TUNED] = "tuned", [CLCONV_MEASURE] = "measure"};
    if (common->budget_ms < 0)
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "--budget %d is negative",
                         common->budget_ms);
    options->budget_ms = common->budget_ms;
    options->math = common->math && strcmp(common->math, "strict") == 0 ? CLCONV_MATH_STRICT
                                                                        : CLCONV_MATH_DEFAULT;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!common->planning || strcmp(common->planning, words[i]) == 0) {
            options->planning = (clconv_planning)i;
            return CLCONV_OK;
        }
    }
    return cli_error(error, CLCONV_INVALID_ARGUMENT,
                     "--planning %s: there are estimate, tuned and measure", common->planning);
}

/* Why each algorithm is taken. */
static void print_plan(const clconv_plan *plan)
{
    char text[4096];
    clconv_plan_describe(plan, text, sizeof text);
    printf("planned: %s", text);
}

clconv_status cli_planning_resolve(clconv_context *context, const clconv_problem *problems,
                                   size_t count, const cli_common *common, char *text, size_t size,
                                   clconv_error *error)
{
    clconv_options options = {.algorithm = common->algorithm};
    clconv_plan *plan = NULL;

    snprintf(text, size, "%s", common->algorithm ? common->algorithm : "auto");
    clconv_status status = cli_planning_read(common, &options, error);
    if (status != CLCONV_OK || options.planning == CLCONV_ESTIMATE || strcmp(text, "auto") != 0 ||
        clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE)
        return status;
    status = clconv_plan_create(context, problems, count, &options, &plan, error);
    if (status == CLCONV_OK) {
        plan_algorithms(plan, text, size);
        if (common->verbose)
            print_plan(plan);
    }
    clconv_plan_destroy(plan);
    return status;
}
