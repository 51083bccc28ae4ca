/* The problem-string parser on any bytes: what it accepts must read back from its canonical
 * string as the same problem, and that string must be canonical. */
#include "../problem_same.h"
#include "clconv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort(); /* how libFuzzer wants to be told */
}

static void check_round_trip(const char *text)
{
    clconv_problem problems[CLCONV_MAX_STAGES];
    clconv_problem again[CLCONV_MAX_STAGES];
    size_t count = 0;
    size_t count_again = 0;
    clconv_error error;
    if (clconv_sequence_parse(text, problems, CLCONV_MAX_STAGES, &count, &error) != CLCONV_OK) {
        require(error.status != CLCONV_OK && error.message[0] != '\0');
        require(strchr(error.message, '\n') == NULL);
        return;
    }
    char canonical[4096];
    char canonical_again[4096];
    const size_t length = clconv_sequence_format(problems, count, canonical, sizeof canonical);
    require(length < sizeof canonical && length == strlen(canonical));
    require(clconv_sequence_parse(canonical, again, CLCONV_MAX_STAGES, &count_again, &error) ==
            CLCONV_OK);
    require(count_again == count);
    for (size_t i = 0; i < count; ++i)
        require(problem_same(&problems[i], &again[i]));
    clconv_sequence_format(again, count, canonical_again, sizeof canonical_again);
    require(strcmp(canonical, canonical_again) == 0);
}

/* A struct of any bytes must be checked and formatted without a fault, too. Enumerations and
 * flags are read as int here, as any value may arrive through the C interface. */
static void check_raw(const uint8_t *data, size_t size)
{
    clconv_problem problem = clconv_problem_3d(1, 1, 1, 1, 1, 1, 1, 1);
    const size_t first = offsetof(clconv_problem, batch);
    const size_t room = offsetof(clconv_problem, reserved) - first;
    memcpy((char *)&problem + first, data, size < room ? size : room);
    if (size > room)
        problem.transposed = data[room] & 1;
    char text[4096];
    clconv_sizes sizes;
    require(clconv_problem_format(&problem, text, sizeof text) == strlen(text));
    if (clconv_problem_sizes(&problem, &sizes, NULL) == CLCONV_OK)
        check_round_trip(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *const text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    check_round_trip(text);
    check_raw(data, size);
    free(text);
    return 0;
}
