/* The text of the tuning database: one line a record,
 *
 *   version TAB platform TAB device TAB driver TAB math TAB problem TAB algorithm TAB result
 *
 * where the result is "123456 ns", "wrong" (it differs from the reference) or "failed" (it could
 * not be built or run). The columns before the algorithm are the record's key. A line of any other
 * form, such as one that was damaged or half written, is no record. */
#ifndef CC_TUNING_H
#define CC_TUNING_H

#include <stddef.h>

typedef enum cc_verdict {
    CC_UNKNOWN, /* not measured yet */
    CC_RIGHT,
    CC_WRONG,
    CC_FAILED
} cc_verdict;

typedef struct cc_tuning_result {
    cc_verdict verdict;
    double ns; /* of CC_RIGHT */
} cc_tuning_result;

enum { CC_TUNING_KEY = 1536, CC_TUNING_LINE = CC_TUNING_KEY + 128, CC_TUNING_COLUMNS = 6 };

/* Joins the columns of a key with tabs; control characters in them become blanks. Returns 0 when
 * they do not fit. */
int cc_tuning_key(const char *const columns[CC_TUNING_COLUMNS], char key[CC_TUNING_KEY]);

/* A record's line, with its newline. */
void cc_tuning_format(const char *key, const char *algorithm, const cc_tuning_result *result,
                      char line[CC_TUNING_LINE]);

/* The newest (last) record of an algorithm in the text of a database; CC_UNKNOWN without one. */
cc_tuning_result cc_tuning_find(const char *text, size_t bytes, const char *key,
                                const char *algorithm);

#endif
