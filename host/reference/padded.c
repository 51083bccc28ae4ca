#include "reference/padded.h"

/* The input index that index i, which may lie outside, stands for (PyTorch's nn.functional.pad). */
static int64_t source_index(int64_t i, int64_t size, clconv_padding_mode mode)
{
    switch (mode) {
    case CLCONV_REFLECT: return i < 0 ? -i : (i >= size ? 2 * (size - 1) - i : i);
    case CLCONV_REPLICATE: return i < 0 ? 0 : (i >= size ? size - 1 : i);
    case CLCONV_CIRCULAR: return i < 0 ? i + size : (i >= size ? i - size : i);
    case CLCONV_ZEROS: break;
    }
    return i;
}

cc_shape cc_padded_shape(const cc_shape *shape)
{
    cc_shape padded = *shape;
    padded.padding_mode = CLCONV_ZEROS;
    for (int i = 0; i < CLCONV_AXES; ++i) {
        cc_axis *axis = &padded.axis[i];
        axis->input = (axis->output - 1) * axis->stride + (axis->kernel - 1) * axis->dilation + 1;
        axis->padding = 0;
    }
    return padded;
}

void cc_pad_channel(const cc_shape *shape, const double *channel, double *padded)
{
    const cc_shape outer = cc_padded_shape(shape);
    const cc_axis *depth = &shape->axis[CLCONV_DEPTH], *height = &shape->axis[CLCONV_HEIGHT],
                  *width = &shape->axis[CLCONV_WIDTH];
    const clconv_padding_mode mode = shape->padding_mode;
    for (int64_t d = 0; d < outer.axis[CLCONV_DEPTH].input; ++d) {
        const int64_t from_d = source_index(d - depth->padding, depth->input, mode);
        for (int64_t h = 0; h < outer.axis[CLCONV_HEIGHT].input; ++h) {
            const int64_t from_h = source_index(h - height->padding, height->input, mode);
            const double *row = channel + (from_d * height->input + from_h) * width->input;
            for (int64_t w = 0; w < outer.axis[CLCONV_WIDTH].input; ++w)
                *padded++ = row[source_index(w - width->padding, width->input, mode)];
        }
    }
}
