"""The images Zedonk exports: read, checked, and fitted to the form its connectors ask for."""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path
from urllib.parse import quote

from orderweft import Entry, Folder, Image, RejectedError, open_folder
from PIL import Image as Pictures
from PIL import ImageOps

from ..config import Settings

# Ideal 660 x 900 pixels or a larger multiple, at most 1320 x 1800: Zedonk's help page on its JOOR connector.
SMALLEST, LARGEST = (660, 900), (1320, 1800)
_RATIO = (11, 15)
_LARGEST_FILE = 30 * 2**20
_MOST_PIXELS = 60_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")


class BadImageError(Exception):
    """Raised when an image cannot be used; the message says why."""


class Images:
    """The folder `images/`."""

    def __init__(self, folder: Folder, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._is_local = settings.folder is not None and not settings.folder.startswith("sftp:")
        self._copies = open_folder(settings.image_folder) if settings.image_folder else None
        self._made: dict[Entry, tuple[Image, str | None]] = {}
        self._entries: dict[str, Entry] | None = None

    def refresh(self) -> None:
        """Look at the folder anew."""
        self._entries = {entry.name: entry for entry in self._folder.list("images") if not entry.is_folder}

    def get(self, name: str) -> tuple[Image, str | None]:
        """Return the image called *name*, and what is wrong with its form; raises BadImageError when it is unusable."""
        if self._entries is None:
            self.refresh()
        assert self._entries is not None
        entry = self._entries.get(name)
        if entry is None:
            raise BadImageError("there is no such file in images/")
        if entry not in self._made:
            self._made[entry] = self._make(entry)
        return self._made[entry]

    def _make(self, entry: Entry) -> tuple[Image, str | None]:
        try:
            data = self._folder.read(f"images/{entry.name}", limit=_LARGEST_FILE)
        except RejectedError as error:
            raise BadImageError(str(error)) from error
        picture = opened(data)
        problem = form_problem(picture.size)
        checksum = hashlib.sha256(data).hexdigest()[:32]
        name = entry.name
        if problem and self._settings.fit_images:
            picture, problem = fitted(picture), None
            data, ending = _encoded(picture)
            name = f"{Path(name).stem}-{checksum[:12]}{ending}"
        elif self._copies is not None:
            name = f"{Path(name).stem}-{checksum[:12]}{Path(name).suffix}"
        return self._placed(entry.name, name, data, picture.size, checksum), problem

    def _placed(self, original: str, name: str, data: bytes, size: tuple[int, int], checksum: str) -> Image:
        url = self._settings.image_url and self._settings.image_url.replace("{name}", quote(name))
        file = None
        if self._copies is not None:
            if not self._copies.exists(name):
                self._copies.write(name, data)
            file = str(Path(self._settings.image_folder or "").expanduser().absolute() / name)
        elif name != original:
            raise BadImageError("its copy in another form needs a place; set image_folder")
        elif self._is_local and self._settings.folder is not None:
            root = self._settings.folder.removeprefix("file://")
            file = str(Path(root).expanduser().absolute() / "images" / original)
        if url is None and file is None:
            raise BadImageError("nobody could fetch it; set image_url or image_folder")
        return Image(
            url=url, file=None if url else file, name=original, width=size[0], height=size[1], checksum=checksum
        )


def opened(data: bytes) -> Pictures.Image:
    """Return the picture in *data*, wholly read; raises BadImageError for anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Pictures.DecompressionBombWarning)
            picture = Pictures.open(io.BytesIO(data), formats=_FORMATS)
            if picture.width * picture.height > _MOST_PIXELS:
                raise BadImageError(f"it has {picture.width} x {picture.height} pixels, too many to read")
            picture.load()
            return picture
    except (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning):
        raise BadImageError("it has too many pixels to read") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadImageError(f"it is no image that can be read ({type(error).__name__})") from error


def form_problem(size: tuple[int, int]) -> str | None:
    """Return what is wrong with the form of an image of *size*, None when it is as it should be."""
    width, height = size
    if width > LARGEST[0] or height > LARGEST[1]:
        return f"{width} x {height} pixels are more than {LARGEST[0]} x {LARGEST[1]}"
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return f"{width} x {height} pixels are fewer than {SMALLEST[0]} x {SMALLEST[1]}"
    if abs(width * _RATIO[1] - height * _RATIO[0]) >= _RATIO[1]:
        return f"{width} x {height} pixels are not in the ratio of {SMALLEST[0]} x {SMALLEST[1]}"
    return None


def fitted(picture: Pictures.Image) -> Pictures.Image:
    """Return *picture* scaled down as far as needed and padded with white to the right form, never distorted."""
    upright = ImageOps.exif_transpose(picture)
    # a transparent background becomes white, as on paper
    layer = upright.convert("RGBA")
    plain = Pictures.new("RGBA", layer.size, "white")
    plain.alpha_composite(layer)
    plain = plain.convert("RGB")
    plain.thumbnail(LARGEST, Pictures.Resampling.LANCZOS)
    units = max(-(-plain.width // _RATIO[0]), -(-plain.height // _RATIO[1]), SMALLEST[0] // _RATIO[0])
    canvas = Pictures.new("RGB", (units * _RATIO[0], units * _RATIO[1]), "white")
    canvas.paste(plain, ((canvas.width - plain.width) // 2, (canvas.height - plain.height) // 2))
    return canvas


def _encoded(picture: Pictures.Image) -> tuple[bytes, str]:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue(), ".jpg"
