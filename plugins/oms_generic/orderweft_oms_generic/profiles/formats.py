"""Mistakes in what a profile says about files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from orderweft import Order, TemplateError

from .calls import scope
from .expressions import NAMED_SETTING, leaf, leaf_text
from .folders import FOLDERS, NAMES, file_readings, misplaced_leaf
from .model import Profile
from .places import Path
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
        _format(found, written.format, ("orders", "file", "format"), settings)
        _place(found, written.path, ("orders", "file", "path"), names)
        _place(found, written.marker, ("orders", "file", "marker"), settings, is_name=True)
        if "key" not in written.path:
            found.wrong(("orders", "file", "path"), "needs ${key}, so that its name tells the order")
        if (written.answer is None) != (written.answered is None):
            found.wrong(("orders", "file"), "`answer` and `answered` belong together")
        if written.answered is not None:
            found.tree(written.answered.record, ("orders", "file", "answered", "record"), in_row(settings), _ANSWERED)
    for path_, reading in file_readings(profile):
        _format(found, reading.format, (*path_, "format"), settings)
        for name in (*FOLDERS, *NAMES):
            _place(found, getattr(reading, name), (*path_, name), settings, is_name=name in NAMES)


def _place(found: Lint, source: str | None, path: Path, names: Mapping[str, Shape], *, is_name: bool = False) -> None:
    if source is None:
        return
    before = len(found.mistakes)
    found.leaf(source, path, names)
    if len(found.mistakes) == before and (wrong := misplaced_leaf(source, is_name=is_name)):
        found.wrong(path, wrong)


def _format(found: Lint, source: str, path: Path, settings: Mapping[str, Shape]) -> None:
    """Check that every choice the settings leave makes the name of a format."""
    profile, before = found.profile, len(found.mistakes)
    found.leaf(source, path, settings)
    if len(found.mistakes) > before:
        return
    asked = {name: profile.settings[name].choices for one in leaf(source).expressions
             for name in NAMED_SETTING.findall(one.source) if name in profile.settings}  # fmt: skip
    for name in sorted(name for name, choices in asked.items() if not choices):
        found.wrong(path, f"settings.{name} needs `choices`, of which each makes the name of a format")
    for chosen in product(*asked.values()):
        texts = dict(zip(asked, chosen, strict=True))
        try:
            found.named(leaf_text(source, scope(profile, {"settings": texts})) or "", profile.formats, path)
        except TemplateError as error:
            found.wrong(path, str(error))


_ANSWERED: Mapping[str, Any] = {"key": LEAF, "accepted": LEAF, "message": LEAF, "id": LEAF, "number": LEAF}


def in_row(names: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return *names* with what can be named of a row besides."""
    return {**names, "row": None, "child": None, "rows": [{"row": None, "child": None}]}
