"""Exchange files with a channel: a local folder, one on an SFTP or FTPS server, or one in an S3 bucket."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..errors import SettingsError
from .folder import Entry, Folder
from .ftps import FtpsFolder
from .local import LocalFolder

__all__ = ["Entry", "Folder", "open_folder"]

_SUPPORTED = "a local path, file:///path, sftp://user@host/path, ftps://user@host/path or s3://bucket/prefix"


def open_folder(
    address: str,
    *,
    password: str | None = None,
    private_key: str | None = None,
    host_key: str | None = None,
    timeout: float = 30.0,
    access_key: str | None = None,
    secret_key: str | None = None,
    region: str | None = None,
    endpoint: str | None = None,
    ca_certificate: str | None = None,
) -> Folder:
    """Open the folder at a local path, `file:///path` or an address of a server, connecting to it at the first use.

    `sftp://user@host[:port]/path` takes *password* or *private_key* (its text, without a passphrase), and *host_key*
    (the server's public key or its `SHA256:...` fingerprint, without which no credential is sent).
    `ftps://user@host[:port]/path`, or `ftps+implicit://` where TLS begins at once, takes *password*. With both,
    `/~/path` begins at the user's home folder.

    `s3://bucket/prefix` takes *access_key*, *secret_key* and *region*, or *endpoint*, the address of another server
    than Amazon's; nothing is taken from elsewhere on this machine.

    *ca_certificate* is the PEM text of an authority to trust besides this machine's, for FTPS and S3. *timeout* is the
    seconds to wait for each answer; a whole request to S3 may take four times as long.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise SettingsError(f"the folder must be {_SUPPORTED}") from None
    kind = parts.scheme if len(parts.scheme) > 1 else ""  # one letter is a drive
    if kind == "sftp":
        return _sftp(address, password, private_key, host_key, timeout)
    if kind in ("ftps", "ftps+implicit"):
        return FtpsFolder(address, password=password, ca_certificate=ca_certificate, timeout=timeout)
    if kind == "s3":
        where = {"region": region, "endpoint": endpoint, "ca_certificate": ca_certificate}
        return _s3(address, timeout, access_key=access_key, secret_key=secret_key, **where)
    if kind == "file":
        if parts.netloc not in ("", "localhost") or not parts.path:
            raise SettingsError(f"{address!r} must be written as file:///path")
        address = url2pathname(parts.path)
    elif kind:
        raise SettingsError(f"{kind}: is not supported; the folder must be {_SUPPORTED}")
    if not address or "\0" in address:
        raise SettingsError(f"the folder must be {_SUPPORTED}")
    return LocalFolder(Path(os.path.expanduser(address)).absolute())


def _sftp(address: str, password: str | None, private_key: str | None, host_key: str | None, timeout: float) -> Folder:
    try:
        from .sftp import SftpFolder  # noqa: PLC0415  an optional extra
    except ModuleNotFoundError as error:
        raise SettingsError(f"SFTP needs {error.name}; pip install 'orderweft[sftp]'") from error
    return SftpFolder(address, password=password, private_key=private_key, host_key=host_key, timeout=timeout)


def _s3(address: str, timeout: float, **settings: str | None) -> Folder:
    try:
        from .s3 import S3Folder  # noqa: PLC0415  an optional extra
    except ModuleNotFoundError as error:
        raise SettingsError(f"S3 needs {error.name}; pip install 'orderweft[s3]'") from error
    return S3Folder(address, timeout=timeout, **settings)
