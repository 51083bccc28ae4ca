/* Saying which device is used. */
#ifndef CLI_DEVICES_H
#define CLI_DEVICES_H

#include "common.h"

/* "GPU", "CPU", "other" or "reference". */
const char *device_kind_name(clconv_device_kind kind);

/* Writes "NAME (KIND, PLATFORM)", and for a reference that was not asked for why it was taken. */
void device_describe(const clconv_device *device, const char *request, char *text, size_t size);

/* Whether both describe the same device, or one of several alike. */
int device_same(const clconv_device *a, const clconv_device *b);

#endif
