/* blocked: what outputs read, and its copy with padding resolved. Wants conv.h and the vectors of
 * blocked.cl. */

/* The taps for which an output of indices [first, last] may read inside the input. */
static inline int2 inside_taps(conv_view view, int first, int last, int size)
{
#if PADDING_MODE
    return (int2)(0, view.taps);
#else
    /* Input index of tap j: low + j*tap for the first output, high + j*tap for the last. */
    const int low = view.in_first + first * view.in_step;
    const int high = view.in_first + last * view.in_step;
    const int tap = (int)abs(view.in_tap);
    int begin, end;
    if (view.in_tap > 0) {
        begin = high >= 0 ? 0 : (tap - 1 - high) / tap;
        end = low >= size ? 0 : (size - 1 - low) / tap + 1;
    } else {
        begin = low < size ? 0 : (low - size) / tap + 1;
        end = high < 0 ? 0 : high / tap + 1;
    }
    begin = min(begin, view.taps);
    return (int2)(begin, max(begin, min(end, view.taps)));
#endif
}

/* The input indices that outputs [first, last] read, ends included. */
static inline int2 input_range(conv_view view, int first, int last)
{
    const int reach = max(view.taps - 1, 0) * view.in_tap;
    return (int2)(view.in_first + first * view.in_step + min(reach, 0),
                  view.in_first + last * view.in_step + max(reach, 0));
}

/* Copies indices [first, first + count) of a row of `size` inputs with padding resolved. `end` is
 * the end of the tensor, past which nothing is read; up to LANES - 1 floats are written past count.
 */
static inline __attribute__((always_inline)) void copy_row(__local float *to, int count,
                                                           __global const float *row,
                                                           __global const float *end, int first,
                                                           int size, int mode)
{
    const int lead = clamp(-first, 0, count), inside = clamp(size - first, lead, count);
    __global const float *from = row + first;
    int i = lead;
#if PADDING_MODE
    for (int j = 0; j < lead; ++j)
        to[j] = row[conv_pad_index(first + j, size, mode)];
#else
    for (int j = 0; j < lead; j += LANES)
        VECTOR_STORE((vector)0.0f, 0, to + j);
#endif
    if (from + inside + LANES <= end) {
        for (; i < inside; i += LANES)
            VECTOR_STORE(VECTOR_LOAD(0, from + i), 0, to + i);
    } else {
        for (; i < inside; ++i)
            to[i] = from[i];
    }
#if PADDING_MODE
    for (int j = inside; j < count; ++j)
        to[j] = row[conv_pad_index(first + j, size, mode)];
#else
    for (int j = inside; j < count; j += LANES)
        VECTOR_STORE((vector)0.0f, 0, to + j);
#endif
}
