/* One peer's program: finding it, starting it, asking it. */
#ifndef CLI_PEER_PROGRAM_H
#define CLI_PEER_PROGRAM_H

#include <jansson.h>

#include "host_info.h"
#include "process.h"

enum { PEER_NAME = 64 };

typedef struct peer_options {
    const char *names;  /* "onednn,pytorch"; NULL: none */
    const char *folder; /* where the programs are; NULL: beside this program */
    const char *device; /* as the user asked for it; NULL: auto */
    clconv_device_kind kind;
    double timeout_s; /* for one answer */
} peer_options;

/* Zero-initialise, then set name and options. */
typedef struct peer_program {
    char name[PEER_NAME];
    char path[HOST_PATH];
    const peer_options *options;
    process process;
    int failures; /* how often in a row it died, hung or talked nonsense */
} peer_program;

/* Looks in the given folder, else in the build tree or where it is installed. */
clconv_status peer_find(peer_program *program, clconv_error *error);

/* Starts it and reads who it is; decref *hello. */
clconv_status peer_start(peer_program *program, json_t **hello, clconv_error *error);

/* Starts it again if it was ended, unless that happened too often. */
clconv_status peer_revive(peer_program *program, clconv_error *error);

/* Sends a request and waits for the answer; decref *answer. CLCONV_UNSUPPORTED is what the peer
 * itself gives as error; any other failure has ended it. */
clconv_status peer_ask(peer_program *program, const json_t *request, json_t **answer,
                       clconv_error *error);

#endif
