"""The JSON report of clconv bench as docs/BENCHMARKING.md defines it, to check reports with."""
NUMBER = (int, float)
TEXT = str

SPREAD = {"median_ns": NUMBER, "lower_quartile_ns": NUMBER, "upper_quartile_ns": NUMBER,
          "samples": int, "dropped": int, "slow": bool}
YARDSTICK = {"usual_ns": NUMBER, "readings": int, "slow": int}

# Of rows with the verdict OK
NUMBERS = {
    "workspace_bytes": int, "error_to_bound_ratio": NUMBER, "cold_ns": NUMBER,
    "first": {"plan_ns": NUMBER, "compile_ns": NUMBER, "programs_count": int, "pack_ns": NUMBER,
              "execute_ns": NUMBER},
    "device": SPREAD, "with_transfers": SPREAD, "upload": SPREAD, "compute": SPREAD,
    "download": SPREAD, "gflop_per_s": NUMBER, "gbyte_per_s": NUMBER,
    "roofline_share": (int, float, type(None)), "peers": list,
    "passes": [{"device": SPREAD, "with_transfers": SPREAD}],
}
# Of all rows
ROW = {
    "variant": TEXT, "name": TEXT, "problem": TEXT, "batch": int, "algorithm": TEXT,
    "verdict": TEXT, "parameters_count": int, "multiplications_count": int, "minimum_bytes": int,
    "intensity_flop_per_byte": NUMBER, "cpu_reference": SPREAD,
}
PEER = {"peer": TEXT, "setting": TEXT, "algorithm": TEXT}
PEER_NUMBERS = {**PEER, "time": SPREAD, "ratio": NUMBER, "error_to_bound_ratio": NUMBER}
PEER_ERROR = {**PEER, "error": TEXT}

OPTIONAL_TEXT = (str, type(None))
REPORT = {
    "schema": int,
    "clconv": {"version": TEXT, "commit": TEXT},
    "started": TEXT, "command": TEXT, "interrupted": bool,
    "host": {"cpu": TEXT, "processors": int, "clock_mhz": (int, float, type(None)), "system": TEXT,
             "environment": TEXT, "compiler": TEXT, "flags": TEXT},
    "device": {"kind": TEXT, "name": TEXT, "vendor": TEXT, "platform": TEXT, "driver": TEXT,
               "opencl_c": TEXT, "compute_units": int, "global_bytes": int, "max_alloc_bytes": int,
               "local_bytes": int, "vector_floats": int,
               "peak_gflop_per_s": (int, float, type(None)),
               "bandwidth_gbyte_per_s": (int, float, type(None))},
    "options": {"device": OPTIONAL_TEXT, "algorithm": OPTIONAL_TEXT, "math": OPTIONAL_TEXT, "file": OPTIONAL_TEXT,
                "batch": OPTIONAL_TEXT, "peers": OPTIONAL_TEXT, "sweep": OPTIONAL_TEXT,
                "seed": int, "min_time_s": NUMBER, "passes": int},
    "cold_caches": TEXT, "yardstick": (dict, type(None)),
    "peers": [{"peer": TEXT, "setting": TEXT, "version": TEXT, "text": TEXT}],
    "missing_peers": [{"peer": TEXT, "reason": TEXT}],
    "results": list,
    "means": [{"peer": TEXT, "setting": TEXT, "variant": TEXT, "batch": int, "ratio": NUMBER,
               "worst_ratio": NUMBER, "rows": int}],
    "sweeps": [{"kind": TEXT, "problem": TEXT, "ended": TEXT, "points":
                [{"value": int, "problem": TEXT, "median_ns": NUMBER, "ns_per_gflop": NUMBER}]}],
}


def mismatches(value, schema, path="report"):
    """What in `value` is not as the schema says: a list of lines."""
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return [f"{path} is no object"]
        found = [f"{path}.{key} is {what}" for what, keys in
                 (("missing", schema.keys() - value.keys()),
                  ("not in the schema", value.keys() - schema.keys())) for key in sorted(keys)]
        for key in schema.keys() & value.keys():
            found += mismatches(value[key], schema[key], f"{path}.{key}")
        return found
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [f"{path} is no array"]
        return [line for i, item in enumerate(value)
                for line in mismatches(item, schema[0], f"{path}[{i}]")]
    right = isinstance(value, schema) and (schema is bool or not isinstance(value, bool))
    return [] if right else [f"{path} is {value!r}"]


def report_mismatches(report):
    found = mismatches(report, REPORT)
    if report.get("yardstick") is not None:
        found += mismatches(report["yardstick"], YARDSTICK, "yardstick")
    for i, row in enumerate(report.get("results", [])):
        path = f"results[{i}]"
        if row.get("verdict") != "OK":
            found += mismatches(row, {**ROW, "reason": TEXT}, path)
            continue
        found += mismatches(row, {**ROW, **NUMBERS}, path)
        for j, peer in enumerate(row.get("peers", [])):
            schema = PEER_ERROR if "error" in peer else PEER_NUMBERS
            found += mismatches(peer, schema, f"{path}.peers[{j}]")
    return found
