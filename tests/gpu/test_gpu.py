"""bench/gpu without a GPU: the probe here, its kernels through clang and ptxas, the pack."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD, PROBE = map(os.path.abspath, sys.argv[1:4])
KERNELS = os.path.join(SOURCE, "bench/gpu/features.cl")
LIBCLC = "/usr/lib/clc/nvptx64--nvidiacl.bc"
# What the PTX of each feature must hold, so that nothing was optimised away.
INSTRUCTIONS = {
    "inline_asm": ["fma.rn.f32", "%laneid"],
    "wmma_fp16": ["wmma.load.a.sync", "wmma.load.b.sync", "wmma.mma.sync", "wmma.store.d.sync"],
    "mma_tf32": ["mma.sync.aligned.m16n8k8.row.col.f32.tf32"],
    "mma_fp16": ["mma.sync.aligned.m16n8k16.row.col.f32.f16"],
    "ldmatrix": ["ldmatrix.sync.aligned.m8n8.x4", ".x2.trans", "mma.sync.aligned.m16n8k16"],
    "cp_async": ["cp.async.ca.shared.global", "cp.async.commit_group", "cp.async.wait_group"],
}


def run(*command, code=0, **environment):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            timeout=500, check=False, env={**os.environ, **environment})
    if result.returncode != code:
        raise AssertionError(f"{' '.join(command)}: exit status {result.returncode}, not {code}\n"
                             f"{result.stdout}{result.stderr}")
    return result


def find_ptxas():
    found = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")
    return found or next(iter(glob.glob(SOURCE + "/build/venv/**/bin/ptxas", recursive=True)), None)


class ScratchTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="clconv-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def path(self, name):
        return os.path.join(self.scratch, name)


class ProbeTest(ScratchTest):
    def test_report(self):
        report = json.loads(run(PROBE, KERNELS).stdout)
        device = report["device"]
        nvidia = "NVIDIA" in device["vendor"]
        self.assertGreater(device["local_bytes"], 0)
        self.assertTrue(device["name"] and device["opencl_c"].startswith("OpenCL C"), device)
        self.assertEqual(device["compute_capability"] is not None, nvidia)
        self.assertEqual([feature["name"] for feature in report["features"]], list(INSTRUCTIONS))
        for feature in report["features"]:
            if nvidia:
                self.assertNotIn(feature["status"], ("not tried", "wrong numbers"), feature)
            else:
                self.assertEqual((feature["status"], feature["reason"]),
                                 ("not tried", "the vendor is not NVIDIA"))
        speeds = report["speeds"]
        for name in ("peak_gflop_per_s", "bandwidth_gbyte_per_s", "build_empty_kernel_ns",
                     "launch_and_finish_ns", "launch_in_queue_ns"):
            self.assertGreater(speeds[name], 0, name)
        for kind in "pageable", "pinned":
            self.assertIs(speeds[kind]["bytes_came_back"], True)
            self.assertGreater(speeds[kind]["to_device_gbyte_per_s"], 0)
            self.assertGreater(speeds[kind]["from_device_gbyte_per_s"], 0)

    def test_failures(self):
        self.assertIn("usage", run(PROBE, code=2).stderr)
        self.assertIn("missing.cl", run(PROBE, "missing.cl", code=2).stderr)
        self.assertIn("no OpenCL device",
                      run(PROBE, KERNELS, code=3, OCL_ICD_VENDORS=self.scratch).stderr)
        self.assertIn("nonsense", run(PROBE, KERNELS, "nonsense", code=3).stderr)


@unittest.skipUnless(shutil.which("clang-15") and os.path.exists(LIBCLC),
                     "clang-15 or libclc-15 is not installed")
@unittest.skipUnless(find_ptxas(), "ptxas is not installed")
class FeaturesTest(ScratchTest):
    def shapes(self):
        """{name: (depth, columns)} as the probe has them."""
        with open(os.path.join(SOURCE, "bench/gpu/probe_features.c"), encoding="utf-8") as file:
            rows = re.findall(r'\{"(\w+)", "[^"]*", (\d+), (\d+)\}', file.read())
        return {name: (depth, columns) for name, depth, columns in rows}

    def test_kernels_assemble(self):
        shapes = self.shapes()
        self.assertEqual(list(shapes), list(INSTRUCTIONS))
        for name, (depth, columns) in shapes.items():
            with self.subTest(feature=name):
                ptx = self.path(name + ".ptx")
                run("clang-15", "-x", "cl", "-cl-std=CL1.2", "-O3", "-S", "-Werror", "-Wall",
                    "-Wno-unused-function", "-Wno-linker-warnings", "-target",
                    "nvptx64-nvidia-nvcl", "-march=sm_80", "-Xclang",
                    "-mlink-builtin-bitcode", "-Xclang", LIBCLC, "-Dasm=__asm__",
                    "-DFEATURE_" + name, "-DDEPTH=" + depth, "-DCOLUMNS=" + columns, KERNELS,
                    "-o", ptx)
                with open(ptx, encoding="ascii") as file:
                    text = file.read()
                for instruction in INSTRUCTIONS[name]:
                    self.assertIn(instruction, text)
                log = run(find_ptxas(), "-arch=sm_90", "-v", ptx, "-o", os.devnull)
                self.assertIn("0 bytes spill stores", log.stderr + log.stdout)


class PackTest(ScratchTest):
    WANTED = ["bin/clconv", "bin/clinfo", "bin/gpu-probe", "features.cl", "lib/libOpenCL.so.1",
              "lib/libjansson.so.4", "lib/libpopt.so.0", "libexec/clconv/peers/pytorch.py",
              "pack.json", "run", "table", "workloads.txt"]

    def test_pack_and_rehearsal(self):
        pack = self.path("the pack")
        output = run(os.path.join(SOURCE, "bench/gpu/pack"), "--build", BUILD, pack).stdout
        self.assertRegex(output, r"the pack: \d+ KiB, needs glibc 2\.\d+")
        for name in self.WANTED:
            self.assertTrue(os.path.exists(os.path.join(pack, name)), name)
        self.assertFalse(glob.glob(pack + "/lib/libc.so*"))
        with open(pack + "/pack.json", encoding="utf-8") as file:
            self.assertEqual(sorted(json.load(file)),
                             ["commit", "describe", "glibc", "packed", "system"])
        self.rehearse(pack)

    def rehearse(self, pack):
        path = self.path("report.json")
        run(os.path.join(pack, "run"), "--rehearse", "--budget", "300", path)
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        self.assertIs(report["rehearsal"], True)
        self.assertEqual(len(report["probe"]["features"]), len(INSTRUCTIONS))
        self.assertLess(report["seconds"], 300)
        self.assertEqual([part["results"][0]["batch"] for part in report["bench"]], [1, 2])
        for row in report["bench"][0]["results"] + report["bench"][1]["results"]:
            self.assertEqual(row["verdict"], "OK", row)
        table = run(os.path.join(pack, "table"), path).stdout
        self.assertIn("A rehearsal", table)
        self.assertRegex(table, r"(?m)^\| depthwise \| 1 \|")
        self.assertEqual(len(re.findall(r"(?m)^\| MobileNetV2/dw", table)),
                         sum(len(part["results"]) for part in report["bench"]), table)

    def test_other_folders_are_left_alone(self):
        with open(self.path("precious"), "w", encoding="ascii"):
            pass
        result = run(os.path.join(SOURCE, "bench/gpu/pack"), "--build", BUILD, self.scratch,
                     code=1)
        self.assertIn("is no pack", result.stderr)
        self.assertEqual(os.listdir(self.scratch), ["precious"])


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed")
    sys.exit(bad != 0)
