"""Stock: how many pieces of an item a warehouse can give, and when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Instant, OptionalText, Origin, Record
from .item import Item
from .order import Named

Bucket = Literal["immediate", "future", "made_to_order"]


class StockLevel(Record):
    """The pieces of one item in one warehouse and one bucket that can be sold."""

    origin: Origin
    item: Item
    warehouse: Named | None = None
    """Where it lies; absent when the source does not tell, and the destination's default then."""
    bucket: Bucket = "immediate"
    """`immediate` (there now), `future` (from `available_on` on) or `made_to_order` (as many as are wanted)."""
    available_on: date | None = None
    """The day future pieces can be shipped from; on future levels only."""
    quantity: Annotated[int, Field(ge=-(2**53), le=2**53, strict=False)] | None = None
    """Pieces available to sell, below zero when oversold; absent on made-to-order levels."""
    season: OptionalText = None
    updated_at: Instant | None = None
    custom_fields: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.available_on is None) == (self.bucket == "future"):
            raise ValueError("available_on: a future level needs the day it is available on, and no other has one")
        if (self.quantity is None) != (self.bucket == "made_to_order"):
            raise ValueError("quantity: every level needs one, except what is made to order, which has none")
        return self

    @property
    def identity(self) -> str:
        """Return what tells it from every other level: item, warehouse, bucket and day."""
        return self.identity_by(None)

    def identity_by(self, code: str | None) -> str:
        """Return what tells it from every other level where items are called by *code*, such as `sku`."""
        warehouse = (self.warehouse and (self.warehouse.name or self.warehouse.code)) or ""
        day = f"@{self.available_on}" if self.available_on else ""
        return f"{self.item.key_by(code)}|{warehouse}|{self.bucket}{day}"

    @property
    def label(self) -> str:
        """Return what people call it."""
        warehouse = self.warehouse and (self.warehouse.name or self.warehouse.code)
        where = f" in {warehouse}" if warehouse else ""
        when = f" from {self.available_on}" if self.available_on else ""
        return f"{self.item.label}{where}{when}"
