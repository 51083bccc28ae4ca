/* depthwise: per channel and without a matrix product; kernels/depthwise.cl says how. */
#include "conv/kernel_args.h"
#include "core/checked.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    GROUP = 64,         /* work-items of a work-group, staged */
    OUTPUTS = 4,        /* outputs of a work-item and filter, staged */
    MAX_PLANES = 16,    /* planes of a work-group, staged */
    MAX_PATCH = 4096,   /* floats of __local memory: half of what OpenCL 1.2 promises, so that at
                           least two work-groups share a compute unit */
    MIN_REUSE = 3,      /* uses of a staged element below which reading src directly is as good */
    MAX_GROUPS = 65535, /* of one NDRange dimension but the first: what GPUs take */
    GROUP_X = 16,       /* columns and rows of a work-group, unstaged */
    GROUP_Y = 4
};

/* Mirrors depthwise_axis and depthwise_box of kernels/depthwise.cl, field for field. */
struct depthwise_axis {
    cl_int box, boxes, residues, pitch, step, patch, box_move, patch_move;
};

struct depthwise_box {
    struct depthwise_axis axis[CLCONV_AXES];
    cl_int planes, lanes;
};

struct depthwise {
    cc_kernel *kernel;
    int staged;
    struct depthwise_box box;
    size_t local_bytes;
    size_t global[3], local[3];
};

static int32_t min_int(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* ---- Staged: the box ---- */

/* Cuts an axis into boxes of equal size, at most `largest` outputs each. */
static struct depthwise_axis cut_axis(const cc_axis *axis, int32_t largest)
{
    struct depthwise_axis cut = {.residues = 1, .pitch = 1, .step = axis->stride};
    if (axis->kernel > 1) {
        const int32_t common = (int32_t)cc_gcd(axis->stride, axis->dilation);
        cut.residues = min_int(axis->dilation / common, axis->output);
        cut.pitch = axis->dilation;
        cut.step = axis->stride / common;
    }
    const int32_t count = (int32_t)cc_divide_up(axis->output, cut.residues);
    cut.boxes = (int32_t)cc_divide_up(count, largest);
    cut.box = (int32_t)cc_divide_up(count, cut.boxes);
    const int64_t patch = (int64_t)(cut.box - 1) * cut.step + axis->kernel;
    cut.patch = patch > MAX_PATCH ? MAX_PATCH + 1 : (cl_int)patch;
    return cut;
}

static int64_t patch_elements(const struct depthwise_box *box)
{
    return (int64_t)box->axis[0].patch * box->axis[1].patch * box->axis[2].patch;
}

static int64_t box_count(const struct depthwise_box *box)
{
    int64_t count = 1;
    for (int a = 0; a < CLCONV_AXES; ++a)
        count *= (int64_t)box->axis[a].boxes * box->axis[a].residues;
    return count;
}

static int64_t group_count(const cc_shape *shape, const struct depthwise_box *box)
{
    return box_count(box) * cc_divide_up((int64_t)shape->batch * shape->in_channels, box->planes);
}

/* Instructions of all work-groups, roughly: a tap of an output is two, and staging an element,
 * with its padding and its place, eight. */
static double box_cost(const cc_shape *shape, const struct depthwise_box *box)
{
    const double taps = (double)cc_kernel_elements(shape);
    const double multiplier = (double)(shape->out_channels / shape->in_channels);
    return (double)group_count(shape, box) *
           (2.0 * GROUP * OUTPUTS * taps * multiplier +
            8.0 * (double)box->planes * (double)patch_elements(box));
}

/* How far `lanes` positions of flat order are on each axis of a box. */
static void set_moves(struct depthwise_box *box)
{
    int32_t box_rest = box->lanes, patch_rest = box->lanes;
    for (int a = CLCONV_WIDTH; a > CLCONV_DEPTH; --a) {
        struct depthwise_axis *axis = &box->axis[a];
        axis->box_move = box_rest % axis->box;
        axis->patch_move = patch_rest % axis->patch;
        box_rest /= axis->box;
        patch_rest /= axis->patch;
    }
    box->axis[CLCONV_DEPTH].box_move = box_rest;
    box->axis[CLCONV_DEPTH].patch_move = patch_rest;
}

/* The cheapest box whose patches fit, the same on every device; 0 when there is none. */
static int choose_box(const cc_shape *shape, struct depthwise_box *best)
{
    static const int32_t widths[] = {256, 128, 64, 32, 16, 8, 4, 1};
    double best_cost = 0.0;
    int found = 0;
    for (int32_t planes = 1; planes <= MAX_PLANES; planes *= 2) {
        const int32_t outputs = GROUP / planes * OUTPUTS;
        for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); ++i) {
            struct depthwise_box box = {.planes = planes, .lanes = GROUP / planes};
            box.axis[2] = cut_axis(&shape->axis[2], min_int(widths[i], outputs));
            int32_t height = outputs / box.axis[2].box;
            for (; height > 0; height /= 2) {
                box.axis[1] = cut_axis(&shape->axis[1], height);
                const int32_t depth = outputs / box.axis[2].box / box.axis[1].box;
                box.axis[0] = cut_axis(&shape->axis[0], depth);
                const double cost = box_cost(shape, &box);
                if (planes * patch_elements(&box) <= MAX_PATCH && (!found || cost < best_cost)) {
                    found = 1;
                    best_cost = cost;
                    *best = box;
                }
            }
        }
    }
    if (found)
        set_moves(best);
    return found;
}

/* Whether staging pays: a patch fits, and each of its elements is used often enough. */
static int choose_staged(const cc_shape *shape, struct depthwise_box *box)
{
    if (!choose_box(shape, box) || group_count(shape, box) > INT32_MAX)
        return 0;
    const double uses = (double)cc_output_elements(shape) * (double)cc_kernel_elements(shape) *
                        (double)(shape->out_channels / shape->in_channels);
    return uses >= MIN_REUSE * (double)box_count(box) * (double)patch_elements(box);
}

/* ---- Unstaged ---- */

static void size_unstaged(struct depthwise *state, const cc_shape *shape)
{
    const int64_t planes = (int64_t)shape->batch * shape->in_channels;
    const int64_t rows =
        (int64_t)shape->axis[CLCONV_DEPTH].output * shape->axis[CLCONV_HEIGHT].output;
    const size_t row_groups = (size_t)cc_divide_up(rows, GROUP_Y), limit = MAX_GROUPS;
    state->local[0] = GROUP_X;
    state->local[1] = GROUP_Y;
    state->local[2] = 1;
    state->global[0] = (size_t)cc_divide_up(shape->axis[CLCONV_WIDTH].output, GROUP_X) * GROUP_X;
    state->global[1] = (row_groups < limit ? row_groups : limit) * GROUP_Y;
    state->global[2] = (size_t)planes < limit ? (size_t)planes : limit;
}

/* ---- The algorithm ---- */

/* The kernel size to unroll when staged, 0 for none: the common one, to compile few programs. */
static int unrolled_kernel(const cc_shape *shape)
{
    return shape->padding_mode == CLCONV_ZEROS && shape->axis[CLCONV_HEIGHT].kernel == 3 &&
                   shape->axis[CLCONV_WIDTH].kernel == 3
               ? 3
               : 0;
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    (void)device;
    if (shape->transposed)
        return cc_fail(error, CLCONV_UNSUPPORTED, "depthwise does no transposed convolution");
    if (shape->groups != shape->in_channels)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "depthwise wants as many groups as input channels, not %d of %d",
                       (int)shape->groups, (int)shape->in_channels);
    return CLCONV_OK;
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    const clconv_device *device = stage->target->device;
    struct depthwise *state = calloc(1, sizeof(*state));
    stage->state = state;
    if (state == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "out of host memory for a plan");

    char common[128], options[256];
    (void)cc_kernel_options(shape, common, sizeof(common));
    state->staged =
        device->local_bytes >= MAX_PATCH * sizeof(cl_float) && choose_staged(shape, &state->box);
    if (state->staged) {
        snprintf(options, sizeof(options), "%s -DSTAGE=1 -DKERNEL=%d -DGROUP=%d -DOUTPUTS=%d",
                 common, unrolled_kernel(shape), GROUP, OUTPUTS);
        state->local_bytes =
            (size_t)state->box.planes * (size_t)patch_elements(&state->box) * sizeof(cl_float);
        state->local[0] = GROUP;
        state->global[0] = (size_t)group_count(shape, &state->box) * GROUP;
    } else {
        size_unstaged(state, shape);
        snprintf(options, sizeof(options), "%s -DSTAGE=0 -DGROUP_X=%d -DGROUP_Y=%d", common,
                 GROUP_X, GROUP_Y);
    }
    TRY(cc_kernel_create(stage->target->programs, "depthwise",
                         state->staged ? "depthwise_staged" : "depthwise_unstaged", options,
                         &state->kernel, error));
    TRY(cc_kernel_check_group(state->kernel,
                              state->staged ? GROUP : state->local[0] * state->local[1], error));
cleanup:
    return status;
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    const struct depthwise *state = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    if (state->staged) {
        const cc_argument arguments[] = {CC_ARGUMENT(args),
                                         CC_ARGUMENT(state->box),
                                         CC_ARGUMENT(io->src.mem),
                                         CC_ARGUMENT(io->weights.mem),
                                         cc_tensor_argument(&io->bias),
                                         CC_ARGUMENT(io->dst.mem),
                                         {state->local_bytes, NULL}};
        return cc_launch(chain, state->kernel, arguments, sizeof(arguments) / sizeof(arguments[0]),
                         1, state->global, state->local, error);
    }
    const cc_argument arguments[] = {CC_ARGUMENT(args), CC_ARGUMENT(io->src.mem),
                                     CC_ARGUMENT(io->weights.mem), cc_tensor_argument(&io->bias),
                                     CC_ARGUMENT(io->dst.mem)};
    return cc_launch(chain, state->kernel, arguments, sizeof(arguments) / sizeof(arguments[0]), 3,
                     state->global, state->local, error);
}

static void destroy(cc_stage *stage)
{
    struct depthwise *state = stage->state;
    if (state == NULL)
        return;
    cc_kernel_destroy(state->kernel);
    free(state);
    stage->state = NULL;
}

/* GPU: what bandwidth and __local memory of a small one allow; not measured. CPU: 32x112x112 with
 * 3x3 takes 4.4 ms on PoCL 3.1 with 2 AVX-512 cores; rows is for those. */
static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const double launch_ns = 10e3, cpu_taps_per_ns = 0.8, gpu_taps_per_ns = 300.0,
                 gpu_bytes_per_ns = 100.0;
    const double outputs = (double)shape->batch * shape->out_channels;
    const double taps = cc_multiplications(shape);
    if (device->kind == CLCONV_DEVICE_CPU)
        return launch_ns + taps / cpu_taps_per_ns / (device->compute_units / 2.0);
    const double bytes =
        4.0 * ((double)shape->batch * shape->in_channels * (double)cc_input_elements(shape) +
               outputs * (double)cc_output_elements(shape));
    const double tap_ns = taps / gpu_taps_per_ns, byte_ns = bytes / gpu_bytes_per_ns;
    return launch_ns + (tap_ns > byte_ns ? tap_ns : byte_ns);
}

const cc_algorithm cc_depthwise = {
    .name = "depthwise",
    .text = "one filter per output channel: input staged once for all taps and filters",
    .short_products = 800,
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .enqueue = enqueue,
    .destroy = destroy,
};
