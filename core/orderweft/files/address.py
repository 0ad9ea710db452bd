"""Addresses of folders on servers of files."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ..errors import SettingsError


class Address(NamedTuple):
    """Where a folder is and who asks for it."""

    user: str
    host: str
    port: int
    root: str
    """The folder's path; relative when it begins at the user's home folder."""


def parse_address(address: str, usual_port: int) -> Address:
    """Take `scheme://user@host[:port]/path` apart; raises SettingsError saying how it must be written."""
    parts = urlsplit(address)
    scheme = parts.scheme.partition("+")[0]
    if any(mark.isspace() or not mark.isprintable() for mark in address):
        raise SettingsError(f"the {scheme}:// address must not hold spaces or control characters; write a space as %20")
    if parts.password is not None:
        raise SettingsError(f"the {scheme}:// address must not carry a password; it has a setting of its own")
    try:
        port = parts.port or usual_port
    except ValueError:
        raise SettingsError(f"{address!r} must have a port up to 65535, or none") from None
    if not parts.username or not parts.hostname or parts.query or parts.fragment:
        how = f"{scheme}://user@host[:port]/path, with ? as %3F and # as %23"
        raise SettingsError(f"{address!r} must be written as {how}")
    user, root = unquote(parts.username), unquote(parts.path, errors="surrogateescape") or "/"
    if ".." in root.split("/") or any(mark in user + root for mark in "\r\n\0"):
        raise SettingsError(f"{address!r} must not hold '..' or a line break")
    at_home = root == "/~" or root.startswith("/~/")
    return Address(user, parts.hostname, port, root[3:].lstrip("/") if at_home else root)
