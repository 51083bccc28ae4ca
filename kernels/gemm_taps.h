/* Which pixels a tile has, and which taps read inside the input: implicit_gemm.h. */

/* ---- Pixels ---- */

typedef struct {
    int image; /* counted from the tile's first image */
    int band;  /* its first column */
    int at[3]; /* output index of the view: depth, row, column */
} gemm_pixel;

/* The pixel of an index that counts from the start of the tile's first image. */
static inline gemm_pixel gemm_pixel_make(uint index, const conv_view *view, int band_limit)
{
    const uint columns = view[2].out_count;
    const uint rows = (uint)view[0].out_count * view[1].out_count;
    const uint band = min((uint)band_limit, columns);
    gemm_pixel pixel;
    pixel.image = index / (rows * columns);
    index %= rows * columns;
    pixel.band = index / (rows * band) * band; /* all bands but the last are equally wide */
    index -= pixel.band * rows;
    const uint width = min(band, columns - pixel.band);
    const uint row = index / width;
    pixel.at[2] = pixel.band + index % width;
    pixel.at[1] = row % view[1].out_count;
    pixel.at[0] = row / view[1].out_count;
    return pixel;
}

/* ---- Taps ---- */

typedef struct {
    int begin[3], end[3]; /* taps of the view, per axis */
} gemm_taps;

/* Drops the taps of an axis that read outside the input for all outputs low..high of the view. In
 * closed form: rusticl's llvmpipe compiler crashes on searching loops here. */
static inline void gemm_trim_axis(gemm_taps *taps, int a, const conv_view *view, int input, int low,
                                  int high)
{
    const int in_low = view->in_first + low * view->in_step;
    const int in_high = view->in_first + high * view->in_step;
    const int in_last = input - 1, step = abs(view->in_tap);
    /* Distances from the input to the side that tap 0 reads from, and across it. */
    const int before = view->in_tap > 0 ? -in_high : in_low - in_last;
    const int across = view->in_tap > 0 ? in_last - in_low : in_high;
    taps->begin[a] = before > 0 ? (before + step - 1) / step : 0;
    taps->end[a] = across >= 0 ? min(view->taps, across / step + 1) : 0;
}

/* The taps that the tile from pixel `first` to pixel `last` needs. (Not returned: Oclgrind lacks
 * what clang makes of a struct assigned to a member.) */
static inline void gemm_taps_make(gemm_taps *taps, const conv_args *args, const conv_view *view,
                                  const gemm_pixel *first, const gemm_pixel *last, int band_limit)
{
#if PADDING_MODE
    for (int a = 0; a < 3; ++a) {
        taps->begin[a] = 0;
        taps->end[a] = view[a].taps;
    }
#else
    /* The smallest box of outputs that surely holds the tile: pixels are numbered by image, band,
     * depth, row, column, and an index varies freely if one before it changes within the tile. */
    const int one_image = first->image == last->image;
    const int one_band = one_image && first->band == last->band;
    const int one_depth = one_band && first->at[0] == last->at[0];
    const int one_row = one_depth && first->at[1] == last->at[1];
    const int band_end = min(last->band + band_limit, view[2].out_count) - 1;
    const int low[3] = {one_band ? first->at[0] : 0, one_depth ? first->at[1] : 0,
                        one_row ? first->at[2] : (one_image ? first->band : 0)};
    const int high[3] = {one_band ? last->at[0] : view[0].out_count - 1,
                         one_depth ? last->at[1] : view[1].out_count - 1,
                         one_row ? last->at[2] : (one_image ? band_end : view[2].out_count - 1)};
    for (int a = 0; a < 3; ++a)
        gemm_trim_axis(taps, a, &view[a], args->axis[a].input, low[a], high[a]);
#endif
    /* An axis without taps leaves nothing of the others. */
    if (taps->end[1] <= taps->begin[1] || taps->end[2] <= taps->begin[2])
        taps->end[0] = taps->begin[0];
}

static inline int gemm_taps_count(const gemm_taps *taps, int a)
{
    return max(taps->end[a] - taps->begin[a], 0);
}
