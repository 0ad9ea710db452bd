"""Profiles by id or path, checked whole: a profile with a mistake, or whose samples fail, does not load."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path as File
from typing import Any

from orderweft import SettingsError
from pydantic import ValidationError

from .dry_run import dry_run
from .expressions import meant
from .lint import lint
from .model import Profile
from .places import Path
from .yaml_text import LARGEST, Document, read_yaml

ENDINGS = (".yaml", ".yml")
"""How the name of a file ends that holds a profile."""


def bundled() -> dict[str, Traversable]:
    """Return the profiles that come with this package, by id."""
    files = resources.files(__package__).iterdir()
    return {file.name.removesuffix(".yaml"): file for file in sorted(files, key=str) if file.name.endswith(".yaml")}


def load_profile(name: str, folder: File | None = None) -> Profile:
    """Return the bundled profile *name*, or the one in the file of that path, which is relative to *folder*.

    Raises SettingsError with every mistake, one a line: file, line, dotted path and what was expected.
    """
    if name.endswith(ENDINGS) or "/" in name or "\\" in name:
        path = (folder or File()) / File(name).expanduser()
        return parse_profile(_read(path), name)
    known = bundled()
    if name not in known:
        raise SettingsError(f"there is no profile {name!r}{meant(name, known)}; a path ends in .yaml")
    return parse_profile(known[name].read_text(encoding="utf-8"), f"{name}.yaml")


@lru_cache(maxsize=64)
def parse_profile(text: str, source: str) -> Profile:
    """Return the profile in *text*; *source* is its name in messages. Raises SettingsError as `load_profile` does.

    The same text gives the same profile, without another trial of its samples.
    """
    try:
        document = read_yaml(text)
    except SettingsError as error:
        raise SettingsError(f"{source}:{error}") from None
    mistakes = list(document.mistakes)
    if not isinstance(document.data, dict):
        raise SettingsError(f"{source}:1: a profile is a map that begins with `profile: 1`")
    profile: Profile | None = None
    try:
        profile = Profile.model_validate(document.data)
    except ValidationError as error:
        mistakes.extend(_of_model(error))
    if profile is not None:
        mistakes.extend(lint(profile) or (dry_run(profile) if not mistakes else ()))
    if mistakes or profile is None:
        raise SettingsError("\n".join(_told(document, source, mistakes)))
    return profile


def _read(path: File) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        raise SettingsError(f"the profile {path} does not exist") from None
    except UnicodeDecodeError:
        raise SettingsError(f"the profile {path} is not UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"the profile {path} cannot be read: {error.strerror}") from None


def _of_model(error: ValidationError) -> list[tuple[Path, str]]:
    return [(detail["loc"], _sentence(detail["type"], detail["msg"], detail.get("ctx", {})))
            for detail in error.errors(include_url=False, include_input=False)]  # fmt: skip


def _sentence(kind: str, message: str, context: dict[str, Any]) -> str:
    if kind == "extra_forbidden":
        return "is not known here"
    if kind == "missing":
        return "is needed and missing"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"must look like {context['pattern']}"
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]


def _told(document: Document, source: str, mistakes: list[tuple[Path, str]]) -> list[str]:
    placed = [(document.line_of(path), ".".join(str(part) for part in path), what) for path, what in mistakes]
    return [" ".join(f"{source}:{line}: {path}: {what}".splitlines()) for line, path, what in sorted(set(placed))]
