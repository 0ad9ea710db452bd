"""How NetSuite's records come about and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import netsuite_records as form
from .netsuite_records import Reader
from .netsuite_switches import Switches
from .store import Customer, Item, Order, Store
from .wire import Refusal, Row, amount


class Writer:
    """Create and update records; without an external id a record is always a new one."""

    def __init__(self, store: Store, places: Mapping[int, str], switches: Switches) -> None:
        self._store = store
        self._places = places
        self._switches = switches

    def find(self, record: str, external_id: str) -> Order | Customer | Item | None:
        """Return the record of that external id."""
        if not external_id:
            return None
        records: Mapping[str, Sequence[Order] | Sequence[Customer] | Sequence[Item]] = {
            "salesOrder": [order for order in self._store.orders.values() if order.external_id != str(order.id)],
            "customer": list(self._store.customers.values()),
            "inventoryItem": list(self._store.items.values()),
        }
        return next((one for one in records.get(record, ()) if one.external_id == external_id), None)

    def write(self, record: str, reader: Reader, body: Row, external_id: str) -> int:
        """Write a record and return its id."""
        known = self.find(record, external_id)
        if record == "salesOrder":
            return self._order(known if isinstance(known, Order) else None, reader, body, external_id)
        if record == "customer":
            return self._customer(known if isinstance(known, Customer) else None, body, external_id)
        if record == "inventoryItem":
            return self._item(known if isinstance(known, Item) else None, body, external_id)
        for sku, place, difference in form.adjustments(body, self._store, self._places):
            self._store.set_stock(sku, self._store.on_hand(sku, place) + difference, place)
        return self._store.number()

    def _order(self, known: Order | None, reader: Reader, body: Row, external_id: str) -> int:
        if self._switches["legacy_tax"]:
            raise Refusal(400, "The REST web services support SuiteTax only", "USER_ERROR")
        fields = {**known.fields, **body} if known else body
        form.check_order(fields, self._store, self._switches["required_fields"])
        given = reader.lines(body, self._store)
        if known:
            self._change_lines(known, given)
            known.fields, known.modified_at = fields, self._store.now()
            return known.id
        if not given:
            raise Refusal(400, "Please enter value(s) for: item", "USER_ERROR", path="item")
        lines = [line for _, line in given]
        return self._store.add_order(external_id, "REST", "Pending Fulfillment", lines, fields).id

    def _change_lines(self, order: Order, given: Sequence[form.KeyedLine]) -> None:
        kept = {str(line.id): line for line in order.lines}
        for key, line in given:
            if str(key) in kept:
                line.id, line.shipped = kept[str(key)].id, kept[str(key)].shipped
        lines = [line for _, line in given]
        if self._switches["reput"] == "appends":
            lines = [*order.lines, *lines]
        if given:
            order.lines = list({line.id: line for line in lines}.values())

    def _customer(self, known: Customer | None, body: Row, external_id: str) -> int:
        name = str(body.get("companyName") or (known.name if known else ""))
        if not name:
            raise Refusal(400, "Please enter value(s) for: companyName", "USER_ERROR", path="companyName")
        code = str(body.get("entityId") or (known.code if known else name))
        if any(one.code == code and one is not known for one in self._store.customers.values()):
            raise Refusal(400, f"A customer {code} already exists", "USER_ERROR", path="entityId")
        customer = known or self._store.add_customer(code, name, external_id=external_id)
        customer.code, customer.name = code, name
        customer.email, customer.modified_at = str(body.get("email") or customer.email), self._store.now()
        customer.fields |= body
        return customer.id

    def _rename(self, item: Item, sku: str) -> None:
        """Give an item another name; lines refer to it by its id."""
        for order in self._store.orders.values():
            for line in order.lines:
                line.sku = sku if line.sku == item.sku else line.sku
        self._store.rename(item, sku)

    def _item(self, known: Item | None, body: Row, external_id: str) -> int:
        sku = str(body.get("itemId") or (known.sku if known else ""))
        if not sku:
            raise Refusal(400, "Please enter value(s) for: itemId", "USER_ERROR", path="itemId")
        if sku in self._store.items and self._store.items[sku] is not known:
            raise Refusal(400, f"An item {sku} already exists", "USER_ERROR", path="itemId")
        price = None if body.get("basePrice") is None else amount(body["basePrice"], "basePrice")
        item = known or self._store.add_item(sku, sku, external_id=external_id)
        if item.sku != sku:
            self._rename(item, sku)
        item.name, item.barcode = str(body.get("displayName") or item.name), str(body.get("upcCode") or item.barcode)
        item.price = item.price if price is None else price
        item.active, item.modified_at = not body.get("isInactive", not item.active), self._store.now()
        item.fields |= body
        return item.id
