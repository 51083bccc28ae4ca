"""clconv run on bad input: an exit code, one clear line, and nothing written."""
import os
import struct

import numpy

import tool


def header(text, version=1, length=None):
    """A .npy file up to its data, with any text as header."""
    size = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode("latin1")


def described(shape, descr="'<f4'", order="False"):
    return header(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n")


FOUR_BYTES = b"\0" * 4

# what the source file holds, what the line says of it
DAMAGED_FILES = [
    (b"", "not a .npy file"),
    (b"PK\x03\x04 something else altogether", "not a .npy file"),
    (b"\x93NUMPY", "not a .npy file"),
    (b"\x93NUMPY\x01\x00v", "truncated .npy header"),
    (b"\x93NUMPY\x04\x00v\x00{}", "version 4.0"),
    (b"\x93NUMPY\x01\x01v\x00{}", "version 1.1"),
    (header("{'descr'", length=200), "truncated .npy header"),
    (header("{}", version=2, length=0xFFFFFFFF), "claims 4294967295 bytes"),
    (header("{}", version=3, length=65537), "claims 65537 bytes"),
    (header(""), "not a dictionary"),
    (header("[1, 2, 3]"), "not a dictionary"),
    (header("\0\xff\1\2garbage"), "not a dictionary"),
    (header("{}"), "lacks"),
    (header("{'descr': '<f4', 'shape': (1,)}") + FOUR_BYTES, "lacks"),
    (header("{'descr': '<f4', 'color': 'red'}"), "key 'color'"),
    (header("{'descr': '<f4', 'descr': '<f4'}"), "key 'descr'"),
    (header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x") + FOUR_BYTES, "text after"),
    (header("{'descr': '<f4"), "no type"),
    (header("{'descr': 4}"), "no type"),
    (described("(1,)", descr="'\\n\\x1b'"), "no type"),
    (described("(1,)", descr="'\n\x1b[2J'"), "its type is '??[2J'"),
    (described("(1,)", descr="[('a', '<f4')]"), "structured"),
    (described("(1,)", descr="'>f4'") + FOUR_BYTES, "big-endian"),
    (described("(1,)", descr="'<f8'") + 2 * FOUR_BYTES, "'<f8'"),
    (described("(1,)", descr="'<f2'") + FOUR_BYTES, "'<f2'"),
    (described("(1,)", descr="'|O'"), "'|O'"),
    (described("(1,)", order="True") + FOUR_BYTES, "Fortran order"),
    (described("(1,)", order="0") + FOUR_BYTES, "neither True nor False"),
    (described("()") + FOUR_BYTES, "single number"),
    (described("(0,)"), "(0,) has no elements"),
    (described("(99999999999999999, 99999999999999, 0)"), "no elements"),
    (described("(-1,)"), "negative dimension"),
    (described("(1)") + FOUR_BYTES, "not a tuple"),
    (described("1") + FOUR_BYTES, "not a tuple"),
    (described("(1, x)") + FOUR_BYTES, "not a tuple of numbers"),
    (described("(1, 1, 1, 1, 1, 1)") + FOUR_BYTES, "more than 5 dimensions"),
    (described("(99999999999999999999,)"), "beyond 64 bits"),
    (described("(4294967296, 4294967296, 4294967296)"), "beyond 64 bits"),
    (described("(4611686018427387904, 2)"), "beyond 64 bits"),
    (described("(1000000, 1000000)") + FOUR_BYTES, "truncated: shape (1000000, 1000000)"),
    (described("(2,)") + FOUR_BYTES, "shape (2,) needs 8 bytes, the file has 4"),
    (described("(1,)") + 2 * FOUR_BYTES, "longer than its header says"),
]

ARRAYS = {
    "x": (1, 4, 9, 10),
    "w": (6, 4, 3, 3),
    "w5": (6, 5, 3, 3),
    "g2": (6, 2, 3, 3),
    "wt": (5, 4, 3, 3),
    "b": (6,),
    "b5": (5,),
    "b2": (6, 1),
    "w1d": (6, 4, 3),
    "w2": (6, 4),
    "w9": (6, 4, 12, 3),
    "next": (2, 6, 1, 1),
    "bad_next": (2, 5, 1, 1),
    "next1d": (2, 6, 1),
}

# flags after --src x.npy, words in the line
BAD_REQUESTS = [
    ("--weights w.npy extra", ["unexpected argument 'extra'"]),
    ("--weights none.npy", ["none.npy: No such file"]),
    ("--weights .", ["not a regular file"]),
    ("--weights /dev/zero", ["not a regular file"]),
    ("--weights w5.npy", ["w5.npy", "(6, 5, 3, 3)", "4 channels"]),
    ("--weights w.npy --groups 2", ["w.npy", "2 groups", "must be 2"]),
    ("--weights g2.npy --groups 3", ["g3", "4"]),
    ("--weights g2.npy --groups 4", ["g4", "6"]),
    ("--weights w.npy --groups 0", ["--groups", "'0'"]),
    ("--weights w.npy --groups 99999999999999999999", ["--groups"]),
    ("--weights wt.npy --transposed", ["wt.npy", "must be 4"]),
    ("--weights w.npy --transposed --groups 9223372036854775807", ["--groups"]),
    ("--weights w2.npy", ["w2.npy", "3, 4 or 5 dimensions"]),
    ("--weights w1d.npy", ["x.npy", "w1d.npy", "1 spatial axes"]),
    ("--weights w9.npy", ["ih9", "kh12"]),
    ("--weights w.npy --bias b5.npy", ["b5.npy", "(5,)", "6 output channels"]),
    ("--weights w.npy --bias b2.npy", ["b2.npy", "(6, 1)"]),
    ("--weights w.npy --stride 0", ["sh0"]),
    ("--weights w.npy --stride -1", ["sh-1"]),
    ("--weights w.npy --stride 1,2,3", ["--stride has 3 numbers", "2 spatial axes"]),
    ("--weights w.npy --stride 1,2,3,4", ["--stride"]),
    ("--weights w.npy --stride 1.5", ["--stride", "'1.5'"]),
    ("--weights w.npy --stride 1,", ["--stride", "'1,'"]),
    ("--weights w.npy --stride two", ["--stride", "'two'"]),
    ("--weights w.npy --stride= ", ["--stride"]),
    ("--weights w.npy --stride 99999999999999999999", ["--stride"]),
    ("--weights w.npy --stride 1 --stride 2", ["--stride is given twice", "stage 1"]),
    ("--weights w.npy --src x.npy", ["--src is given twice"]),
    ("--weights w.npy --dilation 0", ["dilation is 0"]),
    ("--weights w.npy --dilation 9223372036854775807", ["dilation"]),
    ("--weights w.npy --padding -1", ["ph-1"]),
    ("--weights w.npy --padding 9223372036854775807", ["padding"]),
    ("--weights w.npy --padding half", ["--padding", "'half'"]),
    ("--weights w.npy --padding same --stride 2", ["stride"]),
    ("--weights w.npy --padding same --pad-end 1", ["--padding same", "--pad-end"]),
    ("--weights w.npy --padding 9 --padding-mode reflect", ["reflect"]),
    ("--weights w.npy --padding 10 --padding-mode circular", ["circular"]),
    ("--weights w.npy --padding-mode mirror", ["--padding-mode", "'mirror'"]),
    ("--weights w.npy --activation gelu", ["--activation", "'gelu'"]),
    ("--weights w.npy --activation leaky_relu:", ["--activation"]),
    ("--weights w.npy --activation leaky_relu:x", ["--activation"]),
    ("--weights w.npy --activation leaky_relu:nan", ["leaky_relu"]),
    ("--weights w.npy --output-padding 1", ["output_padding is 1"]),
    ("--weights w.npy --pad-end -9", ["eh-9"]),
    ("--weights w.npy --weights bad_next.npy", ["bad_next.npy", "6 channels"]),
    ("--weights w.npy --weights next1d.npy", ["next1d.npy", "(6, 4, 3, 3)"]),
    ("--weights w.npy" + " --weights next.npy" * 8, ["more than 8 stages"]),
    ("--weights w.npy --device nonesuch", ["nonesuch"]),
    ("--weights w.npy --device 99", ["99"]),
    ("--weights w.npy --algorithm nonesuch", ["nonesuch"]),
    ("--weights w.npy --algorithm depthwise", ["depthwise"]),
]


class BadInputTest(tool.ToolTest):
    def setUp(self):
        super().setUp()
        for name, shape in ARRAYS.items():
            numpy.save(self.path(name + ".npy"), numpy.ones(shape, "f4"))

    def fail_run(self, words, *flags, code=2, src="x.npy", dst="y.npy", **options):
        self.fail_with(code, words, "run", "--src", src, "--dst", dst, *flags, **options)

    def test_damaged_files(self):
        for content, words in DAMAGED_FILES:
            with self.subTest(content=content[:100], words=words):
                with open(self.path("damaged.npy"), "wb") as file:
                    file.write(content)
                self.fail_run(["damaged.npy: ", words], "--weights", "w.npy", src="damaged.npy")

    def test_truncations(self):
        with open(self.path("x.npy"), "rb") as file:
            whole = file.read()
        for length in [*range(0, 128, 5), 128, 129, len(whole) - 1]:
            with self.subTest(length=length):
                with open(self.path("short.npy"), "wb") as file:
                    file.write(whole[:length])
                self.fail_run(["short.npy: "], "--weights", "w.npy", src="short.npy")

    def test_file_larger_than_memory(self):
        with open(self.path("sparse.npy"), "wb") as file:
            file.write(described("(1, 1, 1048576, 1048576)"))
            file.truncate(file.tell() + 4 * 2**40)
        self.fail_run(["sparse.npy", "4398046511104 bytes", "memory"], "--weights", "w.npy",
                      src="sparse.npy")

    def test_bad_requests(self):
        for flags, words in BAD_REQUESTS:
            with self.subTest(flags=flags):
                self.fail_run(words, *flags.split())

    def test_missing_flags(self):
        self.fail_with(2, ["--src is missing"], "run", "--weights", "w.npy", "--dst", "y.npy")
        self.fail_with(2, ["--weights is missing"], "run", "--src", "x.npy", "--dst", "y.npy")
        self.fail_with(2, ["--dst is missing"], "run", "--src", "x.npy", "--weights", "w.npy")

    def test_reflect_padding_wider_than_the_input(self):
        self.fail_run(["reflect", "ih9"], "--weights", "w.npy", "--padding", "9,1",
                      "--padding-mode", "reflect")

    def test_output_padding_not_below_stride(self):
        numpy.save(self.path("up.npy"), numpy.ones((4, 2, 3, 3), "f4"))
        self.fail_run(["output"], "--weights", "up.npy", "--transposed", "--stride", 2,
                      "--output-padding", 2)

    def test_transposed_takes_zeros_only(self):
        numpy.save(self.path("up.npy"), numpy.ones((4, 2, 3, 3), "f4"))
        self.fail_run(["reflect"], "--weights", "up.npy", "--transposed", "--padding", 1,
                      "--padding-mode", "reflect")

    def test_destinations(self):
        os.mkdir(self.path("folder"))
        for dst, words in [("missing/y.npy", "missing/y.npy"), ("folder", "is a directory"),
                           ("/dev/null", "/dev/null: not a regular file"),
                           ("x.npy/y.npy", "x.npy/y.npy"), ("", ""), ("y" * 300, "too long")]:
            with self.subTest(dst=dst):
                self.fail_run([words], "--weights", "w.npy", dst=dst)
        self.assertFalse(os.path.isfile("/dev/null"))

    def test_no_platform(self):
        self.fail_run(["0x"], "--weights", "w.npy", "--device", "0x",
                      env={"OCL_ICD_VENDORS": "/nonexistent"})

    def test_result_larger_than_the_device(self):
        if "Portable" not in self.succeed("devices"):
            self.skipTest("needs PoCL, whose memory can be limited")
        numpy.save(self.path("up.npy"), numpy.ones((4, 1, 2, 2), "f4"))
        self.fail_run(["largest buffer"], "--weights", "up.npy", "--transposed", "--stride", 1000,
                      "--device", "portable", code=3, env={"POCL_MEMORY_LIMIT": "1"})

    def test_result_larger_than_the_host(self):
        numpy.save(self.path("many.npy"), numpy.ones((500, 1, 1), "f4"))
        numpy.save(self.path("up.npy"), numpy.ones((1, 1, 2), "f4"))
        self.fail_run(["no memory for a result of shape (500, 1, 2000000001)"], "--weights",
                      "up.npy", "--transposed", "--pad-end", "0", "--output-padding", "1999999999",
                      "--stride", "2000000000", code=3, src="many.npy")


if __name__ == "__main__":
    tool.main()
