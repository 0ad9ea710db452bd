"""Send the pictures of products that JOOR does not have yet; what is wrong with one is a remark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orderweft import Connection, Image, UnknownOutcomeError

from ..client import DeclinedError, StyleClient, json_text, read_file
from ..config import Settings
from ..mapping import PictureFile, fault_of, measured, picture_name, style_key, token_of
from .work import Work


@dataclass(frozen=True, slots=True)
class _Shot:
    """One picture that JOOR lacks."""

    image: Image
    file: PictureFile | None
    position: int
    color_code: str | None
    path: tuple[str, str] | None
    """Number and identifier of the style in the v2 API; None when it is not there."""


class Pictures:
    """The pictures of a batch of products."""

    def __init__(self, connection: Connection[Settings], *, by_v4: bool) -> None:
        self._client = connection.once(StyleClient)
        self._by_v4 = by_v4
        self._shots: dict[Work, list[_Shot]] = {}

    def rows(self, work: Work) -> list[dict[str, Any]]:
        """Return the v4 rows of the style's pictures that have an address."""
        key = style_key(work.product)
        return [
            {
                "product": {"id": work.id},
                "asset": {
                    "type": "image",
                    "filename": picture_name(shot.image, None),
                    "source_url": shot.image.url,
                    "external_id": f"{key}-{token_of(shot.image, None)}",
                },
                "display_order": shot.position,
            }
            for shot in self._missing(work)
            if self._goes_by_v4(shot)
        ]

    def upload(self, work: Work) -> None:
        """Send what v4 has no call for: pictures without an address, and those of one color."""
        for shot in self._missing(work):
            if self._goes_by_v4(shot):
                continue
            name = picture_name(shot.image, shot.file)
            if shot.path is None:
                work.remarks.append(f"The picture {name!r} was not sent: JOOR's v2 API does not show the style yet.")
                continue
            try:
                self._client.add_picture(
                    *shot.path,
                    name=name,
                    position=shot.position,
                    color_code=shot.color_code,
                    url=None if shot.file else shot.image.url,
                    data=shot.file.data if shot.file else b"",
                    media_type=(shot.file and shot.file.media_type) or "image/jpeg",
                )
            except DeclinedError as error:
                work.remarks.append(f"JOOR did not take the picture {name!r}: {error}")
            except UnknownOutcomeError:
                work.touched = True
                raise
            else:
                work.touched = True

    def _goes_by_v4(self, shot: _Shot) -> bool:
        return self._by_v4 and shot.file is None and shot.color_code is None

    def _missing(self, work: Work) -> list[_Shot]:
        if work not in self._shots:
            self._shots[work] = list(self._look(work))
        return self._shots[work]

    def _look(self, work: Work) -> Iterator[_Shot]:
        """Yield the pictures fit to be sent that are not on the style; JOOR keeps the name a picture was sent under."""
        product = work.product
        wanted: list[tuple[Image, int, str | None]] = [
            (image, position, None) for position, image in enumerate(product.images, 1)
        ]
        # JOOR has one picture per color: its page on style images.
        wanted += [(color.images[0], 1, color.color_code or color.color) for color in product.colors if color.images]
        if not wanted:
            return
        path, shown = self._style(work)
        for image, position, color_code in wanted:
            file = self._content(work, image)
            if image.url is None and file is None:
                continue
            fault = fault_of(image, file)
            if fault:
                sent = "was sent all the same" if fault[1] else "was not sent"
                work.remarks.append(f"The picture {picture_name(image, file)!r} {fault[0]}; it {sent}.")
            if (fault is None or fault[1]) and token_of(image, file) not in shown:
                yield _Shot(image, file, position, color_code, path)

    def _content(self, work: Work, image: Image) -> PictureFile | None:
        if image.url is not None or image.file is None:
            return None
        try:
            return measured(read_file(image.file))
        except OSError as error:
            work.remarks.append(f"The picture {image.name or image.file!r} cannot be read: {error.strerror}.")
            return None

    def _style(self, work: Work) -> tuple[tuple[str, str] | None, str]:
        """Return how the v2 API names the style, and all it tells of it."""
        key = style_key(work.product)
        path = (work.product.style_number or key, key)
        row = self._client.style(*path)
        return (None, "") if row is None else (path, json_text(row))
