#include "conv/packing.h"

#include "core/checked.h"

#include <string.h>

clconv_status cc_packing_check(const clconv_device *device, const char *algorithm,
                               clconv_error *error)
{
    if (device->kind != CLCONV_DEVICE_CPU)
        return cc_fail(error, CLCONV_UNSUPPORTED, "%s is made for CPU devices", algorithm);
    if (!device->native_kernels)
        return cc_fail(error, CLCONV_UNSUPPORTED,
                       "%s packs weights by a function of the host, which %s does not run",
                       algorithm, device->name);
    return CLCONV_OK;
}

/* ---- The commands ---- */

typedef struct job {
    cc_packing packing;
    const float *weights;
    void *packed; /* of the whole buffer; the driver fills it in */
    cl_ulong packed_offset;
} job;

static void CL_CALLBACK run(void *argument)
{
    const job *j = argument;
    j->packing.fill(&j->packing, j->weights, (float *)j->packed + j->packed_offset);
}

static clconv_status map_weights(cc_chain *chain, cc_tensor weights, size_t floats,
                                 const float **mapped, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_int code = CL_SUCCESS;
    cl_event event = NULL;
    cl_mem_flags flags = 0;
    CL_TRY(clGetMemObjectInfo(weights.mem, CL_MEM_FLAGS, sizeof(flags), &flags, NULL));
    if (flags & (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS)) /* not all drivers refuse it */
        return cc_fail(error, CLCONV_INVALID_ARGUMENT,
                       "the host may not read the buffer of the weights, and has to pack them");
    *mapped = clEnqueueMapBuffer(chain->queue, weights.mem, CL_FALSE, CL_MAP_READ,
                                 weights.offset * sizeof(float), floats * sizeof(float),
                                 chain->wait_count, chain->wait,
                                 cc_chain_wants_event(chain) ? &event : NULL, &code);
    if (code != CL_SUCCESS)
        return cc_cl_fail(error, code, "clEnqueueMapBuffer");
    cc_chain_after_foreign(chain, event);

cleanup:
    return status;
}

static clconv_status unmap_weights(cc_chain *chain, cc_tensor weights, const float *mapped,
                                   clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_event event = NULL;
    void *address = NULL;
    memcpy(&address, &mapped, sizeof(address)); /* it takes no const */
    CL_TRY(clEnqueueUnmapMemObject(chain->queue, weights.mem, address, chain->wait_count,
                                   chain->wait, cc_chain_wants_event(chain) ? &event : NULL));
    cc_chain_after_foreign(chain, event);

cleanup:
    return status;
}

static clconv_status enqueue_job(cc_chain *chain, job *j, cl_mem packed, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_event event = NULL;
    const void *place = &j->packed;
    CL_TRY(clEnqueueNativeKernel(chain->queue, run, j, sizeof(*j), 1, &packed, &place,
                                 chain->wait_count, chain->wait,
                                 cc_chain_wants_event(chain) ? &event : NULL));
    cc_chain_after_foreign(chain, event);

cleanup:
    return status;
}

/* The weights are mapped, as PoCL 3.1 mixes up two buffers of a native kernel: it sorts the
 * buffers, but not the places of their addresses. */
clconv_status cc_packing_enqueue(const cc_packing *packing, cc_chain *chain, cc_tensor weights,
                                 cc_tensor packed, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const cc_shape *shape = &packing->shape;
    const size_t floats =
        (size_t)(cc_kernel_elements(shape) * cc_group_c(shape) * shape->out_channels);
    job j = {.packing = *packing, .packed_offset = packed.offset};
    TRY(map_weights(chain, weights, floats, &j.weights, error));
    status = enqueue_job(chain, &j, packed.mem, error);
    if (status == CLCONV_OK)
        TRY(unmap_weights(chain, weights, j.weights, error));
    else
        (void)unmap_weights(chain, weights, j.weights, NULL);

cleanup:
    return status;
}

/* ---- Layouts ---- */

int64_t cc_packing_blocks(const cc_packing *packing)
{
    return cc_divide_up(cc_group_k(&packing->shape), packing->block);
}

/* The same on one axis, where taps `period` apart are of one phase. */
static cc_phase_tap find_on_axis(const cc_axis *axis, int32_t tap, cc_tap_phase phase)
{
    const int32_t period = (int32_t)(axis->stride / cc_gcd(axis->stride, axis->dilation));
    const int32_t own = phase(axis, tap);
    cc_phase_tap found = {.number = tap / period};
    for (int32_t first = 0; first < period && first < axis->kernel; ++first) {
        const int32_t taps = (axis->kernel - 1 - first) / period + 1, other = phase(axis, first);
        if (other < own)
            found.first += taps;
        else if (other == own)
            found.taps = taps;
    }
    return found;
}

cc_phase_tap cc_find_phase_tap(const cc_shape *shape, int64_t tap, cc_tap_phase phase)
{
    if (!shape->transposed)
        return (cc_phase_tap){0, cc_kernel_elements(shape), tap};
    const int32_t R = shape->axis[CLCONV_HEIGHT].kernel, S = shape->axis[CLCONV_WIDTH].kernel;
    const int32_t index[CLCONV_AXES] = {(int32_t)(tap / S / R), (int32_t)(tap / S % R),
                                        (int32_t)(tap % S)};
    cc_phase_tap found = {0, 1, 0};
    for (int i = 0; i < CLCONV_AXES; ++i) {
        const cc_phase_tap on_axis = find_on_axis(&shape->axis[i], index[i], phase);
        found.first = found.first * shape->axis[i].kernel + found.taps * on_axis.first;
        found.taps *= on_axis.taps;
        found.number = found.number * on_axis.taps + on_axis.number;
    }
    return found;
}

void cc_pack_block(const cc_packing *packing, const float *weights, int32_t g, int64_t block,
                   int32_t c, int64_t tap, float *packed)
{
    const cc_shape *shape = &packing->shape;
    const int64_t group_c = cc_group_c(shape), group_k = cc_group_k(shape);
    const int64_t taps = cc_kernel_elements(shape), first = block * packing->block;
    const int64_t filter = shape->transposed ? (g * group_c + c) * group_k + first
                                             : (g * group_k + first) * group_c + c;
    const int64_t step = shape->transposed ? taps : group_c * taps;
    const float *from = weights + filter * taps + tap;
    const int live = (int)cc_min(packing->block, group_k - first);
    for (int k = 0; k < live; ++k, from += step)
        packed[k] = *from;
    for (int k = live; k < packing->block; ++k)
        packed[k] = 0.0f;
}

/* The first output that reads a tap: outputs a stride apart have the same ones. */
static int32_t first_output(const cc_axis *axis, int32_t tap)
{
    const int64_t rest = ((int64_t)tap * axis->dilation - axis->padding) % axis->stride;
    return (int32_t)(rest < 0 ? rest + axis->stride : rest);
}

void cc_fill_by_phase(const cc_packing *packing, const float *weights, float *packed)
{
    const cc_shape *shape = &packing->shape;
    const int64_t taps = cc_kernel_elements(shape), blocks = cc_packing_blocks(packing);
    const int32_t group_c = cc_group_c(shape);
    for (int32_t g = 0; g < shape->groups; ++g)
        for (int64_t block = 0; block < blocks; ++block, packed += taps * group_c * packing->block)
            for (int64_t tap = 0; tap < taps; ++tap) {
                const cc_phase_tap t = cc_find_phase_tap(shape, tap, first_output);
                float *to = packed + (t.first * group_c + t.number) * packing->block;
                for (int32_t c = 0; c < group_c; ++c, to += t.taps * packing->block)
                    cc_pack_block(packing, weights, g, block, c, tap, to);
            }
}
