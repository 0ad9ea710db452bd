"""A folder on this machine, or on a drive mounted here."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ..errors import AuthenticationError, RejectedError, SettingsError, UnavailableError
from .folder import Entry, Folder

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NO_FILE = (errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
# FAT and some network drives have no hard links and say so in one of these ways: link(2) and Linux fs/smb/client.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


class LocalFolder(Folder):
    """A folder of the local file system."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        self.name = str(root)

    def _entries(self, path: str) -> list[Entry]:
        with self._telling(path), os.scandir(self._at(path)) as entries:
            return [told for entry in entries if (told := _entry(entry))]

    def _load(self, path: str, limit: int) -> bytes:
        with self._telling(path), self._at(path).open("rb") as file:
            return file.read(limit + 1)

    def _store(self, path: str, data: bytes) -> None:
        target = self._at(path)
        with self._telling(path):
            # an old part may be a second name of a finished file, so it is never written into
            target.unlink(missing_ok=True)
            with target.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

    def _rename(self, path: str, target: str) -> bool:
        source, goal = self._at(path), self._at(target)
        with self._telling(path):
            try:
                os.link(source, goal)
            except FileExistsError:
                if not _is_second_name(source, goal):
                    return False
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                if os.path.lexists(goal):
                    return False
                source.rename(goal)
            with suppress(FileNotFoundError):
                source.unlink()
            _make_durable(goal.parent)
            return True

    def _make_folder(self, path: str) -> None:
        with self._telling(path):
            self._at(path).mkdir(parents=True, exist_ok=True)

    def _remove(self, path: str) -> None:
        with self._telling(path):
            self._at(path).unlink()

    def _exists(self, path: str) -> bool:
        with self._telling(path):
            return self._at(path).exists()

    def _at(self, path: str) -> Path:
        target = self._root / path
        if not Path(os.path.realpath(target)).is_relative_to(os.path.realpath(self._root)):
            raise SettingsError(f"{self.name}: {path!r} is a link that leads out of the folder")
        return target

    @contextmanager
    def _telling(self, path: str) -> Iterator[None]:
        where = f"{self.name}: {path!r}"
        try:
            yield
        except FileNotFoundError:
            raise
        except PermissionError as error:
            raise AuthenticationError(f"{where} is not permitted; give this user the right, or use another") from error
        except OSError as error:
            if error.errno in _NO_FILE:
                raise RejectedError(f"{where} cannot be used ({error.strerror})") from error
            why = "the disk is full" if error.errno in _FULL else error.strerror
            raise UnavailableError(f"{where} cannot be used now ({why})") from error


def _entry(entry: os.DirEntry[str]) -> Entry | None:
    """Return what is known of *entry*, or None when it was taken away meanwhile."""
    for follow in (True, False):
        with suppress(OSError):
            stat = entry.stat(follow_symlinks=follow)
            return Entry(entry.name, stat.st_size, _instant(stat.st_mtime), entry.is_dir())
    return None


def _instant(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a disk may keep years that no calendar has
        return None


def _is_second_name(source: Path, goal: Path) -> bool:
    """Return whether an earlier rename stopped half-way; on a disk that ignores case one name may match two."""
    return goal.exists() and goal.stat().st_nlink > 1 and goal.samefile(source)


def _make_durable(folder: Path) -> None:
    """Make a rename survive a power failure, where the system has a way to."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
