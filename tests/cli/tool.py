"""What the tests of the command line share: a scratch directory, the command, the closing line."""
import os
import subprocess
import sys
import tempfile
import unittest

CLCONV, WRONG_RESULT = map(os.path.abspath, sys.argv[1:3])


class ToolTest(unittest.TestCase):
    """Each test runs in an empty directory of its own."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="clconv-test-")
        self.addCleanup(self.scratch.cleanup)
        self.directory = self.scratch.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def files(self):
        return sorted(os.listdir(self.directory))

    def clconv(self, *arguments, env=None, timeout=300, **options):
        """Runs the command in the scratch directory. The timeout is for one that hangs."""
        return subprocess.run(
            [CLCONV, *map(str, arguments)], cwd=self.directory, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True, timeout=timeout,
            env={**os.environ, **(env or {})}, **options)

    def succeed(self, *arguments, **options):
        """Runs the command; it must end well and say nothing on stderr."""
        result = self.clconv(*arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""), command_line(arguments))
        return result.stdout

    def fail_with(self, code, words, *arguments, **options):
        """Runs the command; it must end with the code, print one line on stderr that holds all of
        the words, nothing on stdout, and leave the directory as it was."""
        before = self.files()
        result = self.clconv(*arguments, **options)
        shown = command_line(arguments) + "\n" + result.stderr
        self.assertEqual(result.returncode, code, shown)
        self.assertRegex(result.stderr, r"\Aclconv: [^\n]+\n\Z", shown)
        self.assertLess(len(result.stderr), 400, shown)
        for word in words:
            self.assertIn(word, result.stderr, shown)
        self.assertEqual(result.stdout, "", shown)
        self.assertEqual(self.files(), before, shown)


def command_line(arguments):
    return "clconv " + " ".join(map(str, arguments))


class _Result(unittest.TextTestResult):
    """Counts subtests as the tests they are."""
    count = 0

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        self.count += 1

    def stopTest(self, test):
        super().stopTest(test)
        self.count += 1


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=_Result).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.count - failed} passed, {failed} failed")
    sys.exit(failed != 0 or result.count == 0)
