#include "clconv.h"

typedef struct status_text {
    clconv_status status;
    const char *name;
    const char *text;
} status_text;

static const status_text status_texts[] = {
#define STATUS_TEXT(name, value, text) {CLCONV_##name, "CLCONV_" #name, text},
    CLCONV_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
};

static const status_text *find(clconv_status status)
{
    static const status_text unknown = {CLCONV_OK, "unknown status", "unknown status"};
    for (size_t i = 0; i < sizeof status_texts / sizeof status_texts[0]; ++i)
        if (status_texts[i].status == status)
            return &status_texts[i];
    return &unknown;
}

const char *clconv_status_name(clconv_status status)
{
    return find(status)->name;
}

const char *clconv_status_text(clconv_status status)
{
    return find(status)->text;
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
#define VERSION_TEXT                                                                               \
    TEXT(CLCONV_VERSION_MAJOR) "." TEXT(CLCONV_VERSION_MINOR) "." TEXT(CLCONV_VERSION_PATCH)

const char *clconv_version(void)
{
    return VERSION_TEXT;
}
