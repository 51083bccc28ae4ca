#include "judge.h"

#include "check.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 1024, NAMES = 256 };

/* A sequence as clconv verify has it; `text` must outlive it. */
static problem_entry entry_of(const clconv_problem *problems, size_t count, char *text)
{
    problem_entry entry = {.text = text, .count = count};
    memcpy(entry.problems, problems, count * sizeof *problems);
    clconv_sequence_format(problems, count, text, TEXT);
    return entry;
}

size_t judge_choices(const clconv_context *context, const clconv_problem *problems, size_t count)
{
    char text[TEXT];
    char names[NAMES];
    const problem_entry entry = entry_of(problems, count, text);
    size_t choices = 0;
    while (
        algorithm_choice(context, &entry, "all", CLCONV_MATH_DEFAULT, choices, names, sizeof names))
        ++choices;
    return choices;
}

static void record(judge_tally *tally, const check_verdict *verdict, const char *text)
{
    if (verdict->ratio > tally->ratio) {
        tally->ratio = verdict->ratio;
        snprintf(tally->worst, sizeof tally->worst, "%s", text);
    }
    if (!verdict->ok)
        ++tally->failed;
}

static void judge_entry(clconv_context *context, const problem_entry *entry, const char *algorithm,
                        uint64_t seed, int exact, judge_tally *tally)
{
    const clconv_options options = {.algorithm = algorithm};
    check_case c = {0};
    check_verdict verdict = verdict_start();
    clconv_plan *plan = NULL;
    clconv_error error = {0};

    cr_assert_eq(check_case_create(&c, entry, seed, exact), CLI_FINE, "no reference of %s",
                 entry->text);
    clconv_status status =
        clconv_plan_create(context, entry->problems, entry->count, &options, &plan, &error);
    if (status == CLCONV_OK)
        status = check_plan(&c, plan, &verdict, &error);
    if (status != CLCONV_OK) {
        verdict.ok = 0;
        snprintf(verdict.reason, sizeof verdict.reason, "%.*s", (int)sizeof verdict.reason - 1,
                 error.message);
    }
    cr_expect(verdict.ok, "%s\n  reproduce: clconv verify '%s' --algorithm %s --seed %" PRIu64,
              verdict.reason, entry->text, algorithm, seed);
    ++tally->cases;
    tally->exact += c.use[GATE_EXACT] != 0;
    record(tally, &verdict, entry->text);
    clconv_plan_destroy(plan);
    check_case_free(&c);
}

void judge_run(clconv_context *context, const clconv_problem *problems, size_t count,
               const char *algorithm, uint64_t seed, int exact, judge_tally *tally)
{
    char text[TEXT];
    const problem_entry entry = entry_of(problems, count, text);
    judge_entry(context, &entry, algorithm, seed, exact, tally);
}

void judge_run_choice(clconv_context *context, const clconv_problem *problems, size_t count,
                      size_t index, uint64_t seed, int exact, judge_tally *tally)
{
    char text[TEXT];
    char names[NAMES];
    const problem_entry entry = entry_of(problems, count, text);
    cr_assert(
        algorithm_choice(context, &entry, "all", CLCONV_MATH_DEFAULT, index, names, sizeof names),
        "%s has no algorithm number %zu", text, index);
    judge_entry(context, &entry, names, seed, exact, tally);
}

void judge_print(const char *title, const judge_tally *tally)
{
    fprintf(stderr, "%-22s %5zu cases, %5zu exact, worst error/bound %.3f %s\n", title,
            tally->cases, tally->exact, tally->ratio, tally->worst);
}

uint64_t judge_seed(uint64_t otherwise)
{
    const char *given = getenv("CLCONV_SEED");
    return given != NULL ? strtoull(given, NULL, 10) : otherwise;
}
