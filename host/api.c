/* The public calls that belong to no file below: the table of algorithms, the folder of the cache.
 */
#include "conv/choose.h"
#include "conv/context.h"
#include "core/store.h"
#include "core/text.h"

#include <string.h>

static const cc_algorithm *algorithm_at(size_t index)
{
    for (size_t i = 0; cc_algorithms[i] != NULL; ++i)
        if (i == index)
            return cc_algorithms[i];
    return NULL;
}

const char *clconv_algorithm_name(size_t index)
{
    const cc_algorithm *algorithm = algorithm_at(index);
    return algorithm != NULL ? algorithm->name : NULL;
}

const char *clconv_algorithm_text(size_t index)
{
    const cc_algorithm *algorithm = algorithm_at(index);
    return algorithm != NULL ? algorithm->text : NULL;
}

clconv_math clconv_algorithm_math(const char *name)
{
    const cc_algorithm *algorithm = name != NULL ? cc_algorithm_find(name) : NULL;
    return algorithm != NULL && algorithm->tile != 0 ? CLCONV_MATH_DEFAULT : CLCONV_MATH_STRICT;
}

clconv_status clconv_algorithm_check(const clconv_context *context, const clconv_problem *problem,
                                     const char *name, clconv_error *error)
{
    if (context == NULL || problem == NULL || name == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_algorithm_check: null pointer");
    cc_shape shape;
    const clconv_status status = cc_shape_make(problem, &shape, error);
    if (status != CLCONV_OK)
        return status;
    const cc_algorithm *found = NULL;
    if (cc_context_is_reference(context))
        return cc_choose_reference(name, error);
    return cc_choose_check(&context->device, name, CLCONV_MATH_DEFAULT, problem, &shape, 1, &found,
                           error);
}

clconv_status clconv_algorithm_check_sequence(const clconv_context *context,
                                              const clconv_problem *problems, size_t count,
                                              const char *algorithm, clconv_error *error)
{
    if (context == NULL || problems == NULL || algorithm == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT,
                       "clconv_algorithm_check_sequence: null pointer");
    clconv_status status = CLCONV_OK;
    cc_shape shapes[CLCONV_MAX_STAGES];
    cc_choice chosen[CLCONV_MAX_STAGES];
    const clconv_options options = {.algorithm = algorithm};
    TRY(clconv_sequence_check(problems, count, error));
    if (cc_context_is_reference(context))
        return cc_choose_reference(algorithm, error);
    for (size_t i = 0; i < count; ++i)
        TRY(cc_shape_make(&problems[i], &shapes[i], error));
    TRY(cc_choose(&context->device, &options, problems, shapes, count, chosen, error));

cleanup:
    return status;
}

size_t clconv_cache_folder(char *path, size_t size)
{
    cc_store store;
    cc_text out = cc_text_make(path, size);
    cc_store_open(&store);
    cc_text_put(&out, "%s", store.folder);
    return out.length;
}
