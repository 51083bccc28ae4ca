/* The layout of packed weights, and the one place that knows it:
 *
 *   packed[g][tap slot][c][k]   G x T*R*S x C/G x padded K/G, k contiguous
 *
 * k is padded with zeros to a multiple of the tile that reads it, so that a tile's loads are
 * coalesced and never out of range. The tap slots of an axis are its taps in order, for a
 * transposed convolution sorted by phase: taps first, first + step, ... of a phase (conv_view)
 * lie side by side, so that a phase sees a small dense kernel. */

/* The slot of tap t on an axis of `taps` taps whose phases take every step-th of them. */
static inline int packed_slot(int taps, int step, int t)
{
    const int first = t % step;
    return first * (taps / step) + min(first, taps % step) + t / step;
}

/* The first element of the row of all k, for the slots t, r, s of group g and its channel c. */
static inline ulong packed_row(const conv_args *args, int k_padded, int g, int t, int r, int s,
                               int c)
{
    const ulong tap = ((ulong)t * args->axis[1].kernel_size + r) * args->axis[2].kernel_size + s;
    const ulong taps =
        (ulong)args->axis[0].kernel_size * args->axis[1].kernel_size * args->axis[2].kernel_size;
    return ((g * taps + tap) * (args->C / args->G) + c) * k_padded;
}
