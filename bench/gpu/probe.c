/* gpu-probe FEATURES.CL [DEVICE]: what a device is and does, as JSON on standard output. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole text file; NULL, after a line on stderr, when it cannot be read. */
static char *read_text(const char *path)
{
    enum { MAX_BYTES = 1 << 20 };
    FILE *file = fopen(path, "r");
    char *text = file ? malloc(MAX_BYTES) : NULL;
    if (text) {
        const size_t length = fread(text, 1, MAX_BYTES - 1, file);
        text[length] = '\0';
    } else {
        fprintf(stderr, "gpu-probe: cannot read %s\n", path);
    }
    if (file)
        fclose(file);
    return text;
}

static int is_nvidia(cl_device_id device)
{
    char vendor[256] = "";
    const cl_int code = clGetDeviceInfo(device, CL_DEVICE_VENDOR, sizeof vendor - 1, vendor, NULL);
    return code == CL_SUCCESS && strstr(vendor, "NVIDIA") != NULL;
}

static int print_report(const probe *p, const char *source)
{
    json_t *report = json_pack("{s:o, s:o, s:o}", "device", probe_properties(p), "features",
                               probe_features(p, source), "speeds", probe_speeds(p));
    const int failed = !report || json_dumpf(report, stdout, JSON_INDENT(2)) != 0 ||
                       fputc('\n', stdout) == EOF || fflush(stdout) != 0;
    json_decref(report);
    if (failed)
        fprintf(stderr, "gpu-probe: the report could not be written\n");
    return failed;
}

int main(int argc, char **argv)
{
    clconv_error error;
    probe p = {0};
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: gpu-probe FEATURES.CL [DEVICE]\n");
        return 2;
    }
    char *source = read_text(argv[1]);
    if (!source)
        return 2;
    if (clconv_context_create(argc == 3 ? argv[2] : "auto", &p.clconv, &error) != CLCONV_OK) {
        fprintf(stderr, "gpu-probe: %s\n", error.message);
        free(source);
        return 3;
    }
    int failed = 3;
    clconv_context_objects(p.clconv, &p.context, &p.device, &p.queue);
    if (!p.device) {
        fprintf(stderr, "gpu-probe: there is no OpenCL device here\n");
    } else {
        p.nvidia = is_nvidia(p.device);
        failed = print_report(&p, source);
    }
    clconv_context_destroy(p.clconv);
    free(source);
    return failed;
}
