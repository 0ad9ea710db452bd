"""Sales orders that come in: one row for each line, the order's own values repeated on every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from .model import Address, Customer, Order, OrderLine, Role, Sku
from .results import InRow, Result, RowRefusal, refuse_all
from .rows import ADDRESS_PARTS
from .tenant import CENT, Tenant
from .text import read_day, read_decimal, read_whole

COMMUNITY = (
    "Order Reference", "Customer Name", "Account Code", "Style", "Fabric", "Colour", "Size", "Barcode",
    "Sales Order Quantity", "Currency", "Unit Price", "Amount per Unit",
)  # fmt: skip
_ADDRESS_COLUMNS = ("Name", "Line 1", "Line 2", "City", "County", "Postcode", "Country", "Phone")
_ROLES: tuple[Role, ...] = ("Delivery", "Accounts")
_LINE = ("Style", "Fabric", "Colour", "Size", "Barcode", "Sales Order Quantity", "Unit Price", "Amount per Unit")
EXTENSIONS = (
    "Season", "Approved", "Order Owner", "Delivery Start", "Delivery Cancel", "Comments", "External Id",
    *(f"{role} {column}" for role in _ROLES for column in _ADDRESS_COLUMNS),
)  # fmt: skip
_ORDER = tuple(column for column in (*COMMUNITY, *EXTENSIONS) if column not in _LINE)
_NUMBERED = tuple[int, InRow]


@dataclass
class _Plan:
    """What is to become of the rows of one order."""

    rows: Sequence[_NUMBERED]
    order: Order | None = None
    results: list[Result] = field(default_factory=list)

    @property
    def first(self) -> InRow:
        return self.rows[0][1]

    @property
    def key(self) -> str:
        return _get(self.first, "External Id") or _get(self.first, "Order Reference")

    def say_all(self, status: Literal["CREATED", "SKIPPED", "ERROR"], code: str, message: str) -> None:
        self.results = [Result(number, self.key, status, code, message) for number, _ in self.rows]

    def say(self, number: int, status: Literal["CREATED", "SKIPPED", "ERROR"], code: str, message: str) -> None:
        self.results.append(Result(number, self.key, status, code, message))


class OrdersIn:
    """The import of sales orders; a file is taken whole or not at all."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def take(self, rows: Sequence[InRow]) -> list[Result]:
        """Import *rows* and say what became of each."""
        plans = [self._plan(group) for group in self._grouped(rows)]
        results = sorted((result for plan in plans for result in plan.results), key=lambda result: result.row)
        if any(result.status == "ERROR" for result in results):
            return refuse_all(results)
        numbers: dict[int, str] = {}
        for plan in plans:
            if plan.order:
                number = self._enter(plan.order)
                numbers.update({row: number for row, _ in plan.rows})
        return [
            replace(one, message=f"sales order {numbers[one.row]}") if one.status == "CREATED" else one
            for one in results
        ]

    def _grouped(self, rows: Sequence[InRow]) -> list[list[_NUMBERED]]:
        groups: dict[tuple[str, ...], list[_NUMBERED]] = {}
        for number, row in enumerate(rows, start=1):
            groups.setdefault(_identity(row, self._tenant.switches["order_identity"]), []).append((number, row))
        return list(groups.values())

    def _enter(self, order: Order) -> str:
        order.number = self._tenant.next_order_number()
        self._tenant.add_order(order)
        addresses: tuple[tuple[Role, Address | None], ...] = (
            ("Delivery", order.delivery),
            ("Accounts", order.accounts),
        )
        for role, address in addresses:
            if address:
                self._tenant.keep_address(order.customer, role, address)
        return order.number

    def _plan(self, rows: Sequence[_NUMBERED]) -> _Plan:
        plan = _Plan(rows)
        try:
            earlier = self._earlier(plan)
            if earlier and earlier.imported_as == _as_sent(rows):
                plan.say_all("SKIPPED", "duplicate", f"already here as sales order {earlier.number}")
            elif earlier:
                plan.say_all("ERROR", "conflict", f"sales order {earlier.number} was imported with other contents")
            else:
                plan.order = self._order(plan)
        except RowRefusal as refusal:
            plan.say_all("ERROR", refusal.code, refusal.message)
        return plan

    def _earlier(self, plan: _Plan) -> Order | None:
        if self._tenant.switches["duplicates"] == "created":
            return None
        kind = self._tenant.switches["order_identity"]
        wanted = _identity(plan.first, kind)
        orders = self._tenant.orders.values()
        return next((order for order in orders if _identity(dict(order.imported_as[0]), kind) == wanted), None)

    def _order(self, plan: _Plan) -> Order:
        row, tenant = plan.first, self._tenant
        if not plan.key:
            raise RowRefusal("missing_key", "neither Order Reference nor External Id is filled in")
        for name in _ORDER:
            if any(_get(other, name) != _get(row, name) for _, other in plan.rows):
                raise RowRefusal("inconsistent", f"{name} is not the same on all rows of this order")
        customer = self._customer(row)
        season = self._season(row)
        currency = _get(row, "Currency") or customer.currency
        if currency not in tenant.currencies:
            raise RowRefusal("currency_not_enabled", f"the currency {currency} is not enabled")
        order = Order(
            number="",
            reference=_get(row, "Order Reference"),
            external_id=_get(row, "External Id"),
            customer=customer,
            season=season,
            approved=self._approved(row),
            owner=self._owner(row),
            currency=currency,
            lines=[],
            delivery_start=_day(row, "Delivery Start") or tenant.seasons[season].delivery_start,
            delivery_cancel=_day(row, "Delivery Cancel") or tenant.seasons[season].delivery_cancel,
            comments=_get(row, "Comments"),
            delivery=_address(row, "Delivery") or next(iter(customer.addresses["Delivery"]), None),
            accounts=_address(row, "Accounts") or next(iter(customer.addresses["Accounts"]), None),
            # the store address on an order is always that of the customer's own record: Zedonkopedia 920298
            store=next(iter(customer.addresses["Store"]), None),
            imported_at=tenant.clock.now(),
            imported_as=_as_sent(plan.rows),
        )
        self._add_lines(plan, order)
        return order

    def _add_lines(self, plan: _Plan, order: Order) -> None:
        for number, row in plan.rows:
            try:
                line = self._line(row, order)
            except RowRefusal as refusal:
                unmatched = refusal.code in ("unknown_barcode", "unknown_product")
                dropped = unmatched and self._tenant.switches["unmatched_line"] == "dropped"
                plan.say(number, "SKIPPED" if dropped else "ERROR", refusal.code, refusal.message)
            else:
                order.lines.append(line)
                plan.say(number, "CREATED", "", "")
        if not order.lines and not any(one.status == "ERROR" for one in plan.results):
            raise RowRefusal("no_lines", "no line of this order is known")

    def _line(self, row: InRow, order: Order) -> OrderLine:
        barcode = _get(row, "Barcode")
        sku = self._sku(row, barcode)
        quantity = read_whole(_get(row, "Sales Order Quantity"))
        if quantity is None or quantity < 1:
            raise RowRefusal("bad_quantity", f"{_get(row, 'Sales Order Quantity')!r} is not a quantity")
        price, total = self._prices(row, quantity)
        if price is None or total is None:
            price = self._tenant.price(sku.product, order.season, order.currency)
            total = price * quantity
        return OrderLine(sku, quantity, price, total, "barcode" if barcode else "style")

    def _sku(self, row: InRow, barcode: str) -> Sku:
        if barcode:
            sku = self._tenant.sku_by_barcode(barcode)
            if sku is None:
                raise RowRefusal("unknown_barcode", f"the barcode {barcode} is not known")
            return sku
        wanted = tuple(_get(row, name) for name in ("Style", "Fabric", "Colour", "Size"))
        for sku in self._tenant.skus():
            if (sku.product.style, sku.product.fabric, sku.product.color, sku.size) == wanted:
                return sku
        raise RowRefusal("unknown_product", f"there is no product {' / '.join(wanted)}")

    def _prices(self, row: InRow, quantity: int) -> tuple[Decimal | None, Decimal | None]:
        """Return the price of one piece and of the line, as this tenant reads the two columns."""
        unit_price, amount_per_unit = (self._amount(row, name) for name in ("Unit Price", "Amount per Unit"))
        if self._tenant.switches["unit_price"] == "unit":
            price = unit_price if unit_price is not None else amount_per_unit
            return price, None if price is None else price * quantity
        # github.com/ccmsoo/zedonk-csv-export: Unit Price carries the line total since October 2025
        if unit_price is None:
            return amount_per_unit, None if amount_per_unit is None else amount_per_unit * quantity
        if amount_per_unit is not None and abs(amount_per_unit * quantity - unit_price) <= CENT * quantity:
            return amount_per_unit, unit_price
        return unit_price / quantity, unit_price

    def _amount(self, row: InRow, name: str) -> Decimal | None:
        text = _get(row, name)
        amount = read_decimal(text, self._tenant.switches) if text else None
        if text and amount is None:
            raise RowRefusal("bad_number", f"{name}: {text!r} is not an amount")
        return amount

    def _customer(self, row: InRow) -> Customer:
        # exact match, no blanks trimmed: Zedonkopedia 920298
        code = row["Account Code"]
        customer = self._tenant.customer(code)
        if not code.strip():
            raise RowRefusal("blank_account_code", "the Account Code is blank")
        if customer is None:
            raise RowRefusal("unknown_account_code", f"no customer has the Account Code {code!r}")
        if not customer.active:
            raise RowRefusal("inactive_customer", f"the customer {code} is not active")
        if customer.type == "Retail":
            # Zedonkopedia 1533813
            raise RowRefusal("retail_customer", f"{code} is a retail customer; wholesale orders are not for it")
        return customer

    def _season(self, row: InRow) -> str:
        season = row.get("Season", "")
        return season if season in self._tenant.seasons else self._tenant.imports.season

    def _approved(self, row: InRow) -> bool:
        said = _get(row, "Approved").lower()
        if said not in ("", "true", "false"):
            raise RowRefusal("bad_value", f"Approved is true or false, not {said!r}")
        return self._tenant.imports.approved if not said else said == "true"

    def _owner(self, row: InRow) -> str:
        owner = _get(row, "Order Owner") or self._tenant.imports.owner
        if owner not in self._tenant.users:
            raise RowRefusal("unknown_owner", f"there is no user {owner!r}")
        return owner


def _identity(row: InRow, kind: Literal["external_id", "order_reference"]) -> tuple[str, ...]:
    if kind == "external_id" and _get(row, "External Id"):
        return ("External Id", _get(row, "External Id"))
    return ("Order Reference", _get(row, "Order Reference"), row.get("Account Code", ""))


def _as_sent(rows: Sequence[_NUMBERED]) -> tuple[tuple[tuple[str, str], ...], ...]:
    known = {*COMMUNITY, *EXTENSIONS}
    return tuple(
        sorted(
            tuple(sorted((name, text) for name, text in row.items() if name in known and text.strip()))
            for _, row in rows
        )
    )


def _get(row: InRow, name: str) -> str:
    return row.get(name, "").strip()


def _day(row: InRow, name: str) -> date | None:
    text = _get(row, name)
    day = read_day(text) if text else None
    if text and day is None:
        raise RowRefusal("bad_date", f"{name}: {text!r} is not a day written YYYY-MM-DD")
    return day


def _address(row: InRow, role: Role) -> Address | None:
    parts = {ADDRESS_PARTS[column]: _get(row, f"{role} {column}") for column in _ADDRESS_COLUMNS}
    address = Address(**parts)
    return None if address.is_blank else address
