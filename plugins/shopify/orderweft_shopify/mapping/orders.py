"""Orders to and from Shopify's payloads; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from orderweft import (
    Delivery,
    Named,
    Order,
    OrderLine,
    OrderStatus,
    Origin,
    Receipt,
    Tax,
    Window,
    currency_exponent,
    normalize_gtin,
)

from ..config import Settings
from .addresses import from_address, to_address, to_customer
from .base import iso, known

if TYPE_CHECKING:
    from ..catalog import Variant

ORDER_KEY = "external_id"
"""Key of the metafield that carries a delivery's key on an order."""
DISCOUNT_CODE = "WHOLESALE"
# Shopify takes notes of at most 5,000 characters.
MAX_NOTE = 5000


@dataclass(frozen=True, slots=True)
class Totals:
    """What an order comes to, by our own reckoning."""

    subtotal: Decimal
    """The lines less the discount."""
    tax: Decimal
    shipping: Decimal

    @property
    def total(self) -> Decimal:
        """Return what the customer owes."""
        return self.subtotal + self.tax + self.shipping


@dataclass(frozen=True, slots=True)
class Draft:
    """The variables of `CreateOrder`, and what the order should come to."""

    order: dict[str, Any]
    options: dict[str, Any]
    totals: Totals
    remarks: tuple[str, ...] = ()


def name_line(line: OrderLine) -> str:
    """Return how a person knows *line*: style, color, size and barcode or SKU."""
    words = [line.style_number or line.style_name, line.color, line.size]
    code = f"barcode {line.barcode}" if line.barcode else f"SKU {line.sku}" if line.sku else "no barcode and no SKU"
    return f"{' '.join(word for word in words if word) or f'line {line.key}'} ({code})"


def from_order(
    delivery: Delivery, settings: Settings, *, variants: Mapping[str, Variant], customer: str, location: str | None,
    note: str,
) -> Draft:  # fmt: skip
    """Build the order to create; *variants* by the code lines are identified by, *customer* and *location* as gids."""
    order = delivery.order
    sums = _Sums(order, settings)
    placed = order.created_at or order.approved_at
    key = {"namespace": settings.metafield_namespace, "key": ORDER_KEY, "type": "id", "value": delivery.key}
    values = {
        "currency": order.currency,
        "customer": {"toAssociate": {"id": customer}},
        "shippingAddress": from_address(order.address("delivery"), order.customer),
        "billingAddress": from_address(order.address("accounts"), order.customer),
        "lineItems": [
            _from_line(line, variants[getattr(line, settings.item_identifier)], taxes, order.currency)
            for line, taxes in zip(order.lines, sums.line_taxes, strict=True)
        ],
        "taxLines": sums.order_taxes,
        "taxesIncluded": False,
        "shippingLines": _shipping_lines(order),
        "discountCode": _discount_code(sums.discount, order.currency),
        "poNumber": order.purchase_order,
        "processedAt": iso(placed) if placed else None,
        "note": note[:MAX_NOTE],
        "tags": list(settings.tags),
        "customAttributes": [
            {"key": name, "value": value} for name, say in _ATTRIBUTES.items() if (value := say(order))
        ],
        "metafields": [key],
        "sourceIdentifier": delivery.key,
        "sourceName": settings.source_name,
        **_payment(order, settings, sums.totals.total),
        **_fulfilment(settings, location),
    }
    cut = (f"the note was cut to {MAX_NOTE} characters",) if len(note) > MAX_NOTE else ()
    return Draft(known(values), _options(settings), sums.totals, cut)


def to_order(node: Mapping[str, Any], lines: Iterable[Mapping[str, Any]], origin: Origin) -> Order:
    """Read one order with all its *lines*; raises pydantic's ValidationError when a field cannot be read."""
    told = {entry["key"]: entry["value"] for entry in node["customAttributes"]}
    taken = {name: told.pop(name) for name in _ATTRIBUTES if name in told}
    window = {"start": _day(taken.get("Ship from")), "complete": _day(taken.get("Ship until"))}
    read = [line for line in (_to_line(line, node) for line in lines) if line["quantity"]]
    gross = sum((line["unit_price"] * line["quantity"] for line in read), Decimal(0))
    # A cancelled order is told as it was ordered, any other as it stands after edits and removals.
    fields = (
        ("subtotalPriceSet", "totalPriceSet")
        if node["cancelledAt"]
        else ("currentSubtotalPriceSet", "currentTotalPriceSet")
    )
    net, total = (_amount(node[field]) for field in fields)
    shipping = next(iter(node["shippingLines"]["nodes"]), None)
    method = {"name": shipping["title"], "code": shipping["code"]} if shipping else _named(taken, "Shipping method")
    values = {
        "origin": origin,
        "number": node["name"].removeprefix("#"),
        "status": _status(node),
        "currency": node["currencyCode"],
        "created_at": node["processedAt"],
        "modified_at": node["updatedAt"],
        "purchase_order": node["poNumber"],
        "season": _named(taken, "Season"),
        "linesheet": _named(taken, "Linesheet"),
        "window": window if any(window.values()) else None,
        "warehouse": _named(taken, "Warehouse"),
        "sales_rep": _named(taken, "Sales rep"),
        "payment_terms": _named(taken, "Payment terms"),
        "ship_method": method,
        "customer": to_customer(node, taken),
        "addresses": [
            *to_address("delivery", node["shippingAddress"]),
            *to_address("accounts", node["billingAddress"]),
        ],
        "lines": read,
        "discount": gross - net if net is not None and gross > net else None,
        "shipping_total": _amount(node["totalShippingPriceSet"]) if shipping else None,
        "taxes": [
            {"name": tax["title"], "rate": _rate(tax["rate"]), "amount": _amount(tax["priceSet"])}
            for tax in node["taxLines"]
            if tax["rate"] is not None
        ],
        "total": total,
        "note": node["note"],
        "custom_fields": {**told, **({"tags": ", ".join(node["tags"])} if node["tags"] else {})},
    }
    return Order.model_validate(values)


def to_receipt(node: Mapping[str, Any], domain: str, remarks: Sequence[str] = ()) -> Receipt:
    """Read what the store gives in return for an order."""
    number = node["id"].rpartition("/")[2]
    return Receipt(
        id=node["id"],
        number=node.get("name"),
        at=node.get("createdAt"),
        url=f"https://{domain}/admin/orders/{number}",
        remarks=tuple(remarks),
        cancelled=bool(node.get("cancelledAt")),
    )


def differences(ours: Totals, node: Mapping[str, Any], currency: str) -> list[str]:
    """Return a sentence for each total of the created order that is not the one we reckoned."""
    pairs = (
        ("subtotal", ours.subtotal, "subtotalPriceSet"),
        ("tax", ours.tax, "totalTaxSet"),
        ("shipping", ours.shipping, "totalShippingPriceSet"),
        ("total", ours.total, "totalPriceSet"),
    )
    found = []
    for name, expected, field in pairs:
        money = (node.get(field) or {}).get("shopMoney")
        if money and (Decimal(str(money["amount"])) != expected or money["currencyCode"] != currency):
            theirs = f"{money['amount']} {money['currencyCode']}"
            found.append(f"the {name} in Shopify is {theirs}, ours is {expected:f} {currency}")
    return found


class _Sums:
    """The arithmetic of one order, which Shopify leaves to the sender: discount, taxes and totals."""

    def __init__(self, order: Order, settings: Settings) -> None:
        self._currency = order.currency
        amounts = [(line.unit_price or Decimal(0)) * line.quantity for line in order.lines]
        gross = sum(amounts, Decimal(0))
        percent = order.discount_percent or Decimal(0)
        self.discount = order.discount if order.discount is not None else self._round(gross * percent / 100)
        net = gross - self.discount
        # Tax lines may stand on the order or on its lines, not on both.
        given = [(tax, self._round(net * tax.rate) if tax.amount is None else tax.amount) for tax in order.taxes]
        self.order_taxes = [_tax_line(tax, amount, self._currency) for tax, amount in given]
        billed = order.address("accounts") or order.address("delivery")
        rate = settings.taxes.get(billed.country or "") if billed and not order.taxes else None
        tax = Tax(name=rate.name, rate=rate.rate) if rate else None
        charged = [self._round(amount * rate.rate) if rate else Decimal(0) for amount in self._net_of(amounts, gross)]
        self.line_taxes = [[_tax_line(tax, amount, self._currency)] if tax else [] for amount in charged]
        total_tax = sum(charged, sum((amount for _, amount in given), Decimal(0)))
        self.totals = Totals(subtotal=net, tax=total_tax, shipping=order.shipping_total or Decimal(0))

    def _round(self, amount: Decimal) -> Decimal:
        return amount.quantize(Decimal(1).scaleb(-currency_exponent(self._currency)), ROUND_HALF_UP)

    def _net_of(self, amounts: Sequence[Decimal], gross: Decimal) -> Iterator[Decimal]:
        """Yield each line's amount less its share of the discount; the last one bears what rounding leaves."""
        left = self.discount
        for position, amount in enumerate(amounts, 1):
            share = left if position == len(amounts) else self._round(self.discount * amount / (gross or 1))
            left -= share
            yield amount - share


def _money(amount: Decimal, currency: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": f"{amount:f}", "currencyCode": currency}}


def _discount_code(discount: Decimal, currency: str) -> dict[str, Any] | None:
    if not discount:
        return None
    return {"itemFixedDiscountCode": {"code": DISCOUNT_CODE, "amountSet": _money(discount, currency)}}


def _tax_line(tax: Tax, amount: Decimal, currency: str) -> dict[str, Any]:
    return {"title": tax.name, "rate": f"{tax.rate:f}", "priceSet": _money(amount, currency)}


def _from_line(line: OrderLine, variant: Variant, taxes: list[dict[str, Any]], currency: str) -> dict[str, Any]:
    told = (
        ("Style", line.style_number),
        ("Color", line.color),
        ("Size", line.size),
        ("Store", _label(line.store)),
        ("Comment", line.comment),
    )
    return known(
        {
            "variantId": variant.id,
            "title": variant.title,
            "variantTitle": variant.options,
            "sku": variant.sku or line.sku,
            "quantity": line.quantity,
            "priceSet": _money(line.unit_price or Decimal(0), currency),
            "requiresShipping": True,
            "taxable": True,
            "taxLines": taxes,
            "properties": [{"name": name, "value": value} for name, value in told if value],
        }
    )


def _shipping_lines(order: Order) -> list[dict[str, Any]]:
    if order.shipping_total is None:
        return []
    method = order.ship_method or Named()
    price = _money(order.shipping_total, order.currency)
    return [known({"title": _label(method) or "Shipping", "code": method.code, "priceSet": price})]


def _payment(order: Order, settings: Settings, total: Decimal) -> dict[str, Any]:
    paid = {"kind": "SALE", "status": "SUCCESS", "gateway": "manual", "amountSet": _money(total, order.currency)}
    is_paid = settings.financial_status == "PAID" and total > 0
    return {"financialStatus": settings.financial_status, "transactions": [paid] if is_paid else None}


def _fulfilment(settings: Settings, location: str | None) -> dict[str, Any]:
    if location is None and not settings.fulfil:
        return {}
    fulfilment = {"locationId": location, "notifyCustomer": False} if location else None
    return {"fulfillmentStatus": "FULFILLED", "fulfillment": fulfilment}


def _options(settings: Settings) -> dict[str, Any]:
    claim = "DECREMENT_OBEYING_POLICY" if settings.check_stock else "DECREMENT_IGNORING_POLICY"
    return {
        "inventoryBehaviour": claim if settings.reserve_stock else "BYPASS",
        "sendReceipt": False,
        "sendFulfillmentReceipt": False,
    }


def _label(named: Named | None) -> str | None:
    return (named.name or named.code) if named else None


def _window(order: Order) -> Window:
    return order.window or Window()


_ATTRIBUTES: Mapping[str, Callable[[Order], str | None]] = {
    "Order number": lambda order: order.number,
    "Account code": lambda order: order.customer.account_code,
    "Customer": lambda order: order.customer.name,
    "Season": lambda order: _label(order.season),
    "Linesheet": lambda order: _label(order.linesheet),
    "Ship from": lambda order: _day_text(_window(order).start),
    "Ship until": lambda order: _day_text(_window(order).complete),
    "Payment terms": lambda order: _label(order.payment_terms),
    "Shipping method": lambda order: _label(order.ship_method),
    "Warehouse": lambda order: _label(order.warehouse),
    "Sales rep": lambda order: _label(order.sales_rep),
}
"""What a wholesale order says and a Shopify order has no field for, under the names people see there."""


def _day_text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _amount(money: Mapping[str, Any] | None) -> Decimal | None:
    return Decimal(str(money["shopMoney"]["amount"])) if money else None


def _rate(fraction: object) -> Decimal:
    # Shopify gives rates as binary floats.
    return round(Decimal(str(fraction)), 6).normalize()


_STATUSES: Mapping[str, OrderStatus] = {
    "FULFILLED": "shipped",
    "PARTIALLY_FULFILLED": "part_shipped",
    "IN_PROGRESS": "processing",
}


def _status(node: Mapping[str, Any]) -> OrderStatus:
    if node["cancelledAt"]:
        return "cancelled"
    return _STATUSES.get(node["displayFulfillmentStatus"], "closed" if node["closedAt"] else "approved")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _named(told: Mapping[str, str], name: str) -> dict[str, str] | None:
    return {"name": told[name]} if told.get(name) else None


def _to_line(line: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    told = {entry["key"]: entry["value"] for entry in line["customAttributes"]}
    # A deleted product leaves no variant behind.
    variant = line["variant"] or {}
    options = {option["name"].casefold(): option["value"] for option in variant.get("selectedOptions") or ()}
    return {
        "key": line["id"],
        "style_number": told.get("Style"),
        "style_name": line["title"],
        "color": options.get("color") or options.get("colour") or told.get("Color"),
        "size": options.get("size") or told.get("Size"),
        "sku": line["sku"],
        "barcode": variant.get("barcode"),
        "gtin": normalize_gtin(variant.get("barcode")),
        "quantity": line["quantity"] if order["cancelledAt"] else line["currentQuantity"],
        "unit_price": _amount(line["discountedUnitPriceSet"]),
        "list_price": _amount(line["originalUnitPriceSet"]),
        "store": _named(told, "Store"),
        "comment": told.get("Comment"),
    }
