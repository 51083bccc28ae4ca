/* What a request `prepare` says, and the files it names. */
#ifndef CLI_PEER_FILES_H
#define CLI_PEER_FILES_H

#include <jansson.h>

#include "check.h"
#include "npy.h"

/* Writes the data of a problem into `folder` and makes the request that hands it over; NULL and
 * *error when that fails. */
json_t *peer_prepare_request(const check_case *c, const char *folder, clconv_error *error);

/* The shape of the result: N,K and the output size on the axes that the rank has. */
clconv_status peer_dst_shape(const clconv_problem *problem, npy_array *shape, clconv_error *error);

#endif
