/* Kernels of 3x3 by Winograd's minimal filtering, for CPU devices: kernels/winograd.cl.
 *
 * Two rows of the table of algorithms: tiles of 4x4 outputs, and of 2x2 for small images, whose
 * transforms are exact in binary. */
#include "conv/kernel_args.h"
#include "conv/packed_kernel.h"
#include "core/checked.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A work-item works on so many packs at once that V, M and the weights of a block and a product
 * stay in its processor's own cache, but on several where the weights come from memory. */
enum { GROUP_BYTES = 640 << 10, CACHED_WEIGHTS_BYTES = 8 << 20, LEAST_GROUP_OF_LARGE = 6 };

typedef struct state {
    cc_packed_kernel base;
    cl_int packs;       /* of the whole problem */
    cl_int group_packs; /* that an item does at once */
    size_t v_elements;  /* of V for all packs at work; M follows it */
    size_t items;       /* that are at work */
} state;

/* The vector registers hold the block_k accumulators of a product, or of two where products are
 * summed in pairs, and their inputs. */
typedef struct form {
    int lanes;
    int block_k;
    int pairs;
} form;

static form choose_form(const clconv_device *device)
{
    static const form forms[CC_VECTORS_COUNT] = {
        [CC_VECTORS_8] = {8, 6, 1},
        [CC_VECTORS_16] = {16, 16, 0},
    };
    return forms[cc_device_vectors(device)];
}

/* ---- Sizes ---- */

/* How many of everything one problem has; doubles, as they may be large. */
typedef struct sizes {
    double packs;    /* of tiles, for all images, planes and phases */
    double channels; /* C times the kernel's depth */
    double k;        /* K, of every group padded to whole blocks */
    double products; /* of a tile */
} sizes;

static double axis_tiles(const cc_axis *axis, int tile)
{
    const int64_t phases = axis->dilation < axis->output ? axis->dilation : axis->output;
    return (double)(phases * cc_divide_up(axis->output, phases * tile));
}

static sizes sizes_of(const cc_shape *shape, int tile, form f)
{
    const double tiles = axis_tiles(&shape->axis[CLCONV_HEIGHT], tile) *
                         axis_tiles(&shape->axis[CLCONV_WIDTH], tile) *
                         shape->axis[CLCONV_DEPTH].output * shape->batch;
    return (sizes){
        .packs = floor((tiles + f.lanes - 1) / f.lanes),
        .channels = (double)shape->in_channels * shape->axis[CLCONV_DEPTH].kernel,
        .k = (double)shape->groups *
             (double)(cc_divide_up(cc_group_k(shape), f.block_k) * f.block_k),
        .products = (tile + 2.0) * (tile + 2.0),
    };
}

static double weights_bytes(const cc_shape *shape, const sizes *s)
{
    return s->products * s->channels / shape->groups * s->k * sizeof(float);
}

/* Of one pack. The kernel's channel_pitch. */
static double v_elements(const sizes *s, form f)
{
    return s->products * (floor(s->channels / 2.0) * 2.0 + 1.0) * f.lanes;
}

static double pack_bytes(const sizes *s, form f)
{
    return (v_elements(s, f) + s->products * s->k * f.lanes) * sizeof(float);
}

/* How the blocks of all packs are divided among work-items. */
typedef struct division {
    int items;
    int group_packs; /* that an item does at once, at most */
} division;

static division divide(const cc_shape *shape, const sizes *s, form f, int units)
{
    const double blocks = s->packs * s->k / f.block_k, items = blocks < units ? blocks : units;
    const double own_packs = ceil(s->packs / items);
    double group = floor(GROUP_BYTES / pack_bytes(s, f));
    if (weights_bytes(shape, s) > CACHED_WEIGHTS_BYTES && group < LEAST_GROUP_OF_LARGE)
        group = LEAST_GROUP_OF_LARGE;
    if (f.pairs)
        group = group < 2.0 ? 2.0 : floor(group / 2.0) * 2.0;
    group = group > own_packs ? own_packs : group;
    return (division){.items = (int)items, .group_packs = group < 1.0 ? 1 : (int)group};
}

static double workspace_bytes(const sizes *s, form f, division d)
{
    return pack_bytes(s, f) * d.items * d.group_packs;
}

/* ---- The rows of the table ---- */

static clconv_status applicable(const clconv_device *device, const cc_shape *shape, int tile,
                                clconv_error *error)
{
    const cc_axis *height = &shape->axis[CLCONV_HEIGHT], *width = &shape->axis[CLCONV_WIDTH];
    const form f = choose_form(device);
    clconv_status status = CLCONV_OK;
    TRY(cc_packing_check(device, "Winograd's", error));
    if (shape->transposed)
        return cc_fail(error, CLCONV_UNSUPPORTED, "Winograd's does no transposed convolution");
    if (height->kernel != 3 || width->kernel != 3 || height->stride != 1 || width->stride != 1)
        return cc_fail(error, CLCONV_UNSUPPORTED, "Winograd's takes kernels of 3x3 with stride 1");
    const sizes s = sizes_of(shape, tile, f);
    if (weights_bytes(shape, &s) +
            workspace_bytes(&s, f, divide(shape, &s, f, (int)device->compute_units)) >
        (double)device->max_alloc_bytes)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "transformed weights of %.0f bytes are too large for a buffer of %s",
                       weights_bytes(shape, &s), device->name);
    if (s.packs > INT32_MAX / 2 || s.channels * s.products > INT32_MAX || s.k > INT32_MAX)
        return cc_fail(error, CLCONV_UNSUPPORTED, "too many tiles for Winograd's");

cleanup:
    return status;
}

static clconv_status applicable4(const clconv_device *device, const cc_shape *shape,
                                 clconv_error *error)
{
    return applicable(device, shape, 4, error);
}

static clconv_status applicable2(const clconv_device *device, const cc_shape *shape,
                                 clconv_error *error)
{
    return applicable(device, shape, 2, error);
}

/* Of one compute unit, PoCL 3.1; pairs: where V and M of a group stay near the processor, and where
 * they do not. */
typedef struct costs {
    double product_ns;                          /* a vector of products */
    double sums_ns;                             /* of a block and a product of the tile */
    double input_ns[2], output_ns[2];           /* of a pack, a channel and a product */
    double near_bytes;                          /* of V and M of a group */
    double dilated_input_ns, dilated_output_ns; /* more where a tile's columns are not neighbours */
    double weights_byte_ns; /* of weights from memory, which each group of packs reads anew */
    double dst_byte_ns;     /* of results that no cache keeps */
    double launch_ns;
} costs;

static const costs costs_of[CC_VECTORS_COUNT] = {
    /* AVX2 (AMD EPYC, Zen 3) */
    [CC_VECTORS_8] = {0.215, 15.0, {4.0, 7.5}, {1.5, 4.0}, 2e6, 9.0, 4.2, 0.02, 0.1, 20e3},
    /* AVX-512 (AMD EPYC, Zen 4) */
    [CC_VECTORS_16] = {0.3, 60.0, {3.6, 32.0}, {2.0, 12.0}, 6e6, 0.0, 0.0, 0.019, 0.1, 14e3},
};

static const double cached_dst_bytes = 8e6, cached_weights_bytes = 20e6;

static double estimate(const clconv_device *device, const cc_shape *shape, int tile)
{
    const form f = choose_form(device);
    const costs cost = costs_of[cc_device_vectors(device)];
    const sizes s = sizes_of(shape, tile, f);
    const division d = divide(shape, &s, f, (int)device->compute_units);
    const double bytes = weights_bytes(shape, &s), own_packs = ceil(s.packs / d.items);
    const int is_far = pack_bytes(&s, f) * d.group_packs > cost.near_bytes;
    const int dilated = shape->axis[CLCONV_WIDTH].dilation > 1;
    const double input =
        s.products * s.channels * (cost.input_ns[is_far] + (dilated ? cost.dilated_input_ns : 0.0));
    const double output =
        s.products * s.k * (cost.output_ns[is_far] + (dilated ? cost.dilated_output_ns : 0.0));
    const double products = s.products * (s.channels / shape->groups * s.k * cost.product_ns +
                                          s.k / f.block_k * cost.sums_ns);
    /* Items that share a pack read a part of the weights each. */
    const double groups = s.packs < d.items ? s.packs : ceil(own_packs / d.group_packs) * d.items;
    const double weights =
        bytes > cached_weights_bytes ? groups * bytes * cost.weights_byte_ns : 0.0;
    const double dst_bytes = (double)shape->batch * shape->out_channels *
                             (double)cc_output_elements(shape) * sizeof(float);
    const double results = dst_bytes > cached_dst_bytes ? dst_bytes * cost.dst_byte_ns : 0.0;
    return own_packs * input + s.packs * (output + products) / d.items + weights + results +
           cost.launch_ns;
}

static double estimate4(const clconv_device *device, const cc_shape *shape)
{
    return estimate(device, shape, 4);
}

static double estimate2(const clconv_device *device, const cc_shape *shape)
{
    return estimate(device, shape, 2);
}

/* ---- Weights ---- */

enum { MOST_POINTS = 6 };

/* The weights of an axis at the points of kernels/winograd_transforms.h, where the error bound of
 * host/reference/winograd.c counts their roundings. */
static void transform_taps(const float g[3], int tile, float u[MOST_POINTS])
{
    if (tile == 2) {
        const float even = g[0] + g[2];
        u[0] = -g[0];
        u[1] = 0.5f * (even + g[1]);
        u[2] = 0.5f * (even - g[1]);
        u[3] = g[2];
        return;
    }
    const float a = 0.70710678118654752440f, b = 1.41421356237309504880f;
    const float even_a = g[0] + 0.5f * g[2], odd_a = a * g[1];
    const float even_b = g[0] + 2.0f * g[2], odd_b = b * g[1];
    u[0] = g[0];
    u[1] = (even_a + odd_a) * (-2.0f / 3.0f);
    u[2] = (even_a - odd_a) * (-2.0f / 3.0f);
    u[3] = (even_b + odd_b) * (1.0f / 6.0f);
    u[4] = (even_b - odd_b) * (1.0f / 6.0f);
    u[5] = g[2];
}

/* Product i of a filter goes to U[i * step]. */
static void transform_filter(const float g[9], int tile, float *U, int64_t step)
{
    const int points = tile + 2;
    float rows[MOST_POINTS][3];
    for (int s = 0; s < 3; ++s) {
        const float column[3] = {g[s], g[3 + s], g[6 + s]};
        float u[MOST_POINTS];
        transform_taps(column, tile, u);
        for (int i = 0; i < points; ++i)
            rows[i][s] = u[i];
    }
    for (int i = 0; i < points; ++i) {
        float u[MOST_POINTS];
        transform_taps(rows[i], tile, u);
        for (int j = 0; j < points; ++j, U += step)
            *U = u[j];
    }
}

/* U[product][g][block][tap of the depth and c][channel] */
static void fill_transformed(const cc_packing *packing, const float *weights, float *U)
{
    static const float zeros[9];
    const cc_shape *shape = &packing->shape;
    const int64_t group_k = cc_group_k(shape), blocks = cc_packing_blocks(packing);
    const int64_t channels = (int64_t)cc_group_c(shape) * shape->axis[CLCONV_DEPTH].kernel;
    const int64_t step = shape->groups * blocks * channels * packing->block;
    for (int64_t g = 0; g < shape->groups; ++g)
        for (int64_t block = 0; block < blocks; ++block)
            for (int64_t c = 0; c < channels; ++c)
                for (int64_t i = 0; i < packing->block; ++i, ++U) {
                    const int64_t k = block * packing->block + i;
                    const int64_t filter = (g * group_k + k) * channels + c;
                    transform_filter(k < group_k ? weights + filter * 9 : zeros, packing->tile, U,
                                     step);
                }
}

static void set_sizes(cc_stage *stage, form f)
{
    const cc_shape *shape = &stage->shape;
    state *s = stage->state;
    const sizes n = sizes_of(shape, stage->algorithm->tile, f);
    const division d = divide(shape, &n, f, (int)stage->target->device->compute_units);

    s->packs = (cl_int)n.packs;
    s->group_packs = d.group_packs;
    s->items = (size_t)d.items;
    s->v_elements = (size_t)v_elements(&n, f) * s->items * (size_t)d.group_packs;

    cc_packed_set_packing(
        stage,
        (cc_packing){.fill = fill_transformed, .block = f.block_k, .tile = stage->algorithm->tile},
        (int64_t)(n.channels / shape->groups * n.products));
    stage->workspace_bytes = (size_t)workspace_bytes(&n, f, d);
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    char options[256];

    const form f = choose_form(stage->target->device);
    snprintf(options, sizeof(options), "-DTILE=%d -DLANES=%d -DBLOCK_K=%d -DPRODUCT_PAIRS=%d",
             stage->algorithm->tile, f.lanes, f.block_k, f.pairs);
    TRY(cc_packed_build(stage, sizeof(state), "winograd", options, error));
    set_sizes(stage, f);

cleanup:
    return status;
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    const size_t global[3] = {s->items + 1, 1, 1}; /* the first is idle: PERFORMANCE.md */
    static const size_t local[3] = {1, 1, 1};
    const cl_ulong v = io->workspace.offset, m = v + s->v_elements;
    const cc_argument arguments[] = {
        CC_ARGUMENT(args),
        CC_ARGUMENT(io->src.mem),
        CC_ARGUMENT(io->weights.mem),
        cc_tensor_argument(&io->bias),
        CC_ARGUMENT(io->dst.mem),
        CC_ARGUMENT(io->workspace.mem),
        CC_ARGUMENT(v),
        CC_ARGUMENT(m),
        CC_ARGUMENT(s->packs),
        CC_ARGUMENT(s->group_packs),
    };
    return cc_launch(chain, s->base.kernel, arguments, sizeof(arguments) / sizeof(arguments[0]), 3,
                     global, local, error);
}

const cc_algorithm cc_winograd = {
    .name = "winograd",
    .text = "Winograd's F(4x4, 3x3), for 3x3 kernels on CPU devices",
    .tile = 4,
    .applicable = applicable4,
    .estimate = estimate4,
    .build = build,
    .pack = cc_packed_pack,
    .enqueue = enqueue,
    .destroy = cc_packed_destroy,
};

const cc_algorithm cc_winograd2 = {
    .name = "winograd2",
    .text = "Winograd's F(2x2, 3x3), for 3x3 kernels on small images on CPU devices",
    .tile = 2,
    .applicable = applicable2,
    .estimate = estimate2,
    .build = build,
    .pack = cc_packed_pack,
    .enqueue = enqueue,
    .destroy = cc_packed_destroy,
};
