"""A system with its client in this process, and the runs that bring JOOR's orders there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
from orderweft import Address, Connection, Delivery, Http, Limits, Order, Outcome, Request, Response
from orderweft.config import load_config
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.runs import Report, delivery_key, run_orders
from orderweft.testing import FakeClock, Fault, Faulty, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_oms_generic.profiles.calls import key_of
from orderweft_oms_generic.simulator.rehearsal import Rehearsed

from ..scenarios import toml_lines
from .in_house import changed_profile, in_house

NOWHERE = "http://127.0.0.1:9"
SYSTEMS = ("order_desk", "cartrover", "skubana", "netsuite", "in_house")
STYLE_SKU = "{{ line.style_number }}-{{ line.color_code }}-{{ line.size }}"
"""The brand's SKU, which JOOR's orders do not carry."""


@cache
def plugins() -> Plugins:
    """Return the installed plugins and this one."""
    found = Plugins.installed()
    if "oms_generic" not in found.channels:
        found.register("oms_generic", oms)
    return found


def settings_of(sim: Rehearsed, folder: Path, **more: Any) -> dict[str, Any]:
    """Return the settings of a connection to *sim*; `values` are added to its own.

    *changes* are made to the text of its profile.
    """
    given = {**sim.settings(), "base_url": NOWHERE}
    values = {**given.pop("values"), **more.pop("values", {})}
    changes = more.pop("changes", ())
    if given["profile"] == "in_house":
        given["profile"] = in_house(folder, *changes)
    elif changes:
        given["profile"] = changed_profile(folder, given["profile"], *changes)
    return {**given, "values": values, **more}


def connect(
    handler: Callable[[Request], Response], settings: Mapping[str, Any], clock: FakeClock
) -> Connection[oms.Settings]:
    """Return a connection whose calls *handler* answers."""
    checked = oms.Settings.model_validate(settings)
    limits = Limits(in_flight=checked.in_flight or 1)
    http = Http(checked.service_url, clock=clock, limits=limits, handler=handler)
    return Connection("oms", "oms_generic", checked, http, clock)


@dataclass
class Bench:
    """One system, what may go wrong on the way there, and a connection to it."""

    folder: Path
    system: str
    switches: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.sim = Rehearsed(clock=self.clock, system=self.system, **self.switches)
        self.door = Faulty(self.sim)
        self.seen: list[Request] = []
        self.connection = self.reconnected()

    @property
    def all_settings(self) -> dict[str, Any]:
        """Return the settings beside the account's own."""
        return dict(self.settings)

    def _handle(self, request: Request) -> Response:
        self.seen.append(request)
        return self.door(request)

    def reconnected(self) -> Connection[oms.Settings]:
        """Return a connection that remembers nothing, as after a crash."""
        self.connection = connect(self._handle, settings_of(self.sim, self.folder, **self.all_settings), self.clock)
        return self.connection

    def spoil(self, *faults: Fault) -> None:
        """Make calls fail from now on."""
        self.door.faults = list(faults)
        self.door.calls.clear()

    def deliver(self, order: Order, key: str = "joor:9000001") -> Outcome:
        """Deliver one order."""
        [outcome] = oms.deliver_orders(self.connection, [Delivery(order, key)])
        return outcome

    def sent(self, method: str, path: str) -> list[Any]:
        """Return the bodies sent to an address."""
        found = [one for one in self.seen if one.method == method and one.path.endswith(path)]
        return [json.loads(one.body) if one.body else None for one in found]


def order_of(*lines: tuple[int, int], **fields: Any) -> Order:
    """Return an order of so many pieces of the brand's items, named by their number."""
    skus, buyer = brand.skus(), brand.buyers()[0]
    address = Address(role="delivery", name=buyer.name, line1=buyer.line1, city=buyer.city, region="LDN",
                      postcode=buyer.postcode, country=buyer.country)  # fmt: skip
    rows = [
        {"key": str(number), "sku": skus[index].sku, "barcode": skus[index].barcode, "quantity": pieces,
         "style_number": skus[index].style_number, "color_code": skus[index].color_code, "size": skus[index].size,
         "style_name": skus[index].style_name, "unit_price": str(skus[index].wholesale)}
        for number, (index, pieces) in enumerate(lines or ((0, 2), (7, 3)), 1)
    ]  # fmt: skip
    return Order.model_validate({
        "origin": {"channel": "joor", "connection": "joor", "id": "9000001"}, "number": "9000001",
        "status": "approved", "currency": "GBP", "created_at": "2026-11-01T10:00:00Z",
        "approved_at": "2026-11-02T08:00:00Z", "purchase_order": "PO-9",
        "customer": {"account_code": buyer.code, "name": buyer.name, "email": buyer.email},
        "addresses": [address], "lines": rows, **fields,
    })  # fmt: skip


@dataclass
class Road:
    """A pipeline of orders from JOOR to one system."""

    bench: Bench
    joor: Joor

    def run(self) -> Report:
        """Run it once."""
        bench = self.bench
        account = settings_of(bench.sim, bench.folder, **{"item_code": STYLE_SKU, **bench.all_settings})
        tables = {
            "connections.joor": {"channel": "joor", "base_url": NOWHERE, **self.joor.settings(), "acknowledge": "v4"},
            "connections.oms": {"channel": "oms_generic", **account},
            "pipelines.orders": {"moves": "orders", "source": "joor", "destination": "oms"},
        }
        config = bench.folder / "orderweft.toml"
        config.write_text("\n\n".join(f"[{name}]\n{toml_lines(table)}" for name, table in tables.items()), "utf-8")
        chosen = load_config(config, plugins(), secrets_needed=False).pipeline(None)
        doors = {"joor": Faulty(self.joor), "oms": bench.door}
        with closing(Ledger(bench.folder / "orderweft.db", bench.clock)) as ledger:
            return run_orders(chosen, plugins(), ledger, bench.clock, handlers=doors)

    def arrived(self) -> list[int]:
        """Return the JOOR orders the system has, as often as it has them."""
        profile = self.bench.connection.settings.system
        texts = self.bench.connection.settings.texts
        keys = {key_of(profile, delivery_key("joor", str(one)), texts): one
                for one in self.joor.orders}  # fmt: skip
        return sorted(keys[order.external_id] for order in self.bench.sim.orders.values())


def road(bench: Bench, orders: int = 3) -> Road:
    """Open a road for so many ordinary orders."""
    return Road(bench, Joor(clock=bench.clock, orders="none", many=orders))
