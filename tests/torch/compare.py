#!/usr/bin/python3
"""Compares `clconv run` with PyTorch on random convolutions.

Each problem is drawn in PyTorch's words, written as .npy files, run with the flags that say the
same, and each element of the result is held against torch.nn in float64 and a bound of its own.

    compare.py --clconv PATH [--count N] [--seed S] [--only INDEX] [--device D]
"""

import argparse
import io
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

SKIPPED = 77

try:
    import numpy as np
    import torch  # noqa: F401: asked for here, used by torch_reference
except ImportError as missing:
    print(f"1 skipped: {missing}; Debian has it as python3-torch")
    sys.exit(SKIPPED)

import problems
import torch_reference

FLAGS = ("--stride", "--dilation", "--groups", "--padding", "--pad-begin", "--pad-end",
         "--transposed", "--output-padding", "--padding-mode", "--activation", "--bias")


def judge(result, expected, bound):
    """What is wrong with a result, or None."""
    if result.dtype != np.float32 or result.shape != expected.shape:
        return f"{result.dtype} {result.shape} instead of float32 {expected.shape}"
    ratio = np.abs(result - expected) / bound
    wrong = ~(ratio <= 1)  # not `ratio > 1`: NaN is wrong too
    if not wrong.any():
        return None
    at = np.unravel_index(np.argmax(np.where(np.isnan(ratio), np.inf, ratio)), ratio.shape)
    at = tuple(int(i) for i in at)
    return (f"{wrong.sum()} of {wrong.size} elements beyond their bound, at {at}: "
            f"{result[at]:.9g} instead of {expected[at]:.9g} within {bound[at]:.3g}")


def judge_bytes(path, result):
    """What is wrong with the file, or None: numpy.save of the same array gives the same bytes."""
    saved = io.BytesIO()
    np.save(saved, result)
    return None if path.read_bytes() == saved.getvalue() else f"{path.name} is not as NumPy saves"


class Case:
    """Problem number `index` of a seed, in a folder of its own."""

    def __init__(self, seed, index, folder):
        rng = np.random.default_rng([seed, index])
        self.folder = folder
        self.kind = problems.KINDS[index % len(problems.KINDS)]
        while True:
            self.stages, shape = problems.draw(rng, self.kind)
            self.src = rng.uniform(-1, 1, shape).astype(np.float32)
            self.draw_weights(rng)
            try:
                self.expected, self.bound = self.reference()
                break
            except RuntimeError:  # PyTorch refuses: a padding or kernel larger than the source
                continue
        self.arguments = self.write(rng)

    def draw_weights(self, rng):
        self.weights, self.biases = [], []
        for s in self.stages:
            scale = np.sqrt(3 / s.sum_length())
            self.weights.append(rng.uniform(-scale, scale, s.weights_shape()).astype(np.float32))
            bias = rng.uniform(-1, 1, s.out_channels).astype(np.float32) if s.bias else None
            self.biases.append(bias)

    def reference(self):
        batched = self.src.ndim == self.stages[0].rank + 2
        src = self.src if batched else self.src[np.newaxis]
        dst, bound = torch_reference.run(self.stages, src, self.weights, self.biases)
        return (dst, bound) if batched else (dst[0], bound[0])

    def save(self, name, array):
        path = self.folder / name
        np.save(path, array)
        return str(path)

    def write(self, rng):
        arguments = ["--src", self.save("src.npy", self.src), "--dst", str(self.folder / "dst.npy")]
        for i, stage in enumerate(self.stages):
            arguments += ["--weights", self.save(f"weights{i}.npy", self.weights[i])]
            if stage.bias:
                arguments += ["--bias", self.save(f"bias{i}.npy", self.biases[i])]
            arguments += problems.stage_flags(rng, stage)
        return arguments

    def check(self, clconv, device):
        """What is wrong with clconv's result, or None."""
        command = [clconv, "run", *self.arguments, "--device", device]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            return f"exit status {ran.returncode}: {ran.stderr.strip()}"
        path = self.folder / "dst.npy"
        self.result = np.load(path, allow_pickle=False)
        return judge(self.result, self.expected, self.bound) or judge_bytes(path, self.result)

    def ratio(self):
        return float((np.abs(self.result - self.expected) / self.bound).max())


def check_judge(case):
    """Fails unless the judge sees one element that is off, a NaN, and a wrong shape or type."""
    good = case.expected.astype(np.float32)
    off, nan = good.copy(), good.copy()
    off.flat[off.size // 2] += np.float32(4 * case.bound.flat[off.size // 2] + 1e-6)
    nan.flat[-1] = np.nan
    assert judge(good, case.expected, case.bound) is None
    for bad in (off, nan, good.ravel(), good.astype(np.float64)):
        assert judge(bad, case.expected, case.bound), "the judge lets a wrong result pass"
    path = case.folder / "other.npy"
    path.write_bytes(b"\x93NUMPY")
    assert judge_bytes(path, good), "the judge lets a wrong file pass"


def check_shapes(clconv, cases):
    """What is wrong with the output sizes that clconv derives from problem strings, or None."""
    single = [c for c in cases if not isinstance(c.stages[0].padding, str)
              and c.src.ndim == c.stages[0].rank + 2]
    strings = [problems.problem_string(c.stages[0], c.src.shape) for c in single]
    ran = subprocess.run([clconv, "cost", *strings], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        return ran.stderr.strip()
    lines = [line for line in ran.stdout.splitlines() if re.search(r"mb\d+ic\d+i", line)]
    if len(lines) != len(single):
        return f"{len(lines)} lines for {len(single)} problems:\n{ran.stdout}"
    for case, string, line in zip(single, strings, lines):
        stage = case.stages[0]
        x, w, b = case.src, case.weights[0], case.biases[0]
        shape = torch_reference.run([stage], x, [w], [b])[0].shape[2:]
        found = tuple(int(n) for n in re.findall(r"o[dhw](\d+)", line))
        if found != tuple(shape):
            return f"{string}: output {found}, not {tuple(shape)}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clconv", required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="run this problem alone")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    chosen = range(args.count) if args.only is None else [args.only]
    print(f"seed {args.seed}, torch {torch.__version__}", flush=True)
    failed, worst, cases = 0, 0.0, []
    with tempfile.TemporaryDirectory() as root:
        for index in chosen:
            folder = pathlib.Path(root) / str(index)
            folder.mkdir()
            case = Case(args.seed, index, folder)
            cases.append(case)
            wrong = case.check(args.clconv, args.device)
            if wrong is None:
                worst = max(worst, case.ratio())
                continue
            failed += 1
            print(f"FAILED {case.kind}: {wrong}\n  clconv run {shlex.join(case.arguments)}\n"
                  f"  reproduce: {sys.argv[0]} --clconv {args.clconv} --seed {args.seed} "
                  f"--only {index}", flush=True)
        check_judge(cases[0])
        wrong = check_shapes(args.clconv, cases)
    if wrong:
        failed += 1
        print(f"FAILED sizes of problem strings: {wrong}")
    said = {a for case in cases for a in case.arguments}
    silent = [flag for flag in FLAGS if flag not in said]
    if silent and len(cases) >= 40:
        failed += 1
        print(f"FAILED: no problem used {', '.join(silent)}")
    checks = len(cases) + 1
    print(f"worst error/bound {worst:.3f}\n{checks - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
