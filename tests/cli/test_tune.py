"""clconv tune, and what --planning makes of it."""
import tool

PROBLEM = "mb2ic5ih9iw11oc7kh3kw3ph1pw1"

# Time for every candidate on a slow machine: what a budget leaves out, the next run measures.
WHOLE = ("--budget", "120000")


class TuneTest(tool.ToolTest):
    def in_cache(self):
        return {"CLCONV_CACHE_DIR": self.path("cache")}

    def records(self):
        with open(self.path("cache/tuning.txt"), encoding="utf-8") as file:
            return file.read().splitlines()

    def test_is_remembered(self):
        if "reference" in self.succeed("devices").splitlines()[0]:
            self.skipTest("no OpenCL device")
        before = self.succeed("verify", "-v", "--planning", "tuned", PROBLEM, env=self.in_cache())
        self.assertIn("(estimated)", before)
        self.assertIn("(measured, ", self.succeed("tune", *WHOLE, PROBLEM, env=self.in_cache()))
        records = self.records()
        self.assertTrue(records)
        for record in records:
            self.assertEqual(record.count("\t"), 7, record)
        self.assertIn("(measured, ", self.succeed("tune", *WHOLE, PROBLEM, env=self.in_cache()))
        after = self.succeed("verify", "-v", "--planning", "measure", *WHOLE, PROBLEM,
                             env=self.in_cache())
        self.assertIn("(measured, ", after)
        self.assertEqual(self.records(), records)

    def test_bad_usage(self):
        self.fail_with(2, ["no problem"], "tune", env={"CLCONV_CACHE_DIR": self.directory})
        self.fail_with(2, ["folder"], "tune", PROBLEM, env={"CLCONV_CACHE_DIR": ""})
        self.fail_with(2, ["--budget"], "tune", "--budget", "-1", PROBLEM)
        result = self.clconv("verify", "--planning", "guess", PROBLEM)
        self.assertEqual(result.returncode, 2)
        self.assertIn("guess", result.stderr)


if __name__ == "__main__":
    tool.main()
