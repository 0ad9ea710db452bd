"""Orders of a system: deliver, find again, fetch; and what concerns the connection as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderweft import (
    Account,
    AuthenticationError,
    Connection,
    Delivery,
    Fetched,
    Kind,
    NotSent,
    Order,
    OrderCancellation,
    OrderQuery,
    OrderUpdate,
    Outcome,
    Page,
    Receipt,
    Refused,
    RejectedError,
    SettingsError,
    TemplateError,
    Unread,
    hookimpl,
)
from orderweft.testing import Simulator

from .client import Client
from .client.changing import Editor
from .client.desk import Desk
from .client.files import FileClient
from .client.reading import iso, raw_pages, wanted
from .config import Settings
from .mapping import accepted, provided, to_record
from .profiles.answers import answered, records_of
from .profiles.calls import scope
from .profiles.expressions import compiled
from .profiles.model import Reading
from .profiles.tree import render_text
from .simulator.rehearsal import rehearsed


@hookimpl
def check_connection(connection: Connection[Settings]) -> Account:
    """Prove that the system lets us in, by the call the profile names."""
    settings, profile = connection.settings, connection.settings.system
    unsure = profile.confirm if profile.status == "experimental" else ()
    warnings = [f"confirm on a real account: {one}" for one in unsure]
    if profile.transport == "files":
        account = connection.once(FileClient).check()
        return replace(account, warnings=(*account.warnings, *warnings))
    if profile.check is None:
        told = (*warnings, f"{profile.id} has no `check`, so that nothing was asked")
        return Account(settings.service_url, profile.title, (), told)
    context = {"settings": settings.texts}
    try:
        answer = connection.once(Client).read(profile.check.call, context)
    except (RejectedError, TemplateError) as error:
        raise SettingsError(str(error)) from None
    if answer is None:
        raise SettingsError(f"{profile.title} knows nothing of what the profile's `check` asks for")
    names, where = answered(profile, context, answer.body, answer.headers), f"{profile.id} check"
    try:
        id_, name = (render_text(leaf, names, where) for leaf in (profile.check.id, profile.check.name))
        details = [render_text(leaf, names, where) for leaf in profile.check.details]
    except TemplateError as error:
        raise SettingsError(str(error)) from None
    shown = tuple(detail for detail in (profile.title, *details) if detail)
    return Account(id_ or settings.service_url, name or profile.title, shown, tuple(warnings))


@hookimpl
def provides(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Return what every record of *kind* read by the profile has, None when the profile reads none."""
    return provided(connection.settings, kind)


@hookimpl
def accepts(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Return what a record of *kind* needs before the system takes it, None when the profile writes none."""
    return accepted(connection.settings, kind)


@hookimpl
def simulator(settings: Mapping[str, Any], folder: Path) -> Callable[..., Simulator]:
    """Return what plays the system of the profile in memory."""
    return rehearsed(settings, folder)


@hookimpl
def deliver_orders(connection: Connection[Settings], deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Create each order once, under its key, as the profile says."""
    wanted(connection, connection.settings.system.orders, "takes no orders")
    if connection.settings.system.transport == "files":
        return connection.once(FileClient).deliver(deliveries)
    desk = connection.once(Desk)
    outcomes: list[Outcome] = []
    for delivery in deliveries:
        try:
            outcomes.append(desk.deliver(delivery))
        except (AuthenticationError, SettingsError) as error:
            if not outcomes:
                raise
            outcomes += [NotSent(message=str(error))] * (len(deliveries) - len(outcomes))
            break
    return outcomes


@hookimpl
def find_orders(connection: Connection[Settings], keys: Sequence[str]) -> dict[str, Receipt | Refused]:
    """Return the receipts of those *keys* the system has whole orders for.

    One that lacks a step of its creation is left out: delivering it again goes on at that step.
    """
    wanted(connection, connection.settings.system.orders, "takes no orders")
    if connection.settings.system.transport == "files":
        return connection.once(FileClient).find(keys)
    desk = connection.once(Desk)
    answers = {key: desk.look_up(key) for key in keys}
    return {key: answer for key, answer in answers.items() if answer is not None}


@hookimpl
def update_orders(connection: Connection[Settings], updates: Sequence[OrderUpdate]) -> list[Outcome] | None:
    """Bring orders to their new form, as the profile says; None where it does not."""
    editor = connection.once(Editor)
    return None if editor.update is None else [editor.bring(update) for update in updates]


@hookimpl
def cancel_orders(connection: Connection[Settings], cancellations: Sequence[OrderCancellation]) -> list[Outcome] | None:
    """Cancel orders, as the profile says; None where it does not, or the settings do not."""
    editor = connection.once(Editor)
    return None if editor.cancel is None else [editor.call_off(one) for one in cancellations]


@hookimpl
def probe_orders(connection: Connection[Settings], orders: Sequence[Order]) -> list[Refused | None] | None:
    """Say of each order what its look-ups do not find; None where the profile looks nothing up."""
    profile = connection.settings.system
    if profile.orders is None or not profile.orders.lookups or profile.transport == "files":
        return None
    return connection.once(Desk).probe(orders)


@hookimpl
def fetch_orders(connection: Connection[Settings], query: OrderQuery) -> Iterator[Page]:
    """Yield the orders changed since the newest change seen before, or those of one number."""
    reading = wanted(connection, connection.settings.system.fetch_orders, "supplies no orders")
    in_turn = query.since is None and query.number is None
    context = {
        "settings": connection.settings.texts,
        "now": iso(connection.clock.now()),
        "since": iso(_start(connection, query)),
        "number": query.number,
    }
    newest = _moment(query.bookmark)
    held: list[Any] = []
    for rows, last in raw_pages(connection, reading, context, since=query.since, peek=query.peek):
        held += rows
        if reading.rows.group is not None and not last:
            continue
        items = [item for chunk in _chunks(connection, reading, held) for item in _fetched(connection, reading, chunk)]
        held = []
        if query.number is not None:
            items = [item for item in items if item.number == query.number]
        changes = [item.order.modified_at for item in items if item.order and item.order.modified_at]
        newest = max([*changes, *([newest] if newest else [])], default=None)
        # Lists come in any order, so that only their end tells how far everything has been seen.
        reached = iso(newest) if in_turn and last and newest else query.bookmark
        yield Page(tuple(items), reached)


@hookimpl
def reread_order(connection: Connection[Settings], payload: str) -> Fetched:
    """Read a stored order again under the present settings."""
    reading = wanted(connection, connection.settings.system.fetch_orders, "supplies no orders")
    found = _fetched(connection, reading, json.loads(payload, parse_float=Decimal))
    return found[0] if found else Fetched("", "", None, payload, problem="the profile reads no order from it any more")


def _start(connection: Connection[Settings], query: OrderQuery) -> datetime:
    settings = connection.settings
    if query.since is not None:
        return query.since
    if (reached := _moment(query.bookmark)) is not None:
        return reached - timedelta(minutes=settings.overlap_minutes)
    first = connection.clock.now() - timedelta(days=settings.first_run_days)
    if settings.earliest_order_date is None:
        return first
    return max(first, datetime.combine(settings.earliest_order_date, time(), UTC))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _chunks(connection: Connection[Settings], reading: Reading, rows: list[Any]) -> list[list[Any]]:
    """Return the raw rows of each order; those that tell no group stand alone."""
    group = reading.rows.group
    if group is None or reading.rows.children is not None:
        return [[row] for row in rows] if group is None else [rows]
    profile, chunks = connection.settings.system, dict[str, list[Any]]()
    for number, row in enumerate(rows):
        names = scope(profile, {"settings": connection.settings.texts, "row": row, "child": None})
        try:
            key = f"key {compiled(group).value(names)}"
        except TemplateError:
            key = f"row {number}"
        chunks.setdefault(key, []).append(row)
    return list(chunks.values())


def _fetched(connection: Connection[Settings], reading: Reading, rows: list[Any]) -> list[Fetched]:
    settings = connection.settings
    payload = json.dumps(rows, ensure_ascii=False, default=float)
    found, problems = records_of(settings.system, reading.rows, rows, {"settings": settings.texts})
    items = [Fetched(one.id, one.label, None, payload, problem=one.problem) for one in problems]
    for data in found:
        order = to_record(Order, data, (connection.channel, connection.name), settings)
        if isinstance(order, Unread):
            items.append(Fetched(order.id, str(data.get("number") or order.id), None, payload, problem=order.problem))
        else:
            items.append(Fetched(order.origin.id, order.number, order, payload, skip=_skip(order, settings)))
    return items


def _skip(order: Order, settings: Settings) -> str | None:
    earliest, taken = settings.earliest_order_date, order.created_at or order.approved_at
    if earliest is None or taken is None or taken.date() >= earliest:
        return None
    return f"it was taken before {earliest} (earliest_order_date)"
