"""Unpack a compressed answer piece by piece, so that a small one cannot fill the memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

ASKED_FOR = "gzip, deflate"
"""What servers are told that we unpack."""
_PIECE = 2**18
# RFC 9110, section 8.4.1: x-gzip is another name of gzip; deflate means zlib's format, and some send it bare
_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
_OTHERS = ("br", "zstd", "compress", "x-compress")


class Unpacking:
    """The unpacking of one answer by its `content-encoding`; what is no packing, such as `utf-8`, changes nothing.

    Raises ValueError, whose text goes on after "an answer", at a packing nobody asked for, or at a damaged one.
    """

    def __init__(self, encoding: str) -> None:
        named = [name.strip().lower() for name in encoding.split(",")]
        packings = [name for name in named if name in _WINDOWS or name in _OTHERS]
        # each packing within another multiplies what a few bytes become
        if len(packings) > 1 or set(packings) & set(_OTHERS):
            raise ValueError(f"packed as {', '.join(packings)[:40]}, which nobody asked for")
        self._windows = _WINDOWS[packings[0]] if packings else ()
        self._stream = zlib.decompressobj(self._windows[0]) if packings else None

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what *chunk* adds to the answer, in small pieces."""
        if self._stream is None:
            yield chunk
            return
        piece = b""
        # what a full piece had no room for may come out of no further bytes
        while chunk or (len(piece) == _PIECE and not self._stream.eof):
            if self._stream.eof:
                self._stream = zlib.decompressobj(self._windows[0])  # several parts: RFC 1952, section 2.2
            piece = self._unpacked(chunk)
            yield piece
            chunk = self._stream.unconsumed_tail or self._stream.unused_data.lstrip(b"\0")

    def _unpacked(self, chunk: bytes) -> bytes:
        assert self._stream is not None
        try:
            piece = self._stream.decompress(chunk, _PIECE)
        except zlib.error:
            self._windows = self._windows[1:]
            if not self._windows:
                raise ValueError("that cannot be unpacked") from None
            self._stream = zlib.decompressobj(self._windows[0])
            return self._unpacked(chunk)
        if piece:
            self._windows = self._windows[:1]
        return piece

    def end(self) -> None:
        """Raise ValueError when the answer ends before its packing does."""
        if self._stream is not None and not self._stream.eof:
            raise ValueError("that breaks off")
