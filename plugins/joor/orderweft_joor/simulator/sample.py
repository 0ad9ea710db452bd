"""The sample account: ordinary orders, and one of every kind that makes a connector stumble."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderweft.testing import brand

from .make import currency_of, line_of, order_of
from .model import Line, Order, Status

FIRST_ID = 9_000_001
ORDINARY = 44
_SPAN = 10 * 86_400
_SHORT_STYLE = "1010"
_PLENTY = tuple(sku for sku in brand.skus() if sku.style_number != _SHORT_STYLE)
_STYLES = sorted({sku.style_number for sku in _PLENTY})
_SKUS = {
    (style, color): [sku for sku in _PLENTY if (sku.style_number, sku.color) == (style, color)]
    for style in _STYLES
    for color, _ in brand.COLORS
}


class Sample:
    """Orders last modified within ten days before *now*, the same for the same *seed*."""

    def __init__(self, now: datetime, seed: int) -> None:
        self.orders: list[Order] = []
        self.awkward: dict[str, int] = {}
        self._now = now
        self._random = random.Random(seed)

    def fill(self) -> None:
        """Add the ordinary orders and the awkward ones."""
        for number in range(ORDINARY):
            self._ordinary(number, most_lines=20)
        for add in (_statuses, _exports, _customers, _items, _prices, _headers):
            add(self._awkward)

    def extend(self, many: int) -> None:
        """Add *many* small ordinary orders."""
        for number in range(many):
            self._ordinary(number, most_lines=4)

    def _ordinary(self, number: int, *, most_lines: int) -> None:
        buyer = brand.buyers()[number % len(brand.buyers())]
        discount = 10 if number % 12 == 7 else 0
        order = self._add(buyer, self._lines(currency_of(buyer), most_lines, discount))
        if number % 7 == 3:
            order.header["order_shipping_total"] += 15
        if number % 5 == 2:
            order.header["order_comments"] = "Please ship complete."

    def _awkward(
        self,
        kind: str,
        *,
        buyer: int = 0,
        lines: list[Line] | None = None,
        status: Status = "approved",
        **fields: Any,
    ) -> Order:
        customer = brand.buyers()[buyer]
        made = self._lines(currency_of(customer), 8, 0) if lines is None else lines
        order = self._add(customer, made, status, **fields)
        self.awkward[kind] = order.id
        return order

    def _add(self, buyer: brand.Buyer, lines: list[Line], status: Status = "approved", **fields: Any) -> Order:
        modified_at = (self._now - timedelta(seconds=self._random.randrange(3600, _SPAN))).replace(microsecond=0)
        created_at = modified_at - timedelta(seconds=self._random.randrange(3600, 2 * _SPAN))
        order_id = FIRST_ID + len(self.orders)
        order = order_of(
            order_id, buyer, lines, status=status, created_at=created_at, modified_at=modified_at, **fields
        )
        self.orders.append(order)
        return order

    def _lines(self, currency: str, most: int, discount_percent: int) -> list[Line]:
        chosen: list[brand.Sku] = []
        for style in self._random.sample(_STYLES, self._random.randint(1, 3)):
            for color, _ in self._random.sample(brand.COLORS, self._random.randint(1, 2)):
                chosen += _SKUS[style, color]
        return [
            line_of(sku, self._random.randint(2, 12), currency, discount_percent=discount_percent)
            for sku in chosen[:most]
        ]


Add = Callable[..., Order]


def _some(start: int, count: int, currency: str = "GBP") -> list[Line]:
    return [line_of(sku, 4, currency) for sku in _PLENTY[start : start + count]]


def _statuses(add: Add) -> None:
    statuses: Sequence[Status] = ("notes", "cart", "pending", "approved", "shipped", "cancelled")
    for buyer, status in enumerate(statuses):
        add(status, buyer=buyer, status=status)
    add("unknown_order_type", buyer=1).type_code = 2


def _exports(add: Add) -> None:
    for kind, minutes in (("exported", 30), ("modified_since_export", -30)):
        order = add(kind, buyer=2)
        order.export_state, order.exported_at = "success", order.modified_at + timedelta(minutes=minutes)
    order = add("export_failed", buyer=3)
    order.export_state, order.export_details = "failed", "the customer code was not known"


def _customers(add: Add) -> None:
    add("no_customer_code", buyer=0, customer_code=None)
    add("spaced_customer_code", buyer=1, customer_code=" C101  ")
    add("wrong_case_customer_code", buyer=2, customer_code="c102")
    add(
        "unicode",
        buyer=7,
        customer_name="Ærlig & Söhne «東京» Œuvre",
        customer_buyer_name="Zoë Øyvind Łukasz",
        shipping_name="Ærlig & Söhne 東京店",
        shipping_address_1="Straße des 17. Juni 135, Nr. ½",
        shipping_city="Mänttä-Vilppula",
        order_comments="Merci beaucoup 🎁 — “à bientôt”",
    )
    add(
        "unknown_country",
        buyer=4,
        shipping_country="Freedonia",
        shipping_country_iso_two=None,
        shipping_country_iso_three=None,
        billing_country="Freedonia",
        billing_country_iso_two=None,
        billing_country_iso_three=None,
    )
    door = {"door_id": 7, "door_name": "Harbor Street", "door_code": None, "door_deleted": False}
    order = add("door", buyer=5, order_doors=[door])
    for line in order.lines:
        line.door_id = 7


def _items(add: Add) -> None:
    add("missing_barcode").lines[0].barcode = None
    by_hand = _some(0, 3)
    by_hand[1].style_number = by_hand[1].style_identifier = "HAND-1"
    by_hand[1].style_name = "Sample Cape (made by hand)"
    by_hand[1].style_id, by_hand[1].barcode = 799_001, "2099999999998"
    add("unknown_barcode", lines=by_hand)
    packed = _some(5, 2)
    packed[0].pack, packed[0].quantity = 6, 24
    add("case_pack", lines=packed)
    add("many_lines", lines=_some(0, 134))
    add("no_lines", lines=[])
    short = [line_of(sku, sku.stock + 2, "GBP") for sku in brand.skus() if sku.style_number == _SHORT_STYLE]
    add("short_stock", lines=short[:2])
    tagged = _some(20, 2)
    tagged[0].comment = "With the long sleeve"
    tag = {"style_tag_group": "Fit", "style_tag_name": "Fit", "style_tag_code": "R", "style_tag_value": "Regular"}
    tagged[0].tags = (tag,)
    add("style_tags", lines=tagged)


def _prices(add: Add) -> None:
    disagreeing = _some(10, 3)
    disagreeing[1].stated_extended = (disagreeing[1].extended or 0) + Decimal("10.00")
    add("extended_disagrees", lines=disagreeing)
    unpriced = _some(30, 3)
    unpriced[2].unit_price = unpriced[2].price = None
    add("no_price", lines=unpriced)
    adjusted = _some(35, 3)
    adjusted[0].adjustment, adjusted[1].adjustment = Decimal("-2.50"), Decimal("1.25")
    add("price_adjustment", lines=adjusted)
    add("style_discount", lines=[line_of(sku, 4, "GBP", discount_percent=10) for sku in _PLENTY[40:44]])
    add("order_discount").discount = Decimal("25.00")
    add("order_discount_percent", buyer=3).discount_percent = Decimal(5)


def _headers(add: Add) -> None:
    add("eop_comment", order_comments="Call first<eop>")
    for kind in ("same_po_first", "same_po_second"):
        add(kind, buyer=6, customer_purchase_order="PO-SAME-1")
    add("other_warehouse", buyer=1, warehouse_name=brand.WAREHOUSES[1][0], warehouse_code=brand.WAREHOUSES[1][1])
    add("no_warehouse", warehouse_name=None, warehouse_code=None)
    add("no_ship_dates", date_ship_start=None, date_ship_end=None)
    # a public client guards against dates shorter than ten characters
    add("short_ship_date", date_ship_end="0")
