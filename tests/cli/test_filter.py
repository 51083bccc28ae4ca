"""clconv filter: every kernel against NumPy, every kind of PNG, bad pictures."""
import math
import os

import numpy

import naive
import png
import tool

SOBEL_X = numpy.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
SHARPEN = numpy.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])


def gauss(sigma):
    radius = math.ceil(3 * sigma)
    line = numpy.exp(-numpy.arange(-radius, radius + 1)**2 / (2 * sigma**2))
    return numpy.outer(line, line) / line.sum()**2


def correlate(planes, kernel):
    """Each of C x H x W planes with the kernel, the border repeated."""
    rows, columns = kernel.shape
    begin = ((rows - 1) // 2, (columns - 1) // 2)
    end = (rows - 1 - begin[0], columns - 1 - begin[1])
    return naive.conv(planes[:, None], kernel[None, None], begin=begin, end=end,
                      mode="replicate")[:, 0]


def planes_of(pixels):
    return pixels.astype("f8").transpose(2, 0, 1)


def brightness(pixels):
    weights = [1] if pixels.shape[2] == 1 else [0.299, 0.587, 0.114]
    return (pixels @ weights)[None]


def random_pixels(seed, height, width, channels):
    return numpy.random.RandomState(seed).randint(0, 256, (height, width, channels))


class FilterTest(tool.ToolTest):
    def write(self, pixels, kind, name="in.png", **options):
        with open(self.path(name), "wb") as file:
            file.write(png.encode(pixels, kind, **options))

    def read(self, name="out.png"):
        with open(self.path(name), "rb") as file:
            return png.decode(file.read())

    def filter(self, kernel, *flags):
        output = self.succeed("filter", "in.png", "out.png", "--kernel", kernel, *flags)
        return (*self.read(), output)

    def assert_pixels(self, pixels, expected_planes):
        """Equal to the expected planes, rounded and clamped; one step off only at a rounding tie
        of float32 and double precision."""
        expected = numpy.clip(expected_planes, 0, 255).transpose(1, 2, 0)
        self.assertEqual(pixels.shape, expected.shape)
        worst = numpy.abs(pixels - expected).max()
        self.assertLess(worst, 0.501)

    def test_kernels_on_gray_and_color(self):
        cases = [("gauss:1", gauss(1)), ("gauss:0.4", gauss(0.4)), ("box:3", numpy.ones((3, 3)) / 9),
                 ("box:4", numpy.ones((4, 4)) / 16), ("box:1", numpy.ones((1, 1))),
                 ("sharpen", SHARPEN)]
        for kind, channels in ((png.GRAY, 1), (png.RGB, 3)):
            pixels = random_pixels(channels, 17, 23, channels)
            self.write(pixels, kind)
            for name, kernel in cases:
                with self.subTest(kernel=name, channels=channels):
                    result, result_kind, _ = self.filter(name)
                    self.assertEqual(result_kind, kind)
                    self.assert_pixels(result, correlate(planes_of(pixels), kernel))

    def test_gradients(self):
        for kind, channels in ((png.GRAY, 1), (png.RGB, 3)):
            pixels = random_pixels(channels, 17, 23, channels)
            self.write(pixels, kind)
            x = correlate(brightness(pixels), SOBEL_X)
            y = correlate(brightness(pixels), SOBEL_X.T)
            for name, expected in (("sobel-x", 128 + x / 4), ("sobel-y", 128 + y / 4),
                                   ("sobel", numpy.hypot(x, y))):
                with self.subTest(kernel=name, channels=channels):
                    result, result_kind, _ = self.filter(name)
                    self.assertEqual(result_kind, png.GRAY)
                    self.assert_pixels(result, expected)

    def test_sobel_points_right_and_down(self):
        pixels = numpy.zeros((8, 8, 1), int)
        pixels[:, 4:] = 100
        self.write(pixels, png.GRAY)
        right, down = self.filter("sobel-x")[0], self.filter("sobel-y")[0]
        self.assertEqual(right[4, 3, 0], 128 + 100)
        self.assertEqual(right[4, 0, 0], 128)
        self.assertTrue((down == 128).all())

    def test_alpha_is_kept(self):
        for kind, channels in ((png.GRAY_ALPHA, 1), (png.RGB_ALPHA, 3)):
            pixels = random_pixels(channels, 9, 11, channels + 1)
            self.write(pixels, kind)
            with self.subTest(channels=channels):
                result, result_kind, _ = self.filter("box:3")
                self.assertEqual(result_kind, kind)
                numpy.testing.assert_array_equal(result[..., -1], pixels[..., -1])
                self.assert_pixels(result[..., :-1],
                                   correlate(planes_of(pixels[..., :-1]), numpy.ones((3, 3)) / 9))
                result, result_kind, _ = self.filter("sobel")
                self.assertEqual(result_kind, png.GRAY_ALPHA)
                numpy.testing.assert_array_equal(result[..., -1], pixels[..., -1])

    def test_sixteen_bits_become_eight(self):
        pixels = random_pixels(5, 9, 11, 3)
        self.write(pixels * 257, png.RGB, bits=16)
        numpy.testing.assert_array_equal(self.filter("box:1")[0], pixels)

    def test_palette_becomes_colors(self):
        palette, indices = random_pixels(6, 1, 20, 3)[0], random_pixels(7, 9, 11, 1) % 20
        self.write(indices, png.PALETTE, palette=palette)
        result, kind, _ = self.filter("box:1")
        self.assertEqual(kind, png.RGB)
        numpy.testing.assert_array_equal(result, palette[indices[..., 0]])

    def test_kernel_file(self):
        pixels = random_pixels(8, 17, 23, 1)
        self.write(pixels, png.GRAY)
        for shape in ((3, 3), (2, 4), (1, 5), (5, 1), (1, 1), (25, 3)):
            with self.subTest(shape=shape):
                kernel = (numpy.random.RandomState(9).rand(*shape) / numpy.prod(shape)).astype("f4")
                numpy.save(self.path("k.npy"), kernel)
                self.assert_pixels(self.filter("k.npy")[0], correlate(planes_of(pixels), kernel))

    def test_zero_kernel_gives_black(self):
        self.write(random_pixels(8, 5, 6, 1), png.GRAY)
        numpy.save(self.path("k.npy"), numpy.zeros((3, 3), "f4"))
        self.assertFalse(self.filter("k.npy")[0].any())

    def test_separable_kernels_run_in_two_stages(self):
        self.write(random_pixels(8, 17, 23, 1), png.GRAY)
        for name, size in (("gauss:1", 7), ("box:5", 5), ("sobel-x", 3), ("sobel-y", 3)):
            with self.subTest(kernel=name):
                output = self.filter(name, "--verbose")[2]
                self.assertIn(f"{name} is separable: {size}x1, then 1x{size}; {2 * size} "
                              f"multiplications a value instead of {size**2}\n", output)
                self.assertIn(f"kh{size}kw1", output)
                self.assertIn(f"kh1kw{size}", output)

    def test_other_kernels_run_in_one_stage(self):
        self.write(random_pixels(8, 17, 23, 1), png.GRAY)
        for name in ("sharpen", "sobel"):
            with self.subTest(kernel=name):
                output = self.filter(name, "--verbose")[2]
                self.assertNotIn("separable", output)
                self.assertIn("kh3kw3", output)

    def test_on_the_reference_device(self):
        pixels = random_pixels(10, 9, 11, 3)
        self.write(pixels, png.RGB)
        result = self.filter("gauss:1", "--device", "reference")[0]
        self.assert_pixels(result, correlate(planes_of(pixels), gauss(1)))

    def test_picture_may_replace_itself(self):
        pixels = random_pixels(11, 9, 11, 3)
        self.write(pixels, png.RGB)
        self.succeed("filter", "in.png", "in.png", "--kernel", "box:3")
        self.assert_pixels(self.read("in.png")[0],
                           correlate(planes_of(pixels), numpy.ones((3, 3)) / 9))
        self.assertEqual(self.files(), ["in.png"])

    def test_one_pixel(self):
        self.write(numpy.array([[[77]]]), png.GRAY)
        for name in ("gauss:2", "box:8", "sharpen"):
            with self.subTest(kernel=name):
                self.assertEqual(self.filter(name)[0].tolist(), [[[77]]])


class BadPictureTest(tool.ToolTest):
    def setUp(self):
        super().setUp()
        self.good = png.encode(random_pixels(1, 40, 50, 3), png.RGB)
        self.write("in.png", self.good)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def fail_filter(self, words, *arguments):
        self.fail_with(2, words, "filter", *arguments)

    def test_not_a_png(self):
        for content in (b"", b"GIF89a" + b"\0" * 100, self.good[:7], b"x" + self.good):
            with self.subTest(content=content[:20]):
                self.write("bad.png", content)
                self.fail_filter(["bad.png: not a PNG file"], "bad.png", "out.png", "--kernel",
                                 "sobel")

    def test_truncated(self):
        # without the last 12 bytes, the empty IEND chunk, all pixels are there
        for length in (8, 20, 33, 40, len(self.good) // 2, len(self.good) - 20):
            with self.subTest(length=length):
                self.write("bad.png", self.good[:length])
                self.fail_filter(["bad.png: "], "bad.png", "out.png", "--kernel", "sobel")

    def test_damaged(self):
        damaged = bytearray(self.good)
        damaged[len(damaged) // 2] ^= 255
        self.write("bad.png", damaged)
        self.fail_filter(["bad.png: damaged PNG"], "bad.png", "out.png", "--kernel", "sobel")

    def test_huge(self):
        header = png.struct.pack(">IIBBBBB", 900000, 900000, 8, png.RGB, 0, 0, 0)
        self.write("bad.png", png.SIGNATURE + png.chunk(b"IHDR", header) +
                   png.chunk(b"IDAT", png.zlib.compress(b"")) + png.chunk(b"IEND", b""))
        self.fail_filter(["bad.png", "900000x900000", "memory"], "bad.png", "out.png", "--kernel",
                         "sobel")

    def test_arguments(self):
        for arguments, words in [
                ("", "IN.png and OUT.png"),
                ("in.png --kernel sobel", "IN.png and OUT.png"),
                ("in.png out.png", "--kernel is missing"),
                ("in.png out.png more --kernel sobel", "unexpected argument 'more'"),
                ("none.png out.png --kernel sobel", "none.png: No such file"),
                ("in.png missing/out.png --kernel sobel", "missing/out.png"),
                ("in.png out.png --kernel prewitt", "'prewitt'"),
                ("in.png out.png --kernel sobel:3", "'sobel:3'"),
                ("in.png out.png --kernel gauss", "gauss:SIGMA"),
                ("in.png out.png --kernel gauss:", "gauss:SIGMA"),
                ("in.png out.png --kernel gauss:0", "gauss:SIGMA"),
                ("in.png out.png --kernel gauss:-1", "gauss:SIGMA"),
                ("in.png out.png --kernel gauss:1e9", "gauss:SIGMA"),
                ("in.png out.png --kernel gauss:nan", "gauss:SIGMA"),
                ("in.png out.png --kernel box:0", "box:N"),
                ("in.png out.png --kernel box:2.5", "box:N"),
                ("in.png out.png --kernel box:99999", "box:N"),
                ("in.png out.png --kernel none.npy", "none.npy: No such file"),
                ("in.png out.png --kernel in.png", "'in.png'"),
                ("in.png out.png --kernel sobel --device nonesuch", "nonesuch"),
        ]:
            with self.subTest(arguments=arguments):
                self.fail_filter([words], *arguments.split())

    def test_kernel_files(self):
        for shape, words in (((3,), "(3,)"), ((1, 3, 3), "(1, 3, 3)")):
            with self.subTest(shape=shape):
                numpy.save(self.path("k.npy"), numpy.ones(shape, "f4"))
                self.fail_filter(["k.npy", "two dimensions", words], "in.png", "out.png",
                                 "--kernel", "k.npy")
        numpy.save(self.path("k.npy"), numpy.array([[1, numpy.nan]], "f4"))
        self.fail_filter(["k.npy", "finite", "element 1"], "in.png", "out.png", "--kernel",
                         "k.npy")

    def test_destination(self):
        os.mkdir(self.path("folder"))
        self.fail_filter(["folder: is a directory"], "in.png", "folder", "--kernel", "sobel")


if __name__ == "__main__":
    tool.main()
