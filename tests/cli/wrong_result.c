/* Preloaded into the command, so that its check has something to find: an execution whose first
 * result is wrong by one. */
#include <dlfcn.h>
#include <string.h>

#include "clconv.h"

clconv_status clconv_execute(clconv_plan *plan, const clconv_tensors *tensors,
                             clconv_timing *timing, clconv_error *error)
{
    clconv_status (*execute)(clconv_plan *, const clconv_tensors *, clconv_timing *,
                             clconv_error *);
    void *const symbol = dlsym(RTLD_NEXT, "clconv_execute");
    memcpy(&execute, &symbol, sizeof execute);
    const clconv_status status = execute(plan, tensors, timing, error);
    if (status == CLCONV_OK)
        tensors->dst[0] += 1;
    return status;
}
