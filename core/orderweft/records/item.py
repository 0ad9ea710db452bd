"""What stock is counted of: one style in one color and one size."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Blankable, Gtin14, OptionalText, Record


class Item(Record):
    """One style in one color and one size, by every name it goes by."""

    id: OptionalText = None
    """The source's own id of it."""
    style_number: OptionalText = None
    style_identifier: OptionalText = None
    """The brand's unique key of the style, which may carry more than the number."""
    style_name: OptionalText = None
    color: OptionalText = None
    color_code: OptionalText = None
    size: OptionalText = None
    size_code: OptionalText = None
    sku: OptionalText = None
    barcode: OptionalText = None
    """As sent, leading zeros and all."""
    gtin: Annotated[Gtin14 | None, Blankable] = None
    """The barcode as GTIN-14, when its check digit is right."""
    custom_fields: dict[str, str] = Field(default_factory=dict)

    @property
    def key(self) -> str:
        """Return what tells it from every other item: barcode, else SKU, else style, color and size, else the id."""
        return self.key_by(None)

    def key_by(self, code: str | None) -> str:
        """Return what tells it from every other item where items are called by *code*, such as `sku`."""
        if code == "sku" and self.sku:
            return f"sku:{self.sku}"
        if self.gtin or self.barcode:
            return f"barcode:{self.gtin or self.barcode}"
        if self.sku:
            return f"sku:{self.sku}"
        style = self.style_identifier or self.style_number
        if style is None:
            return f"id:{self.id or ''}"
        return f"style:{style}/{self.color_code or self.color or ''}/{self.size or self.size_code or ''}"

    @property
    def label(self) -> str:
        """Return what people call it: style, color, size and barcode."""
        words = (self.style_number or self.style_identifier or self.sku, self.color or self.color_code, self.size)
        name = " ".join(word for word in words if word)
        if self.barcode:
            return f"{name} ({self.barcode})" if name else self.barcode
        return name or self.key
