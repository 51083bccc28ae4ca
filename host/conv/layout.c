#include "conv/layout.h"

#include <inttypes.h>

clconv_status cc_layout_add(size_t *total, uint64_t bytes, size_t *offset, clconv_error *error)
{
    *offset = *total;
    if (bytes > SIZE_MAX - CC_ALIGNMENT || *total > SIZE_MAX - CC_ALIGNMENT - (size_t)bytes)
        return cc_fail(error, CLCONV_OUT_OF_DEVICE_MEMORY,
                       "the workspace does not fit in this machine's address space");
    *total += ((size_t)bytes + CC_ALIGNMENT - 1) / CC_ALIGNMENT * CC_ALIGNMENT;
    return CLCONV_OK;
}

clconv_status cc_layout_check_buffer(const clconv_device *device, const char *what, uint64_t bytes,
                                     clconv_error *error)
{
    if (bytes <= device->max_alloc_bytes && bytes <= SIZE_MAX)
        return CLCONV_OK;
    return cc_fail(error, CLCONV_OUT_OF_DEVICE_MEMORY,
                   "%s takes %" PRIu64 " bytes; the largest buffer of %s has %" PRIu64, what, bytes,
                   device->name, device->max_alloc_bytes);
}

static uint64_t tensor_bytes(int64_t elements)
{
    return (uint64_t)elements * sizeof(float);
}

static uint64_t largest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static clconv_status place(const cc_stage *stages, const clconv_sizes *sizes, size_t count,
                           cc_layout *layout, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    uint64_t intermediate[2] = {0, 0}, scratch = 0;
    int step = 0;
    for (size_t i = 0, run; i < count; i += run, ++step) {
        run = cc_algorithm_stages(stages[i].algorithm);
        if (i + run < count)
            intermediate[step % 2] =
                largest(intermediate[step % 2], tensor_bytes(sizes[i + run - 1].dst));
        scratch = largest(scratch, stages[i].workspace_bytes);
    }
    *layout = (cc_layout){0};
    for (int i = 0; i < 2; ++i)
        TRY(cc_layout_add(&layout->bytes, intermediate[i], &layout->intermediate[i], error));
    TRY(cc_layout_add(&layout->bytes, scratch, &layout->scratch, error));
    for (size_t i = 0; i < count; ++i)
        TRY(cc_layout_add(&layout->bytes, stages[i].packed_bytes, &layout->packed[i], error));

cleanup:
    return status;
}

/* Each buffer by itself, then all of them together. */
static clconv_status check_device(const clconv_sizes *sizes, size_t count,
                                  const clconv_device *device, uint64_t workspace_bytes,
                                  clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    const uint64_t src = tensor_bytes(sizes[0].src), dst = tensor_bytes(sizes[count - 1].dst);
    TRY(cc_layout_check_buffer(device, "src", src, error));
    TRY(cc_layout_check_buffer(device, "dst", dst, error));
    TRY(cc_layout_check_buffer(device, "the workspace", workspace_bytes, error));
    uint64_t total = src + dst + workspace_bytes;
    for (size_t i = 0; i < count; ++i) {
        TRY(cc_layout_check_buffer(device, "weights", tensor_bytes(sizes[i].weights), error));
        total += tensor_bytes(sizes[i].weights) + tensor_bytes(sizes[i].bias);
    }
    if (total > device->global_bytes)
        status = cc_fail(error, CLCONV_OUT_OF_DEVICE_MEMORY,
                         "all tensors and the workspace take %" PRIu64 " bytes; %s has %" PRIu64,
                         total, device->name, device->global_bytes);

cleanup:
    return status;
}

clconv_status cc_layout_make(const cc_stage *stages, const clconv_sizes *sizes, size_t count,
                             const clconv_device *device, cc_layout *layout, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    TRY(place(stages, sizes, count, layout, error));
    TRY(check_device(sizes, count, device, layout->bytes, error));

cleanup:
    return status;
}
