#include "sweep.h"

#include <string.h>

#include "json_field.h"

struct sweep_kind {
    const char *name;
    int64_t (*value)(const clconv_problem *first);
    void (*grow)(clconv_problem *problem);
};

static int64_t batch(const clconv_problem *p)
{
    return p->batch;
}

static void grow_batch(clconv_problem *p)
{
    p->batch *= 2;
}

static int64_t channels(const clconv_problem *p)
{
    return p->in_channels;
}

/* A depthwise problem stays one. */
static void grow_channels(clconv_problem *p)
{
    if (p->groups == p->in_channels && p->groups > 1)
        p->groups *= 2;
    p->in_channels *= 2;
    p->out_channels *= 2;
}

static int64_t width(const clconv_problem *p)
{
    return p->input_size[CLCONV_WIDTH];
}

static void grow_size(clconv_problem *p)
{
    for (int axis = CLCONV_AXES - p->rank; axis < CLCONV_AXES; axis++) {
        if (p->input_size[axis] > 1)
            p->input_size[axis] *= 2;
    }
}

static int64_t kernel_width(const clconv_problem *p)
{
    return p->kernel_size[CLCONV_WIDTH];
}

static void grow_kernel(clconv_problem *p)
{
    for (int axis = CLCONV_AXES - p->rank; axis < CLCONV_AXES; axis++) {
        const int64_t size = p->kernel_size[axis];
        const int64_t grown = 2 * size + size % 2;
        const int64_t more = p->dilation[axis] * (grown - size);
        p->kernel_size[axis] = grown;
        p->padding_begin[axis] += more / 2;
        p->padding_end[axis] += more - more / 2;
    }
}

static const sweep_kind kinds[] = {
    {"batch", batch, grow_batch},
    {"channels", channels, grow_channels},
    {"size", width, grow_size},
    {"kernel", kernel_width, grow_kernel},
};

const sweep_kind *sweep_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

int64_t sweep_value(const sweep_kind *kind, const problem_entry *entry)
{
    return kind->value(&entry->problems[0]);
}

int sweep_grow(const sweep_kind *kind, problem_entry *entry, double most_bytes)
{
    clconv_cost cost;
    clconv_sizes sizes;
    for (size_t s = 0; s < entry->count; s++) {
        clconv_problem *p = &entry->problems[s];
        kind->grow(p);
        if (s > 0)
            memcpy(p->input_size, sizes.output_size, sizeof p->input_size);
        if (clconv_problem_sizes(p, &sizes, NULL) != CLCONV_OK)
            return 0;
        const int64_t tensors[] = {sizes.src, sizes.weights, sizes.dst};
        for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++) {
            if ((double)tensors[i] * sizeof(float) > most_bytes)
                return 0;
        }
    }
    return clconv_sequence_check(entry->problems, entry->count, NULL) == CLCONV_OK &&
           clconv_sequence_cost(entry->problems, entry->count, &cost, NULL) == CLCONV_OK;
}

json_t *sweep_json(const char *kind, const problem_entry *entry)
{
    return json_pack("{s:s, s:s, s:[]}", "kind", kind, "problem", entry->text, "points");
}

void sweep_add_point(json_t *sweep, int64_t value, const problem_entry *entry,
                     const json_t *results)
{
    double best_ns = 0;
    size_t i;
    json_t *row;
    json_array_foreach(results, i, row)
    {
        const double time = json_number(json_object_get(row, "device"), "median_ns");
        if (strcmp(json_text(row, "problem"), entry->text) == 0 && time > 0 &&
            (best_ns <= 0 || time < best_ns))
            best_ns = time;
    }
    if (best_ns > 0)
        json_array_append_new(json_object_get(sweep, "points"),
                              json_pack("{s:I, s:s, s:f, s:f}", "value", (json_int_t)value,
                                        "problem", entry->text, "median_ns", best_ns,
                                        "ns_per_gflop",
                                        best_ns / (2e-9 * (double)entry->cost.multiplications)));
}
