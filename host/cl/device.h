/* OpenCL devices: finding them, describing them, and the errors of OpenCL calls. */
#ifndef CC_DEVICE_H
#define CC_DEVICE_H

#include "clconv_cl.h"
#include "core/error.h"

/* Every OpenCL device here, in the loader's order. */
typedef struct cc_device_list {
    cl_device_id *ids;
    size_t count;
} cc_device_list;

/* No platform gives an empty list and CLCONV_OK. */
clconv_status cc_device_list_make(cc_device_list *list, clconv_error *error);
void cc_device_list_free(cc_device_list *list);

/* Fills the public description of an OpenCL device. */
clconv_status cc_device_describe(cl_device_id id, clconv_device *device, clconv_error *error);

/* "CL_OUT_OF_RESOURCES" for -5, and so on. */
const char *cc_cl_code_name(cl_int code);

/* The status that an OpenCL code stands for, with `what` (the call, or "kernel NAME") and the
 * code's name in the message. */
clconv_status cc_cl_fail(clconv_error *error, cl_int code, const char *what);

/* As TRY, for an expression that yields an OpenCL code; needs `status` and `error`. */
#define CL_TRY(call)                                                                               \
    do {                                                                                           \
        cl_int code_ = (call);                                                                     \
        if (code_ != CL_SUCCESS) {                                                                 \
            status = cc_cl_fail(error, code_, #call);                                              \
            goto cleanup;                                                                          \
        }                                                                                          \
    } while (0)

#endif
