#include "bench_csv.h"

#include <stdio.h>
#include <string.h>

#include "file.h"
#include "json_field.h"

/* A column: a value of the row, or inside an object of it. */
typedef struct column {
    const char *title;
    const char *object; /* NULL: in the row itself */
    const char *key;
} column;

static const column columns[] = {
    {"variant", NULL, "variant"},
    {"name", NULL, "name"},
    {"problem", NULL, "problem"},
    {"batch", NULL, "batch"},
    {"algorithm", NULL, "algorithm"},
    {"verdict", NULL, "verdict"},
    {"reason", NULL, "reason"},
    {"parameters_count", NULL, "parameters_count"},
    {"multiplications_count", NULL, "multiplications_count"},
    {"minimum_bytes", NULL, "minimum_bytes"},
    {"intensity_flop_per_byte", NULL, "intensity_flop_per_byte"},
    {"workspace_bytes", NULL, "workspace_bytes"},
    {"error_to_bound_ratio", NULL, "error_to_bound_ratio"},
    {"cold_ns", NULL, "cold_ns"},
    {"device_ns", "device", "median_ns"},
    {"device_lower_quartile_ns", "device", "lower_quartile_ns"},
    {"device_upper_quartile_ns", "device", "upper_quartile_ns"},
    {"device_samples", "device", "samples"},
    {"with_transfers_ns", "with_transfers", "median_ns"},
    {"upload_ns", "upload", "median_ns"},
    {"download_ns", "download", "median_ns"},
    {"cpu_reference_ns", "cpu_reference", "median_ns"},
    {"gflop_per_s", NULL, "gflop_per_s"},
    {"gbyte_per_s", NULL, "gbyte_per_s"},
    {"roofline_share", NULL, "roofline_share"},
};

/* In quotes, with quotes doubled. */
static void write_text(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}

static void write_value(FILE *stream, const json_t *value)
{
    if (json_is_string(value))
        write_text(stream, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        fprintf(stream, "%.9g", json_real_value(value));
}

static void write_header(FILE *stream, const json_t *peers)
{
    size_t i;
    json_t *peer;
    for (i = 0; i < sizeof columns / sizeof columns[0]; i++)
        fprintf(stream, "%s%s", i ? "," : "", columns[i].title);
    json_array_foreach(peers, i, peer)
    {
        const char *name = json_text(peer, "peer");
        const char *setting = json_text(peer, "setting");
        fprintf(stream, ",%s %s ns,%s %s ratio", name, setting, name, setting);
    }
    fputs("\r\n", stream);
}

/* What a row says about a setting; NULL for nothing. */
static const json_t *find_peer(const json_t *row, const json_t *setting)
{
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(row, "peers"), i, peer)
    {
        if (strcmp(json_text(peer, "peer"), json_text(setting, "peer")) == 0 &&
            strcmp(json_text(peer, "setting"), json_text(setting, "setting")) == 0)
            return peer;
    }
    return NULL;
}

static void write_row(FILE *stream, const json_t *row, const json_t *peers)
{
    size_t i;
    json_t *setting;
    for (i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const column *c = &columns[i];
        const json_t *object = c->object ? json_object_get(row, c->object) : row;
        if (i)
            fputc(',', stream);
        write_value(stream, json_object_get(object, c->key));
    }
    json_array_foreach(peers, i, setting)
    {
        const json_t *peer = find_peer(row, setting);
        fputc(',', stream);
        write_value(stream, json_object_get(json_object_get(peer, "time"), "median_ns"));
        fputc(',', stream);
        write_value(stream, json_object_get(peer, "ratio"));
    }
    fputs("\r\n", stream);
}

clconv_status bench_csv_write(const json_t *report, const char *path, clconv_error *error)
{
    const json_t *peers = json_object_get(report, "peers");
    file_output output;
    size_t i;
    json_t *row;
    const clconv_status status = file_output_open(&output, path, error);
    if (status != CLCONV_OK)
        return status;
    write_header(output.stream, peers);
    json_array_foreach(json_object_get(report, "results"), i, row)
        write_row(output.stream, row, peers);
    return ferror(output.stream) ? file_output_fail(&output, error)
                                 : file_output_commit(&output, error);
}
