/* libFuzzer target: the parser of problem strings on any text. What it accepts must be
 * valid problems whose canonical string means the same and is its own canonical string; what it
 * refuses must be refused with one line of reason. */
#include <stdlib.h>
#include <string.h>

#include "clconv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { TEXT = 4096 };

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Formatting, parsing and formatting again gives the same text and the same costs. */
static void check_round_trip(const clconv_problem *problems, size_t count)
{
    static char first[TEXT], second[TEXT];
    clconv_problem again[CLCONV_MAX_STAGES];
    clconv_cost cost, cost_again;
    clconv_error error;
    size_t count_again = 0;

    require(clconv_sequence_format(problems, count, first, sizeof first) < sizeof first);
    require(clconv_sequence_parse(first, again, CLCONV_MAX_STAGES, &count_again, &error) ==
            CLCONV_OK);
    require(count_again == count);
    require(clconv_sequence_format(again, count, second, sizeof second) < sizeof second);
    require(strcmp(first, second) == 0);

    const clconv_status status = clconv_sequence_cost(problems, count, &cost, &error);
    require(clconv_sequence_cost(again, count, &cost_again, &error) == status);
    require(status != CLCONV_OK || (cost.parameters == cost_again.parameters &&
                                    cost.multiplications == cost_again.multiplications &&
                                    cost.minimum_bytes == cost_again.minimum_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *const text = malloc(size + 1);
    require(text != NULL);
    memcpy(text, bytes, size);
    text[size] = '\0';

    clconv_problem problems[CLCONV_MAX_STAGES];
    clconv_error error = {CLCONV_OK, ""};
    size_t count = 0;
    const clconv_status status =
        clconv_sequence_parse(text, problems, CLCONV_MAX_STAGES, &count, &error);
    if (status == CLCONV_OK) {
        require(count >= 1 && count <= CLCONV_MAX_STAGES);
        for (size_t i = 0; i < count; ++i)
            require(clconv_problem_check(&problems[i], &error) == CLCONV_OK);
        check_round_trip(problems, count);
    } else {
        require(error.status == status && error.message[0] != '\0');
        require(strchr(error.message, '\n') == NULL);
    }
    free(text);
    return 0;
}
