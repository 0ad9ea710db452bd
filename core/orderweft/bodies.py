"""Take the text of a request or an answer apart, whatever it is written in."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from .secrecy import MASK
from .wire import DEEPEST, decode_json

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]', re.DOTALL)
_MASKED = re.compile(rf"(?<=[:,\[])\s*{re.escape(MASK)}(?=\s*[,\]}}])")
"""Where a number was, which the journal has taken for a secret."""
_FORM = re.compile(r"[^\s=&]+=[^\s&]*(?:&[^\s=&]+=[^\s&]*)*")


def taken_apart(text: str | None, *, is_cut: bool = False) -> Any:
    """Return what JSON, a form or XML says as plain data, of GraphQL only the variables; None of anything else.

    Of a JSON text that *is_cut*, what stands before the cut is returned.
    """
    text = (text or "").strip()
    if text.startswith(("{", "[")):
        return _json(_closed(text) if is_cut else text)
    if text.startswith("<"):
        return _xml(text)
    return _form(text) if _FORM.fullmatch(text) else None


def _json(text: str) -> Any:
    try:
        value = decode_json(text)
    except ValueError:
        try:
            value = decode_json(_MASKED.sub(f'"{MASK}"', text))
        except ValueError:
            return None
    is_graphql = isinstance(value, dict) and isinstance(value.get("query"), str)
    return value["variables"] if is_graphql and isinstance(value.get("variables"), dict) else value


def _closed(text: str) -> str:
    """Return a JSON text that breaks off up to its last whole value, with all that was open closed."""
    closers: list[str] = []
    whole, end = 0, ""
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            closers.append("}" if token[0] == "{" else "]")
        elif token[0] in "}]" and closers:
            closers.pop()
        if token[0] in "{[}],":
            whole = token.start() if token[0] == "," else token.end()
            end = "".join(reversed(closers))
    return text[:whole] + end


def _form(text: str) -> dict[str, Any]:
    """Return the fields of a form; `lines[0][sku]`, as PHP writes it, stands at `lines.0.sku`."""
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        fields.setdefault(".".join(re.findall(r"[^\[\].]+", name)) or name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _xml(text: str) -> Any:
    if "<!DOCTYPE" in text:
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  nothing is expanded without a document type
    except ElementTree.ParseError:
        return None
    return _element(root, DEEPEST)


def _element(element: ElementTree.Element, deepest: int) -> Any:
    fields: dict[str, list[Any]] = {f"@{name}": [value] for name, value in element.attrib.items()}
    for inner in element if deepest else ():
        fields.setdefault(inner.tag.rpartition("}")[2], []).append(_element(inner, deepest - 1))
    if (text := (element.text or "").strip()) and fields:
        fields["#text"] = [text]
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()} or text
