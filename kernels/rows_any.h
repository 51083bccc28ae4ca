/* Any kernel, stride, dilation and padding mode, from a padded copy of the inputs: rows_bands.h. */

#define BLOCK                                                                                      \
    7 /* vectors: one below the other, or where a band has fewer than 3 rows, side by side */

/* What the blocks of a unit share. */
typedef struct {
    __global const float *weights;
    __global float *whole; /* vectors of dst beyond are stored in part */
    int slices, slice;     /* of the depth, and floats of one */
    int pitch, part, row;  /* floats of a row, of a phase of one, from a tap to the one below */
    int R, S, stride, dilation; /* of the width */
    int from, to;               /* from a vector of a block to the next one: in the copy, in dst */
    int Q, columns;             /* of a row of dst; that are stored in part */
    vector shift;               /* what a sum starts from */
    int activation;             /* of sums in registers: up to RECTIFIERS */
    float slope;
} block;

/* `vectors`, a constant, of which `count` are stored. */
INLINE void sum_vectors(int vectors, const block *b, const float *in, __global float *out,
                        int count)
{
    __global const float *weights = b->weights;
    const int S = b->S, part = b->part, stride = b->stride;
    const int step = b->dilation / stride, phase_step = b->dilation - step * stride;
    const float *at[BLOCK];
    vector sum[BLOCK];
#pragma unroll
    for (int i = 0; i < BLOCK; ++i) {
        at[i] = in + (i < count ? i * b->from : 0);
        sum[i] = b->shift;
    }
    for (int t = 0; t < b->slices; ++t) {
        for (int r = 0; r < b->R; ++r) {
            int x = t * b->slice + r * b->row, phase = 0;
            for (int s = 0; s < S; ++s) {
                const vector tap = spread(weights++, 0);
#pragma unroll
                for (int i = 0; i < BLOCK; ++i)
                    if (i < vectors)
                        sum[i] = fma(load_private(at[i] + x), tap, sum[i]);
                phase += phase_step;
                x += step + phase_step * part;
                if (phase >= stride) {
                    phase -= stride;
                    x += 1 - stride * part;
                }
            }
        }
    }
    __global float *const whole = b->whole;
    const int to = b->to, activation = b->activation;
    const float slope = b->slope;
#pragma unroll
    for (int i = 0; i < BLOCK; ++i, out += to) {
        if (i >= vectors || i >= count)
            continue;
        if (activation != 0)
            sum[i] = rectify(sum[i], activation, slope);
        if (out <= whole)
            store_rows(sum[i], out, 0);
        else
            store_part(sum[i], b->columns, out, 0);
    }
}

CALLED void sum_block(const block *b, const float *in, __global float *out, int count)
{
    if (count <= 2)
        sum_vectors(2, b, in, out, count);
    else
        sum_vectors(BLOCK, b, in, out, count);
}

/* Floats of a copied row. */
INLINE long row_floats(const conv_axis width, int columns)
{
    const int beyond = (int)((long)(width.kernel_size - 1) * width.dilation / width.stride);
    return (long)width.stride *
           (divide_up(columns, LANES) * LANES + (long)divide_up(beyond, LANES) * LANES);
}

INLINE long band_floats(const conv_args *args, int rows, int columns)
{
    const conv_axis height = args->axis[1];
    const long count =
        (rows - 1L) * height.stride + (height.kernel_size - 1L) * height.dilation + 1;
    return args->axis[0].kernel_size * count * row_floats(args->axis[2], columns);
}

/* Whole rows and planes if they fit; at least a unit for each of `parts`. The host sees to it that
 * a vector of a row fits. */
INLINE void make_cut(cut *c, const conv_args *args, ulong planes, ulong parts)
{
    const conv_axis height = args->axis[1], width = args->axis[2];
    const int P = height.output, Q = width.output;
    int rows = min(P, 4 * BLOCK), columns = Q;
    while (rows > BLOCK && band_floats(args, rows, columns) > BAND_FLOATS)
        rows = (rows - 1) / BLOCK * BLOCK;
    while (columns > 8 * LANES && band_floats(args, rows, columns) > BAND_FLOATS)
        columns = divide_up(columns, 2 * LANES) * LANES;
    while (rows > 1 && band_floats(args, rows, columns) > BUFFER)
        rows /= 2;
    while (columns > LANES && band_floats(args, rows, columns) > BUFFER)
        columns = divide_up(columns, 2 * LANES) * LANES;
    c->columns = columns;
    c->strips = divide_up(Q, columns);
    c->bands = divide_up(P, rows);
    const ulong slices = planes * (ulong)args->axis[0].output * (ulong)c->strips;
    if (slices * (ulong)c->bands < parts)
        c->bands = (int)min((ulong)P, (parts + slices - 1) / slices);
    c->rows = divide_up(P, c->bands);
    if (rows >= BLOCK && rows < P)
        c->rows = divide_up(c->rows, BLOCK) * BLOCK;
    c->bands = divide_up(P, c->rows);
    c->pitch = (int)row_floats(width, columns);
    c->part = c->pitch / width.stride;
    c->slice = (int)(band_floats(args, c->rows, columns) / args->axis[0].kernel_size);
}

INLINE void set_block(block *b, const cut *c, const conv_args *args)
{
    const conv_axis height = args->axis[1], width = args->axis[2];
    b->slice = c->slice;
    b->pitch = c->pitch;
    b->part = c->part;
    b->row = height.dilation * c->pitch;
    b->R = height.kernel_size;
    b->S = width.kernel_size;
    b->stride = width.stride;
    b->dilation = width.dilation;
    b->Q = width.output;
}

INLINE void set_shape(unit_shape *u, const cut *c, const conv_args *args, int o, int band,
                      int strip)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int p = band * c->rows, q = strip * c->columns;
    u->rows = min(c->rows, height.output - p);
    u->columns = min(c->columns, width.output - q);
    u->d = o * depth.stride - depth.padding;
    u->h = p * height.stride - height.padding;
    u->w = q * width.stride - width.padding;
    set_slices(u, args);
    u->reach = (divide_up(u->columns, LANES) * LANES - 1) * width.stride +
               (width.kernel_size - 1) * width.dilation + 1;
    u->in_rows = (u->rows - 1) * height.stride + (height.kernel_size - 1) * height.dilation + 1;
    u->dst = ((long)o * height.output + p) * width.output + q;
}

/* Column `first` + j of `line`, or padding, to place j / stride of phase j % stride, for j below
 * `count`. */
CALLED void copy_line(float *to, __global const float *line, int first, int count, int size,
                      int stride, int part, int mode)
{
    const int begin = clamp(-first, 0, count), end = clamp(size - first, begin, count);
    __global const float *from = line + first;
    float *const odd = to + part;
    if (stride == 1)
        copy_rows(to + begin, from + begin, 0, end - begin, 1);
    else if (stride == 2 && (begin & 1))
        copy_pairs(odd + begin / 2, to + (begin / 2 + 1), from + begin, 0, end - begin, 1);
    else if (stride == 2)
        copy_pairs(to + begin / 2, odd + begin / 2, from + begin, 0, end - begin, 1);
    else
        for (int phase = 0; phase < stride; ++phase) {
            const int column = phase < begin ? (begin - phase - 1) / stride + 1 : 0;
            float *place = to + phase * part + column;
            for (int j = phase + column * stride; j < end; j += stride)
                *place++ = from[j];
        }
    for (int j = begin > 0 ? 0 : end; j < count; j = j + 1 == begin ? end : j + 1) {
        const int x = conv_pad_index(first + j, size, mode);
        to[stride == 1 ? j : j % stride * part + j / stride] = x < 0 ? 0.0f : line[x];
    }
}

INLINE void copy_slice(float *to, const cut *c, const unit_shape *u, const conv_args *args,
                       __global const float *slice)
{
    const conv_axis height = args->axis[1], width = args->axis[2];
    const int last = (height.kernel_size - 1) * height.dilation; /* rows beyond: between the taps */
    int phase = 0;
    for (int i = 0; i < u->in_rows; ++i, to += c->pitch) {
        const int used = phase <= last;
        phase = phase + 1 < height.stride ? phase + 1 : 0;
        if (!used)
            continue;
        const int h = conv_pad_index(u->h + i, height.input, args->padding_mode);
        if (h < 0)
            clear(to, c->pitch);
        else
            copy_line(to, slice + h * width.input, u->w, u->reach, width.input, width.stride,
                      c->part, args->padding_mode);
    }
}

INLINE void sum_unit(block *b, const cut *c, const unit_shape *u, const conv_args *args,
                     const float *copy, __global float *out)
{
    const int Q = b->Q, rows = u->rows, columns = u->columns;
    const int pitch = args->axis[1].stride * c->pitch;
    if (rows >= 3) {
        b->from = pitch;
        b->to = Q;
        b->columns = min(columns, LANES);
        b->whole = last_whole(c, u, Q, out);
        for (int p = 0; p < rows; p += BLOCK) {
            int q = 0;
            for (; q < columns - LANES; q += LANES)
                sum_block(b, copy + p * pitch + q, out + p * Q + q, rows - p);
            q = max(columns - LANES, 0);
            sum_block(b, copy + p * pitch + q, out + p * Q + q, rows - p);
        }
        return;
    }
    b->from = LANES;
    b->to = LANES;
    b->columns = columns % LANES;
    for (int p = 0; p < rows; ++p, copy += pitch, out += Q) {
        b->whole = out + (columns - LANES);
        for (int q = 0; q < columns; q += BLOCK * LANES)
            sum_block(b, copy + q, out + q, divide_up(columns - q, LANES));
    }
}
