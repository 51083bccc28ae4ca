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

INLINE int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

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

/* The parts from `first` up to `last` of the whole; a function of its own, as PoCL compiles a
 * kernel three times. */
CALLED void compute(const conv_args *given, __global const float *src,
                    __global const float *weights, __global const float *bias, __global float *dst,
                    ulong first, ulong last, ulong parts)
{
    float __attribute__((aligned(64))) buffer[BUFFER];
    const conv_args args = *given;
    const conv_axis depth = args.axis[0], height = args.axis[1], width = args.axis[2];
    const int C = args.C, m = args.K / C, O = depth.output, Q = width.output;
    const int slice_taps = height.kernel_size * width.kernel_size;
    const int taps = depth.kernel_size * slice_taps;
    const long in_slice = (long)height.input * width.input, in_plane = in_slice * depth.input;
    const long out_plane = (long)O * height.output * Q;
    const ulong planes = (ulong)args.N * (ulong)C;
    cut c;
    make_cut(&c, &args, planes, parts);
    const ulong of_plane = (ulong)O * (ulong)c.bands * (ulong)c.strips;
    ulong unit = planes * of_plane * first / parts;
    const ulong end = planes * of_plane * last / parts;
    const ulong plane = unit / of_plane;
    int strip = (int)(unit - plane * of_plane);
    int band = strip / c.strips, o = band / c.bands, channel = (int)(plane % (ulong)C);
    strip -= band * c.strips;
    band -= o * c.bands;
    src += args.src_offset + plane * (ulong)in_plane;
    dst += args.dst_offset + plane * (ulong)(out_plane * m);
    weights += args.weights_offset;
    bias += args.bias_offset;
    block b;
    set_block(&b, &c, &args);
    b.shift = (vector)(0.0f);
    b.activation = args.activation <= RECTIFIERS ? args.activation : 0;
    b.slope = args.slope;
    unit_shape u;
    set_shape(&u, &c, &args, o, band, strip);
    if (KERNEL > 0)
        clear(buffer, min(depth.kernel_size * c.slice, BUFFER));
    for (; unit < end; ++unit) {
        b.slices = u.t_end - u.t;
        int copied = u.t_end;
#if IN_PLACE
        const int in_place = reads_in_place(&c, &u, &args, unit / of_plane);
        copied = in_place ? u.t : u.t_end;
#endif
        for (int t = u.t; t < copied; ++t) {
            const int d = conv_pad_index(u.d + t * depth.dilation, depth.input, args.padding_mode);
            copy_slice(buffer + (t - u.t) * c.slice, &c, &u, &args, src + d * in_slice);
        }
        for (int k = 0; k < m; ++k) {
            const int filter = channel * m + k;
            __global float *const out = dst + (k * out_plane + u.dst);
            if (args.has_bias)
                b.shift = (vector)(bias[filter]);
            b.weights = weights + ((long)filter * taps + u.t * slice_taps);
#if IN_PLACE
            if (in_place)
                sum_in_place(&b, &c, &u, &args, src + u.d * in_slice, out);
            else
#endif
                sum_unit(&b, &c, &u, &args, buffer, out);
            if (args.activation > RECTIFIERS)
                for (int i = 0; i < u.rows; ++i)
                    activate_values(out + i * Q, u.columns, args.activation, args.slope);
        }
        if (++strip == c.strips) {
            strip = 0;
            if (++band == c.bands) {
                band = 0;
                if (++o == O) {
                    o = 0;
                    src += in_plane;
                    dst += out_plane * m;
                    if (++channel == C)
                        channel = 0;
                }
            }
        }
        if (of_plane > 1)
            set_shape(&u, &c, &args, o, band, strip);
    }
}
