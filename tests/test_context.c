/* Devices and contexts: listing, choosing, and a machine without OpenCL. */
#define _POSIX_C_SOURCE 200809L
#include "clconv_cl.h"
#include "workload.h"

#include <ctype.h>
#include <stdio.h>

enum { MANY = 32 };

static size_t list(clconv_device *devices)
{
    size_t count = 0;
    clconv_error error = {0};
    cr_assert_eq(clconv_device_list(devices, MANY, &count, &error), CLCONV_OK, "%s", error.message);
    cr_assert_leq(count, MANY);
    return count;
}

Test(context, reference_is_the_last_device)
{
    clconv_device devices[MANY];
    const size_t count = list(devices);
    cr_assert_geq(count, 1);
    cr_assert_eq(devices[count - 1].kind, CLCONV_DEVICE_REFERENCE);
    cr_assert_str_eq(devices[count - 1].name, "reference");
    cr_assert_geq(devices[count - 1].compute_units, 1);
    for (size_t i = 0; i + 1 < count; ++i) {
        cr_assert_neq(devices[i].kind, CLCONV_DEVICE_REFERENCE);
        cr_assert_gt(strlen(devices[i].name), 0);
        cr_assert_gt(strlen(devices[i].platform), 0);
        cr_assert_gt(devices[i].global_bytes, 0);
        cr_assert_gt(devices[i].max_alloc_bytes, 0);
        cr_assert_gt(devices[i].local_bytes, 0);
        cr_assert_gt(devices[i].compute_units, 0);
    }
}

Test(context, a_short_list_is_counted_in_full)
{
    clconv_device devices[MANY], first = {.kind = CLCONV_DEVICE_OTHER};
    const size_t all = list(devices);
    size_t count = 0;
    cr_assert_eq(clconv_device_list(NULL, 0, &count, NULL), CLCONV_OK);
    cr_assert_eq(count, all);
    cr_assert_eq(clconv_device_list(&first, 1, &count, NULL), CLCONV_OK);
    cr_assert_eq(count, all);
    cr_assert_str_eq(first.name, devices[0].name);
    cr_assert_eq(clconv_device_list(NULL, 1, &count, NULL), CLCONV_INVALID_ARGUMENT);
    cr_assert_eq(clconv_device_list(&first, 1, NULL, NULL), CLCONV_INVALID_ARGUMENT);
}

static void expect(const char *filter, const clconv_device *device)
{
    clconv_context *context = test_context(filter);
    cr_assert_str_eq(clconv_context_device(context)->name, device->name, "device %s is %s, not %s",
                     filter != NULL ? filter : "NULL", clconv_context_device(context)->name,
                     device->name);
    cr_assert_eq(clconv_context_device(context)->kind, device->kind);
    clconv_context_destroy(context);
}

Test(context, auto_takes_a_gpu_else_opencl_else_the_reference)
{
    clconv_device devices[MANY];
    const size_t count = list(devices);
    size_t expected = 0;
    while (expected < count && devices[expected].kind != CLCONV_DEVICE_GPU)
        ++expected;
    expect(NULL, &devices[expected < count ? expected : 0]);
    expect("auto", &devices[expected < count ? expected : 0]);
}

Test(context, filter_takes_an_index_or_a_part_of_a_name)
{
    clconv_device devices[MANY];
    const size_t count = list(devices);
    for (size_t i = 0; i < count; ++i) {
        char index[24];
        snprintf(index, sizeof(index), "%zu", i);
        expect(index, &devices[i]);
    }
    expect("reference", &devices[count - 1]);
    expect("EFEREN", &devices[count - 1]);
    if (count == 1)
        cr_skip_test("no OpenCL device");
    char part[sizeof(devices[0].name)];
    strcpy(part, devices[0].name + 1);
    for (char *c = part; *c != '\0'; ++c)
        *c = (char)(isupper((unsigned char)*c) ? tolower((unsigned char)*c)
                                               : toupper((unsigned char)*c));
    expect(part, &devices[0]);
    expect(devices[0].platform, &devices[0]);
}

Test(context, an_unknown_device_names_what_there_is)
{
    clconv_device devices[MANY];
    const size_t count = list(devices);
    const char *const filters[] = {"no such device", "", "99", "99999999999999999999999", "-1"};
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); ++i) {
        clconv_error error = {0};
        clconv_context *context = (clconv_context *)&error;
        cr_assert_eq(clconv_context_create(filters[i], &context, &error), CLCONV_DEVICE_NOT_FOUND,
                     "\"%s\"", filters[i]);
        cr_assert_null(context);
        cr_assert_eq(error.status, CLCONV_DEVICE_NOT_FOUND);
        cr_assert_not_null(strstr(error.message, filters[i]), "%s", error.message);
        for (size_t j = 0; j < count; ++j)
            cr_assert_not_null(strstr(error.message, devices[j].name), "%s", error.message);
    }
    cr_assert_eq(clconv_context_create("auto", NULL, NULL), CLCONV_INVALID_ARGUMENT);
}

Test(context, no_platform_leaves_the_reference)
{
    setenv("OCL_ICD_VENDORS", "/nonexistent", 1); /* each test is a process of its own */
    clconv_device devices[MANY];
    cr_assert_eq(list(devices), 1);
    expect(NULL, &devices[0]);

    clconv_context *context = test_context("auto");
    cl_context cl = (cl_context)context;
    cl_device_id id = (cl_device_id)context;
    cl_command_queue queue = (cl_command_queue)context;
    clconv_context_objects(context, &cl, &id, &queue);
    cr_assert(cl == NULL && id == NULL && queue == NULL);
    workload w = workload_make("mb1ic3ih8iw8oc4kh3kw3ph1pw1+bias+relu");
    clconv_plan *plan = workload_plan(&w, context, NULL);
    workload_execute(&w, plan, NULL, "no platform");
    clconv_plan_destroy(plan);
    workload_free(&w);
    clconv_context_destroy(context);
}

Test(context, programs_are_compiled_once)
{
    clconv_context *context = test_context(NULL);
    clconv_statistics statistics;
    clconv_context_statistics(context, &statistics);
    cr_assert_eq(statistics.programs, 0);
    if (clconv_context_device(context)->kind == CLCONV_DEVICE_REFERENCE)
        cr_skip_test("no OpenCL device");
    workload a = workload_make("mb1ic3ih8iw8oc4kh3kw3"), b = workload_make("mb2ic5ih9iw7oc8kh1kw2");
    clconv_plan *first = workload_plan(&a, context, "direct");
    clconv_context_statistics(context, &statistics);
    cr_assert_eq(statistics.programs, 1);
    cr_assert_gt(statistics.compile_ns, 0);
    clconv_plan *second = workload_plan(&b, context, "direct");
    clconv_context_statistics(context, &statistics);
    cr_assert_eq(statistics.programs, 1, "sizes must not be compiled in");
    clconv_plan_destroy(first);
    clconv_plan_destroy(second);
    clconv_context_destroy(context);
    workload_free(&a);
    workload_free(&b);
}

Test(context, null_is_harmless)
{
    clconv_statistics statistics = {.programs = 7};
    clconv_context_destroy(NULL);
    cr_assert_null(clconv_context_device(NULL));
    clconv_context_statistics(NULL, &statistics);
    cr_assert_eq(statistics.programs, 0);
    clconv_context_objects(NULL, NULL, NULL, NULL);
}
