"""The customer an order belongs to: found in the store or created there, never changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from orderweft import Address, AddressRole, Connection, Order, OrderCustomer, country_code, region_code

from .client import Client, RefusalError
from .config import Settings

ACCOUNT_KEY = "account_code"
"""Key of the metafield that carries the account code on a customer."""


class Customers:
    """The customers of one store; use `connection.once(Customers)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._settings = connection.settings
        self._lock = threading.Lock()
        self._account = {"namespace": connection.settings.metafield_namespace, "accountKey": ACCOUNT_KEY}

    def resolve(self, order: Order) -> str | None:
        """Return the gid of the order's customer, created if need be and allowed; None when there is none."""
        customer = order.customer.model_copy(update={"email": email_of(order)})
        if not customer.account_code and not customer.email:
            return None
        found, _ = self._find(customer)
        if found is not None or not self._settings.create_customers:
            return found
        # One at a time, so that two orders of one new customer do not create two.
        with self._lock:
            found, free_email = self._find(customer)
            return found or self._create(customer, free_email)

    def _find(self, customer: OrderCustomer) -> tuple[str | None, str | None]:
        """Return the gid of the customer, and the e-mail address if it is free for a new one."""
        code = customer.account_code
        if code and (node := self._ask({"customId": self._custom_id(code)})):
            return node["id"], None
        node = self._ask({"emailAddress": customer.email}) if customer.email else None
        if node is None:
            return None, customer.email
        other = (node["accountCode"] or {}).get("value")
        # Retailers that share an address are still two accounts.
        return (None, None) if code and other and other != code else (node["id"], None)

    def _ask(self, identifier: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            data = self._client.query("FindCustomer", identifier=identifier, **self._account)
        except RefusalError as refusal:
            # The metafield has no definition yet, so no customer carries it.
            if refusal.codes == {"NOT_FOUND"}:
                return None
            raise
        node: dict[str, Any] | None = data["customerByIdentifier"]
        return node

    def _create(self, customer: OrderCustomer, email: str | None) -> str:
        code = customer.account_code
        if code:
            self._client.define_metafield("CUSTOMER", ACCOUNT_KEY, "Account code")
        identifier = {"customId": self._custom_id(code)} if code else {"email": email}
        given = from_customer(customer, email)
        sent = {"input": given, "identifier": identifier, **self._account}
        made = self._client.mutate("CreateCustomer", "customer", **sent).made
        if code and not made["accountCode"]:
            metafield = {**self._custom_id(code), "type": "id", "ownerId": made["id"]}
            self._client.mutate("SetMetafields", "metafields", metafields=[metafield])
        return str(made["id"])

    def _custom_id(self, code: str) -> dict[str, str]:
        return {"namespace": self._settings.metafield_namespace, "key": ACCOUNT_KEY, "value": code}


def email_of(order: Order) -> str | None:
    """Return the e-mail address of the order's customer; sources such as JOOR put it on an address."""
    addresses = (order.address("accounts"), order.address("delivery"))
    return order.customer.email or next((each.email for each in addresses if each and each.email), None)


def from_customer(customer: OrderCustomer, email: str | None) -> dict[str, Any]:
    """Build the customer to create, with the e-mail address that is free to be used."""
    names = _person(customer.buyer) if customer.buyer else {"lastName": customer.name or customer.account_code}
    return known({**names, "email": email})


def from_address(address: Address | None, customer: OrderCustomer) -> dict[str, Any] | None:
    """Build a mailing address; the customer's own names stand in for what it leaves open."""
    if address is None:
        return None
    contact = address.contact or customer.buyer
    return known(
        {
            **(_person(contact) if contact else {}),
            "company": address.name or customer.name,
            "address1": address.line1,
            "address2": address.line2,
            "city": address.city,
            "zip": address.postcode,
            "provinceCode": region_code(address.country, address.region),
            "countryCode": address.country,
            "phone": address.phone,
        }
    )


def to_customer(node: Mapping[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    """Read the customer of the order *node*, whose attributes are *told*."""
    customer = node["customer"] or {}
    address = node["shippingAddress"] or node["billingAddress"] or {}
    return {
        "account_code": (customer.get("accountCode") or {}).get("value") or told.get("Account code"),
        "name": told.get("Customer") or address.get("company") or customer.get("displayName"),
        "buyer": customer.get("displayName"),
        "email": node["email"] or (customer.get("defaultEmailAddress") or {}).get("emailAddress"),
        "phone": node["phone"] or (customer.get("defaultPhoneNumber") or {}).get("phoneNumber"),
    }


def to_address(role: AddressRole, address: Mapping[str, Any] | None) -> list[Address]:
    """Read a mailing address as the one with *role*; none when there is none."""
    if address is None:
        return []
    return [
        Address(
            role=role,
            name=address["company"],
            contact=address["name"],
            line1=address["address1"],
            line2=address["address2"],
            city=address["city"],
            region=address["provinceCode"],
            postcode=address["zip"],
            country=country_code(address["countryCodeV2"]),
            phone=address["phone"],
        )
    ]


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* without those that say nothing."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _person(name: str) -> dict[str, str]:
    first, _, last = name.partition(" ")
    return {"firstName": first, "lastName": last.strip()} if last else {"lastName": first}
