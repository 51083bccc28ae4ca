#include "passes.h"

#include <stdlib.h>

#include "bench_json.h"
#include "file.h"
#include "json_field.h"

typedef struct pass_row {
    const problem_entry *entry;
    json_t *object;
    uint64_t hash; /* of the result that was judged */
} pass_row;

clconv_status pass_list_add(pass_list *list, const bench_row *row, json_t *object,
                            clconv_error *error)
{
    pass_row *rows = realloc(list->rows, (list->count + 1) * sizeof *rows);
    if (!rows)
        return cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    list->rows = rows;
    rows[list->count++] = (pass_row){row->entry, json_incref(object), row->times.hash};
    return CLCONV_OK;
}

void pass_list_free(pass_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        json_decref(list->rows[i].object);
    free(list->rows);
    *list = (pass_list){0};
}

static clconv_status measure(const pass_row *row, const pass_settings *settings, measurement *times,
                             clconv_error *error)
{
    check_case c = {.math = settings->math};
    clconv_context *context = NULL;
    clconv_status status = clconv_context_create(settings->device, &context, error);
    if (status == CLCONV_OK && check_case_create_unjudged(&c, row->entry, settings->seed))
        status = cli_error(error, CLCONV_OUT_OF_HOST_MEMORY, "the host is out of memory");
    if (status == CLCONV_OK)
        status = measure_again(context, &c, json_text(row->object, "algorithm"),
                               settings->min_time_s, times, error);
    check_case_free(&c);
    clconv_context_destroy(context);
    return status;
}

void pass_measure(pass_list *list, size_t index, const pass_settings *settings)
{
    const pass_row *row = &list->rows[index];
    measurement times = {0};
    clconv_error error;
    if (!bench_json_has_numbers(row->object))
        return;
    if (measure(row, settings, &times, &error) != CLCONV_OK) {
        list->failed++;
        bench_json_withdraw(row->object, "FAIL", error.message);
    } else if (times.hash != row->hash) {
        list->wrong++;
        bench_json_withdraw(row->object, "WRONG", "a later pass gives other bits");
    } else {
        bench_json_add_pass(row->object, &times);
    }
}
