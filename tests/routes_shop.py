"""What else goes to and from a shop: its parcels, styles and customers, and orders that are changed while they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from orderweft.runs import delivery_key
from orderweft_shopify.simulator.customers import Customer
from orderweft_shopify.simulator.products import ProductVariant

from .routes import BUYERS, Route, add_styles, each_order_has_one_end
from .wrecks import SKUS, House

SENT = 3
"""Parcels that are sent, and customers or orders that are changed, at a time."""


def calls_at_the_shop(*operations: str) -> Callable[[House], int]:
    return lambda home: sum(name in operations for name, _ in home.shop.log)


# Parcels


def send_parcels(home: House, luck: Random) -> int:
    """Have one piece of each of some orders sent, of some the last one; order more when little is left.

    What is said of an order goes out with all its parcels.
    """
    if len(left := open_orders(home)) < SENT:
        for _ in range(2 * SENT):
            home.joor.add_order({luck.choice(SKUS).sku: 4}, customer=luck.choice(BUYERS))
        home.finish("sales")
        left = open_orders(home)
    chosen = luck.sample(sorted(left), SENT)
    for name in chosen:
        home.shop.ship(name, {left[name]: 1}, tracking=f"T{luck.randrange(10**9)}")
    home.pass_time()  # until Shopify's index has them
    return sum(len(order.fulfillments) for order in home.shop.orders if order.name in chosen)


def open_orders(home: House) -> dict[str, str]:
    """Return the SKU of each of the shop's orders of which something is left to send, by the order's name."""
    return {
        order.name: str(line.sku)
        for order in home.shop.orders
        for line in order.line_items
        if line.unfulfilled_quantity
    }


def joor_knows_each_parcel_once(home: House) -> None:
    keys = {delivery_key("joor", str(number)): one for number, one in home.joor.orders.items()}
    for order in home.shop.orders:
        there, left = keys[str(order.external_id)], order.name in open_orders(home)
        sent = sorted(str(told.number) for parcel in order.fulfillments for told in parcel.tracking_info)
        assert sorted((there.tracking or "").replace(",", " ").split()) == sent
        assert there.status == ("approved" if left else "shipped")
    parcels = sum(len(order.fulfillments) for order in home.shop.orders)
    assert Counter(row.state for row in home.records("shipments")) == Counter(sent=parcels) + Counter()


def parcels_told(home: House) -> int:
    rows = [row for call in home.joor.log if call.operation == "orders.acknowledge" for row in call.body]
    return sum("tracking_number" in row for row in rows)


# Styles and customers


def change_shop_styles(home: House, luck: Random) -> int:
    """Make styles, and find another name for one that the shop has."""
    named = luck.choice(sorted({one.style for one in home.zedonk.products if one.style > "3000"} or {""}))
    name = f"Style No. {luck.randrange(10**6)}"
    for one in home.zedonk.products:
        one.in_catalogue = one.in_catalogue and one.style > "3000"
        one.description = name if one.style == named else one.description
    return add_styles(home, "shop_styles", named) + 1


def the_shop_has_zedonks_styles(home: House) -> None:
    known = {sku.barcode: one for one in home.zedonk.products if one.style > "3000" for sku in one.skus}
    there = [one for one in home.shop._store.all(ProductVariant) if one.barcode in known]  # noqa: SLF001
    assert Counter(one.barcode for one in there) == Counter(known.keys())
    assert len({one.product.id for one in there}) == len({one.style for one in known.values()})
    assert all(
        one.product.title == style.description for one in there if (style := known[str(one.barcode)]).in_catalogue
    )


def change_shop_customers(home: House, luck: Random) -> int:
    """Have two customers move, and another one come."""
    customers = [one for one in home.zedonk.customers.values() if one.account_code and one.active]
    for one in luck.sample(customers, SENT - 1):
        one.addresses["Delivery"][0].line1 = f"{luck.randrange(10**6)} Sample Street"
    come = deepcopy(customers[0])
    come.account_code = f"C{1000 + len(customers)}"
    come.name = f"Store {come.account_code}"
    people: list[Any] = [*come.contacts, *(one for places in come.addresses.values() for one in places)]
    for person in people:
        person.name, person.email, person.phone = come.name, f"{come.account_code}@example.com".lower(), ""
    home.zedonk._tenant.customers.append(come)  # noqa: SLF001
    home.zedonk.export_files()
    return SENT


def the_shop_has_zedonks_customers(home: House) -> None:
    known = {one.account_code: one for one in home.zedonk.customers.values() if one.account_code and one.active}
    there = [(one, field.value) for one in home.shop._store.all(Customer)  # noqa: SLF001
             for field in one.held.values() if field.type == "id"]  # fmt: skip
    assert Counter(code for _, code in there) == Counter(known.keys())
    for one, code in there:
        given = [known[code].addresses[role][0] for role in ("Delivery", "Accounts")]
        assert Counter(place.address1 for place in one.addresses) == Counter(place.line1 for place in given), code


# Orders that are changed


def change_orders(home: House, luck: Random) -> int:
    """Have customers order; change some orders, and cancel one, whether the shop has them by then or not."""
    arrived = {str(order.external_id) for order in home.shop.orders}
    going = [number for number, one in home.joor.orders.items() if one.status == "approved"]
    chosen = luck.sample(going, min(SENT, len(going)))
    for number in chosen[1:]:
        home.joor.edit(number, quantity=luck.randrange(1, 9), customer_purchase_order=f"PO-{luck.randrange(10**6)}")
    for number in chosen[:1]:
        home.joor.cancel(number)
        home.fates[number] = "delivered" if delivery_key("joor", str(number)) in arrived else "cancelled"
    for _ in range(SENT - 1):
        pieces = {sku.sku: luck.randrange(1, 9) for sku in luck.sample(SKUS, 2)}
        home.fates[home.joor.add_order(pieces, customer=luck.choice(BUYERS))] = "delivered"
    return len(chosen) + SENT - 1


def the_shop_has_each_order_as_it_is(home: House) -> None:
    there = {str(order.external_id): order for order in home.shop.orders}
    sku_of = {sku.barcode: sku.sku for sku in SKUS}
    each_order_has_one_end(home, "changes", Counter(str(order.external_id) for order in home.shop.orders))
    for number, one in home.joor.orders.items():
        if (order := there.get(delivery_key("joor", str(number)))) is not None:
            assert (order.cancelled_at is not None) == (one.status == "cancelled"), number
        if order is not None and one.status != "cancelled":
            pieces = Counter({str(line.sku): line.current_quantity for line in order.line_items})
            assert pieces == Counter({sku_of[str(line.barcode)]: line.quantity for line in one.lines}), number
            assert order.po_number == one.header["customer_purchase_order"], number
    with home.ledger() as ledger:
        assert not ledger.rows("SELECT 1 FROM changes WHERE state NOT IN ('done', 'noted', 'superseded')")


PARCELS = Route("shipments", {"orders.acknowledge"}, send_parcels, joor_knows_each_parcel_once, parcels_told)
SHOP_STYLES = Route("shop_styles", {"SetProduct", "SetMetafields"}, change_shop_styles, the_shop_has_zedonks_styles,
                    calls_at_the_shop("SetProduct"))  # fmt: skip
SHOP_CUSTOMERS = Route("shop_customers",
                       {"CreateCustomer", "SetCustomer", "AddAddress", "ChangeAddress", "SetMetafields"},
                       change_shop_customers, the_shop_has_zedonks_customers,
                       calls_at_the_shop("CreateCustomer", "ChangeAddress"))  # fmt: skip
CHANGES = Route("changes",
                {"CreateOrder", "BeginEdit", "EditQuantity", "UpdateOrder", "CommitEdit", "CancelOrder",
                 "orders.acknowledge"},
                change_orders, the_shop_has_each_order_as_it_is,
                calls_at_the_shop("CreateOrder", "CommitEdit", "CancelOrder"), steps=45, stride=2)  # fmt: skip
