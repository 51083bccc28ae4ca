/* What the strips of panels.cl are. */

/* Elements of a dst that is written past the caches: 8 MiB, more than a core has for itself. */
#define STREAMED (1l << 21)

/* Vectors of a cache line; 0: strips are not whole lines. */
#if LANES == 16
#define LINE_VECTORS 1
#elif VECTORS % 2 == 0
#define LINE_VECTORS 2
#else
#define LINE_VECTORS 0
#endif

/* Whether all taps of outputs whose first inputs are [first, last] on an axis are inside. */
INLINE int is_inside(conv_view view, int first, int last, int size)
{
    const int reach = (view.taps - 1) * view.in_tap;
    return first + min(reach, 0) >= 0 && last + max(reach, 0) < size;
}

/* Whether results go past the caches: what stays in none of them, in whole lines. */
INLINE int is_streamed(__global const float *dst, long out_plane, long phase_plane, long total)
{
#if LINE_VECTORS == 0
    return 0;
#else
    return total >= STREAMED && phase_plane == out_plane &&
           out_plane % (LINE_VECTORS * LANES) == 0 &&
           (size_t)dst % (LINE_VECTORS * sizeof(vector)) == 0;
#endif
}

/* From the last pixel of a row to the first of the next one. */
INLINE void next_row(int *q, int *p, int *o, int *image, int rows, int planes)
{
    *q = 0;
    if (++*p == rows) {
        *p = 0;
        if (++*o == planes) {
            *o = 0;
            ++*image;
        }
    }
}
