"""The page of `clconv report` in a browser: what it draws, and that it does so without complaint.

    test_page.py CLCONV CHROMIUM
"""
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import sample

CLCONV, CHROMIUM = map(os.path.abspath, sys.argv[1:3])
HOSTILE = "</script><script>document.title='broken'</script><b id=hostile> <!-- \" ' & \u2028"
SECTIONS = ("ratios", "means", "sweeps")


class Page:
    """The page of a report, as it is once its scripts have run."""

    def __init__(self, report, width=1280, script=""):
        with tempfile.TemporaryDirectory(prefix="clconv-test-") as directory:
            source, target = (os.path.join(directory, name) for name in ("in.json", "out.html"))
            with open(source, "w", encoding="utf-8") as stream:
                json.dump(report, stream)
            subprocess.run([CLCONV, "report", source, target], check=True, timeout=60)
            with open(target, "a", encoding="utf-8") as stream:
                stream.write(script)
            done = subprocess.run(
                [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                 "--enable-logging=stderr", f"--window-size={width},900",
                 f"--user-data-dir={directory}/profile", "file://" + target],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=True)
        self.dom = done.stdout.decode()
        self.console = [line for line in done.stderr.decode(errors="replace").splitlines()
                        if ":CONSOLE" in line]
        # Without the scripts, whose source has tags in its strings.
        self.body = re.sub(r"<script.*?</script>", "", self.dom, flags=re.DOTALL)

    def count(self, tag, name):
        """Elements of a tag that have the class."""
        return len(re.findall(rf'<{tag}\b[^>]* class="(?:[^"]* )?{name}(?: [^"]*)?"', self.body))

    def inside(self, id_, tag):
        """The content of the element with an id, which holds no other of its tag."""
        found = re.search(rf'<{tag}\b[^>]* id="{id_}"[^>]*>(.*?)</{tag}>', self.body, re.DOTALL)
        return found.group(1) if found else ""

    def hidden(self, section):
        found = re.search(rf'<section[^>]* data-needs="{section}"[^>]*>', self.body)
        return "hidden" in found.group(0)


def first_cells(table):
    body = table.partition("<tbody>")[2]
    return [html.unescape(text) for text in re.findall(r'<th scope="row">(.*?)</th>', body)]


class PageTest(unittest.TestCase):
    def assert_quiet(self, page):
        self.assertEqual(page.console, [])

    def test_everything(self):
        report = sample.report()
        good = [row for row in report["results"] if row["verdict"] == "OK"]
        ratios = [peer["ratio"] for row in good for peer in row["peers"] if "ratio" in peer]
        page = Page(report)
        self.assert_quiet(page)
        self.assertEqual(page.count("path", "point"), len(good))
        self.assertEqual(page.count("path", "roof"), 1)
        self.assertEqual(page.count("rect", "bar"), len(ratios))
        self.assertEqual(page.count("rect", "slower"), sum(ratio < 1 for ratio in ratios))
        self.assertEqual(page.count("path", "one"), len(sample.SETTINGS))
        self.assertEqual(page.count("circle", "sweep-point"),
                         sum(len(sweep["points"]) for sweep in report["sweeps"]))
        self.assertEqual(len(first_cells(page.inside("rows", "table"))), len(report["results"]))
        self.assertEqual(first_cells(page.inside("means", "table")), ["all", *sample.VARIANTS])
        for section in SECTIONS:
            self.assertFalse(page.hidden(section), section)
        self.assertNotIn("NaN", page.body)
        self.assertNotIn("undefined", page.body)

    def test_says_what_it_must(self):
        page = Page(sample.report())
        for words in ["Sample device (invented numbers)", "2026-01-31 12:00 UTC", "0123456789ab",
                      "clconv bench --file sample.txt", "peak 400 GFLOP/s", "bandwidth 20.0 GB/s",
                      "dst[17] is 0.25 and should be 0.5", "a sample of a driver's message",
                      "no sample of it is installed", "convgemm has two axes", "OpenCL C 1.2",
                      "Sample CPU", "sample-cc 1.0", "-O3", "what the sample says about plain"]:
            self.assertIn(words, html.unescape(page.body))
        self.assertNotIn("Interrupted:", page.body)

    def test_interrupted(self):
        page = Page({**sample.report(layers=1), "interrupted": True})
        self.assertRegex(page.body, r'id="interrupted"[^>]*>Interrupted: .*holds the 22 rows')

    def test_hostile_strings(self):
        report = sample.report(layers=1)
        for row in report["results"]:
            for key in ("variant", "name", "problem", "algorithm", "reason"):
                row[key] = HOSTILE
            for peer in row.get("peers", []):
                peer["setting"] = HOSTILE
        for part in ("device", "host", "clconv"):
            report[part] = {key: HOSTILE if isinstance(value, str) else value
                            for key, value in report[part].items()}
        report["command"] = report["started"] = HOSTILE
        report["options"] = {HOSTILE: HOSTILE}
        report["missing_peers"] = [{"peer": HOSTILE, "reason": HOSTILE}]
        page = Page(report)
        self.assert_quiet(page)
        self.assertNotIn("<b id", page.body)
        self.assertNotIn("<title>broken", page.dom)
        self.assertIn(html.escape(HOSTILE, quote=False), page.inside("command", "pre"))

    def test_little(self):
        """A report without peers, sweeps or measured roofs, and one without rows."""
        report = sample.report(layers=1)
        report["device"].update(peak_gflop_per_s=None, bandwidth_gbyte_per_s=None)
        report.update(means=[], sweeps=[], peers=[], missing_peers=[])
        for row in report["results"]:
            row.update(peers=[], roofline_share=None, cold_ns=None)
        for rows in (report["results"], []):
            page = Page({**report, "results": rows})
            self.assert_quiet(page)
            self.assertEqual(page.count("path", "point"), max(0, len(rows) - 2))
            self.assertEqual(page.count("path", "roof"), 0)
            self.assertNotIn("NaN", page.body)
            for section in SECTIONS:
                self.assertTrue(page.hidden(section), section)

    def test_narrow(self):
        """On a phone nothing is wider than the window; tables scroll on their own."""
        page = Page(sample.report(layers=1), width=500, script="""<script>
            document.title = document.documentElement.scrollWidth <= window.innerWidth
                ? "fits" : "too wide";</script>""")
        self.assert_quiet(page)
        self.assertIn("<title>fits", page.dom)

    def test_sorting(self):
        """A heading sorts upwards, then downwards, rows without the number last."""
        report = sample.report(layers=1)
        rates = {f"{row['name']}, batch {row['batch']}": row.get("gflop_per_s")
                 for row in report["results"]}
        good = sorted((name for name in rates if rates[name]), key=rates.get)
        for clicks, wanted in ((1, good), (2, good[::-1])):
            page = Page(report, script="""<script>{
                const heading = [...document.querySelectorAll("#rows thead button")]
                    .find((button) => button.textContent.startsWith("GFLOP/s"));
                """ + "heading.click();" * clicks + "}</script>")
            self.assert_quiet(page)
            self.assertEqual(first_cells(page.inside("rows", "table"))[:len(good)], wanted)

    def test_a_broken_report_is_noticed(self):
        """That the console is heard: a report whose rows are numbers breaks the page."""
        self.assertNotEqual(Page({"schema": 1, "results": [None]}).console, [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
