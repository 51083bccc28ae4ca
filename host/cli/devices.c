/* clconv devices: what there is to compute on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "devices.h"

static const cli_help help = {
    .name = "clconv devices",
    .arguments = "[OPTION...]",
    .details = "Lists the devices; `*' marks the one that --device auto takes.\n"
               "--device takes the index, or a part of a device's or platform's name.\n",
    .example = "  clconv devices\n",
};

const char *device_kind_name(clconv_device_kind kind)
{
    static const char *const names[] = {
        [CLCONV_DEVICE_REFERENCE] = "reference",
        [CLCONV_DEVICE_CPU] = "CPU",
        [CLCONV_DEVICE_GPU] = "GPU",
        [CLCONV_DEVICE_OTHER] = "other",
    };
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

void device_describe(const clconv_device *device, const char *request, char *text, size_t size)
{
    const int automatic = !request || strcmp(request, "auto") == 0;
    if (device->kind == CLCONV_DEVICE_REFERENCE)
        snprintf(text, size, "%s%s", device->name,
                 automatic ? ": there is no OpenCL device here" : "");
    else
        snprintf(text, size, "%s (%s, %s)", device->name, device_kind_name(device->kind),
                 device->platform);
}

static void print_field(const char *name, const char *value)
{
    if (value[0])
        printf("     %-16s%s\n", name, value);
}

static void print_bytes(const char *name, uint64_t bytes)
{
    if (bytes >= (uint64_t)1 << 30)
        printf("     %-16s%.1f GiB\n", name, (double)bytes / (double)(1 << 30));
    else if (bytes)
        printf("     %-16s%.0f KiB\n", name, (double)bytes / 1024);
}

static void print_device(size_t index, const clconv_device *device, int automatic)
{
    printf("%c%3zu %s\n", automatic ? '*' : ' ', index, device->name);
    print_field("kind", device_kind_name(device->kind));
    print_field("platform", device->platform);
    print_field("vendor", device->vendor);
    print_field("driver", device->driver);
    print_field("OpenCL C", device->opencl_c);
    if (device->compute_units)
        printf("     %-16s%u\n", "compute units", device->compute_units);
    if (device->vector_floats)
        printf("     %-16s%u floats\n", "vectors", (unsigned)device->vector_floats);
    print_bytes("memory", device->global_bytes);
    print_bytes("largest buffer", device->max_alloc_bytes);
    print_bytes("local memory", device->local_bytes);
}

/* The device that `auto` takes. */
static cli_exit take_automatic(clconv_device *device)
{
    clconv_context *context = NULL;
    clconv_error error;
    if (clconv_context_create("auto", &context, &error) != CLCONV_OK)
        return cli_fail_library(&error);
    *device = *clconv_context_device(context);
    clconv_context_destroy(context);
    return CLI_FINE;
}

int device_same(const clconv_device *a, const clconv_device *b)
{
    return a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
           strcmp(a->platform, b->platform) == 0 && strcmp(a->driver, b->driver) == 0;
}

static void print_cache(void)
{
    char folder[1024];
    const size_t length = clconv_cache_folder(folder, sizeof folder);
    printf("compiled programs are kept in %s\n", length > 0 ? folder : "no folder");
}

static cli_exit list_devices(void *data, poptContext options)
{
    (void)data;
    if (poptPeekArg(options))
        return cli_fail(CLI_USAGE, "devices takes no argument: '%s'", poptPeekArg(options));
    clconv_device automatic = {0};
    clconv_device *devices = NULL;
    size_t count = 0;
    clconv_error error;

    clconv_status status = clconv_device_list(NULL, 0, &count, &error);
    if (status != CLCONV_OK)
        return cli_fail_library(&error);
    devices = calloc(count, sizeof *devices);
    if (!devices)
        return cli_fail(CLI_DEVICE, "the host is out of memory");
    status = clconv_device_list(devices, count, &count, &error);
    if (status != CLCONV_OK) {
        free(devices);
        return cli_fail_library(&error);
    }
    const cli_exit code = take_automatic(&automatic);
    int marked = code != CLI_FINE;
    for (size_t i = 0; i < count; i++) {
        const int mark = !marked && device_same(&devices[i], &automatic);
        print_device(i, &devices[i], mark);
        marked |= mark;
    }
    free(devices);
    print_cache();
    return code;
}

cli_exit cli_devices(int argc, const char **argv)
{
    const struct poptOption table[] = {cli_help_option(), POPT_TABLEEND};
    return cli_parse_and_run(&help, argc, argv, table, list_devices, NULL);
}
