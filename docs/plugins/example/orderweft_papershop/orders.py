"""The hooks: who we are, what an order needs, how it goes out, and whether it is there."""

from collections.abc import Sequence
from typing import Any

from orderweft import Account, Connection, Delivery, Kind, Outcome, Receipt, Unknown, UnknownOutcomeError, hookimpl

from .client import ask
from .config import Settings
from .mapping import from_order, to_outcome, to_receipt, to_texts
from .simulator import Simulator


@hookimpl
def simulator() -> type[Simulator]:
    """Return the channel in memory."""
    return Simulator


@hookimpl
def check_connection(connection: Connection[Settings]) -> Account:
    """Ask whose token it is."""
    identity, name = to_texts(ask(connection, "GET", "v1/account"), "id", "name")
    return Account(identity, name)


@hookimpl
def accepts(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what an order needs; the host holds one that lacks it, and names the field."""
    customer = {"type": "object", "required": ["account_code"]}
    line = {"type": "object", "required": ["barcode", "unit_price"]}
    needs = {"customer": customer, "lines": {"type": "array", "minItems": 1, "items": line}}
    return {"type": "object", "required": [*needs], "properties": needs} if kind == "orders" else None


@hookimpl
def deliver_orders(connection: Connection[Settings], deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Put each order under its key, where the same key again makes no second order."""
    return [_deliver(connection, delivery) for delivery in deliveries]


def _deliver(connection: Connection[Settings], delivery: Delivery) -> Outcome:
    try:
        return to_outcome(ask(connection, "PUT", f"v1/orders/{delivery.key}", from_order(delivery.order)))
    except UnknownOutcomeError as error:  # no answer came, but the order may have arrived
        return Unknown(message=str(error))


@hookimpl
def find_orders(connection: Connection[Settings], keys: Sequence[str]) -> dict[str, Receipt]:
    """Ask for each key; a 404 and nothing else means that it is not there."""
    answers = {key: ask(connection, "GET", f"v1/orders/{key}") for key in keys}
    return {key: to_receipt(answer) for key, answer in answers.items() if answer.status != 404}
