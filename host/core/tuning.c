#include "core/tuning.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
    cc_verdict verdict;
    const char *word;
} words[] = {{CC_WRONG, "wrong"}, {CC_FAILED, "failed"}};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

int cc_tuning_key(const char *const columns[CC_TUNING_COLUMNS], char key[CC_TUNING_KEY])
{
    size_t length = 0;
    for (int i = 0; i < CC_TUNING_COLUMNS; ++i) {
        for (const char *at = columns[i]; *at != '\0'; ++at) {
            if (length + 2 >= CC_TUNING_KEY)
                return 0;
            key[length++] = (unsigned char)*at < ' ' ? ' ' : *at;
        }
        key[length++] = i + 1 < CC_TUNING_COLUMNS ? '\t' : '\0';
    }
    return 1;
}

void cc_tuning_format(const char *key, const char *algorithm, const cc_tuning_result *result,
                      char line[CC_TUNING_LINE])
{
    for (int i = 0; i < WORDS; ++i)
        if (words[i].verdict == result->verdict) {
            snprintf(line, CC_TUNING_LINE, "%s\t%s\t%s\n", key, algorithm, words[i].word);
            return;
        }
    snprintf(line, CC_TUNING_LINE, "%s\t%s\t%.0f ns\n", key, algorithm, result->ns);
}

/* Skips a word if it comes next. */
static int skip(const char **at, const char *end, const char *word)
{
    const size_t length = strlen(word);
    if ((size_t)(end - *at) < length || memcmp(*at, word, length) != 0)
        return 0;
    *at += length;
    return 1;
}

/* "123456 ns", and nothing behind it. */
static int read_time(const char *at, const char *end, double *ns)
{
    uint64_t value = 0;
    const char *const start = at;
    for (; at < end && *at >= '0' && *at <= '9'; ++at) {
        if (at - start >= 18)
            return 0;
        value = 10 * value + (uint64_t)(*at - '0');
    }
    *ns = (double)value;
    return at > start && value > 0 && skip(&at, end, " ns") && at == end;
}

static cc_tuning_result read_result(const char *at, const char *end)
{
    cc_tuning_result result = {CC_UNKNOWN, 0.0};
    for (int i = 0; i < WORDS; ++i) {
        const char *behind = at;
        if (skip(&behind, end, words[i].word) && behind == end)
            result.verdict = words[i].verdict;
    }
    double ns = 0.0;
    if (result.verdict == CC_UNKNOWN && read_time(at, end, &ns))
        result = (cc_tuning_result){CC_RIGHT, ns};
    return result;
}

cc_tuning_result cc_tuning_find(const char *text, size_t bytes, const char *key,
                                const char *algorithm)
{
    cc_tuning_result found = {CC_UNKNOWN, 0.0};
    const char *const behind = text + bytes;
    for (const char *line = text, *end; line < behind; line = end + 1) {
        const char *at = line;
        end = memchr(line, '\n', (size_t)(behind - line));
        if (end == NULL)
            break; /* half written */
        if (!skip(&at, end, key) || !skip(&at, end, "\t") || !skip(&at, end, algorithm) ||
            !skip(&at, end, "\t"))
            continue;
        const cc_tuning_result result = read_result(at, end);
        if (result.verdict != CC_UNKNOWN)
            found = result;
    }
    return found;
}
