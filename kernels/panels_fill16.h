/* Copies of inputs into a panel of panels.cl, where vectors are of 16 lanes: a cache line. */

/* Fills a vector of all rows of a panel with inputs that are `step` apart, all of them inside src;
 * `in` is where the first tap reads the first channel. The panel's rows are ordered by tap, then
 * channel. */
INLINE void fill_taps(__local float *panel, __global const float *in, const tap_grid *given,
                      const int step)
{
    const tap_grid taps = *given;
    const int tap_pitch = taps.channels * PIXELS;
    for (int t = 0; t < taps.t; ++t)
        for (int r = 0; r < taps.r; ++r, panel += taps.s * tap_pitch) {
            __global const float *row = in + t * taps.t_step + r * taps.r_step;
            __local float *to_row = panel;
            for (int c = 0; c < taps.channels; ++c, row += taps.plane, to_row += PIXELS) {
                __global const float *from = row;
                __local float *to = to_row;
                int s = 0;
                if (step == 2 && taps.s_step == 1) /* even inputs are one tap's, odd the next's */
                    for (; s + 1 < taps.s; s += 2, from += 2, to += 2 * tap_pitch) {
                        const vector x = load(from), y = load(from + LANES);
                        store_local((vector)(x.even, y.even), to);
                        store_local((vector)(x.odd, y.odd), to + tap_pitch);
                    }
                for (; s < taps.s; ++s, from += taps.s_step, to += tap_pitch)
                    store_local(load_run(from, step), to);
            }
        }
}

NOINLINE void fill_inside(__local float *panel, __global const float *in, const tap_grid *taps,
                          const int step)
{
#if STEP > 0
    fill_taps(panel, in, taps, STEP);
#else
    if (step == 1)
        fill_taps(panel, in, taps, 1);
    else if (step == 2)
        fill_taps(panel, in, taps, 2);
    else
        fill_taps(panel, in, taps, 4);
#endif
}
