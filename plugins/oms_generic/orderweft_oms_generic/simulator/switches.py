"""How the switches of a system are read; each system says what its own mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def resolve(kind: type[T], given: Mapping[str, Any], title: str) -> T:
    """Return *given* completed by the defaults of *kind*; raises on a name or value that does not exist.

    The first value named is the default; flags are off, figures zero, texts and lists empty.
    """
    kinds = get_type_hints(kind)
    for name, value in given.items():
        if name not in kinds:
            raise TypeError(f"{title} has no switch {name!r}; it has {', '.join(sorted(kinds))}")
        if get_origin(kinds[name]) is Literal and value not in get_args(kinds[name]):
            raise ValueError(f"{name} is one of {get_args(kinds[name])}, not {value!r}")
    defaults = {
        name: get_args(hint)[0] if get_origin(hint) is Literal else (get_origin(hint) or hint)()
        for name, hint in kinds.items()
    }
    return cast(T, {**defaults, **given})
