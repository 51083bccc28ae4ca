/* Depthwise convolution in vectors of columns or channels, for CPU devices: kernels/rows.cl. */
#include "conv/rows.h"
#include "conv/kernel_args.h"
#include "conv/single_kernel.h"
#include "core/checked.h"

#include <stdio.h>

/* A form of the kernel: its macros LANES, PLANES, COPIED, CHANNELS, KERNEL, STRIDE, SHORT and PAD.
 */
typedef struct form {
    int lanes, planes, is_copied, has_channels, kernel, stride, is_short, padding;
} form;

int cc_rows_kernel(const cc_shape *shape)
{
    const cc_axis *height = &shape->axis[CLCONV_HEIGHT], *width = &shape->axis[CLCONV_WIDTH];
    const int square = height->kernel == width->kernel && height->stride == width->stride &&
                       height->dilation == 1 && width->dilation == 1;
    const int listed = width->kernel >= 2 && width->kernel <= 9;
    return square && listed && width->stride <= 2 && shape->padding_mode == CLCONV_ZEROS
               ? width->kernel
               : 0;
}

static int is_flat(const cc_shape *shape)
{
    const cc_axis *depth = &shape->axis[CLCONV_DEPTH];
    return depth->input == 1 && depth->kernel == 1 && depth->output == 1 && depth->padding == 0;
}

/* Whether all columns of a plane's output row lie in `columns` lanes, and those of its input row in
 * as many times the stride: kernels/rows_short.h. */
static int has_short_rows(const cc_shape *shape, int kernel, int columns)
{
    const cc_axis *height = &shape->axis[CLCONV_HEIGHT], *width = &shape->axis[CLCONV_WIDTH];
    return kernel > 0 && kernel <= 5 && is_flat(shape) && width->output <= columns &&
           width->input <= columns * width->stride && width->padding < kernel &&
           height->padding == width->padding;
}

/* BUFFER of kernels/rows_bands.h, and the slices of a block of any square kernel that it holds. */
enum { COPY_FLOATS = 8256, MOST_COPIED_SLICES = 3 };

/* Whether what a vector of output reads fits the copy that is made of it. */
static int is_copied(const cc_shape *shape)
{
    const cc_axis *height = &shape->axis[CLCONV_HEIGHT], *width = &shape->axis[CLCONV_WIDTH];
    const double rows = (height->kernel - 1.0) * height->dilation + 1.0;
    const double beyond = (width->kernel - 1.0) * width->dilation / width->stride;
    return shape->axis[CLCONV_DEPTH].kernel * rows * width->stride * (16.0 + beyond) <= COPY_FLOATS;
}

/* Lanes and buffers of kernels/rows_channels.h, and the longest rows that its transposing pays for:
 * docs/PERFORMANCE.md. */
enum { CHANNEL_LANES = 8, CHANNEL_COPY = 8192, CHANNEL_TAPS = 256, CHANNEL_COLUMNS = 28 };

/* Floats of a row of the copy. */
static double channel_pitch(const cc_shape *shape)
{
    const cc_axis *width = &shape->axis[CLCONV_WIDTH];
    const double read =
        (width->output - 1.0) * width->stride + (width->kernel - 1.0) * width->dilation + 1.0;
    const double copied = (double)width->padding + width->input;
    return CHANNEL_LANES * (read > copied ? read : copied);
}

/* Whether short rows of enough channels and what they read, 7 columns at least, fit the buffers. */
static int has_channels(const cc_shape *shape)
{
    const cc_axis *height = &shape->axis[CLCONV_HEIGHT], *width = &shape->axis[CLCONV_WIDTH];
    const double rows = (height->kernel - 1.0) * height->dilation + 1.0;
    const double beyond = CHANNEL_LANES * 7.0 * width->stride;
    return is_flat(shape) && shape->in_channels >= CHANNEL_LANES &&
           width->output <= CHANNEL_COLUMNS && cc_kernel_elements(shape) <= CHANNEL_TAPS &&
           rows * channel_pitch(shape) + beyond <= CHANNEL_COPY;
}

/* The vector of the device; two short rows share one of 16 lanes. */
static form choose_form(const clconv_device *device, const cc_shape *shape)
{
    const cc_axis *width = &shape->axis[CLCONV_WIDTH];
    form f = {.lanes = cc_vector_lanes(cc_device_vectors(device)), .kernel = cc_rows_kernel(shape)};
    if (f.lanes == 8 && shape->axis[CLCONV_DEPTH].kernel > MOST_COPIED_SLICES)
        f.kernel = 0;
    f.has_channels = f.lanes == CHANNEL_LANES && has_channels(shape);
    if (f.has_channels && f.kernel != 3 && f.kernel != 5 && f.kernel != 7)
        f.kernel = 0;
    f.is_copied = f.lanes == 8 && !f.has_channels && (f.kernel > 0 || is_copied(shape));
    f.planes = f.lanes == 16 && width->output <= 8 ? 2 : 1;
    f.stride = f.kernel > 0 ? width->stride : 1;
    f.is_short = f.lanes == 16 && has_short_rows(shape, f.kernel, f.lanes / f.planes);
    f.padding = f.is_short ? width->padding : 0;
    return f;
}

/* llvmpipe ends all loops of a work-item after 65,535 rounds, and counts unrolled ones. */
enum { MOST_TAPS = 256, MOST_ROUNDS = 8192 };

/* Rounds of the loops over vectors and taps that a block of rows needs. */
static double block_rounds(const cc_shape *shape)
{
    return (double)cc_kernel_elements(shape) *
           (double)cc_divide_up(shape->axis[CLCONV_WIDTH].output, 8) *
           (double)(shape->out_channels / shape->in_channels);
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    if (device->kind != CLCONV_DEVICE_CPU)
        return cc_fail(error, CLCONV_UNSUPPORTED, "rows is made for CPU devices");
    if (shape->transposed)
        return cc_fail(error, CLCONV_UNSUPPORTED, "rows does no transposed convolution");
    if (shape->groups != shape->in_channels)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "rows wants as many groups as input channels, not %d of %d",
                       (int)shape->groups, (int)shape->in_channels);
    if (cc_kernel_elements(shape) > MOST_TAPS || block_rounds(shape) > MOST_ROUNDS)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "rows wants at most %d taps, and %d for all vectors of a row", MOST_TAPS,
                       MOST_ROUNDS);
    return CLCONV_OK;
}

/* Output rows of all planes, those that share a vector counted once, for one filter. */
static double line_count(const cc_shape *shape, form f)
{
    return (double)cc_divide_up((int64_t)shape->batch * shape->in_channels, f.planes) *
           shape->axis[CLCONV_DEPTH].output * shape->axis[CLCONV_HEIGHT].output;
}

/* Vectors of the output: see kernels/rows.cl. */
static double vector_count(const cc_shape *shape, form f)
{
    const double filters = (double)(shape->out_channels / shape->in_channels);
    const int64_t width = shape->axis[CLCONV_WIDTH].output;
    return line_count(shape, f) * filters * (double)cc_divide_up(width, f.lanes / f.planes);
}

/* Of one compute unit, PoCL 3.1 on AVX2 cores (AMD EPYC, Zen 3), for forms that copy: the rows of a
 * band, those between two bands twice, and blocks of 7 vectors; a stride above 2 is copied value by
 * value. */
static double copied_ns(const cc_shape *shape, form f)
{
    const cc_axis *height = &shape->axis[CLCONV_HEIGHT], *width = &shape->axis[CLCONV_WIDTH];
    const double slices =
        (double)shape->batch * shape->in_channels * (double)shape->axis[CLCONV_DEPTH].output;
    const double filters = (double)(shape->out_channels / shape->in_channels);
    const double taps = (double)cc_kernel_elements(shape);
    const double slice_ns = 15.0, row_ns = f.kernel > 0 ? 1.5 : 25.0, block_ns = 5.0;
    const double value_ns = width->stride > 2 ? 1.0 : 0.12;
    const double product_ns = f.kernel > 0 ? 0.27 : 0.65;
    const double rows = (double)height->output * height->stride + height->kernel;
    const double copies = shape->axis[CLCONV_DEPTH].kernel * rows *
                          (row_ns + value_ns * (double)width->output * width->stride);
    const int64_t vectors = cc_divide_up(width->output, f.lanes);
    const double blocks =
        height->output < 3 && f.kernel == 0
            ? (double)height->output * (vectors <= 2 ? 0.4 : (double)cc_divide_up(vectors, 7))
            : (double)cc_divide_up(height->output, 7) * (double)vectors;
    return slices * (slice_ns + copies + filters * blocks * (block_ns + 7.0 * taps * product_ns));
}

/* Of one compute unit, as above, with 8 channels in the lanes: 4 columns of 8 planes transposed,
 * blocks of 7 columns summed, and 8 of their results transposed back. */
static double channels_ns(const cc_shape *shape, form f)
{
    const cc_axis *height = &shape->axis[CLCONV_HEIGHT], *width = &shape->axis[CLCONV_WIDTH];
    const double groups =
        (double)shape->batch * (double)cc_divide_up(shape->in_channels, CHANNEL_LANES);
    const double filters = (double)(shape->out_channels / shape->in_channels);
    const double taps = (double)cc_kernel_elements(shape);
    const double gather_ns = 2.2, scatter_ns = 6.0, filter_ns = 30.0, block_ns = 3.0;
    const double tap_ns = f.kernel > 0 ? 1.4 : 1.6;
    const double gathered = (double)height->input * (double)cc_divide_up(width->input, 4);
    const double blocks = (double)height->output * (double)cc_divide_up(width->output, 7);
    const double outputs = (double)height->output * width->output;
    return groups * (gather_ns * gathered +
                     filters * (filter_ns + gather_ns * taps / 4.0 +
                                blocks * (block_ns + taps * tap_ns) + scatter_ns * outputs / 8.0));
}

/* Of one compute unit, PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4). */
static double compute_ns(const cc_shape *shape, form f)
{
    if (f.has_channels)
        return channels_ns(shape, f);
    if (f.is_copied)
        return copied_ns(shape, f);
    const double tap_ns = f.is_short ? 0.3 : f.kernel > 0 ? 0.4 : 1.2;
    const double vector_ns = f.is_short ? 1.0 : 2.0;
    return vector_count(shape, f) * (vector_ns + tap_ns * (double)cc_kernel_elements(shape));
}

double cc_rows_pieces_ns(const clconv_device *device, const cc_shape *shape)
{
    form f = choose_form(device, shape);
    f.kernel = cc_rows_kernel(shape);
    f.planes = 1;
    f.is_copied = 0;
    f.has_channels = 0;
    f.is_short = 0;
    return compute_ns(shape, f);
}

/* What all compute units share: reading src, and reading and writing dst, of forms for 8 lanes; as
 * above. */
static double memory_ns(const cc_shape *shape, form f)
{
    const double floats = (double)shape->in_channels * (double)cc_input_elements(shape) +
                          2.0 * (double)shape->out_channels * (double)cc_output_elements(shape);
    return f.is_copied || f.has_channels ? 0.08 * (double)shape->batch * floats : 0.0;
}

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const double launch_ns = 5e3;
    const form f = choose_form(device, shape);
    return launch_ns + compute_ns(shape, f) / device->compute_units + memory_ns(shape, f);
}

/* The macro UNITS of kernels/shares.h: 0, for equal shares, where no cache holds the result until
 * the next launch, or a share would have too many rounds for llvmpipe. */
static cl_uint shared_units(const clconv_device *device, const cc_shape *shape)
{
    const double cached_bytes = 8e6;
    const double bytes = (double)shape->batch * shape->out_channels *
                         (double)cc_output_elements(shape) * sizeof(float);
    return bytes > cached_bytes || cc_ends_loops_early(device) ? 0 : device->compute_units;
}

/* Whether work-items claim chunks: it costs a microsecond or two of a launch, and in one of more
 * than 50 saves many, as each processor goes on with what is in its caches. */
static int claims_chunks(const clconv_device *device, const cc_shape *shape, form f, cl_uint units)
{
    const double least_ns = 50e3;
    return units > 1 && cc_tells_processor(device) && compute_ns(shape, f) / units > least_ns;
}

/* Equal shares: enough that none has too many rounds, each with some microseconds of work and many
 * more rows than the kernel - 1 above them that it computes in part, and an empty one in front: see
 * docs/PERFORMANCE.md. */
static size_t equal_items(const cc_shape *shape, form f, cl_uint compute_units)
{
    const double item_ns = 3e3, most_rounds = MOST_ROUNDS;
    const double most = 16.0 * compute_units;
    const double rounds = vector_count(shape, f) * (double)cc_kernel_elements(shape) / most_rounds;
    const double lines = line_count(shape, f);
    double items = compute_ns(shape, f) / item_ns;
    items = items > most ? most : items;
    if (f.kernel > 1 && items > lines / (8 * (f.kernel - 1)))
        items = lines / (8 * (f.kernel - 1));
    items = items < compute_units ? compute_units : items;
    items = items < rounds ? rounds : items;
    return 1 + (size_t)(items < lines ? items : lines);
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    char options[224];
    const clconv_device *device = stage->target->device;
    const form f = choose_form(device, shape);
    const cl_uint units = shared_units(device, shape);
    const int claimed = claims_chunks(device, shape, f, units);
    const size_t shares = units > 0 ? 2 * units : equal_items(shape, f, device->compute_units);
    snprintf(options, sizeof(options),
             "-DLANES=%d -DPLANES=%d -DCOPIED=%d -DCHANNELS=%d -DKERNEL=%d -DSTRIDE=%d -DSHORT=%d "
             "-DPAD=%d -DUNITS=%u -DCLAIMED=%d -DPREFETCH=%d",
             f.lanes, f.planes, f.is_copied, f.has_channels, f.kernel, f.stride, f.is_short,
             f.padding, units, claimed, cc_kernel_prefetch(device));
    const cc_single_launch launch = {
        .file = "rows",
        .function = "rows",
        .options = options,
        .groups = {claimed ? units : shares, 1, 1},
        .local = {1, 1, 1},
        .branches_epilogue = 1,
        .claim_units = claimed ? (int)units : 0,
    };
    TRY(cc_single_build(stage, &launch, error));

cleanup:
    return status;
}

const cc_algorithm cc_rows = {
    .name = "rows",
    .text = "depthwise convolutions in vectors of columns or channels, for CPU devices",
    .short_products = 256,
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .enqueue = cc_single_enqueue,
    .destroy = cc_single_destroy,
};
