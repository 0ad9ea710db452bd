"""The text a new profile begins with: a commented one that is there already, under a name of its own."""

from __future__ import annotations

import re
from typing import Literal

from orderweft import SettingsError

from .loading import bundled

FileKind = Literal["csv", "json", "xml"]
_STARTER = "rest_starter"


def starter_profile(id_: str, files: FileKind | None = None) -> str:
    """Return the text of a commented profile *id_*, which passes the check.

    It is for an invented REST system, or for one that exchanges *files* of that kind.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", id_):
        raise SettingsError(f"{id_!r} is not the name of a profile; small letters, digits and _ are possible")
    begun_with = f"files_{files}" if files else _STARTER
    text = bundled()[begun_with].read_text(encoding="utf-8")
    return text.replace(f"\nid: {begun_with}\n", f"\nid: {id_}\n", 1)
