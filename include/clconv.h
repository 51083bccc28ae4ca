/* clconv: convolutions of every kind on OpenCL devices.
 *
 * This header needs no OpenCL headers. clconv_cl.h adds the calls that work on
 * the caller's own cl_context, cl_command_queue and cl_mem.
 *
 * Conventions
 *   Words      Public names are PyTorch's (in_channels, kernel_size, dilation). Comments use
 *              cuDNN's letters: N batch, C input channels, K output channels, G groups,
 *              D/H/W input size, T/R/S kernel size, O/P/Q output size.
 *   Operation  Convolution means cross-correlation. Dilation 1 is dense.
 *   Tensors    Dense, row-major float32: src N,C,(D,(H,))W   dst N,K,(O,(P,))Q   bias K
 *              weights K,C/G,(T,(R,))S, and for a transposed convolution C,K/G,(T,(R,))S.
 *   Axes       Arrays of three are indexed by clconv_axis: depth, height, width. A problem of
 *              lower rank has unit sizes, unit strides and no padding on the leading axes.
 *   Calls      Descriptor in, status back, result through the last pointer before `error`.
 *              An output handle is NULL unless the status is CLCONV_OK. Destroy takes NULL.
 *   Errors     Every call that can fail for more than one reason takes a clconv_error, which
 *              may be NULL. It is written on failure only. The library never prints, exits,
 *              aborts or falls back to another device or algorithm.
 *   Threads    All functions may be called from any thread. Plans, packed weights and problems
 *              are immutable, so threads may share them; destroy a handle once nobody uses it.
 */
#ifndef CLCONV_H
#define CLCONV_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(CLCONV_SHARED)
#ifdef CLCONV_BUILDING
#define CLCONV_API __declspec(dllexport)
#else
#define CLCONV_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define CLCONV_API __attribute__((visibility("default")))
#else
#define CLCONV_API
#endif

#define CLCONV_VERSION_MAJOR 0
#define CLCONV_VERSION_MINOR 1
#define CLCONV_VERSION_PATCH 0

/* The version of the library that is running, as "0.1.0". */
CLCONV_API const char *clconv_version(void);

/* ---- Status ------------------------------------------------------------------------------ */

/* name, value (pinned for ever), one-line meaning */
#define CLCONV_STATUS_MAP(X)                                                                       \
    X(OK, 0, "success")                                                                            \
    X(INVALID_ARGUMENT, 1, "an argument is missing, null or out of range")                         \
    X(INVALID_PROBLEM, 2, "the problem is not a convolution that can be computed")                 \
    X(INVALID_STRING, 3, "the text is not a problem string")                                       \
    X(UNSUPPORTED, 4, "a valid request that this release, device or algorithm cannot do")          \
    X(OUT_OF_HOST_MEMORY, 5, "the host is out of memory")                                          \
    X(DEVICE_NOT_FOUND, 6, "no device matches")                                                    \
    X(OUT_OF_DEVICE_MEMORY, 7, "too large for the device, or the device is out of memory")         \
    X(BUILD_FAILED, 8, "a kernel does not compile on this driver")                                 \
    X(DEVICE_FAILED, 9, "the device or its driver failed")

typedef enum clconv_status {
#define CLCONV_STATUS_ENUM(name, value, text) CLCONV_##name = value,
    CLCONV_STATUS_MAP(CLCONV_STATUS_ENUM)
#undef CLCONV_STATUS_ENUM
} clconv_status;

/* The name of a status, such as "CLCONV_UNSUPPORTED"; "unknown status" for any other value. */
CLCONV_API const char *clconv_status_name(clconv_status status);

/* What a status means, in a few words. */
CLCONV_API const char *clconv_status_text(clconv_status status);

/* What went wrong in one call, owned by the caller. `message` is one line that names the cause
 * and, where there is one, the problem string; for CLCONV_BUILD_FAILED the first lines of the
 * build log follow it. */
typedef struct clconv_error {
    clconv_status status;
    char message[2044];
} clconv_error;

/* ---- Problem ----------------------------------------------------------------------------- */

enum { CLCONV_MAX_STAGES = 8 }; /* the longest sequence */

typedef enum clconv_axis { CLCONV_DEPTH, CLCONV_HEIGHT, CLCONV_WIDTH, CLCONV_AXES } clconv_axis;

typedef enum clconv_data_type { CLCONV_FLOAT32 } clconv_data_type;

typedef enum clconv_layout { CLCONV_CHANNELS_FIRST } clconv_layout; /* NCW, NCHW, NCDHW */

typedef enum clconv_direction {
    CLCONV_FORWARD,
    CLCONV_BACKWARD_DATA,   /* not in this release: CLCONV_UNSUPPORTED */
    CLCONV_BACKWARD_WEIGHTS /* not in this release: CLCONV_UNSUPPORTED */
} clconv_direction;

typedef enum clconv_padding_mode {
    CLCONV_ZEROS,
    CLCONV_REFLECT,   /* c b | a b c | b a */
    CLCONV_REPLICATE, /* a a | a b c | c c */
    CLCONV_CIRCULAR   /* b c | a b c | a b */
} clconv_padding_mode;

typedef enum clconv_activation {
    CLCONV_NONE,
    CLCONV_RELU,
    CLCONV_RELU6,
    CLCONV_LEAKY_RELU, /* x < 0 ? slope * x : x */
    CLCONV_SIGMOID,
    CLCONV_TANH,
    CLCONV_SILU /* x * sigmoid(x) */
} clconv_activation;

/* What is applied to every output element: dst = activation(conv + bias[k]). */
typedef struct clconv_epilogue {
    int bias; /* 1: the stage has a bias, 0: none */
    clconv_activation activation;
    float slope; /* of CLCONV_LEAKY_RELU; 0 for all others */
} clconv_epilogue;

/* What is computed: a plain value. Start from clconv_problem_1d/2d/3d, then change fields.
 *
 *   convolution  O = floor((D + begin + end - dilation*(T-1) - 1) / stride) + 1
 *   transposed   O = (D-1)*stride - begin - end + dilation*(T-1) + 1 + output_padding
 *
 * padding_end may be negative: the end of the input is then not read (a transposed convolution
 * takes 0 or more). Sizes are elements. `reserved` must be zero; later releases take fields
 * from it, so that programs compiled against this header keep working. */
typedef struct clconv_problem {
    int rank;       /* 1, 2 or 3 spatial axes */
    int transposed; /* 0 or 1 */
    clconv_direction direction;
    clconv_data_type data_type;
    clconv_layout layout;
    clconv_padding_mode padding_mode; /* a transposed convolution takes CLCONV_ZEROS only */
    clconv_epilogue epilogue;
    int64_t batch;
    int64_t in_channels;
    int64_t out_channels;
    int64_t groups; /* divides in_channels and out_channels; = in_channels: depthwise */
    int64_t input_size[CLCONV_AXES];
    int64_t kernel_size[CLCONV_AXES];
    int64_t stride[CLCONV_AXES];
    int64_t dilation[CLCONV_AXES];
    int64_t padding_begin[CLCONV_AXES];
    int64_t padding_end[CLCONV_AXES];
    int64_t output_padding[CLCONV_AXES]; /* transposed only; below stride or below dilation */
    int64_t reserved[8];
} clconv_problem;

/* A problem with batch 1, one group, stride 1, dilation 1, no padding, no bias, no activation. */
CLCONV_API clconv_problem clconv_problem_1d(int64_t in_channels, int64_t out_channels,
                                            int64_t width, int64_t kernel);
CLCONV_API clconv_problem clconv_problem_2d(int64_t in_channels, int64_t out_channels,
                                            int64_t height, int64_t width, int64_t kernel_height,
                                            int64_t kernel_width);
CLCONV_API clconv_problem clconv_problem_3d(int64_t in_channels, int64_t out_channels,
                                            int64_t depth, int64_t height, int64_t width,
                                            int64_t kernel_depth, int64_t kernel_height,
                                            int64_t kernel_width);

/* Sets padding_begin and padding_end as PyTorch's padding='same': the output has the input's
 * size, and an odd surplus goes to the end. CLCONV_INVALID_PROBLEM for a stride above 1 or a
 * transposed convolution. */
CLCONV_API clconv_status clconv_problem_pad_same(clconv_problem *problem, clconv_error *error);

/* Checks a problem: ranges, groups, padding, and that every tensor's size in bytes fits in
 * int64_t and its per-image, per-channel offsets in 31 bits. Allocates nothing.
 * Every call that takes a problem checks it first, so this is for those who want to know early. */
CLCONV_API clconv_status clconv_problem_check(const clconv_problem *problem, clconv_error *error);

/* The sizes of every tensor of a problem, each a number of elements. */
typedef struct clconv_sizes {
    int64_t output_size[CLCONV_AXES]; /* O, P, Q */
    int64_t src;                      /* N*C*D*H*W */
    int64_t weights;                  /* K*C/G*T*R*S */
    int64_t bias;                     /* K, or 0 without a bias */
    int64_t dst;                      /* N*K*O*P*Q */
} clconv_sizes;

/* Checks the problem and derives its sizes. */
CLCONV_API clconv_status clconv_problem_sizes(const clconv_problem *problem, clconv_sizes *sizes,
                                              clconv_error *error);

/* ---- Problem string ------------------------------------------------------------------------
 *
 * A problem as text: oneDNN benchdnn's shape grammar, with additions behind a '+'.
 *
 *   [conv:|deconv:] [g#] [mb#] ic# (i|o|k|s|p|d)(d|h|w)# ... [n"name"] [+word ...]
 *
 * i input, o output, k kernel, s stride, p begin padding, d dilation counted as benchdnn does
 * (0 is dense); additions: e end padding, a output padding. What is omitted takes benchdnn's
 * default. '+' words: bias, relu, relu6, leaky_relu:SLOPE, sigmoid, tanh, silu, reflect,
 * replicate, circular. "A -> B" is a sequence. docs/PROBLEM_STRINGS.md has the whole grammar.
 */

/* Reads one problem. The problem is checked. CLCONV_INVALID_STRING names the offending text. */
CLCONV_API clconv_status clconv_problem_parse(const char *text, clconv_problem *problem,
                                              clconv_error *error);

/* Reads "A -> B -> ..." into at most `capacity` problems. */
CLCONV_API clconv_status clconv_sequence_parse(const char *text, clconv_problem *problems,
                                               size_t capacity, size_t *count, clconv_error *error);

/* Writes the canonical string of a problem or sequence, also of an invalid one, as snprintf
 * does: at most `size` bytes with the NUL, and the length it would have is returned. Parsing it
 * gives the same problem back. */
CLCONV_API size_t clconv_problem_format(const clconv_problem *problem, char *text, size_t size);
CLCONV_API size_t clconv_sequence_format(const clconv_problem *problems, size_t count, char *text,
                                         size_t size);

/* Checks each problem, and that each one's output is the next one's input. */
CLCONV_API clconv_status clconv_sequence_check(const clconv_problem *problems, size_t count,
                                               clconv_error *error);

/* ---- Cost and structure ------------------------------------------------------------------ */

/* The cost of a problem or a whole sequence. */
typedef struct clconv_cost {
    int64_t parameters;      /* weights and biases */
    int64_t multiplications; /* of the direct sum; taps on zero padding count */
    int64_t minimum_bytes;   /* src of the first, dst of the last, all weights and biases, once */
    double intensity;        /* 2 * multiplications / minimum_bytes */
} clconv_cost;

/* CLCONV_INVALID_PROBLEM also when a count does not fit in int64_t. */
CLCONV_API clconv_status clconv_sequence_cost(const clconv_problem *problems, size_t count,
                                              clconv_cost *cost, clconv_error *error);

/* How much of the input one output element of a stack of convolutions sees, in input elements,
 * per axis. The stack need not match in channels or size. Transposed stages: CLCONV_UNSUPPORTED.
 * Source: Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks",
 * Distill 2019. */
typedef struct clconv_receptive_field {
    int64_t size[CLCONV_AXES];
    int64_t stride[CLCONV_AXES];  /* input elements between neighbouring outputs */
    int64_t padding[CLCONV_AXES]; /* input elements that the first output sees before the start */
} clconv_receptive_field;

CLCONV_API clconv_status clconv_sequence_receptive_field(const clconv_problem *problems,
                                                         size_t count, clconv_receptive_field *out,
                                                         clconv_error *error);

/* Whether a rows x columns kernel (row-major) is the outer product column * row.
 * `residual` is |kernel - column*row| / |kernel| in the Frobenius norm; both vectors are the best
 * in that norm, scaled to equal largest magnitude. */
typedef struct clconv_separation {
    int separable; /* residual <= tolerance */
    double residual;
} clconv_separation;

/* column: `rows` floats, row: `columns` floats, both written whatever the residual.
 * CLCONV_INVALID_ARGUMENT for empty or non-finite kernels and a negative tolerance. */
CLCONV_API clconv_status clconv_separate(const float *kernel, size_t rows, size_t columns,
                                         double tolerance, float *column, float *row,
                                         clconv_separation *result, clconv_error *error);

/* ---- Reference ---------------------------------------------------------------------------- */

/* One stage's weights, in the layout named at the top, and its bias (NULL without one). */
typedef struct clconv_stage_tensors {
    const float *weights;
    const float *bias;
} clconv_stage_tensors;

/* Computes a sequence on the CPU in double precision, in plain loops: the oracle. No device.
 *
 * dst    receives N*K*O*P*Q doubles.
 * bound  NULL, or receives for each element the largest error that a float32 direct sum may show
 *        (docs/DESIGN.md, "How correctness is judged"), carried through all stages: 0 where the
 *        reference is infinite or NaN, infinite where a float32 sum may overflow on its way.
 * Uses all processors. */
CLCONV_API clconv_status clconv_reference(const clconv_problem *problems, size_t count,
                                          const float *src, const clconv_stage_tensors *stages,
                                          double *dst, double *bound, clconv_error *error);

/* How a result compares with the reference, element by element. NaN agrees with NaN, an infinity
 * with the one of its sign. */
typedef struct clconv_comparison {
    size_t wrong;      /* elements beyond their bound */
    size_t worst;      /* index of the element with the largest ratio */
    double ratio;      /* the largest |dst - reference| / bound; infinite for a wrong class */
    double difference; /* |dst - reference| there */
} clconv_comparison;

/* bound NULL: every element must equal the reference rounded to float32; ratio is then 0 or
 * infinite. */
CLCONV_API void clconv_compare(const float *dst, const double *reference, const double *bound,
                               size_t count, clconv_comparison *result);

/* ---- Devices and contexts ------------------------------------------------------------------ */

typedef enum clconv_device_kind {
    CLCONV_DEVICE_REFERENCE, /* the CPU reference: always there, exact, slow */
    CLCONV_DEVICE_CPU,
    CLCONV_DEVICE_GPU,
    CLCONV_DEVICE_OTHER
} clconv_device_kind;

typedef struct clconv_device {
    clconv_device_kind kind;
    char name[128];
    char vendor[128];
    char platform[128];
    char driver[128];
    char opencl_c[64];
    unsigned compute_units;
    uint64_t global_bytes;    /* memory of the device */
    uint64_t max_alloc_bytes; /* largest single buffer */
    uint64_t local_bytes;     /* __local memory per work-group */
    uint64_t vector_floats;   /* floats of a native vector; 1 where work-items are its lanes */
    uint64_t native_kernels;  /* whether it runs functions of the host, as CPU devices do */
    int64_t reserved[6];
} clconv_device;

/* The devices here: OpenCL's in the order of the loader, then the reference, always the last.
 * Counts all and fills the first `capacity`. No OpenCL platform is not an error. */
CLCONV_API clconv_status clconv_device_list(clconv_device *devices, size_t capacity, size_t *count,
                                            clconv_error *error);

typedef struct clconv_context clconv_context;

/* One device, its queue and its compiled programs.
 * device: "auto" or NULL (a GPU, else another OpenCL device, else the reference), "reference", an
 * index into clconv_device_list, or a part of a device's or platform's name, case ignored.
 * CLCONV_DEVICE_NOT_FOUND names what there is. */
CLCONV_API clconv_status clconv_context_create(const char *device, clconv_context **context,
                                               clconv_error *error);

/* Outlive nothing: destroy plans and packed weights of a context before the context. Keeps what
 * was compiled on disk (clconv_cache_folder), which takes PoCL, but no other driver known, up to a
 * second for each program that is kept. Where a plan was `pointwise` it also empties CLBlast's
 * cache, which the whole process shares: whoever calls CLBlast next waits until it has compiled
 * again. */
CLCONV_API void clconv_context_destroy(clconv_context *context);

/* The device that was chosen; valid as long as the context. */
CLCONV_API const clconv_device *clconv_context_device(const clconv_context *context);

/* What a context has compiled so far. */
typedef struct clconv_statistics {
    size_t programs;     /* OpenCL programs of clconv's own that were built or loaded */
    size_t loaded;       /* those of them that an earlier process had compiled */
    uint64_t compile_ns; /* time spent building and loading them */
} clconv_statistics;

CLCONV_API void clconv_context_statistics(const clconv_context *context,
                                          clconv_statistics *statistics);

/* Writes, as snprintf does, the path of the folder where compiled programs and what was measured
 * are kept between processes: $CLCONV_CACHE_DIR (set but empty: keep nothing), else
 * $XDG_CACHE_HOME/clconv, else $HOME/.cache/clconv. Makes it, with mode 0700, if it is missing. ""
 * and 0 when there is none: not to be made, somebody else's, or writable by others; all works
 * without. Programs stay below 64 MiB; it is safe with any number of processes, and may be deleted
 * at any time. */
CLCONV_API size_t clconv_cache_folder(char *path, size_t size);

/* ---- Algorithms ---------------------------------------------------------------------------- */

/* The name of algorithm `index`, NULL past the last. Names are stable. */
CLCONV_API const char *clconv_algorithm_name(size_t index);

/* One line on what an algorithm does, NULL past the last. */
CLCONV_API const char *clconv_algorithm_text(size_t index);

/* CLCONV_OK when the algorithm can run this problem on this device, CLCONV_UNSUPPORTED with the
 * reason when not, CLCONV_INVALID_ARGUMENT for an unknown name. */
CLCONV_API clconv_status clconv_algorithm_check(const clconv_context *context,
                                                const clconv_problem *problem, const char *name,
                                                clconv_error *error);

/* The same for a sequence; `algorithm` is what clconv_options.algorithm takes. Some algorithms run
 * two stages as one and take no single problem. */
CLCONV_API clconv_status clconv_algorithm_check_sequence(const clconv_context *context,
                                                         const clconv_problem *problems,
                                                         size_t count, const char *algorithm,
                                                         clconv_error *error);

/* What a plan may compute instead of the sum of a convolution's products. */
typedef enum clconv_math {
    CLCONV_MATH_DEFAULT, /* Winograd's algorithm too: fewer multiplications, a wider error bound,
                            and an infinity or NaN in src spoils the outputs near it */
    CLCONV_MATH_STRICT   /* direct sums only: clconv_reference's bound holds for every element */
} clconv_math;

/* The strictest mode that allows an algorithm: CLCONV_MATH_STRICT where it computes direct sums,
 * and for "reference". */
CLCONV_API clconv_math clconv_algorithm_math(const char *name);

/* ---- Plan ---------------------------------------------------------------------------------- */

/* How `auto` comes to an algorithm. */
typedef enum clconv_planning {
    CLCONV_ESTIMATE, /* a cost model of this class of device: the same on every run */
    CLCONV_TUNED,    /* what was measured before on this device, else the model; no launch */
    CLCONV_MEASURE   /* what was not measured before is measured now, and remembered */
} clconv_planning;

/* Zero-initialise; every zero is the default. */
typedef struct clconv_options {
    const char *algorithm;    /* NULL or "auto": chosen as `planning` says; a name; or one per
                                 stage, separated by commas; what runs two
                                 stages as one is named for both */
    clconv_planning planning; /* of the stages whose algorithm is "auto" */
    int budget_ms;            /* of CLCONV_MEASURE, for the whole plan; 0: 1000 */
    clconv_math math;
    int64_t reserved[5];
} clconv_options;

typedef struct clconv_plan clconv_plan;

/* Measuring: CLCONV_MEASURE runs the applicable algorithms of each stage on random data, the best
 * estimate first, leaving out those whose estimate is ten times the best or more. An algorithm
 * whose output differs from the reference beyond its bound, in all planes of a small problem and in
 * a sample that the reference computes in about 0.1 s of a large one, is never taken. The budget
 * ends with the algorithm that is running when it is over, but not before one was found right.
 * Two stages that the cost model runs as one are not measured.
 * Each result is a line of tuning.txt in clconv_cache_folder, with the version of the library and
 * of the driver, the device and the problem: what is there is never measured again, what a budget
 * left out is measured by the next plan, and the file may be copied to another machine, edited
 * and deleted. Without that folder nothing is remembered. */

/* Makes a plan for a sequence of `count` problems (1 for a single convolution): chooses
 * algorithms, compiles kernels, sizes the workspace. Everything slow or likely to fail happens
 * here. options may be NULL. The context must outlive the plan. */
CLCONV_API clconv_status clconv_plan_create(clconv_context *context, const clconv_problem *problems,
                                            size_t count, const clconv_options *options,
                                            clconv_plan **plan, clconv_error *error);

CLCONV_API void clconv_plan_destroy(clconv_plan *plan);

/* What was chosen for a stage: the algorithm's name; NULL past the last stage. An algorithm that
 * runs two stages as one is named for both. */
CLCONV_API const char *clconv_plan_algorithm(const clconv_plan *plan, size_t stage);

/* clconv_reference for the plan's problems, with the bounds of the plan's algorithms: those of
 * Winograd's are wider, and NaN, which agrees with all, in every tile that reads an infinity or a
 * NaN (docs/DESIGN.md, "How correctness is judged"). */
CLCONV_API clconv_status clconv_plan_reference(const clconv_plan *plan, const float *src,
                                               const clconv_stage_tensors *stages, double *dst,
                                               double *bound, clconv_error *error);

/* The plan as text, as snprintf does: the device, then problem, algorithm, why it was taken
 * (estimated, measured or asked for) and workspace of each stage. */
CLCONV_API size_t clconv_plan_describe(const clconv_plan *plan, char *text, size_t size);

/* Device memory in bytes that one execution needs besides src, dst, weights and biases. */
CLCONV_API size_t clconv_plan_workspace(const clconv_plan *plan);

/* ---- Execution ----------------------------------------------------------------------------- */

typedef struct clconv_weights clconv_weights;

/* Copies the weights and biases of all stages to the device in the form that the plan's
 * algorithms want, once, for use in many executions of this plan. Keeps no pointer to `stages`.
 * The plan must outlive the packed weights. */
CLCONV_API clconv_status clconv_weights_pack(clconv_plan *plan, const clconv_stage_tensors *stages,
                                             clconv_weights **weights, clconv_error *error);

CLCONV_API void clconv_weights_destroy(clconv_weights *weights);

/* The tensors of one execution, in host memory. The arrays must not overlap dst. Zero-initialise:
 * fields that later releases add for gradients stay NULL. */
typedef struct clconv_tensors {
    const float *src;
    float *dst;
    const clconv_stage_tensors *stages; /* one per stage; may be NULL when `packed` is given */
    const clconv_weights *packed;       /* NULL, or made for this plan: `stages` is not read */
    void *reserved[8];
} clconv_tensors;

/* Where the time of one execution went, each from a host clock with the device idle before and
 * after. */
typedef struct clconv_timing {
    uint64_t upload_ns;
    uint64_t compute_ns;
    uint64_t download_ns;
} clconv_timing;

/* Runs a plan on host memory: copies in, computes, copies out, returns when dst is written.
 * timing: NULL, or receives the time of each part (asking for it adds synchronisation).
 * dst is unspecified after a failure. The first run allocates device buffers, which the plan
 * keeps; later runs allocate nothing. Threads may run one plan at the same time, each then has
 * buffers of its own. */
CLCONV_API clconv_status clconv_execute(clconv_plan *plan, const clconv_tensors *tensors,
                                        clconv_timing *timing, clconv_error *error);

#ifdef __cplusplus
}
#endif

#endif
