#include "means.h"

#include <math.h>
#include <string.h>

#include "json_field.h"

/* Which rows a mean is over. */
typedef struct selection {
    const char *peer;
    const char *setting;
    const char *variant; /* NULL: all */
    json_int_t batch;    /* 0: all */
} selection;

static json_int_t batch_of(const json_t *row)
{
    return json_integer_value(json_object_get(row, "batch"));
}

static double device_ns(const json_t *row)
{
    return json_number_value(json_object_get(json_object_get(row, "device"), "median_ns"));
}

/* Whether no other row of the same problem is faster, nor as fast and before it. */
static int is_fastest(const json_t *rows, size_t index)
{
    const json_t *row = json_array_get(rows, index);
    size_t i;
    json_t *other;
    json_array_foreach(rows, i, other)
    {
        const double time = device_ns(other);
        if (i != index && time > 0 &&
            strcmp(json_text(other, "problem"), json_text(row, "problem")) == 0 &&
            (time < device_ns(row) || (time <= device_ns(row) && i < index)))
            return 0;
    }
    return 1;
}

/* The ratio of a row to a setting; 0 if it has none. */
static double ratio_to(const json_t *row, const selection *s)
{
    size_t i;
    json_t *peer;
    json_array_foreach(json_object_get(row, "peers"), i, peer)
    {
        if (strcmp(json_text(peer, "peer"), s->peer) == 0 &&
            strcmp(json_text(peer, "setting"), s->setting) == 0)
            return json_number_value(json_object_get(peer, "ratio"));
    }
    return 0;
}

static int selects(const selection *s, const json_t *row)
{
    return (!s->variant || strcmp(json_text(row, "variant"), s->variant) == 0) &&
           (s->batch == 0 || batch_of(row) == s->batch);
}

/* Appends the mean, unless there is no row. */
static void add_mean(json_t *means, const json_t *rows, const selection *s)
{
    double sum = 0;
    double worst = INFINITY;
    size_t count = 0;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const double ratio = selects(s, row) && is_fastest(rows, i) ? ratio_to(row, s) : 0;
        if (ratio <= 0)
            continue;
        sum += log(ratio);
        worst = fmin(worst, ratio);
        count++;
    }
    if (count)
        json_array_append_new(means, json_pack("{s:s, s:s, s:s, s:I, s:f, s:f, s:I}", "peer",
                                               s->peer, "setting", s->setting, "variant",
                                               s->variant ? s->variant : "all", "batch", s->batch,
                                               "ratio", exp(sum / (double)count), "worst_ratio",
                                               worst, "rows", (json_int_t)count));
}

/* Whether a row before `index` has the same variant, or batch. */
static int seen_variant(const json_t *rows, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(json_text(json_array_get(rows, i), "variant"),
                   json_text(json_array_get(rows, index), "variant")) == 0)
            return 1;
    }
    return 0;
}

static int seen_batch(const json_t *rows, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (batch_of(json_array_get(rows, i)) == batch_of(json_array_get(rows, index)))
            return 1;
    }
    return 0;
}

/* Over all batches, then for each; the same number twice where there is but one batch. */
static void add_batches(json_t *means, const json_t *rows, selection s)
{
    size_t i;
    json_t *row;
    s.batch = 0;
    add_mean(means, rows, &s);
    json_array_foreach(rows, i, row)
    {
        s.batch = batch_of(row);
        if (!seen_batch(rows, i))
            add_mean(means, rows, &s);
    }
}

json_t *means_json(const json_t *report)
{
    const json_t *rows = json_object_get(report, "results");
    json_t *means = json_array();
    size_t i, j;
    json_t *setting, *row;
    json_array_foreach(json_object_get(report, "peers"), i, setting)
    {
        selection s = {.peer = json_text(setting, "peer"),
                       .setting = json_text(setting, "setting")};
        add_batches(means, rows, s);
        json_array_foreach(rows, j, row)
        {
            s.variant = json_text(row, "variant");
            if (s.variant[0] && !seen_variant(rows, j))
                add_batches(means, rows, s);
        }
    }
    return means;
}
