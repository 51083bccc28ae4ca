#include "bench_json.h"

#include <stdio.h>
#include <string.h>

#include "cold.h"
#include "devices.h"
#include "file.h"
#include "host_info.h"
#include "json_field.h"
#include "yardstick.h"

static json_t *optional_string(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* null for what was not measured */
static json_t *optional_real(double value)
{
    return value > 0 ? json_real(value) : json_null();
}

static json_t *device_json(const clconv_device *device)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:n, s:n}", "kind",
        device_kind_name(device->kind), "name", device->name, "vendor", device->vendor, "platform",
        device->platform, "driver", device->driver, "opencl_c", device->opencl_c, "compute_units",
        (json_int_t)device->compute_units, "global_bytes", (json_int_t)device->global_bytes,
        "max_alloc_bytes", (json_int_t)device->max_alloc_bytes, "local_bytes",
        (json_int_t)device->local_bytes, "vector_floats", (json_int_t)device->vector_floats,
        "peak_gflop_per_s", "bandwidth_gbyte_per_s");
}

static json_t *options_json(const bench_settings *s)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:f, s:i}", "device",
                     optional_string(s->device), "algorithm", optional_string(s->algorithm), "math",
                     optional_string(s->math), "file", optional_string(s->file), "batch",
                     optional_string(s->batches), "peers", optional_string(s->peers), "sweep",
                     optional_string(s->sweep), "seed", (json_int_t)s->seed, "min_time_s",
                     s->min_time_s, "passes", s->passes);
}

json_t *bench_json_start(const bench_settings *settings, const clconv_device *device)
{
    char started[32];
    host_time(started);
    return json_pack("{s:i, s:o, s:s, s:s, s:b, s:o, s:o, s:o, s:s, s:[], s:[], s:[], s:[], s:[]}",
                     "schema", 1, "clconv", host_clconv_json(), "started", started, "command",
                     settings->command, "interrupted", 0, "host", host_json(), "device",
                     device_json(device), "options", options_json(settings), "cold_caches",
                     cold_caches(), "peers", "missing_peers", "results", "means", "sweeps");
}

json_t *yardstick_json(void)
{
    const yardstick_summary all = yardstick_summarise();
    if (!all.readings)
        return json_null();
    return json_pack("{s:f, s:I, s:I}", "usual_ns", all.usual_ns, "readings",
                     (json_int_t)all.readings, "slow", (json_int_t)all.slow);
}

json_t *spread_json(const spread *s)
{
    return json_pack("{s:f, s:f, s:f, s:I, s:I, s:b}", "median_ns", s->median_ns,
                     "lower_quartile_ns", s->lower_ns, "upper_quartile_ns", s->upper_ns, "samples",
                     (json_int_t)s->samples, "dropped", (json_int_t)s->dropped, "slow", s->slow);
}

static json_t *numbers_json(const bench_row *row)
{
    const measurement *t = &row->times;
    const double bytes = (double)row->entry->cost.minimum_bytes;
    return json_pack(
        "{s:f, s:I, s:f, s:{s:f, s:f, s:I, s:f, s:f}, s:o, s:o, s:o, s:o, s:o, s:f, s:f, s:n, s:O, "
        "s:[]}",
        "error_to_bound_ratio", row->verdict.ratio, "workspace_bytes",
        (json_int_t)t->workspace_bytes, "cold_ns", row->cold_ns, "first", "plan_ns", t->plan_ns,
        "compile_ns", t->compile_ns, "programs_count", (json_int_t)t->programs, "pack_ns",
        t->pack_ns, "execute_ns", t->first_ns, "device", spread_json(&t->device), "with_transfers",
        spread_json(&t->total), "upload", spread_json(&t->upload), "compute",
        spread_json(&t->compute), "download", spread_json(&t->download), "gflop_per_s",
        bench_row_flop(row) / t->device.median_ns, "gbyte_per_s", bytes / t->device.median_ns,
        "roofline_share", "peers", row->peers, "passes");
}

static json_t *row_json(const bench_row *row)
{
    const clconv_cost *cost = &row->entry->cost;
    const int ran = row->status == CLCONV_OK;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:f, s:o}", "variant", row->entry->variant,
        "name", row->entry->name, "problem", row->entry->text, "batch",
        (json_int_t)row->entry->problems[0].batch, "algorithm", ran ? row->algorithm : row->request,
        "verdict",
        !ran              ? "FAIL"
        : row->verdict.ok ? "OK"
                          : "WRONG",
        "parameters_count", (json_int_t)cost->parameters, "multiplications_count",
        (json_int_t)cost->multiplications, "minimum_bytes", (json_int_t)cost->minimum_bytes,
        "intensity_flop_per_byte", cost->intensity, "cpu_reference", spread_json(&row->reference));
    if (object && bench_row_verified(row))
        json_object_update_new(object, numbers_json(row));
    else if (object)
        json_object_set_new(object, "reason",
                            json_string(ran ? row->verdict.reason : row->error.message));
    return object;
}

clconv_status bench_json_add(json_t *report, const bench_row *row, clconv_error *error)
{
    if (json_array_append_new(json_object_get(report, "results"), row_json(row)) != 0)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    return CLCONV_OK;
}

json_t *bench_json_last(const json_t *report)
{
    const json_t *rows = json_object_get(report, "results");
    return json_array_get(rows, json_array_size(rows) - 1);
}

int bench_json_has_numbers(const json_t *row)
{
    return strcmp(json_text(row, "verdict"), "OK") == 0;
}

void bench_json_set_roofline(json_t *report, const roofline *roof)
{
    json_t *device = json_object_get(report, "device");
    json_t *row;
    size_t i;
    json_object_set_new(device, "peak_gflop_per_s", optional_real(roof->gflop_per_s));
    json_object_set_new(device, "bandwidth_gbyte_per_s", optional_real(roof->gbyte_per_s));
    json_array_foreach(json_object_get(report, "results"), i, row)
    {
        if (!bench_json_has_numbers(row))
            continue;
        const double share = roofline_share(roof, json_number(row, "gflop_per_s"),
                                            json_number(row, "gbyte_per_s"), 1);
        json_object_set_new(row, "roofline_share", optional_real(share));
    }
}

void bench_json_add_pass(json_t *row, const measurement *times)
{
    json_array_append_new(json_object_get(row, "passes"),
                          json_pack("{s:o, s:o}", "device", spread_json(&times->device),
                                    "with_transfers", spread_json(&times->total)));
}

void bench_json_withdraw(json_t *row, const char *verdict, const char *reason)
{
    static const char *const kept[] = {"variant",
                                       "name",
                                       "problem",
                                       "batch",
                                       "algorithm",
                                       "parameters_count",
                                       "multiplications_count",
                                       "minimum_bytes",
                                       "intensity_flop_per_byte",
                                       "cpu_reference"};
    json_t *rest = json_object();
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        json_object_set(rest, kept[i], json_object_get(row, kept[i]));
    json_object_set_new(rest, "verdict", json_string(verdict));
    json_object_set_new(rest, "reason", json_string(reason));
    json_object_clear(row);
    json_object_update(row, rest);
    json_decref(rest);
}

clconv_status bench_json_write(const json_t *report, const char *path, clconv_error *error)
{
    file_output output;
    const clconv_status status = file_output_open(&output, path, error);
    if (status != CLCONV_OK)
        return status;
    if (json_dumpf(report, output.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) != 0 ||
        fputc('\n', output.stream) == EOF)
        return file_output_fail(&output, error);
    return file_output_commit(&output, error);
}
