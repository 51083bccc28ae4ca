/* Chunks of the work for the processors in whose caches their part of the tensors is since the last
 * launch. shares.h hopes for that, and loses it for many launches once a thread comes late; here a
 * work-item asks which processor it is on. For launches that take much longer than the microsecond
 * that this costs.
 *
 * Each of UNITS units has CHUNKS chunks side by side, and a word in the workspace: the number of
 * the launch, and how many of its chunks are taken in it. The numbers differ, so no word has to be
 * cleared. A work-item takes chunks of its processor's unit, then those that are left of the unit
 * with its own number, so that all are taken whatever the others do, and then some of the units
 * that follow. */
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable

#define CHUNKS      8  /* of a unit */
#define HELPED      3  /* most units that follow */
#define COUNT_BITS  8  /* of a word; the launch's number above them */
#define WORD_FLOATS 32 /* from word to word: lines of their own */

typedef struct {
    volatile __global float *words;
    ulong launch;
    int unit, turn;
} claims;

/* The processor that runs this work-item. */
INLINE uint processor(void)
{
    uint number;
    __builtin_ia32_rdtscp(&number);
    return number;
}

INLINE claims first_claims(__global float *workspace, ulong offset, ulong launch)
{
    claims c;
    c.words = workspace + offset;
    c.launch = launch << COUNT_BITS;
    c.unit = (int)(processor() % UNITS);
    c.turn = 0;
    return c;
}

/* How many chunks of the unit were taken before this one; CHUNKS: none is left. */
CALLED int take_chunk(volatile __global ulong *word, ulong launch)
{
    ulong found = *word;
    for (;;) {
        const ulong seen = found, taken = seen - launch <= CHUNKS ? seen - launch : 0;
        if (taken == CHUNKS)
            return CHUNKS;
        found = atom_cmpxchg(word, seen, launch + taken + 1);
        if (found == seen)
            return (int)taken;
    }
}

/* The number of the next chunk for this work-item, or -1. */
INLINE int next_chunk(claims *c)
{
    const int item = (int)get_global_id(0), turns = 2 + min(HELPED, UNITS - 1);
    for (; c->turn < turns; c->unit = (item + c->turn++) % UNITS) {
        const int chunk =
            take_chunk((volatile __global ulong *)(c->words + c->unit * WORD_FLOATS), c->launch);
        if (chunk < CHUNKS)
            return c->unit * CHUNKS + chunk;
    }
    return -1;
}
