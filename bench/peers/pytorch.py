#!/usr/bin/env python3
"""PyTorch as a peer of the benchmark: docs/BENCHMARKING.md, "Peers".

pytorch.py [--device cpu|cuda]
"""
import argparse
import json
import os
import sys
import time

ACTIVATIONS = {
    "none": lambda torch: None,
    "relu": lambda torch: torch.relu_,
    "relu6": lambda torch: torch.nn.functional.relu6,
    "leaky_relu": lambda torch: torch.nn.functional.leaky_relu_,
    "sigmoid": lambda torch: torch.sigmoid_,
    "tanh": lambda torch: torch.tanh_,
    "silu": lambda torch: torch.nn.functional.silu,
}
# A run this many times as long as a sample has to be warms up within itself.
LONG_RUN = 50
PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate",
             "circular": "circular"}


class Refused(Exception):
    """A request that cannot be answered otherwise."""


def field(request, name, kind):
    value = request.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) and kind is not bool:
        raise Refused(f'no "{name}" in the request, or of another type')
    return value


# ---- Problems -----------------------------------------------------------------------------------

class Problem:
    """One stage, its arrays with one number per axis that the rank has."""

    def __init__(self, fields):
        if not isinstance(fields, dict):
            raise Refused('"problems" is to hold objects')
        self.rank = field(fields, "rank", int)
        if self.rank not in (1, 2, 3):
            raise Refused(f"a rank of {self.rank}")
        for name in ("batch", "in_channels", "out_channels", "groups"):
            setattr(self, name, field(fields, name, int))
        for name in ("input_size", "output_size", "kernel_size", "stride", "dilation",
                     "padding_begin", "padding_end", "output_padding"):
            values = field(fields, name, list)
            if len(values) != 3 or not all(isinstance(v, int) for v in values):
                raise Refused(f'"{name}" is to hold three integers')
            setattr(self, name, tuple(values[3 - self.rank:]))
        self.transposed = bool(fields.get("transposed"))
        self.bias = bool(fields.get("bias"))
        self.activation = field(fields, "activation", str)
        self.slope = float(fields.get("slope") or 0)
        self.padding_mode = field(fields, "padding_mode", str)
        if self.activation not in ACTIVATIONS or self.padding_mode not in PAD_MODES:
            raise Refused(f'no activation "{self.activation}" or padding mode '
                          f'"{self.padding_mode}"')
        if self.groups < 1 or self.in_channels % self.groups or self.out_channels % self.groups:
            raise Refused("the groups do not divide the channels")

    def src_shape(self):
        return (self.batch, self.in_channels, *self.input_size)

    def dst_shape(self):
        return (self.batch, self.out_channels, *self.output_size)

    def weights_shape(self):
        if self.transposed:
            return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)


def activate(torch, problem):
    """The activation as a function, or None."""
    function = ACTIVATIONS[problem.activation](torch)
    if problem.activation != "leaky_relu":
        return function
    return lambda y: function(y, problem.slope)


def make_convolution(torch, p, weights, bias):
    """x -> the stage's convolution, with what PyTorch's call does not do itself around it."""
    call = getattr(torch.nn.functional, f"conv{p.rank}d")
    even = p.padding_begin == p.padding_end and p.padding_mode == "zeros"
    padding = p.padding_begin if even else (0,) * p.rank

    def convolve(x):
        return call(x, weights, bias, p.stride, padding, p.dilation, p.groups)

    if even:
        return convolve
    # F.pad takes (begin, end) of the last axis first. A negative end leaves input unread, before
    # any other padding looks at it.
    crop = [(axis + 2, size + end) for axis, (size, end)
            in enumerate(zip(p.input_size, p.padding_end)) if end < 0]
    amounts = []
    for begin, end in reversed(list(zip(p.padding_begin, p.padding_end))):
        amounts += [begin, max(end, 0)]

    def pad_and_convolve(x):
        for axis, size in crop:
            x = x.narrow(axis, 0, size)
        if any(amounts):
            x = torch.nn.functional.pad(x, amounts, PAD_MODES[p.padding_mode])
        return convolve(x)

    return pad_and_convolve


def make_transposed(torch, p, weights, bias):
    """PyTorch pads both ends alike: the difference becomes output padding where it allows that,
    and else the result is computed larger and a part of it taken."""
    call = getattr(torch.nn.functional, f"conv_transpose{p.rank}d")
    more = tuple(a + b - e for a, b, e in
                 zip(p.output_padding, p.padding_begin, p.padding_end))
    if all(0 <= m < max(s, d) for m, s, d in zip(more, p.stride, p.dilation)):
        return lambda x: call(x, weights, bias, p.stride, p.padding_begin, more, p.groups,
                              p.dilation)
    more = tuple(max(a - e, 0) for a, e in zip(p.output_padding, p.padding_end))

    def convolve(x):
        y = call(x, weights, bias, p.stride, 0, more, p.groups, p.dilation)
        for axis in range(p.rank):
            y = y.narrow(axis + 2, p.padding_begin[axis], p.output_size[axis])
        return y

    return convolve


# ---- Settings -----------------------------------------------------------------------------------

class Setting:
    """One way in which people call PyTorch."""

    def __init__(self, name, text, half=False, tf32=False, channels_last=False):
        self.name, self.text = name, text
        self.half, self.tf32, self.channels_last = half, tf32, channels_last
        self.stages = None
        self.last = None      # the last result
        self.run_ns = 1.0

    def layout(self, torch, array):
        array = array.half() if self.half else array
        if not self.channels_last or array.dim() < 4:
            return array.contiguous()
        layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
        return array.contiguous(memory_format=layouts[array.dim()])

    def prepare(self, torch, device, problems, src, weights, bias):
        if self.channels_last and any(p.rank == 1 for p in problems):
            raise Refused("PyTorch has no channels-last layout for one axis")
        self.src = self.layout(torch, src.to(device))
        self.stages = []
        for p, w, b in zip(problems, weights, bias):
            make = make_transposed if p.transposed else make_convolution
            b = None if b is None else self.layout(torch, b.to(device))
            convolve = make(torch, p, self.layout(torch, w.to(device)), b)
            self.stages.append((convolve, activate(torch, p)))

    def forget(self):
        self.stages = self.src = self.last = None

    def run(self, repeats):
        for _ in range(repeats):
            y = self.src
            for convolve, activation in self.stages:
                y = convolve(y)
                if activation:
                    y = activation(y)
        self.last = y


CPU_SETTINGS = (
    Setting("nchw", "PyTorch's functional calls on contiguous NCHW tensors under inference_mode, "
                    "all processors; eager mode, which packs no weights ahead"),
    Setting("channels_last", "the same, source, weights and result in channels-last layout",
            channels_last=True),
)
CUDA_SETTINGS = (
    Setting("cudnn-fp32", "cuDNN through PyTorch, NCHW float32, TF32 off, cudnn.benchmark on, "
                          "tensors resident on the device"),
    Setting("cudnn-tf32", "cuDNN through PyTorch, NCHW float32, TF32 on, cudnn.benchmark on, "
                          "tensors resident on the device", tf32=True),
    Setting("cudnn-fp16", "cuDNN through PyTorch, NCHW float16 data, cudnn.benchmark on, "
                          "tensors resident on the device", half=True),
    Setting("cudnn-fp16-channels_last", "cuDNN through PyTorch, channels-last float16 data, "
                                        "cudnn.benchmark on, tensors resident on the device",
            half=True, channels_last=True),
)


# ---- The conversation ---------------------------------------------------------------------------

class Peer:
    def __init__(self, torch, numpy, device):
        self.torch, self.numpy, self.device = torch, numpy, device
        self.settings = CUDA_SETTINGS if device == "cuda" else CPU_SETTINGS
        self.version = torch.__version__
        if device == "cuda":
            if not torch.cuda.is_available():
                raise Refused(f"PyTorch {self.version} finds no CUDA GPU")
            torch.backends.cudnn.benchmark = True
            cudnn = torch.backends.cudnn.version()
            self.version += f", cuDNN {cudnn}, {torch.cuda.get_device_name()}"
        torch.set_num_threads(len(os.sched_getaffinity(0)))

    def start(self):
        return {"peer": "pytorch", "version": self.version,
                "settings": [{"name": s.name, "text": s.text} for s in self.settings]}

    def load(self, path, shape):
        if not isinstance(path, str):
            raise Refused("no path for an array in the request")
        array = self.numpy.load(path, allow_pickle=False)
        if array.dtype != self.numpy.float32 or array.shape != tuple(shape):
            raise Refused(f"{path}: {array.dtype} {array.shape}, wanted float32 {tuple(shape)}")
        return self.torch.from_numpy(array)

    def prepare(self, request):
        for setting in self.settings:
            setting.forget()
        problems = [Problem(p) for p in field(request, "problems", list)]
        weights = field(request, "weights", list)
        bias = field(request, "bias", list)
        if not problems or not len(problems) == len(weights) == len(bias):
            raise Refused("problems, weights and bias are to be of one length above 0")
        for p, b in zip(problems, bias):
            if p.bias != (b is not None):
                raise Refused("a problem without the bias that it wants, or with one it has not")
        src = self.load(request.get("src"), problems[0].src_shape())
        weights = [self.load(w, p.weights_shape()) for p, w in zip(problems, weights)]
        bias = [self.load(b, (p.out_channels,)) if p.bias else None
                for p, b in zip(problems, bias)]
        return {"settings": [self.prepare_setting(s, problems, src, weights, bias)
                             for s in self.settings]}

    def prepare_setting(self, setting, problems, src, weights, bias):
        try:
            setting.prepare(self.torch, self.device, problems, src, weights, bias)
            self.run(setting, 1)  # cuDNN's benchmark chooses here
            setting.run_ns = max(self.timed(setting, 1), 1.0)
            shape = tuple(setting.last.shape)
            if shape != problems[-1].dst_shape():
                raise Refused(f"PyTorch's result is {shape}, not {problems[-1].dst_shape()}")
        except (Refused, RuntimeError, NotImplementedError) as error:
            setting.forget()
            return {"name": setting.name, "error": first_line(error)}
        algorithm = "cudnn.benchmark" if self.device == "cuda" else "eager"
        return {"name": setting.name, "algorithm": algorithm}

    def run(self, setting, repeats):
        if self.device == "cuda":
            self.torch.backends.cudnn.allow_tf32 = setting.tf32
            self.torch.backends.cuda.matmul.allow_tf32 = setting.tf32
        setting.run(repeats)
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def timed(self, setting, repeats):
        """Nanoseconds of all runs together."""
        start = time.perf_counter_ns()
        self.run(setting, repeats)
        return time.perf_counter_ns() - start

    def ready(self, request):
        name = field(request, "setting", str)
        for setting in self.settings:
            if setting.name == name:
                if setting.stages is None:
                    raise Refused(f'setting "{name}" is not prepared')
                return setting
        raise Refused(f'no setting "{name}"')

    def sample(self, request):
        """How often to run is estimated from the last time; a sample that turns out too short is
        taken again with more."""
        min_ns = field(request, "min_ns", (int, float))
        if not 0 < min_ns <= 1e12:
            raise Refused('"min_ns" is to be above 0 and at most 1e12')
        setting = self.ready(request)
        elapsed = self.timed(setting, 1)
        if elapsed >= LONG_RUN * min_ns:
            return {"ns_per_run": float(elapsed), "runs": 1}
        while True:
            repeats = int(1.05 * min_ns / setting.run_ns) + 1
            elapsed = self.timed(setting, repeats)
            setting.run_ns = max(elapsed / repeats, 1.0)
            if elapsed >= min_ns:
                return {"ns_per_run": elapsed / repeats, "runs": repeats}

    def result(self, request):
        path = field(request, "dst", str)
        setting = self.ready(request)
        array = setting.last.float().cpu().contiguous().numpy()
        with open(path, "wb") as file:
            self.numpy.save(file, array)
        return {}

    def obey(self, request):
        if not isinstance(request, dict):
            raise Refused("a request is to be an object")
        commands = {"prepare": self.prepare, "sample": self.sample, "result": self.result}
        name = field(request, "command", str)
        if name not in commands:
            raise Refused(f'no command "{name}"')
        with self.torch.inference_mode():
            return commands[name](request)


def first_line(error):
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def wait_until_quiet():
    """Waits until this process uses no processor time: OpenMP keeps its threads spinning for a
    while after work, and would slow down whoever is measured next. Gives up after a tenth of a
    second."""
    for _ in range(50):
        before = time.process_time_ns()
        time.sleep(0.002)
        if time.process_time_ns() - before < 200_000:
            return


def serve(peer, answer):
    answer(peer.start())
    for line in sys.stdin:
        try:
            reply = peer.obey(json.loads(line))
        except (Refused, ValueError, OSError, RuntimeError, MemoryError) as error:
            reply = {"error": first_line(error)}
        wait_until_quiet()
        answer(reply)


def main():
    parser = argparse.ArgumentParser(description="PyTorch as a peer of clconv's benchmark")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    device = parser.parse_args().device

    # Standard output is for answers alone; whatever else is printed goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(reply):
        print(json.dumps(reply), file=answers, flush=True)

    # The environment must not handicap PyTorch, nor have its threads spin for ever; OpenMP reads
    # it when PyTorch is loaded.
    for name in ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_WAIT_POLICY",
                 "OMP_PROC_BIND", "OMP_PLACES", "GOMP_SPINCOUNT", "GOMP_CPU_AFFINITY",
                 "MKL_NUM_THREADS", "KMP_BLOCKTIME", "KMP_AFFINITY"):
        os.environ.pop(name, None)
    try:
        import numpy
        import torch
        peer = Peer(torch, numpy, device)
    except (ImportError, Refused) as error:
        answer({"error": first_line(error)})
        return 1
    serve(peer, answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
