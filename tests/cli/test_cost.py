"""clconv cost and the list of problems that cost, verify and bench share."""
import re

import tool


class CostTest(tool.ToolTest):
    def rows(self, *arguments):
        """{label: the numbers of its row} of the only problem."""
        rows = {}
        for line in self.succeed("cost", *arguments).splitlines():
            match = re.match(r"  (stage \d|total|standard) +(\S+) +(\d+) +(\d+) +(\d+) +\S+  (\S+)",
                             line)
            if match:
                label, output, parameters, multiplications, minimum_bytes, field = match.groups()
                rows[label] = {"output": output, "parameters": int(parameters),
                               "multiplications": int(multiplications),
                               "bytes": int(minimum_bytes), "field": field}
        return rows

    def assert_row(self, row, **wanted):
        for name, value in wanted.items():
            self.assertEqual(row[name], value, (name, row))

    def test_standard(self):
        rows = self.rows("mb1ic3ih12iw12oc256kh5kw5")
        self.assert_row(rows["total"], multiplications=1228800, output="1x256x8x8",
                        bytes=4 * (3 * 144 + 256 * 75 + 256 * 64), field="5x5")
        self.assertEqual(list(rows), ["total"])

    def test_depthwise_separable(self):
        text = "g3mb1ic3ih12iw12oc3kh5kw5 -> mb1ic3ih8iw8oc256kh1kw1"
        rows = self.rows(text)
        self.assert_row(rows["stage 1"], multiplications=4800)
        self.assert_row(rows["stage 2"], multiplications=49152)
        self.assert_row(rows["total"], multiplications=53952, output="1x256x8x8", field="5x5")
        self.assert_row(rows["standard"], multiplications=1228800, parameters=19200)
        ratio = re.search(r"standard: (\S+) of the multiplications", self.succeed("cost", text))
        self.assertAlmostEqual(float(ratio.group(1)), 1 / 256 + 1 / 25, places=6)

    def test_parameters(self):
        rows = self.rows("g16mb1ic16ih8iw8oc16kh3kw3 -> mb1ic16ih6iw6oc32kh1kw1")
        self.assert_row(rows["total"], parameters=656)
        self.assert_row(rows["standard"], parameters=4608)
        self.assert_row(self.rows("ic256ih8iw8oc256kh3kw3")["total"], parameters=589824)
        self.assert_row(self.rows("g8ic256ih8iw8oc256kh3kw3")["total"], parameters=73728)
        self.assert_row(self.rows("ic16ih8iw8oc32kh3kw3+bias")["total"], parameters=4608 + 32)

    def test_output_shapes(self):
        rows = self.rows("g3mb1ic3ih5iw5oc3kh3kw3 -> mb1ic3ih3iw3oc4kh1kw1")
        self.assert_row(rows["total"], output="1x4x3x3")
        rows = self.rows("g3mb1ic3ih128iw128oc3kh3kw3 -> mb1ic3ih126iw126oc10kh1kw1")
        self.assert_row(rows["total"], output="1x10x126x126")
        self.assert_row(self.rows("mb1ic1ih3iw3oc1kh2kw2")["total"], output="1x1x2x2")
        self.assert_row(self.rows("deconv:mb1ic1ih2iw2oc1kh2kw2")["total"], output="1x1x3x3",
                        field="-")

    def test_spatially_separable_sobel(self):
        rows = self.rows("mb1ic1ih10iw10oc1kh3kw1 -> mb1ic1ih8iw10oc1kh1kw3")
        self.assert_row(rows["total"], multiplications=3 * 80 + 3 * 64, field="3x3")
        self.assert_row(rows["standard"], multiplications=9 * 64, output="1x1x8x8")

    def test_receptive_fields(self):
        two = "mb1ic1ih32iw32oc1kh3kw3 -> mb1ic1ih30iw30oc1kh3kw3"
        self.assert_row(self.rows(two)["total"], field="5x5")
        dilated = "mb1ic1ih32iw32oc1kh3kw3dh1dw1 -> mb1ic1ih28iw28oc1kh3kw3dh1dw1"
        self.assert_row(self.rows(dilated)["total"], field="9x9")
        growing = ("mb1ic1iw32oc1kw3 -> mb1ic1iw30oc1kw3dw1 -> mb1ic1iw26oc1kw3dw3")
        self.assert_row(self.rows(growing)["total"], field="15")

    def test_other_sequences_have_no_standard_equivalent(self):
        self.assertNotIn("standard", self.rows(
            "mb1ic2ih32iw32oc2kh3kw3 -> mb1ic2ih30iw30oc2kh3kw3"))
        self.assertNotIn("standard", self.rows(
            "g2mb1ic2ih32iw32oc2kh3kw3 -> mb1ic2ih30iw30oc2kh3kw3"))


class ListTest(tool.ToolTest):
    def write(self, text):
        with open(self.path("list.txt"), "w", newline="") as file:
            file.write(text)
        return "list.txt"

    def test_file(self):
        path = self.write("# comment\n\n  \nmb1ic1iw8oc1kw3\r\n"
                          "variant\tthe name\tmb1ic1iw9oc1kw3\tsource\n"
                          "variant\tname\tmb1ic1iw10oc1kw3\n")
        lines = self.succeed("cost", "--file", path).splitlines()
        self.assertEqual([line for line in lines if not line.startswith(" ")],
                         ["mb1ic1iw8oc1ow6kw3pw0", "the name: mb1ic1iw9oc1ow7kw3pw0",
                          "name: mb1ic1iw10oc1ow8kw3pw0"])

    def test_batches(self):
        output = self.succeed("cost", "--batch", "1,8", "ic1iw8oc1kw3", "mb4ic1iw9oc1kw3")
        self.assertEqual(re.findall(r"^mb(\d+)ic1iw(\d+)", output, re.M),
                         [("1", "8"), ("8", "8"), ("1", "9"), ("8", "9")])

    def test_batches_of_every_stage(self):
        output = self.succeed("cost", "--batch", "3", "ic1iw8oc1kw3 -> ic1iw6oc2kw3")
        self.assertEqual(re.findall(r"\b(\d)x2x4\b", output), ["3", "3"])

    def test_bad_lines(self):
        for text, words in [
                ("ic1iw8oc1kw3\nic1iw8oc1kw9\n", ["list.txt:2: ", "ic1iw8oc1"]),
                ("# x\n\nic1xx8\n", ["list.txt:3: ", "xx8"]),
                ("a\tb\n", ["list.txt:1: ", "2 tab-separated fields"]),
                ("a\tb\tic1iw8oc1kw3\td\te\n", ["list.txt:1: ", "5 tab-separated fields"]),
                ("", ["list.txt", "no problem"])]:
            with self.subTest(text=text):
                path = self.write(text)
                for command in "cost", "verify", "bench":
                    self.fail_with(2, words, command, "--file", path)

    def test_bad_arguments(self):
        problem = "ic1iw8oc1kw3"
        self.write(problem)
        for words, arguments in [
                (["--batch", "'0'"], ["--batch", "0", problem]),
                (["--batch", "'1,'"], ["--batch", "1,", problem]),
                (["--batch", "'1,x'"], ["--batch", "1,x", problem]),
                (["missing.txt"], ["--file", "missing.txt"]),
                ["/: Is a directory".split(" ", 1), ["--file", "/"]],
                (["--file", problem], ["--file", "list.txt", problem]),
                (["--nonsense"], ["--nonsense"]),
                (["ic1iw8oc1"], ["g3ic1iw8oc1kw3"])]:
            for command in "cost", "verify", "bench":
                with self.subTest(command=command, arguments=arguments):
                    self.fail_with(2, words, command, *arguments)

    def test_no_problem(self):
        for command in "cost", "bench":
            self.fail_with(2, ["no problem"], command)


if __name__ == "__main__":
    tool.main()
