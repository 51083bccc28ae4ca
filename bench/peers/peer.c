#include "peer.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "peer_case.h"
#include "peer_time.h"

/* The state of a conversation. */
typedef struct session {
    const peer *peer;
    peer_case c;
    int ready[PEER_MAX_SETTINGS]; /* prepared, and has run */
    double run_ns[PEER_MAX_SETTINGS];
} session;

/* ---- Answers ------------------------------------------------------------------------------- */

static FILE *answers;

int peer_open(void)
{
    answers = peer_take_stdout();
    return answers != NULL;
}

/* Sends and frees an answer; returns 0 when nobody reads it any more. */
static int answer(json_t *object)
{
    const int sent = json_dumpf(object, answers, JSON_COMPACT) == 0 && fputc('\n', answers) >= 0 &&
                     fflush(answers) == 0;
    json_decref(object);
    return sent;
}

static json_t *error_answer(const char *message)
{
    json_t *object = json_pack("{s:s}", "error", message);
    return object ? object : json_pack("{s:s}", "error", "an error that is not UTF-8");
}

int peer_refuse(const clconv_error *error)
{
    answer(error_answer(error->message));
    return EXIT_FAILURE;
}

static int answer_start(const peer *p)
{
    json_t *settings = json_array();
    for (size_t i = 0; i < p->count; i++)
        json_array_append_new(settings, json_pack("{s:s,s:s}", "name", p->settings[i].name, "text",
                                                  p->settings[i].text));
    return answer(
        json_pack("{s:s,s:s,s:o}", "peer", p->name, "version", p->version, "settings", settings));
}

/* ---- Requests ------------------------------------------------------------------------------ */

static void forget(session *s)
{
    for (size_t i = 0; i < s->peer->count; i++) {
        s->peer->settings[i].release(s->peer->settings[i].state);
        s->ready[i] = 0;
    }
    peer_case_free(&s->c);
}

static json_t *prepare_setting(session *s, size_t i)
{
    const peer_setting *const setting = &s->peer->settings[i];
    char algorithm[PEER_ALGORITHM_TEXT] = "";
    clconv_error error;

    clconv_status status = setting->prepare(setting->state, &s->c, algorithm, &error);
    const uint64_t start = peer_clock_ns();
    if (status == CLCONV_OK)
        status = setting->run(setting->state, 1, &error);
    s->run_ns[i] = (double)(peer_clock_ns() - start);
    s->ready[i] = status == CLCONV_OK;
    if (s->ready[i])
        return json_pack("{s:s,s:s}", "name", setting->name, "algorithm", algorithm);
    setting->release(setting->state);
    return json_pack("{s:s,s:s}", "name", setting->name, "error", error.message);
}

static clconv_status prepare(session *s, const json_t *request, json_t **reply, clconv_error *error)
{
    forget(s);
    const clconv_status status = peer_case_read(request, &s->c, error);
    if (status != CLCONV_OK)
        return status;
    json_t *settings = json_array();
    for (size_t i = 0; i < s->peer->count; i++)
        json_array_append_new(settings, prepare_setting(s, i));
    *reply = json_pack("{s:o}", "settings", settings);
    return CLCONV_OK;
}

/* The setting that a request names, which must be ready. */
static clconv_status find_setting(const session *s, const json_t *request, size_t *index,
                                  clconv_error *error)
{
    const char *const name = json_string_value(json_object_get(request, "setting"));
    if (!name)
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "no \"setting\" in the request");
    for (*index = 0; *index < s->peer->count; ++*index) {
        if (strcmp(s->peer->settings[*index].name, name) != 0)
            continue;
        if (s->ready[*index])
            return CLCONV_OK;
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "setting \"%s\" is not prepared", name);
    }
    return cli_error(error, CLCONV_INVALID_ARGUMENT, "no setting \"%s\"", name);
}

/* A run this many times as long as a sample has to be warms up within itself. */
static const double long_run = 50;

/* How often to run is estimated from the last time; a sample that turns out too short is taken
 * again with more. */
static clconv_status take_sample(session *s, size_t i, double min_ns, double *elapsed_ns,
                                 size_t *repeats, clconv_error *error)
{
    const peer_setting *const setting = &s->peer->settings[i];
    uint64_t start = peer_clock_ns();
    clconv_status status = setting->run(setting->state, 1, error);
    *repeats = 1;
    *elapsed_ns = (double)(peer_clock_ns() - start);
    if (*elapsed_ns >= long_run * min_ns)
        return status;
    while (status == CLCONV_OK) {
        *repeats = (size_t)fmin(1.05 * min_ns / fmax(s->run_ns[i], 1), 1e7) + 1;
        start = peer_clock_ns();
        status = setting->run(setting->state, *repeats, error);
        *elapsed_ns = (double)(peer_clock_ns() - start);
        s->run_ns[i] = *elapsed_ns / (double)*repeats;
        if (*elapsed_ns >= min_ns)
            break;
    }
    return status;
}

static clconv_status sample(session *s, const json_t *request, json_t **reply, clconv_error *error)
{
    size_t i = 0, repeats = 0;
    double elapsed_ns = 0;
    const double min_ns = json_number_value(json_object_get(request, "min_ns"));
    if (!(min_ns > 0 && min_ns <= 1e12))
        return cli_error(error, CLCONV_INVALID_ARGUMENT,
                         "\"min_ns\" is to be a number above 0 and at most 1e12");
    clconv_status status = find_setting(s, request, &i, error);
    if (status == CLCONV_OK)
        status = take_sample(s, i, min_ns, &elapsed_ns, &repeats, error);
    if (status == CLCONV_OK)
        *reply = json_pack("{s:f,s:I}", "ns_per_run", elapsed_ns / (double)repeats, "runs",
                           (json_int_t)repeats);
    return status;
}

static clconv_status result(session *s, const json_t *request, json_t **reply, clconv_error *error)
{
    size_t i = 0;
    npy_array dst;
    const char *const path = json_string_value(json_object_get(request, "dst"));
    if (!path)
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "no \"dst\" in the request");
    clconv_status status = find_setting(s, request, &i, error);
    if (status != CLCONV_OK)
        return status;
    const peer_setting *const setting = &s->peer->settings[i];
    peer_case_dst(&s->c, &dst);
    dst.data = calloc(dst.count, sizeof *dst.data);
    if (!dst.data)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    status = setting->result(setting->state, dst.data, error);
    if (status == CLCONV_OK)
        status = npy_write(path, &dst, error);
    npy_free(&dst);
    if (status == CLCONV_OK)
        *reply = json_object();
    return status;
}

static clconv_status obey(session *s, const json_t *request, json_t **reply, clconv_error *error)
{
    static const struct {
        const char *name;
        clconv_status (*run)(session *, const json_t *, json_t **, clconv_error *);
    } commands[] = {{"prepare", prepare}, {"sample", sample}, {"result", result}};
    const char *const name = json_string_value(json_object_get(request, "command"));
    if (!name)
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "no \"command\" in the request");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(s, request, reply, error);
    }
    return cli_error(error, CLCONV_INVALID_ARGUMENT, "no command \"%s\"", name);
}

static json_t *reply_to(session *s, const char *line)
{
    json_error_t syntax;
    clconv_error error;
    json_t *reply = NULL;
    json_t *const request = json_loads(line, JSON_REJECT_DUPLICATES, &syntax);
    if (!request)
        return error_answer(syntax.text);
    const clconv_status status = obey(s, request, &reply, &error);
    json_decref(request);
    peer_wait_until_quiet();
    return status == CLCONV_OK ? reply : error_answer(error.message);
}

int peer_serve(const peer *p)
{
    session s = {.peer = p};
    char *line = NULL;
    int read = answer_start(p);
    while (read && peer_read_line(&line))
        read = answer(reply_to(&s, line));
    forget(&s);
    free(line);
    return read ? EXIT_SUCCESS : EXIT_FAILURE;
}
