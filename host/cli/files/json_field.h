/* Reading the members of JSON objects. */
#ifndef CLI_JSON_FIELD_H
#define CLI_JSON_FIELD_H

#include <jansson.h>

/* A string member; "" where it is missing or no string. */
const char *json_text(const json_t *object, const char *key);

/* A number member; 0 where it is missing or no number. */
double json_number(const json_t *object, const char *key);

/* Whether both objects have the same string there. */
int json_same_text(const json_t *a, const json_t *b, const char *key);

#endif
