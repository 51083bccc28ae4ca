/* Builds an empty kernel and runs it once: what a driver alone costs a new process (bench/start).
 * The device is the first one of the first platform. */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <stdio.h>
#include <stdlib.h>

static void check(cl_int code, const char *call)
{
    if (code == CL_SUCCESS)
        return;
    fprintf(stderr, "empty-kernel: %s failed with OpenCL error %d\n", call, (int)code);
    exit(3);
}

int main(void)
{
    const char *const source = "__kernel void empty(void) {}";
    const size_t one = 1;
    cl_platform_id platform;
    cl_device_id device;
    cl_int code;

    check(clGetPlatformIDs(1, &platform, NULL), "clGetPlatformIDs");
    check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "clGetDeviceIDs");
    const cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    check(code, "clCreateContext");
    const cl_command_queue queue = clCreateCommandQueue(context, device, 0, &code);
    check(code, "clCreateCommandQueue");
    const cl_program program =
        clCreateProgramWithSource(context, 1, (const char *[]){source}, NULL, &code);
    check(code, "clCreateProgramWithSource");
    check(clBuildProgram(program, 1, &device, "-cl-std=CL1.2", NULL, NULL), "clBuildProgram");
    const cl_kernel kernel = clCreateKernel(program, "empty", &code);
    check(code, "clCreateKernel");
    check(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL),
          "clEnqueueNDRangeKernel");
    check(clFinish(queue), "clFinish");
    puts("done");
    return fclose(stdout) ? 3 : 0; /* nothing is released: only the time until here counts */
}
