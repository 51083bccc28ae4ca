#include "problem_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cli_exit out_of_memory(void)
{
    return cli_fail(CLI_DEVICE, "the host is out of memory");
}

static void entry_free(problem_entry *entry)
{
    free(entry->variant);
    free(entry->name);
    free(entry->text);
}

/* Prints a failure of the library with `where` (which may be "") in front. */
static cli_exit fail_at(const char *where, const clconv_error *error)
{
    return cli_fail(cli_exit_of(error->status), "%s%s", where, error->message);
}

/* Checks entry->problems and derives the text and the cost. */
static cli_exit entry_complete(problem_entry *entry, const char *where)
{
    clconv_error error;
    if (clconv_sequence_check(entry->problems, entry->count, &error) != CLCONV_OK ||
        clconv_sequence_cost(entry->problems, entry->count, &entry->cost, &error) != CLCONV_OK)
        return fail_at(where, &error);
    const size_t size = clconv_sequence_format(entry->problems, entry->count, NULL, 0) + 1;
    entry->text = malloc(size);
    if (!entry->text)
        return out_of_memory();
    clconv_sequence_format(entry->problems, entry->count, entry->text, size);
    return CLI_FINE;
}

/* Appends a problem with the sequence of `entry`, copying its variant and name. */
static cli_exit append(problem_list *list, const problem_entry *entry, const char *where)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 16;
        problem_entry *grown = realloc(list->entries, capacity * sizeof *grown);
        if (!grown)
            return out_of_memory();
        list->entries = grown;
        list->capacity = capacity;
    }
    problem_entry *added = &list->entries[list->count++];
    *added = *entry;
    added->text = NULL;
    added->variant = strdup(entry->variant);
    added->name = strdup(entry->name);
    if (!added->variant || !added->name)
        return out_of_memory();
    return entry_complete(added, where);
}

static cli_exit add(problem_list *list, char *variant, char *name, const char *text,
                    const char *where)
{
    problem_entry entry = {.variant = variant, .name = name};
    clconv_error error;
    if (clconv_sequence_parse(text, entry.problems, CLCONV_MAX_STAGES, &entry.count, &error) !=
        CLCONV_OK)
        return fail_at(where, &error);
    return append(list, &entry, where);
}

cli_exit problem_list_add(problem_list *list, const char *text)
{
    char none[] = "";
    return add(list, none, none, text, "");
}

cli_exit problem_list_append(problem_list *list, const problem_entry *entry)
{
    const problem_entry copy = *entry;
    return append(list, &copy, "");
}

/* Splits the line at tabs, in place; returns the number of fields, at most `capacity` stored. */
static size_t split_tabs(char *line, char **fields, size_t capacity)
{
    size_t count = 0;
    for (char *field = line; field; count++) {
        char *tab = strchr(field, '\t');
        if (tab)
            *tab++ = '\0';
        if (count < capacity)
            fields[count] = field;
        field = tab;
    }
    return count;
}

static cli_exit add_line(problem_list *list, char *line, const char *path, size_t number)
{
    enum { VARIANT, NAME, PROBLEM, SOURCE, FIELDS };
    char where[512];
    char none[] = "";
    char *fields[FIELDS];

    line[strcspn(line, "\r\n")] = '\0';
    char *start = line + strspn(line, " \t");
    if (*start == '\0' || *start == '#')
        return CLI_FINE;
    snprintf(where, sizeof where, "%s:%zu: ", path, number);
    const size_t count = split_tabs(line, fields, FIELDS);
    if (count == 1)
        return add(list, none, none, start, where);
    if (count != SOURCE && count != FIELDS)
        return cli_fail(CLI_USAGE,
                        "%sthe line has %zu tab-separated fields, not a problem string alone or "
                        "variant, name, problem string and perhaps its source",
                        where, count);
    return add(list, fields[VARIANT], fields[NAME], fields[PROBLEM], where);
}

cli_exit problem_list_read(problem_list *list, const char *path)
{
    cli_exit code = CLI_FINE;
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return cli_fail(CLI_USAGE, "%s: %s", path, strerror(errno));

    errno = 0;
    for (size_t number = 1; code == CLI_FINE && getline(&line, &size, file) >= 0; number++)
        code = add_line(list, line, path, number);
    if (code == CLI_FINE && !feof(file))
        code = cli_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
    free(line);
    fclose(file);
    return code;
}

static cli_exit take_given(problem_list *list, poptContext options, const char *file)
{
    const char *argument = poptGetArg(options);
    if (file) {
        if (argument)
            return cli_fail(CLI_USAGE, "give problems or --file, not both: '%s'", argument);
        const cli_exit code = problem_list_read(list, file);
        if (code == CLI_FINE && list->count == 0)
            return cli_fail(CLI_USAGE, "%s: no problem in this file", file);
        return code;
    }
    cli_exit code = CLI_FINE;
    for (; argument && code == CLI_FINE; argument = poptGetArg(options))
        code = problem_list_add(list, argument);
    return code;
}

cli_exit problem_list_take(problem_list *list, poptContext options, const char *file,
                           const char *batches)
{
    const cli_exit code = take_given(list, options, file);
    return code == CLI_FINE && batches ? problem_list_set_batches(list, batches) : code;
}

static cli_exit append_with_batch(problem_list *list, const problem_entry *entry, int64_t batch)
{
    problem_entry changed = *entry;
    for (size_t s = 0; s < changed.count; s++)
        changed.problems[s].batch = batch;
    return append(list, &changed, "");
}

cli_exit problem_list_set_batches(problem_list *list, const char *batches)
{
    problem_list result = {0};
    cli_exit code = CLI_FINE;
    for (size_t i = 0; i < list->count && code == CLI_FINE; i++) {
        const char *text = batches;
        for (int more = 1; more && code == CLI_FINE;) {
            char *end;
            errno = 0;
            const long long batch = strtoll(text, &end, 10);
            if (end == text || errno || batch < 1 || (*end != ',' && *end != '\0'))
                code = cli_fail(CLI_USAGE, "--batch takes sizes from 1, separated by commas: '%s'",
                                batches);
            else
                code = append_with_batch(&result, &list->entries[i], batch);
            more = *end == ',';
            text = end + 1;
        }
    }
    problem_list_free(list);
    *list = result;
    return code;
}

double problem_list_work(const problem_list *list)
{
    double work = 0;
    for (size_t i = 0; i < list->count; i++)
        work += (double)list->entries[i].cost.multiplications;
    return work;
}

void problem_list_free(problem_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        entry_free(&list->entries[i]);
    free(list->entries);
    *list = (problem_list){0};
}
