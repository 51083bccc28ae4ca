#include "core/checked.h"
#include "core/error.h"

static bool accumulate(int64_t *sum, int64_t term)
{
    return cc_add(*sum, term, sum);
}

/* Adds one stage to the counts; false on overflow.
 *
 * A convolution multiplies C/G*T*R*S weights for each output element, a transposed convolution
 * K/G*T*R*S weights for each input element. */
static bool add_stage(clconv_cost *cost, const clconv_problem *p, const clconv_sizes *sizes)
{
    const int64_t elements = p->transposed ? sizes->src : sizes->dst;
    const int64_t taps = sizes->weights / (p->transposed ? p->in_channels : p->out_channels);
    int64_t products;
    return accumulate(&cost->parameters, sizes->weights) &&
           accumulate(&cost->parameters, sizes->bias) &&
           cc_multiply(elements, taps, INT64_MAX, &products) &&
           accumulate(&cost->multiplications, products);
}

clconv_status clconv_sequence_cost(const clconv_problem *problems, size_t count, clconv_cost *cost,
                                   clconv_error *error)
{
    clconv_status status = CLCONV_OK;
    clconv_cost sum = {0};

    if (cost == NULL)
        return cc_fail(error, CLCONV_INVALID_ARGUMENT, "cost is NULL");
    TRY(clconv_sequence_check(problems, count, error));

    bool fits = true;
    int64_t elements = 0;
    for (size_t i = 0; i < count; ++i) {
        clconv_sizes sizes;
        TRY(clconv_problem_sizes(&problems[i], &sizes, error));
        fits = fits && add_stage(&sum, &problems[i], &sizes);
        fits = fits && (i > 0 || accumulate(&elements, sizes.src));
        fits = fits && (i + 1 < count || accumulate(&elements, sizes.dst));
    }
    fits = fits && accumulate(&elements, sum.parameters) &&
           cc_multiply(elements, (int64_t)sizeof(float), INT64_MAX, &elements);
    if (!fits) {
        (void)cc_fail(error, CLCONV_INVALID_PROBLEM, "the cost does not fit in 63 bits");
        TRY(cc_fail_in(error, CLCONV_INVALID_PROBLEM, problems, count));
    }

    sum.minimum_bytes = elements;
    sum.intensity = 2.0 * (double)sum.multiplications / (double)sum.minimum_bytes;
    *cost = sum;
cleanup:
    return status;
}
