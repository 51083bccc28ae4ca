/* kernels/forms.txt, which scripts/check-kernels compiles for GPUs, is exactly what the library
 * requests on a GPU. */
#include "conv/algorithm.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEMS = 3000, MAX_FORMS = 200, LINE = 256 };

/* A line per form: "NAME OPTION...", single spaces. */
typedef struct forms {
    char line[MAX_FORMS][LINE];
    size_t count;
} forms;

static forms built, listed;

static void add_form(forms *set, const char *file, const char *options)
{
    char text[LINE], copy[LINE];
    snprintf(copy, sizeof(copy), "%s", options);
    int length = snprintf(text, sizeof(text), "%s", file);
    for (const char *word = strtok(copy, " \n"); word != NULL; word = strtok(NULL, " \n"))
        length += snprintf(text + length, sizeof(text) - (size_t)length, " %s", word);
    cr_assert_lt(set->count, (size_t)MAX_FORMS);
    memcpy(set->line[set->count++], text, sizeof(text));
}

static void add_built(const char *file, const char *options, void *data)
{
    add_form(data, file, options);
}

static int has_form(const forms *set, const char *line)
{
    for (size_t i = 0; i < set->count; ++i)
        if (strcmp(set->line[i], line) == 0)
            return 1;
    return 0;
}

static void read_listed(void)
{
    char line[LINE];
    FILE *file = fopen(CLCONV_SOURCE_DIR "/kernels/forms.txt", "r");
    cr_assert_not_null(file, "kernels/forms.txt is not there");
    while (fgets(line, sizeof(line), file) != NULL) {
        char *options = strpbrk(line, " \n");
        if (line[0] == '#' || options == NULL || options == line)
            continue;
        *options = '\0';
        add_form(&listed, line, options + 1);
    }
    fclose(file);
}

static uint32_t state = 1;

/* From low to high, both included; the same sequence everywhere. */
static int64_t draw(int low, int high)
{
    state = state * 1664525u + 1013904223u;
    return low + (int64_t)((state >> 8) % (uint32_t)(high - low + 1));
}

/* A problem of any variant; may be invalid. */
static clconv_problem draw_problem(void)
{
    static const int64_t channels[] = {1, 3, 8, 17, 32, 64, 96, 256};
    static const int64_t sizes[] = {1, 5, 7, 14, 28, 56, 112, 200};
    const int64_t c = channels[draw(0, 7)], k = channels[draw(0, 7)];
    clconv_problem p = clconv_problem_3d(c, k, 1, 1, 1, 1, 1, 1);
    p.rank = (int)draw(1, 3);
    p.batch = draw(1, 2);
    p.transposed = draw(0, 2) == 0;
    if (draw(0, 2) == 0) {
        p.groups = p.in_channels;
        p.out_channels = p.in_channels * draw(1, 2);
    } else if (draw(0, 3) == 0) {
        p.groups = 2;
    }
    p.padding_mode = p.transposed ? CLCONV_ZEROS : (clconv_padding_mode)draw(0, 3);
    p.epilogue.bias = (int)draw(0, 1);
    p.epilogue.activation = draw(0, 1) ? CLCONV_RELU : CLCONV_NONE;
    const int64_t square = draw(0, 3) ? 1 + 2 * draw(0, 3) : 0;
    for (int a = CLCONV_AXES - p.rank; a < CLCONV_AXES; ++a) {
        p.input_size[a] = sizes[draw(0, p.rank == 3 ? 4 : 7)];
        p.kernel_size[a] = square ? square : draw(1, 9);
        p.stride[a] = draw(0, 1) ? 1 : draw(1, 3);
        p.dilation[a] = draw(0, 2) ? 1 : draw(1, 6);
        p.padding_begin[a] = p.padding_end[a] = draw(0, 1) ? 0 : p.kernel_size[a] / 2;
    }
    return p;
}

/* Any device compiles the forms of a GPU: only the description is one. */
static void build_all(cl_context cl, cl_device_id id, cc_programs *programs)
{
    clconv_error error;
    clconv_device device;
    cr_assert_eq(cc_device_describe(id, &device, &error), CLCONV_OK, "%s", error.message);
    device.kind = CLCONV_DEVICE_GPU;
    const cc_target target = {cl, id, &device, programs};
    int shapes = 0;
    for (int i = 0; i < PROBLEMS; ++i) {
        const clconv_problem problem = draw_problem();
        cc_shape shape;
        if (cc_shape_make(&problem, &shape, NULL) != CLCONV_OK)
            continue;
        ++shapes;
        for (size_t a = 0; cc_algorithms[a] != NULL; ++a) {
            const cc_algorithm *algorithm = cc_algorithms[a];
            cc_stage stage = {.algorithm = algorithm, .target = &target, .shape = shape};
            if (algorithm->applicable(&device, &shape, NULL) != CLCONV_OK)
                continue;
            char text[512];
            clconv_problem_format(&problem, text, sizeof(text));
            cr_assert_eq(algorithm->build(&stage, &error), CLCONV_OK, "%s: %s: %s", text,
                         algorithm->name, error.message);
            algorithm->destroy(&stage);
        }
    }
    cr_assert_gt(shapes, PROBLEMS / 3, "most problems drawn are invalid");
}

Test(forms, list_is_what_a_gpu_is_asked_for)
{
    clconv_error error;
    cc_device_list devices;
    cc_programs *programs = NULL;
    cr_assert_eq(cc_device_list_make(&devices, &error), CLCONV_OK, "%s", error.message);
    cr_assert_gt(devices.count, 0u, "no OpenCL device");
    cl_context cl = clCreateContext(NULL, 1, &devices.ids[0], NULL, NULL, NULL);
    cr_assert_not_null(cl);
    cr_assert_eq(cc_programs_create(cl, devices.ids[0], &programs, &error), CLCONV_OK, "%s",
                 error.message);

    build_all(cl, devices.ids[0], programs);
    cc_programs_visit(programs, add_built, &built);
    read_listed();

    size_t wrong = 0;
    for (size_t i = 0; i < built.count; ++i)
        if (!has_form(&listed, built.line[i])) {
            fprintf(stderr, "+%s\n", built.line[i]);
            ++wrong;
        }
    for (size_t i = 0; i < listed.count; ++i)
        if (!has_form(&built, listed.line[i])) {
            fprintf(stderr, "-%s\n", listed.line[i]);
            ++wrong;
        }
    cr_assert_eq(wrong, 0u,
                 "kernels/forms.txt lacks the + lines above and has the - lines in vain");

    cc_programs_destroy(programs);
    clReleaseContext(cl);
    cc_device_list_free(&devices);
}
