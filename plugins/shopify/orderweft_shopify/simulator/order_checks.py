"""What orderCreate refuses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .customers import CompanyLocation, Customer, clean_tags, customer_by, customer_problems, normal_email
from .inventory import Location
from .metafields import Metafields
from .products import ProductVariant, short_of
from .store import Store
from .values import UserError

MAX_NOTE = 5000
MAX_TAG = 40
Given = Mapping[str, Any]


def order_problems(store: Store, metafields: Metafields, given: Given, behavior: str) -> list[UserError]:
    """Return why an order cannot be created."""
    found = [
        *_customer(store, given),
        *_currency(store, given),
        *_lines(store, given),
        *_taxes(given),
        *_metafields(store, metafields, given),
        *_texts(given),
        *_places(store, given),
    ]
    if not found and behavior == "DECREMENT_OBEYING_POLICY" and short_of(claimed(store, given)):
        message = "Line items Unable to reserve inventory"
        found.append(UserError(message, ("order", "lineItems"), store.switches.out_of_stock_code))
    return found


def variant_of(store: Store, line: Given) -> ProductVariant | None:
    """Return the variant a line names; an unknown one counts as none."""
    return store.find(ProductVariant, line["variantId"]) if line.get("variantId") else None


def associated(store: Store, given: Given) -> tuple[Customer | None, Given | None]:
    """Return the existing customer an order names, and what is to be stored in that customer or in a new one."""
    if given.get("customerId"):
        return store.find(Customer, given["customerId"]), None
    if not given.get("customer"):
        return None, None
    ((way, named),) = given["customer"].items()
    email = named.get("email")
    found = store.find(Customer, named["id"]) if named.get("id") else email and customer_by(store, email=email)
    attributes = {key: value for key, value in named.items() if key != "id"}
    return found or None, attributes if way == "toUpsert" else None


def claimed(store: Store, given: Given) -> Counter[ProductVariant]:
    """Return how much of each tracked variant an order takes."""
    wanted: Counter[ProductVariant] = Counter()
    for line in given.get("lineItems") or ():
        variant = variant_of(store, line)
        if variant and variant.inventory_item.tracked:
            wanted[variant] += line["quantity"]
    return wanted


def _refused(message: str, *path: str, code: str | None = "INVALID") -> UserError:
    return UserError(message, ("order", *path), code)


def _customer(store: Store, given: Given) -> Iterator[UserError]:
    if given.get("customerId") and given.get("customer"):
        yield _refused("Customer and customer_id cannot both be given", "customer", code="REDUNDANT_CUSTOMER_FIELDS")
        return
    customer, upsert = associated(store, given)
    named: Any = given.get("customerId") or next(iter((given.get("customer") or {}).values()), {})
    identified = isinstance(named, str) or bool(named.get("id")) or (upsert is None and bool(named.get("email")))
    if identified and customer is None:
        yield _refused("Customer does not exist", "customer" if given.get("customer") else "customerId")
    elif upsert is not None:
        for problem in customer_problems(store, upsert, customer, ("order", "customer", "toUpsert")):
            yield UserError(problem.message, problem.field, "INVALID")


def _currency(store: Store, given: Given) -> Iterator[UserError]:
    switches = store.switches
    shop = given.get("currency") or switches.currency
    shown = given.get("presentmentCurrency") or shop
    if shop != switches.currency and switches.foreign_currency == "refused":
        yield _refused("Currency must be the currency of the shop", "currency")
    if shown not in (shop, switches.currency, *switches.presentment_currencies):
        yield _refused("Presentment currency is not enabled", "presentmentCurrency")
    for name, bag in _bags(given):
        money, other = bag["shopMoney"]["currencyCode"], bag.get("presentmentMoney")
        if money != shop or (other or {"currencyCode": shop})["currencyCode"] != shown:
            yield _refused(f"Currencies of all prices must be {shop} and {shown}", name)
            return


def _bags(given: Given) -> Iterator[tuple[str, Given]]:
    for name in ("lineItems", "shippingLines"):
        for line in given.get(name) or ():
            yield from (
                (name, part["priceSet"]) for part in (line, *(line.get("taxLines") or ())) if part.get("priceSet")
            )
    yield from (("taxLines", tax["priceSet"]) for tax in given.get("taxLines") or () if tax.get("priceSet"))
    yield from (("transactions", each["amountSet"]) for each in given.get("transactions") or ())
    fixed = (given.get("discountCode") or {}).get("itemFixedDiscountCode") or {}
    if fixed.get("amountSet"):
        yield "discountCode", fixed["amountSet"]


def _lines(store: Store, given: Given) -> Iterator[UserError]:
    lines = given.get("lineItems") or ()
    if not lines:
        yield _refused("Line items must have at least one line item", "lineItems")
    for line in lines:
        known = variant_of(store, line) if store.switches.variant_defaults else None
        if not (line.get("title") or "").strip() and known is None:
            yield _refused("Line items Title can't be blank", "lineItems", code=None)
            yield _refused("Line items Name can't be blank", "lineItems", code=None)
            yield _refused("Order Line items is invalid", code=None)
            return
        if line["quantity"] < 1:
            yield _refused("Line items Quantity must be greater than 0", "lineItems")
    for name in ("lineItems", "shippingLines"):
        if any(part["priceSet"]["shopMoney"]["amount"] < 0 for part in given.get(name) or () if part.get("priceSet")):
            yield _refused("Price must be greater than or equal to 0", name)


def _taxes(given: Given) -> Iterator[UserError]:
    parts = (*(given.get("lineItems") or ()), *(given.get("shippingLines") or ()))
    if given.get("taxLines") and any(part.get("taxLines") for part in parts):
        yield _refused("Tax lines must be specified on the order or on the line items, not on both", "taxLines")


def _metafields(store: Store, metafields: Metafields, given: Given) -> Iterator[UserError]:
    for metafield in given.get("metafields") or ():
        problem = metafields.problem("ORDER", None, metafield)
        if problem is None or (problem.code == "TAKEN" and store.switches.duplicate_external_id == "accepted"):
            continue
        yield _refused(f"Metafields {problem.message}", "metafields")


def _texts(given: Given) -> Iterator[UserError]:
    if len(given.get("note") or "") > MAX_NOTE:
        yield _refused(f"Note is too long (maximum is {MAX_NOTE} characters)", "note")
    if any(len(tag) > MAX_TAG for tag in clean_tags(given.get("tags") or ())):
        yield _refused(f"Tags is invalid: each tag may have {MAX_TAG} characters at most", "tags")
    email = normal_email(given.get("email"))
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        yield _refused("Email is invalid", "email")


def _places(store: Store, given: Given) -> Iterator[UserError]:
    if given.get("fulfillment"):
        location = store.find(Location, given["fulfillment"]["locationId"])
        if location is None or not location.is_active:
            yield _refused("Fulfillment Location does not exist or is not active", "fulfillment", "locationId")
    if given.get("companyLocationId") and not store.find(CompanyLocation, given["companyLocationId"]):
        yield _refused("Company location does not exist", "companyLocationId")
