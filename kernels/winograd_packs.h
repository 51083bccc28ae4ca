/* Where the tiles of a pack lie, for winograd.cl.
 *
 * Tiles are numbered through phases, output planes and images, across first; a pack is LANES of
 * them. */

/* Tiles side by side in one tile row: consecutive lanes of a pack. */
typedef struct {
    int lane, count;
    int n, o; /* image and output plane; n == N: past the last tile */
    int phase_h, phase_w;
    int i, j; /* first output of the first tile, counted within the phase */
} run;

static inline int phases(conv_axis a)
{
    return min(a.dilation, a.output);
}

/* Tiles along an axis of the largest phase, which is the first. */
static inline int tiles(conv_axis a)
{
    return (a.output + phases(a) * TILE - 1) / (phases(a) * TILE);
}

/* The runs of a pack; returns how many. */
static __attribute__((noinline)) int find_runs(const conv_args *args, int pack, run runs[LANES])
{
    const conv_axis depth = args->axis[0], height = args->axis[1], width = args->axis[2];
    const int across = tiles(width), down = tiles(height);
    const int phases_w = phases(width), phases_h = phases(height);
    const long first = (long)pack * LANES;
    long row = first / across;
    int tile = first % across, count = 0;
    for (int lane = 0; lane < LANES; ++row, tile = 0) {
        run r;
        r.lane = lane;
        r.count = min(LANES - lane, across - tile);
        r.i = row % down * TILE;
        r.j = tile * TILE;
        const long plane = row / down;
        r.phase_w = plane % phases_w;
        r.phase_h = plane / phases_w % phases_h;
        r.o = plane / phases_w / phases_h % depth.output;
        r.n = min(plane / phases_w / phases_h / depth.output, (long)args->N);
        lane += r.count;
        runs[count++] = r;
    }
    return count;
}
