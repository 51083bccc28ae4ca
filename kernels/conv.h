/* Shared by all kernel files: the argument block, the view of one axis, padding, the epilogue.
 *
 * Letters: N batch, C input channels, K output channels, G groups, D/H/W input size, T/R/S kernel
 * size, O/P/Q output size. A name with _d, _h, _w (or index 0, 1, 2) belongs to that axis. */

/* ---- Parameters ---- */

#ifndef PADDING_MODE /* 0: zeros; 1: whichever of the four args.padding_mode says */
#define PADDING_MODE 0
#endif
#ifndef EPILOGUE /* 0: bias if args.has_bias; 1: and then args.activation */
#define EPILOGUE 0
#endif
#ifndef TRANSPOSED /* 0: convolution; 1: transposed convolution, gathered by phases */
#define TRANSPOSED 0
#endif
#ifndef PREFETCH /* 1: clang's __builtin_prefetch may be used where there is one */
#define PREFETCH 0
#endif

#if PADDING_MODE < 0 || PADDING_MODE > 1 || EPILOGUE < 0 || EPILOGUE > 1
#error "PADDING_MODE and EPILOGUE are 0 or 1"
#endif
#if TRANSPOSED < 0 || TRANSPOSED > 1 || (TRANSPOSED && PADDING_MODE)
#error "TRANSPOSED is 0 or 1, and takes zero padding only"
#endif

/* ---- Attributes ---- */

/* Of a kernel whose work-items are groups of their own and fill the vector unit. The hint, whatever
 * its type, keeps Intel's compiler from building the kernel once more for 16 work-items side by
 * side, which are never there: that took two thirds of a build, of panels' nine tenths. */
#define OWN_VECTORS __attribute__((vec_type_hint(float4), reqd_work_group_size(1, 1, 1)))

/* Fetches the line of `address`, which may lie outside any buffer, into the caches ahead of its
 * use. OpenCL's prefetch() is empty on PoCL and on Intel's runtime. */
static inline void prefetch_line(__global const float *address)
{
#if PREFETCH && defined(__has_builtin)
#if __has_builtin(__builtin_prefetch)
    __builtin_prefetch((const void *)(size_t)address, 0, 2);
#endif
#endif
}

/* ---- Arguments ---- */

typedef struct {
    int input, output, kernel_size, stride, dilation, padding;
} conv_axis;

/* Mirrors struct cc_kernel_args of host/conv/kernel_args.h, field for field. Offsets are elements.
 */
typedef struct {
    ulong src_offset, weights_offset, bias_offset, dst_offset;
    conv_axis axis[3]; /* depth, height, width */
    int N, C, K, G;
    int has_bias;
    int padding_mode; /* clconv_padding_mode */
    int activation;   /* clconv_activation */
    float slope;      /* of leaky_relu */
} conv_args;

/* ---- One axis of one phase ----
 *
 * A convolution is one phase. A transposed convolution is stride phases per axis: the outputs
 * o = phase (mod stride) are a stride-1 convolution over the taps t that satisfy
 * o + padding - t*dilation = 0 (mod stride), so nothing is scattered and no zero is multiplied.
 * Output i of the phase is o = out_first + i*out_step; its tap j is kernel index
 * tap_first + j*tap_step and reads input index in_first + i*in_step + j*in_tap. */
typedef struct {
    int out_first, out_step, out_count;
    int tap_first, tap_step, taps;
    int in_first, in_step, in_tap;
} conv_view;

static inline int conv_phases(conv_axis a)
{
    return TRANSPOSED ? min(a.stride, a.output) : 1;
}

/* Outputs of the largest phase, which is the first. */
static inline int conv_phase_outputs(conv_axis a)
{
    return TRANSPOSED ? (a.output - 1) / a.stride + 1 : a.output;
}

static inline conv_view conv_view_make(conv_axis a, int phase)
{
    conv_view v;
#if TRANSPOSED
    int common = a.stride, rest = a.dilation; /* common: gcd(stride, dilation) */
    while (rest != 0) {
        const int r = common % rest;
        common = rest;
        rest = r;
    }
    const int target = phase + a.padding;
    const int period = a.stride / common;
    int first = 0;
    while (first < period && (target - first * a.dilation) % a.stride != 0)
        ++first;
    v.out_first = phase;
    v.out_step = a.stride;
    v.out_count = a.output > phase ? (a.output - phase - 1) / a.stride + 1 : 0;
    v.tap_first = first;
    v.tap_step = period;
    v.taps = first < period && first < a.kernel_size ? (a.kernel_size - 1 - first) / period + 1 : 0;
    v.in_first = (target - first * a.dilation) / a.stride;
    v.in_step = 1;
    v.in_tap = -(a.dilation / common);
#else
    v.out_first = 0;
    v.out_step = 1;
    v.out_count = a.output;
    v.tap_first = 0;
    v.tap_step = 1;
    v.taps = a.kernel_size;
    v.in_first = -a.padding;
    v.in_step = a.stride;
    v.in_tap = a.dilation;
#endif
    return v;
}

/* ---- Padding ---- */

/* The input index that index i stands for, or -1 where zero padding is read. */
static inline int conv_pad_index(int i, int size, int mode)
{
#if PADDING_MODE
    if (mode == 1) /* reflect: check allows less than `size` of it */
        i = i < 0 ? -i : (i >= size ? 2 * size - 2 - i : i);
    else if (mode == 2) /* replicate */
        i = clamp(i, 0, size - 1);
    else if (mode == 3) /* circular: check allows at most `size` of it */
        i = i < 0 ? i + size : (i >= size ? i - size : i);
#endif
    return i >= 0 && i < size ? i : -1;
}

/* ---- Epilogue ---- */

static inline float conv_activate(float x, int activation, float slope)
{
    switch (activation) { /* the values of clconv_activation; NaN passes through all of them */
    case 1: return x < 0.0f ? 0.0f : x;
    case 2: return x < 0.0f ? 0.0f : (x > 6.0f ? 6.0f : x);
    case 3: return x < 0.0f ? slope * x : x;
    case 4: return 1.0f / (1.0f + exp(-x));
    case 5: return tanh(x);
    case 6: return x / (1.0f + exp(-x));
    default: return x;
    }
}

/* dst element of output channel k from its sum. `bias` points at the tensor's first element. */
static inline float conv_finish(float sum, const conv_args *args, __global const float *bias, int k)
{
    if (args->has_bias)
        sum += bias[k];
#if EPILOGUE
    sum = conv_activate(sum, args->activation, args->slope);
#endif
    return sum;
}
