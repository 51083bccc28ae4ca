/* Packs weights for the implicit GEMM kernels: packed[g][slot][c][k] = weights of tap `slot`, 0 for
 * k of the padding (packed_weights.h).
 *
 * Weights   K,C/G,T,R,S, and C,K/G,T,R,S with TRANSPOSED=1, at args.weights_offset
 * Packed    G * T*R*S * C/G * k_padded floats at packed_offset
 * Global    {k_padded, C/G, T*R*S * G}, one element per work-item, k fastest: writes are coalesced
 * Local     any */
#include "conv.h"
#include "packed_weights.h"

__kernel void pack(const conv_args args, __global const float *restrict weights,
                   __global float *restrict packed, const ulong packed_offset, const int k_padded)
{
    const int k = get_global_id(0);
    const int c = get_global_id(1);
    const ulong taps =
        (ulong)args.axis[0].kernel_size * args.axis[1].kernel_size * args.axis[2].kernel_size;
    const int g = get_global_id(2) / taps;
    const ulong tap = get_global_id(2) % taps;

    const int s = tap % args.axis[2].kernel_size;
    const int r = tap / args.axis[2].kernel_size % args.axis[1].kernel_size;
    const int t = tap / args.axis[2].kernel_size / args.axis[1].kernel_size;
    const int slot_t =
        packed_slot(args.axis[0].kernel_size, conv_view_make(args.axis[0], 0).tap_step, t);
    const int slot_r =
        packed_slot(args.axis[1].kernel_size, conv_view_make(args.axis[1], 0).tap_step, r);
    const int slot_s =
        packed_slot(args.axis[2].kernel_size, conv_view_make(args.axis[2], 0).tap_step, s);

    const ulong group_k = args.K / args.G, group_c = args.C / args.G;
#if TRANSPOSED
    const ulong row = (g * group_c + c) * group_k + k;
#else
    const ulong row = (g * group_k + k) * group_c + c;
#endif
    packed[packed_offset + packed_row(&args, k_padded, g, slot_t, slot_r, slot_s, c) + k] =
        k < (int)group_k ? weights[args.weights_offset + row * taps + tap] : 0.0f;
}
