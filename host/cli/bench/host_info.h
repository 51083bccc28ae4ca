/* What is known about the machine, this program and how it was built. */
#ifndef CLI_HOST_INFO_H
#define CLI_HOST_INFO_H

#include <jansson.h>

enum { HOST_PATH = 1024 };

/* The path of this program; returns 0 where it cannot be known. */
int host_executable(char path[HOST_PATH]);

/* {cpu, processors, clock_mhz or null, system, environment, compiler, flags} */
json_t *host_json(void);

/* {version, commit} */
json_t *host_clconv_json(void);

/* Now, as "2026-01-31T12:00:00Z". */
void host_time(char text[32]);

#endif
