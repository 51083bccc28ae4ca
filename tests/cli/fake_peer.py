#!/usr/bin/env python3
"""A peer that speaks the benchmark's protocol. Its name, of the file that links here, says how:

honest    computes what the tool itself computes with `clconv run`; says how long as asked
wrong     the same, but its result is not the convolution
hanging   stops answering at its first sample
dying     ends at its first sample
refusing  cannot do the problem
babbling  answers with what is no JSON
absent    says at its start that it cannot take part
"""
import json
import os
import sys
import time

import numpy

KIND = os.path.basename(sys.argv[0])


def convolve(request):
    """The direct sum for the one problem that the tests use: a plain 2-D convolution."""
    problem, = request["problems"]
    x = numpy.load(request["src"]).astype(numpy.float64)
    w = numpy.load(request["weights"][0]).astype(numpy.float64)
    assert request["bias"] == [None] and not problem["transposed"] and problem["groups"] == 1
    _, begin_h, begin_w = problem["padding_begin"]
    _, end_h, end_w = problem["padding_end"]
    _, out_h, out_w = problem["output_size"]
    x = numpy.pad(x, ((0, 0), (0, 0), (begin_h, end_h), (begin_w, end_w)))
    return sum(numpy.einsum("nchw,kc->nkhw", x[:, :, r:r + out_h, s:s + out_w], w[:, :, r, s])
               for r in range(w.shape[2]) for s in range(w.shape[3])).astype(numpy.float32)


def answer(request, state):
    command = request["command"]
    if command == "prepare":
        if KIND == "refusing":
            return {"settings": [{"name": "only", "error": "it does not want to"}]}
        state["dst"] = convolve(request) + (0.5 if KIND == "wrong" else 0)
        return {"settings": [{"name": "only", "algorithm": "einsum"}]}
    if command == "sample":
        if KIND == "hanging":
            time.sleep(1000)
        if KIND == "dying":
            sys.exit(7)
        return {"ns_per_run": 5e6, "runs": 1}
    numpy.save(request["dst"], state["dst"])
    return {}


def main():
    if KIND == "absent":
        print(json.dumps({"error": "its library is not here"}), flush=True)
        return
    if KIND == "babbling":
        print("Hello!", flush=True)
        return
    print(json.dumps({"peer": KIND, "version": "1.2", "settings":
                      [{"name": "only", "text": "made for tests"}]}), flush=True)
    state = {}
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), state)), flush=True)


main()
