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
                              const clconv_problem *problem, const cc_shape *shape,
                              const cc_algorithm **found, clconv_error *error)
{
    const cc_algorithm *algorithm = cc_algorithm_find(name);
    if (algorithm == NULL)
        return unknown(error, name);
    clconv_error reason = {0};
    const clconv_status status = cc_algorithm_check(algorithm, device, math, shape, &reason);
    if (status != CLCONV_OK) {
        (void)cc_fail(error, status, "algorithm %s: %s", name, reason.message);
        return cc_fail_in(error, status, problem, 1);
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

clconv_status cc_choose(const clconv_device *device, const clconv_options *options,
                        const clconv_problem *problems, const cc_shape *shapes, size_t count,
                        cc_choice *chosen, clconv_error *error)
{
    const char *list = options != NULL && options->algorithm != NULL ? options->algorithm : "auto";
    const clconv_math math = options != NULL ? options->math : CLCONV_MATH_DEFAULT;
    const size_t names = count_names(list);
    if (names != 1 && names != count)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT,
                       "\"%.200s\" names %zu algorithms; the sequence has %zu stages", list, names,
                       count);
    char name[NAME_MAX_BYTES];
    for (size_t i = 0; i < count; ++i) {
        if (list != NULL)
            list = next_name(list, name);
        if (strcmp(name, "auto") == 0) {
            chosen[i] = (cc_choice){.algorithm = cc_algorithm_choose(device, math, &shapes[i])};
            continue;
        }
        chosen[i] = (cc_choice){.reason = CC_ASKED_FOR};
        const clconv_status status = cc_choose_check(device, name, math, &problems[i], &shapes[i],
                                                     &chosen[i].algorithm, error);
        if (status != CLCONV_OK)
            return status;
    }
    return CLCONV_OK;
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
