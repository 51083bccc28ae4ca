"""Convolutions in a few lines of NumPy, in double precision: what the command's results must be.
All sizes are tuples, one number per spatial axis."""
import itertools

import numpy

PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}

ACTIVATIONS = {
    "none": lambda y: y,
    "relu": lambda y: numpy.maximum(y, 0),
    "relu6": lambda y: numpy.clip(y, 0, 6),
    "leaky_relu": lambda y: numpy.where(y < 0, 0.01 * y, y),
    "leaky_relu:0.25": lambda y: numpy.where(y < 0, 0.25 * y, y),
    "sigmoid": lambda y: 1 / (1 + numpy.exp(-y)),
    "tanh": numpy.tanh,
    "silu": lambda y: y / (1 + numpy.exp(-y)),
}


def _taps(kernel):
    return itertools.product(*map(range, kernel))


def _grouped(x, w, groups):
    """Yields x and w of each group: N, C/G, ... and K/G, C/G, ... (or C/G, K/G, ...)."""
    yield from zip(numpy.split(x, groups, axis=1), numpy.split(w, groups, axis=0))


def conv(x, w, bias=None, stride=None, begin=None, end=None, dilation=None, groups=1,
         mode="zeros"):
    """x: N, C, sizes...; w: K, C/G, sizes..."""
    x, w = x.astype("f8"), w.astype("f8")
    kernel = w.shape[2:]
    rank = len(kernel)
    stride, dilation = stride or (1,) * rank, dilation or (1,) * rank
    begin, end = begin or (0,) * rank, end or (0,) * rank
    x = x[(...,) + tuple(slice(None, e) if e < 0 else slice(None) for e in end)]
    x = numpy.pad(x, [(0, 0), (0, 0)] + [(b, max(e, 0)) for b, e in zip(begin, end)],
                  PAD_MODES[mode])
    size = [(s - d * (k - 1) - 1) // t + 1
            for s, d, k, t in zip(x.shape[2:], dilation, kernel, stride)]

    parts = []
    for xg, wg in _grouped(x, w, groups):
        y = numpy.zeros((x.shape[0], wg.shape[0], *size))
        for tap in _taps(kernel):
            window = xg[(...,) + tuple(
                slice(a * d, a * d + (o - 1) * t + 1, t)
                for a, d, o, t in zip(tap, dilation, size, stride))]
            y += numpy.einsum("nc...,kc->nk...", window, wg[(...,) + tap])
        parts.append(y)
    return _with_bias(numpy.concatenate(parts, axis=1), bias)


def conv_transposed(x, w, bias=None, stride=None, begin=None, end=None, dilation=None, groups=1,
                    output_padding=None):
    """x: N, C, sizes...; w: C, K/G, sizes..."""
    x, w = x.astype("f8"), w.astype("f8")
    kernel = w.shape[2:]
    rank = len(kernel)
    stride, dilation = stride or (1,) * rank, dilation or (1,) * rank
    begin, end = begin or (0,) * rank, end or (0,) * rank
    more = output_padding or (0,) * rank
    full = [(s - 1) * t + d * (k - 1) + 1
            for s, t, d, k in zip(x.shape[2:], stride, dilation, kernel)]

    parts = []
    for xg, wg in _grouped(x, w, groups):
        y = numpy.zeros((x.shape[0], wg.shape[1], *(f + m for f, m in zip(full, more))))
        for tap in _taps(kernel):
            y[(...,) + tuple(
                slice(a * d, a * d + (s - 1) * t + 1, t)
                for a, d, s, t in zip(tap, dilation, x.shape[2:], stride))
              ] += numpy.einsum("nc...,ck->nk...", xg, wg[(...,) + tap])
        parts.append(y)
    y = numpy.concatenate(parts, axis=1)
    y = y[(...,) + tuple(slice(b, s - e) for b, e, s in zip(begin, end, y.shape[2:]))]
    return _with_bias(y, bias)


def _with_bias(y, bias):
    return y if bias is None else y + bias.reshape(-1, *(1,) * (y.ndim - 2))
