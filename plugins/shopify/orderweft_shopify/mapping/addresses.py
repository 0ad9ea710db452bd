"""Names and addresses of customers to and from Shopify's payloads; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orderweft import Address, AddressRole, Order, OrderCustomer, country_code, region_code

from .base import known


def email_of(order: Order) -> str | None:
    """Return the e-mail address of the order's customer; sources such as JOOR put it on an address."""
    addresses = (order.address("accounts"), order.address("delivery"))
    return order.customer.email or next((each.email for each in addresses if each and each.email), None)


def from_customer(customer: OrderCustomer, email: str | None) -> dict[str, Any]:
    """Build the customer to create, with the e-mail address that is free to be used."""
    names = names_of(customer.buyer) if customer.buyer else {"lastName": customer.name or customer.account_code}
    return known({**names, "email": email})


def from_address(address: Address | None, customer: OrderCustomer) -> dict[str, Any] | None:
    """Build a mailing address; the customer's own names stand in for what it leaves open."""
    if address is None:
        return None
    contact = address.contact or customer.buyer
    return known(
        {
            **(names_of(contact) if contact else {}),
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


def names_of(name: str) -> dict[str, str]:
    """Return the first and last name of a person."""
    first, _, last = name.partition(" ")
    return {"firstName": first, "lastName": last.strip()} if last else {"lastName": first}
