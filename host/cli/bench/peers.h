/* What others take for the same problems: docs/BENCHMARKING.md, "Peers". */
#ifndef CLI_PEERS_H
#define CLI_PEERS_H

#include <jansson.h>

#include "check.h"
#include "peer_program.h"
#include "sampling.h"
#include "temporary.h"

enum {
    PEERS_MAX = 8,
    PEER_SETTINGS_MAX = 8,
    PEER_PARTICIPANTS_MAX = PEERS_MAX * PEER_SETTINGS_MAX
};

typedef struct peer_set peer_set;

/* Starts the peers. One that is missing or fails is noted, no failure. NULL with *code set for a
 * bad list of names or lack of memory, which are reported. */
peer_set *peers_start(const peer_options *options, cli_exit *code);

/* Ends them and removes their files. */
void peers_stop(peer_set *peers);

/* Hands a problem with its data to all of them. */
clconv_status peers_prepare(peer_set *peers, const check_case *c, clconv_error *error);

/* Fills in those that can take part in sampling the problem; returns their number. The
 * participants' data belong to `peers`, until the next peers_prepare. */
size_t peers_join(peer_set *peers, participant participants[PEER_PARTICIPANTS_MAX]);

/* Takes over the participants' times, in the order of peers_join, and judges the results. */
void peers_finish(peer_set *peers, const check_case *c, const participant *participants);

/* A row's `peers`: how every setting did; ratios are to `ours_ns`. */
json_t *peers_row_json(const peer_set *peers, double ours_ns);

/* The report's `peers` and `missing_peers`; borrowed. */
json_t *peers_list_json(const peer_set *peers);
json_t *peers_missing_json(const peer_set *peers);

#endif
