"""A JOOR v2 order as an `Order`; pure.

An order that cannot be read raises InvalidRecordError with the field's name in front.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Literal

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
    normalize_gtin,
)
from pydantic import ValidationError

from .values import (
    Row,
    address,
    comment,
    count,
    countries,
    country,
    currency_of,
    day,
    entries,
    instant,
    minor_of,
    named,
    number,
    reason,
    required,
    text,
    tidy,
)

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
    identity = required("order_id", text(row, "order_id"))
    state = state_of(row)
    currency = required("order_currency", currency_of(row, "order_currency"))
    retail_currency = currency_of(row, "order_currency_retail")
    minor = minor_of(currency)
    terms = _Terms(_doors(row), minor, minor_of(retail_currency or currency), case_packs)
    try:
        return Order(
            origin=Origin(channel=channel, connection=connection, id=identity, revision=text(row, "date_modified")),
            number=identity,
            status=STATUS[state],
            currency=currency,
            retail_currency=retail_currency,
            price_label=text(row, "order_currency_name"),
            kind=named(row, "order_type_name", "order_type_code"),
            created_at=instant(row, "date_created"),
            approved_at=instant(row, "date_approved"),
            modified_at=instant(row, "date_modified"),
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
            discount=tidy(number(row, "order_discount"), minor),
            discount_percent=tidy(number(row, "order_discount_percent"), Decimal(1)),
            shipping_total=tidy(number(row, "order_shipping_total"), minor),
            total=tidy(number(row, "order_total"), minor),
            note=comment(row, "order_comments"),
            internal_note=comment(row, "order_internal_comments"),
            custom_fields=_noted(row, joor_status=state.word),
        )
    except ValidationError as error:
        raise InvalidRecordError(reason(error)) from None


def state_of(row: Row) -> OrderState:
    """Return the state in *row*; raise InvalidRecordError naming one that is not known."""
    code = text(row, "order_type")
    try:
        return OrderState(int(code or ""))
    except ValueError:
        found = f"JOOR's state {code!r} is not known" if code else "is missing"
        raise InvalidRecordError(f"order_type: {found}; the order cannot be told approved or not") from None


def _doors(row: Row) -> dict[str | None, Named]:
    doors = ((text(door, "door_id"), named(door, "door_name", "door_code")) for door in entries(row, "order_doors"))
    return {identity: door for identity, door in doors if door}


def _divisions(row: Row) -> tuple[Named, ...]:
    found = (named(entry, "division_name", "division_code") for entry in entries(row, "order_divisions"))
    return tuple(division for division in found if division)


def _window(row: Row) -> Window | None:
    start, complete = day(row, "date_ship_start"), day(row, "date_ship_end")
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
    for found in (address(row, "delivery", "shipping"), address(row, "accounts", "billing")):
        if found:
            yield found
    # JOOR allows one door per order.
    for door in list(doors.values())[:1]:
        yield Address(role="store", name=door.name, code=door.code)


def _noted(row: Row, joor_status: str) -> dict[str, str]:
    fields = {"joor_status": joor_status, "integration_purchase_order": text(row, "integration_purchase_order")}
    for prefix in ("shipping", "billing"):
        written = countries(row, prefix)
        if written and country(row, prefix) is None:
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
    for index, entry in enumerate(entries(row, "line_items")):
        try:
            key = _key(entry)
            seen[key] += 1
            yield _line(entry, key if seen[key] == 1 else f"{key}#{seen[key]}", terms)
        except (InvalidRecordError, ValidationError) as error:
            raise InvalidRecordError(f"line_items[{index}].{reason(error)}") from None


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
        style_number=required("item_number", text(entry, "item_number")),
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
        unit_price=tidy(price, terms.minor),
        list_price=tidy(listed, terms.minor),
        retail_price=tidy(retail, terms.retail_minor),
        store=terms.doors.get(door) if door else None,
        comment=comment(entry, "item_comment"),
        custom_fields=_line_fields(entry),
    )


def _line_fields(entry: Row) -> dict[str, str]:
    fields: dict[str, str] = {}
    for tag in entries(entry, "style_tags"):
        name = text(tag, "style_tag_name") or text(tag, "style_tag_group")
        value = text(tag, "style_tag_value") or text(tag, "style_tag_code")
        if name and value:
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    told = comment(entry, "item_color_comment")
    return {**fields, "color_comment": told} if told else fields


def _pieces(entry: Row, terms: _Terms) -> tuple[int, int | None, Decimal, Decimal | None, Decimal | None]:
    """Return the pieces, the pack size, and the wholesale, list and retail price of one piece."""
    quantity = required("item_quantity", count(entry, "item_quantity"))
    price = required("item_price", number(entry, "item_price"))
    price += number(entry, "item_price_adjustment") or 0
    multiplier = count(entry, "item_multiplier") or 1
    extended = number(entry, "item_price_extended")
    plain = extended is None or abs(extended - price * quantity) <= terms.minor
    packed = extended is None or abs(extended - price * quantity * multiplier) <= terms.minor
    if not plain and not packed:
        raise InvalidRecordError(
            f"item_price_extended: {extended} is not {quantity} times {price}"
            f"{f', nor {multiplier} times that' if multiplier > 1 else ''}; correct the order in JOOR"
        )
    listed, retail = number(entry, "item_unit_price"), number(entry, "item_retail_price")
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
