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

/* The step of inputs along a row, where a function is told what the form of the code knows. */
INLINE int known_step(int step)
{
    return STEP > 0 ? STEP : step;
}

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

/* What find_pixels() finds. */
typedef struct {
    /* A bit for each vector whose pixels are neighbours in dst, that are of one row, and whose
     * inputs all lie inside src; and where these begin. */
    int neighbours, one_row, inside, inside_first[VECTORS];
    long next_first; /* where the inputs of the strip after this one begin */
} strip_pixels;

/* Finds the pixels of `vectors` vectors from `pixel` of an image on, of which `live` exist: of
 * each, its first input on each axis, its image (its first element in src, or -1 past the last
 * pixel), and its place in dst, PIXELS numbers each. */
NOINLINE void find_pixels(strip_pixels *found, const conv_args *args, const conv_view *views,
                          const long pixel, const int vectors, const int live,
                          __local int *const in_d)
{
    conv_view view_d = views[0], view_h = views[1], view_w = views[2];
    if (!TRANSPOSED) { /* as conv_view_make() says */
        view_d.out_first = view_h.out_first = view_w.out_first = 0;
        view_d.out_step = view_h.out_step = view_w.out_step = 1;
    }
    view_w.in_step = known_step(view_w.in_step);
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const long src_elements = (long)args->C * depth.input * height.input * width.input;
    const long dst_elements = (long)args->K * depth.output * height.output * width.output;
    /* Too small only where strips are of one image, number 0. */
    const int image_src = (int)src_elements, image_dst = (int)dst_elements;
    __local int *const in_h = in_d + PIXELS, *const in_w = in_h + PIXELS;
    __local int *const images = in_w + PIXELS, *const offsets = images + PIXELS;
    int neighbours = 0, one_row = 0, inside = 0;

    int q = (int)(pixel % view_w.out_count), p = (int)(pixel / view_w.out_count);
    int o = p / view_h.out_count, image = 0;
    p %= view_h.out_count;
    for (int v = 0; v < vectors; ++v) {
        const int j = v * LANES;
        if (q + LANES <= view_w.out_count && j < live) {
            const int d = view_d.in_first + o * view_d.in_step;
            const int h = view_h.in_first + p * view_h.in_step;
            const int w = view_w.in_first + q * view_w.in_step;
            const int to = image * image_dst +
                           ((view_d.out_first + o * view_d.out_step) * height.output +
                            view_h.out_first + p * view_h.out_step) *
                               width.output +
                           view_w.out_first + q * view_w.out_step;
            store_indices((ivector)(d), in_d + j);
            store_indices((ivector)(h), in_h + j);
            store_indices(w + view_w.in_step * LANE_INDICES, in_w + j);
            store_indices((ivector)(image * image_src), images + j);
            store_indices(to + view_w.out_step * LANE_INDICES, offsets + j);
            neighbours |= (view_w.out_step == 1) << v;
            one_row |= 1 << v;
            inside |=
                (is_inside(view_d, d, d, depth.input) && is_inside(view_h, h, h, height.input) &&
                 is_inside(view_w, w, w + (LANES - 1) * view_w.in_step, width.input))
                << v;
            found->inside_first[v] = (d * height.input + h) * width.input + w + image * image_src;
            q += LANES;
            if (q == view_w.out_count)
                next_row(&q, &p, &o, &image, view_h.out_count, view_d.out_count);
            continue;
        }
        for (int i = j; i < j + LANES; ++i) {
            in_d[i] = view_d.in_first + o * view_d.in_step;
            in_h[i] = view_h.in_first + p * view_h.in_step;
            in_w[i] = view_w.in_first + q * view_w.in_step;
            images[i] = i < live ? image * image_src : -1;
            offsets[i] = i < live ? image * image_dst +
                                        ((view_d.out_first + o * view_d.out_step) * height.output +
                                         view_h.out_first + p * view_h.out_step) *
                                            width.output +
                                        view_w.out_first + q * view_w.out_step
                                  : -1;
            if (++q == view_w.out_count)
                next_row(&q, &p, &o, &image, view_h.out_count, view_d.out_count);
        }
        /* Each is further on than the one before. */
        neighbours |=
            (images[j + LANES - 1] >= 0 && offsets[j + LANES - 1] == offsets[j] + LANES - 1) << v;
    }
    found->neighbours = neighbours;
    found->one_row = one_row;
    found->inside = inside;
    found->next_first = image * src_elements +
                        ((view_d.in_first + o * view_d.in_step) * (long)height.input +
                         view_h.in_first + p * view_h.in_step) *
                            width.input +
                        view_w.in_first + q * view_w.in_step;
}
