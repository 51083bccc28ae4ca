#include "json_field.h"

#include <string.h>

const char *json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double json_number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

int json_same_text(const json_t *a, const json_t *b, const char *key)
{
    return strcmp(json_text(a, key), json_text(b, key)) == 0;
}
