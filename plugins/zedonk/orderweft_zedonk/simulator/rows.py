"""The data sets a tenant gives out, as rows of typed values by column name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from .model import Address, Customer, DeliveryNote, Order, Product
from .tenant import BASE_CURRENCY, Tenant

Value = str | int | bool | Decimal | date | None
Row = dict[str, Value]

ADDRESS_PARTS = {
    "Name": "name", "Line 1": "line1", "Line 2": "line2", "City": "city", "County": "county", "Postcode": "postcode",
    "Country": "country", "Contact": "contact", "Email": "email", "Phone": "phone",
}  # fmt: skip
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "seasons": ("Season", "Start Date", "Previous Season", "Active"),
    "users": ("User",),
    "customers": (
        "Customer Name", "Account Code", "Account Manager", "Type", "Category", "Territory", "Priority",
        "On Hold Status", "Currency Name", "Shipping Terms", "Payment Terms", "Website", "Buying Office",
        "Order Customer Ref", "Active",
    ),
    "addresses": ("Customer Name", "Address Type", *ADDRESS_PARTS),
    "contacts": ("Customer Name", "Account Code", "Name", "Email", "Phone", "Default"),
    "products": (
        "Style", "Fabric", "Colour", "Size", "Barcode", "Description", "Textile Content", "Manufacturer Country",
        "Category", "Season", "Visible", "Active", "Image 1", "Catalogue", "Linesheet", "Category Gender",
        "Subcategory", "Silhouette", "SKID",
    ),
    "prices": ("Style", "Fabric", "Colour", "Season", "Price List", "Currency", "WSP", "RRP", "Cost"),
    "inventory": (
        "Season", "Location", "Style", "Fabric", "Colour", "Size", "Barcode", "Closing", "Available", "Projected",
    ),
    "future_inventory": ("Season", "Barcode", "Start Date", "Quantity"),
    "order_status": (
        "SO Number", "Order Reference", "Season", "Account Code", "Approved", "Locked", "Force Closed", "Barcode",
        "Ordered", "Allocated", "Shipped", "Invoiced", "DN Number", "DN Shipped Date", "Carrier", "Tracking",
    ),
}  # fmt: skip
FILTER_COLUMNS: Mapping[str, tuple[str, ...]] = {"products": ("price", "vat"), "prices": ("price",)}
"""What filters can name although no export has it; both names were seen in public client code."""
REPORTS = {
    "FullProductList": "products",
    "CustomerList": "customers",
    "FullOrderList": "order_status",
    "ProductInventory": "inventory",
    **{dataset: dataset for dataset in COLUMNS},
}
"""The data set of each report; the first four are built in, the others are custom reports of this tenant."""
EX_WORKS = Decimal("0.90")


def rows_of(tenant: Tenant, dataset: str) -> list[Row]:
    """Return the rows of *dataset*, with what only filters know."""
    return list(_MAKERS[dataset](tenant))


def _seasons(tenant: Tenant) -> Iterator[Row]:
    for season in tenant.seasons.values():
        yield {
            "Season": season.name,
            "Start Date": season.start_date,
            "Previous Season": season.previous,
            "Active": season.active,
        }


def _users(tenant: Tenant) -> Iterator[Row]:
    return ({"User": user} for user in tenant.users)


def _exported(tenant: Tenant) -> Iterator[Customer]:
    everyone = tenant.switches["customer_export"] == "all"
    return (one for one in tenant.customers if everyone or (one.active and one.account_code))


def _customers(tenant: Tenant) -> Iterator[Row]:
    for customer in _exported(tenant):
        yield {
            **{name: customer.more.get(name) for name in COLUMNS["customers"]},
            **_who(customer),
            "Type": customer.type,
            "Currency Name": tenant.currencies.get(customer.currency),
            "Active": customer.active,
        }


def _addresses(tenant: Tenant) -> Iterator[Row]:
    for customer in _exported(tenant):
        for role, addresses in customer.addresses.items():
            for address in addresses:
                yield {"Customer Name": customer.name, "Address Type": role, **_address(address)}


def _contacts(tenant: Tenant) -> Iterator[Row]:
    for customer in _exported(tenant):
        for one in customer.contacts:
            person: Row = {"Name": one.name, "Email": one.email, "Phone": one.phone, "Default": one.is_default}
            yield {**_who(customer), **person}


def _who(customer: Customer) -> Row:
    return {"Customer Name": customer.name, "Account Code": customer.account_code or None}


def _address(address: Address) -> Row:
    return {column: getattr(address, part) or None for column, part in ADDRESS_PARTS.items()}


def _products(tenant: Tenant) -> Iterator[Row]:
    for product in tenant.products:
        for sku in product.skus:
            for season, costing in product.seasons.items():
                yield {
                    **_identity(product),
                    "Size": sku.size,
                    "Barcode": sku.barcode or None,
                    "Description": product.description,
                    "Textile Content": product.textile or None,
                    "Manufacturer Country": product.country or None,
                    "Category": product.category or None,
                    "Season": season,
                    "Visible": costing.visible,
                    "Active": product.active,
                    "Image 1": product.image or None,
                    "Catalogue": product.in_catalogue,
                    "Linesheet": product.linesheet or None,
                    "Category Gender": product.gender or None,
                    "Subcategory": product.subcategory or None,
                    "Silhouette": product.silhouette or None,
                    "SKID": product.skid or None,
                    "price": costing.wsp,
                    "vat": True,
                }


def _prices(tenant: Tenant) -> Iterator[Row]:
    for product in tenant.products:
        for season, costing in product.seasons.items():
            shared: Row = {**_identity(product), "Season": season, "price": costing.wsp}
            for currency in tenant.currencies:
                wsp, rrp, cost = (
                    tenant.in_currency(amount, season, currency) for amount in (costing.wsp, costing.rrp, costing.cost)
                )
                amounts: Row = {"Currency": currency, "WSP": wsp, "RRP": rrp, "Cost": cost}
                yield {**shared, "Price List": "Wholesale", **amounts}
                if currency != BASE_CURRENCY:
                    ex_works = tenant.in_currency(costing.wsp * EX_WORKS, season, currency)
                    yield {**shared, "Price List": "EX-WORKS", **amounts, "WSP": ex_works}


def _identity(product: Product) -> Row:
    return {"Style": product.style, "Fabric": product.fabric or None, "Colour": product.color}


def _inventory(tenant: Tenant) -> Iterator[Row]:
    clamped = tenant.switches["negative_ats"] == "clamped"
    for at in tenant.positions():
        yield {
            "Season": at.season,
            "Location": at.location or None,
            **_identity(at.sku.product),
            "Size": at.sku.size,
            "Barcode": at.sku.barcode or None,
            "Closing": at.closing,
            "Available": max(at.available, 0) if clamped else at.available,
            "Projected": max(at.projected, 0) if clamped else at.projected,
        }


def _future_inventory(tenant: Tenant) -> Iterator[Row]:
    for docket in tenant.dockets:
        for sku, quantity in docket.outstanding.items():
            if sku.barcode and quantity:
                start: Row = {"Season": docket.season, "Start Date": docket.start_date}
                yield {**start, "Barcode": sku.barcode, "Quantity": quantity}


def _order_status(tenant: Tenant) -> Iterator[Row]:
    for order in tenant.orders.values():
        for position in range(len(order.lines)):
            notes = [note for note in order.notes if position in note.pieces]
            yield from (_status(order, position, note) for note in notes)
            if not notes:
                yield _status(order, position, None)


def _status(order: Order, position: int, note: DeliveryNote | None) -> Row:
    line, shipped = order.lines[position], note.pieces[position] if note else 0
    return {
        "SO Number": order.number,
        "Order Reference": order.reference,
        "Season": order.season,
        "Account Code": order.customer.account_code,
        "Approved": order.approved,
        "Locked": order.locked,
        "Force Closed": order.force_closed,
        "Barcode": line.sku.barcode or None,
        "Ordered": line.quantity,
        "Allocated": shipped,
        "Shipped": shipped,
        "Invoiced": shipped if note and note.invoiced else 0,
        "DN Number": note.number if note else None,
        "DN Shipped Date": note.shipped_on if note else None,
        "Carrier": (note.carrier or None) if note else None,
        "Tracking": (note.tracking or None) if note else None,
    }


_MAKERS: Mapping[str, Callable[[Tenant], Iterator[Row]]] = {
    "seasons": _seasons,
    "users": _users,
    "customers": _customers,
    "addresses": _addresses,
    "contacts": _contacts,
    "products": _products,
    "prices": _prices,
    "inventory": _inventory,
    "future_inventory": _future_inventory,
    "order_status": _order_status,
}
