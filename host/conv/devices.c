#include "conv/devices.h"

#include "core/platform.h"
#include "core/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

clconv_device cc_reference_device(void)
{
    return (clconv_device){
        .kind = CLCONV_DEVICE_REFERENCE,
        .name = "reference",
        .vendor = "clconv",
        .platform = "CPU reference, double precision",
        .driver = "built in",
        .opencl_c = "none",
        .compute_units = cc_processor_count(),
    };
}

clconv_status clconv_device_list(clconv_device *devices, size_t capacity, size_t *count,
                                 clconv_error *error)
{
    if (count == NULL || (devices == NULL && capacity > 0))
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "clconv_device_list: null pointer");
    clconv_status status = CLCONV_OK;
    cc_device_list list = {0};

    *count = 0;
    TRY(cc_device_list_make(&list, error));
    for (size_t i = 0; i < list.count && i < capacity; ++i)
        TRY(cc_device_describe(list.ids[i], &devices[i], error));
    if (list.count < capacity)
        devices[list.count] = cc_reference_device();
    *count = list.count + 1;

cleanup:
    cc_device_list_free(&list);
    return status;
}

/* ---- Selecting ---- */

static int contains(const char *text, const char *part)
{
    const size_t length = strlen(part);
    for (; *text != '\0'; ++text) {
        size_t i = 0;
        while (i < length && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            ++i;
        if (i == length)
            return 1;
    }
    return 0;
}

static int is_index(const char *filter)
{
    return filter[0] != '\0' && filter[strspn(filter, "0123456789")] == '\0';
}

static int matches(const clconv_device *device, const char *part)
{
    return contains(device->name, part) || contains(device->platform, part) ||
           contains(device->vendor, part);
}

/* The last device is the reference. */
static const clconv_device *pick_auto(const clconv_device *devices, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        if (devices[i].kind == CLCONV_DEVICE_GPU)
            return &devices[i];
    return &devices[0];
}

/* NULL when there is no such device. */
static const clconv_device *pick(const clconv_device *devices, size_t count, const char *filter)
{
    if (filter == NULL || strcmp(filter, "auto") == 0)
        return pick_auto(devices, count);
    if (strcmp(filter, "reference") == 0)
        return &devices[count - 1];
    if (is_index(filter)) {
        const unsigned long index = strtoul(filter, NULL, 10);
        return index < count ? &devices[index] : NULL;
    }
    for (size_t i = 0; filter[0] != '\0' && i < count; ++i)
        if (matches(&devices[i], filter))
            return &devices[i];
    return NULL;
}

static clconv_status not_found(clconv_error *error, const clconv_device *devices, size_t count,
                               const char *filter)
{
    char names[1024];
    cc_text list = cc_text_make(names, sizeof(names));
    for (size_t i = 0; i < count; ++i)
        cc_text_put(&list, "%s%zu: %s", i > 0 ? ", " : "", i, devices[i].name);
    return cc_fail(error, CLCONV_DEVICE_NOT_FOUND, "no device \"%.200s\"; there are %s", filter,
                   names);
}

clconv_status cc_devices_select(const char *filter, cl_device_id *id, clconv_device *device,
                                clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cc_device_list list = {0};
    clconv_device *devices = NULL;

    TRY(cc_device_list_make(&list, error));
    const size_t count = list.count + 1;
    devices = calloc(count, sizeof(*devices));
    if (devices == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a list of devices");
        goto cleanup;
    }
    for (size_t i = 0; i < list.count; ++i)
        TRY(cc_device_describe(list.ids[i], &devices[i], error));
    devices[list.count] = cc_reference_device();

    const clconv_device *picked = pick(devices, count, filter);
    if (picked == NULL) {
        status = not_found(error, devices, count, filter);
        goto cleanup;
    }
    *device = *picked;
    *id = picked->kind == CLCONV_DEVICE_REFERENCE ? NULL : list.ids[picked - devices];

cleanup:
    free(devices);
    cc_device_list_free(&list);
    return status;
}
