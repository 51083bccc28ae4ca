#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cl_nv_device_attribute_query */
enum { COMPUTE_CAPABILITY_MAJOR_NV = 0x4000, COMPUTE_CAPABILITY_MINOR_NV = 0x4001 };

static void set_text(json_t *object, const char *name, cl_device_id device, cl_device_info what)
{
    size_t size = 0;
    char *text = NULL;
    if (clGetDeviceInfo(device, what, 0, NULL, &size) == CL_SUCCESS && (text = malloc(size + 1))) {
        text[size] = '\0';
        if (clGetDeviceInfo(device, what, size, text, NULL) == CL_SUCCESS)
            json_object_set_new(object, name, json_string(text));
    }
    free(text);
    if (!json_object_get(object, name))
        json_object_set_new(object, name, json_null());
}

typedef struct number_property {
    const char *name;
    cl_device_info what;
    size_t size; /* of its type */
} number_property;

static const number_property numbers[] = {
    {"compute_units", CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint)},
    {"clock_mhz", CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof(cl_uint)},
    {"address_bits", CL_DEVICE_ADDRESS_BITS, sizeof(cl_uint)},
    {"native_float_width", CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof(cl_uint)},
    {"native_half_width", CL_DEVICE_NATIVE_VECTOR_WIDTH_HALF, sizeof(cl_uint)},
    {"alignment_bits", CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof(cl_uint)},
    {"local_memory_type", CL_DEVICE_LOCAL_MEM_TYPE, sizeof(cl_device_local_mem_type)},
    {"work_group_items", CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t)},
    {"argument_bytes", CL_DEVICE_MAX_PARAMETER_SIZE, sizeof(size_t)},
    {"timer_resolution_ns", CL_DEVICE_PROFILING_TIMER_RESOLUTION, sizeof(size_t)},
    {"global_bytes", CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong)},
    {"cache_bytes", CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof(cl_ulong)},
    {"max_alloc_bytes", CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong)},
    {"local_bytes", CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong)},
    {"constant_bytes", CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, sizeof(cl_ulong)},
};

static void set_number(json_t *object, const number_property *n, cl_device_id device)
{
    union {
        cl_uint u32;
        cl_ulong u64;
    } value = {.u64 = 0};
    const int known = clGetDeviceInfo(device, n->what, n->size, &value, NULL) == CL_SUCCESS;
    const cl_ulong number = n->size == sizeof value.u32 ? value.u32 : value.u64;
    json_object_set_new(object, n->name, known ? json_integer((json_int_t)number) : json_null());
}

static void set_compute_capability(json_t *object, const probe *p)
{
    cl_uint major = 0;
    cl_uint minor = 0;
    char text[32];
    if (p->nvidia &&
        clGetDeviceInfo(p->device, COMPUTE_CAPABILITY_MAJOR_NV, sizeof major, &major, NULL) ==
            CL_SUCCESS &&
        clGetDeviceInfo(p->device, COMPUTE_CAPABILITY_MINOR_NV, sizeof minor, &minor, NULL) ==
            CL_SUCCESS) {
        snprintf(text, sizeof text, "%u.%u", (unsigned)major, (unsigned)minor);
        json_object_set_new(object, "compute_capability", json_string(text));
    } else {
        json_object_set_new(object, "compute_capability", json_null());
    }
}

/* The rest of the line that starts with `word` in the program's binary, which NVIDIA's driver
 * gives as PTX text. */
static void set_directive(json_t *object, const char *name, const char *binary, const char *word)
{
    const char *found = binary ? strstr(binary, word) : NULL;
    if (!found) {
        json_object_set_new(object, name, json_null());
        return;
    }
    found += strlen(word);
    json_object_set_new(object, name, json_stringn(found, strcspn(found, "\r\n")));
}

/* The binary of an empty kernel, ended by a NUL; NULL when it cannot be had. */
static char *read_binary(const probe *p)
{
    char log[256];
    size_t size = 0;
    char *binary = NULL;
    cl_program program;
    const cl_kernel kernel = probe_build(p, "__kernel void empty(__global float *x) { x[0] = 1; }",
                                         "", "empty", &program, log, sizeof log);
    if (!kernel)
        return NULL;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) == CL_SUCCESS)
        binary = calloc(size + 1, 1);
    unsigned char *pointer = (unsigned char *)binary;
    if (binary && clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof pointer, &pointer, NULL) !=
                      CL_SUCCESS)
        binary[0] = '\0';
    clReleaseKernel(kernel);
    clReleaseProgram(program);
    return binary;
}

json_t *probe_properties(const probe *p)
{
    json_t *object = json_object();
    set_text(object, "name", p->device, CL_DEVICE_NAME);
    set_text(object, "vendor", p->device, CL_DEVICE_VENDOR);
    set_text(object, "driver", p->device, CL_DRIVER_VERSION);
    set_text(object, "version", p->device, CL_DEVICE_VERSION);
    set_text(object, "opencl_c", p->device, CL_DEVICE_OPENCL_C_VERSION);
    set_text(object, "extensions", p->device, CL_DEVICE_EXTENSIONS);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        set_number(object, &numbers[i], p->device);
    set_compute_capability(object, p);
    char *binary = p->nvidia ? read_binary(p) : NULL;
    set_directive(object, "ptx_version", binary, ".version ");
    set_directive(object, "ptx_target", binary, ".target ");
    free(binary);
    return object;
}
