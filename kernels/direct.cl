/* direct: every problem, one output element per lane. The net under all other algorithms.
 *
 *   dst[n,k,o,p,q] = finish(sum over c,t,r,s of src[n, g*C/G + c, d, h, w] * weights[...], k)
 *   weights[k, c, t, r, s]           convolution, g = k / (K/G)
 *   weights[g*C/G + c, k%(K/G), ...] transposed convolution
 *
 * with (d, h, w) from the view of each axis (conv.h): a transposed convolution gathers, phase by
 * phase, so all work-items of a group do the same taps. A work-item computes VECTOR neighbours of
 * one row of a phase: 1 where the hardware runs work-items in lockstep (GPUs), more where one
 * work-item owns a vector unit (CPUs) and the inputs of neighbours are neighbours.
 *
 * Global size  (phases * tiles * GROUP, Y, Z): a group computes GROUP neighbouring vectors of one
 *              phase of one plane; plane n*K + k is group_z * Y + group_y, and planes past N*K do
 *              nothing. tiles = ceil(vectors of a plane's largest phase / GROUP).
 * Local size   (GROUP, 1, 1)
 * __local      none
 * Edges        work-items past the end of a phase return; taps on zero padding are skipped. */
#include "conv.h"

/* ---- Parameters ---- */

#ifndef GROUP /* work-items of a work-group: 1 to 256 */
#define GROUP 64
#endif
#ifndef VECTOR /* outputs of a work-item: 1; or 4, 8 or 16 for stride 1 or transposed */
#define VECTOR 1
#endif

#if GROUP < 1 || GROUP > 256
#error "GROUP is 1 to 256"
#endif
#if VECTOR > 1 && PADDING_MODE
#error "VECTOR above 1 takes zero padding only"
#endif

#if VECTOR == 1
typedef float lanes;
typedef int lanes_int;
#define LANE_INDEX        0
#define LANES_LOAD(p)     (*(p))
#define LANES_STORE(x, p) (*(p) = (x))
#elif VECTOR == 4
typedef float4 lanes;
typedef int4 lanes_int;
#define LANE_INDEX        ((int4)(0, 1, 2, 3))
#define LANES_LOAD(p)     vload4(0, p)
#define LANES_STORE(x, p) vstore4(x, 0, p)
#elif VECTOR == 8
typedef float8 lanes;
typedef int8 lanes_int;
#define LANE_INDEX        ((int8)(0, 1, 2, 3, 4, 5, 6, 7))
#define LANES_LOAD(p)     vload8(0, p)
#define LANES_STORE(x, p) vstore8(x, 0, p)
#elif VECTOR == 16
typedef float16 lanes;
typedef int16 lanes_int;
#define LANE_INDEX        ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define LANES_LOAD(p)     vload16(0, p)
#define LANES_STORE(x, p) vstore16(x, 0, p)
#else
#error "VECTOR is 1, 4, 8 or 16"
#endif

/* ---- Helpers ---- */

/* sum + weight * the inputs w0, w0 + 1, ... of the row that starts at plane[row]. */
static inline lanes add_tap(lanes sum, float weight, __global const float *plane, int plane_size,
                            int row, int w0, int W, int mode)
{
#if VECTOR == 1
    const int w = conv_pad_index(w0, W, mode);
    return w >= 0 ? fma(plane[row + w], weight, sum) : sum;
#else
    /* Lanes outside the row are read where that is inside the plane, but are not added. */
    const lanes_int w = w0 + LANE_INDEX;
    const lanes_int inside = w >= 0 && w < W;
    if (row + w0 >= 0 && row + w0 <= plane_size - VECTOR)
        return select(sum, fma(LANES_LOAD(plane + row + w0), (lanes)(weight), sum), inside);
    float x[VECTOR];
    for (int v = 0; v < VECTOR; ++v)
        x[v] = w0 + v >= 0 && w0 + v < W ? plane[row + w0 + v] : 0.0f;
    return select(sum, fma(LANES_LOAD(x), (lanes)(weight), sum), inside);
#endif
}

/* The sum over one channel's taps, d0, h0, w0 being the input indices of the first tap. */
static inline lanes add_channel(lanes sum, const conv_args *args, const conv_view *vd,
                                const conv_view *vh, const conv_view *vw, int d0, int h0, int w0,
                                __global const float *plane, __global const float *taps)
{
    const int D = args->axis[0].input, H = args->axis[1].input, W = args->axis[2].input;
    const int R = args->axis[1].kernel_size, S = args->axis[2].kernel_size;
    const int mode = args->padding_mode;
    for (int jt = 0; jt < vd->taps; ++jt) {
        const int d = conv_pad_index(d0 + jt * vd->in_tap, D, mode);
        for (int jr = 0; jr < vh->taps; ++jr) {
            const int h = conv_pad_index(h0 + jr * vh->in_tap, H, mode);
            if (d < 0 || h < 0)
                continue;
            const int t = vd->tap_first + jt * vd->tap_step;
            const int r = vh->tap_first + jr * vh->tap_step;
            __global const float *tap_row = taps + (t * R + r) * S + vw->tap_first;
            for (int js = 0; js < vw->taps; ++js)
                sum = add_tap(sum, tap_row[js * vw->tap_step], plane, D * H * W, (d * H + h) * W,
                              w0 + js * vw->in_tap, W, mode);
        }
    }
    return sum;
}

/* ---- Kernel ---- */

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
direct(const conv_args args, __global const float *restrict src,
       __global const float *restrict weights, __global const float *restrict bias,
       __global float *restrict dst)
{
    const ulong plane = (ulong)get_group_id(2) * get_num_groups(1) + get_group_id(1);
    if (plane >= (ulong)args.N * args.K)
        return;
    const int n = (int)(plane / args.K);
    const int k = (int)(plane - (ulong)n * args.K);

    const int rows = conv_phase_outputs(args.axis[0]) * conv_phase_outputs(args.axis[1]);
    const int row_vectors = (conv_phase_outputs(args.axis[2]) + VECTOR - 1) / VECTOR;
    const int tiles = (rows * row_vectors + GROUP - 1) / GROUP;
    const int phase = (int)get_group_id(0) / tiles;
    const int phases_h = conv_phases(args.axis[1]), phases_w = conv_phases(args.axis[2]);
    const conv_view vd = conv_view_make(args.axis[0], phase / phases_w / phases_h);
    const conv_view vh = conv_view_make(args.axis[1], phase / phases_w % phases_h);
    const conv_view vw = conv_view_make(args.axis[2], phase % phases_w);

    const int i = ((int)get_group_id(0) - phase * tiles) * GROUP + (int)get_local_id(0);
    const int iw = i % row_vectors * VECTOR;
    const int ih = i / row_vectors % vh.out_count;
    const int id = i / row_vectors / vh.out_count;
    if (id >= vd.out_count || iw >= vw.out_count)
        return;

    const int channels = args.C / args.G; /* of one group */
    const int filters = args.K / args.G;
    const int g = k / filters;
    const int input = args.axis[0].input * args.axis[1].input * args.axis[2].input;
    const int kernel_elements =
        args.axis[0].kernel_size * args.axis[1].kernel_size * args.axis[2].kernel_size;
    __global const float *x =
        src + args.src_offset + ((ulong)n * args.C + (ulong)g * channels) * input;
#if TRANSPOSED
    const ulong first_filter = (ulong)g * channels * filters + (k - g * filters);
    const ulong channel_step = (ulong)filters * kernel_elements;
#else
    const ulong first_filter = (ulong)k * channels;
    const ulong channel_step = kernel_elements;
#endif
    __global const float *f = weights + args.weights_offset + first_filter * kernel_elements;

    const int d0 = vd.in_first + id * vd.in_step;
    const int h0 = vh.in_first + ih * vh.in_step;
    const int w0 = vw.in_first + iw * vw.in_step;
    lanes sum = (lanes)(0.0f);
    for (int c = 0; c < channels; ++c) {
        sum = add_channel(sum, &args, &vd, &vh, &vw, d0, h0, w0, x, f);
        x += input;
        f += channel_step;
    }

    float result[VECTOR];
    LANES_STORE(sum, result);
    const int o = vd.out_first + id * vd.out_step;
    const int p = vh.out_first + ih * vh.out_step;
    const int P = args.axis[1].output, Q = args.axis[2].output;
    __global float *y = dst + args.dst_offset + plane * ((ulong)args.axis[0].output * P * Q) +
                        (o * P + p) * Q + vw.out_first;
    const int stored = min(VECTOR, vw.out_count - iw);
    for (int v = 0; v < stored; ++v)
        y[(iw + v) * vw.out_step] = conv_finish(result[v], &args, bias + args.bias_offset, k);
}
