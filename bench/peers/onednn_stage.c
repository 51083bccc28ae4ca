#include "onednn_stage.h"

#include <string.h>

clconv_status onednn_check(dnnl_status_t code, const char *call, clconv_error *error)
{
    if (code == dnnl_success)
        return CLCONV_OK;
    const int refused = code == dnnl_unimplemented || code == dnnl_invalid_arguments;
    return cli_error(error, refused ? CLCONV_UNSUPPORTED : CLCONV_DEVICE_FAILED, "oneDNN: %s: %s",
                     call, dnnl_status2str(code));
}

/* ---- Layouts ------------------------------------------------------------------------------- */

static void row_major(int count, const dnnl_dims_t dims, dnnl_dims_t strides)
{
    strides[count - 1] = 1;
    for (int i = count - 1; i > 0; i--)
        strides[i - 1] = strides[i] * dims[i];
}

clconv_status onednn_plain(const npy_array *shape, dnnl_memory_desc_t *plain, clconv_error *error)
{
    dnnl_dims_t dims = {0}, strides = {0};
    for (int i = 0; i < shape->dims; i++)
        dims[i] = shape->shape[i];
    row_major(shape->dims, dims, strides);
    return onednn_check(
        dnnl_memory_desc_init_by_strides(plain, shape->dims, dims, dnnl_f32, strides),
        "describing an array", error);
}

static clconv_status plain_activations(const clconv_problem *p, int64_t channels,
                                       const int64_t *sizes, dnnl_memory_desc_t *plain,
                                       clconv_error *error)
{
    npy_array shape = {.dims = 2 + p->rank, .shape = {p->batch, channels}};
    for (int i = 0; i < p->rank; i++)
        shape.shape[2 + i] = sizes[CLCONV_AXES - p->rank + i];
    return onednn_plain(&shape, plain, error);
}

/* oneDNN's weights are (G,) K/G, C/G, sizes for both kinds of convolution; where ours lie as C/G,
 * K/G the strides of those two change places. */
static clconv_status plain_weights(const clconv_problem *p, dnnl_memory_desc_t *plain,
                                   clconv_error *error)
{
    dnnl_dims_t lying = {0}, dims = {0}, strides = {0};
    const int64_t k = p->out_channels / p->groups, c = p->in_channels / p->groups;
    const int grouped = p->groups > 1;
    const int count = grouped + 2 + p->rank;

    lying[0] = p->groups;
    lying[grouped] = p->transposed ? c : k;
    lying[grouped + 1] = p->transposed ? k : c;
    for (int i = 0; i < p->rank; i++)
        lying[grouped + 2 + i] = p->kernel_size[CLCONV_AXES - p->rank + i];
    row_major(count, lying, strides);
    memcpy(dims, lying, sizeof dims);
    if (p->transposed) {
        const dnnl_dim_t stride = strides[grouped];
        strides[grouped] = strides[grouped + 1];
        strides[grouped + 1] = stride;
        dims[grouped] = k;
        dims[grouped + 1] = c;
    }
    return onednn_check(dnnl_memory_desc_init_by_strides(plain, count, dims, dnnl_f32, strides),
                        "describing the weights", error);
}

static clconv_status any_layout(const dnnl_memory_desc_t *plain, dnnl_memory_desc_t *any,
                                clconv_error *error)
{
    return onednn_check(
        dnnl_memory_desc_init_by_tag(any, plain->ndims, plain->dims, dnnl_f32, dnnl_format_tag_any),
        "describing a layout of its choice", error);
}

static const dnnl_memory_desc_t *layout_of(dnnl_memory_t memory)
{
    const dnnl_memory_desc_t *layout = NULL;
    dnnl_memory_get_memory_desc(memory, &layout);
    return layout;
}

/* ---- Reorders ------------------------------------------------------------------------------ */

static clconv_status make_reorder(const onednn *o, dnnl_memory_t from, dnnl_memory_t to,
                                  onednn_step *step, clconv_error *error)
{
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t code = dnnl_reorder_primitive_desc_create(
        &description, layout_of(from), o->engine, layout_of(to), o->engine, NULL);
    if (code == dnnl_success)
        code = dnnl_primitive_create(&step->primitive, description);
    dnnl_primitive_desc_destroy(description);
    step->count = 2;
    step->arguments[0] = (dnnl_exec_arg_t){DNNL_ARG_FROM, from};
    step->arguments[1] = (dnnl_exec_arg_t){DNNL_ARG_TO, to};
    return onednn_check(code, "making a reorder", error);
}

static clconv_status run_step(const onednn *o, const onednn_step *step, clconv_error *error)
{
    dnnl_status_t code =
        dnnl_primitive_execute(step->primitive, o->stream, step->count, step->arguments);
    if (code == dnnl_success)
        code = dnnl_stream_wait(o->stream);
    return onednn_check(code, "running a primitive", error);
}

static clconv_status reorder_now(const onednn *o, dnnl_memory_t from, dnnl_memory_t to,
                                 clconv_error *error)
{
    onednn_step step = {0};
    clconv_status status = make_reorder(o, from, to, &step, error);
    if (status == CLCONV_OK)
        status = run_step(o, &step, error);
    dnnl_primitive_destroy(step.primitive);
    return status;
}

clconv_status onednn_load(const onednn *o, const dnnl_memory_desc_t *plain, float *array,
                          dnnl_memory_t to, clconv_error *error)
{
    dnnl_memory_t from = NULL;
    clconv_status status =
        onednn_check(dnnl_memory_create(&from, plain, o->engine, array), "an array", error);
    if (status == CLCONV_OK)
        status = reorder_now(o, from, to, error);
    dnnl_memory_destroy(from);
    return status;
}

clconv_status onednn_store(const onednn *o, dnnl_memory_t from, const dnnl_memory_desc_t *plain,
                           float *array, clconv_error *error)
{
    dnnl_memory_t to = NULL;
    clconv_status status =
        onednn_check(dnnl_memory_create(&to, plain, o->engine, array), "an array", error);
    if (status == CLCONV_OK)
        status = reorder_now(o, from, to, error);
    dnnl_memory_destroy(to);
    return status;
}

/* ---- The primitive ------------------------------------------------------------------------- */

static clconv_status make_attributes(const clconv_epilogue *epilogue, dnnl_primitive_attr_t *attr,
                                     clconv_error *error)
{
    const struct {
        dnnl_alg_kind_t kind;
        float alpha, beta;
    } eltwise[] = {
        [CLCONV_NONE] = {dnnl_alg_kind_undef, 0, 0},
        [CLCONV_RELU] = {dnnl_eltwise_relu, 0, 0},
        [CLCONV_RELU6] = {dnnl_eltwise_clip, 0, 6},
        [CLCONV_LEAKY_RELU] = {dnnl_eltwise_relu, epilogue->slope, 0},
        [CLCONV_SIGMOID] = {dnnl_eltwise_logistic, 0, 0},
        [CLCONV_TANH] = {dnnl_eltwise_tanh, 0, 0},
        [CLCONV_SILU] = {dnnl_eltwise_swish, 1, 0},
    };
    const size_t i = (size_t)epilogue->activation;
    dnnl_post_ops_t operations = NULL;
    dnnl_status_t code = dnnl_primitive_attr_create(attr);
    if (code == dnnl_success && epilogue->activation != CLCONV_NONE) {
        code = dnnl_post_ops_create(&operations);
        if (code == dnnl_success)
            code = dnnl_post_ops_append_eltwise(operations, 1, eltwise[i].kind, eltwise[i].alpha,
                                                eltwise[i].beta);
        if (code == dnnl_success)
            code = dnnl_primitive_attr_set_post_ops(*attr, operations);
        dnnl_post_ops_destroy(operations);
    }
    return onednn_check(code, "attaching the activation", error);
}

/* The layouts of one convolution's tensors, as they lie or as they are asked for. */
typedef struct tensor_layouts {
    dnnl_memory_desc_t src, weights, bias, dst;
} tensor_layouts;

static clconv_status plain_layouts(const onednn_request *r, tensor_layouts *plain,
                                   clconv_error *error)
{
    const clconv_problem *const p = r->problem;
    const npy_array bias = {.dims = 1, .shape = {p->out_channels}};
    clconv_status status = plain_activations(p, p->in_channels, p->input_size, &plain->src, error);
    if (status == CLCONV_OK)
        status = plain_activations(p, p->out_channels, r->sizes->output_size, &plain->dst, error);
    if (status == CLCONV_OK)
        status = plain_weights(p, &plain->weights, error);
    return status == CLCONV_OK ? onednn_plain(&bias, &plain->bias, error) : status;
}

static clconv_status wanted_layouts(const onednn_request *r, const onednn_form *form,
                                    const tensor_layouts *plain, tensor_layouts *wanted,
                                    clconv_error *error)
{
    *wanted = *plain;
    wanted->src = *layout_of(r->src);
    clconv_status status = any_layout(&plain->weights, &wanted->weights, error);
    if (status == CLCONV_OK && !form->as_given)
        status = any_layout(&plain->src, &wanted->src, error);
    if (status == CLCONV_OK && !(form->as_given && r->dst_is_plain))
        status = any_layout(&plain->dst, &wanted->dst, error);
    return status;
}

/* The end padding that the output size needs and no more: floor() leaves some unread. */
static int64_t tight_padding(const clconv_problem *p, const clconv_sizes *sizes, int axis)
{
    const int64_t reach = p->dilation[axis] * (p->kernel_size[axis] - 1) + 1;
    const int64_t spread = p->transposed ? p->input_size[axis] : sizes->output_size[axis];
    const int64_t other = p->transposed ? sizes->output_size[axis] : p->input_size[axis];
    return (spread - 1) * p->stride[axis] + reach - other - p->padding_begin[axis];
}

static clconv_status describe(const onednn *o, const onednn_request *r, const onednn_form *form,
                              const tensor_layouts *layouts, dnnl_primitive_desc_t *description,
                              clconv_error *error)
{
    const clconv_problem *const p = r->problem;
    const dnnl_memory_desc_t *const bias = p->epilogue.bias ? &layouts->bias : NULL;
    dnnl_dims_t stride, dilation, begin, end;
    dnnl_convolution_desc_t operation; /* a deconvolution's is of the same type */
    dnnl_primitive_attr_t attr = NULL;

    for (int i = 0; i < p->rank; i++) {
        const int axis = CLCONV_AXES - p->rank + i;
        stride[i] = p->stride[axis];
        dilation[i] = p->dilation[axis] - 1;
        begin[i] = p->padding_begin[axis];
        end[i] = tight_padding(p, r->sizes, axis);
        if (end[i] <= -stride[i])
            return cli_error(error, CLCONV_UNSUPPORTED,
                             "oneDNN cannot leave a stride's worth of input unread");
    }
    dnnl_status_t code =
        p->transposed ? dnnl_dilated_deconvolution_forward_desc_init(
                            &operation, dnnl_forward_inference, form->deconvolution, &layouts->src,
                            &layouts->weights, bias, &layouts->dst, stride, dilation, begin, end)
                      : dnnl_dilated_convolution_forward_desc_init(
                            &operation, dnnl_forward_inference, form->convolution, &layouts->src,
                            &layouts->weights, bias, &layouts->dst, stride, dilation, begin, end);
    clconv_status status = onednn_check(code, "describing the convolution", error);
    if (status == CLCONV_OK)
        status = make_attributes(&p->epilogue, &attr, error);
    if (status == CLCONV_OK) {
        code = dnnl_primitive_desc_create(description, &operation, attr, o->engine, NULL);
        status = onednn_check(code, "looking for an implementation", error);
    }
    dnnl_primitive_attr_destroy(attr);
    return status;
}

/* ---- The stage ----------------------------------------------------------------------------- */

static clconv_status new_memory(const onednn *o, const dnnl_memory_desc_t *layout,
                                onednn_stage *stage, dnnl_memory_t *memory, clconv_error *error)
{
    const dnnl_status_t code = dnnl_memory_create(memory, layout, o->engine, DNNL_MEMORY_ALLOCATE);
    if (code == dnnl_success)
        stage->memories[stage->memories_count++] = *memory;
    return onednn_check(code, "allocating memory", error);
}

static clconv_status new_loaded(const onednn *o, const dnnl_memory_desc_t *layout,
                                const dnnl_memory_desc_t *plain, const npy_array *array,
                                onednn_stage *stage, dnnl_memory_t *memory, clconv_error *error)
{
    const clconv_status status = new_memory(o, layout, stage, memory, error);
    return status == CLCONV_OK ? onednn_load(o, plain, array->data, *memory, error) : status;
}

static const dnnl_memory_desc_t *chosen(const onednn_stage *stage, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(stage->description, what, 0);
}

static clconv_status convert_src(const onednn *o, const onednn_request *r, onednn_stage *stage,
                                 dnnl_memory_t *src, clconv_error *error)
{
    const dnnl_memory_desc_t *const layout = chosen(stage, dnnl_query_src_md);
    *src = r->src;
    if (dnnl_memory_desc_equal(layout, layout_of(r->src)))
        return CLCONV_OK;
    const clconv_status status = new_memory(o, layout, stage, src, error);
    if (status != CLCONV_OK)
        return status;
    if (r->src_is_free)
        return reorder_now(o, r->src, *src, error);
    return make_reorder(o, r->src, *src, &stage->steps[stage->steps_count++], error);
}

static clconv_status convert_dst(const onednn *o, const onednn_request *r,
                                 const tensor_layouts *plain, onednn_stage *stage,
                                 clconv_error *error)
{
    const dnnl_memory_t dst = stage->dst;
    if (!r->dst_is_plain || dnnl_memory_desc_equal(layout_of(dst), &plain->dst))
        return CLCONV_OK;
    const clconv_status status = new_memory(o, &plain->dst, stage, &stage->dst, error);
    if (status != CLCONV_OK)
        return status;
    return make_reorder(o, dst, stage->dst, &stage->steps[stage->steps_count++], error);
}

static clconv_status make_convolution(const onednn *o, const onednn_request *r,
                                      const tensor_layouts *plain, dnnl_memory_t src,
                                      onednn_stage *stage, clconv_error *error)
{
    dnnl_memory_t weights = NULL, bias = NULL;
    onednn_step *const step = &stage->steps[stage->steps_count++];
    clconv_status status = onednn_check(dnnl_primitive_create(&step->primitive, stage->description),
                                        "making the convolution", error);
    if (status == CLCONV_OK)
        status = new_loaded(o, chosen(stage, dnnl_query_weights_md), &plain->weights, r->weights,
                            stage, &weights, error);
    if (status == CLCONV_OK && r->bias->data)
        status = new_loaded(o, &plain->bias, &plain->bias, r->bias, stage, &bias, error);
    if (status == CLCONV_OK)
        status = new_memory(o, chosen(stage, dnnl_query_dst_md), stage, &stage->dst, error);
    step->count = bias ? 4 : 3;
    step->arguments[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, src};
    step->arguments[1] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, weights};
    step->arguments[2] = (dnnl_exec_arg_t){DNNL_ARG_DST, stage->dst};
    step->arguments[3] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, bias};
    return status;
}

clconv_status onednn_stage_build(const onednn *o, const onednn_request *request,
                                 const onednn_form *form, onednn_stage *stage, clconv_error *error)
{
    tensor_layouts plain, wanted;
    dnnl_memory_t src = NULL;

    clconv_status status = plain_layouts(request, &plain, error);
    if (status == CLCONV_OK)
        status = wanted_layouts(request, form, &plain, &wanted, error);
    if (status == CLCONV_OK)
        status = describe(o, request, form, &wanted, &stage->description, error);
    if (status != CLCONV_OK)
        return status;
    stage->algorithm = form->name;
    dnnl_primitive_desc_query(stage->description, dnnl_query_impl_info_str, 0,
                              &stage->implementation);
    status = convert_src(o, request, stage, &src, error);
    if (status == CLCONV_OK)
        status = make_convolution(o, request, &plain, src, stage, error);
    return status == CLCONV_OK ? convert_dst(o, request, &plain, stage, error) : status;
}

clconv_status onednn_stage_run(const onednn *o, const onednn_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < stage->steps_count && status == CLCONV_OK; i++)
        status = run_step(o, &stage->steps[i], error);
    return status;
}

void onednn_stage_free(onednn_stage *stage)
{
    for (size_t i = 0; i < stage->steps_count; i++)
        dnnl_primitive_destroy(stage->steps[i].primitive);
    for (size_t i = 0; i < stage->memories_count; i++)
        dnnl_memory_destroy(stage->memories[i]);
    dnnl_primitive_desc_destroy(stage->description);
    *stage = (onednn_stage){0};
}
