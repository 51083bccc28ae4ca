"""clconv run: every flag against NumPy, sequences, --check, files."""
import io
import os
import resource
import stat

import numpy

import naive
import tool


def integers(seed, *shape):
    """Small integers, so that every sum is exact."""
    return numpy.random.RandomState(seed).randint(-4, 5, shape).astype("f4")


# flags, shapes of source, weights, bias (None: without), what the flags mean
CONVOLUTIONS = [
    ("", (2, 3, 9, 10), (4, 3, 3, 3), None, {}),
    ("--bias b.npy", (2, 3, 9, 10), (4, 3, 3, 3), (4,), {}),
    ("", (2, 3, 20), (4, 3, 5), None, {}),
    ("", (2, 2, 6, 7, 8), (3, 2, 2, 3, 4), None, {}),
    ("--stride 2", (1, 2, 9, 10), (3, 2, 3, 3), None, {"stride": (2, 2)}),
    ("--stride 2,1", (1, 2, 9, 10), (3, 2, 3, 3), None, {"stride": (2, 1)}),
    ("--stride 1,2,3", (1, 2, 5, 6, 9), (3, 2, 3, 3, 3), None, {"stride": (1, 2, 3)}),
    ("--padding 1", (1, 2, 9, 10), (3, 2, 3, 3), None, {"begin": (1, 1), "end": (1, 1)}),
    ("--padding 1,2", (1, 2, 9, 10), (3, 2, 3, 5), None, {"begin": (1, 2), "end": (1, 2)}),
    ("--padding valid", (1, 2, 9, 10), (3, 2, 3, 3), None, {}),
    ("--padding same", (1, 2, 9, 10), (3, 2, 3, 5), None, {"begin": (1, 2), "end": (1, 2)}),
    ("--padding same", (1, 2, 9, 10), (3, 2, 4, 2), None, {"begin": (1, 0), "end": (2, 1)}),
    ("--padding same --dilation 3", (1, 2, 12), (3, 2, 4), None,
     {"begin": (4,), "end": (5,), "dilation": (3,)}),
    ("--padding same --padding-mode circular", (1, 2, 9, 10), (3, 2, 4, 3), None,
     {"begin": (1, 1), "end": (2, 1), "mode": "circular"}),
    ("--pad-begin 2", (1, 2, 9, 10), (3, 2, 3, 3), None, {"begin": (2, 2)}),
    ("--pad-end 0,2", (1, 2, 9, 10), (3, 2, 3, 3), None, {"end": (0, 2)}),
    ("--pad-end -1", (1, 2, 9, 10), (3, 2, 3, 3), None, {"end": (-1, -1)}),
    ("--padding 1 --pad-begin 2,0", (1, 2, 9, 10), (3, 2, 3, 3), None,
     {"begin": (2, 0), "end": (1, 1)}),
    ("--dilation 2", (1, 2, 9, 10), (3, 2, 3, 3), None, {"dilation": (2, 2)}),
    ("--dilation 1,3", (1, 2, 9, 10), (3, 2, 3, 3), None, {"dilation": (1, 3)}),
    ("--groups 2", (1, 4, 9, 10), (6, 2, 3, 3), None, {"groups": 2}),
    ("--groups 4 --bias b.npy", (1, 4, 9, 10), (8, 1, 3, 3), (8,), {"groups": 4}),
    ("--padding 2 --padding-mode zeros", (1, 2, 9, 10), (3, 2, 3, 3), None,
     {"begin": (2, 2), "end": (2, 2)}),
    ("--padding 2 --padding-mode reflect", (1, 2, 9, 10), (3, 2, 3, 3), None,
     {"begin": (2, 2), "end": (2, 2), "mode": "reflect"}),
    ("--padding 2,1 --padding-mode replicate", (1, 2, 9, 10), (3, 2, 3, 3), None,
     {"begin": (2, 1), "end": (2, 1), "mode": "replicate"}),
    ("--padding 3 --padding-mode circular", (1, 2, 9), (3, 2, 3), None,
     {"begin": (3,), "end": (3,), "mode": "circular"}),
    ("--stride=2 --padding=1 --dilation=2 --groups=2", (2, 4, 11, 12), (6, 2, 3, 3), None,
     {"stride": (2, 2), "begin": (1, 1), "end": (1, 1), "dilation": (2, 2), "groups": 2}),
]

TRANSPOSED = [
    ("", (2, 3, 5, 6), (3, 4, 3, 3), None, {}),
    ("--bias b.npy", (2, 3, 5, 6), (3, 4, 3, 3), (4,), {}),
    ("--stride 2", (2, 3, 7), (3, 4, 3), None, {"stride": (2,)}),
    ("--stride 2,3 --padding 1", (1, 3, 5, 6), (3, 4, 3, 3), None,
     {"stride": (2, 3), "begin": (1, 1), "end": (1, 1)}),
    ("--stride 2 --padding 1 --output-padding 1,0", (1, 3, 5, 6), (3, 4, 3, 3), None,
     {"stride": (2, 2), "begin": (1, 1), "end": (1, 1), "output_padding": (1, 0)}),
    ("--stride 2 --pad-begin 1 --pad-end 0,1", (1, 3, 5, 6), (3, 4, 3, 3), None,
     {"stride": (2, 2), "begin": (1, 1), "end": (0, 1)}),
    ("--dilation 2 --groups 2", (1, 4, 5, 6), (4, 3, 3, 2), None,
     {"dilation": (2, 2), "groups": 2}),
    ("--stride 2", (1, 2, 3, 4, 5), (2, 3, 2, 3, 2), None, {"stride": (2, 2, 2)}),
]


class RunTest(tool.ToolTest):
    def save(self, **arrays):
        for name, array in arrays.items():
            numpy.save(self.path(name + ".npy"), array)

    def load(self, name="y.npy"):
        """Reads a result, which must be byte for byte what NumPy would write."""
        array = numpy.load(self.path(name))
        expected = io.BytesIO()
        numpy.save(expected, array)
        with open(self.path(name), "rb") as file:
            self.assertEqual(file.read(), expected.getvalue())
        return array

    def run_files(self, *flags, **options):
        return self.succeed("run", "--src", "x.npy", "--weights", "w.npy", *flags,
                            "--dst", "y.npy", **options)

    def check_table(self, rows, compute, *flags):
        for seed, (more, x_shape, w_shape, bias_shape, meaning) in enumerate(rows):
            for batched, device in ((True, "auto"), (False, "auto"), (True, "reference")):
                with self.subTest(flags=more, batched=batched, device=device):
                    x = integers(seed, *(x_shape if batched else (1, *x_shape[1:])))
                    w = integers(seed + 100, *w_shape)
                    bias = None if bias_shape is None else integers(seed + 200, *bias_shape)
                    self.save(x=x if batched else x[0], w=w)
                    if bias is not None:
                        self.save(b=bias)
                    self.run_files(*flags, *more.split(), "--device", device)
                    expected = compute(x, w, bias, **meaning)
                    self.assertTrue(expected.any())
                    numpy.testing.assert_array_equal(
                        self.load(), expected if batched else expected[0])

    def test_convolutions(self):
        self.check_table(CONVOLUTIONS, naive.conv)

    def test_transposed(self):
        self.check_table(TRANSPOSED, naive.conv_transposed, "--transposed")

    def test_activations(self):
        x, w = integers(1, 1, 2, 6, 7), integers(2, 3, 2, 3, 3)
        x /= 8
        self.save(x=x, w=w)
        plain = naive.conv(x, w)
        for name, function in naive.ACTIVATIONS.items():
            with self.subTest(activation=name):
                self.run_files("--activation", name)
                numpy.testing.assert_allclose(self.load(), function(plain), rtol=1e-6, atol=1e-6)

    def test_flag_before_its_weights_belongs_to_the_first_stage(self):
        x, w = integers(1, 1, 2, 6, 7), integers(2, 3, 2, 3, 3)
        self.save(x=x, w=w)
        self.succeed("run", "--padding", 1, "--dst", "y.npy", "--weights", "w.npy", "--src",
                     "x.npy")
        numpy.testing.assert_array_equal(self.load(),
                                         naive.conv(x, w, begin=(1, 1), end=(1, 1)))

    def test_sequence(self):
        x = integers(1, 2, 3, 8, 9)
        depthwise, pointwise, bias = integers(2, 3, 1, 3, 3), integers(3, 5, 3, 1, 1), integers(4, 5)
        self.save(x=x, dw=depthwise, pw=pointwise, b=bias)
        self.succeed("run", "--src", "x.npy", "--weights", "dw.npy", "--groups", 3, "--padding", 1,
                     "--activation", "relu", "--weights", "pw.npy", "--bias", "b.npy", "--dst",
                     "y.npy")
        middle = naive.ACTIVATIONS["relu"](
            naive.conv(x, depthwise, groups=3, begin=(1, 1), end=(1, 1)))
        numpy.testing.assert_array_equal(self.load(), naive.conv(middle, pointwise, bias))

    def test_sequence_of_convolution_and_transposed_unbatched(self):
        x, down, up = integers(1, 2, 9), integers(2, 3, 2, 3), integers(3, 3, 1, 4)
        self.save(x=x, down=down, up=up)
        self.succeed("run", "--src", "x.npy", "--weights", "down.npy", "--stride", 2, "--weights",
                     "up.npy", "--transposed", "--stride", 2, "--dst", "y.npy")
        expected = naive.conv_transposed(naive.conv(x[None], down, stride=(2,)), up, stride=(2,))
        numpy.testing.assert_array_equal(self.load(), expected[0])

    def test_longest_sequence(self):
        x, w = integers(1, 1, 1, 20), numpy.ones((1, 1, 2), "f4")
        self.save(x=x, w=w)
        self.succeed("run", "--src", "x.npy", *["--weights", "w.npy"] * 8, "--dst", "y.npy")
        expected = x
        for _ in range(8):
            expected = naive.conv(expected, w)
        numpy.testing.assert_array_equal(self.load(), expected)

    def test_check(self):
        self.save(x=integers(1, 1, 2, 6, 7) / 3, w=integers(2, 3, 2, 3, 3) / 7)
        output = self.run_files("--check")
        self.assertRegex(output, r"\Acheck: worst error / bound [0-9.e+-]+ .*: OK\n\Z")

    def test_check_finds_a_wrong_result(self):
        self.save(x=integers(1, 1, 2, 6, 7), w=integers(2, 3, 2, 3, 3))
        result = self.clconv("run", "--src", "x.npy", "--weights", "w.npy", "--dst", "y.npy",
                             "--check", env={"LD_PRELOAD": tool.WRONG_RESULT})
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stdout, r"error 1 at element 0\): WRONG, 1 of 60 elements\n")
        self.assertEqual(self.files(), ["w.npy", "x.npy"])

    def test_verbose_names_device_and_algorithm(self):
        self.save(x=integers(1, 1, 2, 6, 7), w=integers(2, 3, 2, 3, 3))
        output = self.run_files("--verbose", "--algorithm", "direct", "--device", "auto")
        self.assertIn("ic2ih6iw7oc3oh4ow5kh3kw3", output)
        self.assertIn("direct", output)
        self.assertIn("device ", output)
        self.assertRegex(output, r"upload [0-9.]+ ms, compute [0-9.]+ ms, download [0-9.]+ ms")

    def test_quiet_without_flags(self):
        self.save(x=integers(1, 1, 2, 6, 7), w=integers(2, 3, 2, 3, 3))
        self.assertEqual(self.run_files(), "")
        self.assertEqual(self.files(), ["w.npy", "x.npy", "y.npy"])

    def test_npy_versions(self):
        x, w = integers(1, 1, 2, 6, 7), integers(2, 3, 2, 3, 3)
        self.save(w=w)
        for version in ((1, 0), (2, 0), (3, 0)):
            with self.subTest(version=version):
                with open(self.path("x.npy"), "wb") as file:
                    numpy.lib.format.write_array(file, x, version)
                self.run_files()
                numpy.testing.assert_array_equal(self.load(), naive.conv(x, w))

    def test_result_may_replace_a_source(self):
        x, w = integers(1, 1, 2, 6, 7), integers(2, 3, 2, 3, 3)
        self.save(x=x, w=w)
        self.succeed("run", "--src", "x.npy", "--weights", "w.npy", "--dst", "x.npy")
        numpy.testing.assert_array_equal(self.load("x.npy"), naive.conv(x, w))
        self.assertEqual(self.files(), ["w.npy", "x.npy"])

    def test_result_has_the_permissions_of_a_new_file(self):
        self.save(x=integers(1, 1, 2, 6, 7), w=integers(2, 3, 2, 3, 3))
        self.run_files()
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("y.npy")).st_mode), 0o666 & ~mask)

    def test_without_platform_the_reference_computes(self):
        x, w = integers(1, 1, 2, 6, 7), integers(2, 3, 2, 3, 3)
        self.save(x=x, w=w)
        output = self.run_files("--verbose", env={"OCL_ICD_VENDORS": "/nonexistent"})
        self.assertIn("reference", output)
        numpy.testing.assert_array_equal(self.load(), naive.conv(x, w))

    def test_failing_write_leaves_nothing(self):
        self.save(x=integers(1, 1, 2, 60, 70), w=integers(2, 3, 2, 3, 3))
        with open(self.path("y.npy"), "w") as file:
            file.write("what was there")
        # Python ignores SIGXFSZ, and the command inherits that: writes fail with EFBIG.
        self.fail_with(
            2, ["y.npy", "File too large"], "run", "--src", "x.npy", "--weights", "w.npy", "--dst",
            "y.npy", "--device", "reference", restore_signals=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        with open(self.path("y.npy")) as file:
            self.assertEqual(file.read(), "what was there")


class HelpTest(tool.ToolTest):
    def test_help(self):
        for arguments in (("--help",), ("-h",)):
            output = self.succeed(*arguments)
            self.assertIn("  run ", output)
            self.assertIn("  filter ", output)

    def test_help_of_commands(self):
        for command in ("run", "filter"):
            with self.subTest(command=command):
                output = self.succeed(command, "--help")
                self.assertRegex(output, rf"\AUsage: clconv {command} ")
                self.assertRegex(output, rf"\nExample:\n  clconv {command} ")
                for flag in ("--device", "--algorithm", "--verbose", "--help"):
                    self.assertIn(flag, output)
                self.assertLess(max(map(len, output.splitlines())), 101)

    def test_version(self):
        self.assertRegex(self.succeed("--version"), r"\Aclconv [0-9]+\.[0-9]+\.[0-9]+\n\Z")

    def test_usage(self):
        self.fail_with(2, ["no command"])
        self.fail_with(2, ["'convolve' is no command"], "convolve")
        self.fail_with(2, ["--src is missing"], "run")
        self.fail_with(2, ["--nonsense", "unknown option"], "run", "--nonsense")
        self.fail_with(2, ["--src", "missing argument"], "run", "--src")

    def test_standard_output_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            result = tool.subprocess.run([tool.CLCONV, "--help"], stdout=full,
                                         stderr=tool.subprocess.PIPE, universal_newlines=True)
        self.assertEqual(result.returncode, 2)
        self.assertIn("No space left on device", result.stderr)


if __name__ == "__main__":
    tool.main()
