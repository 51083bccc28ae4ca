/* --planning and --budget: how `auto` comes to an algorithm. */
#ifndef CLI_PLANNING_H
#define CLI_PLANNING_H

#include "common.h"

/* Adds what the user asked for to `options`. CLCONV_INVALID_ARGUMENT for a word that is none. */
clconv_status cli_planning_read(const cli_common *common, clconv_options *options,
                                clconv_error *error);

/* Writes what --algorithm asks for. Where `auto` is to be tuned or measured, makes such a plan and
 * writes its algorithms, one per stage: so that all that is done with them later is the same. */
clconv_status cli_planning_resolve(clconv_context *context, const clconv_problem *problems,
                                   size_t count, const cli_common *common, char *text, size_t size,
                                   clconv_error *error);

#endif
