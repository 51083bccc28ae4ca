/* The order of a product's rows, which are taps and input channels: fill_tap() of
 * host/conv/panels.c packs the weights in it. */

/* The first slot of a phase: slots are sorted by the class of the tap (t mod step) on each axis,
 * then by tap, so that the taps of a phase, which share a class, are neighbours. */
INLINE int class_start(int taps, int step, int class)
{
    return class * (taps / step) + min(class, taps % step);
}

INLINE int class_taps(int taps, int step, int class)
{
    return (taps - 1 - class) / step + 1;
}

/* The slot of the first tap of three classes of sizes `t`, `r` (taps of the class), where taps of
 * an axis' earlier classes are start_*, and R, S the kernel's sizes. */
INLINE int first_slot(int start_t, int t, int start_r, int r, int start_s, int R, int S)
{
    return (start_t * R + t * start_r) * S + t * r * start_s;
}

/* A panel is some channels of all taps of the phase, so that what neighbouring taps read is still
 * in the cache, or, where that is more than ROWS rows, one channel of some taps. The last panel may
 * be smaller than the others. */
INLINE int channels_of_panel(int taps, int channels)
{
    const int most = max(ROWS / max(taps, 1), 1);
    const int panels = (channels + most - 1) / most;
    return (channels + panels - 1) / panels;
}

INLINE int taps_of_panel(int taps)
{
    const int panels = max((taps + ROWS - 1) / ROWS, 1);
    return max((taps + panels - 1) / panels, 1);
}
