#include "conv/implicit_gemm.h"

#include "conv/kernel_args.h"
#include "conv/packed_kernel.h"
#include "core/checked.h"

#include <stdio.h>
#include <stdlib.h>

/* No configuration needs more than 11 KiB of __local memory or 128 work-items, nor a larger
 * register block, which spills on Intel's integrated GPUs. Efficiencies: on PoCL as measured, on
 * GPUs what the register blocks allow; not measured. */
const cc_gemm_config cc_gemm_configs[CC_GEMM_CONFIGS] = {
    {64, 64, 8, 8, 4, 1.0, 1.0},
    {32, 32, 16, 4, 4, 0.7, 0.77},
    {16, 64, 16, 4, 4, 0.7, 0.66},
};

enum { PACK_GROUP = 64, BAND = 16 };

typedef struct state {
    cc_kernel *kernel;
    cc_kernel *pack;
    size_t global, local;
    cl_int pixel_tiles;
    cl_int band;
    cl_int k_padded;
    cl_ulong packed_count; /* floats */
} state;

static int32_t items(const cc_gemm_config *config)
{
    return config->tile_k / config->reg_k * (config->tile_pixels / config->reg_pixels);
}

/* ---- Sizes ---- */

typedef struct grid {
    int64_t k_tiles;
    int64_t pixel_tiles; /* of the largest phase */
    int64_t planes;      /* groups times phases */
} grid;

static grid make_grid(const cc_shape *shape, const cc_gemm_config *config)
{
    int64_t pixels = shape->batch, phases = 1;
    for (int i = 0; i < CLCONV_AXES; ++i) {
        phases *= cc_phases(shape, (clconv_axis)i);
        pixels *= cc_phase_outputs(shape, (clconv_axis)i);
    }
    return (grid){cc_divide_up(cc_group_k(shape), config->tile_k),
                  cc_divide_up(pixels, config->tile_pixels), shape->groups * phases};
}

/* Work-groups, as a double because only the check for 31 bits may take it for granted. */
static double tiles(const grid *g)
{
    return (double)g->k_tiles * (double)g->pixel_tiles * (double)g->planes;
}

int32_t cc_gemm_band(const cc_shape *shape)
{
    /* Narrow bands pay when whole bands miss a tap, which padding as wide as a band makes so. */
    const cc_axis *a = &shape->axis[CLCONV_WIDTH];
    const int64_t reach = (int64_t)(a->kernel - 1) * a->dilation;
    const int64_t end = (int64_t)(a->output - 1) * a->stride + reach + 1 - a->input - a->padding;
    const int64_t widest = end > a->padding ? end : a->padding;
    const int banded = !shape->transposed && shape->padding_mode == CLCONV_ZEROS &&
                       widest >= (int64_t)BAND * a->stride;
    return banded && a->output > BAND ? BAND : a->output;
}

/* ---- Choice ---- */

/* Nanoseconds of one execution: rounds of work-groups on the device. */
static double config_ns(const clconv_device *device, const cc_shape *shape,
                        const cc_gemm_config *config)
{
    /* PoCL 3.1 on busy AVX-512 cores: 1.7 GFLOP/s a core (idle: bench/README.md). GPU: a compute
     * unit of a small one does 64 fma per ns and wants some 512 work-items; not measured. */
    const int cpu = device->kind == CLCONV_DEVICE_CPU;
    const double unit_fma_per_ns = cpu ? 0.85 : 64.0;
    const double efficiency = cpu ? config->cpu_efficiency : config->gpu_efficiency;
    const double resident = cpu ? 1.0 : 512.0 / items(config);
    const double units = device->compute_units;

    const grid g = make_grid(shape, config);
    double depth = (double)cc_kernel_elements(shape) * cc_group_c(shape);
    if (shape->transposed) /* each tap belongs to one phase per axis */
        for (int i = 0; i < CLCONV_AXES; ++i)
            depth /= shape->axis[i].stride;
    const double tile_ns = config->tile_k * (double)config->tile_pixels * (depth + config->tile_c) *
                           resident / (unit_fma_per_ns * efficiency);
    const double rounds = tiles(&g) / (units * resident);
    return tile_ns * (rounds > 1.0 ? rounds : 1.0);
}

const cc_gemm_config *cc_gemm_choose(const clconv_device *device, const cc_shape *shape)
{
    const cc_gemm_config *best = &cc_gemm_configs[0];
    for (int i = 1; i < CC_GEMM_CONFIGS; ++i)
        if (config_ns(device, shape, &cc_gemm_configs[i]) < config_ns(device, shape, best))
            best = &cc_gemm_configs[i];
    return best;
}

double cc_gemm_estimate(const clconv_device *device, const cc_shape *shape)
{
    const double launch_ns = 10e3;
    return launch_ns + config_ns(device, shape, cc_gemm_choose(device, shape));
}

clconv_status cc_gemm_applicable(const clconv_device *device, const cc_shape *shape,
                                 clconv_error *error)
{
    const cc_gemm_config *config = cc_gemm_choose(device, shape);
    const grid g = make_grid(shape, config);
    if (tiles(&g) > INT32_MAX)
        return cc_fail(error, CLCONV_UNSUPPORTED, "%.0f tiles are more than one launch takes",
                       tiles(&g));
    return cc_packed_check(device, cc_packed_floats(shape, config->tile_k), error);
}

/* ---- Stage ---- */

clconv_status cc_gemm_build_with(cc_stage *stage, const cc_gemm_config *config, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    cc_programs *programs = stage->target->programs;
    char options[256];

    state *s = calloc(1, sizeof(*s));
    stage->state = s;
    if (s == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a stage");
        goto cleanup;
    }
    const grid g = make_grid(shape, config);
    s->local = (size_t)items(config);
    s->global = (size_t)(g.k_tiles * g.pixel_tiles * g.planes) * s->local;
    s->pixel_tiles = (cl_int)g.pixel_tiles;
    s->band = cc_gemm_band(shape);
    s->k_padded = (cl_int)(g.k_tiles * config->tile_k);
    s->packed_count = (cl_ulong)cc_packed_floats(shape, config->tile_k);
    stage->packed_bytes = (size_t)s->packed_count * sizeof(float);

    const size_t length = cc_kernel_options(shape, options, sizeof(options));
    snprintf(options + length, sizeof(options) - length,
             " -DTILE_K=%d -DTILE_PIXELS=%d -DTILE_C=%d -DREG_K=%d -DREG_PIXELS=%d", config->tile_k,
             config->tile_pixels, config->tile_c, config->reg_k, config->reg_pixels);
    const char *name = shape->transposed ? "transposed" : "tiled";
    TRY(cc_kernel_create(programs, name, name, options, &s->kernel, error));
    TRY(cc_kernel_check_group(s->kernel, s->local, error));
    TRY(cc_kernel_create(programs, "pack", "pack",
                         shape->transposed ? "-DTRANSPOSED=1" : "-DTRANSPOSED=0", &s->pack, error));
    TRY(cc_kernel_check_group(s->pack, PACK_GROUP, error));

cleanup:
    return status;
}

clconv_status cc_gemm_build(cc_stage *stage, clconv_error *error)
{
    return cc_gemm_build_with(stage, cc_gemm_choose(stage->target->device, &stage->shape), error);
}

clconv_status cc_gemm_pack(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                           cc_tensor packed, clconv_error *error)
{
    const state *s = stage->state;
    const cc_stage_io io = {.weights = weights};
    const cc_kernel_args args = cc_kernel_args_make(stage, &io);
    const size_t local = PACK_GROUP;
    const size_t global = (size_t)cc_divide_up((int64_t)s->packed_count, PACK_GROUP) * local;
    const cc_argument arguments[] = {
        CC_ARGUMENT(args),          CC_ARGUMENT(weights.mem),     CC_ARGUMENT(packed.mem),
        CC_ARGUMENT(packed.offset), CC_ARGUMENT(s->packed_count), CC_ARGUMENT(s->k_padded),
    };
    return cc_launch(chain, s->pack, arguments, sizeof(arguments) / sizeof(arguments[0]), 1,
                     &global, &local, error);
}

clconv_status cc_gemm_enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                              clconv_error *error)
{
    const state *s = stage->state;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    const cc_argument arguments[] = {
        CC_ARGUMENT(args),
        CC_ARGUMENT(io->src.mem),
        CC_ARGUMENT(io->weights.mem),
        cc_tensor_argument(&io->bias),
        CC_ARGUMENT(io->dst.mem),
        CC_ARGUMENT(s->pixel_tiles),
        CC_ARGUMENT(s->band),
    };
    return cc_launch(chain, s->kernel, arguments, sizeof(arguments) / sizeof(arguments[0]), 1,
                     &s->global, &s->local, error);
}

void cc_gemm_destroy(cc_stage *stage)
{
    state *s = stage->state;
    if (s != NULL) {
        cc_kernel_destroy(s->kernel);
        cc_kernel_destroy(s->pack);
    }
    free(s);
    stage->state = NULL;
}
