"""A peer of the benchmark: its answers, its results against NumPy, and what it refuses.

test_peers.py CLCONV PEER
"""
import json
import math
import os
import subprocess
import sys
import tempfile
import time
import unittest

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import naive  # noqa: E402
import tool   # noqa: E402

PROGRAM = sys.argv[2]
NAME = os.path.basename(PROGRAM).split(".")[0]
COMMAND = [sys.executable, "-B", PROGRAM] if PROGRAM.endswith(".py") else [PROGRAM]
CLBLAST_DEVICE = {"clblast": ["--device", "0"]}.get(NAME, [])

AXES = "dhw"
SIZES = ("input_size", "output_size", "kernel_size", "stride", "dilation", "padding_begin",
         "padding_end", "output_padding")


# ---- Problems -----------------------------------------------------------------------------------

def problem(channels, sizes, kernel, batch=1, groups=1, stride=1, dilation=1, begin=0, end=None,
            output_padding=0, transposed=False, bias=False, activation="none", slope=0.0,
            padding_mode="zeros"):
    """A problem as `prepare` takes it; numbers stand for one on each axis."""
    rank = len(sizes)

    def spread(value):
        return [value] * rank if isinstance(value, int) else list(value)

    kernel, stride, dilation, begin = map(spread, (kernel, stride, dilation, begin))
    end = begin if end is None else spread(end)
    more = spread(output_padding)
    if transposed:
        output = [(i - 1) * s - b - e + d * (k - 1) + 1 + m for i, s, b, e, d, k, m
                  in zip(sizes, stride, begin, end, dilation, kernel, more)]
    else:
        output = [(i + b + e - d * (k - 1) - 1) // s + 1 for i, s, b, e, d, k
                  in zip(sizes, stride, begin, end, dilation, kernel)]
    p = dict(rank=rank, transposed=transposed, batch=batch, in_channels=channels[0],
             out_channels=channels[1], groups=groups, activation=activation, slope=slope,
             padding_mode=padding_mode, bias=bias)
    values = (sizes, output, kernel, stride, dilation, begin, end, more)
    neutral = (1, 1, 1, 1, 1, 0, 0, 0)
    for name, value, default in zip(SIZES, values, neutral):
        p[name] = [default] * (3 - rank) + list(value)
    p["problem"] = problem_string(p)
    return p


def problem_string(p):
    text = "deconv:" if p["transposed"] else ""
    text += f"g{p['groups']}mb{p['batch']}ic{p['in_channels']}oc{p['out_channels']}"
    for axis in range(3 - p["rank"], 3):
        a = AXES[axis]
        text += f"i{a}{p['input_size'][axis]}k{a}{p['kernel_size'][axis]}"
        text += f"s{a}{p['stride'][axis]}d{a}{p['dilation'][axis] - 1}"
        text += f"p{a}{p['padding_begin'][axis]}e{a}{p['padding_end'][axis]}"
        if p["transposed"]:
            text += f"a{a}{p['output_padding'][axis]}"
    text += "+bias" if p["bias"] else ""
    if p["activation"] == "leaky_relu":
        text += f"+leaky_relu:{p['slope']}"
    elif p["activation"] != "none":
        text += "+" + p["activation"]
    return text + ("" if p["padding_mode"] == "zeros" else "+" + p["padding_mode"])


CASES = [
    [problem((3, 8), (13, 14), 3, batch=2, stride=2, begin=1)],
    [problem((32, 32), (28, 28), 3, begin=1)],
    [problem((16, 16), (14, 14), 3, batch=8, begin=1)],
    [problem((16, 24), (9, 11), 1, batch=3)],
    [problem((8, 12), (8, 11), 1, stride=2)],
    [problem((8, 12), (8, 10), 1, stride=2, end=-1)],
    [problem((8, 12), (10, 9), (3, 5), groups=4, begin=(1, 2))],
    [problem((16, 16), (12, 10), 3, groups=16, begin=1)],
    [problem((4, 12), (12, 10), 3, groups=4)],
    [problem((6, 8), (20, 21), 3, dilation=(3, 4), begin=(3, 4))],
    [problem((5, 7), (12, 13), (4, 2), begin=(1, 0), end=(2, 1))],
    [problem((4, 6), (12, 12), 3, begin=0, end=-2)],
    [problem((8, 16), (33,), 5, begin=2, batch=2)],
    [problem((8, 8), (40,), 3, groups=8, begin=1)],
    [problem((4, 8), (5, 6, 7), (2, 3, 3), begin=(0, 1, 1))],
    [problem((6, 6), (4, 8, 8), (3, 1, 1), groups=6, begin=(1, 0, 0))],
    [problem((8, 6), (7, 5), 4, stride=2, begin=1, transposed=True)],
    [problem((6, 4), (5, 6), 3, stride=(2, 3), begin=1, end=(0, 1), output_padding=(1, 0),
             groups=2, transposed=True)],
    [problem((4, 6), (9,), 3, dilation=2, stride=2, begin=2, end=0, transposed=True)],
    [problem((3, 4), (3, 4, 5), 2, stride=2, transposed=True, bias=True)],
    [problem((8, 16), (12, 12), 3, begin=1, bias=True, activation="relu")],
    [problem((8, 6), (7, 5), 4, stride=2, begin=1, transposed=True, bias=True,
             activation="leaky_relu", slope=0.25)],
    [problem((4, 8), (9, 9), 3, activation="relu6")],
    [problem((4, 8), (9, 9), 3, bias=True, activation="silu")],
    [problem((4, 8), (30,), 3, activation="sigmoid")],
    [problem((4, 8), (30,), 3, activation="tanh")],
    [problem((4, 5), (9, 10), 3, begin=(2, 1), padding_mode="reflect")],
    [problem((4, 5), (9,), 4, begin=1, end=2, padding_mode="replicate")],
    [problem((4, 5), (5, 6, 7), 3, begin=1, end=(1, -1, 0), padding_mode="circular")],
    [problem((16, 16), (10, 10), 3, groups=16, begin=1, bias=True, activation="relu"),
     problem((16, 24), (10, 10), 1)],
    [problem((4, 6), (12, 14), (3, 1), begin=(1, 0)), problem((6, 5), (12, 14), (1, 3))],
]


def pads_evenly(p):
    """Whether padding at the end as at the beginning gives an output of the same size."""
    return all((i + 2 * b - d * (k - 1) - 1) // s + 1 == o for i, o, k, s, d, b, _, _
               in zip(*(p[name] for name in SIZES)))


def shapes(p):
    """Of src, weights and bias."""
    kernel = p["kernel_size"][3 - p["rank"]:]
    channels = (p["out_channels"], p["in_channels"])
    first, second = reversed(channels) if p["transposed"] else channels
    src = (p["batch"], p["in_channels"], *p["input_size"][3 - p["rank"]:])
    return src, (first, second // p["groups"], *kernel), (p["out_channels"],)


# ---- Results ------------------------------------------------------------------------------------

def convolve(p, x, w, b):
    sizes = {name: tuple(p[name][3 - p["rank"]:]) for name in SIZES}
    shared = dict(stride=sizes["stride"], begin=sizes["padding_begin"], end=sizes["padding_end"],
                  dilation=sizes["dilation"])
    if p["transposed"]:
        if p["groups"] == 1:
            return naive.conv_transposed(x, w, b, output_padding=sizes["output_padding"], **shared)
        parts = [naive.conv_transposed(xg, wg, None, output_padding=sizes["output_padding"],
                                       **shared)
                 for xg, wg in zip(numpy.split(x, p["groups"], axis=1),
                                   numpy.split(w, p["groups"], axis=0))]
        y = numpy.concatenate(parts, axis=1)
        return y if b is None else y + b.reshape(-1, *(1,) * p["rank"])
    return naive.conv(x, w, b, groups=p["groups"], mode=p["padding_mode"], **shared)


# Largest slope of each activation, and its own error beside the sum's.
LIPSCHITZ = {"silu": 1.1}
OWN_ERROR = {"sigmoid": 2e-6, "tanh": 2e-6, "silu": 2e-6}


def reference(problems, x, weights, bias):
    """The result, and the largest error of a float32 direct sum (docs/DESIGN.md, "How correctness
    is judged"), carried from stage to stage."""
    u = 2.0 ** -24
    y, bound = x.astype("f8"), numpy.zeros_like(x, "f8")
    for p, w, b in zip(problems, weights, bias):
        length = w[0].size if not p["transposed"] else w[:, 0].size // p["groups"]
        magnitude = convolve(p, abs(y), abs(w), None if b is None else abs(b))
        carried = convolve(p, bound, abs(w), None)
        y = convolve(p, y, w, b)
        bound = min(4 * math.sqrt(length), length + 2) * u * magnitude + u * abs(y) + 1.01 * carried
        name = p["activation"]
        name += f":{p['slope']}" if name == "leaky_relu" else ""
        y = naive.ACTIVATIONS[name](y)
        bound = bound * LIPSCHITZ.get(p["activation"], 1) + OWN_ERROR.get(p["activation"], u)
    return y, bound


def words_of_refusal(setting, problems):
    """What the peer must say when it is to refuse these problems in this setting; None: it is to
    compute them."""
    def any_of(name, neutral):
        return any(p[name] != neutral for p in problems)

    if NAME == "onednn":
        if any_of("padding_mode", "zeros"):
            return "zeros only"
        unread = any(e <= -s for p in problems for e, s in zip(p["padding_end"], p["stride"]))
        return "unread" if unread else None
    if NAME == "pytorch":
        return "channels-last" if setting == "channels_last" and problems[0]["rank"] == 1 else None
    if any_of("transposed", False):
        return "transposed"
    if any_of("bias", False):
        return "bias"
    if any_of("activation", "none"):
        return "activation"
    if problems[0]["rank"] == 3:
        return "three axes"
    if any_of("padding_mode", "zeros"):
        return "zeros only"
    if not all(map(pads_evenly, problems)):
        return "at the end"
    if setting == "convgemm" and any_of("groups", 1):
        return "groups"
    return None


# ---- The conversation ---------------------------------------------------------------------------

class Peer:
    def __init__(self, *arguments, env=None):
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            universal_newlines=True, env={**os.environ, **(env or {})})
        self.start = self.read()

    def read(self):
        return json.loads(self.process.stdout.readline())

    def ask_line(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def ask(self, command, **fields):
        return self.ask_line(json.dumps({"command": command, **fields}))

    def end(self):
        """Ends its input; returns the exit code and what it still said."""
        self.process.stdin.close()
        code = self.process.wait(timeout=30)
        rest = self.process.stdout.read()
        self.process.stdout.close()
        return code, rest

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class PeerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # As unkind an environment as a user may have.
        cls.peer = Peer(*CLBLAST_DEVICE, env={"OMP_WAIT_POLICY": "active", "OMP_PROC_BIND": "true"})
        scratch = tempfile.TemporaryDirectory(prefix="clconv-test-")
        cls.addClassCleanup(scratch.cleanup)
        cls.addClassCleanup(cls.peer.process.wait)
        cls.addClassCleanup(cls.peer.process.kill)
        cls.directory = scratch.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def save(self, name, array):
        numpy.save(self.path(name), array)
        return self.path(name)

    def request(self, problems, seed=1):
        """The fields of a `prepare` request, and its tensors."""
        random = numpy.random.RandomState(seed)

        def draw(shape):
            return random.uniform(-1, 1, shape).astype("f4")

        x = draw(shapes(problems[0])[0])
        weights = [draw(shapes(p)[1]) for p in problems]
        bias = [draw(shapes(p)[2]) if p["bias"] else None for p in problems]
        fields = dict(
            problems=problems, src=self.save("x.npy", x),
            weights=[self.save(f"w{i}.npy", w) for i, w in enumerate(weights)],
            bias=[None if b is None else self.save(f"b{i}.npy", b) for i, b in enumerate(bias)])
        return fields, x, weights, bias

    def prepare(self, problems):
        reply = self.peer.ask("prepare", **self.request(problems)[0])
        self.assertNotIn("error", reply)
        return reply["settings"]

    def check_result(self, setting, y, bound):
        path = self.path("y.npy")
        self.assertEqual(self.peer.ask("result", setting=setting["name"], dst=path), {})
        dst = numpy.load(path)
        os.unlink(path)
        self.assertEqual((dst.dtype, dst.shape), (numpy.dtype("f4"), y.shape))
        # Winograd too: oneDNN's F(4x4, 3x3) comes to 0.3 of the bound at worst.
        self.assertLessEqual(numpy.max(abs(dst - y) / bound), 1, setting)

    def check_setting(self, setting, problems, y, bound):
        words = words_of_refusal(setting["name"], problems)
        if words:
            self.assertIn(words, setting.get("error", "nothing refused"))
            refused = self.peer.ask("sample", setting=setting["name"], min_ns=1000)
            self.assertIn("not prepared", refused["error"])
            return
        self.assertNotIn("error", setting)
        self.check_result(setting, y, bound)
        sample = self.peer.ask("sample", setting=setting["name"], min_ns=200000)
        self.assertGreaterEqual(sample["ns_per_run"] * sample["runs"], 199999)
        self.check_result(setting, y, bound)

    def test_start(self):
        start = self.peer.start
        self.assertEqual(start["peer"], NAME)
        self.assertRegex(start["version"], r"^\d+\.\d+")
        names = {"onednn": ["native", "plain"], "clblast": ["convgemm", "gemm"],
                 "pytorch": ["nchw", "channels_last"]}
        self.assertEqual([s["name"] for s in start["settings"]], names[NAME])
        self.assertTrue(all(len(s["text"]) > 20 for s in start["settings"]))

    def test_results(self):
        for problems in CASES:
            text = " -> ".join(p["problem"] for p in problems)
            fields, x, weights, bias = self.request(problems)
            y, bound = reference(problems, x, weights, bias)
            reply = self.peer.ask("prepare", **fields)
            self.assertNotIn("error", reply, text)
            for setting in reply["settings"]:
                with self.subTest(problem=text, setting=setting["name"]):
                    self.check_setting(setting, problems, y, bound)

    def test_malformed_requests(self):
        self.prepare([problem((3, 4), (8, 8), 3)])
        good = self.request([problem((3, 4), (8, 8), 3)])[0]
        first = self.peer.start["settings"][0]["name"]
        other = self.save("other.npy", numpy.zeros((1, 3, 8, 9), "f4"))
        double = self.save("double.npy", numpy.zeros((1, 3, 8, 8)))
        with open(self.path("text.npy"), "w") as file:
            file.write("no array")
        lines = ["", "no json", "[]", "{}", "null", '{"command": 1}', '{"command": "fly"}',
                 '{"command": "sample"}', '{"command": "prepare"}', '{"command": "result"}'] + [
            json.dumps(request) for request in (
                {"command": "sample", "setting": first},
                {"command": "sample", "setting": first, "min_ns": 0},
                {"command": "sample", "setting": first, "min_ns": -1},
                {"command": "sample", "setting": first, "min_ns": "2"},
                {"command": "sample", "setting": "none such", "min_ns": 1000},
                {"command": "result", "setting": first},
                {"command": "result", "setting": first, "dst": self.path("no/such/y.npy")},
                {"command": "prepare", **good, "src": self.path("missing.npy")},
                {"command": "prepare", **good, "src": other},
                {"command": "prepare", **good, "src": double},
                {"command": "prepare", **good, "src": self.path("text.npy")},
                {"command": "prepare", **good, "src": None},
                {"command": "prepare", **good, "weights": []},
                {"command": "prepare", **good, "bias": [good["src"]]},
                {"command": "prepare", **good, "problems": []},
                {"command": "prepare", **good, "problems": [1]},
                {"command": "prepare", **good, "problems": [{}]},
            )]
        for line in lines:
            with self.subTest(line=line):
                reply = self.peer.ask_line(line)
                self.assertEqual(list(reply), ["error"])
                self.assertRegex(reply["error"], r"\A[^\n]+\Z")
        # What failed has left nothing prepared, and a good request is still answered.
        self.assertIn("error", self.peer.ask("sample", setting=first, min_ns=1000))
        self.prepare([problem((3, 4), (8, 8), 3)])
        self.assertIn("runs", self.peer.ask("sample", setting=first, min_ns=1000))

    def test_it_has_all_processors(self):
        self.assertEqual(os.sched_getaffinity(self.peer.process.pid), os.sched_getaffinity(0))

    def test_its_threads_sleep_between_samples(self):
        setting = self.prepare([problem((16, 16), (32, 32), 3)])[0]["name"]
        self.peer.ask("sample", setting=setting, min_ns=20e6)
        before = self.peer.cpu_seconds()
        time.sleep(0.5)
        self.assertLessEqual(self.peer.cpu_seconds() - before, 0.05)

    def test_end_of_input_ends_it(self):
        peer = Peer(*CLBLAST_DEVICE)
        self.assertIn("settings", peer.start)
        self.assertEqual(peer.end(), (0, ""))

    def test_start_without_a_device(self):
        arguments = {"onednn": None, "clblast": ["--device", "reference"],
                     "pytorch": ["--device", "cuda"]}[NAME]
        if arguments is None:
            self.skipTest("oneDNN computes on the processors, which are always there")
        peer = Peer(*arguments)
        code, rest = peer.end()
        if "settings" in peer.start:
            self.assertEqual(NAME, "pytorch")
            self.assertTrue(all(s["name"].startswith("cudnn") for s in peer.start["settings"]))
            return
        self.assertNotEqual(code, 0)
        self.assertEqual(rest, "")
        self.assertRegex(peer.start["error"], "OpenCL" if NAME == "clblast" else "CUDA")


if __name__ == "__main__":
    tool.main()
