/* What separable.c shares with rows.c: the forms of kernels/rows_pieces.h, and what they take. */
#ifndef CC_ROWS_H
#define CC_ROWS_H

#include "conv/algorithm.h"

extern const cc_algorithm cc_rows;

/* The square kernel that has a form of its own, or 0: the macro KERNEL. */
int cc_rows_kernel(const cc_shape *shape);

/* Nanoseconds of one compute unit for rows in pieces, whatever their length. */
double cc_rows_pieces_ns(const clconv_device *device, const cc_shape *shape);

#endif
