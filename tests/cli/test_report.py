"""clconv report: what it writes, and what it refuses. tests/report/ looks at the page itself."""
import json
import re

import tool

REPORT = {"schema": 1, "results": []}
HOSTILE = "</script><script>alert(1)</script> <!-- \" ' & \\ \u2028 \u00fc \U0001f600"


class ReportTest(tool.ToolTest):
    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as stream:
            stream.write(text)
        return name

    def page(self, report):
        self.write("in.json", json.dumps(report))
        self.assertEqual(self.succeed("report", "in.json", "out.html"), "")
        with open(self.path("out.html"), encoding="utf-8") as stream:
            return stream.read()

    def test_carries_the_report(self):
        report = {**REPORT, "command": HOSTILE, "numbers": [0.1, 1e-9, 12345678901234]}
        page = self.page(report)
        carried = re.findall(r'<script type="application/json" id="report">(.*?)</script>', page,
                             re.DOTALL)
        self.assertEqual(len(carried), 1)
        self.assertNotIn("<", carried[0])
        self.assertEqual(json.loads(carried[0]), report)
        self.assertEqual(self.files(), ["in.json", "out.html"])

    def test_needs_no_other_file(self):
        page = self.page(REPORT)
        self.assertNotRegex(page, r"\{\{\w+\}\}", "a marker of the template is left")
        self.assertNotRegex(page, r"<(link|img|iframe)\b|<script[^>]*\bsrc=|@import|\burl\((?!#)")
        self.assertIn("default-src 'none'", page)

    def test_replaces_the_page(self):
        self.write("out.html", "what was there")
        self.assertIn("</html>", self.page(REPORT))

    def test_bad_input(self):
        self.write("good.json", json.dumps(REPORT))
        self.write("broken.json", '{"schema": 1,\n "results": [}')
        self.write("other.json", '{"schema": 2, "results": []}')
        self.write("list.json", "[]")
        self.write("empty.json", "")
        for words, arguments in [
                (["two files"], []),
                (["two files"], ["good.json"]),
                (["two files"], ["good.json", "out.html", "more"]),
                (["--nonsense"], ["--nonsense"]),
                (["missing.json", "No such file"], ["missing.json", "out.html"]),
                ([".", "not a regular file"], [".", "out.html"]),
                (["broken.json:2:", "not JSON"], ["broken.json", "out.html"]),
                (["empty.json", "not JSON"], ["empty.json", "out.html"]),
                (["other.json", "schema 1"], ["other.json", "out.html"]),
                (["list.json", "schema 1"], ["list.json", "out.html"]),
                (["no/out.html", "cannot write"], ["good.json", "no/out.html"]),
                ([".", "is a directory"], ["good.json", "."])]:
            with self.subTest(arguments=arguments):
                self.fail_with(2, words, "report", *arguments)

    def test_help(self):
        shown = self.succeed("report", "--help")
        self.assertIn("clconv report bench.json bench.html", shown)
        self.assertIn("  report ", self.succeed("--help"))


if __name__ == "__main__":
    tool.main()
