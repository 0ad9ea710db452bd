"""The hooks: one per thing a channel can do.

A channel implements those it can do and lacks the others; nothing else says what it is able to. `connection` is always
the channel's own. Hooks are called on threads, at most `Limits.in_flight` at a time per connection. Each may raise
AuthenticationError (the run stops; a person fixes the credentials), UnavailableError (a delivery is tried a few times
more, anything else stops the run; the next one goes on) and SettingsError (the pipeline cannot run as configured).
Anything else is a bug and is shown as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pluggy

from .connection import Connection
from .exchange import (
    Account,
    Acknowledgement,
    Channel,
    Delivery,
    Fetched,
    Kind,
    OrderCancellation,
    OrderQuery,
    OrderUpdate,
    Page,
    RecordPage,
    WriteMode,
)
from .records import Customer, Order, Outcome, Product, Receipt, Refused, Shipment, StockLevel
from .simulation import Simulator

hookspec = pluggy.HookspecMarker("orderweft")
hookimpl = pluggy.HookimplMarker("orderweft")


@hookspec(firstresult=True)
def describe() -> Channel:
    """Say what the channel is. Called at start, without a connection; must not do any I/O."""
    raise AssertionError


@hookspec(firstresult=True)
def check_connection(connection: Connection[Any]) -> Account:
    """Prove that the credentials work and name the account; change nothing. Called by `orderweft check`."""
    raise AssertionError


@hookspec(firstresult=True)
def provides(connection: Connection[Any], kind: Kind) -> dict[str, Any] | None:
    """Return a JSON Schema of what this source guarantees of *kind*; None when it cannot supply it.

    `required` means always there; a property set to `false` is never there; any other may be missing. No I/O.
    """
    raise AssertionError


@hookspec(firstresult=True)
def accepts(connection: Connection[Any], kind: Kind) -> dict[str, Any] | None:
    """Return a JSON Schema of what this destination requires of *kind* beyond the canonical one; None for no.

    Each record is checked against it before it is sent; a miss holds the record. No I/O.
    """
    raise AssertionError


@hookspec(firstresult=True)
def fetch_orders(connection: Connection[Any], query: OrderQuery) -> Iterator[Page]:
    """Yield orders from the query's bookmark on, in pages, each with the bookmark to go on from.

    Reading must not consume: until the host asks for the next page, this one is not stored. Where the channel cannot
    read otherwise, put the raw answer into `connection.spool` first. Pages may overlap and repeat; the host
    deduplicates. An order that cannot be read becomes a `Fetched` with a problem; it never stops the page.
    """
    raise AssertionError


@hookspec(firstresult=True)
def reread_order(connection: Connection[Any], payload: str) -> Fetched:
    """Read an order again from the payload it was fetched with. Called for orders that could not be read, once the
    settings have changed; no I/O.
    """
    raise AssertionError


@hookspec(firstresult=True)
def acknowledge_orders(
    connection: Connection[Any], acknowledgements: Sequence[Acknowledgement]
) -> list[Outcome] | None:
    """Tell the source what became of its orders; one outcome each, in order; None when the settings say not to.

    Called after the receipt or hold is durable. Not-sent and unknown ones are called again in a later run, so it must
    be harmless to repeat. Called with an empty sequence to learn whether acknowledgements are wanted.
    """
    raise AssertionError


@hookspec(firstresult=True)
def deliver_orders(connection: Connection[Any], deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Create each order once, under its key; one outcome each, in order; at most `Limits.batch_size` deliveries.

    The host has stored the intent. Accepted: stored with its receipt. AlreadyThere: the key was known; stored likewise.
    Refused: the order is held, nothing was written. NotSent: called again, soon. Unknown: the host calls `find_orders`
    before anything else. Never retry a write inside; never turn an unknown outcome into another one. An error may be
    raised instead when nothing of the whole call was applied.
    """
    raise AssertionError


@hookspec(firstresult=True)
def find_orders(connection: Connection[Any], keys: Sequence[str]) -> dict[str, Receipt | Refused]:
    """Return the receipts of those *keys* that exist at the destination, cancelled ones included.

    Called after an unknown outcome, after a crash, and for receipts that are pending. A key left out means: certainly
    not there. One that was handed over and refused since gives the refusal. When the channel cannot be certain yet,
    raise UnavailableError with `retry_after`.
    """
    raise AssertionError


@hookspec(firstresult=True)
def update_orders(connection: Connection[Any], updates: Sequence[OrderUpdate]) -> list[Outcome] | None:
    """Bring each order to the form given; one outcome each, in order; None when the settings leave no way to.

    Called with the newest form only, and again after an unknown outcome or a crash. So read back first: an order that
    is as wanted gives AlreadyThere; one that is like none of the `known` forms was edited there and is Refused, and so
    is a change the channel cannot take, before anything is written. Set quantities, never add to them. Called with an
    empty sequence to learn whether it is possible; then nothing is sent.
    """
    raise AssertionError


@hookspec(firstresult=True)
def cancel_orders(connection: Connection[Any], cancellations: Sequence[OrderCancellation]) -> list[Outcome] | None:
    """Cancel each order; one outcome each, in order; None when the settings leave no way to.

    One that is cancelled gives AlreadyThere, one that cannot be any more, such as one that was shipped, Refused. The
    receipt says `cancelled`. Called again after an unknown outcome, and with an empty sequence to learn whether it is
    possible; then nothing is sent.
    """
    raise AssertionError


@hookspec(firstresult=True)
def probe_orders(connection: Connection[Any], orders: Sequence[Order]) -> list[Refused | None] | None:
    """Say of each order what it would be refused for if it were delivered now, None where nothing speaks against it.

    Called for orders that are held, so that none is offered blindly, and in dry runs; at most 100 at a time, in the
    order they would go out: what an earlier one would take is not there for a later one. Reads only, many at once.
    Gives None instead when the settings leave nothing to ask; called with an empty sequence to learn that, without I/O.
    """
    raise AssertionError


@hookspec(firstresult=True)
def read_inventory(connection: Connection[Any]) -> Iterator[RecordPage]:
    """Yield all stock levels in pages; reading changes nothing.

    The last page says `complete` when nothing was left out. A level that cannot be read becomes an `Unread`.
    """
    raise AssertionError


@hookspec(firstresult=True)
def write_inventory(connection: Connection[Any], levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
    """Set stock levels; one outcome each, in order. Writing the same again must be harmless, for that is what happens
    after a crash.

    `update` leaves alone what is not named. `overwrite` comes as one call with everything there is, however long, and
    clears the rest; a channel that cannot do so in one request refuses it with SettingsError.
    """
    raise AssertionError


@hookspec(firstresult=True)
def read_catalog(connection: Connection[Any]) -> Iterator[RecordPage]:
    """Yield all products in pages, each product whole; reading changes nothing."""
    raise AssertionError


@hookspec(firstresult=True)
def write_catalog(connection: Connection[Any], products: Sequence[Product]) -> list[Outcome]:
    """Create or update products; one outcome each, in order; never deletes or deactivates anything.

    Writing the same again must be harmless: look for what is there before creating.
    """
    raise AssertionError


@hookspec(firstresult=True)
def read_customers(connection: Connection[Any]) -> Iterator[RecordPage]:
    """Yield all customers in pages; reading changes nothing."""
    raise AssertionError


@hookspec(firstresult=True)
def write_customers(connection: Connection[Any], customers: Sequence[Customer]) -> list[Outcome]:
    """Create or update customers; one outcome each, in order; never deletes any.

    Writing the same again must be harmless. One that the channel takes and shows only later gives a pending receipt.
    """
    raise AssertionError


@hookspec(firstresult=True)
def read_shipments(connection: Connection[Any]) -> Iterator[RecordPage]:
    """Yield shipments in pages, as far back as the settings say; reading changes nothing."""
    raise AssertionError


@hookspec(firstresult=True)
def write_shipments(connection: Connection[Any], shipments: Sequence[Shipment]) -> list[Outcome]:
    """Tell the destination what was shipped; one outcome each, in order. Writing the same again must be harmless."""
    raise AssertionError


@hookspec(firstresult=True)
def simulator(settings: Mapping[str, Any], folder: Path) -> Callable[..., Simulator]:
    """Return the class that plays this channel in memory, in its own wire format.

    *settings* are those of the connection to be played, as written, and empty where there is none; relative paths in
    them begin at *folder*. A channel that is played in one way only takes neither.
    """
    raise AssertionError


@hookspec(firstresult=True)
def commands() -> Sequence[click.Command]:
    """Return commands of the channel's own for the command line, such as `orderweft profiles`.

    Called without a connection, when the help is asked for or a command that is none of Orderweft's own. What a
    command raises is told as for any other: an error of ours as one message with its exit code. A name that is taken
    leaves that command out.
    """
    raise AssertionError
