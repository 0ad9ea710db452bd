"""Customers, their addresses, and the companies they buy for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pycountry

from .call import Args, Call
from .metafields import HasMetafields, Metafields
from .search import Document, words
from .store import Store
from .values import MoneyV2, UserError, number_of

if TYPE_CHECKING:
    from .orders import Order

MAX_NOTE = 5000

_ABSENT = "accepts_marketing last_abandoned_order_date metafields order_date state total_spent"
"""Filters that exist and are not simulated."""

CUSTOMER_FILTERS = {
    "country": "text",
    "customer_date": "time",
    "email": "text",
    "first_name": "text",
    "id": "id",
    "last_name": "text",
    "orders_count": "number",
    "phone": "text",
    "tag": "tags",
    "tag_not": "not tags",
    "updated_at": "time",
    **dict.fromkeys(_ABSENT.split(), "absent"),
}


@dataclass(eq=False)
class MailingAddress:
    """A postal address."""

    id: str
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    zip: str | None = None
    country_code: str | None = None
    province_code: str | None = None
    phone: str | None = None
    coordinates_validated: bool = False
    latitude: None = None
    longitude: None = None

    @classmethod
    def of(cls, store: Store, given: Mapping[str, Any]) -> MailingAddress:
        """Build an address from an input; names of country and province are not read, only their codes."""
        address = cls(store.gid("MailingAddress"))
        address.change(given)
        return address

    def change(self, given: Mapping[str, Any]) -> None:
        """Store what is given, trimmed."""
        for name, attribute in _ADDRESS.items():
            if name in given:
                setattr(self, attribute, (given[name] or "").strip() or None)

    @property
    def name(self) -> str | None:
        """Return first and last name."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or None

    @property
    def country_code_v2(self) -> str | None:
        """Return the country code."""
        return self.country_code

    @property
    def country(self) -> str | None:
        """Return the name of the country."""
        return _named(pycountry.countries, alpha_2=self.country_code) if self.country_code else None

    @property
    def province(self) -> str | None:
        """Return the name of the province."""
        code = f"{self.country_code}-{self.province_code}"
        return _named(pycountry.subdivisions, code=code) if self.province_code else None

    @property
    def parts(self) -> tuple[str | None, ...]:
        """Return what makes two addresses the same."""
        who = (self.first_name, self.last_name, self.company, self.phone)
        return (*who, self.address1, self.address2, self.city, self.zip, self.country_code, self.province_code)


@dataclass(frozen=True)
class CustomerEmailAddress:
    """The e-mail address of a customer."""

    email_address: str
    marketing_state: str = "NOT_SUBSCRIBED"
    valid_format: bool = True


@dataclass(frozen=True)
class CustomerPhoneNumber:
    """The phone number of a customer."""

    phone_number: str
    marketing_state: str = "NOT_SUBSCRIBED"


@dataclass(eq=False)
class Customer(HasMetafields):
    """Somebody who orders."""

    owner_type = "CUSTOMER"

    created_at: datetime
    updated_at: datetime
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    addresses: list[MailingAddress] = field(default_factory=list)
    default_address: MailingAddress | None = None
    locale: str = "en"
    tax_exempt: bool = False
    tax_exemptions: list[str] = field(default_factory=list)
    multipass_identifier: str | None = None
    orders: list[Order] = field(default_factory=list)
    company_contact_profiles: list[CompanyContact] = field(default_factory=list)
    state: str = "DISABLED"
    verified_email: bool = True

    @property
    def display_name(self) -> str:
        """Return the name, else the e-mail address, else the phone number."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or self.email or self.phone or ""

    @property
    def default_email_address(self) -> CustomerEmailAddress | None:
        """Return the e-mail address."""
        return CustomerEmailAddress(self.email) if self.email else None

    @property
    def default_phone_number(self) -> CustomerPhoneNumber | None:
        """Return the phone number."""
        return CustomerPhoneNumber(self.phone) if self.phone else None

    @property
    def addresses_v2(self) -> list[MailingAddress]:
        """Return the addresses."""
        return self.addresses

    @property
    def number_of_orders(self) -> int:
        """Return how many orders were placed."""
        return len(self.orders)

    @property
    def last_order(self) -> Order | None:
        """Return the latest order."""
        return self.orders[-1] if self.orders else None

    def amount_spent(self, call: Call, _args: Args) -> MoneyV2:
        """Return what was paid so far."""
        paid = sum((order.total_received_set.shop_money.amount for order in self.orders), Decimal(0))
        return MoneyV2(paid, call.switches.currency)

    def document(self) -> Document:
        """Return what it can be found by."""
        return {
            "default": words(" ".join(filter(None, (self.display_name, self.email, self.phone)))),
            "country": words(self.default_address.country_code if self.default_address else None),
            "customer_date": self.created_at,
            "email": words(self.email),
            "first_name": words(self.first_name),
            "id": number_of(self.id),
            "last_name": words(self.last_name),
            "orders_count": len(self.orders),
            "phone": words(self.phone),
            "tag": {tag.casefold() for tag in self.tags},
            "updated_at": self.updated_at,
        }


@dataclass(eq=False)
class Company(HasMetafields):
    """A business that buys."""

    owner_type = "COMPANY"

    name: str
    external_id: str | None
    created_at: datetime
    contacts: list[CompanyContact] = field(default_factory=list)
    locations: list[CompanyLocation] = field(default_factory=list)
    note: str | None = None

    @property
    def main_contact(self) -> CompanyContact | None:
        """Return the first contact."""
        return self.contacts[0] if self.contacts else None


@dataclass(eq=False)
class CompanyContact:
    """A customer who buys for a company."""

    id: str
    company: Company
    customer: Customer
    created_at: datetime
    title: str | None = None
    locale: str | None = "en"
    is_main_contact: bool = True


@dataclass(eq=False)
class CompanyLocation(HasMetafields):
    """A branch of a company."""

    owner_type = "COMPANY_LOCATION"

    company: Company
    name: str
    external_id: str | None
    currency: str
    created_at: datetime
    note: str | None = None
    phone: str | None = None


@dataclass(eq=False)
class PurchasingCompany:
    """The company an order is for."""

    location: CompanyLocation
    contact: CompanyContact | None

    @property
    def company(self) -> Company:
        """Return the company of the branch."""
        return self.location.company


def customer_by(store: Store, *, email: str | None = None, phone: str | None = None) -> Customer | None:
    """Return the customer with this e-mail address or phone number."""
    wanted_email, wanted_phone = normal_email(email), normal_phone(phone)
    for customer in store.all(Customer):
        if (wanted_email and customer.email == wanted_email) or (wanted_phone and customer.phone == wanted_phone):
            return customer
    return None


def customer_problems(
    store: Store, given: Mapping[str, Any], customer: Customer | None, path: tuple[str, ...]
) -> list[UserError]:
    """Return why *customer*, or a new one, cannot take what is given."""
    problems = []
    email, phone = given.get("email"), given.get("phone")
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", normal_email(email) or ""):
        problems.append(UserError("Email is invalid", (*path, "email"), "INVALID"))
    elif email and customer_by(store, email=email) not in (None, customer):
        problems.append(UserError("Email has already been taken", (*path, "email"), "TAKEN"))
    if phone and not re.fullmatch(r"\+[1-9]\d{6,14}", normal_phone(phone) or ""):
        problems.append(UserError("Phone is invalid", (*path, "phone"), "INVALID"))
    elif phone and customer_by(store, phone=phone) not in (None, customer):
        problems.append(UserError("Phone has already been taken", (*path, "phone"), "TAKEN"))
    if len(given.get("note") or "") > MAX_NOTE:
        message = f"Note is too long (maximum is {MAX_NOTE} characters)"
        problems.append(UserError(message, (*path, "note"), "TOO_LONG"))
    if customer is None and not any(given.get(name) for name in ("email", "phone", "firstName", "lastName")):
        problems.append(UserError("A name, phone number, or email address must be present", path or None))
    return problems


def write_customer(store: Store, given: Mapping[str, Any], customer: Customer | None) -> Customer:
    """Store what is given in *customer* or in a new one; addresses and tags replace the stored ones."""
    now = store.now()
    customer = customer or store.add(Customer(store.gid("Customer"), now, now))
    for name, attribute in _PLAIN.items():
        if name in given:
            setattr(customer, attribute, given[name])
    if "email" in given:
        customer.email = normal_email(given["email"])
    if "phone" in given:
        customer.phone = normal_phone(given["phone"])
    if given.get("tags") is not None:
        customer.tags = clean_tags(given["tags"])
    if given.get("addresses") is not None:
        customer.addresses = [MailingAddress.of(store, address) for address in given["addresses"]]
        customer.default_address = customer.addresses[0] if customer.addresses else None
    touch_customer(store, customer)
    return customer


def touch_customer(store: Store, customer: Customer, *, at_once: bool = False) -> None:
    """Note a change, and let search find the customer by what it is now."""
    customer.updated_at = store.now()
    store.indexes[Customer].put(customer.id, customer.document(), at_once=at_once)


def customer_identified(store: Store, metafields: Metafields, identifier: Mapping[str, Any]) -> Customer | None:
    """Return the customer an identifier query names."""
    ((name, value),) = identifier.items()
    if name == "customId":
        return cast("Customer | None", metafields.owner("CUSTOMER", value))
    if name == "id":
        return store.find(Customer, value)
    return customer_by(store, email=value) if name == "emailAddress" else customer_by(store, phone=value)


def normal_email(text: str | None) -> str | None:
    """Return an e-mail address trimmed and in lower case."""
    return (text or "").strip().lower() or None


def normal_phone(text: str | None) -> str | None:
    """Return a phone number without blanks and signs but the plus."""
    return re.sub(r"[^\d+]", "", text or "") or None


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Return tags cut at commas, each once whatever its case, sorted."""
    unique: dict[str, str] = {}
    for tag in (part.strip() for text in tags for part in text.split(",")):
        if tag:
            unique.setdefault(tag.casefold(), tag)
    return sorted(unique.values())


def _named(places: Any, **code: str) -> str | None:
    found = places.get(**code)
    return str(found.name) if found else None


_ADDRESS: Mapping[str, str] = {
    "firstName": "first_name",
    "lastName": "last_name",
    "company": "company",
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "zip": "zip",
    "countryCode": "country_code",
    "provinceCode": "province_code",
    "phone": "phone",
}
_PLAIN: Mapping[str, str] = {
    "firstName": "first_name",
    "lastName": "last_name",
    "note": "note",
    "locale": "locale",
    "taxExempt": "tax_exempt",
    "taxExemptions": "tax_exemptions",
    "multipassIdentifier": "multipass_identifier",
}
