/* Copies of inputs into a panel of panels.cl: LANES neighbouring pixels of a row at a time. */

INLINE int lane_max(ivector x)
{
#if LANES == 16
    const int8 eight = max(x.lo, x.hi);
#else
    const int8 eight = x;
#endif
    const int4 quarter = max(eight.lo, eight.hi);
    const int2 pair = max(quarter.lo, quarter.hi);
    return max(pair.x, pair.y);
}

/* Whether all lanes of a mask are set, and whether one is: all() and any() of PoCL go lane by lane,
 * three times as long to compile. */
INLINE int is_full(ivector mask)
{
    return lane_max(mask) < 0;
}

INLINE int is_set(ivector mask)
{
    return lane_max(-mask) > 0;
}

/* conv_pad_index of a vector. */
INLINE ivector pad_indices(ivector i, int size, int mode)
{
    if (mode == 1)
        i = select(select(i, 2 * size - 2 - i, i >= size), -i, i < 0);
    else if (mode == 2)
        i = clamp(i, 0, size - 1);
    else if (mode == 3)
        i = select(select(i, i - size, i >= size), i + size, i < 0);
    return select((ivector)(-1), i, (i >= 0) & (i < size));
}

/* LANES inputs, `step` (1, 2 or 4) apart. */
INLINE vector load_run(__global const float *in, int step)
{
    const vector x = load(in);
    if (step == 1)
        return x;
    const vector y = load(in + LANES);
    if (step == 2)
        return (vector)(x.even, y.even);
    const vector z = load(in + 2 * LANES), w = load(in + 3 * LANES);
    const vector low = (vector)(x.even, y.even), high = (vector)(z.even, w.even);
    return (vector)(low.even, high.even);
}

/* Whether fill_inside() knows this step. */
INLINE int has_run(int step)
{
    return step == 1 || step == 2 || step == 4;
}

/* The taps of a panel that has all taps, and how far apart their inputs are in src. */
typedef struct {
    int t, r, s; /* counts */
    int t_step, r_step, s_step;
    int channels;
    long plane;
} tap_grid;

/* Fills a vector of `count` rows of the panel with channels from `start` on, an element of a src of
 * `total`. Lane j reads element a + j * step of the channel's plane where in_a, or b + j * step
 * where in_b, otherwise zero. */
NOINLINE void fill_runs(__local float *panel, int count, __global const float *src, long start,
                        const long plane, const long total, const int a, const int b,
                        const ivector in_a, const ivector in_b, const int any_step)
{
    const int step = known_step(any_step);
    const long first = -(long)min(a, b), last = total - max(a, b) - step * LANES;
    const int loadable = start >= first && start + (count - 1) * plane <= last;
    const int whole = loadable && is_full(in_a);
    if (whole && step == 1) {
        for (int i = 0; i < count; ++i, start += plane)
            store_local(load(src + start + a), panel + i * PIXELS);
        return;
    }
    if (whole) {
        for (int i = 0; i < count; ++i, start += plane)
            store_local(load_run(src + start + a, 2), panel + i * PIXELS);
        return;
    }
    if (loadable && step == 1) {
        for (int i = 0; i < count; ++i, start += plane) {
            const vector x = select((vector)0.0f, load(src + start + a), in_a);
            store_local(select(x, load(src + start + b), in_b), panel + i * PIXELS);
        }
        return;
    }
    for (int i = 0; i < count; ++i, start += plane) {
        if (start >= first && start <= last) {
            vector x = select((vector)0.0f, load_run(src + start + a, step), in_a);
            if (a != b)
                x = select(x, load_run(src + start + b, step), in_b);
            store_local(x, panel + i * PIXELS);
        } else { /* near the ends of src */
            __local float *to = panel + i * PIXELS;
            int choice[LANES];
            store_index_lanes(select(select((ivector)0, (ivector)2, in_b), (ivector)1, in_a),
                              choice);
            for (int j = 0; j < LANES; ++j)
                to[j] = choice[j] == 0 ? 0.0f : src[start + (choice[j] == 1 ? a : b) + j * step];
        }
    }
}

/* The same where lane j reads element index[j] of a plane, or zero where that is negative, and
 * neighbouring pixels of an image row are `step` apart. */
INLINE void fill(__local float *panel, int count, __global const float *src, long start,
                 const long plane, const long total, const ivector index, const int step)
{
    const ivector lowest = (ivector)(-0x7fffffff - 1);
    const ivector base = index - step * LANE_INDICES, valid = index >= 0;
    if (!is_set(valid)) {
        for (int i = 0; i < count; ++i)
            store_local((vector)0.0f, panel + i * PIXELS);
        return;
    }
    const int a = lane_max(select(lowest, base, valid));
    const int b = ~lane_max(select(lowest, ~base, valid));
    const ivector in_a = valid & (base == a), in_b = valid & (base == b);
    if (step <= 2 && is_full((in_a | in_b) == valid)) {
        fill_runs(panel, count, src, start, plane, total, a, b, in_a, in_b, step);
        return;
    }
    int lanes[LANES];
    store_index_lanes(index, lanes);
    for (int i = 0; i < count; ++i, start += plane) {
        __local float *to = panel + i * PIXELS;
        for (int j = 0; j < LANES; ++j)
            to[j] = lanes[j] < 0 ? 0.0f : src[start + lanes[j]];
    }
}
