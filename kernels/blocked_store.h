/* blocked: how the sums of a tile wait in scratch, and the way from there to dst. Wants conv.h and
 * the vectors of blocked.cl.
 *
 * Sums of a tile wait as vectors of channels; complete, they are turned into lines of its outputs,
 * one for each channel. A line is read and written as 8 floats, of which the last 8 - PIXELS belong
 * to what follows it; so lines are written in ascending order and something follows the last. */

#include "transpose8.h"

#define TILE_FLOATS (PIXELS * BLOCK_K + (PIXELS < 8 ? 8 : 0))

#if EPILOGUE
/* As conv_activate. */
static __attribute__((noinline)) float8 activate(float8 x, int activation, float slope)
{
    switch (activation) {
    case 1: return select(x, (float8)0.0f, x < 0.0f);
    case 2: return select(select(x, (float8)6.0f, x > 6.0f), (float8)0.0f, x < 0.0f);
    case 3: return select(x, slope * x, x < 0.0f);
    case 4: return 1.0f / (1.0f + exp(-x));
    case 5: return tanh(x);
    case 6: return x / (1.0f + exp(-x));
    default: return x;
    }
}
#endif

/* The first PIXELS of x. */
static inline void keep_pixels(float8 x, __local float *line)
{
#if PIXELS == 8
    vstore8(x, 0, line);
#else
    vstore4(x.lo, 0, line);
    vstore2(x.s45, 0, line + 4);
#endif
}

/* The outputs of a tile, `room` floats before the end of the band, whose outputs lie side by side
 * in dst; those past the tile are written anew by the next one. */
static inline void store_pixels(float8 x, __global float *dst, int room)
{
#if PIXELS < 8
    if (room < 8) {
        vstore4(x.lo, 0, dst);
        vstore2(x.s45, 0, dst + 4);
        return;
    }
#endif
    vstore8(x, 0, dst);
}
