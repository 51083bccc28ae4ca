#include "bench_report.h"

#include <stdio.h>

#include "devices.h"
#include "file.h"

int bench_row_verified(const bench_row *row)
{
    return row->status == CLCONV_OK && row->verdict.ok;
}

static double flops(const bench_row *row)
{
    return 2 * (double)row->entry->cost.multiplications;
}

/* ---- Text ---------------------------------------------------------------------------------- */

/* A count in at most six characters: 53952 as "54.0k". */
static const char *short_count(int64_t count, char text[16])
{
    static const char units[] = " kMGTPE";
    double value = (double)count;
    size_t unit = 0;
    for (; value >= 999.5; unit++)
        value /= 1000;
    if (unit == 0)
        snprintf(text, 16, "%.0f", value);
    else
        snprintf(text, 16, "%.3g%c", value, units[unit]);
    return text;
}

void bench_print_header(void)
{
    printf("%-6s%6s %9s %9s %9s %9s %9s %8s %7s %7s %7s  %-20s %-12s %s\n", "", "ratio", "device",
           "transfer", "total", "CPU", "first", "GFLOP/s", "GB/s", "mult.", "param.", "algorithm",
           "variant", "problem");
    printf("%-6s%6s %9s %9s %9s %9s %9s\n", "", "", "ms", "ms", "ms", "ms", "ms");
}

static void print_numbers(progress_line *progress, const bench_row *row)
{
    const measurement *t = &row->times;
    const clconv_cost *cost = &row->entry->cost;
    char multiplications[16];
    char parameters[16];
    progress_print(
        progress, "%-6s%6.3f %9.4g %9.4g %9.4g %9.4g %9.4g %8.4g %7.3g %7s %7s  %-20s %-12s %s\n",
        "OK", row->verdict.ratio, t->device.median_ns * 1e-6,
        (t->upload.median_ns + t->download.median_ns) * 1e-6, t->total.median_ns * 1e-6,
        row->reference.median_ns * 1e-6, (t->plan_ns + t->pack_ns + t->first_ns) * 1e-6,
        flops(row) / t->device.median_ns, (double)cost->minimum_bytes / t->device.median_ns,
        short_count(cost->multiplications, multiplications),
        short_count(cost->parameters, parameters), row->algorithm, row->entry->variant,
        row->entry->text);
}

void bench_print_row(progress_line *progress, const bench_row *row)
{
    if (bench_row_verified(row)) {
        print_numbers(progress, row);
        return;
    }
    const int ran = row->status == CLCONV_OK;
    progress_print(progress, "%-6s %s  %s %s\n       %s\n", ran ? "WRONG" : "FAIL",
                   ran ? row->algorithm : row->request, row->entry->variant, row->entry->text,
                   ran ? row->verdict.reason : row->error.message);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *optional_string(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *device_json(const clconv_device *device)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "kind",
                     device_kind_name(device->kind), "name", device->name, "vendor", device->vendor,
                     "platform", device->platform, "driver", device->driver, "opencl_c",
                     device->opencl_c, "compute_units", (json_int_t)device->compute_units,
                     "global_bytes", (json_int_t)device->global_bytes, "max_alloc_bytes",
                     (json_int_t)device->max_alloc_bytes, "local_bytes",
                     (json_int_t)device->local_bytes);
}

json_t *bench_json_start(const bench_settings *settings, const clconv_device *device)
{
    return json_pack("{s:s, s:o, s:{s:o, s:o, s:o, s:o, s:I, s:f}, s:[]}", "clconv_version",
                     clconv_version(), "device", device_json(device), "options", "device",
                     optional_string(settings->device), "algorithm",
                     optional_string(settings->algorithm), "file", optional_string(settings->file),
                     "batch", optional_string(settings->batches), "seed",
                     (json_int_t)settings->seed, "min_time_s", settings->min_time_s, "results");
}

static json_t *spread_json(const spread *s)
{
    return json_pack("{s:f, s:f, s:f, s:I}", "median_ns", s->median_ns, "lower_quartile_ns",
                     s->lower_ns, "upper_quartile_ns", s->upper_ns, "samples",
                     (json_int_t)s->samples);
}

static json_t *numbers_json(const bench_row *row)
{
    const measurement *t = &row->times;
    return json_pack("{s:{s:f, s:f, s:I, s:f, s:f}, s:o, s:o, s:o, s:o, s:o, s:f, s:f}", "first",
                     "plan_ns", t->plan_ns, "compile_ns", t->compile_ns, "programs_count",
                     (json_int_t)t->programs, "pack_ns", t->pack_ns, "execute_ns", t->first_ns,
                     "device", spread_json(&t->device), "with_transfers", spread_json(&t->total),
                     "upload", spread_json(&t->upload), "compute", spread_json(&t->compute),
                     "download", spread_json(&t->download), "gflop_per_s",
                     flops(row) / t->device.median_ns, "gbyte_per_s",
                     (double)row->entry->cost.minimum_bytes / t->device.median_ns);
}

static json_t *row_json(const bench_row *row)
{
    const clconv_cost *cost = &row->entry->cost;
    const int ran = row->status == CLCONV_OK;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:o, s:s}", "variant", row->entry->variant,
        "name", row->entry->name, "problem", row->entry->text, "algorithm",
        ran ? row->algorithm : row->request, "parameters_count", (json_int_t)cost->parameters,
        "multiplications_count", (json_int_t)cost->multiplications, "minimum_bytes",
        (json_int_t)cost->minimum_bytes, "intensity_flop_per_byte", cost->intensity,
        "cpu_reference", spread_json(&row->reference), "verdict",
        !ran              ? "FAIL"
        : row->verdict.ok ? "OK"
                          : "WRONG");
    if (object && bench_row_verified(row)) {
        json_object_set_new(object, "error_to_bound_ratio", json_real(row->verdict.ratio));
        json_object_update_new(object, numbers_json(row));
    } else if (object) {
        json_object_set_new(object, "reason",
                            json_string(ran ? row->verdict.reason : row->error.message));
    }
    return object;
}

clconv_status bench_json_add(json_t *report, const bench_row *row, clconv_error *error)
{
    if (json_array_append_new(json_object_get(report, "results"), row_json(row)) != 0)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    return CLCONV_OK;
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
