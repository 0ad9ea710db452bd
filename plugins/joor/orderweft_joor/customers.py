"""Read customers from JOOR, and hand customers to the background job that takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderweft import (
    Accepted,
    AlreadyThere,
    ChannelError,
    Connection,
    Customer,
    InvalidRecordError,
    Kind,
    Outcome,
    Reason,
    Receipt,
    RecordPage,
    Refused,
    SettingsError,
    Unknown,
    UnknownOutcomeError,
    Unread,
    hookimpl,
    marked_complete,
)

from .client import CustomerClient, DeclinedError, in_parts
from .config import Settings
from .mapping import Row, customer_difference, customer_id, from_customer, loosely, to_customer

ONE_BY_ONE = 20
"""Up to so many customers are looked up one by one although they could be listed."""
# JOOR's staff match new customers: its page on the bulk call.
_MATCHING = (
    "JOOR's staff match new customers: up to 100 take 1 to 2 business days, 101 to 500 take 2 to 3, more longer."
)


@hookimpl
def read_customers(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield all customers; the last page says whether nothing was left out."""
    if not connection.settings.customer_list:
        raise SettingsError(f"{connection.name}: customers can only be read with customer_list = true")
    return marked_complete(_page(connection, rows) for rows in connection.once(CustomerClient).customers())


def _page(connection: Connection[Settings], rows: Sequence[Any]) -> RecordPage:
    customers: list[Customer] = []
    unread: list[Unread] = []
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise InvalidRecordError("a row is not an object")
            customers.append(to_customer(row, channel=connection.channel, connection=connection.name))
        except InvalidRecordError as error:
            unread.append(Unread(*customer_id(row), problem=str(error)))
    return RecordPage(tuple(customers), tuple(unread))


@dataclass(eq=False)
class _Work:
    """One customer, and how far it has come."""

    customer: Customer
    code: str
    row: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None

    def refuse(self, message: str, reason: Reason, fix: str | None = None) -> None:
        """Settle it as refused."""
        self.outcome = Refused(reason=reason, message=f"{self.customer.label}: {message}", fix=fix)

    def receipt(self, there: Row | None, *remarks: str) -> Receipt:
        """Return the receipt of a customer that is there, or will be."""
        identity = customer_id(there)[0] if there is not None else self.code
        return Receipt(id=identity, number=self.code, remarks=remarks, pending=there is None)


@hookimpl
def write_customers(connection: Connection[Settings], customers: Sequence[Customer]) -> list[Outcome]:
    """Hand over customers that JOOR does not have as they are, wait for the job, and look at what came of it."""
    return in_parts(customers, connection.settings.rows_per_call, lambda part: _write(connection, part))


def _write(connection: Connection[Settings], customers: Sequence[Customer]) -> list[Outcome]:
    works = [_Work(customer, customer.account_code or "") for customer in customers]
    _check(connection.settings, works)
    _compare(connection, works)
    sent = [work for work in works if work.outcome is None]
    if sent:
        _send(connection, sent)
    return [work.outcome for work in works if work.outcome]


def _check(settings: Settings, works: Sequence[_Work]) -> None:
    first: dict[str, _Work] = {}
    for work in works:
        status = work.customer.status
        if not work.code:
            work.refuse(
                "it has no account code", "invalid_field", "Give it one at the source: it is JOOR's customer code."
            )
        elif status and status not in settings.customer_statuses:
            fix = "Leave it out, or add the status to customer_statuses."
            work.refuse(f"its status is {status!r}", "invalid_field", fix)
        elif (other := first.setdefault(loosely(work.code), work)) is not work:
            fix = "Give each customer a code of its own."
            work.refuse(f"its code is nearly that of {other.customer.label}", "invalid_field", fix)


def _compare(connection: Connection[Settings], works: Sequence[_Work]) -> None:
    """Settle what JOOR has already, and codes that would make a second customer there."""
    asked = [work for work in works if work.outcome is None]
    there = _there(connection, [work.code for work in asked], every=connection.settings.customer_list)
    near = {loosely(code): code for code in there}
    for work in asked:
        row = there.get(work.code)
        other = near.get(loosely(work.code))
        if row is None and other is not None:
            # A code that is not exactly JOOR's makes a second customer: Zedonk's page on JOOR.
            fix = f"Make the account code exactly {other!r}, or change the customer code in JOOR."
            work.refuse(f"JOOR knows the customer as {other!r}", "needs_person", fix)
            continue
        try:
            work.row = from_customer(work.customer, row, nested=connection.settings.customer_json == "nested")
        except InvalidRecordError as error:
            work.refuse(str(error), "invalid_field")
            continue
        if row is not None and customer_difference(work.row, row) is None:
            work.outcome = AlreadyThere(receipt=work.receipt(row))


def _there(connection: Connection[Settings], codes: Sequence[str], *, every: bool) -> dict[str, Row]:
    """Return the connections with these codes, or with *every* all there are, by their code as JOOR writes it."""
    client = connection.once(CustomerClient)
    if not codes:
        return {}
    if every:
        rows = (row for page in client.customers() for row in page if isinstance(row, dict))
        return {str(row["customer_code"]): row for row in rows if row.get("customer_code")}
    found = ((code, client.customer(code)) for code in codes)
    # Whether JOOR looks codes up exactly is not documented, so what it gives goes by its own code.
    return {str(row["customer_code"]): row for _, row in found if row is not None}


def _send(connection: Connection[Settings], works: Sequence[_Work]) -> None:
    client = connection.once(CustomerClient)
    try:
        job = client.send([work.row for work in works])
    except UnknownOutcomeError as error:
        for work in works:
            work.outcome = Unknown(message=str(error))
        return
    except DeclinedError as error:
        if len(works) > 1:
            raise
        works[0].refuse(f"JOOR declines it: {error}", "refused")
        return
    try:
        ended = job is not None and client.wait(job)
        every = connection.settings.customer_list and len(works) > ONE_BY_ONE
        there = _there(connection, [work.code for work in works], every=every)
    except ChannelError as error:
        for work in works:
            work.outcome = Unknown(message=f"{work.customer.label}: handed over, not seen since; {error}")
        return
    for work in works:
        _verify(work, there.get(work.code), job, ended=ended)


def _verify(work: _Work, row: Row | None, job: str | None, *, ended: bool) -> None:
    if row is None:
        work.outcome = Accepted(receipt=work.receipt(None, _MATCHING))
        return
    wrong = customer_difference(work.row, row)
    if wrong is None:
        work.outcome = Accepted(receipt=work.receipt(row))
    elif ended:
        # A job tells how far it is and not what it refused: JOOR's page on bulk connection jobs.
        fix = "JOOR's e-mail about the job, where one is set up, says why."
        work.refuse(f"JOOR's job {job} has ended and {wrong} is not what was sent", "refused", fix)
    else:
        told = f"JOOR's job {job or 'without a number'} has not ended yet."
        pending = work.receipt(row, told).model_copy(update={"pending": True})
        work.outcome = Accepted(receipt=pending)


@hookimpl(specname="provides")
def provides_customers(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what every customer read from JOOR carries."""
    if kind != "customers" or not connection.settings.customer_list:
        return None
    unknown = ("status", "currency", "price_label", "payment_terms", "ship_method", "tax_number")
    address = {"type": "object", "properties": {"role": {"enum": ["accounts", "delivery"]}, "contact": False}}
    return {
        "type": "object",
        "required": ["origin", "name", "addresses"],
        "properties": {
            **dict.fromkeys(unknown, False),
            "addresses": {"type": "array", "items": address},
        },
    }


@hookimpl(specname="accepts")
def accepts_customers(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what a customer needs before JOOR takes it."""
    if kind != "customers":
        return None
    # The lengths of JOOR's page on connections.
    return {
        "type": "object",
        "required": ["account_code", "name"],
        "properties": {
            "account_code": {"minLength": 1, "maxLength": 50},
            "name": {"maxLength": 100},
            "status": {"enum": list(connection.settings.customer_statuses)},
            "addresses": {"type": "array", "items": {"type": "object", "properties": {"code": {"maxLength": 50}}}},
        },
    }
