/* What makes a problem one that can be computed. */
#ifndef CC_PROBLEM_CHECK_H
#define CC_PROBLEM_CHECK_H

#include "clconv.h"

/* All checks of clconv_problem_check; a message ends in the problem string in brackets. */
clconv_status cc_problem_check(const clconv_problem *problem, clconv_error *error);

/* The first steps of it, after which cc_output_size is exact: that every enumeration is known
 * and every number is in its range. Messages without the problem string. */
clconv_status cc_problem_check_ranges(const clconv_problem *problem, clconv_error *error);

#endif
