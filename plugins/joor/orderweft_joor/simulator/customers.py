"""What JOOR remembers of the retailers one account is connected to, and of those its staff has yet to match."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from orderweft import Clock
from orderweft.testing import brand

from .make import customer_fields
from .model import Refusal
from .switches import Switches
from .v2_wire import listed

NOT_CONNECTED = "C107"
"""The customer of the sample brand whose link was removed after it had ordered."""

# https://api-docs.jooraccess.com/v2.0/reference/connection-get; most characters and whether required
_TEXTS = {
    "customer_name": (100, True),
    "customer_code": (50, True),
    "customer_alias": (150, True),
    "customer_contact_name": (1000, True),
    "customer_contact_email": (50, False),
    "customer_buyer_name": (50, False),
    "company_number_name": (150, False),
    "company_number_code": (100, False),
    "customer_group_name": (150, False),
    "customer_group_code": (100, False),
    "sales_rep_code": (100, False),
}
_ADDRESS = ("name", "phone", "address_1", "address_2", "city", "state", "postal_code", "country")
Role = Literal["billing", "shipping"]
_ROLES: tuple[Role, Role] = ("billing", "shipping")


@dataclass
class Customer:
    """One connection."""

    id: int
    fields: dict[str, Any]
    """By their names on the wire."""
    since: datetime

    @property
    def code(self) -> str:
        """Return the brand's own code."""
        return str(self.fields["customer_code"])


class Customers:
    """The connections of one account."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self.connected: dict[str, Customer] = {}
        """By the key of the code."""
        self.waiting: dict[str, Customer] = {}
        """Those JOOR's staff has yet to match."""
        self._clock = clock
        self._switches = switches
        self._next = 0

    def fill(self) -> None:
        """Connect the sample brand's customers but one."""
        for buyer in brand.buyers():
            if buyer.code != NOT_CONNECTED:
                self.write(customer_fields(buyer))
        self.match()

    def key(self, code: str) -> str:
        """Return what makes two codes the same."""
        return code if self._switches["customer_codes"] == "exact" else code.strip().casefold()

    def write(self, row: dict[str, Any]) -> Customer:
        """Update a connection in full, or hand a new one to JOOR's staff; raises Refusal on a row it cannot take."""
        fields = self._fields(row)
        key = self.key(fields["customer_code"])
        customer = self.connected.get(key) or self.waiting.get(key)
        if customer is None:
            customer = self.waiting[key] = Customer(self._number(), {}, self._clock.now())
        ids = {address[f"{role}_code"]: address[f"{role}_address_id"] for role, address in _addresses(customer.fields)}
        for role, address in _addresses(fields):
            code = address[f"{role}_code"]
            address[f"{role}_address_id"] = (ids.get(code) if code else None) or self._number()
        customer.fields = fields
        return customer

    def try_write(self, row: dict[str, Any]) -> None:
        """Write a row of a job, which tells nobody when it cannot."""
        try:
            self.write(row)
        except Refusal:
            return

    def match(self, before: datetime | None = None) -> list[str]:
        """Connect those that wait (since *before*), and return their codes."""
        due = {key: one for key, one in self.waiting.items() if before is None or one.since <= before}
        for key in due:
            self.connected[key] = self.waiting.pop(key)
        return [customer.code for customer in due.values()]

    def settle(self) -> None:
        """Connect those that have waited as long as JOOR's staff takes."""
        hours = self._switches["match_hours"]
        if hours:
            self.match(self._clock.now() - timedelta(hours=hours))

    def _number(self) -> int:
        self._next += 1
        return 640_000 + self._next

    def _fields(self, row: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, (most, required) in _TEXTS.items():
            value = row.get(name)
            fields[name] = None if value is None or value == "" else str(value)
            if required and not fields[name]:
                raise Refusal(400, f"{name} is required")
            if len(fields[name] or "") > most:
                raise Refusal(400, f"{name} has at most {most} characters")
        fields["warehouses"] = [
            {name: given.get(name) for name in ("warehouse_name", "warehouse_code")}
            for given in listed(row.get("warehouses"), "warehouse")
        ]
        for role in _ROLES:
            group = row.get(role) or {}
            given = listed(group.get(f"{role}_addresses"), f"{role}_address") if isinstance(group, dict) else []
            fields[role] = {f"{role}_addresses": [_address(role, one) for one in given]}
        return fields


def _address(role: Role, given: dict[str, Any]) -> dict[str, Any]:
    names = [f"{role}_{name}" for name in ("code", *_ADDRESS)] + (["shipping_email"] if role == "shipping" else [])
    if len(str(given.get(f"{role}_code") or "")) > 50:
        raise Refusal(400, f"{role}_code has at most 50 characters")
    return {f"{role}_address_id": None, **{name: given.get(name) or None for name in names}}


def _addresses(fields: dict[str, Any]) -> list[tuple[Role, dict[str, Any]]]:
    return [(role, address) for role in _ROLES if role in fields for address in fields[role][f"{role}_addresses"]]
