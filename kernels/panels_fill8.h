/* Copies of inputs into a panel of panels.cl, where vectors are of 8 lanes: half a cache line. All
 * vectors of a row of the panel are filled together, as neighbours read the same or the next lines.
 */

/* The vectors of a strip that fill_inside() fills: which inputs their first tap reads, and where
 * they are in a row of the panel. */
typedef struct {
    int count;
    int first[VECTORS], column[VECTORS];
} inside_vectors;

/* Fills them in all rows of a panel with inputs that are `step` apart, all of them inside src;
 * `in` is the panel's first channel. The panel's rows are ordered by tap, then channel. */
INLINE void fill_taps(__local float *panel, __global const float *in, const tap_grid *given,
                      const inside_vectors *inside, const int step)
{
    const tap_grid taps = *given;
    const int count = inside->count, tap_pitch = taps.channels * PIXELS;
    for (int t = 0; t < taps.t; ++t)
        for (int r = 0; r < taps.r; ++r, panel += taps.s * tap_pitch) {
            __global const float *row = in + t * taps.t_step + r * taps.r_step;
            __local float *to_row = panel;
            for (int c = 0; c < taps.channels; ++c, row += taps.plane, to_row += PIXELS)
                for (int i = 0; i < count; ++i) {
                    __global const float *from = row + inside->first[i];
                    __local float *to = to_row + inside->column[i];
                    int s = 0;
                    if (step == 2 &&
                        taps.s_step == 1) /* even inputs are one tap's, odd the next's */
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
                          const inside_vectors *inside, const int step)
{
#if STEP > 0
    fill_taps(panel, in, taps, inside, STEP);
#else
    if (step == 1)
        fill_taps(panel, in, taps, inside, 1);
    else if (step == 2)
        fill_taps(panel, in, taps, inside, 2);
    else
        fill_taps(panel, in, taps, inside, 4);
#endif
}

/* Elements of a src of which the next lines are fetched ahead: more than two cores have for
 * themselves. */
#define FETCHED_AHEAD (1l << 18)

/* Lines of inputs that are read next, fetched while products are summed: `lines` of each of
 * `channels` channels, planes * rows rows of these. */
typedef struct {
    __global const float *first, *next; /* of the first row; of the row and channel in turn */
    int line, channel, row;             /* in turn */
    int lines, channels, rows, planes;
    int row_step, plane_step; /* in elements */
    long channel_step;
} lines_ahead;

INLINE void set_no_lines(lines_ahead *ahead)
{
    ahead->row = ahead->lines = ahead->channels = ahead->rows = ahead->planes = 0;
}

/* Of a panel whose first tap reads `elements` inputs from `first` on: what its last taps read, as
 * many planes and rows of them as no strip before it read. */
INLINE void set_next_lines(lines_ahead *ahead, __global const float *first, const tap_grid *taps,
                           int planes, int rows, int elements)
{
    ahead->first = first + (taps->t - planes) * taps->t_step + (taps->r - rows) * taps->r_step;
    ahead->next = ahead->first;
    ahead->line = ahead->channel = ahead->row = 0;
    ahead->lines = elements / 16 + 1;
    ahead->channels = taps->channels;
    ahead->rows = rows;
    ahead->planes = planes;
    ahead->row_step = taps->r_step;
    ahead->plane_step = taps->t_step;
    ahead->channel_step = taps->plane;
}

NOINLINE void fetch_ahead(lines_ahead *given, int count)
{
    lines_ahead ahead = *given;
    const int rows = ahead.rows * ahead.planes;
    for (; count > 0 && ahead.row < rows; --count) {
        prefetch_line(ahead.next + ahead.line * 16);
        if (++ahead.line < ahead.lines)
            continue;
        ahead.line = 0;
        ahead.next += ahead.channel_step;
        if (++ahead.channel < ahead.channels)
            continue;
        ahead.channel = 0;
        ++ahead.row;
        ahead.next = ahead.first + ahead.row / ahead.rows * ahead.plane_step +
                     ahead.row % ahead.rows * ahead.row_step;
    }
    *given = ahead;
}

/* An axis of the input, and the taps on it. */
typedef struct {
    int input, taps, in_tap;
} input_axis;

/* The same for a vector of pixels of one row of outputs, from `to` on, some of whose inputs lie
 * outside, which are zero. The first pixel's first tap reads (d, h, w) of the image at `in`; values
 * beside a row of src are read, but not used. */
NOINLINE void fill_ends(__local float *to, __global const float *in, const long plane,
                        const int channels, const input_axis *axes, const int d, const int h,
                        const int w, const int any_step)
{
    const int step = known_step(any_step);
    const input_axis depth = axes[0], height = axes[1], width = axes[2];
    const int row_pitch = width.taps * channels * PIXELS;
    for (int t = 0; t < depth.taps; ++t)
        for (int r = 0; r < height.taps; ++r, to += row_pitch) {
            const int in_d = d + t * depth.in_tap, in_h = h + r * height.in_tap;
            if (in_d < 0 || in_d >= depth.input || in_h < 0 || in_h >= height.input) {
                for (int i = 0; i < row_pitch; i += PIXELS)
                    store_local((vector)0.0f, to + i);
                continue;
            }
            __local float *row = to;
            for (int s = 0; s < width.taps; ++s) {
                const int in_w = w + s * width.in_tap;
                const ivector lane_w = in_w + step * LANE_INDICES;
                const ivector valid = (lane_w >= 0) & (lane_w < width.input);
                __global const float *from = in + (in_d * height.input + in_h) * width.input + in_w;
                for (int c = 0; c < channels; ++c, from += plane, row += PIXELS)
                    store_local(select((vector)0.0f, load_run(from, step), valid), row);
            }
        }
}

/* The first and the last element of a channel that fill_ends() may read on an axis, in inputs. */
INLINE int lowest_tap(input_axis axis, int first)
{
    return max(first + min((axis.taps - 1) * axis.in_tap, 0), 0);
}

INLINE int highest_tap(input_axis axis, int first)
{
    return min(first + max((axis.taps - 1) * axis.in_tap, 0), axis.input - 1);
}
