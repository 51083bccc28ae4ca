/* An algorithm: one way to run some problems on an OpenCL device.
 *
 * Adding one touches its own .c here, its own .cl in kernels/, and one line of the table in
 * algorithm.c. */
#ifndef CC_ALGORITHM_H
#define CC_ALGORITHM_H

#include "cl/launch.h"
#include "core/shape.h"

/* What an algorithm may know about where it runs. */
typedef struct cc_target {
    cl_context cl;
    cl_device_id id;
    const clconv_device *device;
    cc_programs *programs;
} cc_target;

typedef struct cc_algorithm cc_algorithm;

/* One convolution with its algorithm, ready to run; immutable once built. */
typedef struct cc_stage {
    const cc_algorithm *algorithm;
    const cc_target *target;
    cc_shape shape;
    cc_shape second;        /* of two stages that the algorithm runs as one */
    void *state;            /* the algorithm's own: kernels and launch sizes */
    size_t packed_bytes;    /* packed weights; 0: the weights are used as they are */
    size_t workspace_bytes; /* scratch of one execution, besides packed weights */
} cc_stage;

/* A tensor in device memory. Offsets in elements, 64 bits in the kernels. */
typedef struct cc_tensor {
    cl_mem mem;
    cl_ulong offset;
} cc_tensor;

/* The tensors of one execution of one stage. */
typedef struct cc_stage_io {
    cc_tensor src;
    cc_tensor weights;                     /* packed when packed_bytes > 0 */
    cc_tensor bias;                        /* mem NULL without one */
    cc_tensor second_weights, second_bias; /* of two stages that run as one: never packed */
    cc_tensor dst;
    cc_tensor workspace; /* mem NULL when workspace_bytes is 0 */
} cc_stage_io;

struct cc_algorithm {
    const char *name;
    const char *text;   /* one line for people */
    int stages;         /* of a sequence that it runs as one: 2; 0: one stage */
    int tile;           /* outputs along an axis of Winograd's tiles; 0: computes direct sums */
    int short_products; /* of a sum, at most, where loops end early; 0: does not run there */

    /* CLCONV_OK, or CLCONV_UNSUPPORTED with the reason. Touches no device. `shape` is that of the
     * first stage here and below; a second one's lies behind it. */
    clconv_status (*applicable)(const clconv_device *device, const cc_shape *shape,
                                clconv_error *error);

    /* Estimated time in nanoseconds on this class of device, for `auto`: smaller wins. */
    double (*estimate)(const clconv_device *device, const cc_shape *shape);

    /* Compiles kernels into stage->state and sets packed_bytes and workspace_bytes. On failure
     * destroy is called on what is there. */
    clconv_status (*build)(cc_stage *stage, clconv_error *error);

    /* Enqueues the packing of raw weights; NULL where packed_bytes is always 0. */
    clconv_status (*pack)(const cc_stage *stage, cc_chain *chain, cc_tensor weights,
                          cc_tensor packed, clconv_error *error);

    /* Enqueues one execution: short, re-entrant, allocates no device memory. */
    clconv_status (*enqueue)(const cc_stage *stage, cc_chain *chain, const cc_stage_io *io,
                             clconv_error *error);

    /* Frees stage->state, which may be NULL or half built. */
    void (*destroy)(cc_stage *stage);
};

extern const cc_algorithm *const cc_algorithms[]; /* ends with NULL */

const cc_algorithm *cc_algorithm_find(const char *name); /* NULL: no such algorithm */

/* The stages that it runs as one: 1 or 2. */
size_t cc_algorithm_stages(const cc_algorithm *algorithm);

/* As algorithm->applicable, and whether the math mode allows it, the device runs such loops, and
 * the `count` stages from here to the end of the sequence are enough. */
clconv_status cc_algorithm_check(const cc_algorithm *algorithm, const clconv_device *device,
                                 clconv_math math, const cc_shape *shapes, size_t count,
                                 clconv_error *error);

/* llvmpipe, on which Mesa's rusticl runs, ends a work-item when its loops together have made 65,535
 * rounds, which guards it against endless ones and makes longer sums wrong without a word. */
int cc_ends_loops_early(const clconv_device *device);

/* The applicable algorithm with the smallest estimate. NULL only on devices that do not run loops
 * of this length: `direct` takes all else. */
const cc_algorithm *cc_algorithm_choose(const clconv_device *device, clconv_math math,
                                        const cc_shape *shape);

/* What a stage runs, and why. */
typedef enum cc_reason { CC_ESTIMATED, CC_MEASURED, CC_ASKED_FOR } cc_reason;

typedef struct cc_choice {
    const cc_algorithm *algorithm;
    cc_reason reason;
    double ns; /* of CC_MEASURED */
} cc_choice;

/* Work-items for `tasks` equal tasks, of which the kernel leaves the first one empty if there are
 * more: PoCL gives its first thread one more than an equal share. */
size_t cc_task_items(const clconv_device *device, int64_t tasks);

/* The vectors that kernels for CPU devices are written in, which name the rows of their tables of
 * forms and costs. */
typedef enum cc_vectors {
    CC_VECTORS_8,  /* of 8 floats, 16 registers: AVX2 */
    CC_VECTORS_16, /* of 16 floats, 32 registers: AVX-512 */
    CC_VECTORS_COUNT
} cc_vectors;

cc_vectors cc_device_vectors(const clconv_device *device);

/* Their floats. */
int cc_vector_lanes(cc_vectors vectors);

/* Multiplications of the direct sum, for estimates. */
double cc_multiplications(const cc_shape *shape);

#endif
