"""XML to plain data and back; nothing outside a file is ever fetched, and no entity is expanded.

An attribute is a field `@name`; the text of an element that has attributes or children is its field `#text`.
Namespaces are left out of names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from orderweft import TemplateError

from ..profiles.functions import is_empty, text_of
from ..profiles.model import Format

ITEM = "item"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# Char of XML 1.0, section 2.2
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARED = re.compile(rb"\A(\xef\xbb\xbf)?<\?xml[^>]*\bencoding\b")
_IANA = {"utf-8-sig": "utf-8", "cp1252": "windows-1252", "latin-1": "iso-8859-1"}


class _Bounded(ElementTree.TreeBuilder):
    """Builds a tree that is neither too deep nor too large."""

    def __init__(self, deepest: int, most: int) -> None:
        super().__init__()
        self._deepest, self._left, self._depth = deepest, most, 0

    def start(self, tag: Any, attrs: Any, /) -> Any:
        self._depth, self._left = self._depth + 1, self._left - 1
        if self._depth > self._deepest:
            raise ValueError(f"is nested more than {self._deepest} deep")
        if self._left < 0:
            raise ValueError("has too many elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Any:
        self._depth -= 1
        return super().end(tag)


def read(form: Format, data: bytes, deepest: int, most_rows: int) -> Any:
    """Return what a file says: the repeated elements as a list, or the outermost as a map; raises ValueError."""
    parser = DefusedXMLParser(target=_Bounded(deepest, most_rows * 20), forbid_dtd=True)
    try:
        parser.feed(data if _DECLARED.match(data) else data.decode(_encoding(form)).encode())
        root = parser.close()
    except ElementTree.ParseError as error:
        line, column = error.position
        raise ValueError(f"line {line}, character {column + 1}: this is no whole XML ({error.msg})") from None
    except DefusedXmlException:
        raise ValueError("has a document type or entities in it, and they are never read") from None
    except UnicodeDecodeError:
        raise ValueError(f"is no {form.encoding}") from None
    except LookupError:
        raise ValueError("is in an encoding that nobody knows here") from None
    if _name(root) != form.root:
        raise ValueError(f"begins with <{_name(root)}>, expected <{form.root}>")
    if not form.row:
        return {form.root: _plain(root, form, form.root)}
    return [_plain(element, form, form.row) for element in _found(root, form)]


def _encoding(form: Format) -> str:
    return "utf-8-sig" if form.encoding == "utf-8" else form.encoding


def _path(form: Format) -> list[str]:
    parts = form.row.split("/") if form.row else []
    return parts[1:] if parts[:1] == [form.root] else parts


def _found(root: ElementTree.Element, form: Format) -> list[ElementTree.Element]:
    level = [root]
    for name in _path(form):
        there = [below for element in level for below in element]
        level = [below for below in there if _name(below) == name]
        if there and not level:
            raise ValueError(f"has <{_name(there[0])[:40]}>, expected <{name}>")
    return level


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _plain(element: ElementTree.Element, form: Format, place: str) -> Any:
    fields: dict[str, Any] = {f"@{name.rpartition('}')[2]}": text for name, text in element.attrib.items()}
    text = (element.text or "").strip()
    children = list(element)
    if not children and not fields:
        return text
    if children and not fields and all(_name(child) == ITEM for child in children):
        return [_plain(child, form, f"{place}/{ITEM}") for child in children]
    if text:
        fields["#text"] = text
    for child in children:
        name = _name(child)
        value = _plain(child, form, f"{place}/{name}")
        if name in form.lists:
            fields.setdefault(name, []).append(value)
        elif name in fields:
            raise ValueError(f"element {place}/{name} comes more than once; name {name} in `lists`")
        else:
            fields[name] = value
    return fields


def mistakes(form: Format) -> Iterator[str]:
    """Yield what is wrong with the names in *form*."""
    for name in (form.root, *_path(form), *form.lists):
        if not _NAME.fullmatch(name):
            yield f"{name!r} is no name of an XML element"


def write(form: Format, tree: Any, where: str) -> bytes:
    """Return *tree* as a file; raises TemplateError when it holds what XML cannot."""
    outermost = ElementTree.Element(form.root)
    inner = outermost
    for name in _path(form):
        inner = ElementTree.SubElement(inner, name)
    _fill(inner, tree, form, where)
    encoding = _IANA.get(form.encoding, form.encoding)
    data: bytes = ElementTree.tostring(outermost, encoding=encoding, xml_declaration=True)
    mark = b"\xef\xbb\xbf" if form.encoding == "utf-8-sig" else b""
    return mark + data + form.line_end.encode()


def _fill(element: ElementTree.Element, value: Any, form: Format, where: str) -> None:
    if isinstance(value, dict):
        for name, below in value.items():
            _add(element, name, below, form, f"{where}.{name}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            _fill(ElementTree.SubElement(element, ITEM), below, form, f"{where}[{index}]")
    elif not is_empty(value):
        element.text = _fit(value, where)


def _add(element: ElementTree.Element, name: str, value: Any, form: Format, where: str) -> None:
    if name == "#text":
        element.text = _fit(value, where)
    elif not _NAME.fullmatch(name.removeprefix("@")):
        raise TemplateError(f"{where}: {name!r} is no name of an XML element")
    elif name.startswith("@"):
        element.set(name[1:], _fit(value, where))
    elif isinstance(value, list) and name in form.lists:
        for index, below in enumerate(value):
            _fill(ElementTree.SubElement(element, name), below, form, f"{where}[{index}]")
    else:
        _fill(ElementTree.SubElement(element, name), value, form, where)


def _fit(value: Any, where: str) -> str:
    text = text_of(value)
    if found := _UNFIT.search(text):
        raise TemplateError(f"{where}: XML cannot hold the character {found.group()!r}")
    return text
