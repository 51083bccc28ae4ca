"""clconv bench: the table, the reports, and that a wrong result has no numbers."""
import csv
import json
import re

import report_schema
import tool

PROBLEM = "mb1ic8ih12iw12oc8kh3kw3ph1pw1"
SEQUENCE = "g8mb1ic8ih12iw12oc8kh3kw3ph1pw1+relu -> mb1ic8ih12iw12oc12kh1kw1"


class BenchTest(tool.ToolTest):
    def bench(self, code, *arguments, **options):
        """Runs with a report; returns what was printed and the report."""
        result = self.clconv("bench", "--min-time", "0.05", "--json", "out.json", *arguments,
                             **options)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertEqual(self.files(), ["out.json"])
        with open(self.path("out.json")) as file:
            report = json.load(file)
        self.assertEqual(report_schema.report_mismatches(report), [])
        self.assertFalse(report["interrupted"])
        return result.stdout, report

    def assert_spread(self, spread, message):
        self.assertGreaterEqual(spread["samples"], 1, message)
        self.assertLessEqual(spread["lower_quartile_ns"], spread["median_ns"], message)
        self.assertLessEqual(spread["median_ns"], spread["upper_quartile_ns"], message)

    def assert_complete(self, result):
        self.assertEqual(result["verdict"], "OK", result)
        self.assertLessEqual(result["error_to_bound_ratio"], 1)
        for name in "cpu_reference", "device", "with_transfers", "upload", "compute", "download":
            self.assert_spread(result[name], (name, result))
        self.assertGreater(result["cold_ns"], result["first"]["compile_ns"])
        device_ns = result["device"]["median_ns"]
        self.assertGreater(device_ns, 0)
        self.assertAlmostEqual(result["gflop_per_s"] * device_ns,
                               2 * result["multiplications_count"], delta=1)
        self.assertAlmostEqual(result["gbyte_per_s"] * device_ns, result["minimum_bytes"], delta=1)

    def test_report(self):
        output, report = self.bench(0, "--seed", "5", "--batch", "1,2", PROBLEM, SEQUENCE,
                                    env={"POCL_AFFINITY": "1"})
        self.assertIn("POCL_AFFINITY=1", report["host"]["environment"].split())
        self.assertEqual([result["problem"][:7] for result in report["results"]],
                         ["mb1ic8i", "mb2ic8i", "g8mb1ic", "g8mb2ic"])
        for result in report["results"]:
            self.assert_complete(result)
        self.assertEqual(report["results"][0]["multiplications_count"], 8 * 8 * 9 * 144)
        self.assertEqual(report["results"][0]["parameters_count"], 8 * 8 * 9)
        self.assertEqual(report["options"], {"device": None, "algorithm": None, "math": None, "file": None,
                                             "batch": "1,2", "peers": None, "sweep": None,
                                             "seed": 5, "min_time_s": 0.05, "passes": 1})
        self.assertIn("--seed 5 --batch 1,2 ", report["command"])
        self.assertIn(f"'{SEQUENCE}'", report["command"])
        self.assertGreater(report["device"]["peak_gflop_per_s"], 1)
        self.assertGreater(report["device"]["bandwidth_gbyte_per_s"], 0.1)
        self.assertTrue(report["device"]["name"] and report["device"]["driver"])
        self.assertIn("0 times slower, 0 faster",
                      self.succeed("bench", "--compare", "out.json", "out.json"))
        self.assertEqual(len(re.findall(r"^OK ", output, re.M)), 4, output)

    def test_file_and_all_algorithms(self):
        with open(self.path("out.json"), "w") as file:
            file.write("an old report")
        with tool.tempfile.NamedTemporaryFile("w", suffix=".txt") as problems:
            problems.write("a variant\tthe name\tmb1ic8ih12iw12oc8kh3kw3sh2sw2\tsource\n")
            problems.flush()
            output, report = self.bench(0, "--algorithm", "all", "--file", problems.name)
        names = [result["algorithm"] for result in report["results"]]
        self.assertEqual(len(names), len(set(names)), names)
        self.assertIn("direct", names)
        self.assertIn("panels", names)
        for result in report["results"]:
            self.assert_complete(result)
            self.assertEqual((result["variant"], result["name"]), ("a variant", "the name"))
            self.assertRegex(output, rf"(?m)^OK .* {result['algorithm']} +a variant ")

    def test_reference_device(self):
        _, report = self.bench(0, "--device", "reference", "--algorithm", "all", PROBLEM)
        self.assertEqual(report["device"]["kind"], "reference")
        self.assertEqual(len(report["results"]), 1)
        self.assert_complete(report["results"][0])
        self.assertIsNone(report["device"]["peak_gflop_per_s"])
        self.assertIsNone(report["results"][0]["roofline_share"])

    def test_roofline_share(self):
        """The share is what the two roofs say, computed again here."""
        _, report = self.bench(0, PROBLEM)
        device, (row,) = report["device"], report["results"]
        roof = min(device["peak_gflop_per_s"],
                   row["intensity_flop_per_byte"] * device["bandwidth_gbyte_per_s"])
        self.assertAlmostEqual(row["roofline_share"], row["gflop_per_s"] / roof, delta=1e-6)

    def test_csv(self):
        with open(self.path("problems"), "w") as file:
            file.write(f'standard\ta "name", with a comma\t{PROBLEM}\n')
        result = self.clconv("bench", "--min-time", "0.05", "--file", "problems", "--csv",
                             "out.csv", "--json", "out.json")
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("out.csv"), newline="") as file:
            row, = csv.DictReader(file)
        with open(self.path("out.json")) as file:
            result, = json.load(file)["results"]
        self.assertEqual(row["name"], 'a "name", with a comma')
        self.assertEqual(float(row["device_ns"]), result["device"]["median_ns"])
        for name in "problem", "batch", "algorithm", "workspace_bytes":
            self.assertEqual(row[name], str(result[name]), name)
        self.assertNotIn(None, row)

    def test_sweep(self):
        for kind, problem, values in [("batch", PROBLEM, [1, 2]),
                                      ("channels", "g4mb1ic4ih6iw6oc4kh3kw3", [4, 8]),
                                      ("size", PROBLEM, [12, 24]),
                                      ("kernel", PROBLEM, [3, 7])]:
            with self.subTest(kind=kind):
                _, report = self.bench(0, "--algorithm", "direct", "--min-time", "0.01",
                                       "--sweep", kind, "--sweep-points", "2", problem)
                sweep, = report["sweeps"]
                points = sweep["points"]
                self.assertEqual(sweep["kind"], kind)
                self.assertEqual([point["value"] for point in points], values, sweep)
                rows = {row["problem"]: row for row in report["results"]}
                for point in points:
                    row = rows[point["problem"]]
                    self.assertEqual(point["median_ns"], row["device"]["median_ns"])
                    self.assertAlmostEqual(
                        point["ns_per_gflop"] * 2e-9 * row["multiplications_count"],
                        point["median_ns"], delta=1e-6 * point["median_ns"])

    def test_wrong_result_has_no_numbers(self):
        output, report = self.bench(1, PROBLEM, env={"LD_PRELOAD": tool.WRONG_RESULT})
        self.assertRegex(output, r"(?m)^WRONG +\S+ +\S*mb1ic8")
        self.assertNotRegex(output, r"(?m)^OK ")
        result, = report["results"]
        self.assertEqual(result["verdict"], "WRONG")
        self.assertIn("beyond their bound", result["reason"])
        self.assertNotIn("device", result)

    def test_bad_arguments(self):
        for words, arguments in [(["--min-time"], ["--min-time", "0", PROBLEM]),
                                 (["--min-time"], ["--min-time", "nan", PROBLEM]),
                                 (["--sweep", "colour"], ["--sweep", "colour", PROBLEM]),
                                 (["--peers", "a,,b"], ["--peers", "a,,b", PROBLEM]),
                                 (["--peer-timeout"], ["--peer-timeout", "-1", PROBLEM]),
                                 (["missing/out.csv"], ["--csv", "missing/out.csv", PROBLEM]),
                                 (["missing/out.json"], ["--json", "missing/out.json", PROBLEM]),
                                 (["nonsense"], ["--device", "nonsense", PROBLEM])]:
            with self.subTest(arguments=arguments):
                self.fail_with(2, words, "bench", *arguments)


if __name__ == "__main__":
    tool.main()
