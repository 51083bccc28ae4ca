/* A context: one device and what is compiled for it. */
#ifndef CC_CONTEXT_H
#define CC_CONTEXT_H

#include "conv/algorithm.h"

struct clconv_context {
    clconv_device device;
    cc_target target;       /* all NULL on the reference device */
    cl_command_queue queue; /* in order */
};

/* Whether the context is the CPU reference, which has no OpenCL objects. */
int cc_context_is_reference(const clconv_context *context);

#endif
