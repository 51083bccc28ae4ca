/* clconv verify: every algorithm against the reference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "commands.h"
#include "devices.h"
#include "planning.h"
#include "progress.h"

static const cli_help help = {
    .name = "clconv verify",
    .arguments = "[OPTION...] [PROBLEM...]",
    .details =
        "Without a problem a built-in list that has every variant is verified.\n"
        "Each algorithm runs with raw and with packed weights on two sets of data: small\n"
        "integers, where the result must be exact, and random reals, where each element must be\n"
        "within its bound. `ratio' is the worst error / bound of the reals; an activation that\n"
        "rounds leaves out the integers. --algorithm all takes each applicable one.\n",
    .example = "  clconv verify --algorithm all 'ic3ih8iw8oc4kh3kw3ph1pw1+bias+relu'\n",
};

/* Every variant, rank and padding mode; sizes that leave tails, small enough for any device. */
static const char *const builtin[] = {
    "mb2ic3ih17iw19oc8kh3kw3ph1pw1",
    "mb1ic16ih9iw23oc17kh3kw3sh2sw2ph1pw1+bias+relu",
    "mb1ic8ih12iw12oc16kh5kw5ph7pw7",
    "mb2ic5ih11iw13oc9kh2kw4ph0eh1pw2ew1sh1sw2+bias+relu6",
    "mb1ic8ih14iw14oc24kh7kw7sh4sw4ph3pw3+leaky_relu:0.1",
    "mb1ic4ih9iw9oc6kh3kw3ph2pw2+reflect",
    "mb1ic4ih9iw9oc6kh3kw3ph2pw2+replicate+sigmoid",
    "mb1ic4ih9iw9oc6kh3kw3ph2pw2+circular+tanh",
    "g4mb2ic16ih10iw11oc24kh3kw3ph1pw1+bias",
    "g32mb1ic32ih15iw17oc32kh3kw3ph1pw1+bias+silu",
    "g8mb2ic8ih14iw14oc24kh5kw5sh2sw2ph2pw2",
    "g6mb1ic6ih12iw12oc6kh3kw3ph1pw1+circular",
    "mb2ic32ih13iw7oc40kh1kw1",
    "mb2ic24ih14iw14oc17kh1kw1sh2sw2+bias+relu",
    "mb1ic6ih33iw33oc8kh3kw3ph12pw12dh11dw11",
    "mb1ic4ih16iw16oc5kh3kw3ph36pw36dh35dw35",
    "deconv:mb2ic8ih6iw7oc6kh4kw4sh2sw2ph1pw1+bias+relu",
    "deconv:g3mb1ic6ih5iw6oc9kh3kw3sh3sw2ph1pw1ah2aw1dh1dw0",
    "deconv:mb1ic4id4ih5iw6oc3kd3kh3kw3sd2sh2sw2pd1ph1pw1",
    "mb3ic7iw50oc9kw5pw2",
    "mb2ic6iw40oc12kw3sw2pw4dw2+bias+replicate",
    "g12mb2ic12iw64oc12kw7pw3",
    "deconv:mb2ic5iw20oc4kw6sw3pw2",
    /* Long sums, which an algorithm may compute in parts */
    "mb3ic11ih2iw12oc1oh4ow11kh4kw5ph4pw8dw2",
    "deconv:mb2ic70ih9iw11oc20kh4kw4sh2sw2ph1pw1+relu",
    "mb1ic4id7ih9iw11oc6kd3kh3kw3pd1ph1pw1",
    "g5mb1ic5id8ih9iw10oc10kd3kh1kw2sd2pd1+reflect",
    "g12mb1ic12ih18iw20oc12kh3kw3ph1pw1+bias+relu -> mb1ic12ih18iw20oc20kh1kw1+bias+relu",
    "g3mb1ic3ih31iw37oc3kh1kw9pw4 -> g3mb1ic3ih31iw37oc3kh9kw1ph4",
    "g4mb2ic4ih23iw41oc8kh5kw1sh2ph2dh1+bias+relu -> g8mb2ic8ih10iw41oc16kh1kw5sw2pw2+reflect",
};

typedef struct verify {
    cli_common common;
    char *file;
    char *batches;
    long long seed;
    clconv_math math;
    clconv_context *context;
    progress_line *progress;
    double done; /* multiplications behind, of all problems */
    size_t passed;
    size_t wrong;
    size_t failed;
    size_t skipped;
} verify;

static const char *requested(const verify *v)
{
    return v->common.algorithm ? v->common.algorithm : "auto";
}

/* Whether the user named an algorithm, which need not apply to every problem. */
static int is_named(const verify *v)
{
    return strcmp(requested(v), "auto") != 0 && strcmp(requested(v), "all") != 0;
}

static void print_reproducer(verify *v, const check_case *c, const char *algorithm)
{
    progress_print(
        v->progress, "reproduce: clconv verify '%s' --algorithm %s --seed %lld --device '%s'\n",
        c->entry->text, algorithm, v->seed, v->common.device ? v->common.device : "auto");
}

static void print_verdict(verify *v, const check_case *c, const char *request,
                          const char *algorithm, const check_verdict *verdict)
{
    const char *automatic = strcmp(request, "auto") == 0 ? "auto: " : "";
    const int width = 28 - (int)strlen(automatic);
    progress_print(v->progress, "%-6s%-7.3f %-6s %s%-*s %s\n", verdict->ok ? "OK" : "WRONG",
                   verdict->ratio, c->use[GATE_EXACT] ? "yes" : "-", automatic, width, algorithm,
                   c->entry->text);
    if (verdict->ok) {
        v->passed++;
        return;
    }
    v->wrong++;
    progress_print(v->progress, "       %s\n", verdict->reason);
    print_reproducer(v, c, request);
}

/* An algorithm that could not be run: not applicable, or a failure of the device. */
static void print_failure(verify *v, const check_case *c, const char *request,
                          const clconv_error *error)
{
    const int skipped = error->status == CLCONV_UNSUPPORTED && is_named(v);
    progress_print(v->progress, "%-6s%-7s %-6s %-28s %s\n       %s\n", skipped ? "SKIP" : "FAIL",
                   "-", "-", request, c->entry->text, error->message);
    if (skipped) {
        v->skipped++;
        return;
    }
    v->failed++;
    print_reproducer(v, c, request);
}

static void print_plan(verify *v, const clconv_plan *plan)
{
    char text[2048];
    clconv_plan_describe(plan, text, sizeof text);
    progress_print(v->progress, "%s\n", text);
}

/* Whether algorithms that `auto` chose are verified under their own names anyway. */
static int is_repeated(const verify *v, const check_case *c, const char *request,
                       const char *algorithm)
{
    char choice[256];
    if (strcmp(request, "auto") != 0 || strcmp(requested(v), "all") != 0)
        return 0;
    for (size_t i = 0;
         algorithm_choice(v->context, c->entry, "all", v->math, i, choice, sizeof choice); i++)
        if (strcmp(choice, algorithm) == 0)
            return 1;
    return 0;
}

static cli_exit verify_algorithm(verify *v, check_case *c, const char *request)
{
    const clconv_options options = {.algorithm = request, .math = v->math};
    char algorithm[256];
    clconv_plan *plan = NULL;
    clconv_error error;
    check_verdict verdict = verdict_start();
    int repeated = 0;

    clconv_status status = clconv_plan_create(v->context, c->entry->problems, c->entry->count,
                                              &options, &plan, &error);
    if (status == CLCONV_INVALID_ARGUMENT) /* no such algorithm */
        return cli_fail_library(&error);
    if (status == CLCONV_OK) {
        plan_algorithms(plan, algorithm, sizeof algorithm);
        if (v->common.verbose)
            print_plan(v, plan);
        repeated = is_repeated(v, c, request, algorithm);
        if (!repeated)
            status = check_plan(c, plan, &verdict, &error);
    }
    if (status == CLCONV_OK && !repeated)
        print_verdict(v, c, request, algorithm, &verdict);
    if (status != CLCONV_OK)
        print_failure(v, c, request, &error);
    clconv_plan_destroy(plan);
    return CLI_FINE;
}

static cli_exit verify_problem(verify *v, const problem_entry *entry)
{
    const int all = strcmp(requested(v), "all") == 0;
    char planned[256];
    char request[256];
    clconv_error error;
    check_case c = {.math = v->math};

    if (cli_planning_resolve(v->context, entry->problems, entry->count, &v->common, planned,
                             sizeof planned, &error) != CLCONV_OK)
        return cli_fail_library(&error);

    progress_step(v->progress, v->done, "reference of %s", entry->text);
    cli_exit code = check_case_create(&c, entry, (uint64_t)v->seed, 1);
    if (code == CLI_FINE && all)
        code = verify_algorithm(v, &c, "auto");
    for (size_t i = 0; code == CLI_FINE && algorithm_choice(v->context, entry, planned, v->math, i,
                                                            request, sizeof request);
         i++) {
        progress_step(v->progress, v->done, "%s on %s", request, entry->text);
        code = verify_algorithm(v, &c, request);
    }
    check_case_free(&c);
    v->done += (double)entry->cost.multiplications;
    return code;
}

static cli_exit take_problems(verify *v, poptContext options, problem_list *list)
{
    cli_exit code = problem_list_take(list, options, v->file, NULL);
    const size_t count = list->count || v->file ? 0 : sizeof builtin / sizeof builtin[0];
    for (size_t i = 0; i < count && code == CLI_FINE; i++)
        code = problem_list_add(list, builtin[i]);
    if (code == CLI_FINE && v->batches)
        code = problem_list_set_batches(list, v->batches);
    return code;
}

static cli_exit summarise(const verify *v)
{
    printf("%zu passed, %zu failed", v->passed, v->wrong + v->failed);
    if (v->skipped)
        printf(", %zu skipped", v->skipped);
    printf("\n");
    if (v->wrong)
        return CLI_WRONG;
    if (v->failed)
        return CLI_DEVICE;
    if (v->passed == 0)
        return cli_fail(CLI_USAGE, "algorithm '%s' applies to none of the problems", requested(v));
    return CLI_FINE;
}

static cli_exit verify_list(verify *v, const problem_list *list)
{
    char device[320];
    clconv_error error;
    if (clconv_context_create(v->common.device, &v->context, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    device_describe(clconv_context_device(v->context), v->common.device, device, sizeof device);
    printf("device %s, seed %lld\n", device, v->seed);
    printf("%-6s%-7s %-6s %-28s %s\n", "", "ratio", "exact", "algorithm", "problem");

    v->progress = progress_start(problem_list_work(list));
    cli_exit code = CLI_FINE;
    for (size_t i = 0; i < list->count && code == CLI_FINE; i++)
        code = verify_problem(v, &list->entries[i]);
    progress_stop(v->progress);
    clconv_context_destroy(v->context);
    return code == CLI_FINE ? summarise(v) : code;
}

static cli_exit verify_options(void *data, poptContext options)
{
    verify *v = data;
    problem_list list = {0};
    cli_exit code = cli_common_math(&v->common, &v->math);
    if (code == CLI_FINE)
        code = take_problems(v, options, &list);
    if (code == CLI_FINE)
        code = verify_list(v, &list);
    problem_list_free(&list);
    return code;
}

cli_exit cli_verify(int argc, const char **argv)
{
    verify v = {.seed = 1};
    const struct poptOption table[] = {
        {"file", 0, POPT_ARG_STRING, &v.file, 0, "read the problems from a file", "FILE"},
        {"batch", 0, POPT_ARG_STRING, &v.batches, 0, "set the batch size of every problem",
         "N[,N...]"},
        {"seed", 0, POPT_ARG_LONGLONG, &v.seed, 0, "draw the data from this seed (1)", "N"},
        cli_common_options(&v.common),
        cli_help_option(),
        POPT_TABLEEND,
    };
    return cli_parse_and_run(&help, argc, argv, table, verify_options, &v);
}
