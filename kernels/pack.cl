/* Packs weights for the implicit GEMM kernels: packed[g][slot][c][k] = weight of the tap in `slot`,
 * 0 for the k of the padding (packed_weights.h).
 *
 * weights      K,C/G,T,R,S, and C,K/G,T,R,S with TRANSPOSED=1, at args.weights_offset
 * packed       `count` = G * T*R*S * C/G * k_padded floats, from packed_offset
 * Global size  at least count: an element per work-item, k fastest, so that writes are coalesced
 * Local size   (64, 1, 1) */
#include "conv.h"
#include "packed_weights.h"

/* The slot of tap t on an axis. */
static inline int axis_slot(conv_axis axis, int t)
{
    return packed_slot(axis.kernel_size, conv_view_make(axis, 0).tap_step, t);
}

__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void
pack(const conv_args args, __global const float *restrict weights, __global float *restrict packed,
     const ulong packed_offset, const ulong count, const int k_padded)
{
    const ulong element = get_global_id(0);
    if (element >= count)
        return;
    const int group_c = args.C / args.G, group_k = args.K / args.G;
    const int T = args.axis[0].kernel_size, R = args.axis[1].kernel_size,
              S = args.axis[2].kernel_size;
    const ulong taps = (ulong)T * R * S;

    const int k = element % k_padded;
    const int c = element / k_padded % group_c;
    const ulong tap = element / k_padded / group_c % taps;
    const int g = element / k_padded / group_c / taps;
    const int t = tap / S / R, r = tap / S % R, s = tap % S;

#if TRANSPOSED
    const ulong filter = ((ulong)g * group_c + c) * group_k + k;
#else
    const ulong filter = ((ulong)g * group_k + k) * group_c + c;
#endif
    const ulong row = packed_row(&args, k_padded, g, axis_slot(args.axis[0], t),
                                 axis_slot(args.axis[1], r), axis_slot(args.axis[2], s), c);
    packed[packed_offset + row + k] =
        k < group_k ? weights[args.weights_offset + filter * taps + tap] : 0.0f;
}
