"""The wire to Zedonk: exchanged files and report calls, turned into tables; the only I/O."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from orderweft import Connection, Folder, SettingsError, open_folder

from ..config import PROFILE, Settings
from .exports import Exports, NoExportError
from .images import BadImageError, Images
from .outbox import Numbered, Outbox, Result, Sent, View, numbered, refusal
from .reports import Reports
from .table import FLAG, Table

__all__ = [
    "FLAG",
    "BadImageError",
    "Client",
    "NoExportError",
    "Numbered",
    "Outbox",
    "Result",
    "Sent",
    "Table",
    "View",
    "numbered",
    "refusal",
]

T = TypeVar("T")


class Client:
    """One tenant; use `connection.once(Client)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._settings = settings = connection.settings
        self._lock = threading.Lock()
        self._folder = _open(settings)
        self._reports = Reports(connection) if settings.read_by == "reports" else None
        self._made: dict[Callable[[Table], object], tuple[Table, object]] = {}
        if self._folder is not None:
            self.exports = Exports(self._folder, settings, connection.clock)
        self.images = Images(self._folder, settings) if self._folder is not None else None

    @property
    def folder(self) -> Folder:
        """Return the folder files are exchanged in; raises SettingsError when there is none."""
        if self._folder is None:
            raise SettingsError("orders are handed over as files; set folder")
        return self._folder

    def table(self, dataset: str, seasons: Sequence[str] = (), *, any_age: bool = False) -> Table:
        """Return what Zedonk has of *dataset* now, at least of *seasons*; raises NoExportError when it gives nothing.

        A report that counts by season is asked about all seasons when none are given.
        """
        if self._reports is None:
            return self.exports.table(dataset, any_age=any_age)
        if PROFILE.datasets[dataset].by_season and not seasons:
            seasons = [row.needed("Season") for row in self._reports.table("seasons").rows]
        return self._reports.table(dataset, seasons if PROFILE.datasets[dataset].by_season else ())

    def table_if_any(self, dataset: str, seasons: Sequence[str] = (), *, any_age: bool = False) -> Table | None:
        """Return what Zedonk has of *dataset*, None when it gives nothing."""
        try:
            return self.table(dataset, seasons, any_age=any_age)
        except NoExportError:
            return None

    def index(self, table: Table, make: Callable[[Table], T]) -> T:
        """Return what *make* makes of *table*, made once for as long as the table is the same."""
        with self._lock:
            known = self._made.get(make)
            if known is None or known[0] is not table:
                known = self._made[make] = table, make(table)
            return known[1]  # type: ignore[return-value]  # what is kept under `make` was made by it

    def close(self) -> None:
        """Give back what is held open."""
        if self._folder is not None:
            self._folder.close()


def _open(settings: Settings) -> Folder | None:
    if settings.folder is None:
        return None
    # the password may be the report user's where the folder is on this machine
    password = settings.password.get_secret_value() if settings.password else None
    private_key = settings.private_key.get_secret_value() if settings.private_key else None
    return open_folder(
        settings.folder,
        password=password,
        private_key=private_key,
        host_key=settings.host_key,
        timeout=settings.timeout,
    )
