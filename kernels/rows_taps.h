/* A block of vectors for any kernel, stride, dilation and padding, tap by tap: rows.cl. */

#define BLOCK 4

/* What the vectors of a block read. */
typedef struct {
    __global const float *src; /* the input plane */
    spacing apart;
    int d, h[BLOCK], w[BLOCK]; /* input of tap 0 of each vector; may lie in the padding */
} block_source;

/* sum[i] += all taps, tap by tap. `stride` is that of the width, `inside` says that no tap is left
 * or right of a row; accumulators from `count` on are not used. */
INLINE void sum_block(vector sum[BLOCK], const conv_args *args, const block_source *from,
                      __global const float *weights, int stride, int inside, int count)
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int mode = args->padding_mode;
    for (int t = 0; t < depth.kernel_size; ++t) {
        const int d = conv_pad_index(from->d + t * depth.dilation, depth.input, mode);
        if (d < 0) {
            weights += height.kernel_size * width.kernel_size;
            continue;
        }
        __global const float *slice = from->src + (long)d * height.input * width.input;
        for (int r = 0; r < height.kernel_size; ++r, weights += width.kernel_size) {
            __global const float *in[BLOCK];
            int size[BLOCK], whole = inside;
#pragma unroll
            for (int i = 0; i < BLOCK; ++i) {
                const int h = conv_pad_index(from->h[i] + r * height.dilation, height.input, mode);
                const int used = h >= 0 && i < count;
                in[i] = slice + max(h, 0) * width.input + from->w[i];
                size[i] = used ? width.input : 0;
                whole &= used;
            }
            if (whole) {
                for (int s = 0; s < width.kernel_size; ++s) {
                    const vector tap = spread(weights + s, from->apart.weights);
#pragma unroll
                    for (int i = 0; i < BLOCK; ++i)
                        sum[i] =
                            fma(load_strided(in[i] + s * width.dilation, from->apart.src, stride),
                                tap, sum[i]);
                }
                continue;
            }
            for (int s = 0; s < width.kernel_size; ++s) {
                const vector tap = spread(weights + s, from->apart.weights);
                const int x = s * width.dilation;
#pragma unroll
                for (int i = 0; i < BLOCK; ++i) {
                    if (size[i] == 0)
                        continue;
                    const uvector index = LANE_INDICES * (uint)stride + (uint)(from->w[i] + x);
                    const ivector lanes = lanes_below(index, size[i]);
                    sum[i] = fma(keep(load_strided(in[i] + x, from->apart.src, stride), lanes), tap,
                                 sum[i]);
                }
            }
        }
    }
}
