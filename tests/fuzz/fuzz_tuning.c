/* libFuzzer target: the text of a tuning database on any bytes. What is found must be a record
 * that, written again and put behind the text, is found again.
 *
 *   clang -fsanitize=fuzzer,address,undefined -Iinclude -Ihost tests/fuzz/fuzz_tuning.c \
 *       host/core/tuning.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/tuning.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + CC_TUNING_LINE + 2);
    if (text == NULL)
        return 0;
    memcpy(text, bytes, size);
    const cc_tuning_result found = cc_tuning_find(text, size, "k", "a");
    if (found.verdict != CC_UNKNOWN) {
        char *const line = text + size + 1;
        text[size] = '\n';
        cc_tuning_format("k", "a", &found, line);
        const size_t longer = size + 1 + strlen(line);
        const cc_tuning_result again = cc_tuning_find(text, longer, "k", "a");
        if (again.verdict != found.verdict || again.ns != found.ns)
            abort();
    }
    free(text);
    return 0;
}
