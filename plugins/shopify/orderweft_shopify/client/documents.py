"""The GraphQL documents this plugin sends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

PACKAGE = __package__.partition(".")[0]


@cache
def documents() -> Mapping[str, str]:
    """Return the GraphQL document of each operation, with the fragments it uses."""
    text = re.sub(r"^#.*\n", "", (files(PACKAGE) / "operations.graphql").read_text("utf-8"), flags=re.MULTILINE)
    parts = re.split(r"^(?=(?:query|mutation|fragment) )", text, flags=re.MULTILINE)[1:]
    named = {part.split()[1].partition("(")[0]: part.strip() for part in parts}

    def with_fragments(name: str, seen: dict[str, str]) -> dict[str, str]:
        seen[name] = named[name]
        for used in re.findall(r"\.\.\.([A-Z]\w*)", named[name]):
            if used not in seen:
                with_fragments(used, seen)
        return seen

    return {
        name: "\n".join(with_fragments(name, {}).values())
        for name, part in named.items()
        if not part.startswith("fragment")
    }
