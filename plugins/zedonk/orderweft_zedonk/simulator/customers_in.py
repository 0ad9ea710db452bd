"""Customers and addresses that come in, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from .model import Address, Customer, CustomerType, Role
from .results import InRow, Result, RowRefusal
from .rows import ADDRESS_PARTS, COLUMNS
from .tenant import BASE_CURRENCY, Tenant

_TYPES: Mapping[str, CustomerType] = {
    "Wholesale": "Wholesale",
    "Consignment": "Consignment",
    "Retail": "Retail",
}
_ROLES: Mapping[str, Role] = {"Delivery": "Delivery", "Accounts": "Accounts"}
_Done = tuple[Literal["CREATED", "UPDATED", "SKIPPED"], str]


class CustomersIn:
    """The import of customers and of their addresses; each row is taken for itself."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def take_customers(self, rows: Sequence[InRow]) -> list[Result]:
        """Create or update customers; the key is the name: Zedonkopedia 1119943."""
        return self._each(rows, self._customer)

    def take_addresses(self, rows: Sequence[InRow]) -> list[Result]:
        """Add delivery and accounts addresses to customers."""
        return self._each(rows, self._address)

    def _each(self, rows: Sequence[InRow], take: Callable[[InRow], _Done]) -> list[Result]:
        results = []
        for number, row in enumerate(rows, start=1):
            key = row.get("Customer Name", "").strip() or row.get("Account Code", "").strip()
            try:
                status, code = take({name: text.strip() for name, text in row.items()})
                results.append(Result(number, key, status, code))
            except RowRefusal as refusal:
                results.append(Result(number, key, "ERROR", refusal.code, refusal.message))
        return results

    def _customer(self, row: InRow) -> _Done:
        name = row["Customer Name"]
        if not name:
            raise RowRefusal("missing_key", "the Customer Name is blank")
        known = self._tenant.customer_by_name(name)
        # checked on a copy, so that a refused row changes nothing
        changed = replace(known, more=dict(known.more)) if known else Customer(name, currency=BASE_CURRENCY)
        self._fill(changed, known, row)
        if known is None:
            self._tenant.customers.append(changed)
            return "CREATED", ""
        for part in ("account_code", "type", "currency", "active", "more"):
            setattr(known, part, getattr(changed, part))
        return "UPDATED", ""

    def _fill(self, customer: Customer, known: Customer | None, row: InRow) -> None:
        tenant = self._tenant
        given = {column: row[column] for column in COLUMNS["customers"] if row.get(column)}
        del given["Customer Name"]
        for column, words in tenant.vocabulary.items():
            if column in given and given[column] not in words:
                raise RowRefusal("unknown_value", f"{column} {given[column]!r} is not set up")
        if code := given.pop("Account Code", ""):
            owner = tenant.customer(code)
            if owner is not None and owner is not known:
                raise RowRefusal("account_code_taken", f"the Account Code {code} is that of {owner.name}")
            customer.account_code = code
        if kind := given.pop("Type", ""):
            customer.type = self._type(kind, known)
        if currency := given.pop("Currency Name", ""):
            # the name as set up in the tenant, not the code or symbol: Zedonkopedia 1119943
            codes = [code for code, name in tenant.currencies.items() if name == currency]
            if not codes:
                raise RowRefusal("unknown_currency", f"no currency is called {currency!r}")
            customer.currency = codes[0]
        if active := given.pop("Active", "").lower():
            if active not in ("true", "false"):
                raise RowRefusal("bad_value", f"Active is true or false, not {active!r}")
            customer.active = active == "true"
        customer.more.update(given)

    def _type(self, text: str, known: Customer | None) -> CustomerType:
        kind = _TYPES.get(text)
        if kind is None:
            raise RowRefusal("unknown_value", f"Type {text!r} does not exist")
        # wholesale and retail cannot change into each other once there is an order: Zedonkopedia 1083683
        fixed = known is not None and kind != known.type and "Retail" in (kind, known.type)
        if fixed and any(order.customer is known for order in self._tenant.orders.values()):
            raise RowRefusal("type_is_fixed", f"the customer has orders and cannot become {kind}")
        return kind

    def _address(self, row: InRow) -> _Done:
        code, name = row.get("Account Code", ""), row["Customer Name"]
        customer = self._tenant.customer(code) if code else self._tenant.customer_by_name(name)
        if customer is None:
            raise RowRefusal("unknown_customer", f"there is no customer {code or name!r}")
        role = _ROLES.get(row["Address Type"])
        if role is None:
            raise RowRefusal("bad_value", f"Address Type {row['Address Type']!r} cannot be imported")
        address = Address(**{part: row.get(column, "") for column, part in ADDRESS_PARTS.items()})
        if address.is_blank:
            raise RowRefusal("bad_value", "the address is blank")
        return ("CREATED", "") if self._tenant.keep_address(customer, role, address) else ("SKIPPED", "duplicate")
