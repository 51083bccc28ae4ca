/* COPIED: what a band of output rows reads, or a strip of one where rows are wide, is copied to
 * private memory first, which the first-level cache holds: with its padding, so that no lane is
 * masked and no vector reads beyond the tensor, and of a stride above 1 each phase of the columns
 * apart, so that no tap permutes lanes. For 16 registers, which do not hold the taps of a kernel:
 * those of a column at a time serve 7 vectors of sums. The last vector of a row is moved back to
 * end with it; that of a row shorter than LANES runs into the rows that are stored after it. */

/* Floats of the copy, and of a band if more than the fewest rows fit. */
#define BUFFER      8256
#define BAND_FLOATS 4608

#define IN_PLACE (KERNEL == 3 && STRIDE == 2) /* without a copy where that can be */

#if KERNEL
/* Floats of a copied row, and of its even columns. Constants, so that the addresses of a block are
 * displacements: adding a pitch for each takes longer than the products. */
#define PART  72
#define PITCH (STRIDE * PART)
#else
#define PITCH 0 /* rows are copied one by one */
#endif
#include "rows_copy.h"

/* How a slice of a plane is cut into bands and strips. */
typedef struct {
    int rows, bands, columns, strips;
    int part, pitch, slice; /* of the copy: floats of a phase of a row, of a row, of a slice */
} cut;

/* A unit of work, a band of a strip of a slice. */
typedef struct {
    int rows, columns;
    int t, t_end, d; /* slices of the kernel that lie in the input, and that of tap 0 */
    long dst;        /* from the start of the plane on */
    int h;           /* input row of the first one's tap 0 */
    /* The copy, with KERNEL > 0: */
    int src;           /* from the start of the slice on */
    int first, second; /* in the buffer, of the first input row: the even and the odd columns */
    int in_rows, in_columns;
    int zeros_before, zeros, zeros_after; /* floats to be cleared; those after from `zeros` on */
    int w, reach; /* with KERNEL = 0: input column of the first tap, columns that are read */
} unit_shape;

INLINE void set_slices(unit_shape *u, const conv_args *args)
{
    const conv_axis depth = args->axis[0];
    u->t = 0;
    u->t_end = depth.kernel_size;
    if (args->padding_mode == 0) {
        const int begin = u->d < 0 ? (depth.dilation - 1 - u->d) / depth.dilation : 0;
        const int end = u->d < depth.input ? (depth.input - 1 - u->d) / depth.dilation + 1 : 0;
        u->t = min(begin, depth.kernel_size);
        u->t_end = max(min(end, depth.kernel_size), u->t);
    }
}

/* Where the last vector of dst that is stored whole may begin. */
INLINE __global float *last_whole(const cut *c, const unit_shape *u, int Q, __global float *out)
{
    if (u->columns >= LANES)
        return out + u->rows * Q;
    return c->strips > 1 ? out - 1 : out + (u->rows * Q - LANES);
}

#if KERNEL
#include "rows_square.h"
#else
#include "rows_any.h"
#endif

/* A plane of src, and what belongs to it. */
typedef struct {
    __global const float *src, *weights, *bias;
    __global float *dst;
    ulong number; /* of all planes */
} plane;

/* A unit of `count` planes, one after the other: a function of its own, as all that is kept from
 * unit to unit takes the registers, and with small planes a quarter of the time. */
CALLED void sum_planes(block *b, const cut *given_cut, const unit_shape *unit,
                       const conv_args *given, const plane *first, ulong count, float *buffer)
{
    const cut c = *given_cut;
    const unit_shape u = *unit;
    const conv_args args = *given;
    const plane from = *first;
    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int C = args.C, m = args.K / C, Q = width.output, t_begin = u.t, t_end = u.t_end;
    const int slice_taps = height.kernel_size * width.kernel_size;
    const int taps = depth.kernel_size * slice_taps, slice = c.slice;
    const long in_slice = (long)height.input * width.input, in_plane = in_slice * depth.input;
    const long out_plane = (long)depth.output * height.output * Q;
    __global const float *src = from.src;
    __global float *out = from.dst + u.dst;
    int channel = (int)(from.number % (ulong)C);
    b->slices = t_end - t_begin;
    for (ulong i = 0; i < count; ++i, src += in_plane) {
        int copied = t_end;
#if IN_PLACE
        const int in_place = reads_in_place(&c, &u, &args, from.number + i);
        copied = in_place ? t_begin : t_end;
#endif
        for (int t = t_begin; t < copied; ++t) {
            const int d = conv_pad_index(u.d + t * depth.dilation, depth.input, args.padding_mode);
            copy_slice(buffer + (t - t_begin) * slice, &c, &u, &args, src + d * in_slice);
        }
        for (int filter = channel * m; filter < (channel + 1) * m; ++filter, out += out_plane) {
            if (args.has_bias)
                b->shift = (vector)(from.bias[filter]);
            b->weights = from.weights + ((long)filter * taps + t_begin * slice_taps);
#if IN_PLACE
            if (in_place)
                sum_in_place(b, &c, &u, &args, src + u.d * in_slice, out);
            else
#endif
                sum_unit(b, &c, &u, &args, buffer, out);
            if (args.activation > RECTIFIERS)
                for (int p = 0; p < u.rows; ++p)
                    activate_values(out + p * Q, u.columns, args.activation, args.slope);
        }
        if (++channel == C)
            channel = 0;
    }
}

/* The parts from `first` up to `last` of the whole; a function of its own, as PoCL compiles a
 * kernel three times. */
CALLED void compute(const conv_args *given, __global const float *src,
                    __global const float *weights, __global const float *bias, __global float *dst,
                    ulong first, ulong last, ulong parts)
{
    float __attribute__((aligned(64))) buffer[BUFFER];
    const conv_args args = *given;
    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int m = args.K / args.C, O = depth.output;
    const long in_plane = (long)depth.input * height.input * width.input;
    const long out_plane = (long)O * height.output * width.output;
    const ulong planes = (ulong)args.N * (ulong)args.C;
    cut c;
    make_cut(&c, &args, planes, parts);
    const ulong of_plane = (ulong)O * (ulong)c.bands * (ulong)c.strips;
    ulong unit = planes * of_plane * first / parts;
    const ulong end = planes * of_plane * last / parts;
    plane p;
    p.number = unit / of_plane;
    p.src = src + args.src_offset + p.number * (ulong)in_plane;
    p.dst = dst + args.dst_offset + p.number * (ulong)(out_plane * m);
    p.weights = weights + args.weights_offset;
    p.bias = bias + args.bias_offset;
    int strip = (int)(unit - p.number * of_plane);
    int band = strip / c.strips, o = band / c.bands;
    strip -= band * c.strips;
    band -= o * c.bands;
    block b;
    set_block(&b, &c, &args);
    b.shift = (vector)(0.0f);
    b.activation = args.activation <= RECTIFIERS ? args.activation : 0;
    b.slope = args.slope;
    unit_shape u;
    set_shape(&u, &c, &args, o, band, strip);
    if (KERNEL > 0)
        clear(buffer, min(depth.kernel_size * c.slice, BUFFER));
    if (of_plane == 1) {
        sum_planes(&b, &c, &u, &args, &p, end - unit, buffer);
        return;
    }
    for (; unit < end; ++unit) {
        sum_planes(&b, &c, &u, &args, &p, 1, buffer);
        if (++strip == c.strips) {
            strip = 0;
            if (++band == c.bands) {
                band = 0;
                if (++o == O) {
                    o = 0;
                    p.src += in_plane;
                    p.dst += out_plane * m;
                    ++p.number;
                }
            }
        }
        set_shape(&u, &c, &args, o, band, strip);
    }
}
