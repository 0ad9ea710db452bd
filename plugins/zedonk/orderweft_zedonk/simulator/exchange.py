"""What schedules and people at Zedonk do with the folder: import what came, export what changed."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from .customers_in import CustomersIn
from .folder import Folder, Incoming, put, slug
from .images import png
from .orders_in import COMMUNITY, EXTENSIONS, OrdersIn
from .results import InRow, Result
from .rows import COLUMNS, Row, rows_of
from .tenant import Tenant
from .text import read_csv, write_csv, write_value

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "orders": COMMUNITY,
    "customers": ("Customer Name",),
    "addresses": ("Customer Name", "Address Type"),
}
_KNOWN = {
    "orders": {*COMMUNITY, *EXTENSIONS},
    "customers": {*COLUMNS["customers"]},
    "addresses": {*COLUMNS["addresses"], "Account Code"},
}
_RESULT = ("row", "key", "status", "code", "message")


class _FileRefusal(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Exchange:
    """The imports and exports of *tenant* by *folder*."""

    def __init__(self, tenant: Tenant, folder: Folder, seed: int) -> None:
        self._tenant = tenant
        self._folder = folder
        self._order_of_columns = self._chosen_columns(random.Random(seed))
        self.imported: list[str] = []
        """The names of all files taken from `in/`, whatever became of them, in order."""
        customers = CustomersIn(tenant)
        self._takers: Mapping[str, Callable[[Sequence[InRow]], list[Result]]] = {
            "orders": OrdersIn(tenant).take,
            "customers": customers.take_customers,
            "addresses": customers.take_addresses,
        }

    def columns(self, dataset: str) -> tuple[str, ...]:
        """Return the columns of *dataset* as this tenant has them."""
        return self._order_of_columns[dataset]

    def _chosen_columns(self, shuffler: random.Random) -> dict[str, tuple[str, ...]]:
        switches, chosen = self._tenant.switches, {}
        for dataset, columns in COLUMNS.items():
            kept = [column for column in columns if column not in switches["dropped_columns"]]
            if switches["column_order"] == "shuffled":
                shuffler.shuffle(kept)
            chosen[dataset] = tuple(kept)
        return chosen

    # in

    def import_files(self) -> list[str]:
        """Import every complete file, the oldest first, and return their names."""
        taken = []
        for file in self._folder.incoming():
            self._import(file)
            taken.append(file.path.name)
        self.imported += taken
        return taken

    def _import(self, file: Incoming) -> None:
        name = file.path.name
        try:
            results = self._takers[file.dataset](self._rows(file))
            # customers and addresses are taken row by row, so a file fails when none of its rows was taken
            failed = all(one.status == "ERROR" for one in results)
        except _FileRefusal as refusal:
            results, failed = [Result(0, "", "ERROR", refusal.code, refusal.message)], True
        for one in results:
            if one.status == "ERROR" or one.code:
                self._tenant.note(name, one.key, one.code, one.message)
        if file.batch is not None and self._tenant.switches["results"] == "written":
            lines = [(str(one.row), one.key, one.status, one.code, one.message) for one in results]
            data = write_csv([_RESULT, *lines], self._tenant.switches)
            put(self._folder.root / "results" / f"{file.batch}.csv", data)
        self._folder.finish(file.path, failed=failed)

    def _rows(self, file: Incoming) -> list[InRow]:
        if file.batch is None:
            raise _FileRefusal("bad_name", f"{file.path.name} is not named as a batch of {file.dataset}")
        try:
            table = read_csv(file.path.read_bytes(), self._tenant.switches)
        except ValueError as error:
            raise _FileRefusal("bad_file", f"the file cannot be read: {error}") from None
        if len(table) < 2:
            raise _FileRefusal("empty_file", "the file has no rows")
        header = [name.strip() for name in table[0]]
        missing = [name for name in _REQUIRED[file.dataset] if name not in header]
        if missing:
            raise _FileRefusal("missing_column", f"the file has no column {', '.join(missing)}")
        if twice := [name for name, times in Counter(header).items() if times > 1]:
            raise _FileRefusal("repeated_column", f"the file has {', '.join(twice)} more than once")
        for name in header:
            if name not in _KNOWN[file.dataset]:
                self._tenant.note(file.path.name, "", "unknown_column", f"the column {name!r} is not known")
        for number, row in enumerate(table[1:], start=1):
            if len(row) != len(header):
                raise _FileRefusal("bad_row", f"row {number} has {len(row)} cells instead of {len(header)}")
        return [dict(zip(header, row, strict=True)) for row in table[1:]]

    # out

    def export_files(self) -> list[str]:
        """Write a fresh export of everything, with the pictures, and return the names of the files."""
        stamp, written = self._folder.stamp(), []
        for dataset in COLUMNS:
            old, rows = self._folder.exports(dataset), rows_of(self._tenant, dataset)
            for scope, part in self._scopes(dataset, rows):
                written.append(self._folder.export(dataset, scope, stamp, self._file(dataset, part)).name)
            if self._tenant.switches["old_exports"] == "removed":
                for path in old:
                    path.unlink()
        self._export_images()
        return written

    def _scopes(self, dataset: str, rows: list[Row]) -> list[tuple[str, list[Row]]]:
        if dataset != "inventory":
            return [("", rows)]
        return [
            (f"{slug(season)}_full", [row for row in rows if row["Season"] == season])
            for season in self._tenant.seasons
        ]

    def _file(self, dataset: str, rows: Sequence[Row]) -> bytes:
        switches, columns = self._tenant.switches, self.columns(dataset)
        lines = [
            [write_value(name, row[name], switches, decimals=switches["decimals"]) for name in columns] for row in rows
        ]
        return write_csv([columns, *lines], switches)

    def _export_images(self) -> None:
        folder = self._folder.root / "images"
        for name, (width, height) in self._tenant.images.items():
            red, green, blue, _ = zlib.crc32(f"{name} {width}x{height}".encode()).to_bytes(4, "big")
            picture, path = png(width, height, (red, green, blue)), folder / name
            if not path.exists() or path.read_bytes() != picture:
                put(path, picture)
        for path in folder.glob("*.png"):
            if path.name not in self._tenant.images:
                path.unlink()
