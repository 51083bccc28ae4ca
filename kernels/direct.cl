/* direct: one output element per work-item, for every problem. The net under all other algorithms.
 *
 *   dst[n,k,o,p,q] = finish(sum over c,t,r,s of src[n, g*C/G + c, d, h, w] * weights[...], k)
 *   weights[k, c, t, r, s]           convolution, g = k / (K/G)
 *   weights[g*C/G + c, k%(K/G), ...] transposed convolution
 *
 * with (d, h, w) from the view of each axis (conv.h): a transposed convolution gathers, phase by
 * phase, so all work-items of a group do the same taps.
 *
 * Global size  (phases * tiles * GROUP, Y, Z): a group computes GROUP neighbours of one phase of
 *              one plane; plane n*K + k is group_z * Y + group_y, and planes past N*K do nothing.
 *              tiles = ceil(largest phase of a plane / GROUP).
 * Local size   (GROUP, 1, 1)
 * __local      none
 * Edges        work-items past the end of a phase return; padding is decided per tap. */
#include "conv.h"

/* ---- Parameters ---- */

#ifndef GROUP /* outputs per work-group: 16 to 256, a power of two */
#define GROUP 64
#endif

#if GROUP < 16 || GROUP > 256 || (GROUP & (GROUP - 1))
#error "GROUP is a power of two from 16 to 256"
#endif

/* ---- Helpers ---- */

/* The sum over one channel's taps. Index arguments are those of the work-item's first tap. */
static inline float sum_channel(const conv_args *args, const conv_view *vd, const conv_view *vh,
                         const conv_view *vw, int d0, int h0, int w0,
                         __global const float *plane, __global const float *taps, float sum)
{
    const int D = args->axis[0].input, H = args->axis[1].input, W = args->axis[2].input;
    const int R = args->axis[1].kernel_size, S = args->axis[2].kernel_size;
    const int mode = args->padding_mode;
    for (int jt = 0; jt < vd->taps; ++jt) {
        const int d = conv_pad_index(d0 + jt * vd->in_tap, D, mode);
        for (int jr = 0; jr < vh->taps; ++jr) {
            const int h = conv_pad_index(h0 + jr * vh->in_tap, H, mode);
            const int row = (d * H + h) * W;
            const int t = vd->tap_first + jt * vd->tap_step;
            const int r = vh->tap_first + jr * vh->tap_step;
            __global const float *tap_row = taps + (t * R + r) * S + vw->tap_first;
            for (int js = 0; js < vw->taps; ++js) {
                const int w = conv_pad_index(w0 + js * vw->in_tap, W, mode);
                if (d >= 0 && h >= 0 && w >= 0)
                    sum = fma(plane[row + w], tap_row[js * vw->tap_step], sum);
            }
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

    const int tiles = (conv_phase_outputs(args.axis[0]) * conv_phase_outputs(args.axis[1]) *
                           conv_phase_outputs(args.axis[2]) +
                       GROUP - 1) /
                      GROUP;
    const int phase = (int)get_group_id(0) / tiles;
    const int phases_h = conv_phases(args.axis[1]), phases_w = conv_phases(args.axis[2]);
    const conv_view vd = conv_view_make(args.axis[0], phase / phases_w / phases_h);
    const conv_view vh = conv_view_make(args.axis[1], phase / phases_w % phases_h);
    const conv_view vw = conv_view_make(args.axis[2], phase % phases_w);

    const int i = ((int)get_group_id(0) - phase * tiles) * GROUP + (int)get_local_id(0);
    if (i >= vd.out_count * vh.out_count * vw.out_count)
        return;
    const int iw = i % vw.out_count;
    const int ih = i / vw.out_count % vh.out_count;
    const int id = i / vw.out_count / vh.out_count;

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
    float sum = 0.0f;
    for (int c = 0; c < channels; ++c) {
        sum = sum_channel(&args, &vd, &vh, &vw, d0, h0, w0, x, f, sum);
        x += input;
        f += channel_step;
    }

    const int o = vd.out_first + id * vd.out_step;
    const int p = vh.out_first + ih * vh.out_step;
    const int q = vw.out_first + iw * vw.out_step;
    const int P = args.axis[1].output, Q = args.axis[2].output;
    dst[args.dst_offset + plane * ((ulong)args.axis[0].output * P * Q) + (o * P + p) * Q + q] =
        conv_finish(sum, &args, bias + args.bias_offset, k);
}
