"""What an account's settings change in its profile: words of its maps, and more fields of new orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orderweft import SettingsError

from ..profiles.expressions import meant
from ..profiles.lint import lint
from ..profiles.model import Profile


def with_maps(profile: Profile, maps: Mapping[str, Mapping[str, str]]) -> Profile:
    """Return *profile* with entries of its maps added or changed; raises SettingsError for a map it has not."""
    if not maps:
        return profile
    wrong = [f"maps.{name}: {profile.id} has no such map{meant(name, profile.maps)}"
             for name in maps if name not in profile.maps]  # fmt: skip
    if wrong:
        raise SettingsError("\n".join(wrong))
    merged = {name: {**words, **maps.get(name, {})} for name, words in profile.maps.items()}
    return profile.model_copy(update={"maps": merged})


def with_extra(profile: Profile, extra: Mapping[str, str]) -> Profile:
    """Return *profile* with more fields in the call that creates orders; raises SettingsError with all mistakes."""
    if not extra:
        return profile
    if profile.orders is None or not profile.orders.steps or not isinstance(profile.orders.steps[0].call.json_, dict):
        raise SettingsError(f"extra: {profile.id} creates no orders by a JSON body")
    first, *others = profile.orders.steps
    tree, wrong = first.call.json_, []
    for path, source in extra.items():
        try:
            tree = _put(tree, path.split("."), source)
        except ValueError as error:
            wrong.append(f"extra.{path}: {error}")
    call = first.call.model_copy(update={"json_": tree})
    steps = (first.model_copy(update={"call": call}), *others)
    changed = profile.model_copy(update={"orders": profile.orders.model_copy(update={"steps": steps})})
    wrong += [f"extra: {'.'.join(map(str, path))}: {what}" for path, what in lint(changed)] if not wrong else []
    if wrong:
        raise SettingsError("\n".join(wrong))
    return changed


def _put(tree: Any, path: list[str], source: str) -> Any:
    """Return *tree* with *source* at *path*."""
    name, rest = path[0], path[1:]
    if name == "*":
        if not rest or not isinstance(tree, dict) or "$each" not in tree:
            raise ValueError("a * stands for the entries of a list and has a field behind it")
        return {**tree, "$do": _put(tree["$do"], rest, source)}
    if not isinstance(tree, dict) or "$v" in tree or "$each" in tree:
        raise ValueError(f"{name!r} is asked of what has no fields; the fields of a list come behind a *")
    if not name or name.startswith("$"):
        raise ValueError("must be names of fields with dots between them")
    key = next((key for key in tree if key.removesuffix("!") == name), name)
    if not rest:
        return {**{other: below for other, below in tree.items() if other != key}, name: source}
    return {**tree, key: _put(tree.get(key, {}), rest, source)}
