/* A depthwise convolution and the pointwise one after it as one kernel, for CPU devices:
 * kernels/separable.cl. */
#include "conv/pair_kernel.h"
#include "conv/rows.h"
#include "core/checked.h"

#include <math.h>
#include <stdio.h>

/* Mirrors separable_cut of kernels/separable.cl. */
typedef struct separable_cut {
    cl_int units, empty;
    cl_int bands, rows;
    cl_int pitch;
    cl_int item_floats;
    cl_int streamed;
    cl_ulong scratch_offset;
} separable_cut;

typedef struct state {
    cc_pair_kernel base;
    separable_cut cut;
} state;

/* Of the vectors of a device: CHANNELS of the kernel, and floats of the panel, at most, for a
 * second-level cache of 512 KiB or of 1 MiB. */
typedef struct form {
    int channels;
    int panel_floats;
} form;

static form choose_form(const clconv_device *device)
{
    static const form forms[CC_VECTORS_COUNT] = {
        [CC_VECTORS_8] = {4, 64 << 10},
        [CC_VECTORS_16] = {8, 128 << 10},
    };
    return forms[cc_device_vectors(device)];
}

enum {
    VECTORS = 3,              /* of a tile, as in the kernel */
    LINE = 16,                /* floats of a line of the cache */
    BANDS_PER_UNIT = 2,       /* wanted, for each compute unit */
    ITEMS_PER_UNIT = 16,      /* at most */
    STREAMED_FLOATS = 1 << 21 /* of dst, 8 MiB: from here on it is written past the caches */
};

/* ---- How the work is cut ---- */

/* Whole lines, an odd number of them, so that channels begin in different sets of the caches. */
static int64_t panel_pitch(int64_t pixels)
{
    return (cc_divide_up(pixels, LINE) | 1) * LINE;
}

/* Bands as tall as the panel allows: what rows take does not depend on how they are cut, but
 * the weights are read once for each. */
static separable_cut make_cut(const clconv_device *device, const cc_shape *shapes)
{
    const int64_t panel_floats = choose_form(device).panel_floats;
    const int64_t all_rows = shapes[0].axis[CLCONV_HEIGHT].output;
    const int64_t columns = shapes[0].axis[CLCONV_WIDTH].output, channels = shapes[1].in_channels;
    const int64_t slices = (int64_t)shapes[0].batch * shapes[0].axis[CLCONV_DEPTH].output;
    const int64_t bands = cc_divide_up((int64_t)BANDS_PER_UNIT * device->compute_units, slices);

    int64_t rows = cc_divide_up(all_rows, bands);
    while (rows > 1 && channels * panel_pitch(rows * columns) > panel_floats)
        --rows;
    rows = cc_divide_up(all_rows, cc_divide_up(all_rows, rows)); /* equal bands */

    separable_cut c = {.rows = (cl_int)rows};
    c.bands = (cl_int)cc_divide_up(all_rows, rows);
    c.units = (cl_int)(slices * c.bands);
    c.pitch = (cl_int)panel_pitch(rows * columns);
    c.item_floats = (cl_int)(channels * c.pitch);
    c.streamed =
        (int64_t)shapes[1].batch * shapes[1].out_channels * cc_output_elements(&shapes[1]) >=
        STREAMED_FLOATS;
    return c;
}

/* ---- The row of cc_algorithm ---- */

static int is_pointwise(const cc_shape *shape)
{
    for (int i = 0; i < CLCONV_AXES; ++i)
        if (shape->axis[i].kernel != 1 || shape->axis[i].stride != 1 ||
            shape->axis[i].padding != 0 || shape->axis[i].input != shape->axis[i].output)
            return 0;
    return shape->groups == 1;
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shapes,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(cc_rows.applicable(device, &shapes[0], error));
    if (!is_pointwise(&shapes[1]))
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "separable wants a depthwise stage and then a pointwise one");
    const int panel_floats = choose_form(device).panel_floats;
    const double floats =
        (double)shapes[1].in_channels * (double)panel_pitch(shapes[0].axis[CLCONV_WIDTH].output);
    const double bands = (double)shapes[0].batch * shapes[0].axis[CLCONV_DEPTH].output *
                         shapes[0].axis[CLCONV_HEIGHT].output;
    if (floats > panel_floats || bands > INT32_MAX)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "separable wants rows of all channels of at most %d floats", panel_floats);

cleanup:
    return status;
}

/* Of one compute unit: a product of a vector of pixels and an output channel, the rest of a block
 * of a tile, and a launch. PoCL 3.1 on AVX2 cores (AMD EPYC, Zen 3); on AVX-512 cores, where it has
 * not run, an assumption after `panels`. */
static const struct {
    double product_ns, block_ns, launch_ns;
} costs[CC_VECTORS_COUNT] = {
    [CC_VECTORS_8] = {0.22, 20.0, 8e3},
    [CC_VECTORS_16] = {0.34, 30.0, 6e3},
};

static double estimate(const clconv_device *device, const cc_shape *shapes)
{
    const cc_vectors vectors = cc_device_vectors(device);
    const form f = choose_form(device);
    const separable_cut c = make_cut(device, shapes);
    const int64_t pixels = (int64_t)c.rows * shapes[0].axis[CLCONV_WIDTH].output;
    const double blocks = (double)cc_divide_up(shapes[1].out_channels, f.channels);
    const double band_vectors = (double)cc_divide_up(pixels, cc_vector_lanes(vectors));
    const double products = band_vectors * blocks * f.channels * shapes[1].in_channels;
    const double band_ns = products * costs[vectors].product_ns +
                           ceil(band_vectors / VECTORS) * blocks * costs[vectors].block_ns;
    const double waves = (double)cc_divide_up(c.units, device->compute_units);
    return costs[vectors].launch_ns + waves * band_ns +
           cc_rows_pieces_ns(device, &shapes[0]) / device->compute_units;
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const clconv_device *device = stage->target->device;
    const cc_shape shapes[2] = {stage->shape, stage->second};
    char options[96];

    const int kernel = cc_rows_kernel(&shapes[0]);
    snprintf(options, sizeof(options),
             "-DPADDING_MODE=%d -DPREFETCH=%d -DLANES=%d -DKERNEL=%d -DSTRIDE=%d",
             shapes[0].padding_mode != CLCONV_ZEROS, cc_kernel_prefetch(device),
             cc_vector_lanes(cc_device_vectors(device)), kernel,
             kernel > 0 ? shapes[0].axis[CLCONV_WIDTH].stride : 1);
    TRY(cc_pair_build(stage, sizeof(state), "separable", options, error));
    state *s = stage->state;
    s->cut = make_cut(device, shapes);
    const int64_t tasks = cc_min(s->cut.units, (int64_t)ITEMS_PER_UNIT * device->compute_units);
    stage->workspace_bytes = (size_t)(tasks * s->cut.item_floats) * sizeof(float);
    s->base.items = cc_task_items(device, tasks);
    s->cut.empty = (cl_int)(s->base.items - (size_t)tasks);

cleanup:
    return status;
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    const state *s = stage->state;
    separable_cut cut = s->cut;
    cut.scratch_offset = io->workspace.offset;
    return cc_pair_launch(stage, chain, io, CC_ARGUMENT(cut), error);
}

const cc_algorithm cc_separable = {
    .name = "separable",
    .text = "a depthwise stage and a pointwise one as one, for CPU devices",
    .stages = 2,
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .enqueue = enqueue,
    .destroy = cc_pair_destroy,
};
