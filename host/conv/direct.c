/* Every problem, with one output per lane: the net under all other algorithms. */
#include "conv/single_kernel.h"
#include "core/checked.h"

#include <stdio.h>

enum { PLANES_Y = 32768 }; /* NVIDIA takes at most 65,535 groups in y and in z */

typedef struct form {
    int group, vector; /* GROUP and VECTOR of kernels/direct.cl */
} form;

/* A CPU's work-item owns a vector unit; elsewhere work-items are the lanes of one. Vectors need
 * inputs that are neighbours. */
static form choose_form(const clconv_device *device, const cc_shape *shape)
{
    const int neighbours = shape->transposed || shape->axis[CLCONV_WIDTH].stride == 1;
    if (device->kind == CLCONV_DEVICE_CPU && neighbours && shape->padding_mode == CLCONV_ZEROS)
        return (form){4, 16};
    return device->kind == CLCONV_DEVICE_GPU ? (form){64, 1} : (form){16, 1};
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    (void)device;
    (void)shape;
    (void)error;
    return CLCONV_OK;
}

/* Multiplications per nanosecond and the time of an output besides them, of one compute unit, and
 * how many times longer a vector takes that goes over the end of a row, of whatever length.
 * Measured with PoCL 3.1 on AVX-512 cores and on AVX2 cores (AMD EPYC, Zen 4 and Zen 3), where
 * vectors of 16 take less time than those of 8: 3x3 with 64 channels on 56x56, depthwise layers,
 * and outputs of 1x1 to 14x14. Elsewhere an assumption: below what every algorithm with reuse
 * assumes. */
typedef struct rates {
    double vectors, single;
    double output_ns, row_end, launch_ns;
} rates;

static const rates cpu_rates[CC_VECTORS_COUNT] = {
    [CC_VECTORS_8] = {2.4, 0.4, 2.0, 1.4, 8e3},
    [CC_VECTORS_16] = {6.0, 0.6, 5.0, 2.0, 5e3},
};
static const rates gpu_rates = {4.0, 4.0, 0.0, 1.0, 0.0}, other_rates = {1.0, 1.0, 0.0, 1.0, 0.0};

/* Multiplications that vectors take the time of for each that is wanted. */
static double wasted_factor(const cc_shape *shape, int vector, double row_end)
{
    const int64_t outputs = cc_phase_outputs(shape, CLCONV_WIDTH), rest = outputs % vector;
    return rest == 0 ? 1.0 : ((double)(outputs - rest) + row_end * vector) / (double)outputs;
}

static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const int vector = choose_form(device, shape).vector;
    const double outputs =
        (double)shape->batch * shape->out_channels * (double)cc_output_elements(shape);
    const rates *r = device->kind == CLCONV_DEVICE_CPU   ? &cpu_rates[cc_device_vectors(device)]
                     : device->kind == CLCONV_DEVICE_GPU ? &gpu_rates
                                                         : &other_rates;
    const double rate =
        vector > 1 ? r->vectors / wasted_factor(shape, vector, r->row_end) : r->single;
    return r->launch_ns +
           (cc_multiplications(shape) / rate + outputs * r->output_ns) / device->compute_units;
}

/* Groups that cover one plane: those of its largest phase, for every phase. */
static size_t plane_groups(const cc_shape *shape, form f)
{
    int64_t phases = 1, vectors = 1;
    for (int i = 0; i < CLCONV_AXES; ++i) {
        const int64_t outputs = cc_phase_outputs(shape, (clconv_axis)i);
        phases *= cc_phases(shape, (clconv_axis)i);
        vectors *= i == CLCONV_WIDTH ? cc_divide_up(outputs, f.vector) : outputs;
    }
    return (size_t)(phases * cc_divide_up(vectors, f.group));
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    char options[64];
    const form f = choose_form(stage->target->device, &stage->shape);
    snprintf(options, sizeof(options), "-DGROUP=%d -DVECTOR=%d", f.group, f.vector);
    const int64_t planes = (int64_t)stage->shape.batch * stage->shape.out_channels;
    const int64_t y = planes < PLANES_Y ? planes : PLANES_Y;
    const cc_single_launch launch = {
        .file = "direct",
        .function = "direct",
        .options = options,
        .groups = {plane_groups(&stage->shape, f), (size_t)y, (size_t)cc_divide_up(planes, y)},
        .local = {(size_t)f.group, 1, 1},
    };
    return cc_single_build(stage, &launch, error);
}

const cc_algorithm cc_direct = {
    .name = "direct",
    .text = "one output per lane; runs every problem",
    .short_products = 5000,
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .enqueue = cc_single_enqueue,
    .destroy = cc_single_destroy,
};
