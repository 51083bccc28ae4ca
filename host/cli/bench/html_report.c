#include "html_report.h"

#include <stdio.h>

#include "file.h"
#include "html_page.h"

clconv_status html_report_check(const char *path, clconv_error *error)
{
    if (html_page_head_bytes == 0) {
        return cli_error(error, CLCONV_UNSUPPORTED,
                         "%s: this clconv was built without d3 and writes no HTML", path);
    }
    return file_output_check(path, error);
}

static int write_bytes(const void *bytes, size_t size, FILE *stream)
{
    return fwrite(bytes, 1, size, stream) == size ? 0 : -1;
}

/* A json_dump_callback_t. In a script element HTML looks for "<" alone, to find "</script" and
 * "<!--"; JSON has it only inside strings, where the escape means the same. */
static int write_json(const char *buffer, size_t size, void *data)
{
    FILE *const stream = data;
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        if (buffer[i] != '<')
            continue;
        if (write_bytes(buffer + start, i - start, stream) != 0 || fputs("\\u003c", stream) == EOF)
            return -1;
        start = i + 1;
    }
    return write_bytes(buffer + start, size - start, stream);
}

clconv_status html_report_write(const json_t *report, const char *path, clconv_error *error)
{
    file_output output;
    if (html_report_check(path, error) != CLCONV_OK ||
        file_output_open(&output, path, error) != CLCONV_OK)
        return error->status;
    if (write_bytes(html_page_head, html_page_head_bytes, output.stream) != 0 ||
        json_dump_callback(report, write_json, output.stream,
                           JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0 ||
        write_bytes(html_page_tail, html_page_tail_bytes, output.stream) != 0)
        return file_output_fail(&output, error);
    return file_output_commit(&output, error);
}
