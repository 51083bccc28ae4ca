/* depthwise: groups = in_channels, each input channel has m = K/C filters of its own.
 *
 *   dst[n][c*m+j][o][p][q] = finish(sum over t,r,s of
 *       src[n][c][o*stride_d - padding_d + t*dilation_d][..][..] * weights[c*m+j][t][r][s])
 *
 * src N,C,D,H,W   weights K,1,T,R,S   dst N,K,O,P,Q. A plane is one channel of one image; plane
 * n*C+c of src makes planes (n*C+c)*m+j of dst. No matrix product: its inner dimension would be
 * the filter alone, and the unfolded input T*R*S times as large as the input.
 *
 * STAGE 1, `depthwise_staged`: for GPUs. A work-group computes a box of outputs of `planes`
 *   planes from patches in __local memory, read once and used for all taps and all m filters.
 *   The box is any size, and its outputs are dealt to the work-items in flat order, so that a
 *   7x7 image fills a work-group as well as a 112x112 one does. One barrier.
 *   Dilation: with e = dilation/gcd(stride, dilation), outputs e apart read inputs that lie on
 *   one lattice of pitch `dilation`. A box holds such outputs only, so its patch is dense
 *   whatever the dilation, and is a convolution of dilation 1 and stride stride/gcd.
 *   Global: work-groups * GROUP   local: GROUP   __local bytes: planes * patch elements * 4
 *   Outputs past the edge are computed from zeros and not stored.
 *
 * STAGE 0, `depthwise_unstaged`: where a patch would be too large or too little used to pay. A
 *   work-item computes one output straight from src.
 *   Global: (columns, rows, planes), any multiple of local; rows and planes are walked with that
 *   stride   local: (GROUP_X, GROUP_Y, 1)   __local bytes: 0
 *
 * CPU devices have a kernel of their own: rows.cl. */
#include "conv.h"

/* ---- Parameters ---- */

#ifndef STAGE /* 0 or 1: see above */
#define STAGE 1
#endif
#ifndef KERNEL /* STAGE 1: 3 for R = S = 3, unrolled; 0 for any size */
#define KERNEL 0
#endif
#ifndef GROUP /* STAGE 1: work-items of a work-group */
#define GROUP 64
#endif
#ifndef OUTPUTS /* STAGE 1: outputs of a work-item and filter */
#define OUTPUTS 4
#endif
#ifndef GROUP_X /* STAGE 0: columns of a work-group */
#define GROUP_X 16
#endif
#ifndef GROUP_Y /* STAGE 0: rows of a work-group */
#define GROUP_Y 4
#endif

#if STAGE < 0 || STAGE > 1 || (KERNEL != 0 && KERNEL != 3)
#error "STAGE is 0 or 1, KERNEL 0 or 3"
#endif
#if TRANSPOSED
#error "depthwise computes convolutions, not transposed ones"
#endif

#if STAGE

/* Mirrors struct depthwise_axis of host/conv/depthwise.c, field for field. */
typedef struct {
    int box;                  /* outputs of a box */
    int boxes;                /* boxes of one residue */
    int residues;             /* e: output i of residue x is x + i*e */
    int pitch;                /* inputs between neighbouring patch elements: the dilation */
    int step;                 /* patch elements between neighbouring outputs: stride/gcd */
    int patch;                /* patch elements: (box-1)*step + kernel size */
    int box_move, patch_move; /* how far `lanes` positions further in flat order is on this axis */
} depthwise_axis;

typedef struct {
    depthwise_axis axis[3];
    int planes; /* of a work-group; each has `lanes` = GROUP/planes work-items */
    int lanes;
} depthwise_box;

typedef struct {
    int out; /* first output */
    int in;  /* input index of the first patch element; may lie in the padding */
} depthwise_start;

/* Takes this axis's box out of a flat box number. */
static inline depthwise_start depthwise_locate(uint *number, const depthwise_axis *box,
                                               conv_axis axis)
{
    const uint boxes = (uint)(box->boxes * box->residues);
    uint index = *number;
    *number = 0;
    if (index >= boxes) {
        *number = index / boxes;
        index -= *number * boxes;
    }
    const int residue = (int)index / box->boxes;
    const int first = ((int)index - residue * box->boxes) * box->box;
    depthwise_start start;
    start.out = residue + first * box->residues;
    start.in = start.out * axis.stride - axis.padding;
    return start;
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
depthwise_staged(const conv_args args, const depthwise_box box, __global const float *restrict src,
                 __global const float *restrict weights, __global const float *restrict bias,
                 __global float *restrict dst, __local float *restrict patches)
{
    const conv_axis ad = args.axis[0], ah = args.axis[1], aw = args.axis[2];
    const depthwise_axis bd = box.axis[0], bh = box.axis[1], bw = box.axis[2];
    const int part = (int)get_local_id(0) / box.lanes;
    const int lane = (int)get_local_id(0) - part * box.lanes;

    const uint boxes = (uint)(bd.boxes * bd.residues) * (uint)(bh.boxes * bh.residues) *
                       (uint)(bw.boxes * bw.residues);
    const uint group = (uint)get_group_id(0);
    const uint plane = group / boxes * (uint)box.planes + (uint)part;
    uint number = group % boxes;
    const depthwise_start sw = depthwise_locate(&number, &bw, aw);
    const depthwise_start sh = depthwise_locate(&number, &bh, ah);
    const depthwise_start sd = depthwise_locate(&number, &bd, ad);
    const int live = plane < (uint)args.N * (uint)args.C;

    /* Each plane's lanes stage its patch, in flat order. */
    const int patch_elements = bd.patch * bh.patch * bw.patch;
    __local float *patch = patches + part * patch_elements;
    if (live) {
        __global const float *plane_src =
            src + args.src_offset +
            (ulong)plane * (ulong)((uint)ad.input * (uint)ah.input * (uint)aw.input);
        int y = lane / bw.patch, x = lane - y * bw.patch;
        int z = y / bh.patch;
        y -= z * bh.patch;
        for (int i = lane; i < patch_elements; i += box.lanes) {
            const int iz = conv_pad_index(sd.in + z * bd.pitch, ad.input, args.padding_mode);
            const int iy = conv_pad_index(sh.in + y * bh.pitch, ah.input, args.padding_mode);
            const int ix = conv_pad_index(sw.in + x * bw.pitch, aw.input, args.padding_mode);
            patch[i] = (iz | iy | ix) < 0 ? 0.0f : plane_src[(iz * ah.input + iy) * aw.input + ix];
            x += bw.patch_move;
            y += bh.patch_move;
            z += bd.patch_move;
            if (x >= bw.patch) {
                x -= bw.patch;
                ++y;
            }
            if (y >= bh.patch) {
                y -= bh.patch;
                ++z;
            }
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (!live)
        return;

    /* Output j of this work-item: `from` in the patch, `to` in the plane of dst, -1 past an edge.
     */
    int from[OUTPUTS], to[OUTPUTS];
    {
        int p = lane / bw.box, q = lane - p * bw.box;
        int o = p / bh.box;
        p -= o * bh.box;
#pragma unroll
        for (int j = 0; j < OUTPUTS; ++j) {
            const int oz = sd.out + o * bd.residues, oy = sh.out + p * bh.residues,
                      ox = sw.out + q * bw.residues;
            const int inside = o < bd.box && oz < ad.output && oy < ah.output && ox < aw.output;
            from[j] = inside ? (o * bd.step * bh.patch + p * bh.step) * bw.patch + q * bw.step : 0;
            to[j] = inside ? (oz * ah.output + oy) * aw.output + ox : -1;
            q += bw.box_move;
            p += bh.box_move;
            o += bd.box_move;
            if (q >= bw.box) {
                q -= bw.box;
                ++p;
            }
            if (p >= bh.box) {
                p -= bh.box;
                ++o;
            }
        }
    }

    const int m = args.K / args.C;
    const int k_first = (int)(plane % (uint)args.C) * m;
    const uint taps = (uint)ad.kernel_size * (uint)ah.kernel_size * (uint)aw.kernel_size;
    const ulong plane_dst = (ulong)((uint)ad.output * (uint)ah.output * (uint)aw.output);
    __global const float *w = weights + args.weights_offset + (ulong)k_first * taps;
    __global float *y = dst + args.dst_offset + (ulong)plane * (ulong)m * plane_dst;
    for (int k = 0; k < m; ++k, y += plane_dst) {
        float sum[OUTPUTS];
#pragma unroll
        for (int j = 0; j < OUTPUTS; ++j)
            sum[j] = 0.0f;
        for (int t = 0; t < ad.kernel_size; ++t) {
#if KERNEL
            float tap[KERNEL * KERNEL];
#pragma unroll
            for (int i = 0; i < KERNEL * KERNEL; ++i)
                tap[i] = w[i];
            w += KERNEL * KERNEL;
#pragma unroll
            for (int j = 0; j < OUTPUTS; ++j) {
                __local const float *row = patch + from[j] + t * bh.patch * bw.patch;
#pragma unroll
                for (int r = 0; r < KERNEL; ++r, row += bw.patch) {
#pragma unroll
                    for (int s = 0; s < KERNEL; ++s)
                        sum[j] = fma(row[s], tap[r * KERNEL + s], sum[j]);
                }
            }
#else
            for (int r = 0; r < ah.kernel_size; ++r) {
                __local const float *row = patch + (t * bh.patch + r) * bw.patch;
                for (int s = 0; s < aw.kernel_size; ++s, ++row) {
                    const float tap = *w++;
#pragma unroll
                    for (int j = 0; j < OUTPUTS; ++j)
                        sum[j] = fma(row[from[j]], tap, sum[j]);
                }
            }
#endif
        }
#pragma unroll
        for (int j = 0; j < OUTPUTS; ++j) {
            if (to[j] >= 0)
                y[to[j]] = conv_finish(sum[j], &args, bias + args.bias_offset, k_first + k);
        }
    }
}

#else /* STAGE 0 */

/* The sum of one output, whose tap 0 reads input `first` on each axis. */
static inline float depthwise_sum(const conv_args *args, int first_d, int first_h, int first_w,
                                  __global const float *plane, __global const float *w)
{
    const conv_axis ad = args->axis[0], ah = args->axis[1], aw = args->axis[2];
    float sum = 0.0f;
    for (int t = 0; t < ad.kernel_size; ++t) {
        const int iz = conv_pad_index(first_d + t * ad.dilation, ad.input, args->padding_mode);
        for (int r = 0; r < ah.kernel_size; ++r, w += aw.kernel_size) {
            const int iy = conv_pad_index(first_h + r * ah.dilation, ah.input, args->padding_mode);
            if ((iz | iy) < 0)
                continue;
            __global const float *line = plane + (iz * ah.input + iy) * aw.input;
            for (int s = 0; s < aw.kernel_size; ++s) {
                const int ix =
                    conv_pad_index(first_w + s * aw.dilation, aw.input, args->padding_mode);
                sum = fma(ix < 0 ? 0.0f : line[ix], w[s], sum);
            }
        }
    }
    return sum;
}

__kernel __attribute__((reqd_work_group_size(GROUP_X, GROUP_Y, 1))) void
depthwise_unstaged(const conv_args args, __global const float *restrict src,
                   __global const float *restrict weights, __global const float *restrict bias,
                   __global float *restrict dst)
{
    const conv_axis ad = args.axis[0], ah = args.axis[1], aw = args.axis[2];
    const int q = (int)get_global_id(0);
    if (q >= aw.output)
        return;

    const int m = args.K / args.C;
    const uint planes = (uint)args.N * (uint)args.C;
    const int rows = ad.output * ah.output;
    const uint taps = (uint)ad.kernel_size * (uint)ah.kernel_size * (uint)aw.kernel_size;
    const ulong plane_src = (ulong)((uint)ad.input * (uint)ah.input * (uint)aw.input);
    const ulong plane_dst = (ulong)((uint)rows * (uint)aw.output);

    for (uint plane = (uint)get_global_id(2); plane < planes; plane += (uint)get_global_size(2)) {
        __global const float *x = src + args.src_offset + plane * plane_src;
        for (int k = 0; k < m; ++k) {
            const int channel = (int)(plane % (uint)args.C) * m + k;
            __global const float *w = weights + args.weights_offset + (ulong)channel * taps;
            __global float *y =
                dst + args.dst_offset + ((ulong)plane * (uint)m + (uint)k) * plane_dst;
            for (int row = (int)get_global_id(1); row < rows; row += (int)get_global_size(1)) {
                const int o = row / ah.output, p = row - o * ah.output;
                const float sum =
                    depthwise_sum(&args, o * ad.stride - ad.padding, p * ah.stride - ah.padding,
                                  q * aw.stride - aw.padding, x, w);
                y[row * aw.output + q] = conv_finish(sum, &args, bias + args.bias_offset, channel);
            }
        }
    }
}

#endif
