/* bands: one axis of a convolution or, with TRANSPOSED=1, of a transposed one.
 *
 * Output i of a phase is i*out_step + phase; tap t reads input i*in_step + base where
 * base = tap_place() / out_step is whole, and belongs to another phase otherwise. */

INLINE int in_step(const conv_axis *a)
{
    return STRIDED ? a->stride : 1;
}

INLINE int out_step(const conv_axis *a)
{
    return TRANSPOSED ? a->stride : 1;
}

INLINE int floor_divide(int a, int b)
{
    return a >= 0 ? a / b : -1 - (-1 - a) / b;
}

INLINE int phase_outputs(const conv_axis *a, int phase)
{
    return a->output > phase ? (a->output - phase - 1) / out_step(a) + 1 : 0;
}

INLINE int tap_place(const conv_axis *a, int phase, int t)
{
    return TRANSPOSED ? phase + a->padding - t * a->dilation : t * a->dilation - a->padding;
}

INLINE int is_tap(const conv_axis *a, int phase, int t)
{
    return tap_place(a, phase, t) % out_step(a) == 0;
}

INLINE int tap_base(const conv_axis *a, int phase, int t)
{
    return tap_place(a, phase, t) / out_step(a);
}

/* Taps of a phase among the first `count` of the axis. */
INLINE int taps_among(const conv_axis *a, int phase, int count)
{
    int taps = TRANSPOSED ? 0 : count;
    for (int t = 0; TRANSPOSED && t < count; ++t)
        taps += is_tap(a, phase, t);
    return taps;
}

/* Taps of the phases before this one. */
INLINE int earlier_taps(const conv_axis *a, int phase)
{
    int count = 0;
    for (int i = 0; TRANSPOSED && i < phase; ++i)
        count += taps_among(a, i, a->kernel_size);
    return count;
}

/* Whether outputs [first, first + count) of a tap of this base read inside the input. */
INLINE int reads_inside(const conv_axis *a, int base, int first, int count)
{
    const int low = base + first * in_step(a), high = low + (count - 1) * in_step(a);
    return high >= 0 && low < a->input;
}

/* The least and the greatest base of taps of phases [phase, end), in steps. */
INLINE int2 base_range(const conv_axis *a, int phase, int end)
{
    const int last = a->kernel_size - 1, divisor = in_step(a) * out_step(a);
    return (int2)(floor_divide(tap_place(a, phase, TRANSPOSED ? last : 0), divisor),
                  floor_divide(tap_place(a, end - 1, TRANSPOSED ? 0 : last), divisor));
}
