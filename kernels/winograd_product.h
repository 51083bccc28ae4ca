/* M of a share of packs and blocks of output channels, for winograd.cl.
 *
 * A vector of V and BLOCK_K broadcasts are loaded for BLOCK_K fma: with the accumulators that 16
 * registers hold that is 13 loads for 12 fma, more than a processor does in their time. In pairs
 * two packs share the broadcasts of a block, 8 loads for 12 fma; a pack without another takes two
 * blocks at a time, 13 for 12. */

#if PRODUCT_PAIRS

/* M of two products of as many channels: of a block and two packs, or of two blocks and a pack. */
static inline __attribute__((always_inline)) void
multiply_pair(__global const float *u0, __global const float *u1, __global const float *v0,
              __global const float *v1, int channels, __global float *m0, __global float *m1)
{
    vector sum[2][BLOCK_K];
#pragma unroll
    for (int k = 0; k < BLOCK_K; ++k)
        sum[0][k] = sum[1][k] = (vector)0.0f;
    for (int c = 0; c < channels; ++c) {
        const vector x0 = LOAD_GLOBAL(v0 + c * LANES), x1 = LOAD_GLOBAL(v1 + c * LANES);
#pragma unroll
        for (int k = 0; k < BLOCK_K; ++k) {
            sum[0][k] = fma((vector)(u0[c * BLOCK_K + k]), x0, sum[0][k]);
            sum[1][k] = fma((vector)(u1[c * BLOCK_K + k]), x1, sum[1][k]);
        }
    }
#pragma unroll
    for (int k = 0; k < BLOCK_K; ++k) {
        STORE_GLOBAL(sum[0][k], m0 + k * LANES);
        STORE_GLOBAL(sum[1][k], m1 + k * LANES);
    }
}

/* M of a share. All pairs of packs use the weights of a block one after the other. */
static __attribute__((noinline)) void multiply_share(const conv_args *args, const share *s,
                                                     __global const float *U,
                                                     __global const float *V, __global float *M)
{
    const int channels = args->C * args->axis[0].kernel_size, pitch = channel_pitch(channels);
    const int group_channels = channels / args->G, group_blocks = blocks_of(args) / args->G;
    const int packs = s->packs, blocks = blocks_of(args);
    const long u_step = (long)group_channels * BLOCK_K, v_step = (long)PRODUCTS * pitch * LANES;
    const long m_step = PRODUCTS * BLOCK_K * LANES;
    for (int xi = 0; xi < PRODUCTS; ++xi) {
        __global const float *const u = U + xi * blocks * u_step;
        __global const float *const v = V + (long)xi * pitch * LANES;
        __global float *const m = M + (long)xi * BLOCK_K * LANES;
        for (int b = 0; b < blocks; ++b)
            for (int i = 0; i + 1 < packs; i += 2)
                if (b >= begin_block(s, i) && b < end_block(s, i + 1, blocks)) {
                    __global const float *const x =
                        v + i * v_step + b / group_blocks * group_channels * LANES;
                    __global float *const sums = m + (i * (long)blocks + b) * m_step;
                    multiply_pair(u + b * u_step, u + b * u_step, x, x + v_step, group_channels,
                                  sums, sums + blocks * m_step);
                }
        /* Blocks that one of a pair has alone, or the last pack without another. */
        for (int i = 0; i < packs; ++i) {
            int b = begin_block(s, i), end = end_block(s, i, blocks);
            if (i % 2 != 0)
                end = min(end, begin_block(s, i - 1));
            else if (i + 1 < packs)
                b = max(b, end_block(s, i + 1, blocks));
            for (; b < end; ++b) {
                __global const float *const x =
                    v + i * v_step + b / group_blocks * group_channels * LANES;
                __global float *const sums = m + (i * (long)blocks + b) * m_step;
                /* A block without another is summed twice. */
                const int other = b + 1 < end && (b + 1) % group_blocks != 0;
                multiply_pair(u + b * u_step, u + (b + other) * u_step, x, x, group_channels, sums,
                              sums + other * m_step);
                b += other;
            }
        }
    }
}

#else

/* M of one product and BLOCK_K output channels of a pack. */
static inline __attribute__((always_inline)) void
multiply(__global const float *u, __global const float *v, int channels, __global float *m)
{
    vector sum[BLOCK_K];
#pragma unroll
    for (int k = 0; k < BLOCK_K; ++k)
        sum[k] = (vector)0.0f;
    for (int c = 0; c < channels; ++c, u += BLOCK_K, v += LANES) {
        const vector x = LOAD_GLOBAL(v);
#pragma unroll
        for (int k = 0; k < BLOCK_K; ++k)
            sum[k] = fma((vector)(u[k]), x, sum[k]);
    }
#pragma unroll
    for (int k = 0; k < BLOCK_K; ++k)
        STORE_GLOBAL(sum[k], m + k * LANES);
}

/* M of a share. All packs use the weights of a block one after the other. */
static __attribute__((noinline)) void multiply_share(const conv_args *args, const share *s,
                                                     __global const float *U,
                                                     __global const float *V, __global float *M)
{
    const int channels = args->C * args->axis[0].kernel_size, pitch = channel_pitch(channels);
    const int group_channels = channels / args->G, group_blocks = blocks_of(args) / args->G;
    const int packs = s->packs, blocks = blocks_of(args);
    for (int xi = 0; xi < PRODUCTS; ++xi)
        for (int b = 0; b < blocks; ++b)
            for (int i = 0; i < packs; ++i)
                if (b >= begin_block(s, i) && b < end_block(s, i, blocks))
                    multiply(U + ((ulong)xi * blocks + b) * group_channels * BLOCK_K,
                             V + (((ulong)i * PRODUCTS + xi) * pitch +
                                  b / group_blocks * group_channels) *
                                     LANES,
                             group_channels,
                             M + (((ulong)i * blocks + b) * PRODUCTS + xi) * BLOCK_K * LANES);
}

#endif
