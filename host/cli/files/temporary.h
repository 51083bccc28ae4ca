/* A folder for files that must not outlive the command. */
#ifndef CLI_TEMPORARY_H
#define CLI_TEMPORARY_H

#include "clconv.h"

enum { TEMPORARY_PATH = 512 };

/* Makes an empty folder below $TMPDIR, else /tmp. */
clconv_status temporary_create(char path[TEMPORARY_PATH], clconv_error *error);

/* Removes a folder with all in it; "" is none. */
void temporary_remove(const char *path);

#endif
