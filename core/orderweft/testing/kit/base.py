"""What all checks share: the channel under test, what it is tried with, and a stage to try it on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...exchange import Delivery, Moved
from ...records import Accepted, AlreadyThere, Customer, Order, Product, Receipt, StockLevel
from . import samples
from .stage import Stage, channel_of


class Checks:
    """The channel under test and what it is tried with; only `plugin` has to be given."""

    plugin: Any
    """The plugin: the module its entry point names."""
    channel: str | None = None
    """The channel id, where it is not the name of the entry point."""
    settings: Mapping[str, Any] = {}
    """Settings besides those the simulator names, to try more of what the channel can do."""
    switches: Mapping[str, Any] = {}
    """Switches of the simulator."""
    lag: float | None = None
    """Seconds after which the channel shows what it was given; its own `settle_seconds` when left out."""

    @classmethod
    def stage(cls, seed: int = 0, **settings: Any) -> Stage:
        """Set up an account of its own for one check."""
        channel = cls.channel or channel_of(cls.plugin)
        return Stage(cls.plugin, channel, {**cls.settings, **settings}, cls.switches, cls.lag, seed)

    def sample_order(self, number: int) -> Order:
        """Make an order the channel takes; override it where the common sample brand's are no use."""
        return samples.order(number)

    def sample_level(self, number: int, quantity: int) -> StockLevel:
        """Make a stock level the channel takes."""
        return samples.level(number, quantity)

    def sample_product(self, number: int) -> Product:
        """Make a product the channel does not have yet and takes."""
        return samples.product(number)

    def sample_customer(self, number: int) -> Customer:
        """Make a customer the channel does not have yet and takes."""
        return samples.customer(number)

    def samples(self, kind: str, stage: Stage, count: int = 3) -> list[Moved]:
        """Make *count* records of *kind* to write; shipments are of orders delivered before."""
        if kind == "inventory":
            return [self.level(stage, number, 20 + number) for number in range(count)]
        if kind == "catalog":
            return [self.sample_product(number) for number in range(count)]
        if kind == "customers":
            return [self.sample_customer(number) for number in range(count)]
        receipts = self.stocked(stage, count)
        return [samples.shipment(n, self.sample_order(n), receipt) for n, receipt in enumerate(receipts)]

    def level(self, stage: Stage, number: int, quantity: int) -> StockLevel:
        """Make a level of an item as the channel itself calls it, item and warehouse, where it can be read."""
        sample = self.sample_level(number, quantity)
        read = stage.open().records("inventory") if stage.can("read_inventory") else []
        for one in read:
            if isinstance(one, StockLevel) and one.bucket == sample.bucket and _same_item(one, sample):
                return one.model_copy(update={"quantity": quantity})
        return sample

    def delivery(self, number: int, key: str | None = None) -> Delivery:
        """Make a delivery of sample order *number*."""
        return Delivery(self.sample_order(number), key or f"kit.{number}")

    def stocked(self, stage: Stage, count: int = 5) -> list[Receipt]:
        """Deliver orders, so that there is something to read, and return their receipts."""
        line = stage.open()
        receipts = [taken(line.deliver(self.delivery(number))[0], stage) for number in range(count)]
        stage.settle()
        return receipts


def _same_item(one: StockLevel, other: StockLevel) -> bool:
    return any(getattr(one.item, name) == getattr(other.item, name) is not None for name in ("gtin", "barcode", "sku"))


def taken(outcome: Any, stage: Stage) -> Receipt:
    """Return the receipt of an outcome that has to have one."""
    assert isinstance(outcome, Accepted | AlreadyThere), (
        f"{stage.channel} must take a record of the common sample brand, or the kit be given one it takes "
        f"(`sample_order` and its like); it answered: {outcome!r}"
    )
    return outcome.receipt
