/* Geometric means over the rows of a report. */
#ifndef CLI_MEANS_H
#define CLI_MEANS_H

#include <jansson.h>

/* The report's `means`: for each setting of each peer, over all rows, per variant, per batch, and
 * per variant and batch. Of several algorithms on a problem the fastest counts. */
json_t *means_json(const json_t *report);

#endif
