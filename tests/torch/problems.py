"""Random convolutions in PyTorch's words, each with the flags of `clconv run` that say the same."""

import numpy as np

ACTIVATIONS = ("none", "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu")
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")

# What a problem is about; problem number i takes kind i modulo their number.
KINDS = ("plain", "grouped", "depthwise", "pointwise", "same", "mode", "transposed", "asymmetric",
         "separable", "transposed grouped")


class Stage:
    """One convolution. Lists have one entry per spatial axis."""

    def __init__(self, rank):
        self.rank = rank
        self.in_channels = self.out_channels = self.groups = 1
        self.kernel_size = [1] * rank
        self.stride = [1] * rank
        self.dilation = [1] * rank
        self.padding = [0] * rank  # or "same" or "valid"
        self.pad_begin = self.pad_end = None  # instead of padding
        self.output_padding = [0] * rank
        self.padding_mode = "zeros"
        self.transposed = False
        self.bias = False
        self.activation = "none"
        self.slope = None  # of leaky_relu; None: not said

    def weights_shape(self):
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        return (first, second // self.groups, *self.kernel_size)

    def sum_length(self):
        return self.in_channels // self.groups * int(np.prod(self.kernel_size))


def integers(rng, rank, low, high):
    """One for each axis; half of the time all the same."""
    if rng.integers(2):
        return [int(rng.integers(low, high + 1))] * rank
    return [int(n) for n in rng.integers(low, high + 1, rank)]


def draw_epilogue(rng, stage):
    stage.bias = bool(rng.integers(2))
    stage.activation = str(rng.choice(ACTIVATIONS))
    if stage.activation == "leaky_relu" and rng.integers(2):
        stage.slope = 0.25


def draw_channels(rng, stage, kind):
    stage.in_channels, stage.out_channels = (int(n) for n in rng.integers(1, 20, 2))
    if kind in ("grouped", "transposed grouped"):
        stage.groups = int(rng.integers(2, 5))
        stage.in_channels = stage.groups * int(rng.integers(1, 6))
        stage.out_channels = stage.groups * int(rng.integers(1, 6))
    if kind in ("depthwise", "separable"):
        stage.groups = stage.in_channels
        stage.out_channels = stage.in_channels * int(rng.integers(1, 4))


def draw_padding(rng, stage, kind):
    span = [d * (k - 1) for d, k in zip(stage.dilation, stage.kernel_size)]
    if kind == "same":
        stage.stride = [1] * stage.rank
        stage.padding = "same" if rng.integers(4) else "valid"
        stage.padding_mode = str(rng.choice(PADDING_MODES))
    elif kind == "asymmetric":
        stage.pad_begin = [int(rng.integers(0, s + 2)) for s in span]
        stage.pad_end = [int(rng.integers(0, s + 2)) for s in span]
        stage.padding_mode = str(rng.choice(PADDING_MODES))
    elif stage.transposed:
        stage.padding = [int(rng.integers(0, s // 2 + 1)) for s in span]
        stage.output_padding = [int(rng.integers(0, max(s, d)))
                                for s, d in zip(stage.stride, stage.dilation)]
    else:
        stage.padding = integers(rng, stage.rank, 0, 3)
        if kind == "mode":
            stage.padding_mode = str(rng.choice(PADDING_MODES[1:]))


def draw_stage(rng, kind, rank):
    stage = Stage(rank)
    draw_channels(rng, stage, kind)
    draw_epilogue(rng, stage)
    stage.transposed = kind.startswith("transposed")
    stage.stride = integers(rng, rank, 1, 3)
    if kind != "pointwise":
        stage.kernel_size = [int(n) for n in rng.integers(1, 5, rank)]
        stage.dilation = integers(rng, rank, 1, 3)
        draw_padding(rng, stage, kind)
    return stage


def draw(rng, kind):
    """(stages, shape of the source). The sizes leave room for every kernel and every padding."""
    rank = int(rng.integers(1, 4))
    first = draw_stage(rng, kind, rank)
    stages = [first]
    if kind == "separable":
        second = Stage(rank)
        second.in_channels = first.out_channels
        second.out_channels = int(rng.integers(1, 20))
        draw_epilogue(rng, second)
        stages.append(second)
    size = [int(n) for n in rng.integers(10, {1: 200, 2: 30, 3: 14}[rank], rank)]
    batch = (int(rng.integers(1, 4)),) if rng.integers(3) else ()
    return stages, (*batch, first.in_channels, *size)


def sizes_text(rng, values):
    """As `2` where all are the same, mostly, or as `2,1`."""
    if len(set(values)) == 1 and rng.integers(2):
        return str(values[0])
    return ",".join(str(v) for v in values)


def stage_flags(rng, stage):
    """The flags for what is not the default, and now and then for what is."""
    flags = []

    def say(flag, values, default):
        if values != default or not rng.integers(4):
            flags.extend((flag, sizes_text(rng, values)))

    say("--stride", stage.stride, [1] * stage.rank)
    say("--dilation", stage.dilation, [1] * stage.rank)
    say("--groups", [stage.groups], [1])
    if isinstance(stage.padding, str):
        flags += ["--padding", stage.padding]
    elif stage.pad_begin is None:
        say("--padding", stage.padding, [0] * stage.rank)
    else:
        say("--pad-begin", stage.pad_begin, [0] * stage.rank)
        say("--pad-end", stage.pad_end, [0] * stage.rank)
    if stage.transposed:
        flags.append("--transposed")
        say("--output-padding", stage.output_padding, [0] * stage.rank)
    if stage.padding_mode != "zeros" or not rng.integers(4):
        flags += ["--padding-mode", stage.padding_mode]
    if stage.activation != "none" or not rng.integers(4):
        slope = "" if stage.slope is None else f":{stage.slope}"
        flags += ["--activation", stage.activation + slope]
    return flags


def problem_string(stage, shape):
    """What the sizes are in a problem string, without those of the output; shape is batched."""
    text = "deconv:" if stage.transposed else ""
    text += f"g{stage.groups}mb{shape[0]}ic{stage.in_channels}oc{stage.out_channels}"
    for i, axis in enumerate("dhw"[3 - stage.rank:]):
        begin = stage.padding if stage.pad_begin is None else stage.pad_begin
        end = begin if stage.pad_end is None else stage.pad_end
        text += (f"i{axis}{shape[2 + i]}k{axis}{stage.kernel_size[i]}s{axis}{stage.stride[i]}"
                 f"d{axis}{stage.dilation[i] - 1}p{axis}{begin[i]}e{axis}{end[i]}")
        if stage.transposed:
            text += f"a{axis}{stage.output_padding[i]}"
    return text + ("" if stage.padding_mode == "zeros" else f"+{stage.padding_mode}")
