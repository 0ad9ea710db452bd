"""Where files are read and put: the places a profile names, the settings filled in, and what is wrong with them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from orderweft import SettingsError, TemplateError

from .calls import scope
from .expressions import leaf
from .model import FileReading, FileWriting, Profile
from .places import Path, readings_of
from .tree import render_text

FOLDERS = ("folder", "claim", "done", "failed")
NAMES = ("pattern", "marker")


def file_readings(profile: Profile) -> Iterator[tuple[Path, FileReading]]:
    """Yield which files the profile reads, and where it says so."""
    for path, reading in readings_of(profile).values():
        if reading.file is not None:
            yield (*path, "file"), reading.file
    if profile.orders and profile.orders.file and profile.orders.file.answer:
        yield ("orders", "file", "answer"), profile.orders.file.answer


def misplaced(text: str, *, is_name: bool = False) -> str | None:
    """Return what is wrong with a path, or with a name of files, below the folder of the connection."""
    if text.startswith(("/", "~")) or "\\" in text or ":" in text.partition("/")[0] or ".." in text.split("/"):
        return "must be a path below the folder of the connection, with / between its parts and no '..'"
    if is_name and "/" in text:
        return "must be the name of a file, without folders"
    return None


def misplaced_leaf(source: str, *, is_name: bool = False) -> str | None:
    """Return what is wrong with a path whatever its expressions give."""
    parts = leaf(source).parts
    return misplaced("".join(part if isinstance(part, str) else "x" for part in parts), is_name=is_name)


def filled(profile: Profile, spec: FileReading, texts: Mapping[str, str | None]) -> FileReading:
    """Return *spec* with the settings filled in; raises SettingsError when its places cannot be used."""
    names, where = scope(profile, {"settings": texts}), f"{profile.id}: the folder"
    given: dict[str, str | None] = {name: getattr(spec, name) for name in (*FOLDERS, *NAMES)}
    form = format_named(profile, spec.format, texts)
    try:
        texts = {name: text and (render_text(text, names, where) or "") for name, text in given.items()}
    except TemplateError as error:
        raise SettingsError(str(error)) from None
    for name, text in texts.items():
        if text and (wrong := misplaced(text, is_name=name in NAMES)):
            raise SettingsError(f"{profile.id}: {name} {text!r} {wrong}")
    places = [posixpath.normpath(text) for name in FOLDERS if (text := texts[name]) is not None]
    if len(set(places)) != len(places):
        raise SettingsError(f"{profile.id}: folder, claim, done and failed must be different folders")
    if spec.claim is not None and spec.done is None:
        raise SettingsError(f"{profile.id}: a file that is claimed needs a folder `done` to go to afterwards")
    return spec.model_copy(update={**texts, "format": form})


def format_named(profile: Profile, source: str, texts: Mapping[str, str | None]) -> str:
    """Return the name of the format *source* gives; raises SettingsError when there is none of that name."""
    try:
        name = render_text(source, scope(profile, {"settings": texts}), f"{profile.id} format")
    except TemplateError as error:
        raise SettingsError(str(error)) from None
    if name not in profile.formats:
        raise SettingsError(f"{profile.id}: there is no format {name!r}; there are: {', '.join(profile.formats)}")
    return name


def marker_of(profile: Profile, writing: FileWriting, texts: Mapping[str, str | None]) -> str:
    """Return the ending of the file that says that an order is whole, an empty text when there is none."""
    try:
        names = scope(profile, {"settings": texts})
        marker = render_text(writing.marker or "", names, f"{profile.id} orders.file.marker") or ""
    except TemplateError as error:
        raise SettingsError(str(error)) from None
    if marker and (wrong := misplaced(marker, is_name=True)):
        raise SettingsError(f"{profile.id}: marker {marker!r} {wrong}")
    return marker


def check_files(profile: Profile, texts: Mapping[str, str | None]) -> None:
    """Raise SettingsError when the settings make places of files that cannot be used."""
    for _, spec in file_readings(profile):
        filled(profile, spec, texts)
    writing = profile.orders.file if profile.orders else None
    if writing is None:
        return
    format_named(profile, writing.format, texts)
    marker_of(profile, writing, texts)
    try:
        path = render_text(writing.path, scope(profile, {"settings": texts, "key": "key"}), "orders.file.path")
    except TemplateError as error:
        raise SettingsError(str(error)) from None
    if path and (wrong := misplaced(path)):
        raise SettingsError(f"{profile.id}: the path of orders {path!r} {wrong}")
