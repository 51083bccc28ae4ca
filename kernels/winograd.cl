/* winograd: kernels of 3x3 with stride 1 by Winograd's minimal filtering F(TILE x TILE, 3x3), for
 * devices whose work-items own a wide vector unit (CPU devices). No barrier, no __local memory.
 *
 *   dst tile = finish(A^T [sum over c, t of (G g G^T) . (B^T d B)] A)
 *
 * d is a square of ALPHA = TILE + 2 inputs, g the 3x3 taps of one input channel c and depth t, and
 * . multiplies element by element: ALPHA^2 products a tile where a direct sum takes 9 TILE^2. (c,
 * t) is one index below, "channel". A dilated convolution is one such convolution for every residue
 * of an output's coordinates modulo the dilation ("phase"). Depth may have any stride and dilation.
 *
 * Tiles are numbered through phases, output planes and images, across first; LANES of them, one a
 * vector lane, are a pack. For each pack
 *   input    V = B^T d B           [pack][ALPHA^2][channel of all groups][LANES]
 *   product  M = sum U V           [pack][k of all groups, padded][ALPHA^2][LANES]
 *   output   dst = finish(A^T M A)
 * with U = G g G^T, made once by `pack`: [ALPHA^2][g][block of BLOCK_K k][channel][BLOCK_K], zeros
 * past K/G. A launch does all three, an item one group of packs after the other in its own part of
 * the workspace, small enough for the processor's own cache; or, where there are few packs, one of
 * the three in parts of channels.
 *
 * Tensors   src N,C,D,H,W   dst N,K,O,P,Q   workspace V and M of as many packs as are at work
 * Global, local   at the kernels
 * Edges     Inputs in padding are resolved as they are read, a vector of a row at a time; what no
 *           output reads is 0. Lanes of a
 *           pack past the last tile compute something that is never stored; nor is the part of a
 * tile that hangs over the output. Sources   Lavin and Gray, "Fast Algorithms for Convolutional
 * Neural Networks", CVPR 2016; Barabasz, Anderson, Soodhalter, Gregg, "Error Analysis and Improving
 * the Accuracy of Winograd Convolution for Deep Neural Networks", arXiv 1803.10986 (the points of
 * TILE 4).
 */
#define PADDING_MODE 1 /* few lines here ask for the mode: not worth a form */
#include "conv.h"

#ifndef LANES /* floats of a vector register: 8 or 16 */
#define LANES 8
#endif
#ifndef TILE /* outputs of a tile along each axis: 2 or 4 */
#define TILE 4
#endif
#ifndef BLOCK_K /* accumulators of a product, one for each output channel: 1 to 28 */
#define BLOCK_K 8
#endif
#if LANES == 16
typedef float16 vector;
typedef int16 ivector;
#define LANE_INDICES (ivector)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define VECTOR_LOAD  vload16
#define IVECTOR_LOAD vload16
#define VECTOR_STORE vstore16
#define NEXT_LANE(x) ((x).s123456789abcdef0)
#elif LANES == 8
typedef float8 vector;
typedef int8 ivector;
#define LANE_INDICES (ivector)(0, 1, 2, 3, 4, 5, 6, 7)
#define VECTOR_LOAD  vload8
#define IVECTOR_LOAD vload8
#define VECTOR_STORE vstore8
#define NEXT_LANE(x) ((x).s12345670)
#else
#error "LANES is 8 or 16"
#endif
#if TILE != 2 && TILE != 4
#error "TILE is 2 or 4"
#endif
#if BLOCK_K < 1 || BLOCK_K > 28
#error "BLOCK_K is 1 to 28"
#endif

#define ALPHA    (TILE + 2)
#define PRODUCTS (ALPHA * ALPHA)

/* ---- The transforms of one axis ----
 *
 * TILE 4 interpolates at 0, a, -a, b, -b, infinity with a = sqrt(1/2), b = sqrt(2), whose error is
 * about half of that of 0, 1, -1, 2, -2, infinity; TILE 2 at 0, 1, -1, infinity: exact in binary.
 * The rows of B^T are the coefficients of m(x)/(x - p), of m(x) at infinity, m(x) = x(x^2 -
 * a^2)(x^2 - b^2); those of G are (1, p, p^2) / prod(p - q), A^T has the powers of p. The error
 * bound in host/reference/winograd.c counts the roundings of these three functions. */

#define SQRT_HALF 0.70710678118654752440f
#define SQRT_2    1.41421356237309504880f

static inline __attribute__((always_inline)) void transform_input(vector d[ALPHA])
{
#if TILE == 4
    const vector even_a = fma((vector)(-2.0f), d[2], d[4]),
                 odd_a = fma((vector)(-2.0f), d[1], d[3]);
    const vector even_b = fma((vector)(-0.5f), d[2], d[4]),
                 odd_b = fma((vector)(-0.5f), d[1], d[3]);
    d[0] = fma((vector)(-2.5f), d[2], d[0] + d[4]);
    d[5] = fma((vector)(-2.5f), d[3], d[1] + d[5]);
    d[1] = fma((vector)(SQRT_HALF), odd_a, even_a);
    d[2] = fma((vector)(-SQRT_HALF), odd_a, even_a);
    d[3] = fma((vector)(SQRT_2), odd_b, even_b);
    d[4] = fma((vector)(-SQRT_2), odd_b, even_b);
#else
    const vector sum = d[1] + d[2], difference = d[2] - d[1];
    d[0] = d[2] - d[0];
    d[3] = d[3] - d[1];
    d[1] = sum;
    d[2] = difference;
#endif
}

/* m[0] to m[TILE - 1] receive the outputs. */
static inline __attribute__((always_inline)) void transform_output(vector m[ALPHA])
{
#if TILE == 4
    const vector sum_a = m[1] + m[2], difference_a = m[1] - m[2];
    const vector sum_b = m[3] + m[4], difference_b = m[3] - m[4];
    m[0] = m[0] + (sum_a + sum_b);
    m[1] = SQRT_HALF * fma((vector)(2.0f), difference_b, difference_a);
    m[2] = fma((vector)(2.0f), sum_b, 0.5f * sum_a);
    m[3] = fma((vector)(0.5f * SQRT_HALF), fma((vector)(8.0f), difference_b, difference_a), m[5]);
#else
    m[0] = m[0] + (m[1] + m[2]);
    m[1] = (m[1] - m[2]) + m[3];
#endif
}

static inline void transform_taps(const float g[3], float u[ALPHA])
{
#if TILE == 4
    const float even_a = fma(0.5f, g[2], g[0]), odd_a = SQRT_HALF * g[1];
    const float even_b = fma(2.0f, g[2], g[0]), odd_b = SQRT_2 * g[1];
    u[0] = g[0];
    u[1] = (even_a + odd_a) * (-2.0f / 3.0f);
    u[2] = (even_a - odd_a) * (-2.0f / 3.0f);
    u[3] = (even_b + odd_b) * (1.0f / 6.0f);
    u[4] = (even_b - odd_b) * (1.0f / 6.0f);
    u[5] = g[2];
#else
    const float even = g[0] + g[2];
    u[0] = -g[0];
    u[1] = 0.5f * (even + g[1]);
    u[2] = 0.5f * (even - g[1]);
    u[3] = g[2];
#endif
}

/* ---- Packs of tiles ---- */

/* Tiles side by side in one tile row: consecutive lanes of a pack. */
typedef struct {
    int lane, count;
    int n, o; /* image and output plane; n == N: past the last tile */
    int phase_h, phase_w;
    int i, j; /* first output of the first tile, counted within the phase */
} run;

static inline int phases(conv_axis a)
{
    return min(a.dilation, a.output);
}

/* Tiles along an axis of the largest phase, which is the first. */
static inline int tiles(conv_axis a)
{
    return (a.output + phases(a) * TILE - 1) / (phases(a) * TILE);
}

/* The runs of a pack; returns how many. */
static inline int find_runs(const conv_args *args, int pack, run runs[LANES])
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int across = tiles(width), down = tiles(height);
    const int phases_w = phases(width), phases_h = phases(height);
    const long first = (long)pack * LANES;
    long row = first / across;
    int tile = first % across, count = 0;
    for (int lane = 0; lane < LANES; ++row, tile = 0) {
        run r;
        r.lane = lane;
        r.count = min(LANES - lane, across - tile);
        r.i = row % down * TILE;
        r.j = tile * TILE;
        const long plane = row / down;
        r.phase_w = plane % phases_w;
        r.phase_h = plane / phases_w % phases_h;
        r.o = plane / phases_w / phases_h % depth.output;
        r.n = min(plane / phases_w / phases_h / depth.output, (long)args->N);
        lane += r.count;
        runs[count++] = r;
    }
    return count;
}

/* ---- Input ---- */

/* The first index past those that an output reads. */
static inline int inputs(conv_axis a)
{
    return a.output + 2 * a.dilation - a.padding;
}

/* LANES inputs of a row, one by one: indices first, first + step, ... From index `end` on they are
 * 0. */
static inline vector gather_row(__global const float *row, int first, int step, int size, int end,
                                int mode)
{
    float values[LANES];
    for (int j = 0; j < LANES; ++j) {
        const int i = first + j * step;
        const int index = i < end ? conv_pad_index(i, size, mode) : -1;
        values[j] = index < 0 ? 0.0f : row[index];
    }
    return VECTOR_LOAD(0, values);
}

/* Every TILE-th element of LANES * TILE consecutive ones: column[s][lane] = x[lane * TILE + s]. */
static inline __attribute__((always_inline)) void split_columns(const float *x, vector column[TILE])
{
    const vector x0 = VECTOR_LOAD(0, x), x1 = VECTOR_LOAD(1, x);
    const vector even = (vector)(x0.even, x1.even), odd = (vector)(x0.odd, x1.odd);
#if TILE == 4
    const vector x2 = VECTOR_LOAD(2, x), x3 = VECTOR_LOAD(3, x);
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

/* Rows of a pack's tiles side by side, transformed along the height: TILE columns of each tile. The
 * two columns that follow them are the first of the next lane, but for the last tile of a run:
 * `end` has those. Room for a vector more. */
typedef struct {
    float row[ALPHA][(TILE + 1) * LANES];
    float end[ALPHA][2][LANES];
} strip;

/* The rows of one run of one channel, whose plane begins at element `plane` of `total`. Whole
 * vectors may be read past a row's ends, but not past the tensor's. */
static inline __attribute__((always_inline)) void read_run(conv_axis height, conv_axis width,
                                                           int mode, run r,
                                                           __global const float *src, long plane,
                                                           long total, strip *s)
{
    const int first_h = r.phase_h + r.i * height.dilation - height.padding;
    const int first_w = r.phase_w + r.j * width.dilation - width.padding;
    const int end = min(width.input, inputs(width)), step = width.dilation;
    const long last_row = plane + (long)(height.input - 1) * width.input;
    const int columns = r.count * TILE + 2;
    int rows[ALPHA];
#pragma unroll
    for (int a = 0; a < ALPHA; ++a) {
        const int i = first_h + a * height.dilation;
        rows[a] = i < inputs(height) ? conv_pad_index(i, height.input, mode) : -1;
    }
    for (int x = 0; x < columns; x += LANES) {
        const int first = first_w + x * step;
        vector d[ALPHA];
        if (step == 1 && plane + first >= 0 && last_row + first + LANES <= total &&
            (mode == 0 || (first >= 0 && first + LANES <= end))) {
            const ivector index = LANE_INDICES + first;
            const ivector inside = index >= 0 && index < end;
#pragma unroll
            for (int a = 0; a < ALPHA; ++a) {
                const long start = plane + (long)max(rows[a], 0) * width.input + first;
                d[a] = select((vector)0.0f, VECTOR_LOAD(0, src + start), inside);
            }
        } else {
#pragma unroll
            for (int a = 0; a < ALPHA; ++a)
                d[a] = gather_row(src + plane + (long)max(rows[a], 0) * width.input, first, step,
                                  width.input, inputs(width), mode);
        }
#pragma unroll
        for (int a = 0; a < ALPHA; ++a)
            if (rows[a] < 0)
                d[a] = (vector)0.0f;
        transform_input(d);
        /* What is written past the run is overwritten by the next. */
#pragma unroll
        for (int a = 0; a < ALPHA; ++a)
            VECTOR_STORE(d[a], 0, s->row[a] + r.lane * TILE + x);
    }
    const int last = r.lane + r.count - 1;
#pragma unroll
    for (int a = 0; a < ALPHA; ++a) {
        s->end[a][0][last] = s->row[a][(last + 1) * TILE];
        s->end[a][1][last] = s->row[a][(last + 1) * TILE + 1];
    }
}

/* V of channels [first, last) of a pack. */
static inline __attribute__((always_inline)) void transform_pack(const conv_args *args,
                                                                 __global const float *src,
                                                                 __global float *V, int pack,
                                                                 int first, int last)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int taps = depth.kernel_size, C = args->C, N = args->N, channels = C * taps;
    const int mode = args->padding_mode;
    const long slice = (long)height.input * width.input, plane = slice * depth.input;
    const long total = plane * C * N;

    run runs[LANES];
    int is_end[LANES];
    strip s;
    const int run_count = find_runs(args, pack, runs);
    for (int i = 0; i < LANES; ++i)
        is_end[i] = 0;
    for (int i = 0; i < run_count; ++i)
        is_end[runs[i].lane + runs[i].count - 1] = -1;
    const ivector ends = IVECTOR_LOAD(0, is_end);
    for (int a = 0; a < ALPHA; ++a) {
        for (int i = 0; i < (TILE + 1) * LANES; ++i)
            s.row[a][i] = 0.0f;
        for (int i = 0; i < LANES; ++i)
            s.end[a][0][i] = s.end[a][1][i] = 0.0f;
    }

    for (int channel = first; channel < last; ++channel) {
        const int c = channel / taps, t = channel - c * taps;
        for (int i = 0; i < run_count && runs[i].n < N; ++i) {
            const run r = runs[i];
            const int d = conv_pad_index(r.o * depth.stride + t * depth.dilation - depth.padding,
                                         depth.input, mode);
            if (d >= 0) {
                read_run(height, width, mode, r, src, ((long)r.n * C + c) * plane + d * slice,
                         total, &s);
                continue;
            }
            for (int a = 0; a < ALPHA; ++a) {
                for (int x = 0; x < r.count * TILE; ++x)
                    s.row[a][r.lane * TILE + x] = 0.0f;
                s.end[a][0][r.lane + r.count - 1] = s.end[a][1][r.lane + r.count - 1] = 0.0f;
            }
        }
#pragma unroll
        for (int a = 0; a < ALPHA; ++a) {
            vector columns[TILE + 2];
            split_columns(s.row[a], columns);
#pragma unroll
            for (int b = 0; b < 2; ++b)
                columns[TILE + b] =
                    select(NEXT_LANE(columns[b]), VECTOR_LOAD(0, s.end[a][b]), ends);
            transform_input(columns);
#pragma unroll
            for (int b = 0; b < ALPHA; ++b)
                VECTOR_STORE(columns[b], (long)(a * ALPHA + b) * channels + channel, V);
        }
    }
}

/* ---- Product ---- */

/* M of one product and BLOCK_K output channels of a pack. */
static inline __attribute__((always_inline)) void
multiply(__global const float *u, __global const float *v, int channels, __global float *m)
{
    vector sum[BLOCK_K];
#pragma unroll
    for (int k = 0; k < BLOCK_K; ++k)
        sum[k] = (vector)0.0f;
    for (int c = 0; c < channels; ++c, u += BLOCK_K, v += LANES) {
        const vector x = VECTOR_LOAD(0, v);
#pragma unroll
        for (int k = 0; k < BLOCK_K; ++k)
            sum[k] = fma((vector)(u[k]), x, sum[k]);
    }
#pragma unroll
    for (int k = 0; k < BLOCK_K; ++k)
        VECTOR_STORE(sum[k], k * PRODUCTS, m);
}

/* ---- Output ---- */

/* conv_activate (conv.h) for vectors. */
static inline vector activate(vector x, int activation, float slope)
{
    switch (activation) {
    case 1: return select(x, (vector)0.0f, x < 0.0f);
    case 2: return select(select(x, (vector)6.0f, x > 6.0f), (vector)0.0f, x < 0.0f);
    case 3: return select(x, slope * x, x < 0.0f);
    case 4: return 1.0f / (1.0f + exp(-x));
    case 5: return tanh(x);
    case 6: return x / (1.0f + exp(-x));
    default: return x;
    }
}

/* The inverse of split_columns. */
static inline __attribute__((always_inline)) void join_columns(const vector column[TILE], float *x)
{
    vector y;
#if TILE == 4
    vector even, odd;
    even.even = column[0].lo, even.odd = column[2].lo;
    odd.even = column[1].lo, odd.odd = column[3].lo;
    y.even = even.lo, y.odd = odd.lo;
    VECTOR_STORE(y, 0, x);
    y.even = even.hi, y.odd = odd.hi;
    VECTOR_STORE(y, 1, x);
    even.even = column[0].hi, even.odd = column[2].hi;
    odd.even = column[1].hi, odd.odd = column[3].hi;
    y.even = even.lo, y.odd = odd.lo;
    VECTOR_STORE(y, 2, x);
    y.even = even.hi, y.odd = odd.hi;
    VECTOR_STORE(y, 3, x);
#else
    y.even = column[0].lo, y.odd = column[1].lo;
    VECTOR_STORE(y, 0, x);
    y.even = column[0].hi, y.odd = column[1].hi;
    VECTOR_STORE(y, 1, x);
#endif
}

/* x[0], ... to dst[0], dst[step], ... */
static inline void write_row(const float *x, int count, __global float *dst, int step)
{
    int j = 0;
    if (step == 1) {
        for (; j + LANES <= count; j += LANES)
            VECTOR_STORE(VECTOR_LOAD(0, x + j), 0, dst + j);
        if (j + LANES / 2 <= count) {
#if LANES == 16
            vstore8(vload8(0, x + j), 0, dst + j);
#else
            vstore4(vload4(0, x + j), 0, dst + j);
#endif
            j += LANES / 2;
        }
    }
    for (; j < count; ++j)
        dst[j * step] = x[j];
}

/* The outputs of channels [first, last) of a pack. */
static inline __attribute__((always_inline)) void
finish_pack(const conv_args *args, __global const float *M, __global const float *bias,
            __global float *dst, long pack, int first, int last)
{
    const conv_axis height = args->axis[1], width = args->axis[2];
    const int step_h = height.dilation, step_w = width.dilation, planes = args->axis[0].output;
    const int K = args->K, N = args->N, group_k = K / args->G, has_bias = args->has_bias;
    const int padded_k = (group_k + BLOCK_K - 1) / BLOCK_K * BLOCK_K;
    const int activation = args->activation;
    const float slope = args->slope;
    const long slice = (long)height.output * width.output;

    run runs[LANES];
    const int run_count = find_runs(args, pack, runs);
    for (int k = first; k < last; ++k) {
        __global const float *m =
            M + ((ulong)(k / group_k) * padded_k + k % group_k) * PRODUCTS * LANES;
        vector y[TILE][ALPHA];
        float rows[TILE][TILE * LANES];
#pragma unroll
        for (int b = 0; b < ALPHA; ++b) {
            vector column[ALPHA];
#pragma unroll
            for (int a = 0; a < ALPHA; ++a)
                column[a] = VECTOR_LOAD(a * ALPHA + b, m);
            transform_output(column);
#pragma unroll
            for (int a = 0; a < TILE; ++a)
                y[a][b] = column[a];
        }
        const vector shift = (vector)(has_bias ? bias[k] : 0.0f);
#pragma unroll
        for (int a = 0; a < TILE; ++a) {
            transform_output(y[a]);
#pragma unroll
            for (int b = 0; b < TILE; ++b)
                y[a][b] += shift;
            join_columns(y[a], rows[a]);
        }
        if (activation != 0)
            for (int i = 0; i < TILE * TILE; ++i)
                VECTOR_STORE(activate(VECTOR_LOAD(i, rows[0]), activation, slope), i, rows[0]);
        for (int i = 0; i < run_count && runs[i].n < N; ++i) {
            const run r = runs[i];
            const int p = r.phase_h + r.i * step_h, q = r.phase_w + r.j * step_w;
            const int count = min(r.count * TILE, (width.output - q + step_w - 1) / step_w);
            __global float *out = dst + (((long)r.n * K + k) * planes + r.o) * slice + q;
#pragma unroll
            for (int a = 0; a < TILE; ++a)
                if (p + a * step_h < height.output)
                    write_row(rows[a] + r.lane * TILE, count,
                              out + (long)(p + a * step_h) * width.output, step_w);
        }
    }
}

/* ---- Kernels ---- */

/* What a launch does. */
#define INPUT   1
#define PRODUCT 2
#define OUTPUT  4

/* Global {groups of group_packs packs, parts of `part` channels (INPUT), blocks (PRODUCT) or k
 * (OUTPUT), 1 or, for PRODUCT alone, PRODUCTS}. Where a launch does all three, an item takes every
 * n-th group, n the number of items, and has room for one group in the workspace; otherwise every
 * pack has its own. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd(const conv_args args, __global const float *restrict src, __global const float *restrict U,
         __global const float *restrict bias, __global float *restrict dst,
         __global float *restrict workspace, const ulong V_offset, const ulong M_offset,
         const int packs, const int group_packs, const int part, const int work)
{
    const conv_args a = args;
    const int channels = a.C * a.axis[0].kernel_size, group_channels = channels / a.G;
    const int group_blocks = (a.K / a.G + BLOCK_K - 1) / BLOCK_K, blocks = group_blocks * a.G;
    const int first = get_global_id(1) * part; /* one part: 0 */
    const int last_channel = min((long)first + part, (long)channels);
    const int last_block = min((long)first + part, (long)blocks);
    const int last_k = min((long)first + part, (long)a.K);
    const int first_xi = get_global_id(2);
    const int last_xi = get_global_size(2) == 1 ? PRODUCTS : first_xi + 1;
    const ulong V_pack = (ulong)PRODUCTS * channels * LANES;
    const ulong M_pack = (ulong)PRODUCTS * blocks * BLOCK_K * LANES;

    const int whole = work == (INPUT | PRODUCT | OUTPUT); /* then item 0 is idle */
    const int item = (int)get_global_id(0) - whole, items = (int)get_global_size(0) - whole;
    if (item < 0)
        return;
    for (int p = item * group_packs; p < packs; p += items * group_packs) {
        const int count = min(group_packs, packs - p);
        const int place = whole ? item * group_packs : p;
        __global float *V = workspace + V_offset + place * V_pack;
        __global float *M = workspace + M_offset + place * M_pack;
        if (work & INPUT)
            for (int i = 0; i < count; ++i)
                transform_pack(&a, src + a.src_offset, V + i * V_pack, p + i, first, last_channel);
        if (work & PRODUCT)
            for (int xi = first_xi; xi < last_xi; ++xi)
                for (int i = 0; i < count; ++i)
                    for (int b = first; b < last_block; ++b)
                        multiply(U + a.weights_offset +
                                     ((ulong)xi * blocks + b) * group_channels * BLOCK_K,
                                 V + i * V_pack +
                                     ((ulong)xi * channels + b / group_blocks * group_channels) *
                                         LANES,
                                 group_channels,
                                 M + i * M_pack + ((ulong)b * BLOCK_K * PRODUCTS + xi) * LANES);
        if (work & OUTPUT)
            for (int i = 0; i < count; ++i)
                finish_pack(&a, M + i * M_pack, bias + a.bias_offset, dst + a.dst_offset, p + i,
                            first, last_k);
    }
}

/* ---- Weights ---- */

/* Global {K/G rounded up to blocks, channels of a group, G}. */
__kernel __attribute__((reqd_work_group_size(BLOCK_K, 1, 1))) void
pack(const conv_args args, __global const float *restrict weights, __global float *restrict U,
     const ulong U_offset)
{
    const int taps = args.axis[0].kernel_size;
    const int group_channels = args.C / args.G * taps, group_k = args.K / args.G;
    const int k = get_global_id(0), channel = get_global_id(1), g = get_global_id(2);
    const ulong blocks = (ulong)get_global_size(0) / BLOCK_K * args.G;
    const ulong block = (ulong)g * (get_global_size(0) / BLOCK_K) + k / BLOCK_K;
    const ulong filter = ((ulong)g * group_k + k) * group_channels + channel;
    float rows[ALPHA][3];
#pragma unroll
    for (int s = 0; s < 3; ++s) {
        float g_column[3], u[ALPHA];
#pragma unroll
        for (int r = 0; r < 3; ++r)
            g_column[r] =
                k < group_k ? weights[args.weights_offset + filter * 9 + r * 3 + s] : 0.0f;
        transform_taps(g_column, u);
#pragma unroll
        for (int a = 0; a < ALPHA; ++a)
            rows[a][s] = u[a];
    }
#pragma unroll
    for (int a = 0; a < ALPHA; ++a) {
        float u[ALPHA];
        transform_taps(rows[a], u);
#pragma unroll
        for (int b = 0; b < ALPHA; ++b)
            U[U_offset + (((a * ALPHA + b) * blocks + block) * group_channels + channel) * BLOCK_K +
              k % BLOCK_K] = u[b];
    }
}
