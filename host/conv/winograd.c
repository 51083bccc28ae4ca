/* Kernels of 3x3 by Winograd's minimal filtering, for CPU devices: kernels/winograd.cl.
 *
 * Two rows of the table of algorithms: tiles of 4x4 outputs, and of 2x2 for small images, whose
 * transforms are exact in binary. */
#include "conv/kernel_args.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bits of the kernel's argument `work`. */
enum { INPUT = 1, PRODUCT = 2, OUTPUT = 4, ALL = INPUT | PRODUCT | OUTPUT };

/* What a work-item works on should stay in its processor's own cache, as should the weights of one
 * product that it uses for several packs. */
enum { GROUP_BYTES = 640 << 10, WEIGHTS_PART_BYTES = 256 << 10 };

typedef struct state {
    cc_kernel *kernel;
    cc_kernel *pack;
    cl_int packs;       /* of the whole problem */
    cl_int group_packs; /* that an item does at once; 0: each of the three in a launch of its own */
    size_t v_elements;  /* of V for all packs at work; M follows it */
    cl_int channels;    /* of V */
    cl_int blocks;      /* of BLOCK_K output channels, of all groups */
    cl_int products;    /* of a tile */
    int items;          /* that are at work */
    int compute_units;
    size_t pack_global[3];
    size_t pack_local[3];
} state;

/* The vector registers hold BLOCK_K accumulators, and one more holds inputs. */
typedef struct form {
    int lanes;
    int block_k;
} form;

static form choose_form(cl_uint native_lanes)
{
    return native_lanes >= 16 ? (form){16, 16} : (form){8, 12};
}

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
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
    return (double)(phases * divide_up(axis->output, phases * tile));
}

static sizes sizes_of(const cc_shape *shape, int tile, form f)
{
    const double tiles = axis_tiles(&shape->axis[CLCONV_HEIGHT], tile) *
                         axis_tiles(&shape->axis[CLCONV_WIDTH], tile) *
                         shape->axis[CLCONV_DEPTH].output * shape->batch;
    const int64_t group_k = shape->out_channels / shape->groups;
    return (sizes){
        .packs = floor((tiles + f.lanes - 1) / f.lanes),
        .channels = (double)shape->in_channels * shape->axis[CLCONV_DEPTH].kernel,
        .k = (double)shape->groups * (double)(divide_up(group_k, f.block_k) * f.block_k),
        .products = (tile + 2.0) * (tile + 2.0),
    };
}

static double weights_bytes(const cc_shape *shape, const sizes *s)
{
    return s->products * s->channels / shape->groups * s->k * sizeof(float);
}

/* V and M of one pack. */
static double pack_bytes(const sizes *s, form f)
{
    return s->products * (s->channels + s->k) * f.lanes * sizeof(float);
}

/* How the packs are divided. */
typedef struct division {
    int group_packs; /* 0: each pack is divided among all compute units */
    int items;       /* at work: as many groups as have their place in the workspace */
    double busy;     /* the share of compute units that has work, on average */
} division;

static division divide(const sizes *s, form f, int units)
{
    const double rounds = ceil(s->packs / units), busy = s->packs / (rounds * units);
    double group = floor(GROUP_BYTES / pack_bytes(s, f));
    const double most = floor(s->packs / (8.0 * units));
    group = group > most ? most : group;
    group = group < 1.0 ? 1.0 : group;
    const double groups = ceil(s->packs / group);
    if (busy < 0.8)
        return (division){.items = (int)s->packs, .busy = 1.0};
    return (division){
        .group_packs = (int)group, .items = groups < units ? (int)groups : units, .busy = busy};
}

static double workspace_bytes(const sizes *s, form f, division d)
{
    return pack_bytes(s, f) * d.items * (d.group_packs > 0 ? d.group_packs : 1);
}

static int units_of(const clconv_device *device)
{
    return device->compute_units > 0 ? (int)device->compute_units : 1;
}

/* ---- The rows of the table ---- */

static clconv_status applicable(const clconv_device *device, const cc_shape *shape, int tile,
                                clconv_error *error)
{
    const cc_axis *height = &shape->axis[CLCONV_HEIGHT], *width = &shape->axis[CLCONV_WIDTH];
    const form f = choose_form(16);
    if (device->kind != CLCONV_DEVICE_CPU)
        return cc_fail(error, CLCONV_UNSUPPORTED, "Winograd's is made for CPU devices");
    if (strcmp(device->platform, "rusticl") == 0) /* llvmpipe: 65535, all loops together */
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "rusticl ends the loops of Winograd's work-items early");
    if (shape->transposed)
        return cc_fail(error, CLCONV_UNSUPPORTED, "Winograd's does no transposed convolution");
    if (height->kernel != 3 || width->kernel != 3 || height->stride != 1 || width->stride != 1)
        return cc_fail(error, CLCONV_UNSUPPORTED, "Winograd's takes kernels of 3x3 with stride 1");
    const sizes s = sizes_of(shape, tile, f);
    if (weights_bytes(shape, &s) + workspace_bytes(&s, f, divide(&s, f, units_of(device))) >
        (double)device->max_alloc_bytes)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "transformed weights of %.0f bytes are too large for a buffer of %s",
                       weights_bytes(shape, &s), device->name);
    if (s.packs > INT32_MAX / 2 || s.channels * s.products > INT32_MAX || s.k > INT32_MAX)
        return cc_fail(error, CLCONV_UNSUPPORTED, "too many tiles for Winograd's");
    return CLCONV_OK;
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

/* Of one compute unit, PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4): a vector of products, the
 * transforms of a pack and channel for each product, a byte of weights from memory, which each
 * group of packs reads anew where they do not stay in the cache, and of all units a launch. */
static const double product_ns = 0.45, input_ns = 10.0, output_ns = 10.0, weights_byte_ns = 0.05,
                    launch_ns = 25e3, cached_weights_bytes = 16e6;

static double estimate(const clconv_device *device, const cc_shape *shape, int tile)
{
    const form f = choose_form(16);
    const sizes s = sizes_of(shape, tile, f);
    const int units = units_of(device);
    const division d = divide(&s, f, units);
    const double bytes = weights_bytes(shape, &s);
    const double transforms = s.products * (s.channels * input_ns + s.k * output_ns);
    const double products = s.products * s.channels / shape->groups * s.k * product_ns;
    const double groups = d.group_packs > 0 ? ceil(s.packs / d.group_packs) : 1.0;
    const double weights = bytes > cached_weights_bytes ? groups * bytes * weights_byte_ns : 0.0;
    return s.packs * (transforms + products) / (units * d.busy) + weights +
           launch_ns * (d.group_packs > 0 ? 1 : 3);
}

static double estimate4(const clconv_device *device, const cc_shape *shape)
{
    return estimate(device, shape, 4);
}

static double estimate2(const clconv_device *device, const cc_shape *shape)
{
    return estimate(device, shape, 2);
}

static void set_sizes(cc_stage *stage, form f)
{
    const cc_shape *shape = &stage->shape;
    state *s = stage->state;
    const sizes n = sizes_of(shape, stage->algorithm->tile, f);
    const division d = divide(&n, f, s->compute_units);
    const size_t places = (size_t)d.items * (d.group_packs > 0 ? (size_t)d.group_packs : 1);

    s->packs = (cl_int)n.packs;
    s->group_packs = d.group_packs;
    s->items = d.items;
    s->channels = (cl_int)n.channels;
    s->blocks = (cl_int)(n.k / f.block_k);
    s->products = (cl_int)n.products;
    s->v_elements = (size_t)(n.products * n.channels) * places * (size_t)f.lanes;

    const size_t pack_global[3] = {(size_t)(n.k / shape->groups),
                                   (size_t)(n.channels / shape->groups), (size_t)shape->groups};
    const size_t pack_local[3] = {(size_t)f.block_k, 1, 1};
    memcpy(s->pack_global, pack_global, sizeof(pack_global));
    memcpy(s->pack_local, pack_local, sizeof(pack_local));
    stage->packed_bytes = (size_t)weights_bytes(shape, &n);
    stage->workspace_bytes = (size_t)workspace_bytes(&n, f, d);
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_uint native_lanes = 0;
    char options[256];

    state *s = calloc(1, sizeof(*s));
    stage->state = s;
    if (s == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a stage");
    s->compute_units = units_of(stage->target->device);
    CL_TRY(clGetDeviceInfo(stage->target->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT,
                           sizeof(native_lanes), &native_lanes, NULL));

    const form f = choose_form(native_lanes);
    snprintf(options, sizeof(options), "-DTILE=%d -DLANES=%d -DBLOCK_K=%d", stage->algorithm->tile,
             f.lanes, f.block_k);
    TRY(cc_kernel_create(stage->target->programs, "winograd", "winograd", options, &s->kernel,
                         error));
    TRY(cc_kernel_create(stage->target->programs, "winograd", "pack", options, &s->pack, error));
    set_sizes(stage, f);

cleanup:
    return status;
}

static clconv_status pack(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                          cc_tensor packed, clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, &(cc_stage_io){.weights = weights});
    const cc_argument arguments[] = {CC_ARGUMENT(args), CC_ARGUMENT(weights.mem),
                                     CC_ARGUMENT(packed.mem), CC_ARGUMENT(packed.offset)};
    return cc_launch(chain, s->pack, arguments, sizeof(arguments) / sizeof(arguments[0]), 3,
                     s->pack_global, s->pack_local, error);
}

/* One launch: `work` on packs in groups of `group_packs`, by so many items, in parts. */
static clconv_status launch(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                            const cc_kernel_args *args, cl_int work, cl_int group_packs,
                            cl_int part, const size_t global[3], clconv_error *error)
{
    static const size_t local[3] = {1, 1, 1};
    const state *s = stage->state;
    const cl_ulong v = io->workspace.offset, m = v + s->v_elements;
    const cc_argument arguments[] = {
        {sizeof(*args), args},
        CC_ARGUMENT(io->src.mem),
        CC_ARGUMENT(io->weights.mem),
        {sizeof(cl_mem), io->bias.mem != NULL ? &io->bias.mem : NULL},
        CC_ARGUMENT(io->dst.mem),
        CC_ARGUMENT(io->workspace.mem),
        CC_ARGUMENT(v),
        CC_ARGUMENT(m),
        CC_ARGUMENT(s->packs),
        CC_ARGUMENT(group_packs),
        CC_ARGUMENT(part),
        CC_ARGUMENT(work),
    };
    return cc_launch(chain, s->kernel, arguments, sizeof(arguments) / sizeof(arguments[0]), 3,
                     global, local, error);
}

/* Parts of `count` of which every compute unit gets several, but none is below `least`. */
static cl_int part_of(const state *s, int64_t count, int64_t others, cl_int least)
{
    const int64_t parts = divide_up(8 * (int64_t)s->compute_units, others);
    const cl_int part = (cl_int)divide_up(count, parts);
    return part < least ? least : part;
}

/* Few packs: all compute units share the input, then the products, then the output. */
static clconv_status enqueue_parts(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                                   const cc_kernel_args *args, clconv_error *error)
{
    const state *s = stage->state;
    const cl_int k = stage->shape.out_channels;
    const struct {
        cl_int work, count, part;
        size_t groups, products;
    } launches[] = {
        {INPUT, s->channels, part_of(s, s->channels, s->packs, 4), (size_t)s->packs, 1},
        {PRODUCT, s->blocks, part_of(s, s->blocks, s->products, 1), 1, (size_t)s->products},
        {OUTPUT, k, part_of(s, k, s->packs, 4), (size_t)s->packs, 1},
    };
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < sizeof(launches) / sizeof(launches[0]); ++i) {
        const size_t global[3] = {launches[i].groups,
                                  (size_t)divide_up(launches[i].count, launches[i].part),
                                  launches[i].products};
        TRY(launch(stage, chain, io, args, launches[i].work,
                   launches[i].work == PRODUCT ? s->packs : 1, launches[i].part, global, error));
    }

cleanup:
    return status;
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    const size_t global[3] = {(size_t)s->items + 1, 1, 1}; /* the first is idle: PERFORMANCE.md */
    if (s->group_packs == 0)
        return enqueue_parts(stage, chain, io, &args, error);
    return launch(stage, chain, io, &args, ALL, s->group_packs, INT32_MAX, global, error);
}

static void destroy(cc_stage *stage)
{
    state *s = stage->state;
    if (s != NULL) {
        cc_kernel_destroy(s->kernel);
        cc_kernel_destroy(s->pack);
    }
    free(s);
    stage->state = NULL;
}

const cc_algorithm cc_winograd = {
    .name = "winograd",
    .text = "Winograd's F(4x4, 3x3), for 3x3 kernels on CPU devices",
    .tile = 4,
    .applicable = applicable4,
    .estimate = estimate4,
    .build = build,
    .pack = pack,
    .enqueue = enqueue,
    .destroy = destroy,
};

const cc_algorithm cc_winograd2 = {
    .name = "winograd2",
    .text = "Winograd's F(2x2, 3x3), for 3x3 kernels on small images on CPU devices",
    .tile = 2,
    .applicable = applicable2,
    .estimate = estimate2,
    .build = build,
    .pack = pack,
    .enqueue = enqueue,
    .destroy = destroy,
};
