#include "advise_report.h"

#include <stdarg.h>
#include <stdio.h>

#include "devices.h"

const int64_t advise_reach = 64;

static const double ms = 1e6; /* ns */

static int64_t largest_batch(const advise_side *side)
{
    return side->batches[side->count - 1];
}

/* ---- The sentence -------------------------------------------------------------------------- */

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static void
append(advice *a, size_t *length, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (*length < sizeof a->sentence) {
        const int more =
            vsnprintf(a->sentence + *length, sizeof a->sentence - *length, format, arguments);
        *length += more > 0 ? (size_t)more : 0;
    }
    va_end(arguments);
}

static void append_range(advice *a, size_t *length, const batch_range *range)
{
    const long long first = range->first;
    const long long last = range->last;
    if (first == 0)
        append(a, length, "at no batch up to %lld", (long long)a->limit);
    else if (last >= a->limit)
        append(a, length, first == 1 ? "at every batch" : "from batch %lld on", first);
    else
        append(a, length, "at batches %lld to %lld", first, last);
    const int64_t edge = last >= a->limit ? first : last;
    if (edge > largest_batch(a->device))
        append(a, length, " (extrapolated)");
}

static void append_first_call(advice *a, size_t *length)
{
    const long long batch = a->entry->problems[0].batch;
    append(a, length, "; its first call (%.3g ms) is ", a->device->first_ns / ms);
    if (a->pay_back_calls == 0)
        append(a, length, "never paid back at batch %lld", batch);
    else if (a->pay_back_calls == 1)
        append(a, length, "no dearer than the other's (%.3g ms)", a->other->first_ns / ms);
    else
        append(a, length, "paid back after %.0f calls at batch %lld", a->pay_back_calls, batch);
}

static void write_sentence(advice *a)
{
    char name[320];
    char other[320];
    size_t length = 0;
    device_describe(&a->device->device, "", name, sizeof name);
    if (a->other->device.kind == CLCONV_DEVICE_REFERENCE)
        snprintf(other, sizeof other, "the CPU reference");
    else
        device_describe(&a->other->device, "", other, sizeof other);
    if (a->device->device.kind == CLCONV_DEVICE_CPU)
        append(a, &length, "%s is this host's processor, so nothing is offloaded; against ", name);
    else
        append(a, &length, "Offloading to %s, against ", name);
    append(a, &length, "%s, pays ", other);
    append_range(a, &length, &a->total);
    append(a, &length, " with transfers, ");
    append_range(a, &length, &a->resident);
    append(a, &length, " for data that stays where it is computed on");
    append_first_call(a, &length);
    append(a, &length, ".");
    if (a->other->device.kind == CLCONV_DEVICE_REFERENCE)
        append(a, &length,
               " The reference is exact and slow: a tuned CPU library would do better, "
               "and none is here to compare with.");
}

void advice_draw(advice *a)
{
    a->limit = advise_reach * largest_batch(a->device);
    a->total = batches_below(&a->device->total, &a->other->total, a->limit);
    a->resident = batches_below(&a->device->resident, &a->other->resident, a->limit);
    a->pay_back_calls = calls_to_pay_back(a->device->first_ns, a->device->later_ns,
                                          a->other->first_ns, a->other->later_ns);
    write_sentence(a);
}

/* ---- The numbers --------------------------------------------------------------------------- */

static void print_line(const char *what, const advise_side *side)
{
    printf("    %-8s%s: with transfers %.4g ms + %.4g ms * batch (within %.0f %%), resident "
           "%.4g ms + %.4g ms * batch (within %.0f %%)\n",
           what, side->algorithm[0] ? side->algorithm : "reference", side->total.fixed_ns / ms,
           side->total.item_ns / ms, 100 * side->total.deviation, side->resident.fixed_ns / ms,
           side->resident.item_ns / ms, 100 * side->resident.deviation);
}

void advice_print(const advice *a)
{
    printf("  %s\n", a->sentence);
    printf("    %8s %34s %34s\n", "", "with transfers, ms", "resident, ms");
    printf("    %8s %12s %12s %8s %12s %12s %8s\n", "batch", "device", "other", "ratio", "device",
           "other", "ratio");
    for (size_t i = 0; i < a->device->count; i++) {
        const double total = a->device->total_ns[i];
        const double resident = a->device->resident_ns[i];
        printf("    %8lld %12.4g %12.4g %8.3g %12.4g %12.4g %8.3g\n",
               (long long)a->device->batches[i], total / ms, a->other->total_ns[i] / ms,
               a->other->total_ns[i] / total, resident / ms, a->other->resident_ns[i] / ms,
               a->other->resident_ns[i] / resident);
    }
    print_line("device", a->device);
    print_line("other", a->other);
    printf("    first call: device %.4g ms, other %.4g ms\n", a->device->first_ns / ms,
           a->other->first_ns / ms);
}

static json_t *line_json(const time_line *line)
{
    return json_pack("{s:f, s:f, s:f}", "fixed_ns", line->fixed_ns, "item_ns", line->item_ns,
                     "deviation", line->deviation);
}

static json_t *side_json(const advise_side *side)
{
    const clconv_device *device = &side->device;
    json_t *points = json_array();
    for (size_t i = 0; i < side->count; i++)
        json_array_append_new(points,
                              json_pack("{s:I, s:f, s:f}", "batch", (json_int_t)side->batches[i],
                                        "with_transfers_ns", side->total_ns[i], "resident_ns",
                                        side->resident_ns[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:o, s:o, s:o}", "kind",
                     device_kind_name(device->kind), "name", device->name, "platform",
                     device->platform, "driver", device->driver, "algorithm", side->algorithm,
                     "first_call_ns", side->first_ns, "with_transfers", line_json(&side->total),
                     "resident", line_json(&side->resident), "points", points);
}

static json_t *range_json(const batch_range *range)
{
    if (range->first == 0)
        return json_null();
    return json_pack("{s:I, s:I}", "first_batch", (json_int_t)range->first, "last_batch",
                     (json_int_t)range->last);
}

json_t *advice_json(const advice *a)
{
    return json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:s}", "problem", a->entry->text,
                     "device", side_json(a->device), "compared_with", side_json(a->other),
                     "limit_batch", (json_int_t)a->limit, "worth_with_transfers",
                     range_json(&a->total), "worth_resident", range_json(&a->resident),
                     "first_call_paid_back_after_calls",
                     a->pay_back_calls == 0 ? json_null() : json_real(a->pay_back_calls),
                     "sentence", a->sentence);
}
