"""Read orders from JOOR, tell JOOR what became of them, look them up again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderweft import (
    Account,
    Acknowledgement,
    AuthenticationError,
    Connection,
    Fetched,
    InvalidRecordError,
    Kind,
    NotSent,
    Order,
    OrderQuery,
    Outcome,
    Page,
    Receipt,
    Refused,
    SettingsError,
    UnavailableError,
    hookimpl,
)

from .client import BATCH, Client, DeclinedError, ForbiddenError, OrderFilter, UnreadableError, json_text, read_answer
from .config import OrderFilterName, Settings
from .mapping import STATUS, OrderState, Row, named, state_of, text, to_order
from .simulator import Simulator

OVERLAP_ROWS = 3
AHEAD = timedelta(days=1)
"""How far JOOR's clock may be ahead of ours without an order being left for the next run."""
MAX_RESTARTS = 5
DESCRIPTION_LENGTH = 255

_FILTERS: dict[OrderFilterName, tuple[OrderFilter, tuple[OrderState, ...]]] = {
    "notes": (OrderFilter.NOTES, (OrderState.NOTES,)),
    "approved_shipped": (OrderFilter.APPROVED_SHIPPED, (OrderState.APPROVED, OrderState.SHIPPED)),
    "pending": (OrderFilter.PENDING, (OrderState.PENDING,)),
    "all": (
        OrderFilter.ALL_BUT_CANCELLED,
        tuple(state for state in OrderState if state is not OrderState.CANCELLED),
    ),
    "cancelled": (OrderFilter.CANCELLED, (OrderState.CANCELLED,)),
    "approved": (OrderFilter.APPROVED, (OrderState.APPROVED,)),
    "shipped": (OrderFilter.SHIPPED, (OrderState.SHIPPED,)),
}


@hookimpl
def check_connection(connection: Connection[Settings]) -> Account:
    """Prove the token, and the v4 credentials when they are given."""
    client, settings = connection.once(Client), connection.settings
    kind = "sandbox, no real data" if settings.sandbox else "given by base_url" if settings.base_url else "production"
    details, warnings = [f"{connection.http.host} ({kind})"], []
    try:
        client.orders(OrderFilter.APPROVED, count=1)
    except (DeclinedError, ForbiddenError) as declined:
        if settings.read_mode != "sync":
            raise
        warnings.append(
            f"{declined}. Without sync=0, orders lost on the way from the export queue cannot be read again."
        )
    if settings.read_mode == "sync":
        warnings.append('read_mode = "sync" marks orders as exported in JOOR when they are read, not when delivered.')
        if settings.warehouse:
            warnings.append("Orders of other warehouses are taken from JOOR's export queue, too, and then left out.")
    if not settings.missing_for_v4:
        try:
            client.sign_in()
            details.append(f"v4 sign-in works for account {settings.account_id}")
        except AuthenticationError as error:
            if settings.acknowledge == "v4":
                raise
            warnings.append(str(error))
    if settings.acknowledge == "none":
        details.append('JOOR is not told what became of its orders (acknowledge = "none")')
    name = "JOOR sandbox" if settings.sandbox else "JOOR"
    identity = settings.account_id or connection.http.host
    return Account(id=identity, name=f"{name} {identity}", details=tuple(details), warnings=tuple(warnings))


@hookimpl
def fetch_orders(connection: Connection[Settings], query: OrderQuery) -> Iterator[Page]:
    """Yield orders by their modification date, or from JOOR's export queue first when the settings say so."""
    settings, now = connection.settings, connection.clock.now()
    if query.number is not None or query.since is not None:
        since = query.since or now - timedelta(days=settings.first_run_days)
        yield from _only(query.number, _read_window(connection, _Window(min(since, now), now, min(since, now))))
        return
    for entry, body in connection.spool.pending():
        yield Page(_left_over(connection, body), query.bookmark, spooled=(entry,))
    if settings.read_mode == "sync" and not query.peek:
        yield from _take_all(connection, query.bookmark)
    try:
        yield from _read_from(connection, query.bookmark)
    except (DeclinedError, ForbiddenError):
        # Some accounts may not allow sync=0; `check_connection` then warns that nothing finds a lost answer again.
        if settings.read_mode != "sync":
            raise


@dataclass(frozen=True, slots=True)
class _Window:
    """A range of modification dates, and how far it has been read."""

    start: datetime
    end: datetime
    reached: datetime
    """The newest modification date read, which the next window begins before: JOOR's clock counts, not ours."""
    position: int = 0
    tail: tuple[str, ...] = ()
    """The last rows read, to be seen again at the next call: else rows have moved meanwhile."""

    def seen(self, items: Sequence[Fetched]) -> _Window:
        """Return the window with *items* read; without any date our clock has to do, and no future one is believed."""
        dates = [item.order.modified_at for item in items if item.order and item.order.modified_at]
        known = dates or [self.end for _ in items]
        return replace(self, reached=max([self.reached, *(date for date in known if date <= self.end)]))

    def bookmark(self) -> str:
        point = {"from": self.start.isoformat(), "end": self.end.isoformat(), "to": self.reached.isoformat()}
        return json.dumps(point | {"position": self.position, "tail": self.tail})


def _read_from(connection: Connection[Settings], bookmark: str | None) -> Iterator[Page]:
    settings = connection.settings
    now = connection.clock.now()
    if bookmark is None:
        reached = now - timedelta(days=settings.first_run_days)
        yield from _read_window(connection, _Window(reached, now, reached))
        return
    unfinished, reached = _understood(connection.name, bookmark)
    if unfinished:
        for page in _read_window(connection, unfinished):
            yield page
            _, reached = _understood(connection.name, page.bookmark or bookmark)
    start = min(reached, now) - timedelta(minutes=settings.overlap_minutes)
    yield from _read_window(connection, _Window(start, now, min(reached, now)))


def _understood(name: str, bookmark: str) -> tuple[_Window | None, datetime]:
    try:
        point = json.loads(bookmark)
        reached = datetime.fromisoformat(point["to"])
        if "position" not in point:
            return None, reached
        start, end = datetime.fromisoformat(point["from"]), datetime.fromisoformat(point["end"])
        return _Window(start, end, reached, int(point["position"]), tuple(point["tail"])), reached
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{name}: the point reached in JOOR cannot be read; run once with --since DATE") from error


def _read_window(connection: Connection[Settings], window: _Window) -> Iterator[Page]:
    """Yield all orders modified within *window*, whatever moves while they are read."""
    settings, client = connection.settings, connection.once(Client)
    for _ in range(MAX_RESTARTS + 1):
        while True:
            start = window.position - len(window.tail)
            asked = settings.page_size + len(window.tail)
            answer = client.orders(
                OrderFilter.ALL, start=start, count=asked, modified=(window.start, window.end + AHEAD)
            )
            items = tuple(_fetched(connection, row) for row in answer.rows)
            ids, tail = [item.id for item in items], set(window.tail)
            if not _joins(window.tail, ids):
                break
            items, window = tuple(item for item in items if item.id not in window.tail), window.seen(items)
            # How JOOR marks the last page is not documented: a full page, too, may be followed by another one.
            announced = answer.next_start is not None and answer.next_start > start
            if tail and set(ids) <= tail and announced:
                # a server that gives few rows at a time has shown known ones only
                window = replace(window, tail=())
                continue
            if set(ids) <= tail or not (announced or len(ids) >= asked):
                yield Page(items, json.dumps({"to": window.reached.isoformat()}))
                return
            window = replace(window, position=start + len(ids), tail=tuple(ids[-OVERLAP_ROWS:]))
            yield Page(items, window.bookmark())
        # Orders modified meanwhile leave the window and the rest moves up; what lay between was not seen.
        window = replace(window, position=0, tail=())
    raise UnavailableError(
        f"{connection.name}: orders change faster than they can be paged through; "
        "try again at a quieter time or with a larger page_size",
        retry_after=300,
    )


def _joins(tail: Sequence[str], ids: Sequence[str]) -> bool:
    """Return whether the rows *ids* continue those that ended with *tail*, nothing in between left out."""
    if not tail:
        return True
    fresh = [identity for identity in ids if identity not in tail]
    return len(fresh) < len(ids) and (ids[-1] not in tail or not fresh)


def _only(number: str | None, pages: Iterator[Page]) -> Iterator[Page]:
    for page in pages:
        items = tuple(item for item in page.items if number in (None, item.number))
        if items or number is None:
            yield Page(items)
        if items and number is not None:
            return


def _take_all(connection: Connection[Settings], bookmark: str | None) -> Iterator[Page]:
    client, settings = connection.once(Client), connection.settings
    taken: set[str] = set()
    while True:
        body = client.take_orders(_FILTERS[settings.order_status][0], count=settings.page_size)
        entry = connection.spool.put(body.encode(errors="replace").decode())
        answer = read_answer(body, f"{connection.name}: taking orders from the export queue (sync=1)")
        items = tuple(_fetched(connection, row) for row in answer.rows)
        yield Page(items, bookmark, spooled=(entry,))
        fresh = {item.id for item in items} - taken
        if not fresh:
            return
        taken |= fresh


def _left_over(connection: Connection[Settings], body: str) -> tuple[Fetched, ...]:
    """Return the orders of an answer that was taken in an earlier run and not stored then."""
    try:
        return tuple(_fetched(connection, row) for row in read_answer(body, connection.name).rows)
    except UnreadableError:
        if "order_id" not in body:
            return ()
        identity = f"answer-{_digest(body)}"
        problem = "answer: JOOR's answer broke off, its orders are marked as exported; compare it with the orders read"
        return (Fetched(identity, identity, None, payload=body, problem=problem),)
    except (DeclinedError, AuthenticationError):
        return ()


def _fetched(connection: Connection[Settings], row: Any) -> Fetched:
    settings = connection.settings
    # Half of a surrogate pair, left where JOOR cut a text short, is no Unicode and cannot be stored.
    payload = json_text(row).encode(errors="replace").decode()
    order, problem, identity, skip, customer = None, None, f"row-{_digest(payload)}", None, None
    try:
        if not isinstance(row, dict):
            raise InvalidRecordError("orders: a row is not an object")
        identity = text(row, "order_id") or identity
        customer = " ".join(filter(None, (text(row, "customer_code"), text(row, "customer_name")))) or None
        skip = _why_not(settings, row)
        order = to_order(
            row,
            channel=connection.channel,
            connection=connection.name,
            warehouse=settings.warehouse,
            case_packs=settings.case_packs,
        )
    except InvalidRecordError as error:
        problem = str(error)
    return Fetched(identity, identity, order, payload=payload, problem=problem, skip=skip, customer=customer)


def _why_not(settings: Settings, row: Row) -> str | None:
    states = _FILTERS[settings.order_status][1]
    state = state_of(row)
    if state not in states:
        taken = ", ".join(sorted(wanted.word for wanted in states))
        return f"It is {state.word} in JOOR; this pipeline takes {taken}."
    warehouse = named(row, "warehouse_name", "warehouse_code")
    if settings.warehouse and warehouse and settings.warehouse not in (warehouse.name, warehouse.code):
        assigned = warehouse.name or warehouse.code
        return f"It is assigned to warehouse {assigned!r} in JOOR; this pipeline takes {settings.warehouse!r}."
    if settings.skip_empty_customer_code and text(row, "customer_code") is None:
        return "Its customer has no code in JOOR; give it one, or set skip_empty_customer_code = false and run --since."
    return None


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:12]


@hookimpl
def reread_order(connection: Connection[Settings], payload: str) -> Fetched:
    """Read a stored order row again under the present settings."""
    return _fetched(connection, json.loads(payload, parse_float=Decimal))


@hookimpl
def acknowledge_orders(
    connection: Connection[Settings], acknowledgements: Sequence[Acknowledgement]
) -> list[Outcome] | None:
    """Write each order's export result into JOOR when the settings say so."""
    if connection.settings.acknowledge == "none":
        return None
    outcomes: list[Outcome] = []
    for first in range(0, len(acknowledgements), BATCH):
        outcomes += _acknowledge(connection, acknowledgements[first : first + BATCH])
    return outcomes


def _acknowledge(connection: Connection[Settings], batch: Sequence[Acknowledgement]) -> list[Outcome]:
    client = connection.once(Client)
    ids = [acknowledgement.id for acknowledgement in batch]
    try:
        states = client.order_states(ids) if connection.settings.acknowledge_with_status else dict.fromkeys(ids, "")
    except UnavailableError as error:
        return [NotSent(message=str(error), retry_after=error.retry_after) for _ in batch]
    marks = {
        acknowledgement.id: _mark(acknowledgement, states[acknowledgement.id])
        for acknowledgement in batch
        if acknowledgement.id in states
    }
    outcomes = dict(zip(marks, client.mark_orders(list(marks.values())), strict=True)) if marks else {}
    return [outcomes.get(acknowledgement.id) or _gone(connection.name) for acknowledgement in batch]


def _mark(acknowledgement: Acknowledgement, state: str) -> dict[str, str]:
    mark = {
        "id": acknowledgement.id,
        "status": state,
        "export_status": "SUCCESS" if acknowledgement.delivered else "FAILED",
        "export_description": acknowledgement.message[:DESCRIPTION_LENGTH],
    }
    return {name: value for name, value in mark.items() if value}


def _gone(name: str) -> Refused:
    return Refused(
        reason="refused",
        message=f"{name}: JOOR does not know this order",
        fix="Check that account_id is the account the orders come from.",
    )


@hookimpl
def find_orders(connection: Connection[Settings], keys: Sequence[str]) -> dict[str, Receipt]:
    """Look JOOR order ids up by the v4 order API."""
    states = connection.once(Client).order_states(keys)
    return {key: Receipt(id=key, number=key, cancelled=state.upper() == "CANCELLED") for key, state in states.items()}


@hookimpl
def provides(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what every order taken from this account carries."""
    if kind != "orders":
        return None
    settings = connection.settings
    states = _FILTERS[settings.order_status][1]
    always = [*(name for name, field in Order.model_fields.items() if field.is_required()), "lines", "custom_fields"]
    return {
        "type": "object",
        "required": always + (["warehouse"] if settings.warehouse else []),
        "properties": {
            "status": {"enum": sorted({STATUS[state] for state in states})},
            "customer": {
                "type": "object",
                "required": ["account_code"] if settings.skip_empty_customer_code else [],
            },
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["key", "style_number", "quantity", "unit_price"],
                    # A line of JOOR's v2 order answer has a UPC and style keys but no SKU.
                    "properties": {"sku": False},
                },
            },
        },
    }


@hookimpl
def simulator() -> type[Simulator]:
    """Return JOOR in memory."""
    return Simulator
