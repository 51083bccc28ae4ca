#define _GNU_SOURCE /* environ */
#include "host_info.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "clconv.h"
#include "clconv_build.h" /* generated: CLCONV_COMMIT, CLCONV_COMPILER, CLCONV_FLAGS */

int host_executable(char path[HOST_PATH])
{
    const ssize_t length = readlink("/proc/self/exe", path, HOST_PATH - 1);
    if (length <= 0 || length == HOST_PATH - 1)
        return 0;
    path[length] = '\0';
    return 1;
}

/* The first value of a key of /proc/cpuinfo, "" if there is none. */
static void cpu_field(const char *key, char *value, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    value[0] = '\0';
    while (file && !value[0] && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, strlen(key)) != 0)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(value, size, "%s", colon);
    }
    if (file)
        fclose(file);
}

static json_t *clock_json(void)
{
    char text[64];
    double mhz;
    cpu_field("cpu MHz", text, sizeof text);
    return sscanf(text, "%lf", &mhz) == 1 ? json_real(mhz) : json_null();
}

/* What the environment tells drivers about threads and processors, "NAME=VALUE NAME=VALUE". */
static void driver_environment(char *text, size_t size)
{
    static const char *const prefixes[] = {
        "POCL_AFFINITY=", "POCL_MAX_PTHREAD_COUNT=", "CL_CONFIG_CPU_", "LP_NUM_THREADS="};
    size_t used = 0;
    text[0] = '\0';
    for (char **variable = environ; *variable; variable++)
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
            if (strncmp(*variable, prefixes[i], strlen(prefixes[i])) == 0 && used < size)
                used +=
                    (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", *variable);
}

json_t *host_json(void)
{
    char environment[512];
    char cpu[128];
    char text[512] = "unknown";
    struct utsname system;
    cpu_field("model name", cpu, sizeof cpu);
    if (uname(&system) == 0)
        snprintf(text, sizeof text, "%s %s %s", system.sysname, system.release, system.machine);
    driver_environment(environment, sizeof environment);
    return json_pack("{s:s, s:I, s:o, s:s, s:s, s:s, s:s}", "cpu", cpu[0] ? cpu : "unknown",
                     "processors", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "clock_mhz",
                     clock_json(), "system", text, "environment", environment, "compiler",
                     CLCONV_COMPILER, "flags", CLCONV_FLAGS);
}

json_t *host_clconv_json(void)
{
    return json_pack("{s:s, s:s}", "version", clconv_version(), "commit", CLCONV_COMMIT);
}

void host_time(char text[32])
{
    const time_t now = time(NULL);
    struct tm parts;
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
}
