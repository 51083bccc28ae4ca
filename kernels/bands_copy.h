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
