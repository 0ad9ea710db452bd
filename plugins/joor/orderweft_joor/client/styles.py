"""v2 styles on the wire: reading them, sending them to a background job, adding pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from orderweft import Connection, UnknownOutcomeError

from ..config import Settings
from . import jobs
from .answers import NotThereError, UnreadableError, check_code, read_document
from .wire import Wire

_STYLES = "/v2/style"
_BULK = "/v2/bulk-style"
_NAMES = ("styles", "style")
_KEYS = ("style_id", "id", "style_identifier")
_LONGEST_FILE = 16 * 2**20


class StyleClient:
    """The v2 styles of one account on JOOR."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._wire = connection.once(Wire)

    def styles(self) -> Iterator[tuple[Any, ...]]:
        """Yield all style rows, page by page."""
        yield from self._wire.pages(_STYLES, _NAMES, _KEYS, f"{self._wire.name}: reading styles")

    def style(self, number: str, identifier: str) -> dict[str, Any] | None:
        """Return the style row, or None when there is none."""
        try:
            answer = self._wire.rows(_path(number, identifier), _NAMES, f"{self._wire.name}: reading a style")
        except NotThereError:
            return None
        return next((row for row in answer.rows if isinstance(row, dict) and row), None)

    def send(self, styles: Sequence[Mapping[str, Any]]) -> str | None:
        """Hand *styles* to a background job and return its id."""
        # The JSON form is that of a public client; the XML of JOOR's reference has the same nodes.
        document = {"bulk_styles": {"style": list(styles)}}
        return jobs.begin(self._wire, _BULK, document, "bulk_styles_job_id", f"{self._wire.name}: sending styles")

    def wait(self, job: str) -> bool:
        """Wait for a job; return whether it has ended."""
        return jobs.wait(self._wire, f"{_BULK}/{quote(job, safe='')}", f"{self._wire.name}: waiting for styles")

    def add_picture(
        self,
        number: str,
        identifier: str,
        *,
        name: str,
        position: int,
        color_code: str | None,
        url: str | None,
        data: bytes,
        media_type: str,
    ) -> None:
        """Add one picture to a style or to one of its colors, by its address or with its content."""
        where = f"{self._wire.name}: sending the picture {name}"
        params = {"filename": name, "display_order": position, "color_code": color_code, "url": url}
        body = self._wire.v2(
            self._wire.http.write,
            "POST",
            f"{_path(number, identifier)}/image/",
            where,
            content_type="application/json" if url else media_type,
            params=params,
            body=b"" if url else data,
        )
        try:
            check_code(read_document(body, where), where)
        except UnreadableError as error:
            raise UnknownOutcomeError(str(error), retry_after=60) from error


def read_file(path: str) -> bytes:
    """Return the content of a local file, or as much of it as shows that it is too large."""
    with open(path, "rb") as file:
        return file.read(_LONGEST_FILE)


def _path(number: str, identifier: str) -> str:
    return f"/v2/style-number/{quote(number, safe='')}/{quote(identifier, safe='')}"
