/* Kernels of CPU devices read and write nothing outside their tensors, which here lie in the
 * host's memory, next to pages that nobody may touch. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "clconv_cl.h"
#include "workload.h"

#include <sys/mman.h>
#include <unistd.h>

/* A tensor's pages with an untouchable one before and behind them. */
typedef struct fenced {
    char *base;
    size_t pages_bytes, page;
    float *data;
    cl_mem mem;
} fenced;

/* The tensor starts with its first page, or ends with its last. */
static fenced fence(cl_context cl, const float *values, size_t elements, int at_end)
{
    fenced f = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    const size_t bytes = elements * sizeof(float);
    cl_int code = CL_SUCCESS;
    f.pages_bytes = (bytes + f.page - 1) / f.page * f.page;
    f.base = mmap(NULL, f.pages_bytes + 2 * f.page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(f.base, MAP_FAILED);
    cr_assert_eq(mprotect(f.base, f.page, PROT_NONE), 0);
    cr_assert_eq(mprotect(f.base + f.page + f.pages_bytes, f.page, PROT_NONE), 0);
    f.data = (float *)(void *)(f.base + f.page + (at_end ? f.pages_bytes - bytes : 0));
    memcpy(f.data, values, bytes);
    f.mem = clCreateBuffer(cl, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes, f.data, &code);
    cr_assert_eq(code, CL_SUCCESS);
    return f;
}

static void unfence(fenced *f)
{
    clReleaseMemObject(f->mem);
    munmap(f->base, f->pages_bytes + 2 * f->page);
}

static void check(clconv_context *context, const char *algorithm, const char *text, int at_end)
{
    cl_context cl;
    cl_command_queue queue;
    clconv_error error = {0};
    clconv_weights *packed = NULL;
    clconv_context_objects(context, &cl, NULL, &queue);
    workload w = workload_make(text);
    clconv_plan *plan = workload_plan(&w, context, algorithm);
    cr_assert_eq(clconv_weights_pack(plan, w.stages, &packed, &error), CLCONV_OK, "%s: %s", text,
                 error.message);
    const size_t workspace = clconv_plan_workspace(plan);
    fenced src = fence(cl, w.src, w.src_elements, at_end);
    fenced dst = fence(cl, w.dst, w.dst_elements, at_end);
    clconv_buffers buffers = {.src.mem = src.mem, .dst.mem = dst.mem, .packed = packed};
    if (workspace > 0)
        buffers.workspace.mem = clCreateBuffer(cl, CL_MEM_READ_WRITE, workspace, NULL, NULL);
    cr_assert_eq(clconv_enqueue(plan, queue, &buffers, 0, NULL, NULL, &error), CLCONV_OK, "%s: %s",
                 text, error.message);
    cr_assert_eq(clEnqueueReadBuffer(queue, dst.mem, CL_TRUE, 0, w.dst_elements * sizeof(float),
                                     w.dst, 0, NULL, NULL),
                 CL_SUCCESS);
    workload_check(&w, algorithm);
    if (workspace > 0)
        clReleaseMemObject(buffers.workspace.mem);
    unfence(&src);
    unfence(&dst);
    clconv_weights_destroy(packed);
    clconv_plan_destroy(plan);
    workload_free(&w);
}

static const struct {
    const char *algorithm, *text;
} cases[] = {
    /* the forms of rows: 2 to 9, stride 1 and 2, wide and narrow, with and without padding */
    {"rows", "g3ic3ih20iw40oc3kh3ph1kw3pw1"},
    {"rows", "g3ic3ih20iw40oc3kh3ph0kw3pw0"},
    {"rows", "g3ic3ih20iw64oc3kh3sh2ph1kw3sw2pw1"},
    {"rows", "g3ic3ih21iw65oc3kh3sh2ph0kw3sw2pw0"},
    {"rows", "g5ic5ih14iw14oc5kh5ph2kw5pw2"},
    {"rows", "g5ic5ih14iw14oc5kh5sh2ph2kw5sw2pw2"},
    {"rows", "g5ic5ih35iw67oc5kh5sh2ph0kw5sw2pw0"},
    {"rows", "g5mb2ic5ih7iw7oc5kh3ph1kw3pw1"},
    {"rows", "g3ic3ih20iw50oc3kh7ph3kw7pw3"},
    {"rows", "g3ic3ih14iw14oc3kh3ph1kw3pw1"},
    {"rows", "g3ic3ih14iw14oc3kh5sh2ph2kw5sw2pw2"},
    {"rows", "g3ic3ih29iw27oc3kh5sh2ph2kw5sw2pw2"},
    {"rows", "g3ic3ih14iw14oc3kh7ph0kw7pw0"},
    {"rows", "g3ic3ih21iw39oc3kh9sh2ph0kw9sw2pw0"},
    {"rows", "g3ic3ih20iw34oc3kh4sh2ph0kw4sw2pw0"},
    {"rows", "g3ic3ih21iw35oc3kh2sh2ph1kw2sw2pw1"},
    {"rows", "g3ic3ih20iw50oc3kh7ph3kw5pw2"},
    {"rows", "g8ic8ih14iw14oc8kh3ph1kw3pw1"},
    {"rows", "g11mb2ic11ih14iw14oc22kh5sh2ph2kw5sw2pw2+bias"},
    {"rows", "g9ic9ih3iw3oc9kh3ph1kw3pw1+bias"},
    {"rows", "g8ic8ih7iw7oc8kh4ph2kw3pw1+reflect"},
    {"rows", "g3ic3ih20iw50oc3kh3sh2ph0kw7sw2pw0"},
    {"rows", "g3ic3ih20iw50oc3kh3dh1ph2kw3dw1pw2"},
    {"panels", "ic5ih19iw23oc9kh3ph1kw3pw1"},
    {"panels", "ic5ih19iw23oc9kh3sh2ph0kw3sw2pw0"},
    {"panels", "ic40ih7iw7oc24kh1kw1"},
    {"bands", "ic7ih19iw35oc3kh3ph1kw3pw1"},
    {"bands", "ic7ih19iw35oc8kh3ph1kw3pw1"},
    {"bands", "ic7ih19iw35oc1kh3ph1kw3pw1"},
    {"bands", "deconv:ic7ih9iw11oc3kh4sh2ph1kw4sw2pw1"},
    {"blocked", "ic6ih19iw23oc40kh3ph1kw3pw1"},
    {"blocked", "deconv:ic6ih9iw11oc40kh4sh2ph1kw4sw2pw1"},
    {"winograd", "ic6ih19iw23oc40kh3ph1kw3pw1"},
    {"winograd2", "ic6ih19iw23oc40kh3ph1kw3pw1"},
    {"direct", "ic5ih19iw23oc9kh3ph1kw3pw1"},
    {"fused", "g3ic3ih40iw50oc3kh1kw5pw2 -> g3ic3ih40iw50oc3kh5ph2kw1"},
    {"separable", "g3ic3ih40iw50oc3kh3kw3ph1pw1 -> ic3ih40iw50oc7kh1kw1"},
    {"separable", "g3ic3ih14iw14oc3kh3kw3sh2sw2ph1pw1 -> ic3ih7iw7oc7kh1kw1"},
};

Test(fenced, nothing_outside_the_tensors_is_touched)
{
    clconv_context *context = test_context(NULL);
    if (clconv_context_device(context)->kind == CLCONV_DEVICE_CPU)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i)
            for (int at_end = 0; at_end < 2; ++at_end)
                check(context, cases[i].algorithm, cases[i].text, at_end);
    clconv_context_destroy(context);
}
