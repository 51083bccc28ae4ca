/* One convolution by oneDNN, with the reorders around it that its layouts need. */
#ifndef ONEDNN_STAGE_H
#define ONEDNN_STAGE_H

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#include "peer.h"

typedef struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
} onednn;

/* A way to compute a stage. */
typedef struct onednn_form {
    const char *name; /* of the algorithm */
    dnnl_alg_kind_t convolution;
    dnnl_alg_kind_t deconvolution; /* dnnl_alg_kind_undef: there is none */
    int as_given; /* 1: source (and result, where it is to be plain) as the caller has them,
                     0: in the layouts that oneDNN chooses */
} onednn_form;

/* What is to be computed. */
typedef struct onednn_request {
    const clconv_problem *problem;
    const clconv_sizes *sizes;
    const npy_array *weights;
    const npy_array *bias; /* data NULL: none */
    dnnl_memory_t src;     /* in any layout */
    int src_is_free;       /* converting it is not part of a run */
    int dst_is_plain;      /* converting the result to NCHW is part of a run */
} onednn_request;

enum {
    ONEDNN_MAX_STEPS = 3,    /* reorder, convolution, reorder */
    ONEDNN_MAX_MEMORIES = 5, /* reordered source, weights, bias, result, reordered result */
    ONEDNN_MAX_ARGUMENTS = 4,
};

typedef struct onednn_step {
    dnnl_primitive_t primitive;
    int count;
    dnnl_exec_arg_t arguments[ONEDNN_MAX_ARGUMENTS];
} onednn_step;

/* Zero-initialise; free with onednn_stage_free whatever the status. */
typedef struct onednn_stage {
    size_t steps_count;
    onednn_step steps[ONEDNN_MAX_STEPS];
    size_t memories_count;
    dnnl_memory_t memories[ONEDNN_MAX_MEMORIES];
    dnnl_memory_t dst;          /* one of them */
    const char *algorithm;      /* the form's name */
    const char *implementation; /* oneDNN's name for its code */
    dnnl_primitive_desc_t description;
} onednn_stage;

/* CLCONV_UNSUPPORTED where oneDNN has no such implementation. */
clconv_status onednn_stage_build(const onednn *o, const onednn_request *request,
                                 const onednn_form *form, onednn_stage *stage, clconv_error *error);
clconv_status onednn_stage_run(const onednn *o, const onednn_stage *stage, clconv_error *error);
void onednn_stage_free(onednn_stage *stage);

/* Converts between a memory in any layout and a plain array; returns when it is done. */
clconv_status onednn_load(const onednn *o, const dnnl_memory_desc_t *plain, float *array,
                          dnnl_memory_t to, clconv_error *error);
clconv_status onednn_store(const onednn *o, dnnl_memory_t from, const dnnl_memory_desc_t *plain,
                           float *array, clconv_error *error);

/* Row-major N, C, sizes. */
clconv_status onednn_plain(const npy_array *shape, dnnl_memory_desc_t *plain, clconv_error *error);

clconv_status onednn_check(dnnl_status_t code, const char *call, clconv_error *error);

#endif
