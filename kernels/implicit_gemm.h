/* Convolution as a matrix product that is never written out (an implicit GEMM): for each group,
 *
 *   dst[k][pixel] = finish(sum over tap, c of packed[tap][c][k] * src[c][input(pixel, tap)])
 *
 * A pixel is an output position of any image of the batch, or of one phase of a transposed
 * convolution (conv_view), so ranks 1 to 3 are one code path and no tile is cut at an image's edge.
 *
 * Tile      A work-group computes TILE_K x TILE_PIXELS elements of one group and phase, a work-item
 *           REG_K x REG_PIXELS of them in registers.
 * Sum       The pairs (tap, c), c fastest, are taken TILE_C at a time; a step may span taps, so a
 *           first layer of 3 channels wastes nothing but its last step. Both operands of a step are
 *           staged in __local, in two buffers: while one is multiplied the next step's loads are
 *           under way, and one barrier per step is enough.
 * Loads     A work-item loads for one pixel and for one k. A channel on is one addition; the input
 *           position is computed anew, with padding, only when the tap changes.
 * Dilation  Before the sum the taps are trimmed to the box that at least one pixel of the tile
 *           reads inside the input (zero padding). Far apart taps mostly miss: at rate 36 on
 *           65x65 about half the rows and half the columns of a 3x3 kernel are left, beyond the
 *           input size only the centre. To keep tiles compact, pixels are numbered in bands of
 *           `band` columns, row by row in each; band >= Q is plain row order.
 * Edges     Pixels past the last image and k past K/G are computed from zeros and not stored. A
 *           phase without taps stores finish(0).
 * Padding   A zero of the padding is multiplied like any other unless trimmed: weights that meet
 *           padding must be finite.
 *
 * Global    ITEMS * k tiles * pixel_tiles * G * phases, where k tiles = ceil(K/G / TILE_K) and
 *           pixel_tiles = ceil(N * pixels of the largest phase / TILE_PIXELS)
 * Local     {ITEMS, 1, 1}; __local bytes: 8 * TILE_C * (TILE_K + TILE_PIXELS) + 8 * TILE_PIXELS
 * Source    cuDNN: Efficient Primitives for Deep Learning, arXiv 1410.0759, section 3. */
#include "packed_weights.h"

/* ---- Parameters ---- */

#ifndef TILE_K /* output channels of a tile; a multiple of REG_K */
#define TILE_K 64
#endif
#ifndef TILE_PIXELS /* output positions of a tile; a multiple of REG_PIXELS */
#define TILE_PIXELS 64
#endif
#ifndef TILE_C /* (tap, channel) pairs of a step; a multiple of both LOAD_GROUPS below */
#define TILE_C 8
#endif
#ifndef REG_K /* output channels of a work-item: 4 or 8 */
#define REG_K 8
#endif
#ifndef REG_PIXELS /* output positions of a work-item: 4 or 8 */
#define REG_PIXELS 4
#endif

#define K_ITEMS            (TILE_K / REG_K)
#define PIXEL_ITEMS        (TILE_PIXELS / REG_PIXELS)
#define ITEMS              (K_ITEMS * PIXEL_ITEMS)
#define WEIGHT_LOAD_GROUPS (ITEMS / TILE_K) /* of work-items that share the rows of a step */
#define PIXEL_LOAD_GROUPS  (ITEMS / TILE_PIXELS)
#define WEIGHT_LOADS       (TILE_C / WEIGHT_LOAD_GROUPS) /* per work-item and step */
#define PIXEL_LOADS        (TILE_C / PIXEL_LOAD_GROUPS)

#if (REG_K != 4 && REG_K != 8) || (REG_PIXELS != 4 && REG_PIXELS != 8)
#error "REG_K and REG_PIXELS are 4 or 8"
#endif
#if TILE_K % REG_K || TILE_PIXELS % REG_PIXELS
#error "a tile is a whole number of register blocks"
#endif
#if ITEMS % TILE_K || ITEMS % TILE_PIXELS
#error "the work-items must be a multiple of TILE_K and of TILE_PIXELS"
#endif
#if TILE_C % (ITEMS / TILE_K) || TILE_C % (ITEMS / TILE_PIXELS)
#error "TILE_C must be a multiple of both LOAD_GROUPS"
#endif

#include "gemm_taps.h"

/* ---- Loading ---- */

/* Where a work-item stands in the sum: a tap of the box and a channel of the group, and what it
 * loads there. Past the last pair tap[0] is taps.end[0]. */
typedef struct {
    int tap[3];
    int c;
    int inside;   /* whether there is anything to load */
    ulong offset; /* of the element to load */
} gemm_cursor;

/* Moves a cursor to c and carries into the taps; C is the group's number of channels. */
static inline void gemm_carry(gemm_cursor *cursor, const gemm_taps *taps, int C)
{
    while (cursor->c >= C) {
        cursor->c -= C;
        if (++cursor->tap[2] == taps->end[2]) {
            cursor->tap[2] = taps->begin[2];
            if (++cursor->tap[1] == taps->end[1]) {
                cursor->tap[1] = taps->begin[1];
                ++cursor->tap[0];
            }
        }
    }
}

/* What the cursors of a work-item share and what never changes for it. */
typedef struct {
    gemm_taps taps;
    int C;           /* channels of the group */
    int first_in[3]; /* input index that tap 0 of the work-item's pixel reads */
    int in_tap[3];
    int pixel_inside;
    ulong src_group;     /* first element of the pixel's image and group */
    int src_plane;       /* elements of one channel */
    int slot[3];         /* packed slot of tap 0 */
    ulong packed_column; /* element of packed[0] for the work-item's k */
    int k_padded;
} gemm_loader;

/* The offset of the input element under a cursor, after its tap has changed. */
static inline void gemm_seek_src(gemm_cursor *cursor, const gemm_loader *loader,
                                 const conv_args *args)
{
    int at[3];
    for (int a = 0; a < 3; ++a)
        at[a] = conv_pad_index(loader->first_in[a] + cursor->tap[a] * loader->in_tap[a],
                               args->axis[a].input, args->padding_mode);
    cursor->inside = loader->pixel_inside && cursor->tap[0] < loader->taps.end[0] && at[0] >= 0 &&
                     at[1] >= 0 && at[2] >= 0;
    cursor->offset = loader->src_group + (ulong)cursor->c * loader->src_plane +
                     ((at[0] * args->axis[1].input + at[1]) * args->axis[2].input + at[2]);
}

static inline void gemm_seek_weights(gemm_cursor *cursor, const gemm_loader *loader,
                                     const conv_args *args, int g)
{
    cursor->inside = cursor->tap[0] < loader->taps.end[0];
    cursor->offset =
        loader->packed_column +
        packed_row(args, loader->k_padded, g, loader->slot[0] + cursor->tap[0],
                   loader->slot[1] + cursor->tap[1], loader->slot[2] + cursor->tap[2], cursor->c);
}

/* Moves a cursor by `pairs`. */
static inline void gemm_advance_src(gemm_cursor *cursor, int pairs, const gemm_loader *loader,
                                    const conv_args *args)
{
    cursor->c += pairs;
    cursor->offset += (ulong)pairs * loader->src_plane;
    if (cursor->c >= loader->C) {
        gemm_carry(cursor, &loader->taps, loader->C);
        gemm_seek_src(cursor, loader, args);
    }
}

static inline void gemm_advance_weights(gemm_cursor *cursor, int pairs, const gemm_loader *loader,
                                        const conv_args *args, int g)
{
    cursor->c += pairs;
    cursor->offset += (ulong)pairs * loader->k_padded;
    if (cursor->c >= loader->C) {
        gemm_carry(cursor, &loader->taps, loader->C);
        gemm_seek_weights(cursor, loader, args, g);
    }
}

/* ---- The product ---- */

/* acc += weights * pixels over the TILE_C pairs of one buffer. Vectors of four neighbouring pixels
 * are dealt out to the work-items in turn: neighbours read neighbouring banks. */
__attribute__((always_inline)) static inline void gemm_multiply(float4 acc[REG_K][REG_PIXELS / 4],
                                                                __local const float4 *weights_tile,
                                                                __local const float4 *pixel_tile,
                                                                int k_item, int pixel_item)
{
#pragma unroll 4 /* more makes Intel's compiler spill */
    for (int pair = 0; pair < TILE_C; ++pair) {
        float4 pixels[REG_PIXELS / 4];
#pragma unroll
        for (int v = 0; v < REG_PIXELS / 4; ++v)
            pixels[v] = pixel_tile[pair * (TILE_PIXELS / 4) + v * PIXEL_ITEMS + pixel_item];
#pragma unroll
        for (int i = 0; i < REG_K / 4; ++i) {
            const float4 weight = weights_tile[pair * (TILE_K / 4) + k_item * (REG_K / 4) + i];
#pragma unroll
            for (int v = 0; v < REG_PIXELS / 4; ++v) {
                acc[4 * i][v] = fma((float4)(weight.x), pixels[v], acc[4 * i][v]);
                acc[4 * i + 1][v] = fma((float4)(weight.y), pixels[v], acc[4 * i + 1][v]);
                acc[4 * i + 2][v] = fma((float4)(weight.z), pixels[v], acc[4 * i + 2][v]);
                acc[4 * i + 3][v] = fma((float4)(weight.w), pixels[v], acc[4 * i + 3][v]);
            }
        }
    }
}

/* The body of both kernels, inlined by order: where PoCL 3.1 leaves a call, it shares the __local
 * arrays of the caller between work-groups that run at the same time.
 *
 * weights_tile, pixel_tile   two buffers each
 * place                      receives each pixel's image, -1 for none, and offset in dst's plane */
__attribute__((always_inline)) static inline void
implicit_gemm(const conv_args *args, __global const float *src, __global const float *packed,
              __global const float *bias, __global float *dst, int pixel_tiles, int band_limit,
              __local float4 *weights_tile, __local float4 *pixel_tile, __local int2 *place)
{
    const int item = get_local_id(0);
    const int group_c = args->C / args->G, group_k = args->K / args->G;
    const int k_tiles = (group_k + TILE_K - 1) / TILE_K;

    /* Which tile; neighbouring work-groups share their input. */
    ulong tile = get_group_id(0);
    const int k_first = (int)(tile % k_tiles) * TILE_K;
    tile /= k_tiles;
    const int pixel_tile_index = tile % pixel_tiles;
    tile /= pixel_tiles;
    const int g = tile % args->G;
    const int phase = tile / args->G;
    const int phases_h = conv_phases(args->axis[1]), phases_w = conv_phases(args->axis[2]);
    const conv_view view[3] = {conv_view_make(args->axis[0], phase / phases_w / phases_h),
                               conv_view_make(args->axis[1], phase / phases_w % phases_h),
                               conv_view_make(args->axis[2], phase % phases_w)};

    /* Its pixels. */
    const int image_pixels = view[0].out_count * view[1].out_count * view[2].out_count;
    const ulong first_index = (ulong)pixel_tile_index * TILE_PIXELS;
    if (first_index >= (ulong)args->N * image_pixels)
        return; /* the whole work-group: a phase smaller than the largest */
    const int image_first = first_index / image_pixels;
    const uint index_first = first_index % image_pixels;
    const uint index_last =
        index_first + (uint)min((ulong)TILE_PIXELS, (ulong)args->N * image_pixels - first_index) -
        1;
    const gemm_pixel first = gemm_pixel_make(index_first, view, band_limit);
    const gemm_pixel last = gemm_pixel_make(index_last, view, band_limit);

    /* What this work-item loads. */
    const int load_pixel = item % TILE_PIXELS;
    const gemm_pixel pixel = gemm_pixel_make(index_first + load_pixel, view, band_limit);
    gemm_loader loader;
    gemm_taps_make(&loader.taps, args, view, &first, &last, band_limit);
    loader.C = group_c;
    loader.pixel_inside = index_first + load_pixel <= index_last;
    loader.src_plane = args->axis[0].input * args->axis[1].input * args->axis[2].input;
    loader.src_group =
        args->src_offset +
        ((ulong)(image_first + pixel.image) * args->C + g * group_c) * loader.src_plane;
    loader.k_padded = k_tiles * TILE_K;
    loader.packed_column = args->weights_offset + k_first + item % TILE_K;
    for (int a = 0; a < 3; ++a) {
        loader.first_in[a] = view[a].in_first + pixel.at[a] * view[a].in_step;
        loader.in_tap[a] = view[a].in_tap;
        loader.slot[a] =
            packed_slot(args->axis[a].kernel_size, view[a].tap_step, view[a].tap_first);
    }
    const ulong pairs = (ulong)gemm_taps_count(&loader.taps, 0) * gemm_taps_count(&loader.taps, 1) *
                        gemm_taps_count(&loader.taps, 2) * group_c;
    const int load_pixel_row = item / TILE_PIXELS * PIXEL_LOADS;
    const int load_weight_row = item / TILE_K * WEIGHT_LOADS;
    gemm_cursor from_src, from_weights;
    for (int a = 0; a < 3; ++a)
        from_src.tap[a] = from_weights.tap[a] = loader.taps.begin[a];
    from_src.c = load_pixel_row;
    from_weights.c = load_weight_row;
    gemm_carry(&from_src, &loader.taps, group_c);
    gemm_carry(&from_weights, &loader.taps, group_c);
    gemm_seek_src(&from_src, &loader, args);
    gemm_seek_weights(&from_weights, &loader, args, g);

    if (item < TILE_PIXELS) {
        int at[3];
        for (int a = 0; a < 3; ++a)
            at[a] = view[a].out_first + pixel.at[a] * view[a].out_step;
        place[item] = (int2)(loader.pixel_inside ? image_first + pixel.image : -1,
                             (at[0] * args->axis[1].output + at[1]) * args->axis[2].output + at[2]);
    }

    /* The sum. Step -1 only loads. */
    const int k_item = item / PIXEL_ITEMS, pixel_item = item % PIXEL_ITEMS;
    __local float *const weights_in =
        (__local float *)weights_tile + load_weight_row * TILE_K + item % TILE_K;
    __local float *const pixels_in =
        (__local float *)pixel_tile + load_pixel_row * TILE_PIXELS + load_pixel;
    float4 acc[REG_K][REG_PIXELS / 4];
#pragma unroll
    for (int i = 0; i < REG_K; ++i)
#pragma unroll
        for (int v = 0; v < REG_PIXELS / 4; ++v)
            acc[i][v] = (float4)(0.0f);

    int buffer = 0; /* the one to fill */
    for (ulong done = 0; done < pairs + TILE_C; done += TILE_C) {
        float weight_next[WEIGHT_LOADS], pixel_next[PIXEL_LOADS];
#pragma unroll
        for (int i = 0; i < WEIGHT_LOADS; ++i) {
            weight_next[i] = from_weights.inside ? packed[from_weights.offset] : 0.0f;
            gemm_advance_weights(&from_weights,
                                 i < WEIGHT_LOADS - 1 ? 1 : TILE_C - WEIGHT_LOADS + 1, &loader,
                                 args, g);
        }
#pragma unroll
        for (int i = 0; i < PIXEL_LOADS; ++i) {
            pixel_next[i] = from_src.inside ? src[from_src.offset] : 0.0f;
            gemm_advance_src(&from_src, i < PIXEL_LOADS - 1 ? 1 : TILE_C - PIXEL_LOADS + 1, &loader,
                             args);
        }

        if (done > 0) {
            const int full = buffer ^ 1;
            gemm_multiply(acc, weights_tile + full * (TILE_C * TILE_K / 4),
                          pixel_tile + full * (TILE_C * TILE_PIXELS / 4), k_item, pixel_item);
        }
#pragma unroll
        for (int i = 0; i < WEIGHT_LOADS; ++i)
            weights_in[buffer * (TILE_C * TILE_K) + i * TILE_K] = weight_next[i];
#pragma unroll
        for (int i = 0; i < PIXEL_LOADS; ++i)
            pixels_in[buffer * (TILE_C * TILE_PIXELS) + i * TILE_PIXELS] = pixel_next[i];
        buffer ^= 1;
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    /* The tile. */
    const ulong dst_plane =
        (ulong)args->axis[0].output * args->axis[1].output * args->axis[2].output;
#pragma unroll
    for (int v = 0; v < REG_PIXELS / 4; ++v) {
#pragma unroll
        for (int lane = 0; lane < 4; ++lane) {
            const int2 at = place[(v * PIXEL_ITEMS + pixel_item) * 4 + lane];
            if (at.x < 0)
                continue;
#pragma unroll
            for (int i = 0; i < REG_K; ++i) {
                const int k = k_first + k_item * REG_K + i;
                const float4 sums = acc[i][v];
                const float sum = lane == 0   ? sums.x
                                  : lane == 1 ? sums.y
                                  : lane == 2 ? sums.z
                                              : sums.w;
                if (k < group_k)
                    dst[args->dst_offset + ((ulong)at.x * args->K + g * group_k + k) * dst_plane +
                        at.y] = conv_finish(sum, args, bias + args->bias_offset, g * group_k + k);
            }
        }
    }
}
