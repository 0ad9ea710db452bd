"""Rows of Zedonk's files and reports to values and records, and orders to rows; pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from orderweft import (
    Address,
    AddressRole,
    Contact,
    Customer,
    InvalidRecordError,
    Named,
    Order,
    OrderLine,
    Origin,
    SalesRep,
    SettingsError,
    country_code,
    normalize_gtin,
)

DecimalMark = Literal[".", ","]

_NUMBER: Mapping[DecimalMark, re.Pattern[str]] = {
    ".": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?"),
    ",": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)?(?:,\d+)?"),
}
_DATES = {
    "year": re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"),
    "day": re.compile(r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})"),
    "month": re.compile(r"(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<year>\d{4})"),
}
_ROLES: Mapping[str, AddressRole] = {"delivery": "delivery", "accounts": "accounts", "store": "store"}
_MORE = ("Type", "Territory", "Priority", "Shipping Terms", "Website", "Buying Office", "Order Customer Ref")
_POSTAL = ("Name", "Line 1", "Line 2", "City", "County", "Postcode", "Country", "Phone")
BARCODE_LENGTH = {"ean_13": 13, "upc_a": 12}
_WHOLE = {8, 12, 13, 14}
"""How many digits a barcode has that a spreadsheet has taken nothing from."""


@dataclass(frozen=True, slots=True)
class Notation:
    """How values are written in one file."""

    decimal_mark: DecimalMark | None = None
    """None where the file leaves it open; amounts that could be read either way are then refused."""
    date_order: Literal["year", "day", "month"] = "year"
    true: frozenset[str] = frozenset({"true"})
    false: frozenset[str] = frozenset({"false"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file or a report, by the profile's column names."""

    cells: Mapping[str, str]
    place: str
    """Where it stands, for messages."""
    notation: Notation = field(default_factory=Notation)

    def text(self, column: str) -> str | None:
        """Return what is in *column*, None when nothing is."""
        return self.cells.get(column, "").strip() or None

    def needed(self, column: str) -> str:
        """Return what is in *column*; raises InvalidRecordError when nothing is."""
        value = self.text(column)
        if value is None:
            raise InvalidRecordError(f"{column}: nothing is in it ({self.place})")
        return value

    def amount(self, column: str) -> Decimal | None:
        """Return the number in *column*."""
        value = self.text(column)
        if value is None:
            return None
        read = readings(value)
        mark = self.notation.decimal_mark
        if mark is not None:
            read = {mark: read[mark]} if mark in read else {}
        if len(set(read.values())) != 1:
            raise InvalidRecordError(f"{column}: {value!r} {_unclear(bool(read))} ({self.place})")
        return next(iter(read.values()))

    def whole(self, column: str) -> int | None:
        """Return the whole number in *column*."""
        value = self.amount(column)
        if value is None:
            return None
        if value != value.to_integral_value():
            raise InvalidRecordError(f"{column}: {self.text(column)!r} is not a whole number ({self.place})")
        return int(value)

    def day(self, column: str) -> date | None:
        """Return the day in *column*; a time behind it is cut off."""
        value = self.text(column)
        if value is None:
            return None
        for order in dict.fromkeys(("year", self.notation.date_order)):
            if found := re.match(rf"{_DATES[order].pattern}(?=$|[T ])", value):
                try:
                    return date(int(found["year"]), int(found["month"]), int(found["day"]))
                except ValueError:
                    break
        raise InvalidRecordError(f"{column}: {value!r} is not a date; see the setting date_order ({self.place})")

    def flag(self, column: str, *, default: bool) -> bool:
        """Return what the word in *column* says, *default* when nothing is in it."""
        value = (self.text(column) or "").casefold()
        if not value:
            return default
        if value in self.notation.true or value in self.notation.false:
            return value in self.notation.true
        raise InvalidRecordError(f"{column}: {value!r} is neither true nor false ({self.place})")


def readings(value: str) -> dict[DecimalMark, Decimal]:
    """Return what number *value* is, by the decimal mark it may have been written with."""
    digits = re.sub(r"[\s']", "", value)
    if not any(mark.isdigit() for mark in digits) or not digits.isascii():
        return {}
    thousands: Mapping[DecimalMark, DecimalMark] = {".": ",", ",": "."}
    return {
        mark: Decimal(digits.replace(thousands[mark], "").replace(",", "."))
        for mark, pattern in _NUMBER.items()
        if pattern.fullmatch(digits)
    }


def decimal_mark(values: Iterable[str]) -> DecimalMark | None:
    """Return the decimal mark *values* are written with, None where they leave it open or contradict each other."""
    told: set[DecimalMark] = set()
    for value in values:
        read = readings(value)
        if len(read) == 1:
            told |= set(read)
    return told.pop() if len(told) == 1 else None


def _unclear(is_number: bool) -> str:
    return "may be read in two ways; set decimal_mark" if is_number else "is not a number; see decimal_mark"


def folded(text: str | None) -> str:
    """Return *text* without case, accents, blanks and punctuation, for comparing what people type."""
    plain = unicodedata.normalize("NFKD", text or "").casefold()
    return "".join(mark for mark in plain if mark.isalnum())


# barcodes


def to_gtin(barcode: str | None) -> str | None:
    """Return *barcode* as GTIN-14, also when a spreadsheet has taken its leading zeros away."""
    digits = re.sub(r"[\s-]", "", barcode or "")
    if digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 14:
        return normalize_gtin(digits) or normalize_gtin(digits.zfill(14))
    return None


@dataclass(frozen=True, slots=True)
class Barcodes:
    """The barcodes of one tenant: all EAN-13 or all UPC-A."""

    length: int | None = None
    """None leaves every barcode as it was written."""
    exact: bool = False

    @classmethod
    def of(cls, barcodes: Iterable[str | None], match: str, kind: str) -> Barcodes:
        """Learn from *barcodes* which of the two kinds they are, unless *kind* says it.

        Raises SettingsError when all have lost zeros, and so may be of either kind.
        """
        if match == "exact":
            return cls(exact=True)
        if kind in BARCODE_LENGTH:
            return cls(BARCODE_LENGTH[kind])
        # A tenant is set to one kind, never both: Zedonk's help page on barcode settings. Lost zeros only shorten.
        lengths = {len(barcode.strip()) for barcode in barcodes if barcode and to_gtin(barcode)}
        if lengths and not lengths & _WHOLE:
            raise SettingsError(
                f"barcode_type: every barcode has lost leading zeros, the longest has {max(lengths)} digits; "
                "say whether they are ean_13 or upc_a"
            )
        return cls(13 if 13 in lengths else 12 if 12 in lengths else None)

    def key(self, barcode: str | None) -> str | None:
        """Return what two barcodes have in common when they are the same."""
        text = (barcode or "").strip()
        return (None if self.exact else to_gtin(text)) or text or None

    def written(self, barcode: str | None) -> str | None:
        """Return *barcode* with the zeros the tenant's own have."""
        text = (barcode or "").strip() or None
        gtin = None if self.exact or text is None else to_gtin(text)
        if gtin is None or self.length is None or int(gtin[: 14 - self.length] or 0):
            return text
        return gtin[14 - self.length :]


# customers


def to_customer(
    row: Row, origin: Origin, currency: str | None, addresses: Sequence[Row], contacts: Sequence[Row]
) -> Customer:
    """Read a customer with the addresses and people of the files beside it."""
    status = "active" if row.flag("Active", default=True) else "inactive"
    if status == "active" and row.flag("On Hold Status", default=False):
        status = "on_hold"
    group, manager, terms = row.text("Category"), row.text("Account Manager"), row.text("Payment Terms")
    more = {column.lower().replace(" ", "_"): value for column in _MORE if (value := row.text(column))}
    people = sorted(contacts, key=lambda person: not person.flag("Default", default=False))
    return Customer.model_validate(
        {
            "origin": origin,
            "account_code": row.text("Account Code"),
            "name": row.needed("Customer Name"),
            "status": status,
            "currency": currency,
            "payment_terms": Named(name=terms) if terms else None,
            "sales_rep": SalesRep(name=manager) if manager else None,
            "group": Named(name=group) if group else None,
            "addresses": tuple(to_address(address) for address in addresses),
            "contacts": tuple(
                Contact(name=person.text("Name"), email=person.text("Email"), phone=person.text("Phone"))
                for person in people
            ),
            "custom_fields": more,
        }
    )


def role_of(row: Row) -> AddressRole:
    """Return the role of the address in *row*."""
    word = row.needed("Address Type")
    role = _ROLES.get(word.casefold())
    if role is None:
        raise InvalidRecordError(f"Address Type: {word!r} is none of {', '.join(_ROLES)} ({row.place})")
    return role


def to_address(row: Row) -> Address:
    """Read an address; a country nobody knows is left out."""
    return Address(
        role=role_of(row),
        name=row.text("Name"),
        contact=row.text("Contact"),
        line1=row.text("Line 1"),
        line2=row.text("Line 2"),
        city=row.text("City"),
        region=row.text("County"),
        postcode=row.text("Postcode"),
        country=country_code(row.text("Country")),
        phone=row.text("Phone"),
        email=row.text("Email"),
    )


def address_key(address: Address) -> tuple[str, ...]:
    """Return what two spellings of one postal address have in common.

    The region is left out: it is written in too many ways, and does not move the place.
    """
    lines = folded(f"{address.line1 or ''} {address.line2 or ''}")
    return address.role, lines, folded(address.city), folded(address.postcode), address.country or ""


def from_address(address: Address, name: str, code: str) -> dict[str, str | None]:
    """Build the row that adds *address* to the customer called *name*."""
    return {
        "Customer Name": name,
        "Account Code": code,
        "Address Type": address.role.capitalize(),
        "Name": address.name,
        "Line 1": address.line1,
        "Line 2": address.line2,
        "City": address.city,
        "County": address.region,
        "Postcode": address.postcode,
        "Country": address.country,
        "Contact": address.contact,
        "Email": address.email,
        "Phone": address.phone,
    }


# orders


@dataclass(frozen=True, slots=True)
class Draft:
    """All of an order's rows that does not stand in the order itself."""

    key: str
    reference: str
    customer_name: str | None
    items: Mapping[str, Mapping[str, str | None]]
    """The cells Zedonk's own product has, by the key of the line."""
    season: str | None
    approved: bool
    owner: str | None
    comments: str
    currency: str
    is_line_total: bool
    mark: DecimalMark = "."
    addresses: Mapping[AddressRole, Mapping[str, str | None]] = field(default_factory=dict)
    """The cells of addresses as Zedonk's customer has them, in the place of the order's own spelling."""


def from_order(order: Order, draft: Draft, columns: Collection[str]) -> list[dict[str, str]]:
    """Build one row per line of *order*, with those of *columns* that are known."""
    window = order.window
    head: dict[str, str | None] = {
        "Order Reference": draft.reference,
        "Customer Name": draft.customer_name or order.customer.name,
        "Account Code": order.customer.account_code,
        "Currency": draft.currency,
        "Season": draft.season,
        "Approved": str(draft.approved).lower(),
        "Order Owner": draft.owner,
        "Delivery Start": window.start.isoformat() if window and window.start else None,
        "Delivery Cancel": window.complete.isoformat() if window and window.complete else None,
        "Comments": draft.comments,
        "External Id": draft.key,
        **_address_cells(order, "delivery", draft),
        **_address_cells(order, "accounts", draft),
    }
    rows = [{**head, **draft.items[line.key], **_line_cells(line, draft)} for line in order.lines]
    return [{column: row.get(column) or "" for column in columns} for row in rows]


def item_cells(line: OrderLine) -> dict[str, str | None]:
    """Build the cells that name the item of *line*, from what the order says."""
    return {
        "Style": line.style_number or line.style_identifier,
        "Fabric": None,
        "Colour": line.color or line.color_code,
        "Size": line.size or line.size_code,
        "Barcode": line.barcode or line.gtin,
    }


def name_line(line: OrderLine) -> str:
    """Return what people call the item of *line*, with its barcode."""
    words = (line.style_number or line.style_identifier or line.sku, line.color or line.color_code, line.size)
    name = " ".join(word for word in words if word)
    code = line.barcode or line.gtin
    return f"{name} ({code})" if name and code else code or name or f"line {line.key}"


def _line_cells(line: OrderLine, draft: Draft) -> dict[str, str | None]:
    unit = line.unit_price
    told = unit * line.quantity if unit is not None and draft.is_line_total else unit
    return {
        "Sales Order Quantity": str(line.quantity),
        "Unit Price": _amount(told, draft.mark),
        "Amount per Unit": _amount(unit, draft.mark),
    }


def _amount(value: Decimal | None, mark: DecimalMark) -> str | None:
    if value is None:
        return None
    exact = value.quantize(Decimal("0.01"))
    return f"{exact if exact == value else value:f}".replace(".", mark)


def _address_cells(order: Order, role: AddressRole, draft: Draft) -> dict[str, str | None]:
    address = order.address(role)
    if address is None:
        return {}
    cells = draft.addresses.get(role) or from_address(address, "", "")
    return {f"{role.capitalize()} {column}": cells.get(column) for column in _POSTAL}


def batch_id(text: str) -> str:
    """Return the id of the file that carries *text*, the same for every attempt."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def stamp(moment: datetime) -> str:
    """Return *moment* as it stands in file names."""
    return moment.strftime("%Y%m%dT%H%M%SZ")
