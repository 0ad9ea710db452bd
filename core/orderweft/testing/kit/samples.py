"""Records made of the common sample brand, for writing to a channel."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from ...records import (
    Address,
    Contact,
    Customer,
    Item,
    Named,
    Order,
    OrderCustomer,
    OrderLine,
    Origin,
    Price,
    Product,
    ProductColor,
    Receipt,
    Shipment,
    ShipmentLine,
    Sku,
    StockLevel,
    Window,
    normalize_gtin,
)
from .. import brand

SEASON = brand.SEASONS[1]
NOBODYS = {
    "barcode": "2999999999990", "gtin": None, "sku": "NOBODY", "style_number": "NOBODY", "style_identifier": "NOBODY",
}  # fmt: skip
"""What makes an item one that nobody has."""
_CREATED = datetime(2026, 10, 28, 8, 30, tzinfo=UTC)


def _origin(id_: str) -> Origin:
    return Origin(channel="sample", connection="sample", id=id_)


def _item(sku: brand.Sku) -> dict[str, Any]:
    return {
        "style_number": sku.style_number,
        "style_identifier": sku.style_identifier,
        "style_name": sku.style_name,
        "color": sku.color,
        "color_code": sku.color_code,
        "size": sku.size,
        "sku": sku.sku,
        "barcode": sku.barcode,
        "gtin": normalize_gtin(sku.barcode),
    }


def _address(buyer: brand.Buyer, role: Any, name: str | None = None) -> Address:
    return Address(
        role=role,
        code=f"{buyer.code}-{role[0].upper()}",
        name=name or buyer.name,
        contact=buyer.buyer,
        line1=buyer.line1,
        city=buyer.city,
        region=buyer.region,
        postcode=buyer.postcode,
        country=buyer.country,
        phone=buyer.phone,
        email=buyer.email,
    )


def order(number: int) -> Order:
    """Make an order of the brand's first customer: two lines, a season, a window, both addresses."""
    buyer, skus = brand.buyers()[0], brand.skus()
    lines = [
        OrderLine.model_validate(
            {
                "key": str(place),
                **_item(skus[(number * 2 + place) % 60]),
                "quantity": 2 + place,
                "unit_price": skus[(number * 2 + place) % 60].wholesale,
                "list_price": skus[(number * 2 + place) % 60].wholesale,
            }
        )
        for place in (1, 2)
    ]
    customer = OrderCustomer(
        account_code=buyer.code, name=buyer.name, buyer=buyer.buyer, email=buyer.email, phone=buyer.phone
    )
    return Order(
        origin=_origin(f"O{number}"),
        number=f"KIT{number}",
        status="approved",
        currency="GBP",
        created_at=_CREATED,
        approved_at=_CREATED,
        modified_at=_CREATED,
        purchase_order=f"PO{number}",
        season=Named(name=SEASON[1], code=SEASON[0]),
        window=Window(start=date(2027, 1, 15), complete=date(2027, 2, 15)),
        customer=customer,
        addresses=(_address(buyer, "delivery"), _address(buyer, "accounts", "Accounts Department")),
        note=f"Kit note {number}.",
        lines=tuple(lines),
    )


def level(number: int, quantity: int) -> StockLevel:
    """Make a stock level of the brand's SKU of that number."""
    sku = brand.skus()[number]
    return StockLevel(origin=_origin(sku.sku), item=Item.model_validate(_item(sku)), quantity=quantity)


def product(number: int) -> Product:
    """Make a style of the brand, in one color and two sizes, under a number nobody has yet."""
    style, price = f"K{number}", brand.skus()[number].wholesale
    digits = [f"2{70 + size}{number:09d}" for size in range(2)]
    skus = [
        Sku(size=size, sku=f"{style}-401-{size}", barcode=code, gtin=normalize_gtin(code))
        for size, code in zip(("S", "M"), (one + _check_digit(one) for one in digits), strict=True)
    ]
    prices = (Price(label="GBP Wholesale", currency="GBP", wholesale=price, retail=price * 2),)
    return Product(
        origin=_origin(style),
        style_number=style,
        style_identifier=f"ST-{style}",
        name=f"Kit Style {number}",
        status="active",
        seasons=(Named(name=SEASON[1], code=SEASON[0]),),
        prices=prices,
        sizes=("S", "M"),
        colors=(ProductColor(color="Navy", color_code="401", skus=tuple(skus)),),
    )


def _check_digit(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return str(-total % 10)


def customer(number: int) -> Customer:
    """Make a customer nobody has yet."""
    buyer, name = brand.buyers()[number % 8], f"Kit Store {number}"
    return Customer(
        origin=_origin(f"K{number}"),
        account_code=f"K{number}",
        name=name,
        status="active",
        currency="GBP",
        addresses=(
            _address(buyer, "delivery", name),
            _address(buyer, "accounts", "Accounts Department").model_copy(update={"email": None}),
        ),
        contacts=(Contact(name=f"Robin Beispiel {number}", email=f"kit{number}@example.com"),),
    )


def shipment(number: int, sent: Order, receipt: Receipt) -> Shipment:
    """Make a shipment of all that an order asks for."""
    fields = set(Item.model_fields)
    lines = [
        ShipmentLine(item=Item.model_validate(line.model_dump(include=fields)), quantity=line.quantity)
        for line in sent.lines
    ]
    return Shipment(
        origin=_origin(f"S{number}"),
        number=f"S{number}",
        order_id=receipt.id,
        order_number=receipt.number,
        shipped_at=_CREATED,
        carrier="Sample Post",
        tracking_numbers=(f"TRACK{number}",),
        lines=tuple(lines),
    )


def people() -> list[str]:
    """Return what must never be told of the people in these records."""
    buyers = [part for one in brand.buyers() for part in (one.email, one.phone, one.line1, one.buyer)]
    return [*buyers, *(f"Robin Beispiel {number}" for number in range(3)), "@example.com"]
