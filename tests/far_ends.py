"""The systems at the other end of `oms_generic`: called in memory, or played by somebody who exchanges files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, Protocol
from xml.etree import ElementTree

from orderweft import Folder
from orderweft_oms_generic.simulator.rehearsal import Rehearsed

Kind = Literal["csv", "json", "xml"]


class FarEnd(Protocol):
    """The system at the other end, and the people who work there."""

    def work(self) -> None:
        """Do what is done there between two runs."""
        ...

    def keys(self) -> list[str]:
        """Return the keys of the orders it has, each as often as it has it."""
        ...


@dataclass
class Called:
    """A system that is called."""

    sim: Rehearsed

    def work(self) -> None:
        """Do nothing: it has what it was sent."""

    def keys(self) -> list[str]:
        """Return the keys of the orders it has."""
        return [order.external_id for order in self.sim.orders.values()]


@dataclass
class Exchanging:
    """A system that takes orders out of a folder, and answers to them unless they are CSV."""

    folder: Folder
    kind: Kind
    taken: list[str] = field(default_factory=list)

    def work(self) -> None:
        """Take every order that lies there, and answer."""
        names = [one.name for one in self.folder.list("orders") if one.name.endswith(f".{self.kind}")]
        found = [_key_in(self.kind, self.folder.read(f"orders/{name}")) for name in names]
        for name in names:
            self.folder.delete(f"orders/{name}")
        self.taken += found
        if found and self.kind != "csv":
            self.folder.write(f"answers/{len(self.taken)}.{self.kind}", _answer(self.kind, found))

    def keys(self) -> list[str]:
        """Return the keys of the orders it took."""
        return list(self.taken)


def _key_in(kind: Kind, data: bytes) -> str:
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
        assert len({row["order_key"] for row in rows}) == 1
        return rows[0]["order_key"]
    if kind == "json":
        return str(json.loads(data)["order_key"])
    return str(ElementTree.fromstring(data).findtext("order_key"))


def _answer(kind: Kind, keys: Collection[str]) -> bytes:
    rows = [{"order_key": key, "status": "accepted", "id": f"N-{key}"} for key in keys]
    if kind == "json":
        return json.dumps({"answers": rows}).encode()
    told = ["".join(f"<{name}>{text}</{name}>" for name, text in row.items()) for row in rows]
    return f"<answers><answer>{'</answer><answer>'.join(told)}</answer></answers>".encode()
