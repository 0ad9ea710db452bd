"""Pictures: what JOOR takes of them, and how they are named so that none is sent twice; pure."""

from __future__ import annotations

import hashlib
import posixpath
import re
import struct
from dataclasses import dataclass
from urllib.parse import urlsplit

from orderweft import Image

# JPEG or PNG, at most 4 MB, 660 x 900 or a multiple of that ratio: JOOR's reference, style images. The greatest size is
# that of a connector in use: Zedonk's page on JOOR.
MAX_BYTES = 4 * 2**20
MAX_WIDTH, MAX_HEIGHT = 1320, 1800
IDEAL_WIDTH, IDEAL_HEIGHT = 660, 900
NAME_LENGTH = 69
_KINDS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture on this machine."""

    data: bytes
    media_type: str | None
    """None when it is neither JPEG nor PNG."""
    width: int | None = None
    height: int | None = None


def measured(data: bytes) -> PictureFile:
    """Return *data* with the kind and size that its first bytes tell."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return PictureFile(data, "image/png", width, height)
    if not data.startswith(b"\xff\xd8"):
        return PictureFile(data, None)
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return PictureFile(data, "image/jpeg", width, height)
        position += 2 + length
    return PictureFile(data, "image/jpeg")


def fault_of(image: Image, file: PictureFile | None) -> tuple[str, bool] | None:
    """Return what is wrong with a picture, and whether it can be sent all the same; None when nothing is."""
    kind = file.media_type if file else _KINDS.get(_suffix(image), None if _suffix(image) else "image/jpeg")
    if kind is None:
        return "is neither JPEG nor PNG", False
    if file and len(file.data) > MAX_BYTES:
        return f"has more than {MAX_BYTES // 2**20} MB", False
    width, height = (file.width, file.height) if file else (None, None)
    width, height = width or image.width, height or image.height
    if width is None or height is None:
        return None
    if width > MAX_WIDTH or height > MAX_HEIGHT:
        return f"is {width} x {height} pixels; the greatest size is {MAX_WIDTH} x {MAX_HEIGHT}", False
    if width * IDEAL_HEIGHT != height * IDEAL_WIDTH or width < IDEAL_WIDTH:
        return f"is {width} x {height} pixels; JOOR wants {IDEAL_WIDTH} x {IDEAL_HEIGHT} or a multiple of that", True
    return None


def token_of(image: Image, file: PictureFile | None) -> str:
    """Return what tells this picture from every other one: a digest of its content, checksum or address."""
    content = file.data if file else (image.checksum or image.url or "").encode()
    return hashlib.sha256(content).hexdigest()[:12]


def picture_name(image: Image, file: PictureFile | None) -> str:
    """Return the file name the picture is sent under; it carries the token and is short enough for JOOR."""
    suffix = _suffix(image)
    if file:
        suffix = ".png" if file.media_type == "image/png" else ".jpg"
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", _split(image)[0]).strip("-") or "picture"
    ending = f"-{token_of(image, file)}{suffix or '.jpg'}"
    return stem[: NAME_LENGTH - len(ending)] + ending


def _split(image: Image) -> tuple[str, str]:
    path = image.name or image.file or urlsplit(image.url or "").path
    return posixpath.splitext(posixpath.basename(path.replace("\\", "/")))


def _suffix(image: Image) -> str:
    suffix = _split(image)[1].lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""
