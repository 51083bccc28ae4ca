"""What PyTorch computes in float64, and how far float32 may be from it."""

import numpy as np
import torch
import torch.nn.functional as F

UNIT = 2.0**-24  # of float32's rounding
MIN_NORMAL = 2.0**-126


def conv_module(stage):
    """PyTorch's own module for the stage, so that the words mean what they mean there."""
    name = ("ConvTranspose" if stage.transposed else "Conv") + f"{stage.rank}d"
    words = dict(kernel_size=tuple(stage.kernel_size), stride=tuple(stage.stride),
                 dilation=tuple(stage.dilation), groups=stage.groups, bias=stage.bias)
    if stage.transposed:
        words.update(padding=tuple(stage.padding), output_padding=tuple(stage.output_padding))
    elif stage.pad_begin is None:
        padding = stage.padding if isinstance(stage.padding, str) else tuple(stage.padding)
        words.update(padding=padding, padding_mode=stage.padding_mode)
    module = getattr(torch.nn, name)(stage.in_channels, stage.out_channels, **words)
    return module.double()


def convolve(stage, x, weights, bias):
    """dst of a batched source, in float64, without the activation."""
    module = conv_module(stage)
    with torch.no_grad():
        module.weight.copy_(weights)
        if stage.bias:
            module.bias.copy_(bias)
        if stage.pad_begin is not None:
            mode = {"zeros": "constant"}.get(stage.padding_mode, stage.padding_mode)
            ends = zip(reversed(stage.pad_begin), reversed(stage.pad_end))
            x = F.pad(x, [n for pair in ends for n in pair], mode=mode)
        return module(x)


def activate(stage, x):
    """(result, Lipschitz constant, relative error of float32 in computing it)"""
    if stage.activation == "leaky_relu":
        slope = 0.01 if stage.slope is None else stage.slope
        return F.leaky_relu(x, slope), max(1.0, abs(slope)), 2 * UNIT
    if stage.activation == "none":
        return x, 1.0, 0.0
    function = getattr(torch, stage.activation, None) or getattr(F, stage.activation)
    # Beyond rounding: OpenCL's exp has 3 ulp, tanh 5, a division 2.5; one ulp is two units.
    rounding = 0.0 if stage.activation.startswith("relu") else 16 * UNIT
    lipschitz = {"sigmoid": 0.25, "silu": 1.1}.get(stage.activation, 1.0)
    return function(x), lipschitz, rounding


def run(stages, x, weights, biases):
    """(dst, bound) in float64. bound: what each element of a float32 result may be off; the error
    of one stage is carried through the next."""
    x = torch.from_numpy(x).double()
    error = torch.zeros_like(x)
    for stage, w, b in zip(stages, weights, biases):
        w = torch.from_numpy(w).double()
        b = None if b is None else torch.from_numpy(b).double()
        none = None if b is None else torch.zeros_like(b)
        y = convolve(stage, x, w, b)
        magnitude = convolve(stage, x.abs() + error, w.abs(), None if b is None else b.abs())
        carried = convolve(stage, error, w.abs(), none)
        length = stage.sum_length()
        growth = min(4 * np.sqrt(length), length + 2)
        error = (growth * UNIT * magnitude + UNIT * y.abs() + (length + 1) * MIN_NORMAL + carried)
        x, lipschitz, rounding = activate(stage, y)
        error = lipschitz * error + rounding * x.abs() + MIN_NORMAL
    return x.numpy(), error.numpy()
