/* The devices of this machine as users see them: OpenCL's, then the reference. */
#ifndef CC_DEVICES_H
#define CC_DEVICES_H

#include "cl/device.h"

/* Describes the CPU reference as a device. */
clconv_device cc_reference_device(void);

/* The device that `filter` (see clconv_context_create) means: *id is NULL for the reference. */
clconv_status cc_devices_select(const char *filter, cl_device_id *id, clconv_device *device,
                                clconv_error *error);

#endif
