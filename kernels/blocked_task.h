/* blocked: what a task computes. Wants conv.h, blocked_copy.h and BLOCK_K. */

/* Mirrors struct tiling of host/conv/blocked.c. */
typedef struct {
    int rows, cols; /* outputs of a band */
    int chunk;      /* input channels summed at a time */
    int blocks;     /* blocks of output channels of a task */
    int tasks;
    int unit;                                     /* input channels of the table */
    int rows_at, panel_at, sums_at, local_floats; /* parts of the __local memory, in floats */
} blocked_tiling;

/* Taps of an axis that belong to phases before this one; each tap belongs to one phase. */
static inline int earlier_taps(conv_axis a, int phase)
{
    int taps = 0;
#if TRANSPOSED
    for (int i = 0; i < phase; ++i)
        taps += conv_view_make(a, i).taps;
#endif
    return taps;
}

/* Where the packed weights of a phase begin, in taps of a block's input channels. */
static inline int phase_weights(const conv_args *args, int phase_d, int phase_h, int phase_w)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    return (earlier_taps(depth, phase_d) * height.kernel_size +
            conv_view_make(depth, phase_d).taps * earlier_taps(height, phase_h)) *
               width.kernel_size +
           conv_view_make(depth, phase_d).taps * conv_view_make(height, phase_h).taps *
               earlier_taps(width, phase_w);
}

/* What the tasks of a launch have in common, and the part that one computes. */
typedef struct {
    conv_view d, h, w;
    int g, n, block;         /* its group, image and first block of channels */
    int weights_first;       /* of its phase, in taps of an input channel */
    int o, p, q, rows, cols; /* its band of the phase's outputs */
} blocked_task;

/* Task number `index`: bands are numbered fastest, then images, so that neighbours share weights.
 */
static inline __attribute__((always_inline)) void
find_task(blocked_task *task, const conv_args *args, const blocked_tiling *tiling, int index)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int phases_h = conv_phases(height), phases_w = conv_phases(width);
    const int phases = conv_phases(depth) * phases_h * phases_w;
    const int outs_d = conv_phase_outputs(depth);
    const int bands_h = (conv_phase_outputs(height) + tiling->rows - 1) / tiling->rows;
    const int bands_w = (conv_phase_outputs(width) + tiling->cols - 1) / tiling->cols;
    const int blocks = (args->K / args->G + BLOCK_K - 1) / BLOCK_K;
    const int parts = (blocks + tiling->blocks - 1) / tiling->blocks;

    task->q = index % bands_w * tiling->cols;
    index /= bands_w;
    task->p = index % bands_h * tiling->rows;
    index /= bands_h;
    task->o = index % outs_d;
    index /= outs_d;
    task->n = index % args->N;
    index /= args->N;
    const int phase = index % phases;
    index /= phases;
    task->block = index % parts * tiling->blocks;
    task->g = index / parts;
    task->weights_first = phase_weights(args, phase / phases_w / phases_h,
                                        phase / phases_w % phases_h, phase % phases_w);
    task->d = conv_view_make(depth, phase / phases_w / phases_h);
    task->h = conv_view_make(height, phase / phases_w % phases_h);
    task->w = conv_view_make(width, phase % phases_w);
    task->rows = task->o < task->d.out_count ? min(tiling->rows, task->h.out_count - task->p) : 0;
    task->cols = min(tiling->cols, task->w.out_count - task->q);
}

/* Of a channel's taps, those that the task sums or somewhat more, where the input has `planes` of
 * `rows`. */
static inline int2 read_taps(const blocked_task *task, int planes, int rows)
{
    const int2 t = inside_taps(task->d, task->o, task->o, planes);
    const int2 r = inside_taps(task->h, task->p, task->p + task->rows - 1, rows);
    return (int2)((t.x * task->h.taps + r.x) * task->w.taps,
                  ((t.y - 1) * task->h.taps + r.y) * task->w.taps);
}

/* Fetches the weights of taps [read.x, read.y) of channels [c, c_end) into the caches, `taps` taps
 * a channel. Where taps are left out the hardware's own prefetchers do not see what comes next. */
static inline void fetch_weights(__global const float *weights, int c, int c_end, int taps,
                                 int2 read)
{
    for (; c < c_end; ++c)
        for (int i = read.x * BLOCK_K; i < read.y * BLOCK_K; i += 16)
            prefetch_line(weights + (long)c * taps * BLOCK_K + i);
}
