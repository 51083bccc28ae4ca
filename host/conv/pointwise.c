/* pointwise: a kernel of size 1 as a matrix product by CLBlast.
 *
 * Per image n and group g, row-major with ld the row length:
 *     dst[K/G x P] = weights[K/G x C/G] * src[C/G x P]    P = O*P*Q, all outputs of a plane
 * For a transposed convolution the weights are C/G x K/G, the product's transposed operand.
 * The input is the product's operand as it lies, or, where strides skip some of it, a gathered
 * copy in the workspace (kernels/pointwise.cl). Images (or groups) are one strided-batched call:
 * the offsets of src and dst advance alike over images and groups, those of the weights only over
 * groups, so a problem with many of both takes as many calls as it has of the fewer.
 * CLBlast's batched call with free offsets would be one, but it waits for the queue. A single
 * product is a batch of one: a routine of its own would be compiled for seconds more.
 *
 * CLBlast allocates and releases device memory of its own in a call where its kernels want padded
 * copies. It is loaded when it is wanted: to set up its database takes 5 to 9 ms of each process.
 */
#include "conv/kernel_args.h"
#include "core/platform.h"

#include <clblast_c.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    GROUP = 64,        /* work-items of a work-group */
    MAX_GROUPS = 65535 /* of one NDRange dimension but the first: what GPUs take */
};

/* CLBlastSgemmStridedBatched. */
typedef CLBlastStatusCode sgemm(CLBlastLayout layout, CLBlastTranspose a_transpose,
                                CLBlastTranspose b_transpose, size_t m, size_t n, size_t k,
                                float alpha, cl_mem a, size_t a_offset, size_t a_ld,
                                size_t a_stride, cl_mem b, size_t b_offset, size_t b_ld,
                                size_t b_stride, float beta, cl_mem c, size_t c_offset, size_t c_ld,
                                size_t c_stride, size_t count, cl_command_queue *queue,
                                cl_event *event);

struct pointwise {
    sgemm *multiply;
    cc_kernel *gather; /* NULL: the input is used as it lies */
    cc_kernel *finish; /* NULL: no bias, no activation */
};

/* ---- CLBlast ---- */

static const char *blast_code_name(CLBlastStatusCode code)
{
    static const struct {
        CLBlastStatusCode code;
        const char *name;
    } names[] = {
        {CLBlastNotImplemented, "NotImplemented"},
        {CLBlastInvalidMatrixA, "InvalidMatrixA"},
        {CLBlastInvalidMatrixB, "InvalidMatrixB"},
        {CLBlastInvalidMatrixC, "InvalidMatrixC"},
        {CLBlastInvalidDimension, "InvalidDimension"},
        {CLBlastInvalidLeadDimA, "InvalidLeadDimA"},
        {CLBlastInvalidLeadDimB, "InvalidLeadDimB"},
        {CLBlastInvalidLeadDimC, "InvalidLeadDimC"},
        {CLBlastInsufficientMemoryA, "InsufficientMemoryA"},
        {CLBlastInsufficientMemoryB, "InsufficientMemoryB"},
        {CLBlastInsufficientMemoryC, "InsufficientMemoryC"},
        {CLBlastInsufficientMemoryTemp, "InsufficientMemoryTemp"},
        {CLBlastInvalidBatchCount, "InvalidBatchCount"},
        {CLBlastInvalidLocalMemUsage, "InvalidLocalMemUsage"},
        {CLBlastDatabaseError, "DatabaseError"},
        {CLBlastUnknownError, "UnknownError"},
        {CLBlastUnexpectedError, "UnexpectedError"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i)
        if (names[i].code == code)
            return names[i].name;
    return "unknown code";
}

/* CLBlast passes OpenCL's codes on and adds its own below -1000. */
static clconv_status blast_fail(clconv_error *error, CLBlastStatusCode code, const char *call)
{
    if (code > -1000)
        return cc_cl_fail(error, (cl_int)code, call);
    return cc_fail(error, CLCONV_DEVICE_FAILED, "%s failed: CLBlast's %s (%d)", call,
                   blast_code_name(code), (int)code);
}

static clconv_status load_blast(sgemm **multiply, clconv_error *error)
{
    *multiply = (sgemm *)cc_library_function(CLCONV_CLBLAST, "CLBlastSgemmStridedBatched");
    if (*multiply == NULL)
        return cc_fail(error, CLCONV_UNSUPPORTED, "pointwise wants CLBlast: there is no %s here",
                       CLCONV_CLBLAST);
    return CLCONV_OK;
}

/* CLBlast compiles its kernels when a routine is first made, before it looks at the sizes: an
 * empty product compiles, and then does nothing but complain. */
static clconv_status compile_blast(const cc_target *target, sgemm *multiply, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_int code = CL_SUCCESS;
    cl_command_queue queue = clCreateCommandQueue(target->cl, target->id, 0, &code);
    CL_TRY(code);
    const CLBlastStatusCode blast =
        multiply(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, 0, 0, 0, 1.0f, NULL,
                 0, 1, 0, NULL, 0, 1, 0, 0.0f, NULL, 0, 1, 0, 1, &queue, NULL);
    if (blast != CLBlastSuccess && blast != CLBlastInvalidDimension)
        status = blast_fail(error, blast, "compiling CLBlast's kernels");
cleanup:
    if (queue != NULL)
        clReleaseCommandQueue(queue);
    return status;
}

/* CLBlast keeps what it compiled, and with it the context, in tables that C++ tears down after
 * main: some drivers are gone by then (Oclgrind; its heap was written to after it was freed). */
static void clear_blast(void)
{
    typedef CLBlastStatusCode clear(void);
    clear *const clear_cache = (clear *)cc_library_function(CLCONV_CLBLAST, "CLBlastClearCache");
    if (clear_cache != NULL)
        clear_cache();
}

/* `count` products, `step` elements apart in each operand: A weights, B input, C output. */
struct products {
    cc_tensor a, b, c;
    size_t a_step, b_step, c_step;
    size_t count;
};

static clconv_status enqueue_products(const cc_shape *shape, cc_chain *chain, sgemm *multiply,
                                      const struct products *product, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_event event = NULL;
    cl_event *const wanted = cc_chain_wants_event(chain) ? &event : NULL;
    const size_t m = (size_t)(cc_group_k(shape));
    const size_t k = (size_t)cc_group_c(shape);
    const size_t n = (size_t)cc_output_elements(shape);
    const CLBlastTranspose transpose = shape->transposed ? CLBlastTransposeYes : CLBlastTransposeNo;
    const size_t a_row = shape->transposed ? m : k;
    const cc_tensor a = product->a, b = product->b, c = product->c;

    TRY(cc_chain_before_foreign(chain, error));
    const CLBlastStatusCode code =
        multiply(CLBlastLayoutRowMajor, transpose, CLBlastTransposeNo, m, n, k, 1.0f, a.mem,
                 a.offset, a_row, product->a_step, b.mem, b.offset, n, product->b_step, 0.0f, c.mem,
                 c.offset, n, product->c_step, product->count, &chain->queue, wanted);
    if (code != CLBlastSuccess) {
        status = blast_fail(error, code, "CLBlast's SGEMM");
        goto cleanup;
    }
    cc_chain_after_foreign(chain, event);
cleanup:
    return status;
}

/* ---- The algorithm ---- */

/* Whether the input, as it lies, is the product's operand. */
static int input_is_operand(const cc_shape *shape)
{
    for (int a = 0; a < CLCONV_AXES; ++a)
        if (shape->axis[a].input != shape->axis[a].output)
            return 0;
    return 1;
}

static int has_epilogue(const cc_shape *shape)
{
    return shape->epilogue.bias || shape->epilogue.activation != CLCONV_NONE;
}

static clconv_status applicable(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    sgemm *multiply;
    if (cc_kernel_elements(shape) != 1)
        return cc_fail(error, CLCONV_UNSUPPORTED, "pointwise wants a kernel of size 1");
    for (int a = 0; a < CLCONV_AXES; ++a) {
        const cc_axis *axis = &shape->axis[a];
        if (axis->padding != 0 ||
            (!shape->transposed && (int64_t)(axis->output - 1) * axis->stride >= axis->input))
            return cc_fail(error, CLCONV_UNSUPPORTED, "pointwise does no padding");
    }
    if (shape->transposed && !input_is_operand(shape))
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "pointwise does transposed convolutions of stride 1 only");
    if (device->kind != CLCONV_DEVICE_CPU) /* there it is not the default: only `build` loads it */
        TRY(load_blast(&multiply, error));
cleanup:
    return status;
}

static clconv_status build(cc_stage *stage, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &stage->shape;
    char options[32];
    struct pointwise *state = calloc(1, sizeof(*state));
    stage->state = state;
    if (state == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "out of host memory for a plan");

    /* One program for both kernels; nothing else of the shape changes its form. */
    snprintf(options, sizeof(options), "-DEPILOGUE=%d", shape->epilogue.activation != CLCONV_NONE);
    if (!input_is_operand(shape)) {
        TRY(cc_kernel_create(stage->target->programs, "pointwise", "pointwise_gather", options,
                             &state->gather, error));
        stage->workspace_bytes = (size_t)shape->batch * (size_t)shape->in_channels *
                                 (size_t)cc_output_elements(shape) * sizeof(cl_float);
    }
    if (has_epilogue(shape))
        TRY(cc_kernel_create(stage->target->programs, "pointwise", "pointwise_finish", options,
                             &state->finish, error));
    TRY(load_blast(&state->multiply, error));
    cc_programs_on_destroy(stage->target->programs, clear_blast);
    TRY(compile_blast(stage->target, state->multiply, error));
cleanup:
    return status;
}

/* Launches a kernel that walks `planes` planes of the output size. */
static clconv_status launch_planes(const cc_shape *shape, cc_chain *chain, cc_kernel *kernel,
                                   const cc_argument *arguments, size_t count, int32_t channels,
                                   clconv_error *error)
{
    const size_t elements = (size_t)cc_output_elements(shape);
    const size_t planes = (size_t)shape->batch * (size_t)channels;
    const size_t local[] = {GROUP, 1};
    const size_t global[] = {(elements + GROUP - 1) / GROUP * GROUP,
                             planes < MAX_GROUPS ? planes : MAX_GROUPS};
    return cc_launch(chain, kernel, arguments, count, 2, global, local, error);
}

static clconv_status enqueue(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const struct pointwise *state = stage->state;
    const cc_shape *shape = &stage->shape;
    const cc_kernel_args args = cc_kernel_args_make(stage, io);
    cc_tensor operand = io->src;

    if (state->gather != NULL) {
        operand = io->workspace;
        const cc_argument arguments[] = {CC_ARGUMENT(args), CC_ARGUMENT(operand.offset),
                                         CC_ARGUMENT(io->src.mem), CC_ARGUMENT(operand.mem)};
        TRY(launch_planes(shape, chain, state->gather, arguments, 4, shape->in_channels, error));
    }

    /* One call per image over its groups, or per group over the images. */
    const size_t images = (size_t)shape->batch, groups = (size_t)shape->groups;
    const size_t rows_a = (size_t)shape->out_channels / groups;
    const size_t rows_b = (size_t)shape->in_channels / groups;
    const size_t plane = (size_t)cc_output_elements(shape);
    const size_t a = rows_a * rows_b, b = rows_b * plane, c = rows_a * plane;
    const int over_images = images >= groups;
    const size_t calls = over_images ? groups : images;
    for (size_t call = 0; call < calls; ++call) {
        const size_t first = over_images ? call : call * groups; /* of all images' groups */
        const size_t step = over_images ? groups : 1;
        const struct products products = {
            .a = {io->weights.mem, io->weights.offset + (over_images ? call * a : 0)},
            .b = {operand.mem, operand.offset + first * b},
            .c = {io->dst.mem, io->dst.offset + first * c},
            .a_step = over_images ? 0 : a,
            .b_step = step * b,
            .c_step = step * c,
            .count = over_images ? images : groups,
        };
        TRY(enqueue_products(shape, chain, state->multiply, &products, error));
    }

    if (state->finish != NULL) {
        const cc_argument arguments[] = {CC_ARGUMENT(args),
                                         {sizeof(cl_mem), io->bias.mem ? &io->bias.mem : NULL},
                                         CC_ARGUMENT(io->dst.mem)};
        TRY(launch_planes(shape, chain, state->finish, arguments, 3, shape->out_channels, error));
    }
cleanup:
    return status;
}

static void destroy(cc_stage *stage)
{
    struct pointwise *state = stage->state;
    if (state == NULL)
        return;
    cc_kernel_destroy(state->gather);
    cc_kernel_destroy(state->finish);
    free(state);
    stage->state = NULL;
}

/* Measured on PoCL 3.1 with 2 AVX-512 cores: 2 to 7 GFLOP/s after up to 17 s of compiling, which is
 * why it is rated so that it is never the default on a CPU device. GPU: not measured; CLBlast
 * publishes about 80 % of the vendor's library for large matrices, so large products are rated
 * above any direct convolution and small ones pay for more launches. */
static double estimate(const clconv_device *device, const cc_shape *shape)
{
    const int cpu = device->kind == CLCONV_DEVICE_CPU;
    const double compile_ns = 5e9, launch_ns = 40e3, cpu_multiplications_per_ns = 2.0,
                 gpu_multiplications_per_ns = 2000.0;
    const double calls = shape->batch < shape->groups ? shape->batch : shape->groups;
    return (cpu ? compile_ns : 0.0) + launch_ns * calls +
           cc_multiplications(shape) /
               (cpu ? cpu_multiplications_per_ns : gpu_multiplications_per_ns);
}

const cc_algorithm cc_pointwise = {
    .name = "pointwise",
    .text = "kernel size 1 as a matrix product by CLBlast",
    .short_products = 5000,
    .applicable = applicable,
    .estimate = estimate,
    .build = build,
    .enqueue = enqueue,
    .destroy = destroy,
};
