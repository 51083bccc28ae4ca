"""Makes reports of the form of docs/BENCHMARKING.md whose numbers are invented: they test the page
and say nothing about any device.

    sample.py REPORT.json    writes the one that has everything
"""
import json
import math
import random
import sys

VARIANTS = ["standard", "pointwise", "depthwise", "depthwise-mult", "grouped", "dilated",
            "transposed", "separable", "1d", "3d"]
SETTINGS = [("onednn", "native"), ("onednn", "plain"), ("clblast", "convgemm"),
            ("pytorch", "nchw"), ("pytorch", "channels-last")]
PEAK = 400.0
BANDWIDTH = 20.0


def spread(median_ns, noise):
    return {"median_ns": median_ns, "lower_quartile_ns": median_ns * (1 - noise),
            "upper_quartile_ns": median_ns * (1 + 1.6 * noise), "samples": 31,
            "dropped": 2, "slow": False}


def good_row(rng, variant, number, batch):
    intensity = 10 ** rng.uniform(-0.3, 2.4)
    roof = min(PEAK, intensity * BANDWIDTH)
    rate = roof * rng.uniform(0.08, 0.95)
    multiplications = int(10 ** rng.uniform(5.5, 9.2)) * batch
    device_ns = 2 * multiplications / rate
    row = {
        "variant": variant, "name": f"sample/{variant}_layer{number}",
        "problem": f"mb{batch}ic64ih{14 * number}iw{14 * number}oc128kh3kw3ph1pw1",
        "batch": batch, "algorithm": rng.choice(["direct", "blocked", "tiled"]), "verdict": "OK",
        "parameters_count": 73728, "multiplications_count": multiplications,
        "minimum_bytes": int(2 * multiplications / intensity),
        "intensity_flop_per_byte": intensity, "workspace_bytes": rng.choice([0, 4096, 30 << 20]),
        "error_to_bound_ratio": rng.uniform(0.001, 0.2), "cold_ns": 3e8 + device_ns,
        "first": {"plan_ns": 2e8, "compile_ns": 1.5e8, "programs_count": 2, "pack_ns": 1e6,
                  "execute_ns": 3 * device_ns},
        "device": spread(device_ns, 0.02), "with_transfers": spread(1.3 * device_ns, 0.05),
        "upload": spread(0.1 * device_ns, 0.05), "compute": spread(device_ns, 0.02),
        "download": spread(0.2 * device_ns, 0.05), "cpu_reference": spread(90 * device_ns, 0.01),
        "gflop_per_s": rate, "gbyte_per_s": rate / intensity, "roofline_share": rate / roof,
        "peers": [],
        "passes": [{"device": spread(1.04 * device_ns, 0.02),
                    "with_transfers": spread(1.25 * device_ns, 0.05)}],
    }
    for index, (peer, setting) in enumerate(SETTINGS):
        if peer == "clblast" and variant in ("3d", "transposed"):
            row["peers"].append({"peer": peer, "setting": setting,
                                 "error": "convgemm has two axes and no transposed form"})
            continue
        ratio = math.exp(rng.gauss(0.5 * index - 0.4, 0.5))
        row["peers"].append({"peer": peer, "setting": setting, "algorithm": "winograd",
                             "time": spread(device_ns * ratio, 0.03), "ratio": ratio,
                             "error_to_bound_ratio": 0.4})
    return row


def bad_row(verdict, reason):
    return {"variant": "standard", "name": f"sample/{verdict.lower()}", "batch": 1,
            "problem": "ic3ih8iw8oc4kh3kw3", "algorithm": "direct", "verdict": verdict,
            "reason": reason, "parameters_count": 108, "multiplications_count": 3888,
            "minimum_bytes": 1776, "intensity_flop_per_byte": 4.4}


def means(rows, batches):
    made = []
    for peer, setting in SETTINGS:
        for variant in ["all", *VARIANTS]:
            for batch in [0, *batches]:
                ratios = [p["ratio"] for row in rows for p in row.get("peers", [])
                          if "ratio" in p and (p["peer"], p["setting"]) == (peer, setting)
                          and variant in ("all", row["variant"]) and batch in (0, row["batch"])]
                if ratios:
                    made.append({"peer": peer, "setting": setting, "variant": variant,
                                 "batch": batch, "rows": len(ratios), "worst_ratio": min(ratios),
                                 "ratio": math.exp(sum(map(math.log, ratios)) / len(ratios))})
    return made


def sweep(kind, values, cost):
    return {"kind": kind, "problem": "ic64ih28iw28oc64kh3kw3ph1pw1", "points": [
        {"value": value, "problem": f"sample of {kind} {value}", "median_ns": cost(value) * value,
         "ns_per_gflop": cost(value)} for value in values]}


def report(batches=(1, 8), layers=3):
    rng = random.Random(4)
    rows = [good_row(rng, variant, number + 1, batch) for variant in VARIANTS
            for number in range(layers) for batch in batches]
    rows.insert(3, bad_row("WRONG", "dst[17] is 0.25 and should be 0.5"))
    rows.insert(9, bad_row("FAIL", "clBuildProgram: a sample of a driver's message"))
    return {
        "schema": 1, "clconv": {"version": "0.0.0", "commit": "0123456789ab"},
        "started": "2026-01-31T12:00:00Z",
        "command": "clconv bench --file sample.txt --batch 1,8 --peers onednn,clblast,pytorch",
        "interrupted": False,
        "host": {"cpu": "Sample CPU", "processors": 4, "clock_mhz": None,
                 "system": "Sample system 1.0", "environment": "POCL_AFFINITY=1",
                 "compiler": "sample-cc 1.0", "flags": "-O3"},
        "device": {"kind": "GPU", "name": "Sample device (invented numbers)",
                   "vendor": "Sample vendor", "platform": "Sample platform", "driver": "1.2.3",
                   "opencl_c": "OpenCL C 1.2", "compute_units": 4, "global_bytes": 16 << 30,
                   "max_alloc_bytes": 4 << 30, "local_bytes": 65536, "vector_floats": 1,
                   "peak_gflop_per_s": PEAK, "bandwidth_gbyte_per_s": BANDWIDTH},
        "options": {"device": None, "algorithm": None, "file": "sample.txt", "batch": "1,8",
                    "seed": 1, "min_time_s": 1.5, "passes": 2},
        "peers": [{"peer": peer, "setting": setting, "version": "0.0",
                   "text": f"what the sample says about {setting}"} for peer, setting in SETTINGS],
        "missing_peers": [{"peer": "cudnn", "reason": "no sample of it is installed"}],
        "results": rows, "means": means(rows, batches),
        "sweeps": [sweep("batch", [1, 2, 4, 8, 16, 32], lambda n: 4e6 * (1 + 1 / n)),
                   sweep("channels", [8, 16, 32, 64, 128, 256], lambda n: 3e6 * (1 + 40 / n)),
                   sweep("size", [7, 14, 28, 56, 112, 224], lambda n: 3.3e6 * (1 + 6 / n)),
                   sweep("kernel", [1, 3, 5, 7, 9], lambda n: 3.9e6 + 1e5 * n)],
    }


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="utf-8") as stream:
        json.dump(report(), stream, indent=2)
