/* Which of NVIDIA's warp instructions its OpenCL compiler takes: one kernel per feature, all of
 * them d = a * b for row-major matrices a (16 x DEPTH), b (DEPTH x COLUMNS), by one warp. Small
 * integers make every product exact in half precision and in TF32.
 *
 * Set by build options: FEATURE_<name>, DEPTH, COLUMNS.
 *
 * The layouts of fragments are those of the PTX ISA, "Warp Level Matrix Multiply-Accumulate
 * Instructions". A __local pointer is 64 bits wide here and holds an address of the shared space.
 */
#define ROWS 16
#define WARP 32
#define KERNEL                                                                                     \
    __kernel __attribute__((reqd_work_group_size(WARP, 1, 1))) void feature(                       \
        __global const float *a, __global const float *b, __global float *d)

static uint lane_id(void)
{
    uint lane;
    asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
    return lane;
}

#if !defined(FEATURE_inline_asm)
/* Two floats as two halves, the first in the low bits. */
static uint pack_halves(float low, float high)
{
    uint both;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
}

/* The accumulator of every mma.sync.m16n8: two columns of row lane / 4 and of the row 8 below. */
static void store_fragment(__global float *d, uint lane, const float *c)
{
    const uint row = lane / 4;
    const uint column = lane % 4 * 2;
    d[row * COLUMNS + column] = c[0];
    d[row * COLUMNS + column + 1] = c[1];
    d[(row + 8) * COLUMNS + column] = c[2];
    d[(row + 8) * COLUMNS + column + 1] = c[3];
}

static void mma_halves(float *c, const uint *a, const uint *b)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

#if defined(FEATURE_inline_asm)
KERNEL
{
    const uint lane = lane_id();
    for (uint i = lane; i < ROWS * COLUMNS; i += WARP) {
        float sum = 0;
        for (uint k = 0; k < DEPTH; k++)
            asm volatile("fma.rn.f32 %0, %1, %2, %0;"
                         : "+f"(sum)
                         : "f"(a[i / COLUMNS * DEPTH + k]), "f"(b[k * COLUMNS + i % COLUMNS]));
        d[i] = sum;
    }
}

#elif defined(FEATURE_wmma_fp16) /* DEPTH 16, COLUMNS 16 */
KERNEL
{
    __local uint a_halves[ROWS * DEPTH / 2] __attribute__((aligned(32)));
    __local uint b_halves[DEPTH * COLUMNS / 2] __attribute__((aligned(32)));
    uint x[8];
    uint y[8];
    float c[8];
    for (uint i = lane_id(); i < ROWS * DEPTH / 2; i += WARP)
        a_halves[i] = pack_halves(a[2 * i], a[2 * i + 1]);
    for (uint i = lane_id(); i < DEPTH * COLUMNS / 2; i += WARP)
        b_halves[i] = pack_halves(b[2 * i], b[2 * i + 1]);
    barrier(CLK_LOCAL_MEM_FENCE);
    asm volatile("wmma.load.a.sync.aligned.row.m16n16k16.shared.f16 "
                 "{%0, %1, %2, %3, %4, %5, %6, %7}, [%8], 16;"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]), "=r"(x[4]), "=r"(x[5]),
                   "=r"(x[6]), "=r"(x[7])
                 : "l"(a_halves)
                 : "memory");
    asm volatile("wmma.load.b.sync.aligned.row.m16n16k16.shared.f16 "
                 "{%0, %1, %2, %3, %4, %5, %6, %7}, [%8], 16;"
                 : "=r"(y[0]), "=r"(y[1]), "=r"(y[2]), "=r"(y[3]), "=r"(y[4]), "=r"(y[5]),
                   "=r"(y[6]), "=r"(y[7])
                 : "l"(b_halves)
                 : "memory");
    asm volatile("{ .reg .f32 zero; mov.f32 zero, 0f00000000; "
                 "wmma.mma.sync.aligned.row.row.m16n16k16.f32.f32 "
                 "{%0, %1, %2, %3, %4, %5, %6, %7}, "
                 "{%8, %9, %10, %11, %12, %13, %14, %15}, "
                 "{%16, %17, %18, %19, %20, %21, %22, %23}, "
                 "{zero, zero, zero, zero, zero, zero, zero, zero}; }"
                 : "=f"(c[0]), "=f"(c[1]), "=f"(c[2]), "=f"(c[3]), "=f"(c[4]), "=f"(c[5]),
                   "=f"(c[6]), "=f"(c[7])
                 : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(x[4]), "r"(x[5]), "r"(x[6]),
                   "r"(x[7]), "r"(y[0]), "r"(y[1]), "r"(y[2]), "r"(y[3]), "r"(y[4]), "r"(y[5]),
                   "r"(y[6]), "r"(y[7]));
    asm volatile("wmma.store.d.sync.aligned.row.m16n16k16.global.f32 "
                 "[%0], {%1, %2, %3, %4, %5, %6, %7, %8}, 16;"
                 :
                 : "l"(d), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]), "f"(c[4]), "f"(c[5]),
                   "f"(c[6]), "f"(c[7])
                 : "memory");
}

#elif defined(FEATURE_mma_tf32) /* DEPTH 8, COLUMNS 8 */
static uint round_to_tf32(float value)
{
    uint rounded;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
    return rounded;
}

KERNEL
{
    const uint lane = lane_id();
    const uint row = lane / 4;
    const uint k = lane % 4;
    float c[4] = {0, 0, 0, 0};
    const uint x[4] = {round_to_tf32(a[row * DEPTH + k]), round_to_tf32(a[(row + 8) * DEPTH + k]),
                       round_to_tf32(a[row * DEPTH + k + 4]),
                       round_to_tf32(a[(row + 8) * DEPTH + k + 4])};
    const uint y[2] = {round_to_tf32(b[k * COLUMNS + row]),
                       round_to_tf32(b[(k + 4) * COLUMNS + row])};
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]));
    store_fragment(d, lane, c);
}

#elif defined(FEATURE_mma_fp16) /* DEPTH 16, COLUMNS 8 */
KERNEL
{
    const uint lane = lane_id();
    const uint row = lane / 4;
    const uint k = lane % 4 * 2;
    __global const float *upper = a + row * DEPTH + k;
    __global const float *lower = upper + 8 * DEPTH;
    __global const float *column = b + k * COLUMNS + row;
    float c[4] = {0, 0, 0, 0};
    const uint x[4] = {pack_halves(upper[0], upper[1]), pack_halves(lower[0], lower[1]),
                       pack_halves(upper[8], upper[9]), pack_halves(lower[8], lower[9])};
    const uint y[2] = {pack_halves(column[0], column[COLUMNS]),
                       pack_halves(column[8 * COLUMNS], column[9 * COLUMNS])};
    mma_halves(c, x, y);
    store_fragment(d, lane, c);
}

#elif defined(FEATURE_ldmatrix) /* DEPTH 16, COLUMNS 8 */
KERNEL
{
    const uint lane = lane_id();
    __local uint a_halves[ROWS * DEPTH / 2] __attribute__((aligned(16)));
    __local uint b_halves[DEPTH * COLUMNS / 2] __attribute__((aligned(16)));
    uint x[4];
    uint y[2];
    float c[4] = {0, 0, 0, 0};
    for (uint i = lane; i < ROWS * DEPTH / 2; i += WARP)
        a_halves[i] = pack_halves(a[2 * i], a[2 * i + 1]);
    for (uint i = lane; i < DEPTH * COLUMNS / 2; i += WARP)
        b_halves[i] = pack_halves(b[2 * i], b[2 * i + 1]);
    barrier(CLK_LOCAL_MEM_FENCE);
    /* Lane i names row i % 8 of 8 x 8 matrix i / 8; of the two matrices of b, lanes 0 to 15 do. */
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3])
                 : "l"(a_halves + (lane % 16 * DEPTH + lane / 16 * 8) / 2)
                 : "memory");
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                 : "=r"(y[0]), "=r"(y[1])
                 : "l"(b_halves + lane % 16 * COLUMNS / 2)
                 : "memory");
    mma_halves(c, x, y);
    store_fragment(d, lane, c);
}

#elif defined(FEATURE_cp_async) /* multiples of 4 */
static void copy_16_bytes(__local float *to, __global const float *from)
{
    asm volatile("cp.async.ca.shared.global [%0], [%1], 16;" : : "l"(to), "l"(from) : "memory");
}

KERNEL
{
    const uint lane = lane_id();
    __local float x[ROWS * DEPTH] __attribute__((aligned(16)));
    __local float y[DEPTH * COLUMNS] __attribute__((aligned(16)));
    for (uint i = 4 * lane; i < ROWS * DEPTH; i += 4 * WARP)
        copy_16_bytes(x + i, a + i);
    for (uint i = 4 * lane; i < DEPTH * COLUMNS; i += 4 * WARP)
        copy_16_bytes(y + i, b + i);
    asm volatile("cp.async.commit_group;" : : : "memory");
    asm volatile("cp.async.wait_group 0;" : : : "memory");
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = lane; i < ROWS * COLUMNS; i += WARP) {
        float sum = 0;
        for (uint k = 0; k < DEPTH; k++)
            sum += x[i / COLUMNS * DEPTH + k] * y[k * COLUMNS + i % COLUMNS];
        d[i] = sum;
    }
}
#endif
