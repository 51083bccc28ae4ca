/* Which rows of one report are slower or faster in another. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "common.h"

/* Prints what changed from the report at `before` to that at `after`. CLI_WRONG when a row got
 * slower or has no numbers any more. */
cli_exit compare_reports(const char *before, const char *after);

#endif
