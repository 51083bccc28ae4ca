/* The problems that verify, bench and cost work on: from arguments or from a file. */
#ifndef CLI_PROBLEM_LIST_H
#define CLI_PROBLEM_LIST_H

#include "common.h"

/* One problem or sequence. */
typedef struct problem_entry {
    char *variant; /* as the file says, else "" */
    char *name;    /* as the file says, else "" */
    char *text;    /* the canonical problem string */
    clconv_problem problems[CLCONV_MAX_STAGES];
    size_t count; /* stages */
    clconv_cost cost;
} problem_entry;

/* Zero-initialise; free with problem_list_free, also after a failure. */
typedef struct problem_list {
    problem_entry *entries;
    size_t count;
    size_t capacity;
} problem_list;

/* All of these report what is wrong, for a file with FILE:LINE in front. */

/* Appends one problem string. */
cli_exit problem_list_add(problem_list *list, const char *text);

/* Appends a problem with the sequence, variant and name of `entry`, which may lie in the list. */
cli_exit problem_list_append(problem_list *list, const problem_entry *entry);

/* Appends the lines of a file. A line is a problem string or sequence, or
 * VARIANT<TAB>NAME<TAB>PROBLEM[<TAB>SOURCE]; empty lines and those that start with '#' are
 * skipped. */
cli_exit problem_list_read(problem_list *list, const char *path);

/* Appends what the user gave: each argument left in `options`, or the lines of `file` if it is not
 * NULL, but not both; at the sizes in `batches` if that is not NULL. */
cli_exit problem_list_take(problem_list *list, poptContext options, const char *file,
                           const char *batches);

/* Replaces each problem by one for every batch size in `batches` ("1,8,32"). */
cli_exit problem_list_set_batches(problem_list *list, const char *batches);

/* The multiplications of all problems together. */
double problem_list_work(const problem_list *list);

void problem_list_free(problem_list *list);

#endif
