"""Any system that exchanges files, played in a folder as its profile tells."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orderweft import Clock, Request, Response
from orderweft.testing import SystemClock, brand

from ..profiles.calls import resolve_settings, scope
from ..profiles.folders import filled, marker_of
from ..profiles.model import FileReading, Profile, Rows
from ..profiles.places import readings_of
from ..profiles.tree import render_text
from .rows_back import Fields, row_of, written

_KEY = "the-key-of-the-order"
_YES = ("yes", "true", "y", "1")


class FileSystem:
    """A system in a folder of its own, which lives as long as this object.

    Nobody works there by itself: `work` is one round in which it takes the orders that lie there, answers where the
    profile asks for answers, and exports the sample brand's stock anew. The first export is there from the start, with
    the brand's products where the profile reads any.
    """

    def __init__(
        self, *, profile: Profile, account: Mapping[str, Any], clock: Clock | None = None, seed: int = 0
    ) -> None:
        self.title = profile.title
        self.orders: dict[str, list[bytes]] = {}
        """The files of every order by its key; more than one is a duplicate."""
        self._profile, self._clock, self._seed = profile, clock or SystemClock(), seed
        self._file = profile.orders.file if profile.orders else None
        values = {name: text or brand.secret(f"simulated-{name}-{seed}") for name, text in account["values"].items()}
        self._account = {**account, "values": values}
        self._texts = resolve_settings(profile, values)
        self._folder = Path(tempfile.mkdtemp(prefix="orderweft-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._rounds = 0
        self._exported: Path | None = None
        for place in self._places():
            place.mkdir(parents=True, exist_ok=True)
        self._export_stock()
        if profile.catalog is not None and profile.catalog.file is not None:
            self._write(profile.catalog.file, profile.catalog.rows, _products(), "products")

    @property
    def folder(self) -> Path:
        """Return the folder files are exchanged in."""
        return self._folder

    def settings(self) -> Mapping[str, Any]:
        """Return the profile and its values, the folder and the password it is served with."""
        return {
            **self._account,
            "folder": str(self._folder),
            "password": brand.secret(f"simulated-password-{self._seed}"),
        }

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count there."""
        files = sum(map(len, self.orders.values()))
        twice = files - len(self.orders)
        return {"orders": files} | ({"ordered twice": twice} if twice else {})

    def operation(self, request: Request) -> str:
        """Name what *request* asks for: nothing, for there are only files."""
        return "unknown"

    def handle(self, request: Request) -> Response:
        """Refuse *request*, for there are only files."""
        return Response(404, {"content-type": "text/plain"}, b"there are only files here")

    def work(self) -> None:
        """Do one round of what people and schedules do there."""
        self._rounds += 1
        self._answer(self._take())
        self._export_stock()

    def _take(self) -> list[str]:
        """Take the orders that lie there and return their keys."""
        file = self._file
        if file is None:
            return []
        before, _, behind = self._path_of(file.path).rpartition(_KEY)
        pattern = re.compile(re.escape(before) + "(.+)" + re.escape(behind))
        taken: list[str] = []
        for path in sorted((self._folder / (before + _KEY)).parent.iterdir()):
            found = pattern.fullmatch(path.relative_to(self._folder).as_posix())
            marker = path.with_name(path.name + marker_of(self._profile, file, self._texts))
            if found is None or not path.is_file() or not marker.exists():
                continue
            self.orders.setdefault(found[1], []).append(path.read_bytes())
            taken.append(found[1])
            for done in {path, marker}:
                done.unlink()
        return taken

    def _answer(self, keys: Sequence[str]) -> None:
        file = self._file
        if file is None or file.answer is None or file.answered is None or not keys:
            return
        numbers = {key: str(1000 + number) for number, key in enumerate(self.orders, 1)}
        answers: list[Fields] = [{"key": [key], "accepted": _YES, "id": [numbers[key]]} for key in keys]
        self._write(file.answer, file.answered, answers, "answers")

    def _export_stock(self) -> None:
        reading = self._profile.inventory.read
        if reading is None or reading.file is None:
            return
        if self._exported is not None:
            self._exported.unlink(missing_ok=True)
        name, code = brand.WAREHOUSES[0]
        levels: list[Fields] = [
            {
                "origin.id": [sku.sku], "quantity": [str(sku.stock)],
                "warehouse.name": [name], "warehouse.code": [code],
                "item.sku": [sku.sku], "item.barcode": [sku.barcode], "item.style_number": [sku.style_number],
                "item.color": [sku.color], "item.color_code": [sku.color_code], "item.size": [sku.size],
            }
            for sku in brand.skus()
        ]  # fmt: skip
        self._exported = self._write(reading.file, reading.rows, levels, "stock")

    def _write(self, file: FileReading, rows: Rows, records: Sequence[Fields], name: str) -> Path | None:
        """Write a file that is read as *records*, unless there is no way to."""
        spec = filled(self._profile, file, self._texts)
        found = [row_of(self._profile, rows, wanted) for wanted in records]
        data = written(self._profile.formats[spec.format], rows, found)
        if data is None:
            return None
        named = spec.pattern.replace("*", f"{name}_{self._rounds:04d}").replace("?", "0")
        path = self._folder / spec.folder / named
        path.write_bytes(data)
        at = self._clock.now().timestamp()
        os.utime(path, (at, at))
        if spec.marker:
            path.with_name(path.name + spec.marker).write_bytes(b"")
        return path

    def _places(self) -> list[Path]:
        """Return every folder files are put into or read from."""
        files = [reading.file for _, reading in readings_of(self._profile).values()]
        orders = self._file
        read = [file for file in (*files, orders and orders.answer) if file]
        places = [self._folder / filled(self._profile, file, self._texts).folder for file in read]
        return [*places, (self._folder / self._path_of(orders.path)).parent] if orders else places

    def _path_of(self, source: str) -> str:
        names = scope(self._profile, {"settings": self._texts, "key": _KEY})
        return render_text(source, names, f"{self._profile.id} orders.file.path") or _KEY


def _products() -> list[Fields]:
    """Return the brand's products, a row for each size."""
    sizes, prices = "colors.skus", "colors.skus.prices"
    return [
        {
            "origin.id": [sku.style_number], "style_number": [sku.style_number], "name": [sku.style_name],
            "colors.color": [sku.color], "colors.color_code": [sku.color_code],
            f"{sizes}.size": [sku.size], f"{sizes}.sku": [sku.sku], f"{sizes}.barcode": [sku.barcode],
            f"{prices}.currency": ["USD"], f"{prices}.wholesale": [str(sku.wholesale)],
            f"{prices}.retail": [str(sku.retail)],
        }
        for sku in brand.skus()
    ]  # fmt: skip
