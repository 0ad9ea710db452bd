"""The text a new profile begins with: the commented starter, under a name of its own."""

from __future__ import annotations

import re

from orderweft import SettingsError

from .loading import bundled

_STARTER = "rest_starter"


def starter_profile(id_: str) -> str:
    """Return the text of a commented profile *id_* for an invented system, which passes the check."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", id_):
        raise SettingsError(f"{id_!r} is not the name of a profile; small letters, digits and _ are possible")
    text = bundled()[_STARTER].read_text(encoding="utf-8")
    return text.replace(f"\nid: {_STARTER}\n", f"\nid: {id_}\n", 1)
