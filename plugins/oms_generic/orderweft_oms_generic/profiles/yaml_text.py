"""YAML read strictly: every value is text, nothing is given twice, and every key knows its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml
from orderweft import SettingsError

from .places import Path

LARGEST = 512 * 1024
"""Characters a profile may have."""
DEEPEST = 40


@dataclass(slots=True)
class Document:
    """What a file says, and where."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[tuple[Path, str]] = field(default_factory=list)

    def line_of(self, path: Path) -> int:
        """Return the line *path* stands on, or that of the nearest part around it."""
        for length in range(len(path), 0, -1):
            if (line := self.lines.get(path[:length])) is not None:
                return line
        return 1


class _Loader(yaml.BaseLoader):
    """PyYAML's loader that resolves nothing, so that `NO` stays text; without anchors, aliases and tags."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not known here", problem_mark=event.start_mark)
        if event.tag is not None:
            raise yaml.MarkedYAMLError(problem="tags are not known here", problem_mark=event.start_mark)
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_yaml(text: str) -> Document:
    """Return what *text* says; raises SettingsError, `LINE: what`, when it is no YAML at all."""
    if len(text) > LARGEST:
        raise SettingsError(f"1: a profile of {len(text)} characters is too long; {LARGEST} are possible")
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SettingsError(f"{line}: this is not YAML: {str(error).splitlines()[0]}") from None
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SettingsError(f"{mark.line + 1 if mark else 1}: this is not YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"1: this is not YAML: {str(error).splitlines()[0]}") from None
    finally:
        loader.dispose()
    document = Document()
    if node is not None:
        document.data = _plain(node, (), document)
    return document


def _plain(node: yaml.Node, path: Path, document: Document) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        for key, below in node.value:
            if not isinstance(key, yaml.ScalarNode):
                document.mistakes.append((path, "has a key that is not a name"))
                continue
            here = (*path, key.value)
            if key.value in values:
                document.mistakes.append((here, f"is given twice, again on line {key.start_mark.line + 1}"))
            document.lines.setdefault(here, key.start_mark.line + 1)
            values[key.value] = _plain(below, here, document)
        return values
    if isinstance(node, yaml.SequenceNode):
        return [_plain(below, (*path, index), document) for index, below in enumerate(node.value)]
    return node.value
