"""A JOOR v2 order as an `Order`; pure.

Every value may come as text, number, `""` or not at all, and an empty list as `""`: the readers here take all of them.
An order that cannot be read raises InvalidRecordError with the field's name in front.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Any, Literal, TypeVar

from orderweft import (
    Address,
    InvalidRecordError,
    Named,
    Order,
    OrderCustomer,
    OrderLine,
    OrderStatus,
    Origin,
    SalesRep,
    Window,
    country_code,
    currency_exponent,
    normalize_gtin,
)
from pydantic import ValidationError

Row = Mapping[str, Any]
T = TypeVar("T")
CasePacks = Literal["hold", "units", "packs"]


class OrderState(IntEnum):
    """What `order_type` means in an answer; the numbers differ from those of the request's filter."""

    CANCELLED = 0
    IN_PROGRESS = 1
    PENDING = 3
    APPROVED = 4
    SHIPPED = 5
    NOTES = 6

    @property
    def word(self) -> str:
        """Return JOOR's own word for it."""
        return self.name.replace("_", " ").title()


STATUS: dict[OrderState, OrderStatus] = {
    OrderState.CANCELLED: "cancelled",
    OrderState.IN_PROGRESS: "draft",
    OrderState.PENDING: "pending",
    OrderState.APPROVED: "approved",
    OrderState.SHIPPED: "shipped",
    OrderState.NOTES: "draft",
}


def to_order(
    row: Row,
    *,
    channel: str = "joor",
    connection: str = "joor",
    warehouse: str | None = None,
    case_packs: CasePacks = "hold",
) -> Order:
    """Return the order in *row*; *warehouse* is given to an order that names none."""
    identity = _required("order_id", text(row, "order_id"))
    state = state_of(row)
    currency = _required("order_currency", _currency(row, "order_currency"))
    retail_currency = _currency(row, "order_currency_retail")
    minor = _minor(currency)
    terms = _Terms(_doors(row), minor, _minor(retail_currency or currency), case_packs)
    try:
        return Order(
            origin=Origin(channel=channel, connection=connection, id=identity, revision=text(row, "date_modified")),
            number=identity,
            status=STATUS[state],
            currency=currency,
            retail_currency=retail_currency,
            price_label=text(row, "order_currency_name"),
            kind=named(row, "order_type_name", "order_type_code"),
            created_at=_instant(row, "date_created"),
            approved_at=_instant(row, "date_approved"),
            modified_at=_instant(row, "date_modified"),
            purchase_order=text(row, "customer_purchase_order"),
            season=named(row, None, "order_season_code"),
            linesheet=named(row, "order_delivery_name", "order_delivery_code"),
            event=named(row, "order_event", "order_event_code"),
            divisions=_divisions(row),
            window=_window(row),
            warehouse=named(row, "warehouse_name", "warehouse_code") or (Named(name=warehouse) if warehouse else None),
            sales_rep=_sales_rep(row),
            payment_terms=named(row, "payment_method_name", "payment_method_code"),
            ship_method=named(row, "shipping_method_name", "shipping_method_code"),
            customer=_customer(row),
            addresses=tuple(_addresses(row, terms.doors)),
            lines=tuple(_lines(row, terms)),
            discount=_tidy(_number(row, "order_discount"), minor),
            discount_percent=_tidy(_number(row, "order_discount_percent"), Decimal(1)),
            shipping_total=_tidy(_number(row, "order_shipping_total"), minor),
            total=_tidy(_number(row, "order_total"), minor),
            note=_comment(row, "order_comments"),
            internal_note=_comment(row, "order_internal_comments"),
            custom_fields=_noted(row, joor_status=state.word),
        )
    except ValidationError as error:
        raise InvalidRecordError(_reason(error)) from None


def state_of(row: Row) -> OrderState:
    """Return the state in *row*; raise InvalidRecordError naming one that is not known."""
    code = text(row, "order_type")
    try:
        return OrderState(int(code or ""))
    except ValueError:
        found = f"JOOR's state {code!r} is not known" if code else "is missing"
        raise InvalidRecordError(f"order_type: {found}; the order cannot be told approved or not") from None


def text(row: Row, field: str) -> str | None:
    """Return *field* as trimmed text, or None when it is empty or not there."""
    value = row.get(field)
    if isinstance(value, Mapping | list):
        raise InvalidRecordError(f"{field}: is not a single value")
    return None if value is None else str(value).strip() or None


def named(row: Row, name: str | None, code: str) -> Named | None:
    """Return the pair of fields *name* and *code*, or None when both are empty."""
    pair = Named(name=text(row, name) if name else None, code=text(row, code))
    return pair if pair.name or pair.code else None


def _reason(error: InvalidRecordError | ValidationError) -> str:
    if isinstance(error, InvalidRecordError):
        return str(error)
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _required(field: str, value: T | None) -> T:
    if value is None:
        raise InvalidRecordError(f"{field}: is missing")
    return value


def _number(row: Row, field: str) -> Decimal | None:
    written = text(row, field)
    if written is None:
        return None
    try:
        number = Decimal(written)
    except InvalidOperation:
        raise InvalidRecordError(f"{field}: {written[:40]!r} is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > 15:
        raise InvalidRecordError(f"{field}: {written[:40]!r} is not an amount")
    rounded = round(number, 6)  # numbers may carry the noise of a binary float, 42.300000000000004
    return number if number == rounded else rounded


def _tidy(number: Decimal | None, minor: Decimal) -> Decimal | None:
    # JOOR writes amounts as numbers, 46.0, or as text, "46.00": both are the same order.
    if number is None:
        return None
    return number.quantize(minor) if number == number.quantize(minor) else number.normalize()


def _count(row: Row, field: str) -> int | None:
    number = _number(row, field)
    if number is None:
        return None
    if number != int(number) or number < 0:
        raise InvalidRecordError(f"{field}: {number} is not a whole number of pieces")
    return int(number)


def _currency(row: Row, field: str) -> str | None:
    code = (text(row, field) or "").upper()
    try:
        currency_exponent(code or "USD")
    except InvalidRecordError as error:
        raise InvalidRecordError(f"{field}: {error}") from None
    return code or None


def _minor(currency: str) -> Decimal:
    return Decimal(1).scaleb(-currency_exponent(currency))


def _instant(row: Row, field: str) -> datetime | None:
    written = text(row, field)
    # JOOR's dates may be empty or shorter than a day; one without an offset is UTC (v2 definitions and conventions).
    if written is None or len(written) < 10:
        return None
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        raise InvalidRecordError(f"{field}: {written[:40]!r} is not a date") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _day(row: Row, field: str) -> date | None:
    instant = _instant(row, field)
    return instant.date() if instant else None


def _comment(row: Row, field: str) -> str | None:
    written = text(row, field)
    # JOOR ends paragraphs of comments with a literal <eop>; seen in a production ingester.
    return "\n".join(part.strip() for part in written.split("<eop>")).strip() or None if written else None


def _entries(row: Row, field: str) -> list[Row]:
    found = row.get(field)
    if found is None or (isinstance(found, str) and not found.strip()):
        return []
    entries = found if isinstance(found, list) else [found]
    for index, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise InvalidRecordError(f"{field}[{index}]: is not an object")
    return entries


def _doors(row: Row) -> dict[str | None, Named]:
    doors = ((text(door, "door_id"), named(door, "door_name", "door_code")) for door in _entries(row, "order_doors"))
    return {identity: door for identity, door in doors if door}


def _divisions(row: Row) -> tuple[Named, ...]:
    found = (named(entry, "division_name", "division_code") for entry in _entries(row, "order_divisions"))
    return tuple(division for division in found if division)


def _window(row: Row) -> Window | None:
    start, complete = _day(row, "date_ship_start"), _day(row, "date_ship_end")
    return Window(start=start, complete=complete) if start or complete else None


def _sales_rep(row: Row) -> SalesRep | None:
    pair = named(row, "sales_representative", "sales_representative_code")
    return SalesRep(name=pair.name, code=pair.code) if pair else None


def _customer(row: Row) -> OrderCustomer:
    return OrderCustomer(
        account_code=text(row, "customer_code"),
        name=text(row, "customer_name"),
        buyer=text(row, "customer_buyer_name"),
        group=named(row, "customer_group_name", "customer_group_code"),
        company=named(row, "company_name", "company_code"),
        tax_number=text(row, "tax_id_number"),
    )


def _addresses(row: Row, doors: Mapping[str | None, Named]) -> Iterator[Address]:
    for role, prefix in (("delivery", "shipping"), ("accounts", "billing")):
        parts = {
            "code": text(row, f"{prefix}_code"),
            "name": text(row, f"{prefix}_name"),
            "line1": text(row, f"{prefix}_address_1"),
            "line2": text(row, f"{prefix}_address_2"),
            "city": text(row, f"{prefix}_city"),
            "region": text(row, f"{prefix}_region"),
            "postcode": text(row, f"{prefix}_postal_code"),
            "country": _country(row, prefix),
            "phone": text(row, f"{prefix}_phone"),
            "email": text(row, f"{prefix}_email"),
        }
        if any(parts.values()):
            yield Address.model_validate({"role": role, **parts})
    # JOOR allows one door per order.
    for door in list(doors.values())[:1]:
        yield Address(role="store", name=door.name, code=door.code)


def _written_countries(row: Row, prefix: str) -> list[str]:
    forms = (text(row, f"{prefix}_country{form}") for form in ("_iso_two", "_iso_three", ""))
    return [form for form in forms if form]


def _country(row: Row, prefix: str) -> str | None:
    return next((code for code in map(country_code, _written_countries(row, prefix)) if code), None)


def _noted(row: Row, joor_status: str) -> dict[str, str]:
    fields = {"joor_status": joor_status, "integration_purchase_order": text(row, "integration_purchase_order")}
    for prefix in ("shipping", "billing"):
        written = _written_countries(row, prefix)
        if written and _country(row, prefix) is None:
            fields[f"{prefix}_country"] = written[-1]
    return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the lines of one order have in common."""

    doors: Mapping[str | None, Named]
    minor: Decimal
    retail_minor: Decimal
    case_packs: CasePacks


def _lines(row: Row, terms: _Terms) -> Iterator[OrderLine]:
    seen: Counter[str] = Counter()
    for index, entry in enumerate(_entries(row, "line_items")):
        try:
            key = _key(entry)
            seen[key] += 1
            yield _line(entry, key if seen[key] == 1 else f"{key}#{seen[key]}", terms)
        except (InvalidRecordError, ValidationError) as error:
            raise InvalidRecordError(f"line_items[{index}].{_reason(error)}") from None


def _key(entry: Row) -> str:
    parts = [text(entry, field) for field in ("item_style_id", "item_color_code", "item_size", "item_door_id")]
    if parts[0] is None:
        parts[0] = text(entry, "item_style_identifier") or text(entry, "item_number")
    return "/".join(part or "" for part in parts).rstrip("/") or "line"


def _line(entry: Row, key: str, terms: _Terms) -> OrderLine:
    barcode, door = text(entry, "item_upc"), text(entry, "item_door_id")
    quantity, pack_size, price, listed, retail = _pieces(entry, terms)
    return OrderLine(
        key=key,
        style_number=_required("item_number", text(entry, "item_number")),
        style_identifier=text(entry, "item_style_identifier"),
        style_name=text(entry, "item_name"),
        color=text(entry, "item_color"),
        color_code=text(entry, "item_color_code"),
        size=text(entry, "item_size"),
        size_code=text(entry, "item_size_code"),
        barcode=barcode,
        gtin=normalize_gtin(barcode),
        quantity=quantity,
        pack_size=pack_size,
        unit_price=_tidy(price, terms.minor),
        list_price=_tidy(listed, terms.minor),
        retail_price=_tidy(retail, terms.retail_minor),
        store=terms.doors.get(door) if door else None,
        comment=_comment(entry, "item_comment"),
        custom_fields=_line_fields(entry),
    )


def _line_fields(entry: Row) -> dict[str, str]:
    fields: dict[str, str] = {}
    for tag in _entries(entry, "style_tags"):
        name = text(tag, "style_tag_name") or text(tag, "style_tag_group")
        value = text(tag, "style_tag_value") or text(tag, "style_tag_code")
        if name and value:
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    comment = _comment(entry, "item_color_comment")
    return {**fields, "color_comment": comment} if comment else fields


def _pieces(entry: Row, terms: _Terms) -> tuple[int, int | None, Decimal, Decimal | None, Decimal | None]:
    """Return the pieces, the pack size, and the wholesale, list and retail price of one piece."""
    quantity = _required("item_quantity", _count(entry, "item_quantity"))
    price = _required("item_price", _number(entry, "item_price"))
    price += _number(entry, "item_price_adjustment") or 0
    multiplier = _count(entry, "item_multiplier") or 1
    extended = _number(entry, "item_price_extended")
    plain = extended is None or abs(extended - price * quantity) <= terms.minor
    packed = extended is None or abs(extended - price * quantity * multiplier) <= terms.minor
    if not plain and not packed:
        raise InvalidRecordError(
            f"item_price_extended: {extended} is not {quantity} times {price}"
            f"{f', nor {multiplier} times that' if multiplier > 1 else ''}; correct the order in JOOR"
        )
    listed, retail = _number(entry, "item_unit_price"), _number(entry, "item_retail_price")
    if multiplier == 1:
        return quantity, None, price, listed, retail
    if packed and not plain:
        return quantity * multiplier, multiplier, price, listed, retail
    if terms.case_packs == "hold":
        raise InvalidRecordError(
            f"item_multiplier: the amounts do not tell whether {quantity} counts packs of {multiplier} or pieces; "
            'set case_packs = "units" or "packs" once JOOR has said which'
        )
    if terms.case_packs == "units":
        return quantity, None if quantity % multiplier else multiplier, price, listed, retail
    # The price is then that of a pack; what the suggested retail price stands for is not known.
    listed = None if listed is None else _share("item_unit_price", listed, multiplier)
    return quantity * multiplier, multiplier, _share("item_price", price, multiplier), listed, None


def _share(field: str, price: Decimal, multiplier: int) -> Decimal:
    share = price / multiplier
    if share != round(share, 4):
        raise InvalidRecordError(f"{field}: {price} for a pack of {multiplier} gives no exact price of one piece")
    return share
