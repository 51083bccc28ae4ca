#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

enum { GUARD = 256 }; /* elements on each side */

static const uint32_t guard_bits = 0x7fa5a5a5u; /* a NaN that no computation gives */

int guarded_create(guarded *array, size_t count)
{
    array->block = malloc((count + 2 * GUARD) * sizeof *array->block);
    if (!array->block)
        return 0;
    array->data = array->block + GUARD;
    array->count = count;
    guarded_reset(array);
    return 1;
}

void guarded_free(guarded *array)
{
    free(array->block);
    *array = (guarded){0};
}

void guarded_reset(guarded *array)
{
    for (size_t i = 0; i < GUARD; i++) {
        memcpy(array->block + i, &guard_bits, sizeof guard_bits);
        memcpy(array->data + array->count + i, &guard_bits, sizeof guard_bits);
    }
    for (size_t i = 0; i < array->count; i++)
        array->data[i] = NAN;
}

int guarded_intact(const guarded *array)
{
    for (size_t i = 0; i < GUARD; i++) {
        if (memcmp(array->block + i, &guard_bits, sizeof guard_bits) != 0 ||
            memcmp(array->data + array->count + i, &guard_bits, sizeof guard_bits) != 0)
            return 0;
    }
    return 1;
}

check_verdict verdict_start(void)
{
    return (check_verdict){.ok = 1};
}

static void judge_wrong(check_verdict *verdict, const char *reason)
{
    if (verdict->ok)
        snprintf(verdict->reason, sizeof verdict->reason, "%s", reason);
    verdict->ok = 0;
}

void check_output(const guarded *array, const double *reference, const double *bound,
                  check_verdict *verdict)
{
    clconv_comparison found;
    char reason[sizeof verdict->reason];

    clconv_compare(array->data, reference, bound, array->count, &found);
    if (bound && found.ratio > verdict->ratio)
        verdict->ratio = found.ratio;
    if (found.wrong) {
        snprintf(reason, sizeof reason, "%zu of %zu %s, at %zu: %.9g, reference %.9g", found.wrong,
                 array->count, bound ? "beyond their bound" : "not exact", found.worst,
                 (double)array->data[found.worst], reference[found.worst]);
        judge_wrong(verdict, reason);
    }
    check_guards(array, verdict);
}

void check_guards(const guarded *array, check_verdict *verdict)
{
    if (!guarded_intact(array))
        judge_wrong(verdict, "written outside dst");
}

void check_repeat(const guarded *first, const guarded *second, check_verdict *verdict)
{
    if (memcmp(first->data, second->data, first->count * sizeof *first->data) != 0)
        judge_wrong(verdict, "a second run, with packed weights, gives other bits");
}

static cli_exit start_case(check_case *c, const problem_entry *entry)
{
    clconv_sizes sizes;
    clconv_error error;
    c->entry = entry;
    if (clconv_problem_sizes(&entry->problems[entry->count - 1], &sizes, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    c->dst_count = (size_t)sizes.dst;
    return CLI_FINE;
}

static cli_exit make_data(check_case *c, data_gate gate, uint64_t seed)
{
    c->use[gate] = 1;
    return data_create(c->entry->problems, c->entry->count, gate, seed, &c->data[gate]);
}

static cli_exit make_gate(check_case *c, data_gate gate, uint64_t seed)
{
    const problem_entry *e = c->entry;
    clconv_error error;

    const cli_exit code = make_data(c, gate, seed);
    if (code != CLI_FINE)
        return code;
    c->reference[gate] = malloc(c->dst_count * sizeof *c->reference[gate]);
    if (gate == GATE_REAL)
        c->bound = malloc(c->dst_count * sizeof *c->bound);
    if (!c->reference[gate] || (gate == GATE_REAL && !c->bound))
        return cli_fail(CLI_DEVICE, "the host is out of memory for the reference of %s", e->text);
    if (clconv_reference(e->problems, e->count, c->data[gate].src, c->data[gate].stages,
                         c->reference[gate], gate == GATE_REAL ? c->bound : NULL,
                         &error) != CLCONV_OK)
        return cli_fail_library(&error);
    return CLI_FINE;
}

cli_exit check_case_create(check_case *c, const problem_entry *entry, uint64_t seed, int exact)
{
    data_range range;
    cli_exit code = start_case(c, entry);
    if (code == CLI_FINE)
        code = make_gate(c, GATE_REAL, seed);
    if (code == CLI_FINE && exact && data_exact_range(entry->problems, entry->count, &range))
        code = make_gate(c, GATE_EXACT, seed);
    return code;
}

cli_exit check_case_create_unjudged(check_case *c, const problem_entry *entry, uint64_t seed)
{
    const cli_exit code = start_case(c, entry);
    return code == CLI_FINE ? make_data(c, GATE_REAL, seed) : code;
}

void check_case_free(check_case *c)
{
    for (int gate = 0; gate < GATES; gate++) {
        data_free(&c->data[gate]);
        free(c->reference[gate]);
        free(c->of_plan[gate].values);
        free(c->of_plan[gate].bound);
    }
    free(c->bound);
    *c = (check_case){0};
}

static int is_strict(const clconv_plan *plan)
{
    const char *name;
    for (size_t s = 0; (name = clconv_plan_algorithm(plan, s)); s++) {
        if (clconv_algorithm_math(name) != CLCONV_MATH_STRICT)
            return 0;
    }
    return 1;
}

/* Computes what the results of `plan` are judged by, unless the plan before was of the same
 * algorithms. */
static clconv_status make_plan_reference(check_case *c, const clconv_plan *plan, data_gate gate,
                                         clconv_error *error)
{
    plan_reference *of_plan = &c->of_plan[gate];
    char algorithms[sizeof of_plan->algorithms];
    plan_algorithms(plan, algorithms, sizeof algorithms);
    if (strcmp(algorithms, of_plan->algorithms) == 0)
        return CLCONV_OK;
    of_plan->algorithms[0] = '\0';
    if (!of_plan->values)
        of_plan->values = malloc(c->dst_count * sizeof *of_plan->values);
    if (!of_plan->bound)
        of_plan->bound = malloc(c->dst_count * sizeof *of_plan->bound);
    if (!of_plan->values || !of_plan->bound)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    const clconv_status status = clconv_plan_reference(
        plan, c->data[gate].src, c->data[gate].stages, of_plan->values, of_plan->bound, error);
    if (status == CLCONV_OK)
        memcpy(of_plan->algorithms, algorithms, sizeof algorithms);
    return status;
}

clconv_status check_result(check_case *c, const clconv_plan *plan, data_gate gate,
                           const guarded *array, check_verdict *verdict, clconv_error *error)
{
    if (is_strict(plan)) {
        check_output(array, c->reference[gate], gate == GATE_REAL ? c->bound : NULL, verdict);
        return CLCONV_OK;
    }
    const clconv_status status = make_plan_reference(c, plan, gate, error);
    if (status == CLCONV_OK)
        check_output(array, c->of_plan[gate].values, c->of_plan[gate].bound, verdict);
    return status;
}

/* One run with raw weights and one with packed ones, on the data of one gate. */
static clconv_status run_twice(clconv_plan *plan, const data_set *data, guarded *raw,
                               guarded *packed, clconv_error *error)
{
    clconv_weights *weights = NULL;
    clconv_tensors tensors = {.src = data->src, .dst = raw->data, .stages = data->stages};

    guarded_reset(raw);
    guarded_reset(packed);
    clconv_status status = clconv_execute(plan, &tensors, NULL, error);
    if (status == CLCONV_OK)
        status = clconv_weights_pack(plan, data->stages, &weights, error);
    if (status == CLCONV_OK) {
        tensors.dst = packed->data;
        tensors.stages = NULL;
        tensors.packed = weights;
        status = clconv_execute(plan, &tensors, NULL, error);
    }
    clconv_weights_destroy(weights);
    return status;
}

clconv_status check_plan(check_case *c, clconv_plan *plan, check_verdict *verdict,
                         clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    guarded raw = {0};
    guarded packed = {0};

    if (!guarded_create(&raw, c->dst_count) || !guarded_create(&packed, c->dst_count))
        status = cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    for (int gate = 0; gate < GATES && status == CLCONV_OK; gate++) {
        if (!c->use[gate])
            continue;
        status = run_twice(plan, &c->data[gate], &raw, &packed, error);
        if (status != CLCONV_OK)
            break;
        status = check_result(c, plan, (data_gate)gate, &raw, verdict, error);
        check_guards(&packed, verdict);
        check_repeat(&raw, &packed, verdict);
    }
    guarded_free(&raw);
    guarded_free(&packed);
    return status;
}

static int takes(const clconv_context *context, const clconv_problem *problem, clconv_math math,
                 const char *name)
{
    return (math == CLCONV_MATH_DEFAULT || clconv_algorithm_math(name) == math) &&
           clconv_algorithm_check(context, problem, name, NULL) == CLCONV_OK;
}

/* The name of applicable algorithm `wanted` of a problem, counted modulo their number; NULL if
 * none is applicable. *count receives their number. */
static const char *applicable(const clconv_context *context, const clconv_problem *problem,
                              clconv_math math, size_t wanted, size_t *count)
{
    const char *name;
    *count = 0;
    for (size_t i = 0; (name = clconv_algorithm_name(i)); i++)
        *count += (size_t)takes(context, problem, math, name);
    size_t left = *count ? wanted % *count : 0;
    for (size_t i = 0; (name = clconv_algorithm_name(i)); i++) {
        if (takes(context, problem, math, name) && left-- == 0)
            break;
    }
    return name;
}

/* The name of algorithm `wanted` of those that take the sequence but not its first problem alone,
 * as they run two stages as one; NULL past the last. */
static const char *joint(const clconv_context *context, const problem_entry *entry,
                         clconv_math math, size_t wanted)
{
    const char *name;
    for (size_t i = 0; (name = clconv_algorithm_name(i)); i++) {
        if (!takes(context, &entry->problems[0], math, name) &&
            (math == CLCONV_MATH_DEFAULT || clconv_algorithm_math(name) == math) &&
            clconv_algorithm_check_sequence(context, entry->problems, entry->count, name, NULL) ==
                CLCONV_OK &&
            wanted-- == 0)
            break;
    }
    return name;
}

int algorithm_choice(const clconv_context *context, const problem_entry *entry, const char *request,
                     clconv_math math, size_t index, char *text, size_t size)
{
    if (strcmp(request, "all") != 0) {
        snprintf(text, size, "%s", request);
        return index == 0;
    }
    size_t most = 0;
    size_t length = 0;
    for (size_t s = 0; s < entry->count; s++) {
        size_t count;
        const char *name = applicable(context, &entry->problems[s], math, index, &count);
        if (!name)
            return 0;
        most = count > most ? count : most;
        if (length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s", s ? "," : "", name);
    }
    if (index < most)
        return 1;
    const char *name = joint(context, entry, math, index - most);
    if (name)
        snprintf(text, size, "%s", name);
    return name != NULL;
}

void plan_algorithms(const clconv_plan *plan, char *text, size_t size)
{
    const char *name;
    size_t length = 0;
    for (size_t s = 0; (name = clconv_plan_algorithm(plan, s)) && length < size; s++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", s ? "," : "", name);
}
