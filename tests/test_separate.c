/* clconv_separate: kernels whose answer is known. */
#include "cases.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 16 };

typedef struct vectors {
    float column[LARGEST], row[LARGEST];
    clconv_separation result;
} vectors;

static vectors separate(const float *kernel, size_t rows, size_t columns, double tolerance)
{
    vectors v;
    clconv_error error;
    cr_assert_eq(
        clconv_separate(kernel, rows, columns, tolerance, v.column, v.row, &v.result, &error),
        CLCONV_OK, "%s", error.message);
    return v;
}

static float largest_magnitude(const float *a, size_t count)
{
    float largest = 0.0f;
    for (size_t i = 0; i < count; ++i)
        largest = fmaxf(largest, fabsf(a[i]));
    return largest;
}

static void expect_product(const vectors *v, const float *kernel, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows * columns; ++i) {
        const double product = (double)v->column[i / columns] * (double)v->row[i % columns];
        cr_expect(fabs(product - (double)kernel[i]) <=
                      1e-6 * largest_magnitude(kernel, rows * columns),
                  "element %zu is %g, not %g", i, product, (double)kernel[i]);
    }
}

Test(separate, sobel)
{
    const float sobel[] = {-1, 0, 1, -2, 0, 2, -1, 0, 1};
    const vectors v = separate(sobel, 3, 3, 1e-6);
    const double s = sqrt(2.0); /* both vectors' largest magnitude */
    const double column[] = {s / 2, s, s / 2}, row[] = {-s, 0, s};
    cr_expect(v.result.separable && v.result.residual < 1e-7, "residual %g", v.result.residual);
    for (int i = 0; i < 3; ++i) {
        cr_expect_float_eq((double)v.column[i], column[i], 1e-6);
        cr_expect_float_eq((double)v.row[i], row[i], 1e-6);
    }
}

Test(separate, random_outer_products_of_every_shape)
{
    case_random random = {3};
    for (int round = 0; round < 200; ++round) {
        const size_t rows = (size_t)case_integer(&random, 1, LARGEST);
        const size_t columns = (size_t)case_integer(&random, 1, LARGEST);
        float *a = case_reals(&random, (int64_t)rows, -1.0, 1.0);
        float *b = case_reals(&random, (int64_t)columns, -100.0, 100.0);
        float kernel[LARGEST * LARGEST];
        for (size_t i = 0; i < rows * columns; ++i)
            kernel[i] = a[i / columns] * b[i % columns];
        const vectors v = separate(kernel, rows, columns, 1e-6);
        cr_expect(v.result.separable, "%zu x %zu: residual %g", rows, columns, v.result.residual);
        expect_product(&v, kernel, rows, columns);
        const double balance =
            (double)largest_magnitude(v.column, rows) / (double)largest_magnitude(v.row, columns);
        cr_expect_float_eq(balance, 1.0, 1e-6, "%zu x %zu: magnitudes %g apart", rows, columns,
                           balance);
        const vectors again = separate(kernel, rows, columns, 1e-6);
        cr_expect_eq(memcmp(again.column, v.column, rows * sizeof(float)), 0);
        free(a);
        free(b);
    }
}

/* |K - best| / |K| is sqrt(sum of the other singular values squared / sum of all). */
Test(separate, residuals_of_known_singular_values)
{
    const struct {
        float kernel[9];
        double residual;
    } rows[] = {
        {{5, 0, 0, 0, 3, 0, 0, 0, 1}, sqrt(10.0 / 35.0)},
        {{1, 0, 0, 0, 1, 0, 0, 0, 1}, sqrt(2.0 / 3.0)},  /* all equal */
        {{3, 0, 0, 0, 2, 2, 0, 2, 2}, sqrt(9.0 / 25.0)}, /* the longest row is not the answer */
        {{1, 1, 1, 1, 1, 1, 1, 1, 2}, sqrt(1.0 - (6.0 + sqrt(32.0)) / 12.0)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        const vectors v = separate(rows[i].kernel, 3, 3, 0.01);
        cr_expect(!v.result.separable, "row %zu", i);
        cr_expect_float_eq(v.result.residual, rows[i].residual, 1e-6, "row %zu: %g, not %g", i,
                           v.result.residual, rows[i].residual);
        cr_expect(separate(rows[i].kernel, 3, 3, 1.0).result.separable, "row %zu", i);
    }
}

Test(separate, extreme_kernels)
{
    const float zero[6] = {0};
    const vectors none = separate(zero, 2, 3, 0.0);
    cr_expect(none.result.separable && none.result.residual == 0.0);
    cr_expect(largest_magnitude(none.column, 2) == 0.0f && largest_magnitude(none.row, 3) == 0.0f);

    const float huge[] = {FLT_MAX, -FLT_MAX, FLT_MAX, -FLT_MAX};
    cr_expect(separate(huge, 2, 2, 1e-6).result.separable);
    const float tiny[] = {0x1p-140f, 0x1p-141f, 0x1p-141f, 0x1p-142f};
    cr_expect(separate(tiny, 2, 2, 1e-6).result.separable);
    const float one = -9.0f;
    const vectors single = separate(&one, 1, 1, 0.0);
    cr_expect(single.column[0] == 3.0f && single.row[0] == -3.0f && single.result.separable);
}

Test(separate, bad_arguments)
{
    const float good[] = {1, 2, 3, 4}, nan[] = {1, NAN, 3, 4}, infinite[] = {1, 2, INFINITY, 4};
    const struct {
        const float *kernel;
        size_t rows, columns;
        double tolerance;
        const char *word;
    } rows[] = {
        {NULL, 2, 2, 0.1, "NULL"},
        {good, 0, 2, 0.1, "empty"},
        {good, 2, 0, 0.1, "empty"},
        {good, 2, 2, -0.1, "tolerance"},
        {good, 2, 2, NAN, "tolerance"},
        {nan, 2, 2, 0.1, "row 0, column 1"},
        {infinite, 2, 2, 0.1, "row 1, column 0"},
        {good, SIZE_MAX / 2, 4, 0.1, "too large"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        float column[2], row[2];
        clconv_separation result;
        clconv_error error = {0};
        cr_expect_eq(clconv_separate(rows[i].kernel, rows[i].rows, rows[i].columns,
                                     rows[i].tolerance, column, row, &result, &error),
                     CLCONV_INVALID_ARGUMENT, "row %zu", i);
        cr_expect(strstr(error.message, rows[i].word) != NULL, "row %zu: %s", i, error.message);
    }
}
