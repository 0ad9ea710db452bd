"""Records put back into rows: what a system writes so that its profile reads it as wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from orderweft import TemplateError

from ..client.codecs import encode
from ..profiles.expressions import Node, leaf
from ..profiles.model import Column, Format, Profile, Rows
from ..profiles.tree import render_text

Fields = Mapping[str, Sequence[str]]
"""Fields of a record by their path, each with the texts it may have, the best first."""
Names = tuple[str, ...]
_EACH_OF_GROUP = "rows[*].row"
"""The list with an entry for each row of a group, one of which is made here."""


def row_of(profile: Profile, rows: Rows, wanted: Fields) -> dict[str, Any]:
    """Return a row that *rows* reads as a record with *wanted* fields, as far as one can be found."""
    sources = [(texts, source) for path, source in _leaves(rows.record, "") if (texts := wanted.get(path))]
    row: dict[str, Any] = {}
    for texts, source in sources:
        if (names := _plain(source)) is not None:
            _put(row, names, texts[0])
    words = [word for words in profile.maps.values() for word in words if word != "*"]
    for texts, source in sources:
        names_of = [names for one in leaf(source).expressions for names in _named(one.tree)]
        for guess in _guesses(row, list(dict.fromkeys(names_of)), [*texts, *words]):
            if _reads(profile, source, guess) in texts:
                row = guess
                break
    return row


def written(form: Format, rows: Rows, found: Sequence[Mapping[str, Any]]) -> bytes | None:
    """Return a file with the rows *found* in the dialect of *form*, or None where that cannot be said in one."""
    root, *inner = rows.from_.split(".")
    if root != "body" or rows.children is not None or form.lines == "header_detail":
        return None
    changed: dict[str, Any] = {"formula_guard": False, "lines": "row_per_line_repeat"}
    if form.kind == "csv":
        names = [column.name for column in form.columns] or list(dict.fromkeys(name for row in found for name in row))
        columns = tuple(Column(name=name, value=f"=line.{json.dumps(name)}") for name in names)
        changed |= {"columns": columns}
    else:
        above, _, last = form.row.rpartition("/")
        places = [*inner, last] if form.kind == "xml" and last else inner
        tree: Any = "=order.lines"
        for name in reversed(places):
            tree = {name: tree}
        changed |= {"tree": tree, "row": above, "lists": (*form.lists, *places[-1:])}
    return encode(form.model_copy(update=changed), {"order": {"lines": list(found)}}, "simulated file")


def _leaves(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, dict) and "$v" in tree:
        yield path, tree["$v"]
    elif isinstance(tree, dict) and "$each" not in tree:
        for name, inner in tree.items():
            yield from _leaves(inner, f"{path}.{name.removesuffix('!')}".lstrip("."))
    elif isinstance(tree, dict) and tree["$each"] == _EACH_OF_GROUP:
        for below, source in _leaves(tree["$do"], path):
            yield below, re.sub(rf"\b{tree['$as']}\.", "row.", source)
    elif isinstance(tree, list) and len(tree) == 1:
        yield from _leaves(tree[0], path)


def _named(node: Node) -> Iterator[Names]:
    """Yield the fields of the row that are named below *node*, in order."""
    names = _chain(node)
    if names is not None and names[0] == "row":
        yield names[1:]
        return
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _named(child)


def _chain(node: Node) -> Names | None:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    parts = [_chain(child) for child in node["children"]]
    return None if None in parts else tuple(name for part in parts if part for name in part)


def _plain(source: str) -> Names | None:
    """Return the field of the row a leaf gives as it is."""
    one = leaf(source)
    names = _chain(one.expressions[0].tree) if one.is_expression else None
    return names[1:] if names is not None and names[0] == "row" and len(names) > 1 else None


def _guesses(row: dict[str, Any], named: Sequence[Names], texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield rows with a text in the first field that has none; those beside it are left out, or 0."""
    yield deepcopy(row)
    unset = [names for names in named if _get(row, names) is None]
    for text in texts if unset else ():
        for others in ((), unset[1:]):
            guess = deepcopy(row)
            _put(guess, unset[0], text)
            for names in others:
                _put(guess, names, "0")
            yield guess


def _reads(profile: Profile, source: str, row: Mapping[str, Any]) -> str | None:
    settings = {name: spec.default for name, spec in profile.settings.items() if spec.kind != "secret"}
    try:
        return render_text(source, {"row": row, "settings": settings, "maps": profile.maps}, "row")
    except TemplateError:
        return None


def _get(row: Mapping[str, Any], names: Names) -> Any:
    found: Any = row
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _put(row: dict[str, Any], names: Names, text: str) -> None:
    for name in names[:-1]:
        row = row.setdefault(name, {})
    row[names[-1]] = text
