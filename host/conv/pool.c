#include "conv/pool.h"

#include "core/platform.h"

#include <stdlib.h>

struct cc_pool {
    cc_mutex *lock; /* guards the list */
    cc_buffer_set *free;
};

clconv_status cc_pool_create(cc_pool **pool, clconv_error *error)
{
    *pool = NULL;
    cc_pool *p = calloc(1, sizeof(*p));
    if (p == NULL || (p->lock = cc_mutex_create()) == NULL) {
        free(p);
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a pool of buffers");
    }
    *pool = p;
    return CLCONV_OK;
}

void cc_pool_destroy(cc_pool *pool)
{
    if (pool == NULL)
        return;
    for (cc_buffer_set *set = pool->free, *next; set != NULL; set = next) {
        next = set->next;
        cc_buffer_set_destroy(set);
    }
    cc_mutex_destroy(pool->lock);
    free(pool);
}

clconv_status cc_pool_take(cc_pool *pool, const cc_target *target, cc_buffer_set **set,
                           clconv_error *error)
{
    cc_mutex_lock(pool->lock);
    cc_buffer_set *s = pool->free;
    if (s != NULL)
        pool->free = s->next;
    cc_mutex_unlock(pool->lock);
    *set = s;
    if (s != NULL)
        return CLCONV_OK;

    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a set of buffers");
    cl_int code = CL_SUCCESS;
    s->queue = clCreateCommandQueue(target->cl, target->id, 0, &code);
    if (s->queue == NULL) {
        free(s);
        return cc_cl_fail(error, code, "clCreateCommandQueue");
    }
    *set = s;
    return CLCONV_OK;
}

void cc_pool_give(cc_pool *pool, cc_buffer_set *set)
{
    cc_mutex_lock(pool->lock);
    set->next = pool->free;
    pool->free = set;
    cc_mutex_unlock(pool->lock);
}

static void release(cl_mem mem)
{
    if (mem != NULL)
        clReleaseMemObject(mem);
}

void cc_buffer_set_destroy(cc_buffer_set *set)
{
    if (set == NULL)
        return;
    release(set->src);
    release(set->dst);
    release(set->workspace);
    for (int i = 0; i < CLCONV_MAX_STAGES; ++i) {
        release(set->weights[i]);
        release(set->bias[i]);
    }
    if (set->queue != NULL)
        clReleaseCommandQueue(set->queue);
    free(set);
}
