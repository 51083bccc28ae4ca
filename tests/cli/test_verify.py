"""clconv devices and verify: rows, summary, exit codes, and that a wrong result is found."""
import re

import tool

PROBLEM = "mb1ic3ih9iw8oc4kh3kw3ph1pw1+bias+relu"
SEQUENCE = "g4mb1ic4ih9iw8oc4kh3kw3ph1pw1 -> mb1ic4ih9iw8oc6kh1kw1"
NO_PLATFORM = {"OCL_ICD_VENDORS": "/nonexistent"}


class DevicesTest(tool.ToolTest):
    def test_lists_and_marks(self):
        output = self.succeed("devices")
        self.assertEqual(len(re.findall(r"^\*", output, re.M)), 1, output)
        self.assertRegex(output, r"(?m)^     kind +reference$")
        self.assertRegex(output, r"(?m)^     local memory +\d+ KiB$")

    def test_no_platform(self):
        output = self.succeed("devices", env=NO_PLATFORM)
        self.assertRegex(output, r"\A\*  0 reference\n")
        self.assertEqual(len(re.findall(r"^.  \d ", output, re.M)), 1, output)

    def test_takes_no_argument(self):
        self.fail_with(2, ["'x'"], "devices", "x")


class VerifyTest(tool.ToolTest):
    def verify(self, code, *arguments, **options):
        result = self.clconv("verify", *arguments, **options)
        self.assertEqual(result.returncode, code,
                         tool.command_line(arguments) + result.stdout + result.stderr)
        return result.stdout

    def test_every_builtin_problem_with_every_algorithm(self):
        output = self.verify(0, "--algorithm", "all", timeout=500)  # it builds every kernel
        rows = re.findall(r"^OK +([\d.]+) +(yes|-) +(?:auto: )?(\S+) +(.*)$", output, re.M)
        self.assertRegex(output, rf"(?m)^{len(rows)} passed, 0 failed$")
        self.assertGreater(len(rows), 25)
        self.assertTrue(all(0 <= float(row[0]) <= 1 for row in rows), output)
        for word in "reflect", "replicate", "circular", "deconv:", " -> ", "od", "sigmoid", "g32":
            self.assertTrue(any(word in row[3] for row in rows), word)
        for algorithm in "direct", "depthwise", "pointwise":
            self.assertTrue(any(algorithm in row[2] for row in rows), algorithm)

    def test_sequence_uses_every_algorithm_of_each_stage(self):
        output = self.verify(0, "--algorithm", "all", SEQUENCE)
        chosen = [name.split(",") for name in re.findall(r"^OK .* (\S+,\S+) +g4mb1", output, re.M)]
        for stage, problem in enumerate(SEQUENCE.split(" -> ")):
            alone = self.verify(0, "--algorithm", "all", problem)
            for name in re.findall(r"^OK +\S+ +\S+ +(?:auto: )?(\S+)", alone, re.M):
                self.assertIn(name, [names[stage] for names in chosen], output)

    def test_rounding_activation_is_judged_by_its_bound_only(self):
        self.assertRegex(self.verify(0, PROBLEM), r"(?m)^OK +\S+ +yes ")
        self.assertRegex(self.verify(0, PROBLEM.replace("relu", "tanh")), r"(?m)^OK +\S+ +- ")

    def test_wrong_result(self):
        output = self.verify(1, "--seed", "7", "--device", "0", PROBLEM, "mb1ic2iw9oc3kw3",
                             env={"LD_PRELOAD": tool.WRONG_RESULT})
        self.assertEqual(len(re.findall(r"^WRONG ", output, re.M)), 2, output)
        self.assertRegex(output, r"(?m)^0 passed, 2 failed$")
        line = re.search(r"^reproduce: clconv (verify '(.*)' --algorithm (\S+) --seed 7 "
                         r"--device '0')$", output, re.M)
        self.assertIsNotNone(line, output)
        again = self.verify(0, line[2], "--algorithm", line[3], "--seed", "7", "--device", "0")
        self.assertRegex(again, r"(?m)^1 passed, 0 failed$")

    def test_seed_is_printed_and_decides(self):
        first, again, other = (self.verify(0, "--seed", seed, PROBLEM) for seed in "334")
        self.assertIn("seed 3\n", first)
        self.assertEqual(first, again)
        self.assertNotEqual(first.splitlines()[2:], other.splitlines()[2:])

    def test_reference_device(self):
        output = self.verify(0, "--device", "reference", "--algorithm", "all", PROBLEM, SEQUENCE)
        self.assertRegex(output, r"(?m)^2 passed, 0 failed$")

    def test_no_platform(self):
        output = self.verify(0, PROBLEM, env=NO_PLATFORM)
        self.assertRegex(output, r"\Adevice reference: there is no OpenCL device here")
        self.fail_with(2, ["0x"], "verify", "--device", "0x", PROBLEM, env=NO_PLATFORM)

    def test_named_algorithm_that_does_not_apply_is_skipped(self):
        output = self.verify(0, "--algorithm", "depthwise", PROBLEM, "g4ic4ih8iw8oc4kh3kw3")
        self.assertRegex(output, r"(?m)^SKIP .*\n .*\[mb1ic3.*$")
        self.assertRegex(output, r"(?m)^1 passed, 0 failed, 1 skipped$")
        self.verify(2, "--algorithm", "depthwise", PROBLEM)

    def test_unknown_algorithm(self):
        result = self.clconv("verify", "--algorithm", "nonsense", PROBLEM)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertRegex(result.stderr, r"\Aclconv: [^\n]*nonsense[^\n]*\n\Z")

    def test_bad_arguments(self):
        for words, arguments in [(["nonsense"], ["--device", "nonsense"]),
                                 (["99"], ["--device", "99"]),
                                 (["x"], ["--seed", "x"])]:
            with self.subTest(arguments=arguments):
                self.fail_with(2, words, "verify", *arguments)


if __name__ == "__main__":
    tool.main()
