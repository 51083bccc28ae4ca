/* bands: one axis of a convolution or a transposed one, whichever is said when the kernel runs.
 *
 * Output i of a phase is i*out_step + phase; tap t reads input i*in_step + base where
 * base = (first + phase + t*tap) / out_step is whole, and belongs to another phase otherwise. */
typedef struct {
    int in_step, out_step, first, tap;
    int taps, input, output;
} band_axis;

/* By pointer: Oclgrind cannot inline a function that returns a structure. */
INLINE void band_axis_make(band_axis *axis, conv_axis a, int transposed)
{
    axis->in_step = transposed ? 1 : a.stride;
    axis->out_step = transposed ? a.stride : 1;
    axis->first = transposed ? a.padding : -a.padding;
    axis->tap = transposed ? -a.dilation : a.dilation;
    axis->taps = a.kernel_size;
    axis->input = a.input;
    axis->output = a.output;
}

INLINE int floor_divide(int a, int b)
{
    return a >= 0 ? a / b : -1 - (-1 - a) / b;
}

INLINE int band_phases(band_axis a)
{
    return min(a.out_step, a.output);
}

INLINE int phase_outputs(band_axis a, int phase)
{
    return a.output > phase ? (a.output - phase - 1) / a.out_step + 1 : 0;
}

INLINE int is_tap(band_axis a, int phase, int t)
{
    return (a.first + phase + t * a.tap) % a.out_step == 0;
}

INLINE int tap_base(band_axis a, int phase, int t)
{
    return (a.first + phase + t * a.tap) / a.out_step;
}

INLINE int phase_taps(band_axis a, int phase)
{
    int count = 0;
    for (int t = 0; t < a.taps; ++t)
        count += is_tap(a, phase, t);
    return count;
}

/* Taps of the phases before this one. */
INLINE int earlier_taps(band_axis a, int phase)
{
    int count = 0;
    for (int i = 0; i < phase; ++i)
        count += phase_taps(a, i);
    return count;
}

/* Whether outputs [first, first + count) of a tap of this base read inside the input. */
INLINE int reads_inside(band_axis a, int base, int first, int count)
{
    const int low = base + first * a.in_step, high = low + (count - 1) * a.in_step;
    return high >= 0 && low < a.input;
}

/* The least and the greatest base of taps of phases [phase, end), in steps. */
INLINE int2 base_range(band_axis a, int phase, int end)
{
    const int reach = (a.taps - 1) * a.tap;
    const int divisor = a.in_step * a.out_step;
    return (int2)(floor_divide(a.first + phase + min(reach, 0), divisor),
                  floor_divide(a.first + end - 1 + max(reach, 0), divisor));
}
