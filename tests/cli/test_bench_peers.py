"""clconv bench with peers: programs made for the test that are honest, wrong, hang or die."""
import json
import os
import signal
import subprocess
import sys
import time

import report_schema
import tool

PROBLEM = "mb1ic8ih12iw12oc8kh3kw3ph1pw1"
FAKE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_peer.py")
KINDS = "honest", "wrong", "hanging", "dying", "refusing", "babbling", "absent"


class BenchPeersTest(tool.ToolTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("peers"))
        os.mkdir(self.path("tmp"))
        with open(FAKE) as file: # run by the Python that runs this, which has NumPy
            program = file.read().replace("/usr/bin/env python3", sys.executable, 1)
        for kind in KINDS:
            with open(self.path(f"peers/{kind}"), "w") as file:
                file.write(program)
            os.chmod(file.name, 0o755)
        self.env = {"TMPDIR": self.path("tmp")}

    def arguments(self, peers, *arguments, algorithm="direct"): # the fastest one to compile
        return ["bench", "--algorithm", algorithm, "--min-time", "0.05", "--json", "out.json",
                "--peer-dir", "peers", "--peers", peers, *arguments]

    def load(self):
        with open(self.path("out.json")) as file:
            report = json.load(file)
        self.assertEqual(report_schema.report_mismatches(report), [])
        return report

    def bench(self, peers, *arguments, **options):
        result = self.clconv(*self.arguments(peers, *arguments, **options), env=self.env)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(os.listdir(self.path("tmp")), [], "files were left behind")
        return result.stdout, self.load()

    def test_honest(self):
        output, report = self.bench("honest", "--batch", "1,2", PROBLEM)
        self.assertEqual(report["peers"], [{"peer": "honest", "setting": "only", "version": "1.2",
                                            "text": "made for tests"}])
        ratios = []
        for row in report["results"]:
            peer, = row["peers"]
            self.assertEqual((peer["algorithm"], peer["time"]["median_ns"]), ("einsum", 5e6))
            self.assertAlmostEqual(peer["ratio"] * row["device"]["median_ns"], 5e6, delta=1)
            self.assertLess(peer["error_to_bound_ratio"], 1)
            self.assertEqual(*(spread["samples"] + spread["dropped"] for spread in
                               (peer["time"], row["device"])))
            ratios.append(peer["ratio"])
        means = {(mean["variant"], mean["batch"]): mean for mean in report["means"]}
        self.assertEqual(sorted(means), [("all", 0), ("all", 1), ("all", 2)])
        whole = means["all", 0]
        self.assertAlmostEqual(whole["ratio"], (ratios[0] * ratios[1]) ** 0.5, delta=1e-6 *
                               whole["ratio"])
        self.assertEqual((whole["worst_ratio"], whole["rows"]), (min(ratios), 2))
        self.assertIn("geometric means", output)

    def test_what_fails_is_named(self):
        names = "wrong", "hanging", "dying", "refusing", "honest"
        output, report = self.bench(",".join(names) + ",absent,babbling,nowhere",
                                    "--peer-timeout", "3", PROBLEM)
        missing = {peer["peer"]: peer["reason"] for peer in report["missing_peers"]}
        self.assertEqual(sorted(missing), ["absent", "babbling", "nowhere"])
        self.assertEqual(missing["absent"], "its library is not here")
        self.assertIn("Hello!", missing["babbling"])
        self.assertIn("no program nowhere in peers", missing["nowhere"])
        row, = report["results"]
        errors = {peer["peer"]: peer.get("error") for peer in row["peers"]}
        self.assertEqual(tuple(errors), names)
        self.assertIn("not the convolution", errors["wrong"])
        self.assertIn("no answer within 3 s", errors["hanging"])
        self.assertIn("exit status 7", errors["dying"])
        self.assertEqual(errors["refusing"], "it does not want to")
        self.assertIsNone(errors["honest"])
        self.assertEqual({mean["peer"] for mean in report["means"]}, {"honest"})
        for name, reason in {**missing, **errors}.items():
            self.assertRegex(output, rf"{name}\b.*{reason or ''}"[:60])

    def test_a_peer_that_died_is_started_again(self):
        """Six times; then it is left out."""
        _, report = self.bench("dying", "--device", "reference", "--batch", "1,2,3,4,5,6,7",
                               PROBLEM, algorithm="reference")
        errors = [row["peers"][0]["error"] for row in report["results"]]
        self.assertEqual(["exit status 7" in error for error in errors], 6 * [True] + [False])
        self.assertIn("left out", errors[6])

    def interrupt(self, number, *arguments):
        """Sends a signal once the first row is there; returns the exit code."""
        process = subprocess.Popen(
            [tool.CLCONV, *self.arguments("honest", *arguments)], cwd=self.directory,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
            env={**os.environ, **self.env})
        for line in process.stdout:
            if line.startswith("OK "):
                break
        else:
            self.fail(process.stderr.read())
        process.send_signal(number)
        start = time.monotonic()
        rest, _ = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - start, 30)
        self.assertIn("ended early", rest)
        return process.returncode

    def test_interrupt(self):
        many = ",".join(map(str, range(1, 200)))
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signal=number):
                self.assertEqual(self.interrupt(number, "--batch", many, PROBLEM), 128 + number)
                report = self.load()
                self.assertTrue(report["interrupted"])
                self.assertGreaterEqual(len(report["results"]), 1)
                self.assertLess(len(report["results"]), 199)
                self.assertEqual(os.listdir(self.path("tmp")), [], "files were left behind")

    def test_interrupt_while_a_peer_hangs(self):
        process = subprocess.Popen(
            [tool.CLCONV, *self.arguments("hanging", PROBLEM)], cwd=self.directory,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **self.env})
        time.sleep(10)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGINT)
        self.assertTrue(self.load()["interrupted"])
        self.assertEqual(os.listdir(self.path("tmp")), [], "files were left behind")


if __name__ == "__main__":
    tool.main()
