/* The problems and tensors of a `prepare` request. */
#ifndef PEER_CASE_H
#define PEER_CASE_H

#include <jansson.h>

#include "peer.h"

/* Reads the problems of a request, by their strings, and its arrays. *c is empty before; free it
 * with peer_case_free whatever the status. */
clconv_status peer_case_read(const json_t *request, peer_case *c, clconv_error *error);
void peer_case_free(peer_case *c);

/* Gives *dst the shape of the result, without data. */
void peer_case_dst(const peer_case *c, npy_array *dst);

#endif
