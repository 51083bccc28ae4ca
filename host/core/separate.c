/* The best rank-1 approximation of a kernel: its largest singular value with its two vectors.
 *
 * One-sided Jacobi (Hestenes 1958; Golub and Van Loan, Matrix Computations, 8.6.3): rotate pairs
 * of columns until all are orthogonal; the longest is then sigma * u. Unlike power iteration it
 * has no starting vector that can miss the answer and is at ease with equal singular values. */
#include "core/error.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Far more than the handful that Jacobi needs; each sweep visits all pairs. */
enum { MAX_SWEEPS = 60 };

static double dot(const double *a, const double *b, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; ++i)
        sum += a[i] * b[i];
    return sum;
}

/* Makes two columns orthogonal; returns 0 when they were. */
static int rotate(double *a, double *b, size_t count)
{
    const double aa = dot(a, a, count), bb = dot(b, b, count), ab = dot(a, b, count);
    if (fabs(ab) <= DBL_EPSILON * sqrt(aa) * sqrt(bb))
        return 0;
    const double zeta = (bb - aa) / (2.0 * ab);
    const double tangent = copysign(1.0, zeta) / (fabs(zeta) + hypot(1.0, zeta));
    const double cosine = 1.0 / hypot(1.0, tangent), sine = cosine * tangent;
    for (size_t i = 0; i < count; ++i) {
        const double old = a[i];
        a[i] = cosine * old - sine * b[i];
        b[i] = sine * old + cosine * b[i];
    }
    return 1;
}

/* Leaves sigma * u in one of the columns and returns that one. */
static const double *longest_after_rotation(double *matrix, size_t rows, size_t columns)
{
    int rotated = 1;
    for (int sweep = 0; sweep < MAX_SWEEPS && rotated; ++sweep) {
        rotated = 0;
        for (size_t i = 0; i + 1 < columns; ++i)
            for (size_t j = i + 1; j < columns; ++j)
                rotated |= rotate(&matrix[i * rows], &matrix[j * rows], rows);
    }
    const double *longest = matrix;
    for (size_t j = 1; j < columns; ++j) {
        const double *candidate = &matrix[j * rows];
        if (dot(candidate, candidate, rows) > dot(longest, longest, rows))
            longest = candidate;
    }
    return longest;
}

/* Index of the element of largest magnitude, the first of equals up to rounding, so that the
 * sign of a symmetric vector does not hang on the last bit. */
static size_t largest(const double *a, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; ++i)
        if (fabs(a[i]) > fabs(a[best]) * (1.0 + 64.0 * DBL_EPSILON))
            best = i;
    return best;
}

/* |kernel - column*row| / |kernel| */
static double residual_of(const float *kernel, size_t rows, size_t columns, const float *column,
                          const float *row)
{
    double missed = 0.0, all = 0.0;
    for (size_t i = 0; i < rows; ++i) {
        for (size_t j = 0; j < columns; ++j) {
            const double value = kernel[i * columns + j];
            const double gap = value - (double)column[i] * (double)row[j];
            missed += gap * gap;
            all += value * value;
        }
    }
    return all > 0.0 ? sqrt(missed / all) : 0.0;
}

/* Writes sigma*u*v as column * row with equal largest magnitudes; column's is positive.
 * `scaled` is sigma*u; `v` is scratch for `columns` values. A zero kernel gives zeros. */
static void write_vectors(const float *kernel, size_t rows, size_t columns, const double *scaled,
                          double *v, float *column, float *row)
{
    const double sigma_squared = dot(scaled, scaled, rows);
    for (size_t j = 0; j < columns; ++j) {
        v[j] = 0.0;
        for (size_t i = 0; i < rows && sigma_squared > 0.0; ++i)
            v[j] += kernel[i * columns + j] * scaled[i] / sigma_squared;
    }
    const double top = scaled[largest(scaled, rows)], side = v[largest(v, columns)];
    const double balance = sigma_squared > 0.0 ? copysign(sqrt(fabs(side) / fabs(top)), top) : 0.0;
    for (size_t i = 0; i < rows; ++i)
        column[i] = (float)(scaled[i] * balance);
    for (size_t j = 0; j < columns; ++j)
        row[j] = balance != 0.0 ? (float)(v[j] / balance) : 0.0f;
}

static clconv_status check(const float *kernel, size_t rows, size_t columns, double tolerance,
                           clconv_error *error)
{
    if (rows == 0 || columns == 0)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "the kernel is empty: %zu x %zu", rows,
                       columns);
    if (rows > SIZE_MAX / sizeof(double) / columns)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "the kernel is too large: %zu x %zu", rows,
                       columns);
    if (!(tolerance >= 0.0))
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "the tolerance is %g; it must be 0 or more",
                       tolerance);
    for (size_t i = 0; i < rows * columns; ++i)
        if (!isfinite(kernel[i]))
            return cc_fail(error, CLCONV_INVALID_ARGUMENT,
                           "the kernel's element at row %zu, column %zu is %g", i / columns,
                           i % columns, (double)kernel[i]);
    return CLCONV_OK;
}

clconv_status clconv_separate(const float *kernel, size_t rows, size_t columns, double tolerance,
                              float *column, float *row, clconv_separation *result,
                              clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    double *matrix = NULL, *v = NULL;

    if (kernel == NULL || column == NULL || row == NULL || result == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "an argument of clconv_separate is NULL");
    TRY(check(kernel, rows, columns, tolerance, error));

    matrix = malloc(rows * columns * sizeof *matrix); /* column by column */
    v = malloc(columns * sizeof *v);
    if (matrix == NULL || v == NULL)
        TRY(cc_fail(error, CLCONV_OUT_OF_HOST_MEMORY, "no memory for a %zu x %zu kernel", rows,
                    columns));
    for (size_t i = 0; i < rows; ++i)
        for (size_t j = 0; j < columns; ++j)
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): check() rules out a size of 0 */
            matrix[j * rows + i] = kernel[i * columns + j];

    const double *scaled = longest_after_rotation(matrix, rows, columns);
    write_vectors(kernel, rows, columns, scaled, v, column, row);
    result->residual = residual_of(kernel, rows, columns, column, row);
    result->separable = result->residual <= tolerance;
cleanup:
    free(matrix);
    free(v);
    return status;
}
