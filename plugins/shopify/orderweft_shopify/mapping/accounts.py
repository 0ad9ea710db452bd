"""Retailers to and from the customers of a store; no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, get_args

from orderweft import Address, AddressRole, Contact, Customer, OrderCustomer, decode_json

from .addresses import from_address, names_of, to_address
from .base import Source, known
from .styles import Node

ROLES_KEY = "address_roles"
"""Key of the metafield that tells which of a customer's addresses is for what."""

_E164 = re.compile(r"\+[0-9]{8,15}")


def to_account(node: Node, addresses: Sequence[Node], source: Source) -> Customer:
    """Read one customer with all *addresses*; raises pydantic's ValidationError."""
    roles = {id_: key for key, id_ in roles_of(node).items()}
    default = (node["defaultAddress"] or {}).get("id")
    read = [_address(address, roles.get(address["id"]), address["id"] == default) for address in addresses]
    company = next((address.name for address in sorted(read, key=_delivery_first) if address.name), None)
    contact = {
        "name": node["displayName"],
        "email": (node["defaultEmailAddress"] or {}).get("emailAddress"),
        "phone": (node["defaultPhoneNumber"] or {}).get("phoneNumber"),
    }
    values = {
        "origin": source.origin(node["id"], node["updatedAt"]),
        "account_code": (node["accountCode"] or {}).get("value"),
        "name": company or node["displayName"],
        "addresses": read,
        "contacts": [contact],
        "updated_at": node["updatedAt"],
        "custom_fields": {"tags": ", ".join(node["tags"])} if node["tags"] else {},
    }
    return Customer.model_validate(values)


def roles_of(node: Node) -> dict[str, str]:
    """Return the gid of the address of each role, as far as a pipeline has written them."""
    try:
        told = decode_json((node["roles"] or {}).get("value") or "{}")
    except ValueError:
        return {}
    return {str(key): str(id_) for key, id_ in told.items()} if isinstance(told, dict) else {}


def keyed_addresses(customer: Customer) -> Iterator[tuple[str, Address]]:
    """Yield the customer's addresses, each with what it is remembered under: its role, and its code if it has one.

    One that names no place is left out: it would pass for any other address of the customer.
    """
    seen: set[str] = set()
    for address in customer.addresses:
        key = f"{address.role}:{address.code}" if address.code else address.role
        if key not in seen and any((address.line1, address.city, address.postcode)):
            seen.add(key)
            yield key, address


def changed_account(customer: Customer, stored: Node | None) -> dict[str, Any]:
    """Return the names, e-mail address and phone number that are different from those of *stored*."""
    contact = contact_of(customer)
    there = stored or {}
    wanted: Mapping[str, str | None] = {"email": contact.email, "phone": phone_of(contact)}
    has = {
        "email": (there.get("defaultEmailAddress") or {}).get("emailAddress"),
        "phone": (there.get("defaultPhoneNumber") or {}).get("phoneNumber"),
    }
    names = names_of(contact.name) if contact.name else {"lastName": customer.name} if stored is None else {}
    if any((there.get(name) or "") != text for name, text in names.items()):
        wanted = {**names, **wanted}
    return {name: text for name, text in known(wanted).items() if text.casefold() != (has.get(name) or "").casefold()}


def contact_of(customer: Customer) -> Contact:
    """Return the person the store's customer stands for; sources such as JOOR put the e-mail on an address."""
    first = customer.contacts[0] if customer.contacts else Contact()
    email = first.email or next((each.email for each in customer.addresses if each.email), None)
    return first.model_copy(update={"email": email})


def phone_of(contact: Contact) -> str | None:
    """Return the contact's phone number as Shopify takes it, None when it cannot be brought into that form."""
    number = re.sub(r"[\s().-]", "", contact.phone or "")
    return number if _E164.fullmatch(number) else None


def sent_address(address: Address, customer: Customer) -> dict[str, Any]:
    """Build a mailing address of a customer."""
    contact = contact_of(customer)
    stand_in = OrderCustomer(account_code=customer.account_code, name=customer.name, buyer=contact.name)
    return from_address(address, stand_in) or {}


def is_same(given: Mapping[str, Any], stored: Node) -> bool:
    """Return whether the store has the address as it is *given*."""
    return all(_plain(name, text) == _plain(name, stored[_FIELDS.get(name, name)]) for name, text in given.items())


_FIELDS = {"countryCode": "countryCodeV2"}


def _plain(name: str, text: str | None) -> str:
    plain = " ".join((text or "").split()).casefold()
    return re.sub(r"[^0-9+]", "", plain) if name == "phone" else plain


def _address(node: Node, key: str | None, is_default: bool) -> Address:
    role, _, code = (key or ("delivery" if is_default else "store")).partition(":")
    known_role = cast(AddressRole, role if role in get_args(AddressRole) else "store")
    return to_address(known_role, node)[0].model_copy(update={"code": code or None})


def _delivery_first(address: Address) -> bool:
    return address.role != "delivery"
