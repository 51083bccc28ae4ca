/* clconv filter: image kernels on PNG pictures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "compute.h"
#include "file.h"
#include "image_kernel.h"
#include "picture.h"

static const cli_help help = {
    "clconv filter",
    "IN.png OUT.png --kernel KERNEL [OPTION...]",
    "Kernels (applied as cross-correlation):\n"
    "  sobel        length of the brightness gradient\n"
    "  sobel-x      brightness gradient to the right, 128 + gradient / 4\n"
    "  sobel-y      brightness gradient downwards, 128 + gradient / 4\n"
    "  gauss:SIGMA  Gaussian blur, to a radius of 3 SIGMA\n"
    "  box:N        mean of N x N pixels\n"
    "  sharpen      each pixel against its four neighbours\n"
    "  K.npy        a float32 matrix\n"
    "Outside the picture its border is repeated. Colors are filtered one by one, the sobel "
    "kernels\n"
    "give gray; alpha is kept as it is. Values are those in the file (0 to 255, not linear "
    "light);\n"
    "results are rounded and clamped, and written with 8 bits a channel, whole or not at all.\n"
    "A kernel that is the product of a column and a row runs as these two, one after the other.\n",
    "  clconv filter picture.png edges.png --kernel sobel\n"
    "  clconv filter picture.png blurred.png --kernel gauss:2.5 --verbose\n",
};

typedef struct filter_flags {
    const char *in; /* the paths belong to the popt context */
    const char *out;
    char *kernel;
    cli_common common;
} filter_flags;

/* The convolution of a picture: one stage, or a column and then a row. */
typedef struct filter_plan {
    size_t count;
    clconv_problem problems[2];
    clconv_stage_tensors stages[2];
    float *weights[2]; /* what the stages point to */
} filter_plan;

/* ---- Pixels to planes and back ------------------------------------------------------------- */

/* Brightness of a pixel with `colors` channels: Rec. 601 luma. */
static float brightness(const uint8_t *pixel, uint32_t colors)
{
    return colors == 1
               ? pixel[0]
               : 0.299F * (float)pixel[0] + 0.587F * (float)pixel[1] + 0.114F * (float)pixel[2];
}

/* Interleaved bytes to `channels` planes of floats; one plane of a color picture is brightness. */
static void planes_of(const picture *in, size_t channels, float *planes)
{
    const size_t pixels = (size_t)in->width * in->height;
    const size_t step = in->colors + in->alpha;
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *const pixel = in->pixels + i * step;
        for (size_t c = 0; c < channels; c++) {
            planes[c * pixels + i] =
                channels == in->colors ? pixel[c] : brightness(pixel, in->colors);
        }
    }
}

/* To 0..255; NaN becomes 0. */
static uint8_t byte_of(float value)
{
    if (!(value > 0))
        return 0;
    return value < 255 ? (uint8_t)lrintf(value) : 255;
}

/* Planes of results to the picture's colors; alpha comes from `in`. */
static void pixels_of(const float *planes, image_result result, const picture *in, picture *out)
{
    const size_t pixels = (size_t)in->width * in->height;
    const size_t step = out->colors + out->alpha;
    for (size_t i = 0; i < pixels; i++) {
        uint8_t *const pixel = out->pixels + i * step;
        for (size_t c = 0; c < out->colors; c++) {
            float value = planes[c * pixels + i];
            if (result == IMAGE_SIGNED)
                value = 128 + value / 4;
            else if (result == IMAGE_MAGNITUDE)
                value = hypotf(value, planes[pixels + i]);
            pixel[c] = byte_of(value);
        }
        if (out->alpha)
            pixel[out->colors] = in->pixels[i * (in->colors + 1) + in->colors];
    }
}

/* ---- The convolution ------------------------------------------------------------------------ */

/* Adds a stage in which each of `channels` channels meets `count` kernels of rows x columns. */
static clconv_status add_stage(filter_plan *plan, const picture *in, size_t channels,
                               const float *values, size_t rows, size_t columns, size_t count,
                               clconv_error *error)
{
    const size_t kernel_elements = rows * columns * count;
    float *const weights = malloc(kernel_elements * channels * sizeof(float));
    if (!weights)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    for (size_t c = 0; c < channels; c++)
        memcpy(weights + c * kernel_elements, values, kernel_elements * sizeof(float));
    plan->weights[plan->count] = weights;
    plan->stages[plan->count].weights = weights;

    clconv_problem *const problem = &plan->problems[plan->count++];
    *problem = clconv_problem_2d((int64_t)channels, (int64_t)(channels * count), in->height,
                                 in->width, (int64_t)rows, (int64_t)columns);
    problem->groups = (int64_t)channels;
    problem->padding_mode = CLCONV_REPLICATE;
    return clconv_problem_pad_same(problem, error);
}

/* Tries to make two stages of a kernel: a column, then a row. Adds none when it is not their
 * product. */
static clconv_status add_separated(filter_plan *plan, const picture *in, size_t channels,
                                   const image_kernel *kernel, clconv_error *error)
{
    const double tolerance = 1e-6; /* of a product rounded to float32 */
    const size_t rows = kernel->rows, columns = kernel->columns;
    clconv_separation separation;
    float *const both = malloc((rows + columns) * sizeof(float));
    if (!both)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");

    clconv_status status = clconv_separate(kernel->values, rows, columns, tolerance, both,
                                           both + rows, &separation, error);
    if (status == CLCONV_OK && separation.separable) {
        status = add_stage(plan, in, channels, both, rows, 1, 1, error);
        if (status == CLCONV_OK)
            status = add_stage(plan, in, channels, both + rows, 1, columns, 1, error);
    }
    free(both);
    return status;
}

static clconv_status make_plan(const picture *in, size_t channels, const image_kernel *kernel,
                               filter_plan *plan, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    if (kernel->count == 1 && kernel->rows > 1 && kernel->columns > 1)
        status = add_separated(plan, in, channels, kernel, error);
    if (status == CLCONV_OK && plan->count == 0) {
        status = add_stage(plan, in, channels, kernel->values, kernel->rows, kernel->columns,
                           kernel->count, error);
    }
    return status;
}

static void print_plan(const filter_flags *flags, const image_kernel *kernel,
                       const filter_plan *plan)
{
    const size_t rows = kernel->rows, columns = kernel->columns;
    if (plan->count == 2) {
        printf("%s is separable: %zux1, then 1x%zu; %zu multiplications a value instead of %zu\n",
               flags->kernel, rows, columns, rows + columns, rows * columns);
    } else {
        printf("%s: %zux%zu, %zu multiplications a value\n", flags->kernel, rows, columns,
               rows * columns * kernel->count);
    }
}

static cli_exit filter_picture(const filter_flags *flags, const image_kernel *kernel,
                               const picture *in, picture *out)
{
    cli_exit code = CLI_FINE;
    clconv_error error;
    filter_plan plan = {0};
    const size_t channels = kernel->result == IMAGE_SAME ? in->colors : 1;
    const size_t plane = (size_t)in->width * in->height;
    float *const src = malloc(plane * channels * sizeof(float));
    float *const dst = malloc(plane * channels * kernel->count * sizeof(float));

    *out = (picture){in->width, in->height, (uint32_t)channels, in->alpha, NULL};
    if (!src || !dst) {
        code = cli_fail(CLI_DEVICE, "the host is out of memory");
        goto cleanup;
    }
    if (picture_allocate(out, &error) != CLCONV_OK ||
        make_plan(in, channels, kernel, &plan, &error) != CLCONV_OK) {
        code = cli_fail_library(&error);
        goto cleanup;
    }
    if (flags->common.verbose)
        print_plan(flags, kernel, &plan);
    planes_of(in, channels, src);
    code = cli_compute(&flags->common, plan.problems, plan.count, src, plan.stages, dst, 0);
    if (code == CLI_FINE)
        pixels_of(dst, kernel->result, in, out);

cleanup:
    free(plan.weights[0]);
    free(plan.weights[1]);
    free(dst);
    free(src);
    return code;
}

/* ---- The command ---------------------------------------------------------------------------- */

static cli_exit filter_file(const filter_flags *flags)
{
    cli_exit code = CLI_FINE;
    clconv_error error;
    image_kernel kernel = {0};
    picture in = {0}, out = {0};
    if (image_kernel_make(flags->kernel, &kernel, &error) != CLCONV_OK ||
        file_output_check(flags->out, &error) != CLCONV_OK ||
        picture_read(flags->in, &in, &error) != CLCONV_OK)
        code = cli_fail_library(&error);
    else
        code = filter_picture(flags, &kernel, &in, &out);
    if (code == CLI_FINE && picture_write(flags->out, &out, &error) != CLCONV_OK)
        code = cli_fail_library(&error);
    picture_free(&out);
    picture_free(&in);
    image_kernel_free(&kernel);
    return code;
}

static cli_exit read_paths(poptContext context, filter_flags *flags)
{
    flags->in = poptGetArg(context);
    flags->out = poptGetArg(context);
    const char *const extra = poptGetArg(context);
    if (!flags->out)
        return cli_fail(CLI_USAGE, "filter: IN.png and OUT.png are needed");
    if (extra)
        return cli_fail(CLI_USAGE, "filter: unexpected argument '%s'", extra);
    if (!flags->kernel)
        return cli_fail(CLI_USAGE, "filter: --kernel is missing");
    return CLI_FINE;
}

static cli_exit filter_options(void *data, poptContext options)
{
    filter_flags *flags = data;
    const cli_exit code = read_paths(options, flags);
    return code == CLI_FINE ? filter_file(flags) : code;
}

cli_exit cli_filter(int argc, const char **argv)
{
    filter_flags flags = {0};
    const struct poptOption table[] = {
        {"kernel", 0, POPT_ARG_STRING, &flags.kernel, 0, "what to apply", "KERNEL"},
        cli_common_options(&flags.common),
        cli_help_option(),
        POPT_TABLEEND,
    };
    return cli_parse_and_run(&help, argc, argv, table, filter_options, &flags);
}
