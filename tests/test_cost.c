/* Costs, structure and shapes: the published answers, and what does not fit. */
#include "cases.h"
#include "clconv.h"
#include "core/shape.h"

#include <criterion/criterion.h>
#include <string.h>

static clconv_cost cost_of(const clconv_problem *problems, size_t count)
{
    clconv_cost cost = {0};
    clconv_error error;
    cr_assert_eq(clconv_sequence_cost(problems, count, &cost, &error), CLCONV_OK, "%s",
                 error.message);
    return cost;
}

/* Depthwise k x k, then pointwise to `outputs` channels. */
typedef struct separable {
    clconv_problem stage[2];
} separable;

static separable depthwise_separable(int64_t channels, int64_t outputs, int64_t size,
                                     int64_t kernel)
{
    separable s = {
        {clconv_problem_2d(channels, channels, size, size, kernel, kernel),
         clconv_problem_2d(channels, outputs, size - kernel + 1, size - kernel + 1, 1, 1)}};
    s.stage[0].groups = channels;
    return s;
}

/* ---- Published answers ----------------------------------------------------------------------- */

Test(golden, multiplications_of_standard_and_depthwise_separable)
{
    const clconv_problem standard = clconv_problem_2d(3, 256, 12, 12, 5, 5);
    cr_expect_eq(cost_of(&standard, 1).multiplications, 1228800);
    const separable s = depthwise_separable(3, 256, 12, 5);
    cr_expect_eq(cost_of(&s.stage[0], 1).multiplications, 4800);
    cr_expect_eq(cost_of(&s.stage[1], 1).multiplications, 49152);
    cr_expect_eq(cost_of(s.stage, 2).multiplications, 53952);
}

Test(golden, parameters)
{
    const clconv_problem standard = clconv_problem_2d(16, 32, 8, 8, 3, 3);
    cr_expect_eq(cost_of(&standard, 1).parameters, 4608);
    const separable s = depthwise_separable(16, 32, 8, 3);
    cr_expect_eq(cost_of(s.stage, 2).parameters, 656);

    clconv_problem grouped = clconv_problem_2d(256, 256, 8, 8, 3, 3);
    cr_expect_eq(cost_of(&grouped, 1).parameters, 589824);
    grouped.groups = 8;
    cr_expect_eq(cost_of(&grouped, 1).parameters, 73728);
    grouped.epilogue.bias = 1;
    cr_expect_eq(cost_of(&grouped, 1).parameters, 73728 + 256);
}

Test(golden, separable_over_standard_is_one_nth_plus_one_k_squared)
{
    for (int64_t n = 1; n <= 64; n *= 2)
        for (int64_t k = 1; k <= 7; ++k) {
            const clconv_problem standard = clconv_problem_2d(3, n, 20, 20, k, k);
            const separable s = depthwise_separable(3, n, 20, k);
            /* a / b = 1/n + 1/k^2, without the division */
            cr_expect_eq(cost_of(s.stage, 2).multiplications * n * k * k,
                         cost_of(&standard, 1).multiplications * (k * k + n), "n %d, k %d", (int)n,
                         (int)k);
        }
}

Test(golden, sobel_takes_six_multiplications_instead_of_nine)
{
    enum { SIZE = 32 };
    clconv_problem whole = clconv_problem_2d(1, 1, SIZE, SIZE, 3, 3);
    clconv_problem parts[] = {clconv_problem_2d(1, 1, SIZE, SIZE, 3, 1),
                              clconv_problem_2d(1, 1, SIZE, SIZE, 1, 3)};
    cr_assert_eq(clconv_problem_pad_same(&whole, NULL), CLCONV_OK);
    for (int i = 0; i < 2; ++i)
        cr_assert_eq(clconv_problem_pad_same(&parts[i], NULL), CLCONV_OK);
    cr_expect_eq(cost_of(&whole, 1).multiplications, 9 * SIZE * SIZE);
    cr_expect_eq(cost_of(parts, 2).multiplications, 6 * SIZE * SIZE);
}

Test(golden, output_shapes)
{
    const separable small = depthwise_separable(3, 4, 5, 3);
    const separable large = depthwise_separable(3, 10, 128, 3);
    clconv_sizes sizes;
    cr_assert_eq(clconv_sequence_check(small.stage, 2, NULL), CLCONV_OK);
    cr_assert_eq(clconv_problem_sizes(&small.stage[1], &sizes, NULL), CLCONV_OK);
    cr_expect(small.stage[1].out_channels == 4 && sizes.output_size[CLCONV_HEIGHT] == 3 &&
              sizes.output_size[CLCONV_WIDTH] == 3 && sizes.dst == 4 * 3 * 3);
    cr_assert_eq(clconv_sequence_check(large.stage, 2, NULL), CLCONV_OK);
    cr_assert_eq(clconv_problem_sizes(&large.stage[1], &sizes, NULL), CLCONV_OK);
    cr_expect(large.stage[1].out_channels == 10 && sizes.output_size[CLCONV_HEIGHT] == 126 &&
              sizes.output_size[CLCONV_WIDTH] == 126 && sizes.dst == 10 * 126 * 126);
}

/* The 4x9 matrix of a 2x2 kernel on a 3x3 input, and its transpose, column by column. */
Test(golden, two_by_two_on_three_by_three_is_a_matrix_and_its_transpose)
{
    const float w[] = {2, 3, 5, 7};
    const double matrix[4][9] = {
        {2, 3, 0, 5, 7, 0, 0, 0, 0},
        {0, 2, 3, 0, 5, 7, 0, 0, 0},
        {0, 0, 0, 2, 3, 0, 5, 7, 0},
        {0, 0, 0, 0, 2, 3, 0, 5, 7},
    };
    const clconv_stage_tensors stage = {w, NULL};
    const clconv_problem forth = clconv_problem_2d(1, 1, 3, 3, 2, 2);
    clconv_problem back = clconv_problem_2d(1, 1, 2, 2, 2, 2);
    back.transposed = 1;
    for (int j = 0; j < 9; ++j) {
        float unit[9] = {0};
        double column[4];
        unit[j] = 1.0f;
        cr_assert_eq(clconv_reference(&forth, 1, unit, &stage, column, NULL, NULL), CLCONV_OK);
        for (int i = 0; i < 4; ++i)
            cr_expect_eq(column[i], matrix[i][j], "row %d, column %d is %g", i, j, column[i]);
    }
    for (int i = 0; i < 4; ++i) {
        float unit[4] = {0};
        double row[9];
        unit[i] = 1.0f;
        cr_assert_eq(clconv_reference(&back, 1, unit, &stage, row, NULL, NULL), CLCONV_OK);
        for (int j = 0; j < 9; ++j)
            cr_expect_eq(row[j], matrix[i][j], "row %d, column %d is %g", i, j, row[j]);
    }
}

/* ---- Cost ------------------------------------------------------------------------------------ */

Test(cost, of_a_transposed_convolution_counts_inputs)
{
    clconv_problem p = clconv_problem_2d(6, 4, 5, 5, 3, 3);
    p.transposed = 1;
    p.groups = 2;
    p.batch = 3;
    cr_expect_eq(cost_of(&p, 1).multiplications, 3 * 6 * 25 * (4 / 2) * 9);
    cr_expect_eq(cost_of(&p, 1).parameters, 6 * 4 / 2 * 9);
}

Test(cost, bytes_leave_out_what_is_between_the_stages)
{
    const separable s = depthwise_separable(3, 4, 5, 3);
    const clconv_cost cost = cost_of(s.stage, 2);
    const int64_t bytes = 4 * (3 * 25 + 4 * 9 + 27 + 12);
    cr_expect_eq(cost.minimum_bytes, bytes);
    cr_expect_eq(cost.intensity, 2.0 * (27 * 9 + 12 * 9) / (double)bytes);
}

Test(cost, that_does_not_fit_is_an_error)
{
    clconv_problem p = clconv_problem_1d(1 << 20, 1 << 20, 1 << 20, 1);
    clconv_cost cost;
    clconv_error error = {0};
    cr_expect_eq(cost_of(&p, 1).multiplications, (int64_t)1 << 60);
    p.batch = 8; /* 2^63 */
    cr_expect_eq(clconv_sequence_cost(&p, 1, &cost, &error), CLCONV_INVALID_PROBLEM);
    cr_expect(strstr(error.message, "ic1048576") != NULL, "no problem string: %s", error.message);
    cr_expect_eq(clconv_sequence_cost(&p, 1, NULL, &error), CLCONV_INVALID_ARGUMENT);
    cr_expect_eq(clconv_sequence_cost(NULL, 1, &cost, &error), CLCONV_INVALID_ARGUMENT);
}

/* ---- Receptive field ------------------------------------------------------------------------- */

static clconv_receptive_field field_of(const clconv_problem *problems, size_t count)
{
    clconv_receptive_field field = {0};
    clconv_error error;
    cr_assert_eq(clconv_sequence_receptive_field(problems, count, &field, &error), CLCONV_OK, "%s",
                 error.message);
    return field;
}

static clconv_problem layer(int64_t kernel, int64_t dilation, int64_t stride, int64_t padding)
{
    clconv_problem p = clconv_problem_1d(1, 1, 100, kernel);
    p.dilation[CLCONV_WIDTH] = dilation;
    p.stride[CLCONV_WIDTH] = stride;
    p.padding_begin[CLCONV_WIDTH] = p.padding_end[CLCONV_WIDTH] = padding;
    return p;
}

Test(golden, receptive_fields)
{
    const clconv_problem dense[] = {layer(3, 1, 1, 0), layer(3, 1, 1, 0)};
    const clconv_problem dilated[] = {layer(3, 2, 1, 0), layer(3, 2, 1, 0)};
    const clconv_problem growing[] = {layer(3, 1, 1, 0), layer(3, 2, 1, 0), layer(3, 4, 1, 0)};
    cr_expect_eq(field_of(dense, 2).size[CLCONV_WIDTH], 5);
    cr_expect_eq(field_of(dilated, 2).size[CLCONV_WIDTH], 9);
    cr_expect_eq(field_of(growing, 3).size[CLCONV_WIDTH], 15);
    cr_expect_eq(field_of(growing, 3).size[CLCONV_HEIGHT], 1);
}

Test(receptive_field, strides_multiply_and_padding_adds_up)
{
    /* AlexNet's first two: (11-1) + (5-1)*4 + 1, and 2 + 2*4. */
    const clconv_problem stack[] = {layer(11, 1, 4, 2), layer(5, 1, 1, 2)};
    const clconv_receptive_field field = field_of(stack, 2);
    cr_expect_eq(field.size[CLCONV_WIDTH], 27);
    cr_expect_eq(field.stride[CLCONV_WIDTH], 4);
    cr_expect_eq(field.padding[CLCONV_WIDTH], 10);
}

Test(receptive_field, refuses_what_it_cannot_say)
{
    clconv_problem transposed = layer(3, 1, 2, 0);
    transposed.transposed = 1;
    clconv_receptive_field field;
    clconv_error error = {0};
    cr_expect_eq(clconv_sequence_receptive_field(&transposed, 1, &field, &error),
                 CLCONV_UNSUPPORTED);
    cr_expect(strstr(error.message, "deconv:") != NULL, "no problem string: %s", error.message);

    const clconv_problem fine = layer(3, 1, 1, 0);
    cr_expect_eq(clconv_sequence_receptive_field(&fine, 0, &field, NULL), CLCONV_INVALID_ARGUMENT);
    cr_expect_eq(clconv_sequence_receptive_field(&fine, 1, NULL, NULL), CLCONV_INVALID_ARGUMENT);
    cr_expect_eq(clconv_sequence_receptive_field(NULL, 1, &field, NULL), CLCONV_INVALID_ARGUMENT);

    const clconv_problem wide = layer(2, 1, INT32_MAX, 0);
    const clconv_problem tower[] = {wide, wide, wide};
    cr_expect_eq(clconv_sequence_receptive_field(tower, 3, &field, &error), CLCONV_INVALID_PROBLEM);
}

/* ---- What is not multiplied by padding ------------------------------------------------------- */

/* cc_inside_part by trying every pair. */
static double inside_part(const cc_shape *shape, clconv_axis axis, int run)
{
    const cc_axis *a = &shape->axis[axis];
    const int step = shape->transposed ? a->stride : 1;
    double inside = 0.0, all = 0.0;
    for (int phase = 0; phase < step && phase < a->output; ++phase)
        for (int t = 0; t < a->kernel; ++t) {
            const int shift = t * a->dilation - a->padding;
            if (shape->transposed && (phase - shift) % a->stride != 0)
                continue;
            const int outputs = (a->output - phase - 1) / step + 1;
            for (int first = 0; first < outputs; first += run) {
                int any = 0;
                for (int i = first; i < first + run && i < outputs; ++i) {
                    const int o = i * step + phase;
                    const int in = shape->transposed ? o - shift : o * a->stride + shift;
                    any |= in >= 0 && in / (shape->transposed ? a->stride : 1) < a->input;
                }
                inside += any;
                all += 1.0;
            }
        }
    return all > 0.0 ? inside / all : 1.0;
}

Test(inside, equals_what_counting_gives)
{
    case_random random = {1};
    for (int i = 0; i < 2000; ++i) {
        cc_shape shape = {.transposed = (int)case_integer(&random, 0, 1)};
        cc_axis *a = &shape.axis[CLCONV_WIDTH];
        a->input = (int32_t)case_integer(&random, 1, 20);
        a->kernel = (int32_t)case_integer(&random, 1, 7);
        a->stride = (int32_t)case_integer(&random, 1, 5);
        a->dilation = (int32_t)case_integer(&random, 1, 9);
        a->padding = (int32_t)case_integer(&random, 0, 12);
        a->output = (int32_t)case_integer(&random, 1, 40);
        const int run = (int)case_integer(&random, 1, 9);
        cr_expect_eq(cc_inside_part(&shape, CLCONV_WIDTH, run),
                     inside_part(&shape, CLCONV_WIDTH, run), "case %d", i);
    }
}

Test(inside, counts_all_under_other_padding)
{
    const cc_shape shape = {.axis[CLCONV_WIDTH] = {9, 9, 3, 1, 8, 8},
                            .padding_mode = CLCONV_REFLECT};
    cr_expect_eq(cc_inside_part(&shape, CLCONV_WIDTH, 1), 1.0);
}
