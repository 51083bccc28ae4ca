/* Planning: what is measured wins only if it is right, is remembered, and survives damage. */
#define _POSIX_C_SOURCE 200809L
#include "conv/choose.h"
#include "conv/planning.h"
#include "core/platform.h"
#include "core/store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char problem_text[] = "mb2ic5ih9iw11oc7kh3kw3ph1pw1+bias+relu";
static const char database[] = "tuning.txt";

static clconv_context *open_context(void)
{
    clconv_context *context = NULL;
    cr_assert_eq(clconv_context_create(NULL, &context, NULL), CLCONV_OK);
    if (cc_context_is_reference(context))
        cr_skip_test("no OpenCL device");
    return context;
}

static clconv_problem problem_of(const char *text)
{
    clconv_problem problem;
    cr_assert_eq(clconv_problem_parse(text, &problem, NULL), CLCONV_OK);
    return problem;
}

/* An empty folder that the environment names from now on: each test is a process of its own. */
static const char *fresh_folder(void)
{
    static char folder[64];
    strcpy(folder, "/tmp/clconv-tuning-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    setenv("CLCONV_CACHE_DIR", folder, 1);
    return folder;
}

static void remove_folder(const char *folder)
{
    cc_store store;
    char path[128];
    cc_store_open(&store);
    cc_store_trim(&store, ".program", 0);
    snprintf(path, sizeof(path), "%s/%s", folder, database);
    (void)unlink(path);
    cr_assert_eq(rmdir(folder), 0);
}

/* ---- Candidates that are not what they seem ---- */

static clconv_status enqueue_slow(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                                  clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    for (int i = 0; i < 20 && status == CLCONV_OK; ++i)
        status = cc_algorithm_find("direct")->enqueue(stage, chain, io, error);
    return status;
}

/* Like a launch that the machine was too busy for: verified once, then timed once, both late. */
static clconv_status enqueue_late_at_first(const cc_stage *stage, cc_chain *chain,
                                           const cc_stage_io *io, clconv_error *error)
{
    static int calls;
    const struct timespec late = {.tv_nsec = 50000000};
    if (calls++ < 2)
        nanosleep(&late, NULL);
    return cc_algorithm_find("direct")->enqueue(stage, chain, io, error);
}

static clconv_status enqueue_nothing(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                                     clconv_error *error)
{
    (void)stage, (void)chain, (void)io, (void)error;
    return CLCONV_OK;
}

/* Right but for its weights, which start one element late. */
static clconv_status enqueue_wrong(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                                   clconv_error *error)
{
    cc_stage_io shifted = *io;
    shifted.weights.offset -= shifted.weights.offset > 0;
    shifted.bias.offset -= 1; /* into the packed weights before it */
    return cc_algorithm_find("direct")->enqueue(stage, chain, &shifted, error);
}

static clconv_status build_fails(cc_stage *stage, clconv_error *error)
{
    (void)stage;
    return cc_fail(error, CLCONV_BUILD_FAILED, "it was made to fail");
}

typedef struct zoo {
    cc_algorithm slow, late, nothing, wrong, failing;
} zoo;

static zoo make_zoo(void)
{
    const cc_algorithm *direct = cc_algorithm_find("direct");
    zoo z = {*direct, *direct, *direct, *direct, *direct};
    z.slow.enqueue = enqueue_slow;
    z.late.enqueue = enqueue_late_at_first;
    z.nothing.enqueue = enqueue_nothing;
    z.wrong.enqueue = enqueue_wrong;
    z.failing.build = build_fails;
    return z;
}

static void count_call(const cc_candidates *candidates, size_t i, void *data)
{
    cr_assert_lt(i, candidates->count);
    cr_assert_neq(candidates->result[i].verdict, CC_UNKNOWN);
    ++*(int *)data;
}

Test(planning, the_fastest_that_is_right_wins)
{
    clconv_context *context = open_context();
    const zoo z = make_zoo();
    const clconv_problem problem = problem_of(problem_text);
    cc_candidates c = {
        .count = 5,
        .algorithm = {&z.nothing, &z.slow, &z.wrong, &z.failing, cc_algorithm_find("direct")}};
    int calls = 0;
    cr_assert_eq(cc_planning_measure(context, &problem, &c, cc_clock_ns() + 60000000000u,
                                     count_call, &calls, NULL),
                 CLCONV_OK);
    cr_assert_eq(calls, 5);
    cr_assert_eq(c.result[0].verdict, CC_WRONG);
    cr_assert_eq(c.result[1].verdict, CC_RIGHT);
    cr_assert_eq(c.result[2].verdict, CC_WRONG);
    cr_assert_eq(c.result[3].verdict, CC_FAILED);
    cr_assert_eq(c.result[4].verdict, CC_RIGHT);
    cr_assert_gt(c.result[1].ns, c.result[4].ns);
    cr_assert_eq(cc_planning_best(&c), 4);
    clconv_context_destroy(context);
}

Test(planning, one_late_launch_makes_none_hopeless)
{
    clconv_context *context = open_context();
    const zoo z = make_zoo();
    const clconv_problem problem = problem_of(problem_text);
    cc_candidates c = {.count = 2, .algorithm = {&z.slow, &z.late}};
    int calls = 0;
    cr_assert_eq(cc_planning_measure(context, &problem, &c, cc_clock_ns() + 60000000000u,
                                     count_call, &calls, NULL),
                 CLCONV_OK);
    cr_assert_eq(cc_planning_best(&c), 1);
    clconv_context_destroy(context);
}

Test(planning, a_budget_ends_with_one_that_is_right_and_goes_on_later)
{
    clconv_context *context = open_context();
    const zoo z = make_zoo();
    const clconv_problem problem = problem_of(problem_text);
    cc_candidates c = {.count = 3, .algorithm = {&z.nothing, &z.slow, cc_algorithm_find("direct")}};
    int calls = 0;
    cr_assert_eq(cc_planning_measure(context, &problem, &c, 0, count_call, &calls, NULL),
                 CLCONV_OK);
    cr_assert_eq(calls, 2);
    cr_assert_eq(cc_planning_best(&c), 1);
    cr_assert_eq(cc_planning_measure(context, &problem, &c, cc_clock_ns() + 60000000000u,
                                     count_call, &calls, NULL),
                 CLCONV_OK);
    cr_assert_eq(calls, 3, "what is known is not measured again");
    cr_assert_eq(cc_planning_best(&c), 2);
    clconv_context_destroy(context);
}

Test(planning, none_is_taken_when_all_are_wrong)
{
    cc_candidates c = {.count = 2, .result = {{CC_WRONG, 0}, {CC_FAILED, 0}}};
    cr_assert_eq(cc_planning_best(&c), 2);
    c.result[1].verdict = CC_UNKNOWN;
    cr_assert_eq(cc_planning_best(&c), 1);
}

/* Each kind of problem whose planes are cut out of it in a way of their own. */
Test(planning, right_algorithms_are_found_right)
{
    static const char *const texts[] = {
        "g3mb2ic6ih7iw8oc9kh3kw2ph1pw1sh2+bias+silu",
        "deconv:g2mb2ic6ih5iw4oc8kh3kw3sh2sw2ph1pw1+bias",
        "mb1ic3id5ih6iw7oc4kd2kh3kw3pd1ph1pw1+reflect",
        "g5mb3ic5iw40oc10kw5pw2",
        "mb1ic64ih57iw55oc130kh3kw3ph1pw1", /* too many planes for all */
    };
    clconv_context *context = open_context();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i) {
        const clconv_problem problem = problem_of(texts[i]);
        cc_candidates c = {.count = 1, .algorithm = {cc_algorithm_find("direct")}};
        int calls = 0;
        cr_assert_eq(cc_planning_measure(context, &problem, &c, 0, count_call, &calls, NULL),
                     CLCONV_OK);
        cr_assert_eq(c.result[0].verdict, CC_RIGHT, "%s", texts[i]);
    }
    clconv_context_destroy(context);
}

/* ---- The database ---- */

static void describe(clconv_context *context, clconv_planning planning, char text[2048])
{
    const clconv_problem problem = problem_of(problem_text);
    const clconv_options options = {.planning = planning, .budget_ms = 60000};
    clconv_plan *plan = NULL;
    clconv_error error = {0};
    cr_assert_eq(clconv_plan_create(context, &problem, 1, &options, &plan, &error), CLCONV_OK, "%s",
                 error.message);
    clconv_plan_describe(plan, text, 2048);
    clconv_plan_destroy(plan);
}

static char *read_database(size_t *bytes)
{
    cc_store store;
    cc_store_open(&store);
    return cc_store_read(&store, database, bytes);
}

Test(planning, what_was_measured_is_remembered_by_other_contexts)
{
    char text[2048];
    size_t first = 0, second = 0;
    const char *const folder = fresh_folder();
    clconv_context *context = open_context();
    describe(context, CLCONV_TUNED, text);
    cr_assert_not_null(strstr(text, "(estimated)"), "%s", text);
    describe(context, CLCONV_MEASURE, text);
    cr_assert_not_null(strstr(text, "(measured, "), "%s", text);
    free(read_database(&first));
    cr_assert_gt(first, 0);
    clconv_context_destroy(context);

    context = open_context();
    describe(context, CLCONV_ESTIMATE, text);
    cr_assert_not_null(strstr(text, "(estimated)"), "%s", text);
    describe(context, CLCONV_TUNED, text);
    cr_assert_not_null(strstr(text, "(measured, "), "%s", text);
    describe(context, CLCONV_MEASURE, text);
    cr_assert_not_null(strstr(text, "(measured, "), "%s", text);
    free(read_database(&second));
    cr_assert_eq(first, second, "nothing is measured twice");
    clconv_context_destroy(context);
    remove_folder(folder);
}

/* A record that says that everything but `direct` is wrong decides; then it is damaged. */
Test(planning, records_decide_unless_they_are_damaged_or_foreign)
{
    char line[CC_TUNING_LINE], text[2048], problem[512];
    const char *const folder = fresh_folder();
    clconv_context *context = open_context();
    const clconv_device *device = clconv_context_device(context);
    const clconv_problem p = problem_of(problem_text);
    clconv_problem_format(&p, problem, sizeof(problem));
    cc_store store;
    cc_store_open(&store);
    for (int way = 0; way < 4; ++way) {
        const char *const columns[CC_TUNING_COLUMNS] = {way == 1 ? "0.0.1" : clconv_version(),
                                                        device->platform,
                                                        way == 2 ? "another device" : device->name,
                                                        device->driver,
                                                        "default",
                                                        problem};
        char key[CC_TUNING_KEY];
        cr_assert(cc_tuning_key(columns, key));
        const cc_tuning_result fast = {CC_RIGHT, 1.0};
        cc_tuning_format(key, "direct", &fast, line);
        if (way == 3)
            line[strlen(line) - 2] = '\0'; /* half written */
        cr_assert(cc_store_write(&store, database, &(cc_store_part){line, strlen(line)}, 1));
        describe(context, CLCONV_TUNED, text);
        const int used = strstr(text, "direct (measured, 0.000 ms)") != NULL;
        cr_assert_eq(used, way == 0, "way %d: %s", way, text);
    }
    clconv_context_destroy(context);
    remove_folder(folder);
}

Test(planning, many_processes_write_one_database)
{
    enum { PROCESSES = 8, RECORDS = 200 };
    const char *const folder = fresh_folder();
    pid_t ids[PROCESSES];
    for (int i = 0; i < PROCESSES; ++i) {
        ids[i] = fork();
        cr_assert_geq(ids[i], 0);
        if (ids[i] != 0)
            continue;
        cc_store store;
        cc_store_open(&store);
        for (int r = 0; r < RECORDS; ++r) {
            char line[CC_TUNING_LINE], key[64];
            snprintf(key, sizeof(key), "key %d %d", i, r);
            cc_tuning_format(key, "direct", &(cc_tuning_result){CC_RIGHT, 1.0 + r}, line);
            cc_store_append(&store, database, line);
        }
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; ++i) {
        int result = 0;
        cr_assert_eq(waitpid(ids[i], &result, 0), ids[i]);
        cr_assert_eq(result, 0);
    }
    size_t bytes = 0;
    char *text = read_database(&bytes);
    cr_assert_not_null(text);
    for (int i = 0; i < PROCESSES; ++i)
        for (int r = 0; r < RECORDS; ++r) {
            char key[64];
            snprintf(key, sizeof(key), "key %d %d", i, r);
            const cc_tuning_result found = cc_tuning_find(text, bytes, key, "direct");
            cr_assert_eq(found.verdict, CC_RIGHT, "%s", key);
            cr_assert_eq(found.ns, 1.0 + r);
        }
    free(text);
    remove_folder(folder);
}

Test(planning, lines_that_are_no_records_are_skipped)
{
    static const struct {
        const char *line;
        cc_tuning_result result;
    } rows[] = {
        {"k\tdirect\t12 ns\n", {CC_RIGHT, 12.0}},
        {"k\tdirect\twrong\n", {CC_WRONG, 0.0}},
        {"k\tdirect\tfailed\n", {CC_FAILED, 0.0}},
        {"k\tdirect\t12 ns", {CC_UNKNOWN, 0.0}},
        {"k\tdirect\t12 n\n", {CC_UNKNOWN, 0.0}},
        {"k\tdirect\t12 nsk\tdirect\t13 ns\n", {CC_UNKNOWN, 0.0}},
        {"k\tdirect\t ns\n", {CC_UNKNOWN, 0.0}},
        {"k\tdirect\t0 ns\n", {CC_UNKNOWN, 0.0}},
        {"k\tdirect\t-5 ns\n", {CC_UNKNOWN, 0.0}},
        {"k\tdirect\t9999999999999999999999999 ns\n", {CC_UNKNOWN, 0.0}},
        {"k\tdirect\twronger\n", {CC_UNKNOWN, 0.0}},
        {"k\tdirec\t12 ns\n", {CC_UNKNOWN, 0.0}},
        {"kk\tdirect\t12 ns\n", {CC_UNKNOWN, 0.0}},
        {"k\tdirect\t12 ns\nk\tdirect\t7 ns\n", {CC_RIGHT, 7.0}},
        {"k\tdirect\t12 ns\nk\tdirect\tx\n", {CC_RIGHT, 12.0}},
        {"\n\n\nk\tdirect\t12 ns\n\n", {CC_RIGHT, 12.0}},
        {"", {CC_UNKNOWN, 0.0}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        const cc_tuning_result found =
            cc_tuning_find(rows[i].line, strlen(rows[i].line), "k", "direct");
        cr_assert_eq(found.verdict, rows[i].result.verdict, "%s", rows[i].line);
        cr_assert_eq(found.ns, rows[i].result.ns, "%s", rows[i].line);
    }
}

Test(planning, bad_options_are_refused)
{
    clconv_context *context = open_context();
    const clconv_problem problem = problem_of(problem_text);
    const clconv_options bad[] = {{.planning = (clconv_planning)3}, {.budget_ms = -1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        clconv_plan *plan = NULL;
        cr_assert_eq(clconv_plan_create(context, &problem, 1, &bad[i], &plan, NULL),
                     CLCONV_INVALID_ARGUMENT);
        cr_assert_null(plan);
    }
    clconv_context_destroy(context);
}

/* llvmpipe ends long loops early, which makes results wrong without a word. */
Test(planning, nothing_loops_longer_than_the_device_lets_it)
{
    const clconv_device device = {.kind = CLCONV_DEVICE_CPU,
                                  .platform = "rusticl",
                                  .compute_units = 2,
                                  .max_alloc_bytes = 1 << 30};
    const clconv_options options = {0};
    const clconv_problem problems[] = {problem_of("ic500ih8oc8kh3ph1"),
                                       problem_of("ic600ih8oc8kh3ph1")};
    cc_shape shapes[2];
    cc_choice choice;
    clconv_error error = {0};
    for (int i = 0; i < 2; ++i)
        cr_assert_eq(cc_shape_make(&problems[i], &shapes[i], NULL), CLCONV_OK);
    cr_expect_eq(cc_choose(&device, &options, problems, shapes, 1, &choice, &error), CLCONV_OK);
    cr_expect_geq(choice.algorithm->short_products, 4500);
    cr_expect_eq(cc_choose(&device, &options, problems + 1, shapes + 1, 1, &choice, &error),
                 CLCONV_UNSUPPORTED);
    cr_expect_not_null(strstr(error.message, "5400 products"), "%s", error.message);
}
