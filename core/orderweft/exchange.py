"""What travels between the host and a channel: queries, pages, deliveries, descriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from .pacing import Limits
from .records import Customer, Order, Product, Receipt, Shipment, StockLevel

if TYPE_CHECKING:
    from .settings import Settings

Kind = Literal["orders", "inventory", "catalog", "customers", "shipments"]
"""The kinds of record a pipeline can move."""

WriteMode = Literal["update", "overwrite"]
"""How stock is written: set what is named, or set what is named and clear everything else."""

Moved = StockLevel | Product | Customer | Shipment
"""The records that are compared with what the destination has; orders are delivered instead."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel is and what it bears; `describe` returns one."""

    title: str
    settings: type[Settings]
    limits: Limits = field(default_factory=Limits)
    min_interval: timedelta = timedelta(minutes=5)
    """No schedule may be shorter."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are signed in as; `check_connection` returns one."""

    id: str
    name: str
    details: tuple[str, ...] = ()
    """Facts worth showing to a person, such as the plan or the time zone."""
    warnings: tuple[str, ...] = ()
    """What works now and will bite later."""


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders to fetch.

    With *number*, only the orders of that number, as far back as the channel can look; otherwise those changed since
    *since* when it is given, else since *bookmark*, else as far back as the channel's settings say.
    """

    bookmark: str | None = None
    """What the source's last stored page gave; only the source understands it."""
    since: datetime | None = None
    number: str | None = None
    peek: bool = False
    """True in a dry run: where reading changes something at the source, read without that or not at all."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One order as the source gave it: read, unreadable or not wanted, never silently dropped."""

    id: str
    number: str
    order: Order | None
    payload: str | None = None
    """The raw text it was read from; None when the order's own JSON says it all."""
    problem: str | None = None
    """Why there is no order: one sentence naming the field."""
    skip: str | None = None
    """Why the settings leave it out: one sentence. It is remembered, not delivered."""
    customer: str | None = None
    """Whose order it is, for people, when there is no order to tell it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some fetched orders and the point reached with them."""

    items: tuple[Fetched, ...]
    bookmark: str | None = None
    """Stored with the items in one transaction; asking from here on loses nothing."""
    total: int | None = None
    """How many items the whole answer has, when the source says."""
    spooled: tuple[int, ...] = ()
    """Spool entries these items were read from; removed with the same transaction."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A record the source has and that cannot be read; it is held, and the rest goes on."""

    id: str
    """The source's own id of it."""
    label: str
    """What people call it."""
    problem: str
    """Why it cannot be read: one sentence naming the field."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some stock levels, products, customers or shipments as the source has them now."""

    records: tuple[Moved, ...]
    unread: tuple[Unread, ...] = ()
    total: int | None = None
    """How many records the whole answer has, when the source says."""
    complete: bool = False
    """True on the last page of a reading that gave everything there is; only then does absence mean anything."""
    warnings: tuple[str, ...] = ()
    """What a person should know of this reading."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An order on its way, with the key that tells it from every other."""

    order: Order
    key: str
    """The same for every attempt at the same delivery; at most 64 characters of [A-Za-z0-9._:-]."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What became of an order, for its source."""

    id: str
    """The source's own id of the order."""
    number: str
    delivered: bool
    message: str
    """One sentence a user of the source understands."""
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """A delivered order in the form it has at its source by now."""

    order: Order
    """The whole order as it is to be, not what has changed."""
    known: tuple[Order, ...]
    """The forms the destination may have: the one it has confirmed first, then those sent without an answer."""
    key: str
    """The key the order was delivered under."""
    receipt: Receipt
    """What the destination gave for it."""
    revision: int
    """Which form it is; with the key it tells this update from every other, and a higher one is newer."""


@dataclass(frozen=True, slots=True)
class OrderCancellation:
    """A delivered order that was cancelled at its source."""

    key: str
    """The key the order was delivered under."""
    number: str
    """The number it has at its source."""
    receipt: Receipt
    """What the destination gave for it."""
