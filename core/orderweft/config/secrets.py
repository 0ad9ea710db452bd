"""Settings given by reference: `env:NAME`, `file:PATH`, `keyring:SERVICE/USER`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from ..errors import SettingsError

KINDS = ("env:", "file:", "keyring:")
PLACEHOLDER = "not-resolved"
"""Stands for a secret where none is needed."""


def is_reference(value: object) -> bool:
    """Return whether *value* points at a secret kept elsewhere."""
    return isinstance(value, str) and value.startswith(KINDS)


def resolve(reference: str, environ: Mapping[str, str], folder: Path) -> str:
    """Return the text *reference* points at; raises SettingsError saying how to provide it."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = _from_environment(name, environ)
    elif kind == "file":
        value = _from_file(folder, name)
    else:
        value = _from_keyring(name)
    if not value.isascii() and value.encode("utf-8", "replace").decode() != value:
        raise SettingsError(f"what {reference} points at is no text")
    return value


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"the environment variable {name} is not set; set it before running")
    return value


def _from_file(folder: Path, name: str) -> str:
    path = folder / name
    try:
        path = folder / Path(name).expanduser()
        value = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError, RuntimeError) as error:  # not UTF-8, no path, or expanduser knows no such home
        why = getattr(error, "strerror", None) or "it is no text file"
        raise SettingsError(f"the file {path} cannot be read: {why}") from None
    if not value:
        raise SettingsError(f"the file {path} is empty")
    return value


def _from_keyring(name: str) -> str:
    try:
        keyring = importlib.import_module("keyring")
    except ModuleNotFoundError:
        raise SettingsError('keyring: needs an extra package; pip install "orderweft[keyring]"') from None
    service, _, user = name.partition("/")
    try:
        value: str | None = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise SettingsError(f"the keyring cannot be read: {error}") from None
    if not value:
        raise SettingsError(f"the keyring holds no password for {service!r} and user {user!r}")
    return value
