"""Order editing: changes are staged in a session, and nothing happens to the order before they are committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

from .call import Args, Call
from .changes import Changes
from .creating import claim
from .fulfillment import FulfillmentOrderLineItem
from .inventory import Location, route
from .lines import LineItem
from .orders import Order, touch
from .products import ProductVariant, index_variant
from .store import Store
from .values import MoneyBag, UserError, number_of


@dataclass(eq=False)
class CalculatedLineItem:
    """A line as it would be."""

    id: str
    variant: ProductVariant | None
    quantity: int
    original_unit_price_set: MoneyBag
    line: LineItem | None = None
    """The line it was made of; None for one that is added."""
    restocking: bool = False

    @property
    def editable_quantity(self) -> int:
        """Return how many pieces may be changed: those not sent yet."""
        return self.quantity - (self.line.fulfilled if self.line else 0)

    @property
    def sku(self) -> str | None:
        """Return the SKU of the line."""
        return self.line.sku if self.line else self.variant.sku if self.variant else None


@dataclass(eq=False)
class CalculatedOrder:
    """An order as it would be after the changes staged so far."""

    id: str
    original_order: Order
    line_items: list[CalculatedLineItem]
    added_line_items: list[CalculatedLineItem] = field(default_factory=list)
    committed: bool = False


class EditMutations(Changes):
    """The mutations of order editing."""

    def order_edit_begin(self, _call: Call, args: Args) -> SimpleNamespace:
        """Begin to edit an order."""
        order = self._store.find(Order, args["id"])
        if order is None or order.cancelled_at:
            text = "Order does not exist" if order is None else "Cancelled orders cannot be edited"
            return SimpleNamespace(calculated_order=None, user_errors=[UserError(text, ("id",))])
        lines = [
            CalculatedLineItem(
                f"gid://shopify/CalculatedLineItem/{number_of(line.id)}",
                line.variant,
                line.current_quantity,
                line.original_unit_price_set,
                line,
            )
            for line in order.line_items
        ]
        made = self._store.add(CalculatedOrder(self._store.gid("CalculatedOrder"), order, lines))
        return SimpleNamespace(calculated_order=made, user_errors=[])

    def order_edit_set_quantity(self, _call: Call, args: Args) -> SimpleNamespace:
        """Stage a quantity of a line."""
        session = self._open(args["id"])
        found = [line for line in _lines(session) if line.id == args["lineItemId"]]
        problem = _problem(session, found[0] if found else None, args["quantity"])
        if problem is not None or session is None:
            return SimpleNamespace(calculated_line_item=None, calculated_order=session, user_errors=[problem])
        found[0].quantity, found[0].restocking = args["quantity"], bool(args.get("restock"))
        return SimpleNamespace(calculated_line_item=found[0], calculated_order=session, user_errors=[])

    def order_edit_add_variant(self, _call: Call, args: Args) -> SimpleNamespace:
        """Stage a line of a variant at the price the shop has for it."""
        session, variant = self._open(args["id"]), self._store.find(ProductVariant, args["variantId"])
        problem = None
        if session is None or variant is None:
            problem = UserError("The calculated order or the variant does not exist", ("id",))
        elif args["quantity"] < 1:
            problem = UserError("Quantity must be greater than 0", ("quantity",))
        elif not args["allowDuplicates"] and any(one.variant is variant for one in _lines(session)):
            problem = UserError("The variant is already on the order", ("variantId",))
        if problem is not None or session is None or variant is None:
            return SimpleNamespace(calculated_line_item=None, calculated_order=session, user_errors=[problem])
        zero = session.original_order.zero
        price = zero.with_amounts(variant.price, variant.price)
        made = CalculatedLineItem(self._store.gid("CalculatedLineItem"), variant, args["quantity"], price)
        session.added_line_items.append(made)
        return SimpleNamespace(calculated_line_item=made, calculated_order=session, user_errors=[])

    def order_edit_commit(self, _call: Call, args: Args) -> SimpleNamespace:
        """Make the staged changes those of the order."""
        session = self._open(args["id"])
        if session is None:
            problem = UserError("The calculated order does not exist or was committed before", ("id",))
            return SimpleNamespace(order=None, success_messages=[], user_errors=[problem])
        order, session.committed = session.original_order, True
        for staged in session.line_items:
            assert staged.line is not None
            _set_quantity(self._store, order, staged.line, staged.quantity, restock=staged.restocking)
        for staged in session.added_line_items:
            _add(self._store, order, staged)
        order.edited = True
        touch(self._store, order)
        return SimpleNamespace(order=order, success_messages=["Order updated"], user_errors=[])

    def _open(self, gid: str) -> CalculatedOrder | None:
        session = self._store.find(CalculatedOrder, gid)
        return None if session is None or session.committed else session


def _lines(session: CalculatedOrder | None) -> list[CalculatedLineItem]:
    return [] if session is None else [*session.line_items, *session.added_line_items]


def _problem(session: CalculatedOrder | None, line: CalculatedLineItem | None, quantity: int) -> UserError | None:
    if session is None or line is None:
        return UserError("The calculated order or the line item does not exist", ("lineItemId",))
    if quantity < 0:
        return UserError("Quantity must be greater than or equal to 0", ("quantity",))
    if line.line is not None and line.line.fulfilled:
        return UserError("Fulfilled line items cannot be edited", ("lineItemId",))
    return None


def _set_quantity(store: Store, order: Order, line: LineItem, quantity: int, *, restock: bool) -> None:
    more = quantity - line.current_quantity
    if more < 0:
        line.removed -= more
    else:
        line.quantity += more
    for one in line.claims[:1]:
        available = -more if more > 0 or restock else 0
        one.level.add(store.now(), available=available, committed=more)
        one.quantity += more
        if line.sold:
            index_variant(store, line.sold)
    for each in order.fulfillment_orders:
        for part in each.line_items:
            if part.line_item is line:
                part.total_quantity += more
                part.remaining_quantity += more


def _add(store: Store, order: Order, staged: CalculatedLineItem) -> None:
    variant = staged.variant
    assert variant is not None
    line = LineItem(
        store.gid("LineItem"),
        title=variant.product.title,
        variant_title=variant.title,
        sku=variant.sku,
        vendor=variant.product.vendor,
        quantity=staged.quantity,
        original_unit_price_set=staged.original_unit_price_set,
        requires_shipping=True,
        taxable=True,
        is_gift_card=False,
        custom_attributes=[],
        tax_lines=[],
        sold=variant,
    )
    order.line_items.append(line)
    place = route(variant, line.quantity, store.all(Location))
    if place and variant.inventory_item.tracked:
        claim(store, line, variant, place)
    for each in order.fulfillment_orders[:1]:
        part = FulfillmentOrderLineItem(store.gid("FulfillmentOrderLineItem"), line, line.quantity, line.quantity)
        each.line_items.append(part)
