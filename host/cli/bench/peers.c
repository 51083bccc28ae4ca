#include "peers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_json.h"
#include "file.h"
#include "interrupt.h"
#include "json_field.h"
#include "npy.h"
#include "peer_files.h"
#include "peer_program.h"

enum { REASON_SIZE = 512 };

/* A result further from the reference than this share of its largest magnitude is none. */
static const double not_the_convolution = 0.02;

typedef struct bench_peer bench_peer;

/* A way in which a peer computes. */
typedef struct peer_setting {
    bench_peer *peer;
    char name[PEER_NAME];
    char algorithm[256];
    char reason[REASON_SIZE]; /* why it has no numbers; "" when it has */
    double ratio;             /* error / bound */
    spread time;
} peer_setting;

struct bench_peer {
    peer_program program;
    size_t count;
    peer_setting settings[PEER_SETTINGS_MAX];
};

struct peer_set {
    peer_options options;
    char folder[TEMPORARY_PATH]; /* for what is handed over */
    size_t count;
    bench_peer peers[PEERS_MAX];
    json_t *list;
    json_t *missing;
};

static void note_missing(peer_set *peers, const bench_peer *peer, const char *reason)
{
    json_array_append_new(peers->missing,
                          json_pack("{s:s, s:s}", "peer", peer->program.name, "reason", reason));
}

static void take_settings(peer_set *peers, bench_peer *peer, const json_t *hello)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(hello, "settings"), i, one)
    {
        if (peer->count == PEER_SETTINGS_MAX)
            break;
        peer_setting *setting = &peer->settings[peer->count++];
        setting->peer = peer;
        snprintf(setting->name, sizeof setting->name, "%s", json_text(one, "name"));
        json_array_append_new(peers->list, json_pack("{s:s, s:s, s:s, s:s}", "peer",
                                                     peer->program.name, "setting", setting->name,
                                                     "version", json_text(hello, "version"), "text",
                                                     json_text(one, "text")));
    }
}

static void add_peer(peer_set *peers, const char *name, size_t length)
{
    bench_peer *peer = &peers->peers[peers->count];
    json_t *hello = NULL;
    clconv_error error;

    *peer = (bench_peer){.program = {.options = &peers->options}};
    snprintf(peer->program.name, sizeof peer->program.name, "%.*s", (int)length, name);
    if (peer_find(&peer->program, &error) != CLCONV_OK ||
        peer_start(&peer->program, &hello, &error) != CLCONV_OK) {
        note_missing(peers, peer, error.message);
        process_kill(&peer->program.process);
        return;
    }
    take_settings(peers, peer, hello);
    peers->count++;
    json_decref(hello);
}

peer_set *peers_start(const peer_options *options, cli_exit *code)
{
    clconv_error error;
    peer_set *peers = calloc(1, sizeof *peers);
    if (!peers) {
        *code = cli_fail(CLI_DEVICE, "the host is out of memory");
        return NULL;
    }
    peers->options = *options;
    peers->list = json_array();
    peers->missing = json_array();
    *code = CLI_FINE;
    if (options->names && temporary_create(peers->folder, &error) != CLCONV_OK)
        *code = cli_fail_library(&error);
    for (const char *name = options->names; name && *code == CLI_FINE;) {
        const size_t length = strcspn(name, ",");
        if (length == 0 || length >= PEER_NAME || memchr(name, '/', length) ||
            peers->count == PEERS_MAX)
            *code = cli_fail(CLI_USAGE, "--peers takes up to %d names, separated by commas: '%s'",
                             PEERS_MAX, options->names);
        else
            add_peer(peers, name, length);
        name = name[length] ? name + length + 1 : NULL;
    }
    if (*code == CLI_FINE)
        return peers;
    peers_stop(peers);
    return NULL;
}

void peers_stop(peer_set *peers)
{
    if (!peers)
        return;
    for (size_t i = 0; i < peers->count; i++)
        process_stop(&peers->peers[i].program.process);
    temporary_remove(peers->folder);
    json_decref(peers->list);
    json_decref(peers->missing);
    free(peers);
}

/* ---- A problem ------------------------------------------------------------------------------- */

static void fail_settings(bench_peer *peer, const char *reason)
{
    for (size_t i = 0; i < peer->count; i++)
        snprintf(peer->settings[i].reason, REASON_SIZE, "%.*s", REASON_SIZE - 1, reason);
}

static void take_prepared(peer_setting *setting, const json_t *answer)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(answer, "settings"), i, one)
    {
        if (strcmp(json_text(one, "name"), setting->name) != 0)
            continue;
        snprintf(setting->algorithm, sizeof setting->algorithm, "%s", json_text(one, "algorithm"));
        snprintf(setting->reason, sizeof setting->reason, "%s", json_text(one, "error"));
        return;
    }
    snprintf(setting->reason, sizeof setting->reason, "it said nothing about this setting");
}

static void prepare_peer(bench_peer *peer, const json_t *request)
{
    json_t *answer = NULL;
    clconv_error error;
    for (size_t i = 0; i < peer->count; i++) {
        peer_setting *setting = &peer->settings[i];
        setting->algorithm[0] = setting->reason[0] = '\0';
    }
    if (peer_revive(&peer->program, &error) != CLCONV_OK ||
        peer_ask(&peer->program, request, &answer, &error) != CLCONV_OK)
        fail_settings(peer, error.message);
    for (size_t i = 0; answer && i < peer->count; i++)
        take_prepared(&peer->settings[i], answer);
    json_decref(answer);
}

clconv_status peers_prepare(peer_set *peers, const check_case *c, clconv_error *error)
{
    if (peers->count == 0)
        return CLCONV_OK;
    json_t *request = peer_prepare_request(c, peers->folder, error);
    if (!request)
        return error->status;
    for (size_t i = 0; i < peers->count && !interrupted(); i++)
        prepare_peer(&peers->peers[i], request);
    json_decref(request);
    return CLCONV_OK;
}

static clconv_status sample_setting(void *data, double *run_ns, clconv_error *error)
{
    peer_setting *setting = data;
    json_t *answer = NULL;
    if (setting->peer->program.process.pid <= 0)
        return cli_error(error, CLCONV_DEVICE_FAILED, "%s has ended", setting->peer->program.name);
    json_t *request = json_pack("{s:s, s:s, s:f}", "command", "sample", "setting", setting->name,
                                "min_ns", SAMPLE_MIN_NS);
    clconv_status status = peer_ask(&setting->peer->program, request, &answer, error);
    json_decref(request);
    if (status != CLCONV_OK)
        return status;
    *run_ns = json_number_value(json_object_get(answer, "ns_per_run"));
    json_decref(answer);
    if (!(*run_ns > 0 && isfinite(*run_ns)))
        status = cli_error(error, CLCONV_DEVICE_FAILED, "its sample has no ns_per_run");
    return status;
}

size_t peers_join(peer_set *peers, participant participants[PEER_PARTICIPANTS_MAX])
{
    size_t joined = 0;
    for (size_t i = 0; i < peers->count; i++) {
        for (size_t s = 0; s < peers->peers[i].count; s++) {
            peer_setting *setting = &peers->peers[i].settings[s];
            if (setting->reason[0])
                continue;
            participants[joined].sample = sample_setting;
            participants[joined].data = setting;
            joined++;
        }
    }
    return joined;
}

/* ---- Judging --------------------------------------------------------------------------------- */

static double largest_magnitude(const double *values, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(values[i]));
    return largest;
}

static double largest_difference(const float *values, const double *reference, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs((double)values[i] - reference[i]);
        if (isnan(difference))
            return INFINITY;
        largest = fmax(largest, difference);
    }
    return largest;
}

static clconv_status same_shape(const npy_array *found, const check_case *c, clconv_error *error)
{
    char text[NPY_SHAPE_TEXT];
    npy_array wanted;
    const clconv_status status =
        peer_dst_shape(&c->entry->problems[c->entry->count - 1], &wanted, error);
    if (status != CLCONV_OK)
        return status;
    if (found->dims != wanted.dims ||
        memcmp(found->shape, wanted.shape, (size_t)wanted.dims * sizeof wanted.shape[0]) != 0)
        return cli_error(error, CLCONV_DEVICE_FAILED, "its result has the shape %s",
                         npy_shape_text(found, text));
    return CLCONV_OK;
}

static clconv_status judge(peer_setting *setting, const check_case *c, const npy_array *dst,
                           clconv_error *error)
{
    clconv_comparison found;
    const double *reference = c->reference[GATE_REAL];
    const clconv_status status = same_shape(dst, c, error);
    if (status != CLCONV_OK)
        return status;
    clconv_compare(dst->data, reference, c->bound, c->dst_count, &found);
    setting->ratio = found.ratio;
    const double largest = largest_magnitude(reference, c->dst_count);
    const double difference = largest_difference(dst->data, reference, c->dst_count);
    if (!(difference <= not_the_convolution * largest))
        return cli_error(error, CLCONV_DEVICE_FAILED,
                         "its result is not the convolution: off by %.3g where the largest is %.3g",
                         difference, largest);
    return CLCONV_OK;
}

static clconv_status check_setting(peer_set *peers, peer_setting *setting, const check_case *c,
                                   clconv_error *error)
{
    char path[TEMPORARY_PATH + 16];
    json_t *answer = NULL;
    npy_array dst = {0};

    if (setting->peer->program.process.pid <= 0)
        return cli_error(error, CLCONV_DEVICE_FAILED, "%s has ended", setting->peer->program.name);
    snprintf(path, sizeof path, "%s/dst.npy", peers->folder);
    json_t *request =
        json_pack("{s:s, s:s, s:s}", "command", "result", "setting", setting->name, "dst", path);
    clconv_status status = peer_ask(&setting->peer->program, request, &answer, error);
    if (status == CLCONV_OK)
        status = npy_read(path, &dst, error);
    if (status == CLCONV_OK)
        status = judge(setting, c, &dst, error);
    if (status == CLCONV_OK)
        setting->peer->program.failures = 0;
    unlink(path); /* so that the next one cannot pass with this result */
    npy_free(&dst);
    json_decref(request);
    json_decref(answer);
    return status;
}

void peers_finish(peer_set *peers, const check_case *c, const participant *participants)
{
    for (size_t i = 0; i < PEER_PARTICIPANTS_MAX && participants[i].data; i++) {
        peer_setting *setting = participants[i].data;
        clconv_error error = participants[i].error;
        clconv_status status = participants[i].status;
        setting->time = participants[i].result;
        if (status == CLCONV_OK)
            status = check_setting(peers, setting, c, &error);
        if (status != CLCONV_OK)
            snprintf(setting->reason, sizeof setting->reason, "%.*s", REASON_SIZE - 1,
                     error.message);
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *setting_json(const peer_setting *setting, double ours_ns)
{
    const char *peer = setting->peer->program.name;
    if (setting->reason[0])
        return json_pack("{s:s, s:s, s:s, s:s}", "peer", peer, "setting", setting->name,
                         "algorithm", setting->algorithm, "error", setting->reason);
    return json_pack("{s:s, s:s, s:s, s:o, s:f, s:f}", "peer", peer, "setting", setting->name,
                     "algorithm", setting->algorithm, "time", spread_json(&setting->time), "ratio",
                     setting->time.median_ns / ours_ns, "error_to_bound_ratio", setting->ratio);
}

json_t *peers_row_json(const peer_set *peers, double ours_ns)
{
    json_t *row = json_array();
    for (size_t i = 0; i < peers->count; i++) {
        for (size_t s = 0; s < peers->peers[i].count; s++)
            json_array_append_new(row, setting_json(&peers->peers[i].settings[s], ours_ns));
    }
    return row;
}

json_t *peers_list_json(const peer_set *peers)
{
    return peers->list;
}

json_t *peers_missing_json(const peer_set *peers)
{
    return peers->missing;
}
