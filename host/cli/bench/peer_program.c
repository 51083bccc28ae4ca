#include "peer_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "interrupt.h"
#include "json_field.h"

/* In a row: a few large problems may each be beyond a peer's time. */
enum { MAX_FAILURES = 6 };

/* Ends a peer that cannot be talked to any more. */
static void give_up(peer_program *program)
{
    process_kill(&program->process);
    if (!interrupted())
        program->failures++;
}

/* Reads an answer. A refusal is a failure of this request alone; anything else that is no answer
 * ends the peer. */
static clconv_status read_answer(peer_program *program, json_t **answer, clconv_error *error)
{
    char *line;
    clconv_error found;
    *answer = NULL;
    if (process_read_line(&program->process, program->options->timeout_s, &line, &found) !=
        CLCONV_OK) {
        give_up(program);
        return cli_error(error, CLCONV_DEVICE_FAILED, "%s: %s", program->name, found.message);
    }
    *answer = json_loads(line, 0, NULL);
    if (!json_is_object(*answer)) {
        cli_error(error, CLCONV_DEVICE_FAILED, "%s: it answered '%.100s'", program->name, line);
        give_up(program);
    } else if (json_is_string(json_object_get(*answer, "error"))) {
        cli_error(error, CLCONV_UNSUPPORTED, "%s",
                  json_string_value(json_object_get(*answer, "error")));
    } else {
        return CLCONV_OK;
    }
    json_decref(*answer);
    *answer = NULL;
    return error->status;
}

clconv_status peer_ask(peer_program *program, const json_t *request, json_t **answer,
                       clconv_error *error)
{
    clconv_status status;
    clconv_error found;
    *answer = NULL;
    char *text = json_dumps(request, JSON_COMPACT);
    char *line = text ? realloc(text, strlen(text) + 2) : NULL;
    if (!line) {
        free(text);
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    }
    strcat(line, "\n");
    status = process_send(&program->process, line, &found);
    free(line);
    if (status != CLCONV_OK) {
        give_up(program);
        return cli_error(error, status, "%s: %s", program->name, found.message);
    }
    return read_answer(program, answer, error);
}

/* The device it is to run on is passed to those that know devices. */
static void arguments_of(const peer_program *program, const char *arguments[4])
{
    const peer_options *o = program->options;
    const char *device = NULL;
    if (strcmp(program->name, "clblast") == 0)
        device = o->device ? o->device : "auto";
    else if (strcmp(program->name, "pytorch") == 0 && o->kind == CLCONV_DEVICE_GPU)
        device = "cuda";
    arguments[0] = program->path;
    arguments[1] = device ? "--device" : NULL;
    arguments[2] = device;
    arguments[3] = NULL;
}

clconv_status peer_start(peer_program *program, json_t **hello, clconv_error *error)
{
    const char *arguments[4];
    arguments_of(program, arguments);
    const clconv_status status = process_start(&program->process, arguments, NULL, error);
    return status == CLCONV_OK ? read_answer(program, hello, error) : status;
}

/* ---- Where it is -------------------------------------------------------------------------------
 */

static int find_in(const char *folder, peer_program *program)
{
    static const char *const endings[] = {"", ".py"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char path[HOST_PATH];
        const int length =
            snprintf(path, sizeof path, "%s/%s%s", folder, program->name, endings[i]);
        if (length < HOST_PATH && access(path, X_OK) == 0) {
            memcpy(program->path, path, sizeof path);
            return 1;
        }
    }
    return 0;
}

clconv_status peer_find(peer_program *program, clconv_error *error)
{
    static const char *const places[] = {"../../bench/peers", "../libexec/clconv/peers"};
    char self[HOST_PATH];
    char folder[HOST_PATH + 32];

    if (program->options->folder) {
        if (find_in(program->options->folder, program))
            return CLCONV_OK;
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "no program %s in %s", program->name,
                         program->options->folder);
    }
    if (!host_executable(self))
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "where it may be is not known");
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(folder, sizeof folder, "%s/%s", self, places[i]);
        if (find_in(folder, program))
            return CLCONV_OK;
    }
    return cli_error(error, CLCONV_INVALID_ARGUMENT,
                     "no program %s in bench/peers of the build or in libexec/clconv/peers",
                     program->name);
}

clconv_status peer_revive(peer_program *program, clconv_error *error)
{
    json_t *hello = NULL;
    if (program->process.pid > 0)
        return CLCONV_OK;
    if (program->failures >= MAX_FAILURES)
        return cli_error(error, CLCONV_DEVICE_FAILED, "%s failed %d times and is left out",
                         program->name, MAX_FAILURES);
    const clconv_status status = peer_start(program, &hello, error);
    json_decref(hello);
    return status;
}
