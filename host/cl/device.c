#include "cl/device.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { PLATFORM_NOT_FOUND_KHR = -1001 }; /* cl_khr_icd */

static const struct {
    cl_int code;
    clconv_status status;
    const char *name;
} codes[] = {
#define CODE(code, status)                                                                         \
    {                                                                                              \
        code, CLCONV_##status, #code                                                               \
    }
    CODE(CL_SUCCESS, OK),
    CODE(CL_DEVICE_NOT_FOUND, DEVICE_NOT_FOUND),
    CODE(CL_DEVICE_NOT_AVAILABLE, DEVICE_FAILED),
    CODE(CL_COMPILER_NOT_AVAILABLE, BUILD_FAILED),
    CODE(CL_MEM_OBJECT_ALLOCATION_FAILURE, OUT_OF_DEVICE_MEMORY),
    CODE(CL_OUT_OF_RESOURCES, OUT_OF_DEVICE_MEMORY),
    CODE(CL_OUT_OF_HOST_MEMORY, OUT_OF_HOST_MEMORY),
    CODE(CL_PROFILING_INFO_NOT_AVAILABLE, DEVICE_FAILED),
    CODE(CL_MEM_COPY_OVERLAP, DEVICE_FAILED),
    CODE(CL_BUILD_PROGRAM_FAILURE, BUILD_FAILED),
    CODE(CL_MAP_FAILURE, DEVICE_FAILED),
    CODE(CL_MISALIGNED_SUB_BUFFER_OFFSET, DEVICE_FAILED),
    CODE(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, DEVICE_FAILED),
    CODE(CL_COMPILE_PROGRAM_FAILURE, BUILD_FAILED),
    CODE(CL_LINKER_NOT_AVAILABLE, BUILD_FAILED),
    CODE(CL_LINK_PROGRAM_FAILURE, BUILD_FAILED),
    CODE(CL_KERNEL_ARG_INFO_NOT_AVAILABLE, DEVICE_FAILED),
    CODE(CL_INVALID_VALUE, DEVICE_FAILED),
    CODE(CL_INVALID_PLATFORM, DEVICE_FAILED),
    CODE(CL_INVALID_DEVICE, DEVICE_FAILED),
    CODE(CL_INVALID_CONTEXT, DEVICE_FAILED),
    CODE(CL_INVALID_QUEUE_PROPERTIES, DEVICE_FAILED),
    CODE(CL_INVALID_COMMAND_QUEUE, DEVICE_FAILED),
    CODE(CL_INVALID_MEM_OBJECT, DEVICE_FAILED),
    CODE(CL_INVALID_BINARY, BUILD_FAILED),
    CODE(CL_INVALID_BUILD_OPTIONS, BUILD_FAILED),
    CODE(CL_INVALID_PROGRAM, DEVICE_FAILED),
    CODE(CL_INVALID_PROGRAM_EXECUTABLE, BUILD_FAILED),
    CODE(CL_INVALID_KERNEL_NAME, BUILD_FAILED),
    CODE(CL_INVALID_KERNEL_DEFINITION, BUILD_FAILED),
    CODE(CL_INVALID_KERNEL, DEVICE_FAILED),
    CODE(CL_INVALID_ARG_INDEX, DEVICE_FAILED),
    CODE(CL_INVALID_ARG_VALUE, DEVICE_FAILED),
    CODE(CL_INVALID_ARG_SIZE, DEVICE_FAILED),
    CODE(CL_INVALID_KERNEL_ARGS, DEVICE_FAILED),
    CODE(CL_INVALID_WORK_DIMENSION, DEVICE_FAILED),
    CODE(CL_INVALID_WORK_GROUP_SIZE, DEVICE_FAILED),
    CODE(CL_INVALID_WORK_ITEM_SIZE, DEVICE_FAILED),
    CODE(CL_INVALID_GLOBAL_OFFSET, DEVICE_FAILED),
    CODE(CL_INVALID_EVENT_WAIT_LIST, DEVICE_FAILED),
    CODE(CL_INVALID_EVENT, DEVICE_FAILED),
    CODE(CL_INVALID_OPERATION, DEVICE_FAILED),
    CODE(CL_INVALID_BUFFER_SIZE, OUT_OF_DEVICE_MEMORY),
    CODE(CL_INVALID_GLOBAL_WORK_SIZE, DEVICE_FAILED),
    CODE(CL_INVALID_PROPERTY, DEVICE_FAILED),
    {PLATFORM_NOT_FOUND_KHR, CLCONV_DEVICE_NOT_FOUND, "CL_PLATFORM_NOT_FOUND_KHR"},
#undef CODE
};

const char *cc_cl_code_name(cl_int code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); ++i)
        if (codes[i].code == code)
            return codes[i].name;
    return "unknown OpenCL code";
}

static clconv_status code_status(cl_int code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); ++i)
        if (codes[i].code == code)
            return codes[i].status;
    return CLCONV_DEVICE_FAILED;
}

clconv_status cc_cl_fail(clconv_error *error, cl_int code, const char *what)
{
    const int length = (int)strcspn(what, "("); /* of a call: the function's name */
    return cc_fail(error, code_status(code), "%.*s failed: %s (%d)", length, what,
                   cc_cl_code_name(code), (int)code);
}

/* Appends the devices of one platform. A platform without any, or whose driver does not start,
 * adds none: it must not keep the others from being used. */
static clconv_status append_platform(cc_device_list *list, cl_platform_id platform,
                                     clconv_error *error)
{
    cl_uint count = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &count) != CL_SUCCESS || count == 0)
        return CLCONV_OK;
    cl_device_id *grown = realloc(list->ids, (list->count + count) * sizeof(*grown));
    if (grown == NULL)
        return cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a list of devices");
    list->ids = grown;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, list->ids + list->count, NULL) ==
        CL_SUCCESS)
        list->count += count;
    return CLCONV_OK;
}

clconv_status cc_device_list_make(cc_device_list *list, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_platform_id *platforms = NULL;
    cl_uint count = 0;

    *list = (cc_device_list){0};
    const cl_int code = clGetPlatformIDs(0, NULL, &count);
    if (code == PLATFORM_NOT_FOUND_KHR || (code == CL_SUCCESS && count == 0))
        return CLCONV_OK;
    if (code != CL_SUCCESS)
        return cc_cl_fail(error, code, "clGetPlatformIDs");

    platforms = malloc(count * sizeof(*platforms));
    if (platforms == NULL) {
        status = cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a list of platforms");
        goto cleanup;
    }
    CL_TRY(clGetPlatformIDs(count, platforms, NULL));
    for (cl_uint i = 0; i < count; ++i)
        TRY(append_platform(list, platforms[i], error));

cleanup:
    free(platforms);
    if (status != CLCONV_OK)
        cc_device_list_free(list);
    return status;
}

void cc_device_list_free(cc_device_list *list)
{
    free(list->ids);
    *list = (cc_device_list){0};
}

enum { TEXT_MAX = 1024 }; /* longer names than any driver's */

/* Copies without leading and trailing spaces, as much as fits. */
static void copy_trimmed(char *out, size_t size, const char *text)
{
    while (isspace((unsigned char)*text))
        ++text;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        --length;
    if (length >= size)
        length = size - 1;
    memcpy(out, text, length);
    out[length] = '\0';
}

static cl_int device_text(cl_device_id id, cl_device_info what, char *out, size_t size)
{
    char text[TEXT_MAX] = "";
    const cl_int code = clGetDeviceInfo(id, what, sizeof(text), text, NULL);
    copy_trimmed(out, size, text);
    return code;
}

static cl_int platform_name(cl_device_id id, char *out, size_t size)
{
    char text[TEXT_MAX] = "";
    cl_platform_id platform = NULL;
    cl_int code = clGetDeviceInfo(id, CL_DEVICE_PLATFORM, sizeof(platform), &platform, NULL);
    if (code == CL_SUCCESS)
        code = clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(text), text, NULL);
    copy_trimmed(out, size, text);
    return code;
}

/* A simulator (Oclgrind) says that it is of every type. It counts as a CPU, on which every
 * algorithm can be tried. */
static clconv_device_kind device_kind(cl_device_type type)
{
    if (type & CL_DEVICE_TYPE_CPU)
        return CLCONV_DEVICE_CPU;
    return type & CL_DEVICE_TYPE_GPU ? CLCONV_DEVICE_GPU : CLCONV_DEVICE_OTHER;
}

#define NUMBER(id, what, value) clGetDeviceInfo(id, what, sizeof(value), &(value), NULL)

clconv_status cc_device_describe(cl_device_id id, clconv_device *device, clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    cl_device_type type = 0;
    cl_device_exec_capabilities runs = 0;
    cl_uint compute_units = 0, vector_floats = 0;
    cl_ulong global_bytes = 0, max_alloc_bytes = 0, local_bytes = 0;

    *device = (clconv_device){0};
    CL_TRY(device_text(id, CL_DEVICE_NAME, device->name, sizeof(device->name)));
    CL_TRY(device_text(id, CL_DEVICE_VENDOR, device->vendor, sizeof(device->vendor)));
    CL_TRY(device_text(id, CL_DRIVER_VERSION, device->driver, sizeof(device->driver)));
    CL_TRY(device_text(id, CL_DEVICE_OPENCL_C_VERSION, device->opencl_c, sizeof(device->opencl_c)));
    CL_TRY(platform_name(id, device->platform, sizeof(device->platform)));
    CL_TRY(NUMBER(id, CL_DEVICE_TYPE, type));
    CL_TRY(NUMBER(id, CL_DEVICE_MAX_COMPUTE_UNITS, compute_units));
    CL_TRY(NUMBER(id, CL_DEVICE_GLOBAL_MEM_SIZE, global_bytes));
    CL_TRY(NUMBER(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, max_alloc_bytes));
    CL_TRY(NUMBER(id, CL_DEVICE_LOCAL_MEM_SIZE, local_bytes));
    CL_TRY(NUMBER(id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, vector_floats));
    CL_TRY(NUMBER(id, CL_DEVICE_EXECUTION_CAPABILITIES, runs));
    device->kind = device_kind(type);
    device->compute_units = compute_units > 0 ? compute_units : 1; /* as the standard has it */
    device->global_bytes = global_bytes;
    device->max_alloc_bytes = max_alloc_bytes;
    device->local_bytes = local_bytes;
    device->vector_floats = vector_floats;
    device->native_kernels = (runs & CL_EXEC_NATIVE_KERNEL) != 0;

cleanup:
    return status;
}
