"""Small profiles of files, orders to hand over, and a system at the other end of the folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orderweft import Clock, Delivery, Folder, Order, open_folder
from orderweft.testing import FakeClock
from orderweft_oms_generic.client.files import Exchange
from orderweft_oms_generic.profiles.loading import parse_profile
from orderweft_oms_generic.profiles.model import Profile

from .profile_text import changed_text

TEXT = """\
profile: 1
id: small
title: Small
status: experimental
transport: files
settings:
  folder: {default: orders, meaning: Folder.}
formats:
  orders:
    kind: csv
    columns:
      - {name: key, value: =key, needed: true}
      - {name: number, value: =order.number}
      - {name: sku, value: =line.sku, needed: true}
      - {name: qty, value: =line.quantity}
  answers: {kind: csv}
  stock: {kind: csv, columns: [{name: sku, needed: true}, {name: qty, needed: true}]}
orders:
  write: file_name
  key: {allowed: A-Za-z0-9_-}
  file:
    path: "${settings.folder}/o_${key}.csv"
    format: orders
    marker: ""
    answer: {folder: answers, format: answers, pattern: "*.csv", pick: all, done: answers/done, failed: answers/failed}
    answered:
      record: {key: =row.key, accepted: =row.ok, message: =row.message, id: =row.id}
inventory:
  read:
    file: {folder: stock, pattern: "*.csv", format: stock}
    rows: {record: {origin: {id!: =row.sku}, item: {sku!: =row.sku}, quantity!: =row.qty}}
samples: []
"""
ANSWERED = TEXT[TEXT.index("    answer:") : TEXT.index("inventory:")]
READ = '{folder: stock, pattern: "*.csv", format: stock}'


def profile(*changes: tuple[str, str]) -> Profile:
    """Return the small profile with some of its text changed."""
    return parse_profile(changed_text(TEXT, *changes), "small.yaml")


def reading_as(spec: str) -> Profile:
    """Return the small profile with the stock's files read as *spec* says besides."""
    return profile((READ, READ[:-1] + f", {spec}}}"))


class World:
    """A folder, somebody who exchanges files in it, and people to look."""

    def __init__(self, root: Path, of: Profile, clock: Clock | None = None, folder: Folder | None = None) -> None:
        self.root, self.profile = root, of
        self.clock = clock or FakeClock()
        self.folder = folder or open_folder(str(root))
        self.files = Exchange(of, self.folder, self.clock, {name: one.default for name, one in of.settings.items()})

    def again(self) -> World:
        """Return the same folder after a crash."""
        return World(self.root, self.profile, self.clock, self.folder)

    def put(self, path: str, text: str, at: datetime | None = None) -> Path:
        """Write a file as the system does."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")
        moment = (at or self.clock.now()).timestamp()
        os.utime(target, (moment, moment))
        return target

    def text(self, path: str) -> str:
        """Return what a file holds."""
        return (self.root / path).read_bytes().decode()

    def names(self, path: str = "") -> list[str]:
        """Return what a person sees in a folder."""
        folder = self.root / path
        return sorted(one.name for one in folder.iterdir() if one.is_file()) if folder.is_dir() else []

    def stock(self, **how: Any) -> list[tuple[list[Any], bool]]:
        """Read the stock to its end."""
        reading = self.profile.inventory.read
        assert reading is not None
        return list(self.files.read(reading, **how))


def order(number: str = "1", **more: Any) -> Order:
    """Return an order of two lines."""
    lines = [{"key": "a", "sku": "TEE-S", "quantity": 12}, {"key": "b", "sku": "TEE-M", "quantity": 3}]
    data: dict[str, Any] = {
        "origin": {"channel": "joor", "connection": "joor", "id": number},
        "number": number, "status": "approved", "currency": "EUR", "customer": {}, "lines": lines,
    }  # fmt: skip
    return Order.model_validate({**data, **more})


def delivery(number: str = "1", **more: Any) -> Delivery:
    """Return an order on its way under the key `joor-NUMBER`."""
    return Delivery(order(number, **more), f"joor-{number}")


def day(number: int, hour: int = 0) -> datetime:
    """Return a moment in November."""
    return datetime(2026, 11, number, hour, tzinfo=UTC)
