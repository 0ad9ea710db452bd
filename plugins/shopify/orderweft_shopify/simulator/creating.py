"""orderCreate: takes an order as given, computes almost nothing, and does all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .customers import (
    CompanyLocation,
    Customer,
    MailingAddress,
    PurchasingCompany,
    clean_tags,
    customer_by,
    normal_email,
    touch_customer,
    write_customer,
)
from .fulfillment import FulfillmentTrackingInfo, plan, send
from .inventory import Location, route, stock_at
from .lines import (
    Attribute,
    Claim,
    DiscountAllocation,
    DiscountCodeApplication,
    LineItem,
    PricingPercentageValue,
    ShippingLine,
    TaxLine,
    Weight,
)
from .metafields import APP_NUMBER, Metafields
from .order_checks import associated, order_problems, variant_of
from .orders import Order, touch
from .payments import OrderTransaction
from .products import ProductVariant, index_variant
from .store import Store
from .values import MoneyBag, UserError, total

Given = Mapping[str, Any]


def create_order(store: Store, metafields: Metafields, given: Given, options: Given) -> Order | list[UserError]:
    """Create an order, or say why not and change nothing."""
    behavior = options.get("inventoryBehaviour", "BYPASS")
    return order_problems(store, metafields, given, behavior) or _Creation(store, given).create(metafields, behavior)


class _Creation:
    def __init__(self, store: Store, given: Given) -> None:
        self.store = store
        self.given = given
        self.shop = given.get("currency") or store.switches.currency
        self.shown = given.get("presentmentCurrency") or self.shop

    def create(self, metafields: Metafields, behavior: str) -> Order:
        order = self._order()
        order.line_items = [self._line(line) for line in self.given.get("lineItems") or ()]
        order.shipping_lines = [self._shipping(line) for line in self.given.get("shippingLines") or ()]
        self._discount(order)
        self._order_taxes(order)
        order.transactions = [self._transaction(order, each) for each in self.given.get("transactions") or ()]
        self._people(order)
        self._fulfill(order, claims=behavior != "BYPASS")
        self.store.add(order)
        for metafield in self.given.get("metafields") or ():
            metafields.write(order, metafield)
        touch(self.store, order)
        return order

    def _order(self) -> Order:
        given, store, now = self.given, self.store, self.store.now()
        number = 1001 + store.count(Order)
        gid = store.gid("Order")
        code = "".join(store.random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=9))
        included = bool(given.get("taxesIncluded"))
        return Order(
            gid,
            zero=self._bag(None),
            tax_on_top=not included or store.switches.included_taxes == "added",
            name=given.get("name") or f"#{number}",
            number=number,
            created_at=now,
            updated_at=now,
            processed_at=min(given.get("processedAt") or now, now),
            confirmation_number=code,
            status_page_url=f"https://shop.example/orders/{code}",
            test=bool(given.get("test")),
            taxes_included=included,
            given_status=given.get("financialStatus"),
            note=given.get("note"),
            po_number=given.get("poNumber"),
            tags=clean_tags(given.get("tags") or ()),
            custom_attributes=[Attribute(each["key"], each["value"]) for each in given.get("customAttributes") or ()],
            source_identifier=given.get("sourceIdentifier"),
            source_name=given.get("sourceName") or str(APP_NUMBER),
            registered_source_url=given.get("sourceUrl"),
            referrer_url=given.get("referringSite"),
            closed_at=given.get("closedAt"),
            customer_accepts_marketing=bool(given.get("buyerAcceptsMarketing")),
            phone=given.get("phone"),
            born=store.clock.monotonic(),
        )

    def _bag(self, given: Given | None) -> MoneyBag:
        if given is None:
            return MoneyBag.of(self.shop, self.shown)
        shown = given.get("presentmentMoney")
        return MoneyBag.of(self.shop, self.shown, given["shopMoney"]["amount"], shown["amount"] if shown else None)

    def _taxes(self, given: Given) -> list[TaxLine]:
        return [
            TaxLine(tax["title"], float(tax["rate"]), self._bag(tax.get("priceSet")), tax.get("channelLiable"))
            for tax in given.get("taxLines") or ()
        ]

    def _line(self, given: Given) -> LineItem:
        variant = variant_of(self.store, given)
        like = variant if self.store.switches.variant_defaults else None
        price = self._bag(given.get("priceSet"))
        if given.get("priceSet") is None and like:
            price = MoneyBag.of(self.shop, self.shown, like.price)
        weight = given.get("weight")
        return LineItem(
            self.store.gid("LineItem"),
            title=given.get("title") or (like.product.title if like else ""),
            variant_title=given.get("variantTitle") or (like.title if like else None),
            sku=given.get("sku") or (like.sku if like else None),
            vendor=given.get("vendor") or (like.product.vendor if like else None),
            quantity=given["quantity"],
            original_unit_price_set=price,
            requires_shipping=bool(given.get("requiresShipping")),
            taxable=bool(given.get("taxable")),
            is_gift_card=bool(given.get("giftCard")),
            custom_attributes=[Attribute(each["name"], each["value"]) for each in given.get("properties") or ()],
            tax_lines=self._taxes(given),
            sold=variant,
            weight=Weight(weight["unit"], weight["value"]) if weight else None,
        )

    def _shipping(self, given: Given) -> ShippingLine:
        return ShippingLine(
            self.store.gid("ShippingLine"),
            given["title"],
            given.get("code"),
            given.get("source"),
            self._bag(given["priceSet"]),
            self._taxes(given),
        )

    def _discount(self, order: Order) -> None:
        if not self.given.get("discountCode"):
            return
        ((way, discount),) = self.given["discountCode"].items()
        if way == "freeShippingDiscountCode":
            free = PricingPercentageValue(100.0)
            application = DiscountCodeApplication(discount["code"], "SHIPPING_LINE", free)
            for line in order.shipping_lines:
                line.discount_allocations = [DiscountAllocation(line.original_price_set, application)]
        else:
            totals = [line.original_total_set for line in order.line_items]
            whole = total(totals, order.zero)
            percentage = discount.get("percentage") or 0.0
            amount = (
                self._bag(discount.get("amountSet")) if "Fixed" in way else whole.times(Decimal(str(percentage)) / 100)
            )
            amount = amount.with_amounts(*map(min, amount.amounts, whole.amounts))
            value = amount.shop_money if "Fixed" in way else PricingPercentageValue(percentage)
            application = DiscountCodeApplication(discount["code"], "LINE_ITEM", value)
            parts = amount.spread([bag.shop_money.amount for bag in totals])
            for item, part in zip(order.line_items, parts, strict=True):
                item.discount_allocations = [DiscountAllocation(part, application)]
        order.discount_applications = [application]

    def _order_taxes(self, order: Order) -> None:
        """Spread the taxes of the order over its taxable lines; how the real one rounds is not known."""
        exact = self.store.switches.order_tax_split == "exact"
        lines = [line for line in order.line_items if line.taxable]
        weights = [line.price_after_all_discounts_before_taxes_set.shop_money.amount for line in lines]
        for tax in self._taxes(self.given):
            for line, part in zip(lines, tax.price_set.spread(weights, exact=exact), strict=True):
                line.tax_lines.append(TaxLine(tax.title, tax.rate, part, tax.channel_liable))

    def _transaction(self, order: Order, given: Given) -> OrderTransaction:
        now = self.store.now()
        return self.store.add(
            OrderTransaction(
                self.store.gid("OrderTransaction"),
                order,
                given["kind"],
                given["status"],
                given.get("gateway"),
                self._bag(given["amountSet"]),
                now,
                given.get("processedAt") or now,
                test=bool(given.get("test")),
                authorization_code=given.get("authorizationCode"),
                receipt_json=given.get("receiptJson"),
            )
        )

    def _people(self, order: Order) -> None:
        given, store = self.given, self.store
        order.billing_address = (
            MailingAddress.of(store, given["billingAddress"]) if given.get("billingAddress") else None
        )
        order.shipping_address = (
            MailingAddress.of(store, given["shippingAddress"]) if given.get("shippingAddress") else None
        )
        customer, upsert = associated(store, given)
        if upsert is not None:
            customer = write_customer(store, upsert, customer)
        order.email = normal_email(given.get("email"))
        if given.get("companyLocationId"):
            location = store.find(CompanyLocation, given["companyLocationId"])
            assert location is not None
            mine = [contact for contact in location.company.contacts if contact.customer is customer]
            order.purchasing_company = PurchasingCompany(location, next(iter(mine), location.company.main_contact))
        if customer is not None:
            self._attach(order, customer)

    def _attach(self, order: Order, customer: Customer) -> None:
        """Make *customer* the order's; the address of the order becomes the customer's default."""
        if customer.email is None and not customer_by(self.store, email=order.email):
            customer.email = order.email
        order.customer = customer
        order.email = customer.email or order.email
        order.phone = customer.phone or order.phone
        customer.orders.append(order)
        address = order.display_address
        if address:
            known = next((each for each in customer.addresses if each.parts == address.parts), None)
            if known is None:
                customer.addresses.append(address)
            customer.default_address = known or address
            customer.first_name = customer.first_name or address.first_name
            customer.last_name = customer.last_name or address.last_name
        touch_customer(self.store, customer)

    def _fulfill(self, order: Order, *, claims: bool) -> None:
        given, store = self.given, self.store
        parcel = given.get("fulfillment")
        status = "FULFILLED" if parcel else given.get("fulfillmentStatus")
        location = store.find(Location, parcel["locationId"]) if parcel else None
        sent = order.line_items if status == "FULFILLED" else order.line_items[:1] if status == "PARTIAL" else []
        places: dict[LineItem, Location | None] = {}
        for line in order.line_items:
            line.fulfilled = line.quantity if line in sent else 0
            place = location or route(line.sold, line.quantity, store.all(Location))
            places[line] = place
            if claims and place and line.sold and line.sold.inventory_item.tracked and status != "RESTOCKED":
                claim(store, line, line.sold, place)
        plan(store, order, places)
        if sent:
            shown = (parcel or {}).get("shipmentStatus") or "FULFILLED"
            send(store, order, location or places[sent[0]], _tracking(parcel or {}), shown)
        if status == "RESTOCKED":
            order.restocked, order.cancelled_at = True, order.created_at
            for line in order.line_items:
                line.removed = line.quantity
            for each in order.fulfillment_orders:
                each.close("CANCELLED", order.created_at)


def claim(store: Store, line: LineItem, variant: ProductVariant, place: Location) -> None:
    """Set aside at *place* what is wanted of *variant*."""
    level = stock_at(store, variant, place)
    level.add(store.now(), available=-line.quantity, committed=line.quantity - line.fulfilled)
    line.claims.append(Claim(level, line.quantity - line.fulfilled))
    index_variant(store, variant)


def _tracking(parcel: Given) -> list[FulfillmentTrackingInfo]:
    company = parcel.get("trackingCompany")
    numbers = [parcel["trackingNumber"]] if parcel.get("trackingNumber") else parcel.get("trackingNumbers") or []
    if not numbers:
        return [FulfillmentTrackingInfo(company, None)] if company else []
    return [FulfillmentTrackingInfo(company, number) for number in numbers]
