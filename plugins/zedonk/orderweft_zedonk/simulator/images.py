"""Small valid PNG files of any size."""

from __future__ import annotations

import struct
import zlib
from functools import cache


def png(width: int, height: int, color: tuple[int, int, int]) -> bytes:
    """Return a picture of one *color*, with a palette and one bit to a pixel."""
    # https://www.w3.org/TR/png/#11IHDR: bit depth 1, color type 3 (palette)
    header = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    parts = (b"IHDR", header), (b"PLTE", bytes(color)), (b"IDAT", _pixels(width, height)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def _pixels(width: int, height: int) -> bytes:
    return zlib.compress(bytes(1 + (width + 7) // 8) * height)
