"""clconv bench --compare: a slow-down of 20 % is found, noise is not."""
import copy
import json

import tool

PROBLEM = "mb1ic8ih24iw24oc8kh3kw3ph1pw1"
SPREADS = "device", "with_transfers"


class BenchCompareTest(tool.ToolTest):
    measured = None

    def measure(self, name, *arguments):
        result = self.clconv("bench", "--min-time", "0.3", "--json", name, *arguments, PROBLEM)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path(name)) as file:
            return json.load(file)

    def any_report(self):
        """A report whose times are to be overwritten: measured once for all tests."""
        if BenchCompareTest.measured is None:
            BenchCompareTest.measured = self.measure("a.json")
        report = copy.deepcopy(BenchCompareTest.measured)
        self.write("a.json", report)
        return report

    def write(self, name, report):
        with open(self.path(name), "w") as file:
            json.dump(report, file)

    def compare(self, code, before, after):
        result = self.clconv("bench", "--compare", before, after)
        self.assertEqual((result.returncode, result.stderr), (code, ""), result.stdout)
        return result.stdout

    def doctored(self, report, factor, noise):
        """The report with all times multiplied, and quartiles `noise` away from the medians."""
        changed = copy.deepcopy(report)
        for row in changed["results"]:
            for name in SPREADS:
                median = row[name]["median_ns"] * factor
                row[name] = {"median_ns": median, "lower_quartile_ns": median * (1 - noise),
                             "upper_quartile_ns": median * (1 + noise), "samples": 20,
                             "dropped": 0, "slow": False}
        return changed

    def trusted(self, report):
        """The report as if the machine had not been slow."""
        for row in report["results"]:
            for name in SPREADS:
                row[name]["slow"] = False
        return report

    def test_doctored(self):
        report = self.any_report()
        for factor, noise, code, words in [(1.2, 0.03, 1, "2 times slower, 0 faster"),
                                           (1 / 1.2, 0.03, 0, "0 times slower, 2 faster"),
                                           (1.04, 0.001, 0, "2 within the noise"),
                                           (1.2, 0.10, 0, "2 within the noise"),
                                           (1, 0.03, 0, "2 within the noise")]:
            with self.subTest(factor=factor, noise=noise):
                self.write("a.json", self.doctored(report, 1, noise))
                self.write("b.json", self.doctored(report, factor, noise))
                output = self.compare(code, "a.json", "b.json")
                self.assertIn(words, output)
                if code:
                    self.assertRegex(output, r"(?m)^slower +\+20\.0 % .* device .*mb1ic8ih24")

    def test_passes(self):
        """What was seen in any pass is within the noise; the middle of all passes is the time."""
        report = self.measure("a.json", "--passes", "3")
        passes = report["results"][0]["passes"]
        self.assertEqual([sorted(one) for one in passes], 2 * [sorted(SPREADS)])
        self.assertEqual(self.clconv("bench", "--passes", "0", PROBLEM).returncode, 2)

        def with_passes(factors):
            steady = self.doctored(report, factors[0], 0.01)
            steady["results"][0]["passes"] = [
                {name: self.doctored(report, factor, 0.01)["results"][0][name] for name in SPREADS}
                for factor in factors[1:]]
            return steady

        self.write("a.json", with_passes([1, 1, 1.3]))
        for factors, code, words in [([1.3, 1.3, 1.0], 0, "2 within the noise"),
                                     ([1.2, 1.2, 1.2], 0, "2 within the noise"),
                                     ([1.4, 1.4, 1.4], 1, "2 times slower")]:
            with self.subTest(factors=factors):
                self.write("b.json", with_passes(factors))
                self.assertIn(words, self.compare(code, "a.json", "b.json"))

    def test_slow_machine(self):
        """What a slow machine took says nothing."""
        report = self.any_report()
        slow = self.doctored(report, 2, 0.03)
        for name in SPREADS:
            slow["results"][0][name]["slow"] = True
        self.write("a.json", self.doctored(report, 1, 0.03))
        self.write("b.json", slow)
        for pair in ("a.json", "b.json"), ("b.json", "a.json"):
            output = self.compare(0, *pair)
            self.assertIn("0 times slower, 0 faster, 0 within the noise, 2 taken on a slow machine",
                          output)

    def test_slower_algorithm(self):
        """Two real runs: the reference, in double precision and plain loops, against direct. They
        are far enough apart to be judged on a slow machine too."""
        self.write("a.json", self.trusted(self.measure("a.json", "--algorithm", "direct")))
        self.write("b.json", self.trusted(self.measure("b.json", "--device", "reference")))
        output = self.compare(1, "a.json", "b.json")
        self.assertRegex(output, r"(?m)^slower .* (device|with_transfers) ")
        self.assertRegex(output, r"(?m)^different device name: ")
        self.assertRegex(output, r"(?m)^algorithm direct -> reference: ")
        self.assertIn("faster", self.compare(0, "b.json", "a.json"))

    def test_two_runs_agree(self):
        """Of two runs that follow each other the quartiles, moved three times as far from the
        median, meet: machines that run other things too let them drift, and one of three tries
        may fall on a quiet time."""
        def reach(spread, end):
            return spread["median_ns"] + 3 * (spread[end] - spread["median_ns"])

        seen = []
        for _ in range(3):
            spreads = [self.measure("a.json")["results"][0]["device"] for _ in range(2)]
            low, high = sorted(spreads, key=lambda spread: spread["median_ns"])
            if 1.25 * reach(low, "upper_quartile_ns") >= reach(high, "lower_quartile_ns"):
                return
            seen.append(spreads)
        self.fail(seen)

    def test_rows_of_one_report_only(self):
        report = self.any_report()
        other = copy.deepcopy(report)
        other["results"][0]["problem"] = "mb1ic1ih9iw9oc1kh3kw3"
        failed = copy.deepcopy(report)
        failed["results"][0]["verdict"] = "WRONG"
        self.write("b.json", other)
        self.write("c.json", failed)
        output = self.compare(0, "a.json", "b.json")
        self.assertRegex(output, r"only in the first: .*ih24")
        self.assertRegex(output, r"only in the second: .*ih9")
        self.assertRegex(self.compare(1, "a.json", "c.json"), r"no numbers in the second: .*ih24")

    def test_bad_files(self):
        with open(self.path("bad.json"), "w") as file:
            file.write("{")
        with open(self.path("other.json"), "w") as file:
            file.write("{}")
        self.fail_with(2, ["bad.json"], "bench", "--compare", "bad.json", "bad.json")
        self.fail_with(2, ["other.json", "schema"], "bench", "--compare", "other.json", "bad.json")
        self.fail_with(2, ["two reports"], "bench", "--compare", "bad.json")


if __name__ == "__main__":
    tool.main()
