/* The OpenCL layer by itself: error codes, programs that do not compile, the cache. */
#include "cl/launch.h"
#include "cl/program.h"

#include <criterion/criterion.h>
#include <string.h>

Test(program, opencl_codes_have_names_and_statuses)
{
    static const struct {
        cl_int code;
        const char *name;
        clconv_status status;
    } rows[] = {
        {CL_OUT_OF_RESOURCES, "CL_OUT_OF_RESOURCES", CLCONV_OUT_OF_DEVICE_MEMORY},
        {CL_MEM_OBJECT_ALLOCATION_FAILURE, "CL_MEM_OBJECT_ALLOCATION_FAILURE",
         CLCONV_OUT_OF_DEVICE_MEMORY},
        {CL_INVALID_BUFFER_SIZE, "CL_INVALID_BUFFER_SIZE", CLCONV_OUT_OF_DEVICE_MEMORY},
        {CL_OUT_OF_HOST_MEMORY, "CL_OUT_OF_HOST_MEMORY", CLCONV_OUT_OF_HOST_MEMORY},
        {CL_BUILD_PROGRAM_FAILURE, "CL_BUILD_PROGRAM_FAILURE", CLCONV_BUILD_FAILED},
        {CL_INVALID_KERNEL_ARGS, "CL_INVALID_KERNEL_ARGS", CLCONV_DEVICE_FAILED},
        {-9999, "unknown OpenCL code", CLCONV_DEVICE_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
        clconv_error error = {0};
        cr_assert_str_eq(cc_cl_code_name(rows[i].code), rows[i].name);
        cr_assert_eq(cc_cl_fail(&error, rows[i].code, "clCall(a, b)"), rows[i].status, "%s",
                     rows[i].name);
        cr_assert_not_null(strstr(error.message, rows[i].name), "%s", error.message);
        cr_assert_eq(strncmp(error.message, "clCall failed", 13), 0, "%s", error.message);
    }
}

/* The first device's context; skips the test where there is none. */
typedef struct fixture {
    cl_context cl;
    cl_device_id id;
    clconv_device device;
} fixture;

static fixture open_device(void)
{
    fixture f = {0};
    cc_device_list list;
    cl_int code = CL_SUCCESS;
    cr_assert_eq(cc_device_list_make(&list, NULL), CLCONV_OK);
    if (list.count == 0)
        cr_skip_test("no OpenCL device");
    f.id = list.ids[0];
    cr_assert_eq(cc_device_describe(f.id, &f.device, NULL), CLCONV_OK);
    f.cl = clCreateContext(NULL, 1, &f.id, NULL, NULL, &code);
    cr_assert_eq(code, CL_SUCCESS);
    cc_device_list_free(&list);
    return f;
}

static size_t lines(const char *text)
{
    size_t count = 1;
    for (; *text != '\0'; ++text)
        count += *text == '\n';
    return count;
}

Test(program, a_kernel_that_does_not_compile_shows_the_log)
{
    const fixture f = open_device();
    const cc_source broken = {
        "broken", "__kernel void broken(__global float *x)\n{\n    x[0] = no_such_name;\n}\n"};
    const cc_source hopeless = {
        "hopeless", "a b c;\nd e f;\ng h i;\nj k l;\nm n o;\np q r;\ns t u;\nv w x;\n1 2 3;\n"};
    clconv_error error = {0};
    cl_program program = (cl_program)&error;
    cr_assert_eq(cc_program_build(f.cl, f.id, &broken, "-DTILE=3", &program, &error),
                 CLCONV_BUILD_FAILED);
    cr_assert_null(program);
    const char *const expected[] = {"kernels/broken.cl", "-DTILE=3", f.device.name, "no_such_name",
                                    "CL_BUILD_PROGRAM_FAILURE"};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); ++i)
        cr_assert_not_null(strstr(error.message, expected[i]), "no \"%s\" in: %s", expected[i],
                           error.message);
    cr_assert_eq(cc_program_build(f.cl, f.id, &hopeless, "", &program, &error),
                 CLCONV_BUILD_FAILED);
    cr_assert_leq(lines(error.message), 11, "%s", error.message);
    cr_assert_eq(cc_program_build(f.cl, f.id, &hopeless, "", &program, NULL), CLCONV_BUILD_FAILED);
    clReleaseContext(f.cl);
}

Test(program, the_cache_builds_each_pair_once)
{
    const fixture f = open_device();
    cc_programs *programs = NULL;
    clconv_statistics statistics;
    cr_assert_eq(cc_programs_create(f.cl, f.id, &programs, NULL), CLCONV_OK);
    static const struct {
        const char *options;
        size_t programs; /* after it */
    } steps[] = {{"", 1}, {"", 1}, {"-DEPILOGUE=1", 2}, {"", 2}, {"-DEPILOGUE=1", 2}};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); ++i) {
        cc_kernel *kernel = NULL;
        clconv_error error = {0};
        cr_assert_eq(
            cc_kernel_create(programs, "direct", "direct", steps[i].options, &kernel, &error),
            CLCONV_OK, "%s", error.message);
        cc_kernel_destroy(kernel);
        cc_programs_statistics(programs, &statistics);
        cr_assert_eq(statistics.programs, steps[i].programs, "step %zu", i);
    }
    cc_programs_destroy(programs);
    clReleaseContext(f.cl);
}

Test(program, what_is_not_there_is_named)
{
    const fixture f = open_device();
    cc_programs *programs = NULL;
    cc_kernel *kernel = (cc_kernel *)&programs;
    clconv_error error = {0};
    cr_assert_eq(cc_programs_create(f.cl, f.id, &programs, NULL), CLCONV_OK);
    cr_assert_eq(cc_kernel_create(programs, "no_file", "direct", "", &kernel, &error),
                 CLCONV_BUILD_FAILED);
    cr_assert_null(kernel);
    cr_assert_not_null(strstr(error.message, "no_file"), "%s", error.message);
    cr_assert_eq(cc_kernel_create(programs, "direct", "no_function", "", &kernel, &error),
                 CLCONV_BUILD_FAILED);
    cr_assert_null(kernel);
    cr_assert_not_null(strstr(error.message, "no_function"), "%s", error.message);
    cr_assert_eq(cc_kernel_create(programs, "direct", "direct", "-DEPILOGUE=9", &kernel, &error),
                 CLCONV_BUILD_FAILED);
    cr_assert_not_null(strstr(error.message, "EPILOGUE are 0 or 1"), "%s", error.message);
    cc_programs_destroy(programs);
    clReleaseContext(f.cl);
}

Test(program, groups_beyond_the_kernels_limit_are_refused)
{
    const fixture f = open_device();
    cc_programs *programs = NULL;
    cc_kernel *kernel = NULL;
    cc_chain chain;
    clconv_error error = {0};
    cl_int code = CL_SUCCESS;
    cl_command_queue queue = clCreateCommandQueue(f.cl, f.id, 0, &code);
    cr_assert_eq(cc_programs_create(f.cl, f.id, &programs, NULL), CLCONV_OK);
    cr_assert_eq(cc_kernel_create(programs, "direct", "direct", "", &kernel, NULL), CLCONV_OK);
    size_t most = 0;
    cl_ulong local_bytes = 1;
    cr_assert_eq(cc_kernel_limits(kernel, &most, &local_bytes, NULL), CLCONV_OK);
    cr_assert_gt(most, 0);
    const size_t local[3] = {most, 2, 1};
    cr_assert_eq(cc_chain_begin(&chain, queue, 0, NULL, 0, NULL), CLCONV_OK);
    cr_assert_eq(cc_launch(&chain, kernel, NULL, 0, 3, local, local, &error), CLCONV_UNSUPPORTED);
    cr_assert_not_null(strstr(error.message, "direct"), "%s", error.message);
    cr_assert_eq(cc_chain_end(&chain, NULL, NULL), CLCONV_OK);
    cc_kernel_destroy(kernel);
    cc_programs_destroy(programs);
    clReleaseCommandQueue(queue);
    clReleaseContext(f.cl);
}
