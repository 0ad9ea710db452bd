"""The words of the table of faults: what can go wrong, while what is done, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, get_args

from orderweft import Kind
from orderweft.testing import Fault

Kin = Literal[
    "time-out before commit", "time-out after commit", "reset mid-body", "429 with Retry-After",
    "429 without Retry-After", "THROTTLED", "5xx after commit", "HTML body", "truncated JSON", "slow index",
    "stale write", "clock skew", "expired token", "rotated token", "duplicate pages", "reordered pages",
    "unknown enum", "wrong encoding", "of its own",
]  # fmt: skip
FAULTS: Sequence[Kin] = get_args(Kin)[:-1]
"""What can go wrong at any channel."""
CHANNELS: Mapping[str, str] = {"joor": "JOOR", "shopify": "Shopify", "zedonk": "Zedonk", "oms_generic": "an OMS"}
Answer = Literal[
    "Page", "Unread", "Accepted", "Refused", "NotSent", "Unknown", "AuthenticationError", "SettingsError",
    "UnavailableError",
]  # fmt: skip
"""What a hook gives: pages, one with a record that could not be read, an outcome, or an error."""
Course = Literal["goes on", "ends", "holds", "refuses"]
End = Literal["once", "held"]

COURSES: Mapping[Course, str] = {
    "goes on": "goes on and does everything",
    "ends": "ends with code 4",
    "holds": "does the rest, code 3",
    "refuses": "is refused with code 2",
}
ENDS: Mapping[End, str] = {
    "once": "everything is there, once",
    "held": "one record waits for a person; the rest is there, once",
}


@dataclass(frozen=True)
class Work:
    """What a run is doing meanwhile: a pipeline between two simulators."""

    words: str
    kind: Kind
    source: str
    destination: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """More settings of the channel at fault."""


@dataclass(frozen=True)
class Row:
    """One fault at one channel."""

    channel: str
    work: str
    kin: Kin
    fault: str
    answer: Answer
    """The first answer of the hook at work that is not as usual, or else the usual one."""
    run: Course
    told: str = ""
    """Words of what the person is told; nothing where empty."""
    end: End = "once"
    calls: tuple[Fault, ...] = ()
    """Calls of the simulator that go wrong."""
    switches: Mapping[str, Any] = field(default_factory=dict)
    """Switches of the simulator."""
    ahead: timedelta = timedelta()
    """How far the channel's clock is ahead of ours; behind it when negative."""
    hand: str = ""
    """What somebody or something does there: a name in `test_faults.HANDS`."""

    @property
    def id(self) -> str:
        """Return what tells it from the others."""
        return f"{self.work}: {self.fault}"

    @property
    def side(self) -> Literal["from", "to"]:
        """Return which end of the pipeline the fault is at."""
        return "from" if WORKS[self.work].source.partition("/")[0] == self.channel else "to"


WORKS: Mapping[str, Work] = {
    "joor orders in": Work("reading orders", "orders", "joor", "zedonk"),
    "joor orders in, by the queue": Work(
        "reading orders from the export queue", "orders", "joor", "zedonk", {"read_mode": "sync"}
    ),
    "joor orders in, one a page": Work("reading orders page by page", "orders", "joor", "zedonk", {"page_size": 1}),
    "joor notes": Work("telling JOOR what became of orders", "orders", "joor", "shopify", {"acknowledge": "v4"}),
    "joor products in": Work("reading products", "catalog", "joor", "shopify"),
    "joor stock": Work("writing stock", "inventory", "shopify", "joor"),
    "joor products": Work("writing products", "catalog", "shopify", "joor"),
    "joor customers": Work("writing customers", "customers", "zedonk", "joor"),
    "shopify orders": Work("creating orders", "orders", "joor", "shopify"),
    "shopify orders in": Work("reading orders", "orders", "shopify", "oms_generic"),
    "shopify orders in, two a page": Work(
        "reading orders page by page", "orders", "shopify", "oms_generic", {"page_size": 2}
    ),
    "shopify stock in": Work("reading stock", "inventory", "shopify", "joor"),
    "shopify stock in, in bulk": Work("reading stock in bulk", "inventory", "shopify", "joor", {"bulk_from": 0}),
    "shopify stock": Work("writing stock", "inventory", "joor", "shopify"),
    "shopify products": Work("writing products", "catalog", "joor", "shopify"),
    "shopify customers": Work("writing customers", "customers", "joor", "shopify"),
    "zedonk orders": Work("handing orders over", "orders", "joor", "zedonk"),
    "zedonk files in": Work("reading customers from files", "customers", "zedonk", "shopify"),
    "zedonk reports": Work(
        "reading customers by report calls",
        "customers",
        "zedonk",
        "shopify",
        {"read_by": "reports", "report_url": "http://127.0.0.1:9"},
    ),
    "oms orders": Work("creating orders", "orders", "joor", "oms_generic"),
    "oms orders, settled late": Work(
        "creating orders, with settle_seconds = 900", "orders", "joor", "oms_generic", {"settle_seconds": 900}
    ),
    "oms stock in": Work("reading stock", "inventory", "oms_generic", "joor"),
    "netsuite orders": Work("creating orders in NetSuite", "orders", "joor", "oms_generic/netsuite"),
    "cartrover orders": Work("creating orders in Integration Manager", "orders", "joor", "oms_generic/cartrover"),
    "skubana orders": Work("creating orders in Order Manager", "orders", "joor", "oms_generic/skubana"),
    "skubana orders in": Work("reading orders of Order Manager", "orders", "oms_generic/skubana", "oms_generic"),
    "skubana stock in": Work("reading stock of Order Manager", "inventory", "oms_generic/skubana", "joor"),
}
