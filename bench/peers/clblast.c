/* CLBlast on the OpenCL device that clconv uses, as a peer of the benchmark. */
#include <clblast_c.h>
#include <stdlib.h>
#include <string.h>

#include "clconv_cl.h"
#include "peer.h"

static const char convgemm_text[] =
    "CLBlast's SCONVGEMM, one call a convolution, tensors resident on the device; parameters from "
    "CLBlast's own tuning database";
static const char gemm_text[] =
    "CLBlast's SIM2COL, then SGEMM, an image and a group at a time; a kernel of size 1 by SGEMM "
    "alone; tensors resident on the device; parameters from CLBlast's own tuning database";

/* One setting. The tensors of stage s are tensors[s] to tensors[s + 1]. */
typedef struct blast_state {
    cl_context cl;
    cl_command_queue queue;
    const peer_case *c;
    cl_mem tensors[CLCONV_MAX_STAGES + 1];
    cl_mem weights[CLCONV_MAX_STAGES];
    cl_mem columns[CLCONV_MAX_STAGES]; /* im2col's result; NULL without one */
} blast_state;

static clconv_status check_cl(cl_int code, const char *call, clconv_error *error)
{
    if (code == CL_SUCCESS)
        return CLCONV_OK;
    return cli_error(error, CLCONV_DEVICE_FAILED, "%s failed with error %d", call, (int)code);
}

/* CLBlast passes OpenCL's codes on and has its own below them. */
static clconv_status check_blast(CLBlastStatusCode code, const char *call, clconv_error *error)
{
    return check_cl((cl_int)code, call, error);
}

/* ---- What CLBlast can do -------------------------------------------------------------------- */

static int is_unit_kernel(const clconv_problem *p)
{
    for (int axis = 0; axis < CLCONV_AXES; axis++) {
        if (p->kernel_size[axis] != 1 || p->stride[axis] != 1 || p->padding_begin[axis] != 0 ||
            p->padding_end[axis] != 0)
            return 0;
    }
    return 1;
}

/* Whether padding as much at the end as at the beginning gives the same output. What lies beyond
 * the last window is then not read, so it need not be the same. */
static int pads_evenly(const clconv_problem *p, const clconv_sizes *sizes)
{
    for (int axis = 0; axis < CLCONV_AXES; axis++) {
        const int64_t reach = p->dilation[axis] * (p->kernel_size[axis] - 1) + 1;
        const int64_t room = p->input_size[axis] + 2 * p->padding_begin[axis] - reach;
        if (room < 0 || room / p->stride[axis] + 1 != sizes->output_size[axis])
            return 0;
    }
    return 1;
}

static const char *why_not(const clconv_problem *p, const clconv_sizes *sizes)
{
    if (p->transposed)
        return "has no transposed convolution";
    if (p->epilogue.bias)
        return "has no bias";
    if (p->epilogue.activation != CLCONV_NONE)
        return "has no activation";
    if (is_unit_kernel(p))
        return NULL;
    if (p->rank > 2)
        return "has no convolution of three axes";
    if (p->padding_mode != CLCONV_ZEROS)
        return "pads with zeros only";
    if (!pads_evenly(p, sizes))
        return "pads as much at the end as at the beginning";
    return NULL;
}

static clconv_status refuse(const char *call, const char *reason, clconv_error *error)
{
    return cli_error(error, CLCONV_UNSUPPORTED, "CLBlast's %s %s", call, reason);
}

static clconv_status check_convgemm(const peer_case *c, clconv_error *error)
{
    for (size_t s = 0; s < c->count; s++) {
        const clconv_problem *const p = &c->problems[s];
        const char *const reason = why_not(p, &c->sizes[s]);
        if (reason)
            return refuse("SCONVGEMM", reason, error);
        if (p->groups > 1)
            return refuse("SCONVGEMM", "has no groups", error);
        if (p->rank > 2)
            return refuse("SCONVGEMM", "has no convolution of three axes", error);
    }
    return CLCONV_OK;
}

static clconv_status check_gemm(const peer_case *c, clconv_error *error)
{
    for (size_t s = 0; s < c->count; s++) {
        const char *const reason = why_not(&c->problems[s], &c->sizes[s]);
        if (reason)
            return refuse("SIM2COL", reason, error);
    }
    return CLCONV_OK;
}

/* ---- Memory -------------------------------------------------------------------------------- */

static clconv_status new_buffer(const blast_state *b, size_t count, float *data, cl_mem *mem,
                                clconv_error *error)
{
    cl_int code;
    *mem = clCreateBuffer(b->cl, CL_MEM_READ_WRITE, count * sizeof(float), NULL, &code);
    if (code == CL_SUCCESS && data)
        code = clEnqueueWriteBuffer(b->queue, *mem, CL_TRUE, 0, count * sizeof(float), data, 0,
                                    NULL, NULL);
    if (code == CL_SUCCESS)
        return CLCONV_OK;
    return cli_error(error, CLCONV_OUT_OF_DEVICE_MEMORY,
                     "a buffer of %zu bytes failed with OpenCL error %d", count * sizeof(float),
                     (int)code);
}

static clconv_status new_tensors(blast_state *b, const peer_case *c, clconv_error *error)
{
    b->c = c;
    clconv_status status = new_buffer(b, c->src.count, c->src.data, &b->tensors[0], error);
    for (size_t s = 0; s < c->count && status == CLCONV_OK; s++) {
        status = new_buffer(b, c->weights[s].count, c->weights[s].data, &b->weights[s], error);
        if (status == CLCONV_OK)
            status = new_buffer(b, (size_t)c->sizes[s].dst, NULL, &b->tensors[s + 1], error);
    }
    return status;
}

static void release(void *state)
{
    blast_state *const b = state;
    cl_mem *const arrays[] = {b->tensors, b->weights, b->columns};
    const size_t counts[] = {CLCONV_MAX_STAGES + 1, CLCONV_MAX_STAGES, CLCONV_MAX_STAGES};
    for (size_t a = 0; a < sizeof arrays / sizeof arrays[0]; a++) {
        for (size_t i = 0; i < counts[a]; i++) {
            if (arrays[a][i])
                clReleaseMemObject(arrays[a][i]);
        }
    }
    *b = (blast_state){.cl = b->cl, .queue = b->queue};
}

static clconv_status result(void *state, float *dst, clconv_error *error)
{
    const blast_state *const b = state;
    const size_t last = b->c->count - 1;
    return check_cl(clEnqueueReadBuffer(b->queue, b->tensors[last + 1], CL_TRUE, 0,
                                        (size_t)b->c->sizes[last].dst * sizeof(float), dst, 0, NULL,
                                        NULL),
                    "reading the result", error);
}

/* ---- SCONVGEMM ------------------------------------------------------------------------------ */

static clconv_status enqueue_convgemm(blast_state *b, size_t s, clconv_error *error)
{
    const clconv_problem *const p = &b->c->problems[s];
    const int h = CLCONV_HEIGHT, w = CLCONV_WIDTH;
    const CLBlastStatusCode code = CLBlastSconvgemm(
        CLBlastKernelModeCrossCorrelation, (size_t)p->in_channels, (size_t)p->input_size[h],
        (size_t)p->input_size[w], (size_t)p->kernel_size[h], (size_t)p->kernel_size[w],
        (size_t)p->padding_begin[h], (size_t)p->padding_begin[w], (size_t)p->stride[h],
        (size_t)p->stride[w], (size_t)p->dilation[h], (size_t)p->dilation[w],
        (size_t)p->out_channels, (size_t)p->batch, b->tensors[s], 0, b->weights[s], 0,
        b->tensors[s + 1], 0, &b->queue, NULL);
    return check_blast(code, "SCONVGEMM", error);
}

/* ---- SIM2COL and SGEMM ----------------------------------------------------------------------- */

/* dst[m x n] = weights[m x k] * input[k x n], row-major, for an image and a group. */
typedef struct product {
    size_t m, n, k;
} product;

static product product_of(const clconv_problem *p, const clconv_sizes *sizes)
{
    product x = {.m = (size_t)(p->out_channels / p->groups),
                 .n = 1,
                 .k = (size_t)(p->in_channels / p->groups)};
    for (int axis = 0; axis < CLCONV_AXES; axis++) {
        x.n *= (size_t)sizes->output_size[axis];
        x.k *= (size_t)p->kernel_size[axis];
    }
    return x;
}

static size_t input_plane(const clconv_problem *p)
{
    size_t count = 1;
    for (int axis = 0; axis < CLCONV_AXES; axis++)
        count *= (size_t)p->input_size[axis];
    return count;
}

/* One product of a batch of them where each image has only one and no columns are needed. */
static clconv_status enqueue_batch(blast_state *b, size_t s, clconv_error *error)
{
    const clconv_problem *const p = &b->c->problems[s];
    const product x = product_of(p, &b->c->sizes[s]);
    const CLBlastStatusCode code = CLBlastSgemmStridedBatched(
        CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, x.m, x.n, x.k, 1,
        b->weights[s], 0, x.k, 0, b->tensors[s], 0, x.n, x.k * x.n, 0, b->tensors[s + 1], 0, x.n,
        x.m * x.n, (size_t)p->batch, &b->queue, NULL);
    return check_blast(code, "SGEMMSTRIDEDBATCHED", error);
}

static clconv_status enqueue_columns(blast_state *b, size_t s, size_t offset, clconv_error *error)
{
    const clconv_problem *const p = &b->c->problems[s];
    const int h = CLCONV_HEIGHT, w = CLCONV_WIDTH;
    const CLBlastStatusCode code = CLBlastSim2col(
        CLBlastKernelModeCrossCorrelation, (size_t)(p->in_channels / p->groups),
        (size_t)p->input_size[h], (size_t)p->input_size[w], (size_t)p->kernel_size[h],
        (size_t)p->kernel_size[w], (size_t)p->padding_begin[h], (size_t)p->padding_begin[w],
        (size_t)p->stride[h], (size_t)p->stride[w], (size_t)p->dilation[h], (size_t)p->dilation[w],
        b->tensors[s], offset, b->columns[s], 0, &b->queue, NULL);
    return check_blast(code, "SIM2COL", error);
}

static clconv_status enqueue_part(blast_state *b, size_t s, size_t image, size_t group,
                                  clconv_error *error)
{
    const clconv_problem *const p = &b->c->problems[s];
    const product x = product_of(p, &b->c->sizes[s]);
    const size_t part = image * (size_t)p->groups + group;
    const size_t src = part * (size_t)(p->in_channels / p->groups) * input_plane(p);
    const cl_mem columns = b->columns[s];

    const clconv_status status = columns ? enqueue_columns(b, s, src, error) : CLCONV_OK;
    if (status != CLCONV_OK)
        return status;
    const CLBlastStatusCode code = CLBlastSgemm(
        CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, x.m, x.n, x.k, 1,
        b->weights[s], group * x.m * x.k, x.k, columns ? columns : b->tensors[s], columns ? 0 : src,
        x.n, 0, b->tensors[s + 1], part * x.m * x.n, x.n, &b->queue, NULL);
    return check_blast(code, "SGEMM", error);
}

static int is_batch(const clconv_problem *p)
{
    return is_unit_kernel(p) && p->groups == 1 && p->batch > 1;
}

static clconv_status enqueue_gemm(blast_state *b, size_t s, clconv_error *error)
{
    const clconv_problem *const p = &b->c->problems[s];
    clconv_status status = CLCONV_OK;
    if (is_batch(p))
        return enqueue_batch(b, s, error);
    for (size_t image = 0; image < (size_t)p->batch; image++) {
        for (size_t group = 0; group < (size_t)p->groups && status == CLCONV_OK; group++)
            status = enqueue_part(b, s, image, group, error);
    }
    return status;
}

/* ---- The settings -------------------------------------------------------------------------- */

static clconv_status run_stages(blast_state *b, size_t repeats,
                                clconv_status (*enqueue)(blast_state *, size_t, clconv_error *),
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < repeats; i++) {
        for (size_t s = 0; s < b->c->count && status == CLCONV_OK; s++)
            status = enqueue(b, s, error);
    }
    const cl_int code = clFinish(b->queue);
    return status == CLCONV_OK ? check_cl(code, "clFinish", error) : status;
}

static clconv_status run_convgemm(void *state, size_t repeats, clconv_error *error)
{
    return run_stages(state, repeats, enqueue_convgemm, error);
}

static clconv_status run_gemm(void *state, size_t repeats, clconv_error *error)
{
    return run_stages(state, repeats, enqueue_gemm, error);
}

/* The first run, which compiles CLBlast's kernels, is not in any sample. */
static clconv_status prepare_convgemm(void *state, const peer_case *c,
                                      char algorithm[PEER_ALGORITHM_TEXT], clconv_error *error)
{
    clconv_status status = check_convgemm(c, error);
    if (status == CLCONV_OK)
        status = new_tensors(state, c, error);
    strcpy(algorithm, "convgemm");
    return status;
}

static const char *gemm_algorithm(const clconv_problem *p)
{
    if (is_batch(p))
        return "batched sgemm";
    return is_unit_kernel(p) ? "sgemm" : "im2col + sgemm";
}

static clconv_status prepare_gemm(void *state, const peer_case *c,
                                  char algorithm[PEER_ALGORITHM_TEXT], clconv_error *error)
{
    blast_state *const b = state;
    size_t used = 0;
    clconv_status status = check_gemm(c, error);
    if (status == CLCONV_OK)
        status = new_tensors(b, c, error);
    for (size_t s = 0; s < c->count && status == CLCONV_OK; s++) {
        const clconv_problem *const p = &c->problems[s];
        const product x = product_of(p, &c->sizes[s]);
        if (!is_unit_kernel(p))
            status = new_buffer(b, x.k * x.n, NULL, &b->columns[s], error);
        if (used < PEER_ALGORITHM_TEXT)
            used += (size_t)snprintf(algorithm + used, PEER_ALGORITHM_TEXT - used, "%s%s",
                                     s ? ", " : "", gemm_algorithm(p));
    }
    return status;
}

/* ---- The process --------------------------------------------------------------------------- */

static int serve(const clconv_context *context)
{
    clconv_error error;
    blast_state convgemm = {0};
    clconv_context_objects(context, &convgemm.cl, NULL, &convgemm.queue);
    blast_state gemm = convgemm;
    const peer_setting settings[] = {
        {"convgemm", convgemm_text, prepare_convgemm, run_convgemm, result, release, &convgemm},
        {"gemm", gemm_text, prepare_gemm, run_gemm, result, release, &gemm},
    };
    const peer p = {"clblast", CLBLAST_VERSION, sizeof settings / sizeof settings[0], settings};
    if (convgemm.cl)
        return peer_serve(&p);
    cli_error(&error, CLCONV_UNSUPPORTED, "CLBlast needs an OpenCL device");
    return peer_refuse(&error);
}

int main(int argc, char **argv)
{
    clconv_context *context = NULL;
    clconv_error error = {0};
    const int has_device = argc == 3 && strcmp(argv[1], "--device") == 0;
    if (!peer_open())
        return EXIT_FAILURE;
    if (argc != 1 && !has_device) {
        cli_error(&error, CLCONV_INVALID_ARGUMENT, "usage: clblast [--device DEVICE]");
        return peer_refuse(&error);
    }
    if (clconv_context_create(has_device ? argv[2] : NULL, &context, &error) != CLCONV_OK)
        return peer_refuse(&error);
    const int code = serve(context);
    CLBlastClearCache();
    clconv_context_destroy(context);
    return code;
}
