#include "conv/choose.h"

#include "core/text.h"

#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static clconv_status unknown(clconv_error *error, const char *name)
{
    char names[512];
    cc_text list = cc_text_make(names, sizeof(names));
    for (size_t i = 0; cc_algorithms[i] != NULL; ++i)
        cc_text_put(&list, ", %s", cc_algorithms[i]->name);
    return cc_fail(error, CLCONV_INVALID_ARGUMENT, "no algorithm \"%.64s\"; there are auto%s", name,
                   names);
}

clconv_status cc_choose_check(const clconv_device *device, const char *name, clconv_math math,
                              const clconv_problem *problems, const cc_shape *shapes, size_t count,
                              const cc_algorithm **found, clconv_error *error)
{
    const cc_algorithm *algorithm = cc_algorithm_find(name);
    if (algorithm == NULL)
        return unknown(error, name);
    clconv_error reason = {0};
    const clconv_status status =
        cc_algorithm_check(algorithm, device, math, shapes, count, &reason);
    if (status != CLCONV_OK) {
        const size_t stages = cc_algorithm_stages(algorithm);
        (void)cc_fail(error, status, "algorithm %s: %s", name, reason.message);
        return cc_fail_in(error, status, problems, stages < count ? stages : count);
    }
    *found = algorithm;
    return CLCONV_OK;
}

/* Copies the part of the list up to the next comma into `name`, cut to its size, and returns what
 * follows the comma, or NULL at the end. */
static const char *next_name(const char *list, char name[NAME_MAX_BYTES])
{
    const size_t length = strcspn(list, ",");
    const size_t kept = length < NAME_MAX_BYTES - 1 ? length : NAME_MAX_BYTES - 1;
    memcpy(name, list, kept);
    name[kept] = '\0';
    return list[length] == ',' ? list + length + 1 : NULL;
}

static size_t count_names(const char *list)
{
    size_t count = 1;
    for (; *list != '\0'; ++list)
        count += *list == ',';
    return count;
}

/* The names of `count` stages, from a list of one or of as many. */
static clconv_status read_names(const char *list, size_t count,
                                char names[CLCONV_MAX_STAGES][NAME_MAX_BYTES], clconv_error *error)
{
    const size_t given = count_names(list);
    const char *rest = list;
    if (given != 1 && given != count)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT,
                       "\"%.200s\" names %zu algorithms; the sequence has %zu stages", list, given,
                       count);
    for (size_t i = 0; i < count; ++i)
        rest = next_name(given == 1 ? list : rest, names[i]);
    return CLCONV_OK;
}

/* What it costs that a tensor between two stages is written and read again: three passages through
 * memory where it is larger than the caches, as a line is read before it is written. */
static double passage_ns(const cc_shape *shape)
{
    const double bytes =
        4.0 * shape->batch * shape->out_channels * (double)cc_output_elements(shape);
    const double cache_bytes = 8e6, memory_ns = 0.1, cache_ns = 0.02;
    return bytes * (bytes > cache_bytes ? memory_ns : cache_ns);
}

/* Where both stages are left to us: whether some algorithm runs them as one in less time. */
static void join(const clconv_device *device, clconv_math math, const cc_shape *shapes,
                 cc_choice chosen[2])
{
    if (chosen[0].reason != CC_ESTIMATED || chosen[1].reason != CC_ESTIMATED ||
        cc_algorithm_stages(chosen[0].algorithm) > 1)
        return;
    double best_ns = chosen[0].algorithm->estimate(device, &shapes[0]) +
                     chosen[1].algorithm->estimate(device, &shapes[1]) + passage_ns(&shapes[0]);
    for (size_t i = 0; cc_algorithms[i] != NULL; ++i) {
        const cc_algorithm *algorithm = cc_algorithms[i];
        if (cc_algorithm_stages(algorithm) == 1 ||
            cc_algorithm_check(algorithm, device, math, shapes, 2, NULL) != CLCONV_OK)
            continue;
        const double ns = algorithm->estimate(device, shapes);
        if (ns >= best_ns)
            continue;
        best_ns = ns;
        chosen[0].algorithm = chosen[1].algorithm = algorithm;
    }
}

clconv_status cc_choose(const clconv_device *device, const clconv_options *options,
                        const clconv_problem *problems, const cc_shape *shapes, size_t count,
                        cc_choice *chosen, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const char *list = options != NULL && options->algorithm != NULL ? options->algorithm : "auto";
    const clconv_math math = options != NULL ? options->math : CLCONV_MATH_DEFAULT;
    static const char net[] = "direct";
    char names[CLCONV_MAX_STAGES][NAME_MAX_BYTES];
    TRY(read_names(list, count, names, error));
    for (size_t i = 0, stages = 1; i < count; i += stages) {
        stages = 1;
        if (strcmp(names[i], "auto") == 0) {
            chosen[i] = (cc_choice){.algorithm = cc_algorithm_choose(device, math, &shapes[i])};
            if (chosen[i].algorithm != NULL)
                continue;
            memcpy(names[i], net, sizeof(net)); /* whose refusal says why */
        }
        cc_choice choice = {.reason = CC_ASKED_FOR};
        TRY(cc_choose_check(device, names[i], math, &problems[i], &shapes[i], count - i,
                            &choice.algorithm, error));
        stages = cc_algorithm_stages(choice.algorithm);
        if (stages > 1 && strcmp(names[i], names[i + 1]) != 0)
            TRY(cc_fail(error, CLCONV_INVALID_ARGUMENT,
                        "%s runs two stages as one: name it for stage %zu too, not %s", names[i],
                        i + 1, names[i + 1]));
        for (size_t j = 0; j < stages; ++j)
            chosen[i + j] = choice;
    }
    for (size_t i = 0; i + 1 < count; ++i)
        join(device, math, &shapes[i], &chosen[i]);

cleanup:
    return status;
}

clconv_status cc_choose_reference(const char *request, clconv_error *error)
{
    if (request == NULL || strcmp(request, "auto") == 0 || strcmp(request, "reference") == 0)
        return CLCONV_OK;
    for (size_t i = 0; cc_algorithms[i] != NULL; ++i)
        if (strcmp(cc_algorithms[i]->name, request) == 0)
            return cc_fail(error, CLCONV_UNSUPPORTED,
                           "algorithm %s needs an OpenCL device; this is the reference", request);
    return unknown(error, request);
}
