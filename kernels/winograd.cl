/* winograd: kernels of 3x3 with stride 1 by Winograd's minimal filtering F(TILE x TILE, 3x3), for
 * devices whose work-items own a wide vector unit (CPU devices). No barrier, no __local memory.
 *
 *   dst tile = finish(A^T [sum over c, t of (G g G^T) . (B^T d B)] A)
 *
 * d is a square of ALPHA = TILE + 2 inputs, g the 3x3 taps of one input channel c and depth t, and
 * . multiplies element by element: ALPHA^2 products a tile where a direct sum takes 9 TILE^2. (c,
 * t) is one index below, "channel". A dilated convolution is one such convolution for every residue
 * of an output's coordinates modulo the dilation ("phase"). Depth may have any stride and dilation.
 *
 * LANES tiles, one a vector lane, are a pack (winograd_packs.h). For each pack
 *   input    V = B^T d B           [pack][ALPHA^2][channel of all groups][LANES]
 *   product  M = sum U V           [pack][g][block of BLOCK_K k][ALPHA^2][BLOCK_K][LANES]
 *   output   dst = finish(A^T M A)
 * with U = G g G^T, made once (host/conv/winograd.c): [ALPHA^2][g][block of BLOCK_K
 * k][channel][BLOCK_K], zeros past K/G. One launch does all three, an item some packs after the
 * others in its own part of the workspace, small enough for the caches.
 *
 * Tensors   src N,C,D,H,W   dst N,K,O,P,Q   workspace V and M of as many packs as are at work
 * Global    at the kernel
 * Local     {1, 1, 1}
 * Edges     Padding is resolved as inputs are read; an input that no output reads is 0. Lanes of a
 *           pack past the last tile, and outputs of a tile past the last, are never stored.
 * Compiling What is large is in functions that are not inlined, as PoCL compiles a kernel thrice.
 * Sources   Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016;
 *           Barabasz, Anderson, Soodhalter, Gregg, "Error Analysis and Improving the Accuracy of
 *           Winograd Convolution for Deep Neural Networks", arXiv 1803.10986 (the points of TILE 4)
 */
#define PADDING_MODE 1 /* few lines here ask for the mode: not worth a form */
#define EPILOGUE     1 /* nor for the activation */
#include "conv.h"

#ifndef LANES /* floats of a vector register: 8 or 16 */
#define LANES 8
#endif
#ifndef TILE /* outputs of a tile along each axis: 2 or 4 */
#define TILE 4
#endif
#ifndef BLOCK_K /* output channels of a product, an accumulator each: 1 to 28 */
#define BLOCK_K 8
#endif
#ifndef PRODUCT_PAIRS /* 1: products are summed in pairs, so there are 2 * BLOCK_K accumulators */
#define PRODUCT_PAIRS 0
#endif
#if LANES != 8 && LANES != 16
#error "LANES is 8 or 16"
#endif
#if TILE != 2 && TILE != 4
#error "TILE is 2 or 4"
#endif
#if BLOCK_K < 1 || BLOCK_K > 28
#error "BLOCK_K is 1 to 28"
#endif

#define ALPHA    (TILE + 2)
#define PRODUCTS (ALPHA * ALPHA)

/* Channels of V from one product to the next: with 2^n of them the stores of a channel evict each
 * other from the first-level cache. */
static inline int channel_pitch(int channels)
{
    return channels | 1;
}

#include "winograd_vectors.h"

#include "winograd_transforms.h"

#include "winograd_packs.h"

#include "winograd_input.h"
#include "winograd_output.h"

/* Blocks of output channels, those of every group whole. */
static inline int blocks_of(const conv_args *args)
{
    return (args->K / args->G + BLOCK_K - 1) / BLOCK_K * args->G;
}

/* The first output channel of a block. */
static inline int first_k(const conv_args *args, int block)
{
    const int group_blocks = blocks_of(args) / args->G;
    return block / group_blocks * (args->K / args->G) + block % group_blocks * BLOCK_K;
}

/* ---- Product ---- */

/* Blocks of output channels of packs one after the other: those of the first pack from `first` on,
 * of the last up to `last`, all of the others. */
typedef struct {
    int packs, first, last;
} share;

static inline int begin_block(const share *s, int i)
{
    return i == 0 ? s->first : 0;
}

static inline int end_block(const share *s, int i, int blocks)
{
    return i == s->packs - 1 ? s->last : blocks;
}

#include "winograd_product.h"

/* ---- Kernel ---- */

/* What the work-items share: all blocks of all packs, in equal parts, each in groups of at most
 * group_packs packs, for which every item has room in V and M. */
typedef struct {
    int packs, group_packs;
    long item, items;
} division;

/* The part of one item. A function of its own, as PoCL compiles a kernel three times. */
static __attribute__((noinline)) void compute(const conv_args *a, const division *given,
                                              __global const float *src, __global const float *U,
                                              __global const float *bias, __global float *dst,
                                              __global float *V, __global float *M)
{
    const division d = *given;
    const int channels = a->C * a->axis[0].kernel_size, blocks = blocks_of(a);
    const ulong V_pack = (ulong)PRODUCTS * channel_pitch(channels) * LANES;
    const ulong M_pack = (ulong)PRODUCTS * blocks * BLOCK_K * LANES;
    const long first = (long)d.packs * blocks * d.item / d.items;
    const long last = (long)d.packs * blocks * (d.item + 1) / d.items;
    const int end_pack = (last + blocks - 1) / blocks;
    /* Groups of equal size. */
    const int own_packs = end_pack - (int)(first / blocks);
    const int groups = (own_packs + d.group_packs - 1) / d.group_packs;

    V += d.item * d.group_packs * V_pack;
    M += d.item * d.group_packs * M_pack;
    for (int group = 0; group < groups; ++group) {
        const int pack = (int)(first / blocks) + (int)((long)own_packs * group / groups);
        const int next = (int)(first / blocks) + (int)((long)own_packs * (group + 1) / groups);
        share s;
        s.packs = next - pack;
        s.first = max(first - (long)pack * blocks, 0l);
        s.last = min(last - (long)(next - 1) * blocks, (long)blocks);
        for (int i = 0; i < s.packs; ++i)
            transform_pack(a, src + a->src_offset, V + i * V_pack, pack + i, 0, channels);
        multiply_share(a, &s, U + a->weights_offset, V, M);
        for (int i = 0; i < s.packs; ++i)
            finish_pack(a, M + i * M_pack, bias + a->bias_offset, dst + a->dst_offset, pack + i,
                        first_k(a, begin_block(&s, i)), first_k(a, end_block(&s, i, blocks)));
    }
}

/* Global {1 + items, 1, 1}: the first one is idle. */
__kernel OWN_VECTORS void winograd(const conv_args args, __global const float *restrict src,
                                   __global const float *restrict U,
                                   __global const float *restrict bias,
                                   __global float *restrict dst, __global float *restrict workspace,
                                   const ulong V_offset, const ulong M_offset, const int packs,
                                   const int group_packs)
{
    const division d = {packs, group_packs, (long)get_global_id(0) - 1,
                        (long)get_global_size(0) - 1};
    if (d.item >= 0)
        compute(&args, &d, src, U, bias, dst, workspace + V_offset, workspace + M_offset);
}
