"""PNG files in a few lines, so that libpng is not checked by itself."""
import struct
import zlib

import numpy

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGB_ALPHA: 4}


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def encode(pixels, kind, bits=8, palette=None):
    """height x width x channels whole numbers; `palette`: entries x 3."""
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1).astype(">u2" if bits == 16 else "u1")
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    return (SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)) +
            (chunk(b"PLTE", palette.astype("u1").tobytes()) if palette is not None else b"") +
            chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def _unfilter(kind, line, above, step):
    """Undoes the prediction of one line: PNG specification, section 9."""
    for i, value in enumerate(line):
        a = line[i - step] if i >= step else 0
        b = above[i]
        c = above[i - step] if i >= step else 0
        distances = [abs(b - c), abs(a - c), abs(a + b - 2 * c)]
        paeth = (a, b, c)[distances.index(min(distances))]
        line[i] = (value + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
    return line


def decode(data):
    """Returns height x width x channels bytes and the color type of a PNG of 8 bits."""
    assert data.startswith(SIGNATURE)
    at, packed = len(SIGNATURE), b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        content = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, bits, color = struct.unpack(">IIBB", content[:10])
            assert bits == 8
        elif kind == b"IDAT":
            packed += content
        at += size + 12
    lines, step = zlib.decompress(packed), CHANNELS[color]
    row, rows = bytearray(width * step), []
    for y in range(height):
        begin = y * (width * step + 1)
        row = _unfilter(lines[begin], bytearray(lines[begin + 1:begin + 1 + width * step]), row,
                        step)
        rows.append(bytes(row))
    return numpy.frombuffer(b"".join(rows), "u1").reshape(height, width, step), color
