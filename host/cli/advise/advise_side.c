#include "advise_side.h"

#include "planning.h"

void advise_side_reset(advise_side *side)
{
    side->measured = 0;
    side->status = CLCONV_OK;
    side->verdict = verdict_start();
    side->algorithm[0] = '\0';
    side->count = 0;
}

int advise_side_usable(const advise_side *side)
{
    return side->measured && side->status == CLCONV_OK && side->verdict.ok;
}

void advise_side_measure(advise_side *side, check_case *c, const cli_common *common,
                         double budget_s)
{
    const int on_host = side->device.kind == CLCONV_DEVICE_REFERENCE;
    const problem_entry *e = c->entry;
    char planned[sizeof side->algorithm], names[sizeof side->algorithm];
    clconv_context *context = NULL;
    measurement times = {0};

    if (side->measured && !advise_side_usable(side))
        return;
    side->measured = 1;
    side->status = clconv_context_create(side->request, &context, &side->error);
    if (side->status == CLCONV_OK)
        side->status = cli_planning_resolve(context, e->problems, e->count, common, planned,
                                            sizeof planned, &side->error);
    if (side->status == CLCONV_OK) /* the reference has no algorithms to choose from */
        side->status = measure_alone(context, c, on_host ? NULL : planned, budget_s, &times,
                                     &side->verdict, names, sizeof names, &side->error);
    clconv_context_destroy(context);
    if (!advise_side_usable(side))
        return;
    const size_t i = side->count++;
    side->batches[i] = c->entry->problems[0].batch;
    side->total_ns[i] = times.total.median_ns;
    side->resident_ns[i] = times.device.median_ns;
    if (i == 0) {
        side->later_ns = times.total.median_ns;
        side->first_ns = times.plan_ns + times.pack_ns + times.first_ns;
        snprintf(side->algorithm, sizeof side->algorithm, "%s", names);
    }
}

static void swap_points(advise_side *side, size_t i, size_t j)
{
    const int64_t batch = side->batches[i];
    const double total_ns = side->total_ns[i];
    const double resident_ns = side->resident_ns[i];
    side->batches[i] = side->batches[j];
    side->total_ns[i] = side->total_ns[j];
    side->resident_ns[i] = side->resident_ns[j];
    side->batches[j] = batch;
    side->total_ns[j] = total_ns;
    side->resident_ns[j] = resident_ns;
}

void advise_side_finish(advise_side *side)
{
    for (size_t i = 1; i < side->count; i++) {
        for (size_t j = i; j > 0 && side->batches[j] < side->batches[j - 1]; j--)
            swap_points(side, j, j - 1);
    }
    side->total = time_line_fit(side->batches, side->total_ns, side->count);
    side->resident = time_line_fit(side->batches, side->resident_ns, side->count);
}
