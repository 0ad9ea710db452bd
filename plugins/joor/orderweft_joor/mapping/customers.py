"""A JOOR connection as a `Customer`, and a `Customer` as a row of JOOR's bulk call; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from orderweft import Address, Contact, Customer, InvalidRecordError, Named, Origin, SalesRep, country_code
from pydantic import ValidationError

from .values import Row, address, instant, named, reason, required, text, wrapped

Role = Literal["billing", "shipping"]
_ROLES: Mapping[Role, Literal["accounts", "delivery"]] = {"billing": "accounts", "shipping": "delivery"}
_TEXTS = (
    "customer_name",
    "customer_code",
    "customer_alias",
    "customer_contact_name",
    "customer_contact_email",
    "customer_buyer_name",
    "company_number_name",
    "company_number_code",
    "customer_group_name",
    "customer_group_code",
    "sales_rep_code",
)
_PARTS = {
    "code": "code",
    "name": "name",
    "phone": "phone",
    "address_1": "line1",
    "address_2": "line2",
    "city": "city",
    "state": "region",
    "postal_code": "postcode",
    "country": "country",
}
"""Ends of the fields of an address, and the fields of `Address` they hold; names seen in public code."""
_PLACE = ("address_1", "address_2", "city", "state", "postal_code", "country")
"""Those that tell one place from another, left out or not."""


def to_customer(row: Row, *, channel: str, connection: str) -> Customer:
    """Return the customer in a connection row."""
    code = text(row, "customer_code")
    # JOOR returns the connection's id as customer_account_id: its page on connections.
    identity = text(row, "customer_account_id") or text(row, "connection_id") or code
    name = text(row, "customer_name") or text(row, "customer_alias") or text(row, "customer_contact_name")
    representative = text(row, "sales_rep_code")
    stores = (named(entry, "warehouse_name", "warehouse_code") for entry in wrapped(row, "warehouses", "warehouse"))
    buyer, email = text(row, "customer_buyer_name"), text(row, "customer_contact_email")
    try:
        return Customer(
            origin=Origin(
                channel=channel,
                connection=connection,
                id=required("customer_code", identity),
                revision=text(row, "date_modified"),
            ),
            account_code=code,
            name=required("customer_name", name),
            sales_rep=SalesRep(code=representative) if representative else None,
            warehouses=tuple(warehouse for warehouse in stores if warehouse),
            group=named(row, "customer_group_name", "customer_group_code"),
            company=named(row, "company_number_name", "company_number_code"),
            addresses=tuple(_addresses(row)),
            contacts=(Contact(name=buyer, email=email),) if buyer or email else (),
            updated_at=instant(row, "date_modified"),
        )
    except ValidationError as error:
        raise InvalidRecordError(reason(error)) from None


def _addresses(row: Row) -> Iterator[Address]:
    for prefix in ("shipping", "billing"):
        for entry in address_rows(row, prefix):
            if found := address(entry, _ROLES[prefix], prefix, "state"):
                yield found


def address_rows(row: Row, prefix: Role) -> list[Row]:
    """Return the addresses of one kind, whichever nodes they are wrapped in."""
    node = row.get(prefix)
    return wrapped(node if isinstance(node, Mapping) else row, f"{prefix}_addresses", f"{prefix}_address")


def customer_id(row: object) -> tuple[str, str]:
    """Return the id of a connection and what people call it, as far as the row tells."""
    fields = row if isinstance(row, dict) else {}
    names = ("customer_account_id", "connection_id", "customer_code")
    identity = next((str(fields[name]).strip() for name in names if fields.get(name)), "customer")
    label = " ".join(str(fields[name]).strip() for name in ("customer_code", "customer_name") if fields.get(name))
    return identity, label or identity


def loosely(code: str) -> str:
    """Return *code* without what people and spreadsheets change by accident: case and space."""
    return re.sub(r"\s+", "", code).casefold()


def from_customer(customer: Customer, there: Row | None, *, nested: bool = False) -> dict[str, Any]:
    """Return the row that creates or changes *customer*.

    JOOR updates a connection in full, so whatever is *there* and the source does not tell is sent along.
    """
    contact = customer.contacts[0] if customer.contacts else Contact()
    own = {
        # The display name is not in JOOR's answers; the brand's own name for the retailer is.
        "customer_name": customer.name,
        "customer_alias": customer.name,
        "customer_code": required("account_code", customer.account_code),
        "customer_contact_email": contact.email,
        "customer_buyer_name": contact.name,
        **_pair("company_number", customer.company),
        **_pair("customer_group", customer.group),
        "sales_rep_code": customer.sales_rep.code if customer.sales_rep else None,
    }
    kept = {name: value for name in _TEXTS if there and (value := text(there, name))}
    # The retailer's own name on JOOR is required, and only JOOR knows it.
    row: dict[str, Any] = {"customer_contact_name": customer.name, **kept}
    row |= {name: value for name, value in own.items() if value}
    warehouses = [{f"warehouse_{name}": value for name, value in entry} for entry in map(_named, customer.warehouses)]
    warehouses = warehouses or [dict(entry) for entry in wrapped(there or {}, "warehouses", "warehouse")]
    if warehouses:
        row["warehouses"] = {"warehouse": warehouses} if nested else warehouses
    for prefix in ("billing", "shipping"):
        if addresses := _merged(customer, there or {}, prefix):
            inner = {f"{prefix}_address": addresses} if nested else addresses
            row[prefix] = {f"{prefix}_addresses": inner}
    return row


def _pair(field: str, pair: Named | None) -> dict[str, str | None]:
    return {f"{field}_name": pair.name, f"{field}_code": pair.code} if pair else {}


def _named(pair: Named) -> list[tuple[str, str]]:
    return [(name, value) for name, value in (("name", pair.name), ("code", pair.code)) if value]


def _merged(customer: Customer, there: Row, prefix: Role) -> list[dict[str, Any]]:
    """Return the customer's addresses of one kind, followed by those only JOOR has."""
    known = address_rows(there, prefix)
    merged: list[dict[str, Any]] = []
    used: list[Row] = []
    for own in customer.addresses:
        if own.role != _ROLES[prefix]:
            continue
        row = _address_row(own, prefix)
        same = _same(row, known, prefix)
        if same is not None:
            used.append(same)
            identity = {name: same[name] for name in _identities(prefix) if same.get(name)}
            row = {**identity, **row}
        merged.append(row)
    return merged + [dict(entry) for entry in known if not any(entry is one for one in used)]


def _address_row(own: Address, prefix: Role) -> dict[str, Any]:
    row = {f"{prefix}_{end}": getattr(own, name) for end, name in _PARTS.items()}
    if prefix == "shipping":
        row["shipping_email"] = own.email
    return {name: value for name, value in row.items() if value}


def _same(row: Row, known: Sequence[Row], prefix: Role) -> Row | None:
    """Return the address among *known* that *row* is: the one with its id or code, else one that reads alike."""
    for name in _identities(prefix):
        for entry in known:
            if text(row, name) and text(entry, name) == text(row, name):
                return entry
    code = f"{prefix}_code"
    place = {f"{prefix}_{end}" for end in _PLACE}
    asked = place | (row.keys() - set(_identities(prefix)))
    return next(
        (
            entry
            for entry in known
            if not (text(row, code) and text(entry, code))
            and all(_reads(row, name) == _reads(entry, name) for name in asked)
        ),
        None,
    )


def _identities(prefix: Role) -> tuple[str, str]:
    return f"{prefix}_address_id", f"{prefix}_code"


def _reads(row: Row, name: str) -> str | None:
    value = text(row, name)
    return (country_code(value) or value) if name.endswith("_country") else value


def customer_difference(sent: Row, there: Row) -> str | None:
    """Return the first field in which the connection *there* is not what was *sent*; None when it has all of it."""
    for name in _TEXTS:
        if name in sent and name in there and text(there, name) != text(sent, name):
            return name
    for prefix in ("billing", "shipping"):
        known = address_rows(there, prefix)
        for row in address_rows(sent, prefix):
            found = _same(row, known, prefix)
            if found is None:
                return f"{prefix}_address {text(row, f'{prefix}_code') or ''}".strip()
            # Whether JOOR keeps an address's id when the customer is updated in full is not documented.
            asked = (name for name in row if name in found and name != f"{prefix}_address_id")
            if wrong := next((name for name in asked if _reads(row, name) != _reads(found, name)), None):
                return wrong
    wanted = {text(entry, "warehouse_name") for entry in wrapped(sent, "warehouses", "warehouse")} - {None}
    shown: Sequence[Row] = wrapped(there, "warehouses", "warehouse")
    return (
        "warehouses" if "warehouses" in there and wanted - {text(entry, "warehouse_name") for entry in shown} else None
    )
