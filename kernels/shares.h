/* Shares of the work that find what their processor wrote the last time still in its caches. Two
 * cores of a virtual machine pass a line on in 0.5 us, as if no cache were common to them, so a
 * result that is written by the other core each time takes up to twice as long.
 *
 * PoCL hands out work-items in order, ceil(rest / units) at a time, to whichever thread is free,
 * and who ends a launch begins the next one. Of 2 * UNITS items the first UNITS / 2 to come get two
 * each, an empty one and a large share, the other units a large share alone, and UNITS / 2 small
 * ones are left for those who end first. On two units the thread that comes first so ends last, and
 * is the first again; with equal shares it ends first, and both change places with each launch. */

/* Compute units; 0: equal shares for any number of items, the first of them empty. */
#ifndef UNITS
#define UNITS 0
#endif

#define LARGE 6 /* small shares in a large one: measured on two cores, 4 to 10 are alike */

/* The work-item's parts of the whole, from `first` up to `end` of `parts`. */
static inline void own_share(ulong *first, ulong *end, ulong *parts)
{
    const int item = (int)get_global_id(0);
#if UNITS
    const int pairs = (UNITS + 1) / 2; /* of an empty item and a large share */
    const int share = item < 2 * pairs ? item / 2 : item - pairs, next = share + 1;
    *parts = LARGE * UNITS + UNITS / 2;
    *end = LARGE * min(next, UNITS) + max(next - UNITS, 0);
    *first = item < 2 * pairs && item % 2 == 0 ? *end
                                               : LARGE * min(share, UNITS) + max(share - UNITS, 0);
#else
    *parts = (ulong)get_global_size(0) - 1;
    *end = item;
    *first = max(item - 1, 0);
#endif
}
