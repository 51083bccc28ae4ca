"""clconv advise: that its sentence, its table and its JSON follow from what it measured."""
import json

import tool

PROBLEM = "mb3ic8ih12iw12oc8kh3kw3ph1pw1"


class AdviseTest(tool.ToolTest):
    def advise(self, *arguments, code=0, **options):
        result = self.clconv("advise", "--min-time", "0.02", "--json", "out.json", *arguments,
                             **options)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        with open(self.path("out.json")) as file:
            return result.stdout, json.load(file)

    def line(self, fit, batch):
        return fit["fixed_ns"] + fit["item_ns"] * batch

    def assert_range(self, advice, found, kind):
        """The range holds exactly the batches at which the device's line is the lower one."""
        ours, theirs = advice["device"][kind], advice["compared_with"][kind]
        faster = [batch for batch in range(1, advice["limit_batch"] + 1)
                  if self.line(ours, batch) < self.line(theirs, batch)]
        wanted = {"first_batch": faster[0], "last_batch": faster[-1]} if faster else None
        self.assertEqual(found, wanted, advice)

    def assert_follows(self, output, advice):
        self.assertIn(advice["sentence"], output)
        self.assertEqual(advice["limit_batch"], 64 * advice["device"]["points"][-1]["batch"])
        self.assert_range(advice, advice["worth_with_transfers"], "with_transfers")
        self.assert_range(advice, advice["worth_resident"], "resident")
        if advice["worth_with_transfers"] is None:
            self.assertRegex(advice["sentence"], "pays at no batch up to .* with transfers")
        for side in advice["device"], advice["compared_with"]:
            for kind in "with_transfers", "resident":
                errors = [abs(self.line(side[kind], point["batch"]) / point[kind + "_ns"] - 1)
                          for point in side["points"]]
                self.assertAlmostEqual(max(errors), side[kind]["deviation"], places=4)
            self.assertGreater(side["first_call_ns"], 0)

    def test_sentence_and_numbers(self):
        output, report = self.advise(PROBLEM)
        self.assertTrue(report["advice"])
        for advice in report["advice"]:
            self.assert_follows(output, advice)
            self.assertEqual([point["batch"] for point in advice["device"]["points"]],
                             [1, 2, 3, 4, 8])
            self.assertNotEqual(advice["device"]["kind"], "reference")
            self.assertIn(advice["compared_with"]["kind"], ("CPU", "reference"))
            cpu = advice["device"]["kind"] == "CPU"
            self.assertEqual("nothing is offloaded" in advice["sentence"], cpu)
            slow = advice["compared_with"]["kind"] == "reference"
            self.assertEqual("a tuned CPU library would do better" in advice["sentence"], slow)

    def test_given_batches_and_sequence(self):
        output, report = self.advise(
            "--batch", "1,3,2", "g8mb1ic8ih12iw12oc8kh3kw3ph1pw1 -> mb1ic8ih12iw12oc12kh1kw1")
        for advice in report["advice"]:
            self.assert_follows(output, advice)
            self.assertEqual([point["batch"] for point in advice["device"]["points"]], [1, 2, 3])
            self.assertRegex(advice["device"]["algorithm"], r"^\w+,\w+$")

    def test_slow_batches_are_left_out(self):
        _, report = self.advise("mb1ic256ih28iw28oc512kh3kw3ph1pw1")  # 9.2e8 multiplications
        for advice in report["advice"]:
            self.assertEqual([point["batch"] for point in advice["device"]["points"]], [1, 2])

    def test_wrong_result_has_no_numbers(self):
        result = self.clconv("advise", "--min-time", "0.02", PROBLEM,
                             env={"LD_PRELOAD": tool.WRONG_RESULT})
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"(?m)^  WRONG .*beyond their bound")
        self.assertNotIn("pays", result.stdout)

    def test_no_device(self):
        output, report = self.advise(PROBLEM, env={"OCL_ICD_VENDORS": self.directory})
        self.assertIn("nothing to offload to", output)
        self.assertEqual(report["advice"], [])

    def test_bad_arguments(self):
        for words, arguments in [(["no problem"], []),
                                 (["--min-time"], ["--min-time", "0", PROBLEM]),
                                 (["--batch"], ["--batch", "0", PROBLEM]),
                                 (["--batch", "besides"], ["--batch", "3", PROBLEM]),
                                 (["--device", "reference"], ["--device", "reference", PROBLEM]),
                                 (["nonsense"], ["--device", "nonsense", PROBLEM]),
                                 (["nonsense"], ["--algorithm", "nonsense", PROBLEM]),
                                 (["missing/out.json"], ["--json", "missing/out.json", PROBLEM])]:
            with self.subTest(arguments=arguments):
                self.fail_with(2, words, "advise", *arguments)


if __name__ == "__main__":
    tool.main()
