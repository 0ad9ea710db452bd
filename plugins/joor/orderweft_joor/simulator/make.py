"""How an order comes about in JOOR: a header from a buyer, lines from the catalog."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from orderweft.testing import brand

from .model import Line, Order, Status, money

_COUNTRIES = {
    "GB": ("United Kingdom", "GBR", "GBP"),
    "DE": ("Germany", "DEU", "EUR"),
    "FR": ("France", "FRA", "EUR"),
    "US": ("United States", "USA", "USD"),
    "ES": ("Spain", "ESP", "EUR"),
    "IT": ("Italy", "ITA", "EUR"),
    "NL": ("Netherlands", "NLD", "EUR"),
    "FI": ("Finland", "FIN", "EUR"),
    "JP": ("Japan", "JPN", "JPY"),
    "NO": ("Norway", "NOR", "EUR"),
}
_TAXED = ("DE", "FR", "ES", "IT", "NL", "FI")


def line_of(sku: brand.Sku, quantity: int, currency: str, *, discount_percent: int = 0) -> Line:
    """Return *quantity* pieces of *sku* at its wholesale price in *currency*, less the style's discount."""
    unit_price = money(sku.wholesale, currency)
    return Line(
        style_id=700_000 + int(sku.style_number),
        style_number=sku.style_number,
        style_identifier=sku.style_identifier,
        style_name=sku.style_name,
        color=sku.color,
        color_code=sku.color_code,
        size=sku.size,
        barcode=sku.barcode,
        quantity=quantity,
        unit_price=unit_price,
        price=money(unit_price * (100 - discount_percent) / 100, currency),
        retail=money(sku.retail, currency),
    )


def currency_of(buyer: brand.Buyer) -> str:
    """Return the currency *buyer* orders in."""
    return _COUNTRIES[buyer.country][2]


def order_of(
    order_id: int,
    buyer: brand.Buyer,
    lines: list[Line],
    *,
    status: Status = "approved",
    created_at: datetime,
    modified_at: datetime,
    **fields: Any,
) -> Order:
    """Return an order of *buyer*; *fields* are header fields by their names on the wire."""
    order = Order(
        id=order_id,
        status=status,
        created_at=created_at,
        modified_at=modified_at,
        approved_at=modified_at if status in ("approved", "shipped") else None,
        header=_header(order_id, buyer, modified_at.date()),
        lines=lines,
    )
    change(order, **fields)
    return order


def change(order: Order, **fields: Any) -> None:
    """Set header fields of *order*; raises on a name JOOR does not know."""
    unknown = [name for name in fields if name not in order.header]
    if unknown:
        raise ValueError(f"an order has no header field {unknown[0]!r}")
    order.header.update(fields)


def customer_fields(buyer: brand.Buyer) -> dict[str, Any]:
    """Return *buyer* as a connection, by the names of the wire and with the codes its orders have."""
    warehouse, warehouse_code = brand.WAREHOUSES[0]
    return {
        "customer_name": buyer.name,
        "customer_code": buyer.code,
        "customer_alias": buyer.name,
        "customer_contact_name": buyer.name,
        "customer_contact_email": buyer.email,
        "customer_buyer_name": buyer.buyer,
        "customer_group_name": "Independents",
        "customer_group_code": "IND",
        "sales_rep_code": "REP1",
        "warehouses": [{"warehouse_name": warehouse, "warehouse_code": warehouse_code}],
        "billing": {"billing_addresses": [_connected("billing", buyer, "B1")]},
        "shipping": {"shipping_addresses": [{**_connected("shipping", buyer, "S1"), "shipping_email": buyer.email}]},
    }


def _connected(prefix: str, buyer: brand.Buyer, code: str) -> dict[str, Any]:
    # a connection says state where an order says region, and has no country codes
    fields = _address(prefix, buyer, code)
    return {**fields, f"{prefix}_state": fields[f"{prefix}_region"]}


def _header(order_id: int, buyer: brand.Buyer, day: date) -> dict[str, Any]:
    currency = currency_of(buyer)
    season, season_name = brand.SEASONS[order_id % len(brand.SEASONS)]
    warehouse, warehouse_code = brand.WAREHOUSES[0]
    start = day + timedelta(days=60)
    return {
        "order_type_name": "Re-order" if order_id % 3 else "Initial",
        "order_type_code": "RO" if order_id % 3 else "IN",
        "order_source": "JOOR",
        "order_comments": None,
        "order_internal_comments": None,
        "order_currency": currency,
        "order_currency_retail": currency,
        "order_currency_name": f"{currency} Wholesale",
        "order_shipping_total": money(Decimal(0), currency),
        "order_season_code": season,
        "order_event": None,
        "order_event_code": None,
        "order_delivery_name": f"{season_name} Main",
        "order_delivery_code": f"{season}M",
        "order_divisions": [{"division_name": "Womenswear", "division_code": "W"}] if order_id % 2 else [],
        "order_doors": [],
        "date_ship_start": start,
        "date_ship_end": start + timedelta(days=30),
        "sales_representative": "Robin Muster",
        "sales_representative_code": "REP1",
        "customer_purchase_order": f"PO-{order_id}",
        "integration_purchase_order": None,
        **_customer(buyer),
        "shipping_method_name": "Ground",
        "shipping_method_code": "GND",
        "payment_method_name": "Net 30",
        "payment_method_code": "N30",
        "warehouse_name": warehouse,
        "warehouse_code": warehouse_code,
        "created_by_username": "rmuster",
        "created_by_email": "robin@brand.example",
        "is_personal_order": False,
    }


def _customer(buyer: brand.Buyer) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "customer_name": buyer.name,
        "customer_code": buyer.code,
        "customer_buyer_name": buyer.buyer,
        "company_name": None,
        "company_code": None,
        "customer_group_name": "Independents",
        "customer_group_code": "IND",
        **_address("shipping", buyer, "S1"),
        "shipping_email": buyer.email,
        **_address("billing", buyer, "B1"),
    }
    # public clients find the tax fields not always present
    if buyer.country in _TAXED:
        fields |= {"tax_id_label": "VAT", "tax_id_number": f"{buyer.country}00000{buyer.code[1:]}"}
    return fields


def _address(prefix: str, buyer: brand.Buyer, code: str) -> dict[str, Any]:
    country, iso_three, _ = _COUNTRIES[buyer.country]
    fields = {
        "code": f"{buyer.code}-{code}",
        "name": buyer.name,
        "phone": buyer.phone,
        "address_1": buyer.line1,
        "address_2": None,
        "city": buyer.city,
        "region": buyer.region or None,
        "postal_code": buyer.postcode,
        "country": country,
        "country_iso_three": iso_three,
        "country_iso_two": buyer.country,
    }
    return {f"{prefix}_{name}": value for name, value in fields.items()}
