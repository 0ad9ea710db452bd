"""Mistakes in what a profile says about files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from orderweft import Order

from .model import FileReading, Profile
from .places import Path, readings_of
from .shapes import LEAF, Shape, shape_of

if TYPE_CHECKING:
    from .lint import Lint


def lint_formats(profile: Profile, found: Lint) -> None:
    """Check the formats and the files that are written and read."""
    settings: dict[str, Shape] = {"settings": found.settings}
    order = shape_of(Order)
    names = {**settings, "key": LEAF, "order": order}
    for name, form in profile.formats.items():
        path: Path = ("formats", name)
        for field in ("columns", "detail_columns"):
            for index, column in enumerate(getattr(form, field)):
                line = {"line": order["lines"][0], "line_no": LEAF}
                found.leaf(column.value, (*path, field, index, "value"), {**names, **line})
        found.tree(form.tree, (*path, "tree"), names, json=form.kind != "xml")
        if form.detail_columns and form.lines != "header_detail":
            found.wrong((*path, "detail_columns"), "belong to `lines: header_detail`")
    written = profile.orders.file if profile.orders else None
    if written is not None:
        found.named(written.format, profile.formats, ("orders", "file", "format"))
        found.leaf(written.path, ("orders", "file", "path"), names)
        if "key" not in written.path:
            found.wrong(("orders", "file", "path"), "needs ${key}, so that its name tells the order")
        if (written.answer is None) != (written.answered is None):
            found.wrong(("orders", "file"), "`answer` and `answered` belong together")
        if written.answered is not None:
            found.tree(written.answered.record, ("orders", "file", "answered", "record"), _row(settings), _ANSWERED)
    for path_, reading in _read(profile):
        found.named(reading.format, profile.formats, (*path_, "format"))


_ANSWERED: Mapping[str, Any] = {"key": LEAF, "accepted": LEAF, "message": LEAF, "id": LEAF, "number": LEAF}


def _row(settings: Mapping[str, Shape]) -> dict[str, Shape]:
    return {**settings, "row": None, "child": None, "rows": [{"row": None, "child": None}]}


def _read(profile: Profile) -> Iterator[tuple[Path, FileReading]]:
    for path, reading in readings_of(profile).values():
        if reading.file is not None:
            yield (*path, "file"), reading.file
    if profile.orders and profile.orders.file and profile.orders.file.answer:
        yield ("orders", "file", "answer"), profile.orders.file.answer
