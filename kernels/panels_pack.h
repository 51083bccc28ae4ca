/* Packing of the weights of panels.cl. */

/* Packs a tap, number tap_of_group = tap + taps * g, of a block of output channels and of input
 * channel c. A function of its own as compute() is. */
NOINLINE void pack_block(const conv_args *given, __global const float *weights,
                         __global float *packed, const int block, const int c,
                         const int tap_of_group, const int blocks)
{
    const conv_args args = *given;
    const int T = args.axis[0].kernel_size, R = args.axis[1].kernel_size;
    const int S = args.axis[2].kernel_size, taps = T * R * S;
    const int group_c = args.C / args.G, group_k = args.K / args.G;
    const int g = tap_of_group / taps, tap = tap_of_group % taps, k = block * CHANNELS;
    const int s = tap % S, r = tap / S % R, t = tap / S / R;
    const int step_t = conv_view_make(args.axis[0], 0).tap_step;
    const int step_r = conv_view_make(args.axis[1], 0).tap_step;
    const int step_s = conv_view_make(args.axis[2], 0).tap_step;
    const int taps_t = class_taps(T, step_t, t % step_t);
    const int taps_r = class_taps(R, step_r, r % step_r);
    const int taps_s = class_taps(S, step_s, s % step_s);
    const int first =
        first_slot(class_start(T, step_t, t % step_t), taps_t, class_start(R, step_r, r % step_r),
                   taps_r, class_start(S, step_s, s % step_s), R, S);
    const int phase_taps = taps_t * taps_r * taps_s;
    const int phase_tap = (t / step_t * taps_r + r / step_r) * taps_s + s / step_s;
    const int panel_c = channels_of_panel(phase_taps, group_c);
    const int panel_taps = taps_of_panel(phase_taps);
    const int first_c = c - c % panel_c, first_tap = phase_tap - phase_tap % panel_taps;
    const int channels = min(panel_c, group_c - first_c);
    const int rows = min(panel_taps, phase_taps - first_tap) * channels; /* of the panel */
    const int row = (phase_tap - first_tap) * channels + c - first_c;
    const ulong panel =
        (((ulong)g * taps + first) * group_c + (ulong)first_c * phase_taps + first_tap * channels) *
        blocks;
#if TRANSPOSED
    const ulong filter = ((ulong)g * group_c + c) * group_k + k, step = taps;
#else
    const ulong filter = ((ulong)g * group_k + k) * group_c + c, step = (ulong)group_c * taps;
#endif
    const int live = min(CHANNELS, group_k - k);
    __global const float *const from = weights + filter * taps + tap;
    __global float *const to = packed + (panel + (ulong)block * rows + row) * CHANNELS;
    /* Not unrolled: that costs time to compile. */
#pragma unroll 1
    for (int i = 0; i < CHANNELS; ++i)
        to[i] = i < live ? from[i * step] : 0.0f;
}
