"""What holds between the hooks that write and those that read: what is read back is what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...exchange import Kind
from ...fit import Node
from ...records import Customer, Order, Price, Product, Record, StockLevel
from .base import Checks, taken
from .stage import Stage, needs

_OF_ORDERS = ("purchase_order", "season", "window", "addresses", "note")
_OF_CUSTOMERS = ("name", "currency", "addresses", "contacts")


class ReadingBack(Checks):
    """What is written and read back: the same, but for what `provides` or `accepts` says is never there."""

    @needs("deliver_orders", "fetch_orders")
    def test_delivered_orders_read_back(self) -> None:
        """What is fetched of an order is what was delivered: customer, currency, items, quantities, prices, purchase
        order number, season, ship window, note and each address in its role.
        """
        stage = self.stage()
        receipt = self.stocked(stage, 1)[0]
        sent = self.sample_order(0)
        items = [item for page in stage.open().orders() for item in page.items]
        found = [
            item.order for item in items if item.order and (item.id == receipt.id or item.number == receipt.number)
        ]
        assert found, f"an order that was delivered must be among those fetched; {receipt.id} is not"
        read = found[-1]
        assert read.currency == sent.currency, f"currency {sent.currency} was delivered, {read.currency} read back"
        code = read.customer.account_code
        assert code in (None, sent.customer.account_code), f"the customer must stay the same; {code} was read back"
        wanted, got = _lines(sent, read), _lines(read, read)
        assert got == wanted, f"lines must be read back as they were delivered: {dict(wanted)}, not {dict(got)}"
        _same(stage, "orders", _only(sent, _OF_ORDERS), read.model_dump())

    @needs("write_inventory", "read_inventory")
    def test_stock_reads_back(self) -> None:
        """What is read of an item's stock is what was written, also when it goes up, down and up again."""
        stage = self.stage()
        for quantity in (10, 5, 10):
            level = self.level(stage, 0, quantity)
            taken(stage.open().write("inventory", [level])[0], stage)
            stage.settle()
            read = [one for one in stage.open().records("inventory") if isinstance(one, StockLevel)]
            same = [one.quantity for one in read if one.item.key == level.item.key and one.bucket == level.bucket]
            assert quantity in same or sum(filter(None, same)) == quantity, (
                f"write_inventory must set the quantity that read_inventory then gives: {quantity}, not {same}"
            )

    @needs("write_catalog", "read_catalog")
    def test_products_read_back(self) -> None:
        """What is read of a product is what was written: name, barcodes and, of each size, the prices."""
        stage = self.stage()
        for number in range(2):
            product = self.sample_product(number)
            taken(stage.open().write("catalog", [product])[0], stage)
            stage.settle()
            read = [one for one in stage.open().records("catalog") if isinstance(one, Product)]
            codes = {item.barcode for item in product.items()}
            same = [one for one in read if codes & {item.barcode for item in one.items()}]
            assert same, f"write_catalog must write what read_catalog then gives; {product.label} is not there"
            got = {item.barcode for item in same[0].items()}
            assert codes <= got, f"every size must be read back; {len(codes - got)} of {len(codes)} are not there"
            _same(stage, "catalog", {"name": product.name}, same[0].model_dump())
            there = _prices(same[0])
            for code, prices in _prices(product).items():
                _same(stage, "catalog", {"prices": prices}, {"prices": there[code]})

    @needs("write_customers", "read_customers")
    def test_customers_read_back(self) -> None:
        """What is read of a customer, a new one or one that is there, is what was written: code, name, currency,
        people, each address in its role.
        """
        stage = self.stage()
        codes = [one.account_code for one in _customers(stage) if one.account_code]
        for code in (self.sample_customer(0).account_code, *codes[:1]):
            customer = self.sample_customer(0).model_copy(update={"account_code": code})
            receipt = taken(stage.open().write("customers", [customer])[0], stage)
            stage.settle()
            same = [one for one in _customers(stage) if one.account_code == code]
            assert same or receipt.pending, (
                "write_customers must write what read_customers then gives, or say in the receipt that it is pending"
            )
            for one in same:
                _same(stage, "customers", _only(customer, _OF_CUSTOMERS), one.model_dump())

    @needs("write_shipments", "read_shipments", "deliver_orders")
    def test_shipments_read_back(self) -> None:
        """What is read of a shipment is what was written: its order, tracking numbers and pieces."""
        stage = self.stage()
        (sent,) = self.samples("shipments", stage, 1)
        taken(stage.open().write("shipments", [sent])[0], stage)
        stage.settle()
        read: list[Any] = stage.open().records("shipments")
        wanted = _shipped(sent)
        assert wanted in [_shipped(one) for one in read], (
            f"write_shipments must write what read_shipments then gives; {wanted} is not among {len(read)}"
        )


def _customers(stage: Stage) -> list[Customer]:
    return [one for one in stage.open().records("customers") if isinstance(one, Customer)]


def _same(stage: Stage, kind: Kind, sent: Mapping[str, Any], read: Mapping[str, Any]) -> None:
    """See that the fields *sent* were read back, as far as the schemas of both ends leave them to be there."""
    own, line = stage.plugins.abilities(stage.channel), stage.open()
    schemas = [Node.of(line.call(hook, kind=kind)) for hook in ("provides", "accepts") if hook in own]
    changed = _changed(sent, read, schemas, "")
    assert not changed, (
        f"what is written of {kind} must be read back the same, unless provides sets a field to false; "
        f"after writing, {changed[0]}"
    )


def _changed(sent: Any, read: Any, schemas: Sequence[Node], path: str) -> list[str]:
    """Return where *read* is not what was *sent*; an entry of a list may stand anywhere in it, beside others."""
    if isinstance(sent, Mapping):
        fields = read if isinstance(read, Mapping) else {}
        return [
            change
            for name, value in sent.items()
            if value is not None and all(node.presence(name) != "never" for node in schemas)
            for change in _changed(value, fields.get(name), [node.field(name) for node in schemas], f"{path} {name}")
        ]
    if isinstance(sent, (list, tuple)):
        entries = sent if all(0 not in node.values("maxItems") for node in schemas) else ()
        items = [node.items() for node in schemas]
        nearest = ([_changed(entry, other, items, path) for other in read or (None,)] for entry in entries)
        return [change for changes in nearest for change in min(changes, key=len)]
    same = sent == read or (path == " note" and str(sent) in str(read))  # a note may say more than was written
    return [] if same else [f"{path.strip()} {sent} is read as {read}"]


def _only(record: Record, names: Sequence[str]) -> dict[str, Any]:
    return record.model_dump(include=set(names))


def _prices(product: Product) -> dict[str | None, list[dict[str, Any]]]:
    """Return the prices that hold for each barcode."""

    def plain(prices: Sequence[Price]) -> list[dict[str, Any]]:
        return [price.model_dump() for price in prices]

    return {sku.barcode: plain(product.prices_of(color, sku)) for color in product.colors for sku in color.skus}


def _lines(order: Order, told: Order) -> Counter[tuple[Any, ...]]:
    """Return the lines as *told* tells them: by barcode or SKU, and with a price where it has them."""
    first = told.lines[0] if told.lines else None
    field = "barcode" if first and first.barcode else "sku"
    priced = bool(first and first.unit_price is not None)
    return Counter((getattr(line, field), line.quantity, line.unit_price if priced else None) for line in order.lines)


def _shipped(shipment: Any) -> tuple[Any, ...]:
    pieces = sorted((line.item.barcode or line.item.sku or "", line.quantity) for line in shipment.lines)
    return shipment.order_id, shipment.tracking_numbers, tuple(pieces)
