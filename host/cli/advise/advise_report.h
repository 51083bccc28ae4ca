/* What advise says. */
#ifndef CLI_ADVISE_REPORT_H
#define CLI_ADVISE_REPORT_H

#include <jansson.h>

#include "advise_side.h"

/* Whether `device` is worth it against `other`. Both are usable and fitted on the same batches. */
typedef struct advice {
    const problem_entry *entry; /* its batch is the one whose first call is judged */
    const advise_side *device;
    const advise_side *other;
    int64_t limit;     /* nothing is said about larger batches */
    batch_range total; /* where it is faster, copies included */
    batch_range resident;
    double pay_back_calls; /* until the first call is paid back; 0: never */
    char sentence[1024];
} advice;

/* How far the lines are believed, as a multiple of the largest batch that was measured. */
extern const int64_t advise_reach;

/* Draws the conclusions and writes the sentence. */
void advice_draw(advice *a);

void advice_print(const advice *a);

/* NULL when out of memory. */
json_t *advice_json(const advice *a);

#endif
