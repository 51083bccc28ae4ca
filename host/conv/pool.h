/* The device buffers that clconv_execute keeps for a plan: as many sets as executions run at the
 * same time. */
#ifndef CC_POOL_H
#define CC_POOL_H

#include "conv/plan.h"

/* What one execution needs. Buffers are made when first needed and then kept; the queue is in
 * order and the set's own, so executions of several threads neither wait for each other nor
 * disturb each other's times. */
typedef struct cc_buffer_set {
    struct cc_buffer_set *next;
    cl_command_queue queue;
    cl_mem src, dst, workspace;
    cl_mem weights[CLCONV_MAX_STAGES];
    cl_mem bias[CLCONV_MAX_STAGES];
} cc_buffer_set;

clconv_status cc_pool_create(cc_pool **pool, clconv_error *error);
void cc_pool_destroy(cc_pool *pool);

/* A set that nobody else uses: a free one, or a new one without buffers. */
clconv_status cc_pool_take(cc_pool *pool, const cc_target *target, cc_buffer_set **set,
                           clconv_error *error);

/* Gives a set back for the next execution. */
void cc_pool_give(cc_pool *pool, cc_buffer_set *set);

/* Frees a set whose queue may be broken. */
void cc_buffer_set_destroy(cc_buffer_set *set);

#endif
