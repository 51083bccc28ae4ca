/* bands: rows of inputs, sorted by their index modulo the stride. Wants panels_vector.h and conv.h.
 */

/* Copies inputs first, first + step, ..., `count` of them, of a row of `size` with padding
 * resolved. `end` is the end of the tensor, past which nothing is read; up to LANES - 1 floats are
 * written past count. */
INLINE void copy_row(__local float *to, const int count, __global const float *row,
                     __global const float *end, const int first, const int step, const int size,
                     const int mode)
{
    const int lead = clamp(-floor_divide(first, step), 0, count);
    const int inside = clamp(-floor_divide(first - size, step), lead, count);
    for (int j = 0; j < lead; j += LANES)
        store_local((vector)0.0f, to + j);
    int i = lead;
    if (step == 1) {
        for (; i < inside && row + first + i + LANES <= end; i += LANES)
            store_local(load(row + first + i), to + i);
    } else if (step == 2) {
        for (; i < inside && row + first + 2 * (i + LANES) <= end; i += LANES) {
            const vector x = load(row + first + 2 * i);
            const vector y = load(row + first + 2 * i + LANES);
            store_local((vector)(x.even, y.even), to + i);
        }
    }
    for (; i < inside; ++i)
        to[i] = row[first + i * step];
    for (int j = inside; j < count; j += LANES)
        store_local((vector)0.0f, to + j);
    if (mode != 0 && size > 0)
        for (int j = 0; j < count; j = j + 1 == lead ? inside : j + 1) {
            const int from = conv_pad_index(first + j * step, size, mode);
            to[j] = from < 0 ? 0.0f : row[from];
        }
}

/* The same of a stride of 2 and zero padding: inputs first, first + 2, ... to `to`, those behind
 * them, first + 1, first + 3, ... to `to + apart`, `count` of each, at least LANES. Nothing is
 * written past them, or read outside the tensor. */
INLINE void copy_pair(__local float *to, const int apart, const int count,
                      __global const float *row, __global const float *begin,
                      __global const float *end, const int first, const int size)
{
    const long before = row - begin, behind = end - row;
    for (int i = 0;; i = min(i + LANES, count - LANES)) {
        const int at = first + 2 * i;
        if (before + at >= 0 && at + 2 * LANES <= behind) {
            const vector x = load(row + at), y = load(row + at + LANES);
            vector even = (vector)(x.even, y.even), odd = (vector)(x.odd, y.odd);
            if (at < 0 || at + 2 * LANES > size) {
                const ivector index = at + 2 * LANE_INDICES;
                even = select((vector)0.0f, even, (index >= 0) & (index < size));
                odd = select((vector)0.0f, odd, (index >= -1) & (index < size - 1));
            }
            store_local(even, to + i);
            store_local(odd, to + apart + i);
        } else { /* near the ends of the tensor */
            for (int j = 0; j < 2 * LANES; ++j)
                to[(j & 1) * apart + i + j / 2] = at + j >= 0 && at + j < size ? row[at + j] : 0.0f;
        }
        if (i == count - LANES)
            break;
    }
}

/* What the copy of a channel is made of: `classes` sets of `rows` rows of `pitch` inputs, a set for
 * each tap of the depth and each index modulo the steps of height and width. */
typedef struct {
    int classes, rows, pitch;
    int first;                  /* input of a row that the first column of its set 0 has */
    int step, size;             /* of the width */
    int mode;                   /* of padding */
    int paired;                 /* whether copy_pair() fills two sets at once */
    __local const int *offsets; /* of each row of each set of one index of the width, or -1 */
    __global const float *begin, *end; /* of src */
} copied_channel;

/* Copies a channel. A function of its own, as compute() is. */
NOINLINE void copy_channel(const copied_channel *given, __global const float *channel,
                           __local float *to)
{
    const copied_channel a = *given;
    const int class_step = a.rows * a.pitch;
    const int step = STRIDED ? a.step : 1, paired = STRIDED && a.paired;
    const int mode = PADDING_MODE ? a.mode : 0;
    for (int j = 0; j < a.classes; j += paired + 1, to += paired * class_step)
        for (int row = 0; row < a.rows; ++row, to += a.pitch) {
            const int offset = a.offsets[j / step * a.rows + row];
            const int first = a.first + j % step, size = offset < 0 ? 0 : a.size;
            __global const float *const from = channel + max(offset, 0);
            if (paired)
                copy_pair(to, class_step, a.pitch, from, a.begin, a.end, first, size);
            else
                copy_row(to, a.pitch, from, a.end, first, step, size, mode);
        }
}
