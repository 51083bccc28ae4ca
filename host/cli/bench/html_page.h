/* The page of the HTML report, made from bench/report/ by cmake/embed_page.cmake: what comes before
 * the report's JSON and what comes after it. Both are empty in a build without it. */
#ifndef CLI_HTML_PAGE_H
#define CLI_HTML_PAGE_H

#include <stddef.h>

extern const unsigned char html_page_head[];
extern const size_t html_page_head_bytes;
extern const unsigned char html_page_tail[];
extern const size_t html_page_tail_bytes;

#endif
