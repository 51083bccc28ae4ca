/* What the parser and the formatter of problem strings share. */
#ifndef CC_PROBLEM_STRING_H
#define CC_PROBLEM_STRING_H

#include "clconv.h"

#define CC_AXIS_LETTERS "dhw"

/* As in problem strings: "zeros", "reflect", ...; NULL for a value that is no padding mode. */
const char *cc_padding_mode_name(clconv_padding_mode mode);

/* Sets the end padding and output padding along an axis from a given output size, as a string
 * with an output size and no e or a means it: end padding equal to the begin padding if that
 * gives this output; else the least end padding that does, where a transposed convolution takes
 * what would be below zero as output padding. Requires in-range fields and output >= 1. */
void cc_derive_end(clconv_problem *problem, clconv_axis axis, int64_t output);

#endif
