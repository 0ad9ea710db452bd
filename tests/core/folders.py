"""Folders of every kind for tests, and what lies behind them."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from moto.backends import get_backend
from moto.server import ThreadedMotoServer
from orderweft import Folder, open_folder
from orderweft.testing.ftps import FtpsServer
from orderweft.testing.sftp import SftpServer

ON_DISK = ["local", "sftp", "ftps", "ftps-without-mlsd"]
KINDS = [*ON_DISK, "s3"]

Open = Callable[..., Folder]
_numbers = itertools.count(1)


class Behind(Protocol):
    """What lies behind a folder, seen and changed without it."""

    def names(self) -> list[str]:
        """Return all names directly in it."""
        ...

    def get(self, path: str) -> bytes:
        """Return the content of a file."""
        ...

    def put(self, path: str, data: bytes, modified: datetime | None = None) -> None:
        """Write a file, making missing folders."""
        ...

    def stamp(self, path: str) -> object:
        """Return what changes whenever a file is written."""
        ...


class Disk(Behind):
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Return all names directly in it."""
        return sorted(os.listdir(self.root))

    def get(self, path: str) -> bytes:
        """Return the content of a file."""
        return (self.root / path).read_bytes()

    def put(self, path: str, data: bytes, modified: datetime | None = None) -> None:
        """Write a file, making missing folders."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(data)
        if modified:
            os.utime(self.root / path, (modified.timestamp(), modified.timestamp()))

    def stamp(self, path: str) -> object:
        """Return what changes whenever a file is written."""
        told = (self.root / path).stat()
        return told.st_ino, told.st_mtime_ns


class Bucket(Behind):
    """A new bucket of the server in this process."""

    def __init__(self) -> None:
        self.name = f"orders-{next(_numbers)}"
        self._server = get_backend("s3")["123456789012"]["aws"]
        self._server.create_bucket(self.name, "us-east-1")

    def names(self) -> list[str]:
        """Return all names directly in it."""
        return sorted({path.split("/")[0] for path in self.keys()})

    def keys(self) -> list[str]:
        """Return the names of all objects."""
        return sorted(self._server.buckets[self.name].keys.keys())

    def get(self, path: str) -> bytes:
        """Return the content of a file."""
        found = self._server.get_object(self.name, path)
        assert found is not None
        return bytes(found.value)

    def put(self, path: str, data: bytes, modified: datetime | None = None) -> None:
        """Write a file, making missing folders."""
        made = self._server.put_object(self.name, path, data)
        if modified:
            made.last_modified = modified.astimezone(UTC).replace(tzinfo=None)

    def stamp(self, path: str) -> object:
        """Return what changes whenever a file is written."""
        return self._server.get_object(self.name, path)


@contextmanager
def s3_server() -> Iterator[str]:
    """Serve buckets over HTTP on this machine and give the address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def sftp_folder(server: SftpServer) -> Folder:
    """Open the folder of an SFTP server."""
    return open_folder(server.address, password=server.password, host_key=server.host_key, timeout=10.0)


def s3_folder(endpoint: str, bucket: str, prefix: str = "", **settings: Any) -> Folder:
    """Open a bucket of that server."""
    settings = {"access_key": "key", "secret_key": "geheim", "endpoint": endpoint, "timeout": 10.0, **settings}
    return open_folder(f"s3://{bucket}/{prefix}", **settings)


def ftps_folder(server: FtpsServer, path: str = "", **settings: Any) -> Folder:
    """Open the folder of an FTPS server."""
    settings = {"password": server.password, "ca_certificate": server.certificate, "timeout": 10.0, **settings}
    return open_folder(server.address + path, **settings)


@contextmanager
def opened(kind: str, root: Path, endpoint: str = "") -> Iterator[tuple[Folder, Behind]]:
    """Open an empty folder of a kind: on *root*, or in a new bucket at *endpoint*."""
    disk = Disk(root)
    if kind == "local":
        yield open_folder(str(root)), disk
    elif kind == "sftp":
        with SftpServer(root) as sftp, closing(sftp_folder(sftp)) as folder:
            yield folder, disk
    elif kind == "s3":
        bucket = Bucket()
        with closing(s3_folder(endpoint, bucket.name)) as folder:
            yield folder, bucket
    else:
        with FtpsServer(root, mlsd=kind == "ftps") as ftps, closing(ftps_folder(ftps)) as folder:
            yield folder, disk
