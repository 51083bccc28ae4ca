/* How bands cuts its work up, and what that costs. */
#include "conv/bands_tiling.h"

#include "core/checked.h"

enum {
    SHORTEST_LINE = 96,
    LONGEST_ROW = 480,
    TASKS_PER_UNIT = 8,       /* wanted */
    LOCAL_BYTES = 448 * 1024, /* of the copy and the lines of a task, of a cache of 1 MiB */
    PRODUCTS = 64,            /* of a chunk: input channels * taps */
    READ_PAST = 64,           /* floats of a tile and a vector, past the copy */
};

/* The tiles of kernels/bands_tile.h: output channels, vectors, and ns of a tap of a tile and of a
 * vector of what is left of a line. PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4), whose estimate
 * goes by whole vectors, and on AVX2 cores (AMD EPYC, Zen 3). */
typedef struct tile_form {
    int channels, vectors;
    double tap_ns, rest_ns;
} tile_form;

static const tile_form tiles[CC_VECTORS_COUNT][4] = {
    [CC_VECTORS_8] = {{4, 3, 2.5, 2.0}, {3, 4, 2.45, 1.7}, {2, 6, 2.45, 1.7}, {1, 6, 1.6, 1.4}},
    [CC_VECTORS_16] = {{8, 3, 7.2, 2.4}, {4, 6, 7.2, 1.2}},
};

/* Outputs of a line, about: those that are tried. */
static const int lines[CC_VECTORS_COUNT][8] = {
    [CC_VECTORS_8] = {288, 96, 144, 216, 384, 512, 768, 1152},
    [CC_VECTORS_16] = {288},
};

/* Steps between the first and the last input of an output of all phases of the width, of one phase
 * of other axes; or one more. */
static int64_t reach(const cc_shape *shape, clconv_axis axis)
{
    const cc_axis *a = &shape->axis[axis];
    const int64_t phases = axis == CLCONV_WIDTH ? cc_phases(shape, axis) : 1;
    return cc_divide_up((int64_t)(a->kernel - 1) * a->dilation + phases - 1, a->stride);
}

/* The distance of neighbouring outputs of a phase in the input. */
static int64_t in_step(const cc_shape *shape, clconv_axis axis)
{
    return shape->transposed ? 1 : shape->axis[axis].stride;
}

static int64_t copy_rows(const cc_shape *shape, int64_t rows)
{
    return shape->axis[CLCONV_DEPTH].kernel * in_step(shape, CLCONV_HEIGHT) *
           (rows + reach(shape, CLCONV_HEIGHT));
}

/* Floats of the copy of a channel. */
static int64_t copy_floats(const cc_shape *shape, const cc_bands_tiling *t)
{
    return copy_rows(shape, t->rows) * in_step(shape, CLCONV_WIDTH) *
           (t->cols + reach(shape, CLCONV_WIDTH));
}

/* Outputs of a line, some of them in vain. */
static int64_t line_length(const cc_shape *shape, const cc_bands_tiling *t)
{
    return (int64_t)(t->rows - 1) * (t->cols + reach(shape, CLCONV_WIDTH)) + t->cols;
}

static int64_t all_blocks(const cc_shape *shape, const cc_bands_tiling *t)
{
    return cc_divide_up(cc_group_k(shape), t->channels);
}

static int64_t count_tasks(const cc_shape *shape, const cc_bands_tiling *t)
{
    return (int64_t)shape->batch * shape->groups * cc_divide_up(all_blocks(shape, t), t->blocks) *
           cc_phases(shape, CLCONV_DEPTH) * cc_phase_outputs(shape, CLCONV_DEPTH) *
           cc_phases(shape, CLCONV_HEIGHT) *
           cc_divide_up(cc_phase_outputs(shape, CLCONV_HEIGHT), t->rows) *
           cc_divide_up(cc_phase_outputs(shape, CLCONV_WIDTH), t->cols);
}

/* The tile of the channels that a block has. */
static tile_form tile_of(cc_vectors vectors, int channels)
{
    int i = 0;
    while (tiles[vectors][i].channels != channels)
        ++i;
    return tiles[vectors][i];
}

/* That whose blocks of the output channels take the least time; another one than the first is one
 * more program to compile. */
static int choose_channels(cc_vectors vectors, int64_t group_k)
{
    if (vectors == CC_VECTORS_16)
        return group_k > 4 ? 8 : 4;
    int channels = 0;
    double least = 0.0;
    for (int i = 0; i < 4; ++i) {
        const tile_form *t = &tiles[vectors][i];
        const double ns = (double)cc_divide_up(group_k, t->channels) * t->tap_ns / t->vectors;
        if (channels == 0 || ns < 0.9 * least) {
            channels = t->channels;
            least = ns;
        }
    }
    return channels;
}

/* A line of so many outputs in tiles: whole ones, and vectors of the rest. */
static int64_t whole_tiles(cc_vectors vectors, const cc_bands_tiling *t, int64_t length,
                           int64_t *rest)
{
    const int64_t lanes = cc_vector_lanes(vectors);
    const int64_t outputs = lanes * tile_of(vectors, t->channels).vectors;
    const int64_t most = vectors == CC_VECTORS_16 ? outputs - lanes : lanes; /* of the rest */
    const int64_t tiles_of_it = cc_divide_up(cc_max(length - most, 0), outputs);
    *rest = cc_divide_up(cc_max(length - tiles_of_it * outputs, 0), lanes);
    return tiles_of_it;
}

static cl_int round_up(int64_t value)
{
    return (cl_int)(cc_divide_up(value, 16) * 16);
}

/* The parts of a task's __local memory for t->chunk input channels; their floats. */
static int64_t lay_out(cc_vectors vectors, const cc_shape *shape, cc_bands_tiling *t)
{
    int64_t rest = 0;
    const int64_t length = line_length(shape, t);
    const int64_t whole = whole_tiles(vectors, t, length, &rest);
    const int64_t written =
        (whole * tile_of(vectors, t->channels).vectors + rest) * (int64_t)cc_vector_lanes(vectors);
    const int64_t phases = cc_phases(shape, CLCONV_WIDTH);
    const int64_t kept = t->chunk < cc_group_c(shape) ? t->blocks : 1;
    const int64_t copy = t->chunk * copy_floats(shape, t) + READ_PAST;
    t->line_floats = round_up(written);
    t->phases_at = round_up(2 * cc_kernel_elements(shape));
    t->rows_at = round_up(t->phases_at + 4 * phases);
    t->panel_at = round_up(t->rows_at + copy_rows(shape, t->rows));
    const int64_t lines_at = cc_divide_up(t->panel_at + copy, 16) * 16;
    const int64_t floats = lines_at + kept * phases * t->channels * t->line_floats;
    t->lines_at = (cl_int)cc_min(lines_at, INT32_MAX);
    t->local_floats = (cl_int)cc_min(floats, INT32_MAX);
    return floats;
}

/* Sets the largest chunk for which a task takes at most so many floats; 0 if there is none. */
static void set_chunk(cc_vectors vectors, const cc_shape *shape, cc_bands_tiling *t, int64_t floats)
{
    const int64_t channels = cc_group_c(shape);
    t->chunk = (cl_int)channels;
    if (lay_out(vectors, shape, t) <= floats)
        return;
    t->chunk = 0;
    const int64_t room = floats - lay_out(vectors, shape, t);
    const int64_t most = room > 0 ? cc_min(room / copy_floats(shape, t), channels - 1) : 0;
    /* Equal chunks. */
    t->chunk = most > 0 ? (cl_int)cc_divide_up(channels, cc_divide_up(channels, most)) : 0;
    (void)lay_out(vectors, shape, t);
}

/* With lines of about `line` outputs. */
static cc_bands_tiling cut(const clconv_device *device, const cc_shape *shape, int line)
{
    const cc_vectors vectors = cc_device_vectors(device);
    const int64_t wanted = (int64_t)TASKS_PER_UNIT * device->compute_units;
    const int64_t floats =
        cc_min((int64_t)device->local_bytes, LOCAL_BYTES) / (int64_t)sizeof(float);
    const int64_t all_rows = cc_phase_outputs(shape, CLCONV_HEIGHT);
    const int64_t all_cols = cc_phase_outputs(shape, CLCONV_WIDTH);

    cc_bands_tiling t = {.channels = choose_channels(vectors, cc_group_k(shape))};
    t.blocks = (cl_int)all_blocks(shape, &t);
    t.cols = (cl_int)all_cols;
    if (all_cols > LONGEST_ROW)
        t.cols = round_up(cc_divide_up(all_cols, cc_divide_up(all_cols, LONGEST_ROW)));
    const int64_t pitch = t.cols + reach(shape, CLCONV_WIDTH);
    t.rows = t.cols < all_cols && vectors == CC_VECTORS_16
                 ? 1
                 : (cl_int)cc_min(all_rows, cc_divide_up(line, pitch));
    while (count_tasks(shape, &t) < wanted) {
        if (t.rows > 1 && t.rows * pitch >= 2 * SHORTEST_LINE)
            t.rows = (t.rows + 1) / 2;
        else if (t.blocks > 1)
            t.blocks = (t.blocks + 1) / 2;
        else
            break;
    }
    t.rows = (cl_int)cc_divide_up(all_rows, cc_divide_up(all_rows, t.rows));

    for (;;) {
        set_chunk(vectors, shape, &t, floats);
        /* Sums that wait take a part of the cache only. */
        if (t.chunk < cc_group_c(shape) && t.blocks > 1 &&
            (t.local_floats - t.lines_at) > floats / 4) {
            t.blocks = (t.blocks + 1) / 2;
            continue;
        }
        if (t.chunk == cc_group_c(shape) || t.chunk * cc_kernel_elements(shape) >= PRODUCTS)
            break;
        if (t.blocks > 1 && t.chunk > 0)
            t.blocks = (t.blocks + 1) / 2;
        else if (t.rows > 1)
            t.rows = (t.rows + 1) / 2;
        else if (t.cols > 32)
            t.cols = round_up(cc_divide_up(t.cols, 2));
        else
            break;
    }
    t.tasks = (cl_int)cc_min(count_tasks(shape, &t), INT32_MAX);
    return t;
}

/* Of one compute unit, in ns: a vector read for a block's tiles and phase, the rest of a tile, a
 * vector copied and one stored by the distance of its elements (1, 2, more), beginning a row of the
 * copy, finding what a task is, and a launch; more for storing a vector of a dst that no cache
 * holds: so many bytes of it. PoCL 3.1 on AVX-512 cores (AMD EPYC, Zen 4) and on AVX2 cores (AMD
 * EPYC, Zen 3). */
static const struct costs {
    double fetch, tile, copy[3], store[3], row, task, launch, memory;
} costs[CC_VECTORS_COUNT] = {
    [CC_VECTORS_8] = {0.45, 6.0, {2.8, 3.5, 16.0}, {1.2, 1.5, 5.0}, 7.0, 400.0, 8e3, 2.5},
    [CC_VECTORS_16] = {0.5, 10.0, {1.5, 1.5, 16.0}, {1.5, 3.0, 10.0}, 6.0, 600.0, 6e3, 2.5},
};
static const double cache_bytes = 8 << 20;

double cc_bands_ns(const clconv_device *device, const cc_shape *shape, const cc_bands_tiling *t)
{
    const cc_vectors vectors = cc_device_vectors(device);
    const struct costs *cost = &costs[vectors];
    const tile_form tile = tile_of(vectors, t->channels);
    const int64_t phases = cc_phases(shape, CLCONV_WIDTH), step = in_step(shape, CLCONV_WIDTH);
    const double lanes = cc_vector_lanes(vectors);
    const double channels = (double)t->blocks * t->channels;
    const double taps = (double)cc_kernel_elements(shape) /
                        (double)(cc_phases(shape, CLCONV_DEPTH) * cc_phases(shape, CLCONV_HEIGHT));
    int64_t rest = 0;
    const int64_t whole = whole_tiles(vectors, t, line_length(shape, t), &rest);
    double tap_ns = (double)whole * tile.tap_ns + (double)rest * tile.rest_ns;
    double tiles_of_line = (double)(whole + rest);
    if (vectors == CC_VECTORS_16) {
        tap_ns = (double)t->line_floats / lanes * tile.tap_ns / tile.vectors;
        tiles_of_line = (double)t->line_floats / lanes / tile.vectors;
    }
    const double products = tap_ns * (double)t->blocks * taps * cc_group_c(shape);
    const double copied = (double)copy_floats(shape, t) / lanes * cc_group_c(shape);
    const double copied_rows = (double)(copy_rows(shape, t->rows) * step) * cc_group_c(shape);
    const double stored = channels * (double)t->rows * (double)(t->cols * phases) / lanes;
    const double dst_bytes = (double)shape->batch * shape->out_channels *
                             (double)cc_output_elements(shape) * sizeof(float);
    const double memory = phases == 1 && dst_bytes > cache_bytes ? cost->memory : 0.0;
    const double fetched = copied * (double)t->blocks * (double)phases;
    const double ns = products + fetched * cost->fetch +
                      tiles_of_line * (double)t->blocks * (double)phases * cost->tile +
                      copied * cost->copy[cc_min(step, 3) - 1] + copied_rows * cost->row +
                      stored * (cost->store[cc_min(phases, 3) - 1] + memory) + cost->task;
    const int units = (int)device->compute_units;
    const double shares =
        vectors == CC_VECTORS_16 ? (double)t->tasks / units : (double)cc_divide_up(t->tasks, units);
    return cost->launch + shares * ns;
}

cc_bands_tiling cc_bands_choose(const clconv_device *device, const cc_shape *shape)
{
    const cc_vectors vectors = cc_device_vectors(device);
    cc_bands_tiling best = cut(device, shape, lines[vectors][0]);
    double least = cc_bands_ns(device, shape, &best);
    for (size_t i = 1; i < sizeof(lines[0]) / sizeof(lines[0][0]) && lines[vectors][i] > 0; ++i) {
        const cc_bands_tiling t = cut(device, shape, lines[vectors][i]);
        const double ns = cc_bands_ns(device, shape, &t);
        if (t.chunk > 0 && (best.chunk == 0 || ns < least)) {
            best = t;
            least = ns;
        }
    }
    return best;
}
