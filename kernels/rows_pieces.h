/* Planes of any size in pieces, for all forms of rows.cl but SHORT: what a piece reads, and which
 * vectors of it can be read whole. */

#if KERNEL
#include "rows_strip.h"
#else
#include "rows_taps.h"
#endif

/* Rows and floats of a piece: it stays in the first-level cache while the next columns are
 * computed, but rows above and below it are read again. */
#define PIECE        (KERNEL > 5 ? 8 * KERNEL : 28)
#define PIECE_FLOATS 4096

/* Rows p to p + rows of slice o of plane `plane`, a channel of an image, and of the plane that
 * shares its vectors. */
typedef struct {
    ulong plane;
    int o, p, rows;
    int inner; /* what vectors read of rows above, below and beside it lies in the tensor */
    spacing apart;
} piece;

/* How far a row is read from tap 0 of a vector's first lane on; with stride 2 the last tap's are
 * odd lanes of a pair, if KERNEL > 0. */
INLINE int row_reach(conv_axis width)
{
    const int last = (width.kernel_size - 1) * width.dilation, stride = min(width.stride, 2);
    return last - (KERNEL > 0 && stride == 2) + stride * COLUMNS;
}

/* Rows of a piece, the same for all of a plane but the last. */
INLINE int piece_rows(const conv_args *args)
{
    const conv_axis height = args->axis[1], width = args->axis[2];
    const int row = height.stride * width.input + width.output;
    const int most = width.output <= COLUMNS ? height.output : max(PIECE, PIECE_FLOATS / row);
    const int pieces = (height.output + most - 1) / most;
    return (height.output + pieces - 1) / pieces;
}

/* Whether no vector reads beyond the planes before and after its own. */
INLINE int stays_near(const conv_args *args)
{
    const conv_axis width = args->axis[2];
    const long plane = (long)args->axis[0].input * args->axis[1].input * width.input;
    const long last = (long)max(width.output - COLUMNS, 0) * width.stride - width.padding;
    return width.padding <= plane && last + row_reach(width) <= plane + width.input;
}

/* Whether whole vectors can be read for all taps: each starts in a row of the tensor, or up to the
 * padding before it, and none reaches past its end. `from` is the input of the first and `to` of
 * the last vector's tap 0, `reach` how far a row is read from there on. */
INLINE int can_read(const conv_args *args, const piece *at, int d, int from_h, int from_w, int to_h,
                    int to_w, int reach)
{
    if (at->inner)
        return 1;
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const long size = (long)depth.input * height.input * width.input;
    const int last_d = d + (depth.kernel_size - 1) * depth.dilation;
    const int last_h = to_h + (height.kernel_size - 1) * height.dilation;
    const int low =
        clamp(d, 0, depth.input - 1) * height.input + clamp(from_h, 0, height.input - 1);
    const int high =
        clamp(last_d, 0, depth.input - 1) * height.input + clamp(last_h, 0, height.input - 1);
    const long first = (long)at->plane * size, last = first + at->apart.src;
    return first + (long)low * width.input + from_w >= 0 &&
           last + (long)high * width.input + to_w + reach <= size * args->N * args->C;
}

#if KERNEL

/* A piece of one output channel, into `out`. */
INLINE void compute_piece(const conv_args *args, piece at, __global const float *src,
                          __global const float *weights, vector shift, __global float *out)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int Q = width.output, short_rows = (COLUMNS - 1) / Q;
    const int slice = height.input * width.input;
    const int d = at.o * depth.stride - depth.padding;
    const int t_first = d < 0 ? (depth.dilation - 1 - d) / depth.dilation : 0;
    const int t_end =
        d < depth.input ? min(depth.kernel_size, (depth.input - 1 - d) / depth.dilation + 1) : 0;
    const int t_begin = min(t_first, depth.kernel_size - 1);
    for (int q = 0; q < Q; q += COLUMNS) {
        const int column = max(min(q, Q - COLUMNS), 0), w = column * STRIDE - width.padding;
        for (int p = 0, rows; p < at.rows; p += rows) {
            const int h = (at.p + p) * STRIDE - height.padding;
            __global float *const to = out + p * Q + column;
            /* A strip, whose last row alone may not run into others; or a row at the tensor's ends.
             */
            rows = max(at.rows - p - short_rows, 0) + 1;
            rows = min(rows, at.rows - p);
            const int reach = row_reach(width);
            int readable = can_read(args, &at, d, h, w, h + (rows - 1) * STRIDE, w, reach);
            if (!readable) {
                rows = 1;
                readable = can_read(args, &at, d, h, w, h, w, reach);
            }
            if (!readable) {
                store_part(sum_lanes(args, src, d, h, w, weights, shift, &at.apart), Q, to,
                           at.apart.dst);
                continue;
            }
            strip s;
            s.dst = to;
            s.h = h;
            s.w = w;
            s.width = width.input;
            s.rows = rows;
            s.columns = Q;
            s.apart = at.apart;
            s.shift = shift;
            int t = t_begin;
            do {
                s.src = src + (long)(d + t * depth.dilation) * slice;
                s.weights = weights + t * (KERNEL * KERNEL);
                s.height = t >= t_first && t < t_end ? height.input : 0;
                s.more = t > t_begin;
                sum_strip(&s);
            } while (++t < t_end);
        }
    }
}

#else

INLINE void compute_piece(const conv_args *args, piece at, __global const float *src,
                          __global const float *weights, vector shift, __global float *out)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int Q = width.output;
    /* A block is `down` rows of `across` vectors. */
    const int across = height.output < 3 ? BLOCK : 1, down = BLOCK / across;
    const int reach = row_reach(width);
    for (int block = 0; block < at.rows; block += down) {
        const int p = max(min(block, at.rows - down), 0), size = (at.rows - p) * Q;
        for (int q = 0; q < Q; q += COLUMNS * across) {
            const int count =
                across > 1 ? min((Q - q + COLUMNS - 1) / COLUMNS, BLOCK) : min(at.rows - p, down);
            int to[BLOCK];
            block_source from;
            from.src = src;
            from.apart = at.apart;
            from.d = at.o * depth.stride - depth.padding;
#pragma unroll
            for (int i = 0; i < BLOCK; ++i) {
                const int row = across > 1 ? 0 : i;
                const int column = max(min(across > 1 ? q + i * COLUMNS : q, Q - COLUMNS), 0);
                from.h[i] = (at.p + p + row) * height.stride - height.padding;
                from.w[i] = column * width.stride - width.padding;
                to[i] = row * Q + column;
            }
            const int inside = from.w[0] >= 0 && from.w[BLOCK - 1] + reach <= width.input;
            const int readable =
                inside || (!PADDING_MODE && can_read(args, &at, from.d, from.h[0], from.w[0],
                                                     from.h[BLOCK - 1], from.w[BLOCK - 1], reach));
            vector sum[BLOCK];
            if (readable && width.stride <= 2) {
#pragma unroll
                for (int i = 0; i < BLOCK; ++i)
                    sum[i] = shift;
                if (width.stride == 1)
                    sum_block(sum, args, &from, weights, 1, inside, count);
                else
                    sum_block(sum, args, &from, weights, 2, inside, count);
            } else {
#pragma unroll
                for (int i = 0; i < BLOCK; ++i)
                    if (i < count)
                        sum[i] = sum_lanes(args, src, from.d, from.h[i], from.w[i], weights, shift,
                                           &at.apart);
            }
#pragma unroll
            for (int i = 0; i < BLOCK; ++i)
                if (i < count)
                    store_part(sum[i], size - to[i] >= COLUMNS ? COLUMNS : Q, out + p * Q + to[i],
                               at.apart.dst);
        }
    }
}

#endif

/* The output rows [line, end) of all planes, those of planes that share a vector counted once; a
 * function of its own, as PoCL compiles a kernel three times. */
CALLED void compute(const conv_args *given, __global const float *src,
                    __global const float *weights, __global const float *bias, __global float *dst,
                    ulong line, ulong end)
{
    const conv_args args = *given;
    const int C = args.C, m = args.K / args.C, O = args.axis[0].output, P = args.axis[1].output;
    const int Q = args.axis[2].output;
    const int taps = args.axis[0].kernel_size * args.axis[1].kernel_size * args.axis[2].kernel_size;
    const long in_plane = (long)args.axis[0].input * args.axis[1].input * args.axis[2].input;
    const long out_rows = (long)O * P;
    const ulong planes = (ulong)args.N * (ulong)C;
    const int near = stays_near(&args), most_rows = piece_rows(&args);
    piece at;
    at.plane = line / (ulong)out_rows;
    at.o = (int)(line - at.plane * (ulong)out_rows) / P;
    at.p = (int)(line - at.plane * (ulong)out_rows) - at.o * P;
    at.plane *= PLANES;
    int c = (int)(at.plane % (ulong)C);
    src += args.src_offset;
    dst += args.dst_offset;
    weights += args.weights_offset;
    bias += args.bias_offset;
    while (line < end) {
        const int pair = PLANES > 1 && at.plane + 1 < planes;
        const int step = pair ? (c + 1 < C ? 1 : -c) : 0; /* channels to that of the other plane */
        at.inner = near && at.plane > 0 && at.plane + PLANES < planes;
        at.apart.src = pair ? in_plane : 0;
        at.apart.dst = pair ? m * out_rows * Q : 0;
        at.apart.weights = (long)step * m * taps;
        at.rows = (int)min((ulong)min(P - at.p, most_rows), end - line);
        for (int k = 0; k < m; ++k) {
            const vector shift =
                args.has_bias ? spread(bias + c * m + k, (long)step * m) : (vector)(0.0f);
            __global float *out = dst + ((((long)at.plane * m + k) * O + at.o) * P + at.p) * Q;
            compute_piece(&args, at, src + (long)at.plane * in_plane,
                          weights + ((long)c * m + k) * taps, shift, out);
            if (args.activation != 0) {
                activate_values(out, at.rows * Q, args.activation, args.slope);
                if (pair)
                    activate_values(out + at.apart.dst, at.rows * Q, args.activation, args.slope);
            }
        }
        line += (ulong)at.rows;
        at.p += at.rows;
        if (at.p == P) {
            at.p = 0;
            if (++at.o == O) {
                at.o = 0;
                at.plane += PLANES;
                c += PLANES;
                while (c >= C)
                    c -= C;
            }
        }
    }
}
