#include "reference/winograd.h"

#include "core/checked.h"
#include "core/error.h"
#include "core/platform.h"
#include "reference/vector_unit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { KERNEL = 9, MAX_ALPHA = 6, MAX_PRODUCTS = MAX_ALPHA * MAX_ALPHA };

/* FLT_MIN / u: what flushing a value to zero is worth in S. */
static const double flushed = FLT_MIN * 2.0 / FLT_EPSILON;

/* Magnitudes of the entries of the three matrices of an axis, by rows. */
typedef struct transforms {
    double roundings;                    /* of all three, over both axes */
    double input[MAX_ALPHA][MAX_ALPHA];  /* B^T */
    double taps[MAX_ALPHA][MAX_ALPHA];   /* G */
    double output[MAX_ALPHA][MAX_ALPHA]; /* A^T */
} transforms;

#define R1 0.70710678118654752440 /* sqrt(1/2) */
#define R2 1.41421356237309504880 /* sqrt(2) */

static const transforms transforms2 = {
    .roundings = 10,
    .input = {{1, 0, 1, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 1, 0, 1}},
    .taps = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, {0, 0, 1}},
    .output = {{1, 1, 1, 0}, {0, 1, 1, 1}},
};

static const transforms transforms4 = {
    .roundings = 24,
    .input = {{1, 0, 2.5, 0, 1, 0},
              {0, R2, 2, R1, 1, 0},
              {0, R2, 2, R1, 1, 0},
              {0, R1, 0.5, R2, 1, 0},
              {0, R1, 0.5, R2, 1, 0},
              {0, 1, 0, 2.5, 0, 1}},
    .taps = {{1, 0, 0},
             {2.0 / 3, 2 * R1 / 3, 1.0 / 3},
             {2.0 / 3, 2 * R1 / 3, 1.0 / 3},
             {1.0 / 6, R2 / 6, 1.0 / 3},
             {1.0 / 6, R2 / 6, 1.0 / 3},
             {0, 0, 1}},
    .output = {{1, 1, 1, 1, 1, 0},
               {0, R1, R1, R2, R2, 0},
               {0, 0.5, 0.5, 2, 2, 0},
               {0, R1 / 2, R1 / 2, 2 * R2, 2 * R2, 1}},
};

static const transforms *transforms_of(int tile)
{
    return tile == 2 ? &transforms2 : &transforms4;
}

/* result = matrix * x * matrix^T for a columns x columns x; result is rows x rows. */
static void transform(const double matrix[][MAX_ALPHA], int rows, int columns, const double *x,
                      double *result)
{
    double half[MAX_ALPHA][MAX_ALPHA] = {{0}}; /* matrix * x */
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j)
            for (int a = 0; a < columns; ++a)
                half[i][j] += matrix[i][a] * x[a * columns + j];
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < rows; ++j) {
            double sum = 0.0;
            for (int a = 0; a < columns; ++a)
                sum += half[i][a] * matrix[j][a];
            result[i * rows + j] = sum;
        }
}

/* A tile of one plane: its phases, and its first output within the phase. */
typedef struct position {
    int64_t phase_h, phase_w, i, j;
} position;

static int64_t plane_tiles(const cc_winograd_bound *b)
{
    return b->phases_h * b->phases_w * b->down * b->across;
}

static position position_of(const cc_winograd_bound *b, int64_t tile)
{
    const int64_t row = tile / b->across, phase = row / b->down;
    return (position){.phase_h = phase / b->phases_w,
                      .phase_w = phase % b->phases_w,
                      .i = row % b->down * b->tile,
                      .j = tile % b->across * b->tile};
}

static int64_t products(const cc_winograd_bound *b)
{
    const int64_t size = b->tile + 2;
    return size * size;
}

typedef struct input_planes {
    const cc_winograd_bound *bound;
    const double *magnitudes;
} input_planes;

/* Transforms all tiles of one input plane. */
static void transform_plane(size_t index, void *data)
{
    const input_planes *all = data;
    const cc_winograd_bound *b = all->bound;
    const cc_axis *height = &b->shape.axis[CLCONV_HEIGHT], *width = &b->shape.axis[CLCONV_WIDTH];
    const transforms *with = transforms_of(b->tile);
    const double *plane = all->magnitudes + (int64_t)index * height->input * width->input;
    double *result = b->inputs + (int64_t)index * plane_tiles(b) * products(b);
    const int size = b->tile + 2;
    for (int64_t tile = 0; tile < plane_tiles(b); ++tile, result += products(b)) {
        const position at = position_of(b, tile);
        double x[MAX_PRODUCTS] = {0};
        for (int r = 0; r < size; ++r)
            for (int s = 0; s < size; ++s) {
                const int64_t h = at.phase_h + (at.i + r) * height->dilation - height->padding;
                const int64_t w = at.phase_w + (at.j + s) * width->dilation - width->padding;
                const int inside = h >= 0 && h < height->input && w >= 0 && w < width->input;
                x[r * size + s] = inside ? plane[h * width->input + w] : 0.0;
            }
        transform(with->input, size, size, x, result);
        for (int64_t i = 0; i < products(b); ++i)
            result[i] += flushed;
    }
}

static void transform_taps(const cc_winograd_bound *b, const float *taps, double *result)
{
    double magnitudes[KERNEL] = {0};
    for (int i = 0; i < KERNEL; ++i)
        magnitudes[i] = fabs((double)taps[i]);
    transform(transforms_of(b->tile)->taps, b->tile + 2, 3, magnitudes, result);
    for (int64_t i = 0; i < products(b); ++i)
        result[i] += flushed;
}

static int64_t axis_phases(const cc_axis *axis)
{
    return axis->dilation < axis->output ? axis->dilation : axis->output;
}

static int64_t axis_tiles(const cc_axis *axis, int tile)
{
    return (axis->output + axis_phases(axis) * tile - 1) / (axis_phases(axis) * tile);
}

/* Room for the transforms of `count` planes or kernels of `tiles` tiles, or NULL. */
static double *allocate(int64_t count, int64_t tiles, int64_t tile_products)
{
    const int64_t sizes[] = {count, tiles, tile_products, sizeof(double)};
    int64_t bytes;
    if (!cc_multiply_all(sizes, 4, INT64_MAX, &bytes) || (uint64_t)bytes > SIZE_MAX)
        return NULL;
    return malloc((size_t)bytes);
}

clconv_status cc_winograd_bound_make(const cc_shape *shape, int tile, const float *weights,
                                     const double *magnitudes, cc_winograd_bound *bound,
                                     clconv_error *error)
{
    const cc_axis *axis = shape->axis;
    *bound = (cc_winograd_bound){
        .shape = *shape,
        .tile = tile,
        .across = axis_tiles(&axis[CLCONV_WIDTH], tile),
        .down = axis_tiles(&axis[CLCONV_HEIGHT], tile),
        .phases_w = axis_phases(&axis[CLCONV_WIDTH]),
        .phases_h = axis_phases(&axis[CLCONV_HEIGHT]),
    };
    const int64_t planes = (int64_t)shape->batch * shape->in_channels * axis[CLCONV_DEPTH].input;
    const int64_t kernels = (int64_t)shape->out_channels * (shape->in_channels / shape->groups) *
                            axis[CLCONV_DEPTH].kernel;
    const int64_t size = products(bound);
    bound->inputs = allocate(planes, plane_tiles(bound), size);
    bound->taps = allocate(kernels, 1, size);
    if (bound->inputs == NULL || bound->taps == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for the transformed tensors");
    input_planes inputs = {.bound = bound, .magnitudes = magnitudes};
    cc_parallel_for((size_t)planes, transform_plane, &inputs);
    for (int64_t i = 0; i < kernels; ++i)
        transform_taps(bound, weights + i * KERNEL, bound->taps + i * size);
    return CLCONV_OK;
}

void cc_winograd_bound_destroy(cc_winograd_bound *bound)
{
    free(bound->inputs);
    free(bound->taps);
    bound->inputs = bound->taps = NULL;
}

double cc_winograd_bound_roundings(const cc_winograd_bound *b)
{
    return (double)(b->shape.in_channels / b->shape.groups) * b->shape.axis[CLCONV_DEPTH].kernel +
           transforms_of(b->tile)->roundings;
}

/* Some tiles of an output plane, and the output channels that are summed together there, so that
 * what is read of the inputs meets all of them. */
enum { CHUNK = 1024 }; /* products of a channel: fit a level 2 cache for all of them */

typedef struct chunk {
    int64_t n, k, count; /* image, first output channel, channels */
    int64_t o;           /* output plane */
    int64_t tile, tiles; /* first tile, tiles */
} chunk;

static void add_products(const double *restrict u, const double *restrict v, int64_t tiles,
                         int64_t size, double *restrict sums)
{
    for (int64_t tile = 0; tile < tiles; ++tile)
        for (int64_t i = 0; i < size; ++i)
            sums[tile * size + i] += u[i] * v[tile * size + i] + flushed;
}

/* The products of a chunk, summed over channels and depth. */
CC_FOR_EACH_VECTOR_UNIT
static void sum_chunk(const cc_winograd_bound *b, const chunk *at, double sums[][CHUNK])
{
    const cc_shape *shape = &b->shape;
    const cc_axis *depth = &shape->axis[CLCONV_DEPTH];
    const int64_t group_c = shape->in_channels / shape->groups;
    const int64_t group_k = shape->out_channels / shape->groups;
    const int64_t size = products(b);
    const int64_t first_c = at->n * shape->in_channels + at->k / group_k * group_c;
    for (int64_t j = 0; j < at->count; ++j)
        for (int64_t i = 0; i < at->tiles * size; ++i)
            sums[j][i] = 0.0;
    for (int64_t c = 0; c < group_c; ++c)
        for (int64_t t = 0; t < depth->kernel; ++t) {
            const int64_t d = at->o * depth->stride + t * depth->dilation - depth->padding;
            if (d < 0 || d >= depth->input)
                continue;
            const int64_t plane = (first_c + c) * depth->input + d;
            const double *v = b->inputs + (plane * plane_tiles(b) + at->tile) * size;
            for (int64_t j = 0; j < at->count; ++j) {
                const int64_t kernel = ((at->k + j) * group_c + c) * depth->kernel + t;
                const double *u = b->taps + kernel * size;
                if (b->tile == 2)
                    add_products(u, v, at->tiles, 16, sums[j]);
                else
                    add_products(u, v, at->tiles, 36, sums[j]);
            }
        }
}

/* Transforms a tile's sums into those of its outputs. */
static void write_tile(const cc_winograd_bound *b, const position *at, const double *products_sum,
                       double *plane)
{
    const cc_axis *height = &b->shape.axis[CLCONV_HEIGHT], *width = &b->shape.axis[CLCONV_WIDTH];
    double y[MAX_PRODUCTS];
    transform(transforms_of(b->tile)->output, b->tile, b->tile + 2, products_sum, y);
    for (int i = 0; i < b->tile; ++i)
        for (int j = 0; j < b->tile; ++j) {
            const int64_t p = at->phase_h + (at->i + i) * height->dilation;
            const int64_t q = at->phase_w + (at->j + j) * width->dilation;
            if (p < height->output && q < width->output)
                plane[p * width->output + q] = y[i * b->tile + j];
        }
}

void cc_winograd_bound_sum(const cc_winograd_bound *b, int64_t n, int64_t k, int64_t count,
                           double *sums)
{
    const cc_axis *axis = b->shape.axis;
    const int64_t plane = (int64_t)axis[CLCONV_HEIGHT].output * axis[CLCONV_WIDTH].output;
    const int64_t planes = axis[CLCONV_DEPTH].output, size = products(b), most = CHUNK / size;
    double products_sums[CC_WINOGRAD_BOUND_CHANNELS][CHUNK] = {{0}};
    for (int64_t o = 0; o < planes; ++o)
        for (int64_t tile = 0; tile < plane_tiles(b); tile += most) {
            const int64_t left = plane_tiles(b) - tile;
            const chunk at = {.n = n,
                              .k = k,
                              .count = count,
                              .o = o,
                              .tile = tile,
                              .tiles = left < most ? left : most};
            sum_chunk(b, &at, products_sums);
            for (int64_t j = 0; j < count; ++j)
                for (int64_t i = 0; i < at.tiles; ++i) {
                    const position where = position_of(b, tile + i);
                    write_tile(b, &where, products_sums[j] + i * size,
                               sums + (j * planes + o) * plane);
                }
        }
}
