"""What tells two forms of one order apart, for people: line by line, without saying anything of a person."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal

from .records import Address, Named, Order, OrderLine, Record, Window

_TOLD_APART = {
    "addresses", "created_at", "approved_at", "custom_fields", "customer", "lines", "modified_at", "origin", "status",
    "total", "window",
}  # fmt: skip
"""Fields of an order that are told in a way of their own, or that follow from others."""
_LINE_FIELDS = {"custom_fields", "key", "quantity", "unit_price"}
_PEOPLE = {"note", "internal_note", "sales_rep"}
"""Fields that may say who somebody is, of which only the name is told."""


def order_differences(before: Order, after: Order) -> tuple[str, ...]:
    """Return in sentences how *after* differs from *before*; empty when only its status or time stamps do.

    Quantities, prices and days are given as they were and are. Of addresses, customers and notes only the names of the
    fields are, so that the sentences may go wherever an order's number may.
    """
    return (
        *_lines(before.lines, after.lines),
        *_windows(before.window or Window(), after.window or Window()),
        *_addresses(before, after),
        *_named_fields("customer", before.customer, after.customer),
        *_others(before, after),
        *_custom("custom field", before.custom_fields, after.custom_fields),
    )


def _lines(before: Sequence[OrderLine], after: Sequence[OrderLine]) -> Iterator[str]:
    old = {line.key: (place, line) for place, line in enumerate(before, 1)}
    for place, line in enumerate(after, 1):
        name = _name(place, line)
        _, known = old.pop(line.key, (0, None))
        if known is None:
            price = f" at {line.unit_price}" if line.unit_price is not None else ""
            yield f"{name}: added, {line.quantity}{price}"
        else:
            yield from _line(name, known, line)
    for place, line in old.values():
        yield f"{_name(place, line)}: removed, was {line.quantity}"


def _line(name: str, before: OrderLine, after: OrderLine) -> Iterator[str]:
    if before.quantity != after.quantity:
        yield f"{name}: {before.quantity} -> {after.quantity}"
    if before.unit_price != after.unit_price:
        yield f"{name}: price {_shown(before.unit_price)} -> {_shown(after.unit_price)}"
    yield from _named_fields(name, before, after, _LINE_FIELDS)
    yield from _custom(f"{name}: custom field", before.custom_fields, after.custom_fields)


def _name(place: int, line: OrderLine) -> str:
    """Return how people know a line: its place, and what it is of by style and color, then size."""
    style = line.style_number or line.style_identifier or line.sku or line.barcode or ""
    color = line.color_code or line.color
    item = f"{style}-{color}" if style and color else style
    return " ".join(part for part in (f"line {place}", item, line.size) if part)


def _windows(before: Window, after: Window) -> Iterator[str]:
    for field, name in (("start", "first ship day"), ("complete", "last ship day")):
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield f"{name}: {_shown(old)} -> {_shown(new)}"


def _addresses(before: Order, after: Order) -> Iterator[str]:
    old, new = ({address.role: address for address in reversed(one.addresses)} for one in (before, after))
    for role in ("delivery", "accounts", "store"):
        yield from _address(f"{role} address", old.get(role), new.get(role))


def _address(name: str, before: Address | None, after: Address | None) -> Iterator[str]:
    if before is None or after is None:
        if before is not after:
            yield f"{name}: {'added' if before is None else 'removed'}"
    else:
        yield from _named_fields(name, before, after)


def _named_fields(name: str, before: Record, after: Record, told_apart: Collection[str] = ()) -> Iterator[str]:
    changed = [_words(field) for field in type(after).model_fields if field not in told_apart
               and getattr(before, field) != getattr(after, field)]  # fmt: skip
    if changed:
        yield f"{name}: {', '.join(changed)} changed"


def _others(before: Order, after: Order) -> Iterator[str]:
    for field in Order.model_fields:
        old, new = getattr(before, field), getattr(after, field)
        if field in _TOLD_APART or old == new:
            continue
        if field in _PEOPLE or isinstance(old or new, tuple):
            yield f"{_words(field)} changed"
        else:
            yield f"{_words(field)}: {_shown(old)} -> {_shown(new)}"


def _custom(name: str, before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield f"{name} {key!r} changed"


def _words(field: str) -> str:
    return field.replace("_", " ")


def _shown(value: object) -> str:
    if isinstance(value, Named):
        return value.name or value.code or "none"
    return str(value) if isinstance(value, Decimal | date | str | int) else "none"
