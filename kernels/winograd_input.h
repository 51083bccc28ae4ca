/* V = B^T d B of the tiles of a pack, for winograd.cl.
 *
 * The rows of a pack's tiles lie side by side in a strip, already transformed along the height, as
 * that needs only whole vectors of neighbours. Then each row is split into the columns of the
 * tiles, a lane for each tile, and transformed along the width. A strip is filled before that of
 * the channel before is read: loads from parts of two stores wait until both are done. */

/* The first index past those that an output reads. */
static inline int inputs(conv_axis a)
{
    return a.output + 2 * a.dilation - a.padding;
}

/* What a run reads of a plane of src. */
typedef struct {
    int rows[ALPHA];               /* index, or -1: zeros */
    int first;                     /* index of the first column */
    int neighbours;                /* the columns are, and those outside of src are zeros */
    int columns[TILE * LANES + 2]; /* index, or -1: zeros */
} source;

static inline void find_source(source *s, const conv_args *args, const run *r)
{
    const conv_axis height = args->axis[1], width = args->axis[2];
    const int mode = args->padding_mode, columns = r->count * TILE + 2;
    const int first_h = r->phase_h + r->i * height.dilation - height.padding;
    const int first_w = r->phase_w + r->j * width.dilation - width.padding;
    for (int a = 0; a < ALPHA; ++a) {
        const int i = first_h + a * height.dilation;
        s->rows[a] = i < inputs(height) ? conv_pad_index(i, height.input, mode) : -1;
    }
    for (int x = 0; x < columns; ++x) {
        const int i = first_w + x * width.dilation;
        s->columns[x] = i < inputs(width) ? conv_pad_index(i, width.input, mode) : -1;
    }
    s->first = first_w;
    s->neighbours =
        width.dilation == 1 &&
        (mode == 0 || (first_w >= 0 && first_w + columns <= min(width.input, inputs(width))));
}

typedef struct {
    /* TILE columns of each tile, and room for what is written past the last run. */
    float row[ALPHA][(TILE + 1) * LANES];
    /* The two columns that follow them are the first of the next lane, but at the end of a run. */
    float end[ALPHA][2][LANES];
} strip;

/* The columns of a run, one by one. */
static __attribute__((noinline)) void gather(const source *s, __global const float *plane,
                                             int width, int columns,
                                             float values[ALPHA][(TILE + 1) * LANES])
{
    for (int a = 0; a < ALPHA; ++a) {
        __global const float *row = plane + (long)max(s->rows[a], 0) * width;
        for (int x = 0; x < columns; ++x) {
            const float value = row[max(s->columns[x], 0)];
            values[a][x] = s->columns[x] < 0 ? 0.0f : value;
        }
    }
}

/* One run of one channel, whose plane begins at element `start` of `total`. */
static inline __attribute__((always_inline)) void fill_run(strip *to, const run *r, const source *s,
                                                           conv_axis height, conv_axis width,
                                                           __global const float *src, long start,
                                                           long total)
{
    const int first = s->first, end = min(width.input, inputs(width));
    const int lane = r->lane, count = r->count, columns = count * TILE + 2;
    __global const float *plane = src + start;
    /* Whole vectors may be read past a row's ends, but not past the tensor's. */
    const int neighbours =
        s->neighbours && start + first >= 0 &&
        start + (long)(height.input - 1) * width.input + first + columns + LANES <= total;
    float gathered[ALPHA][(TILE + 1) * LANES];
    if (!neighbours)
        gather(s, plane, width.input, columns, gathered);
    for (int x = 0; x < columns; x += LANES) {
        const ivector index = LANE_INDICES + (first + x);
        const ivector inside = index >= 0 && index < end;
        vector d[ALPHA];
#pragma unroll
        for (int a = 0; a < ALPHA; ++a) {
            const int row = s->rows[a];
            if (row < 0)
                d[a] = (vector)0.0f;
            else if (neighbours)
                d[a] = select((vector)0.0f,
                              LOAD_GLOBAL(plane + (long)row * width.input + first + x), inside);
            else
                d[a] = LOAD(gathered[a] + x);
        }
        transform_input(d);
        /* What is written past the run is overwritten by the next. */
#pragma unroll
        for (int a = 0; a < ALPHA; ++a)
            STORE(d[a], to->row[a] + lane * TILE + x);
    }
    const int last = lane + count - 1;
#pragma unroll
    for (int a = 0; a < ALPHA; ++a) {
        to->end[a][0][last] = to->row[a][(last + 1) * TILE];
        to->end[a][1][last] = to->row[a][(last + 1) * TILE + 1];
    }
}

/* A run of a channel in the padding of the depth. */
static inline void clear_run(strip *to, const run *r)
{
    for (int a = 0; a < ALPHA; ++a) {
        for (int x = 0; x < r->count * TILE; ++x)
            to->row[a][r->lane * TILE + x] = 0.0f;
        to->end[a][0][r->lane + r->count - 1] = to->end[a][1][r->lane + r->count - 1] = 0.0f;
    }
}

/* Every TILE-th element of LANES * TILE consecutive ones: column[s][lane] = x[lane * TILE + s]. */
static inline __attribute__((always_inline)) void split_columns(const float *x, vector column[TILE])
{
    const vector x0 = LOAD(x), x1 = LOAD(x + LANES);
    const vector even = (vector)(x0.even, x1.even), odd = (vector)(x0.odd, x1.odd);
#if TILE == 4
    const vector x2 = LOAD(x + 2 * LANES), x3 = LOAD(x + 3 * LANES);
    const vector even2 = (vector)(x2.even, x3.even), odd2 = (vector)(x2.odd, x3.odd);
    column[0] = (vector)(even.even, even2.even);
    column[1] = (vector)(odd.even, odd2.even);
    column[2] = (vector)(even.odd, even2.odd);
    column[3] = (vector)(odd.odd, odd2.odd);
#else
    column[0] = even;
    column[1] = odd;
#endif
}

/* V of channels [first, last) of a pack. */
static __attribute__((noinline)) void transform_pack(const conv_args *args,
                                                     __global const float *src, __global float *V,
                                                     int pack, int first, int last)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int taps = depth.kernel_size, C = args->C, N = args->N;
    const int pitch = channel_pitch(C * taps), mode = args->padding_mode;
    const long slice = (long)height.input * width.input, plane = slice * depth.input;
    const long total = plane * C * N;

    run runs[LANES];
    source sources[LANES];
    int is_end[LANES];
    strip strips[2];
    int run_count = find_runs(args, pack, runs);
    while (run_count > 0 && runs[run_count - 1].n >= N)
        --run_count;
    for (int i = 0; i < LANES; ++i)
        is_end[i] = 0;
    for (int i = 0; i < run_count; ++i) {
        find_source(&sources[i], args, &runs[i]);
        is_end[runs[i].lane + runs[i].count - 1] = -1;
    }
    const ivector ends = LOAD_INDICES(is_end);
    for (int i = 0; i < 2; ++i)
        for (int a = 0; a < ALPHA; ++a) {
            for (int x = 0; x < (TILE + 1) * LANES; ++x)
                strips[i].row[a][x] = 0.0f;
            for (int x = 0; x < LANES; ++x)
                strips[i].end[a][0][x] = strips[i].end[a][1][x] = 0.0f;
        }

    for (int channel = first; channel <= last; ++channel) {
        const int c = channel / taps, t = channel - c * taps;
        for (int i = 0; i < run_count && channel < last; ++i) {
            const int d = conv_pad_index(
                runs[i].o * depth.stride + t * depth.dilation - depth.padding, depth.input, mode);
            if (d >= 0)
                fill_run(&strips[channel & 1], &runs[i], &sources[i], height, width, src,
                         ((long)runs[i].n * C + c) * plane + d * slice, total);
            else
                clear_run(&strips[channel & 1], &runs[i]);
        }
        if (channel == first)
            continue;
        const strip *from = &strips[(channel - 1) & 1];
        __global float *to = V + (long)(channel - 1) * LANES;
        for (int a = 0; a < ALPHA; ++a) {
            vector columns[TILE + 2];
            split_columns(from->row[a], columns);
#pragma unroll
            for (int b = 0; b < 2; ++b)
                columns[TILE + b] = select(NEXT_LANE(columns[b]), LOAD(from->end[a][b]), ends);
            transform_input(columns);
#pragma unroll
            for (int b = 0; b < ALPHA; ++b, to += (long)pitch * LANES)
                STORE_GLOBAL(columns[b], to);
        }
    }
}
