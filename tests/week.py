"""A week of a brand's five pipelines that passes in seconds: its systems, its server, and what befalls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from orderweft.config import load_config
from orderweft.plugins import Plugins
from orderweft.serve import Finished, InTurn, Server, answer
from orderweft.testing import FakeClock, Fault, FaultKind, Response
from orderweft_zedonk.simulator import Simulator as Zedonk

from .inbox import Post, mail_server
from .routes import STYLES, joor_has_the_shops_stock
from .wrecks import OWN_STORE, SKUS, House, house

MONDAY = datetime(2026, 10, 19, tzinfo=UTC)
"""The clocks of Berlin are put back on the Sunday after it: 02:30 is there twice, at 00:30 and 01:30 UTC."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon after")
NOT_OURS = [{"when": f"order.customer.account_code == '{OWN_STORE}'", "reason": "our own store"}]
PIPELINES: dict[str, dict[str, Any]] = {
    "sales": {
        "schedule": "30m", "on_change": "update", "on_cancel": "alert", "skip": NOT_OURS,
        "destination_options": {"check_stock": True},
    },
    "orders": {"schedule": "0 */3 * * *", "on_change": "alert", "on_cancel": "alert", "skip": NOT_OURS},
    "shop_stock": {"schedule": "2h"},
    "styles": {"schedule": "30 2 * * *", "timezone": "Europe/Berlin"},
    "customers": {"schedule": "1d"},
}  # fmt: skip
"""JOOR → Shopify, JOOR → Zedonk, Shopify → JOOR, and the last two Zedonk → JOOR."""
TOO_MANY = Response(429, {"content-type": "text/plain"}, b"Too Many Requests")
NO_SUCH_CLIENT = Response.of_json({"error": "invalid_client"}, 400)
NO_PRODUCTS = Response.of_json(
    {"data": {"products": {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}}}
)


@dataclass
class Week:
    """The brand's systems, the server that runs between them, and what it has run and told."""

    home: House
    clock: FakeClock
    post: Post
    numbers: dict[int, str] = field(default_factory=dict)
    """What this week calls each order, by JOOR's number."""
    runs: list[Finished] = field(default_factory=list)
    """All runs that have ended."""
    server: Server = field(init=False)

    def start(self) -> None:
        """Start a server on the ledger that is there."""
        config, doors = load_config(self.home.config, _plugins()), self.home.doors
        self.server = Server(config, _plugins(), self.clock, pool=InTurn(), handlers=doors, on_finish=self._note)

    def until(self, when: str) -> None:
        """Let the server work until then."""
        while (left := (at(when) - self.clock.now()).total_seconds()) > 0:
            self.clock.sleep(min(self.server.tick(), left))

    def order(self, name: str, sku: str, pieces: int, customer: str = "C100") -> None:
        """Have a customer order in JOOR, approved at once."""
        self.numbers[self.home.joor.add_order({sku: pieces}, customer=customer)] = name

    def edit(self, name: str, pieces: int) -> None:
        """Change in JOOR how many pieces an order is of."""
        self.home.joor.edit(self.number(name), quantity=pieces)

    def cancel(self, name: str) -> None:
        """Cancel an order in JOOR."""
        self.home.joor.cancel(self.number(name))

    def restock(self, sku: str, pieces: int) -> None:
        """Have so many pieces on the shop's shelves in London."""
        self.home.shop.set_stock(sku, "London", pieces)

    def add_style(self, style: str, color: str) -> None:
        """Have Zedonk know a style in one color, and export it."""
        found = [sku for sku in SKUS if (sku.style_number, sku.color) == (style, color)]
        self.home.zedonk.add_product(style, color, {sku.size: sku.barcode for sku in found})
        self.home.zedonk.export_files()

    def spoil(self, system: str, kind: FaultKind, response: Response | None = None, operation: str = "*") -> None:
        """Have every call of a system, or every one of an operation, go wrong from now on."""
        self.home.doors[system].faults[:] = [Fault(operation, kind, times=10**9, response=response)]

    def mend(self, system: str) -> None:
        """Have a system work again."""
        self.home.doors[system].faults.clear()

    def die(self) -> None:
        """Kill the process right after the shop has taken an order; another starts when the dead one's claim ends."""
        assert self.home.die("sales", at_call=1, end="after", among={"CreateOrder"})
        self.start()

    def sleep(self, hours: int) -> None:
        """Let the machine be asleep."""
        self.clock.sleep(hours * 3600)

    def agree_on_stock(self) -> None:
        """Assert that JOOR has of each item what the shop has."""
        joor_has_the_shops_stock(self.home)

    def number(self, name: str) -> int:
        """Return JOOR's number of an order."""
        return next(number for number, called in self.numbers.items() if called == name)

    def began(self, pipeline: str, *results: str) -> list[str]:
        """Return when the runs of *pipeline* began, those with some *results* or all of them."""
        mine = [run for run in self.runs if run.pipeline.name == pipeline]
        return [told(run.began) for run in mine if not results or run.result in results]

    def mails(self) -> dict[str, list[str]]:
        """Return the subjects of the messages sent on each day, in order."""
        found: dict[str, list[str]] = {}
        for message in self.post.messages:
            day, _, _ = told(message["Date"].datetime).rpartition(" ")
            found.setdefault(day, []).append(message["Subject"].removeprefix("Orderweft: "))
        return found

    def ends(self, pipeline: str) -> dict[str, str]:
        """Return how each order has ended in *pipeline*: its state and, unless it is delivered, the reason."""
        found = {}
        for row in self.home.orders(pipeline):
            assert row.receipt_id if row.state == "delivered" else row.message, row
            assert bool(row.reason and row.fix) == (row.state == "held"), row
            why = row.reason or (row.message if row.state == "skipped" else None)
            found[self.numbers[int(row.id)]] = f"{row.state}: {why}" if why else row.state
        return found

    def metrics(self, *names: str) -> dict[str, float]:
        """Return all of the metrics with these names that are not zero, from the server's page."""
        lines = answer(self.server, "/metrics")[2].decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line.partition("{")[0] in names)
        return {name: float(value) for name, value in pairs if float(value)}

    def _note(self, run: Finished) -> None:
        self.runs.append(run)
        if run.pipeline.name == "orders":
            self.home.zedonk.work()


Happening = Callable[[Week], None]


def at(when: str) -> datetime:
    """Return the moment that is called, for instance, `Wed 15:10`, in UTC."""
    day, _, time = when.rpartition(" ")
    hours, minutes = map(int, time.split(":"))
    return MONDAY + timedelta(days=DAYS.index(day), hours=hours, minutes=minutes)


def told(moment: datetime) -> str:
    """Return a moment the way `at` reads it."""
    return f"{DAYS[(moment - MONDAY).days]} {moment:%H:%M}"


@contextmanager
def week(folder: Path) -> Iterator[Week]:
    """Open the week on its Monday at midnight, with a server that has just started and mail to the brand's people."""
    clock = FakeClock(MONDAY)
    with (
        mail_server(folder, "none") as (post, port, _),
        house(folder, clock=clock, joor={"duplicate_products": "accepted"}) as home,
    ):
        for style in home.joor.products.keys() - STYLES:
            home.joor.delete_style(style)
        _shrink(home.zedonk)
        home.configure(**PIPELINES)
        with home.config.open("a", encoding="utf-8") as file:
            file.write(
                "\n\n[serve]\njitter = 0\n"
                '[alerts.ops]\nkind = "email"\nwhere = "ops@brand.example"\nsender = "weft@brand.example"\n'
                f'server = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
            )
        opened = Week(home, clock, post)
        opened.start()
        yield opened


@cache
def _plugins() -> Plugins:
    return Plugins.installed()


def _shrink(zedonk: Zedonk) -> None:
    """Leave Zedonk the first style."""
    products = zedonk._tenant.products  # noqa: SLF001
    products[:] = [product for product in products if product.style == STYLES[0]]
    zedonk.export_files()
