"""Stock levels from Shopify's payloads; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orderweft import Named, StockLevel, Unread, first_mistake
from pydantic import ValidationError

from ..config import Settings
from .base import Source, number_of
from .styles import Style, StyleSku


def to_levels(
    style: Style, source: Source, settings: Settings, places: Collection[str] | None
) -> Iterator[StockLevel | Unread | None]:
    """Yield the levels of all variants of *style*; None for a variant whose stock Shopify does not track.

    *places* are the gids of the wanted locations; None means all.
    """
    for sku in style.skus:
        if sku.node["inventoryItem"]["tracked"]:
            yield from _counted(style, sku, source, settings.quantity_name, places)
        elif settings.untracked == "skip":
            yield None
        else:
            yield _level(style, sku, source, sku.node["inventoryItem"]["id"], bucket="made_to_order")


def _counted(
    style: Style, sku: StyleSku, source: Source, name: str, places: Collection[str] | None
) -> Iterator[StockLevel | Unread]:
    for level in sku.node["inventoryItem"]["levels"]:
        location = level["location"]
        if not location["isActive"] or (places is not None and location["id"] not in places):
            continue
        counts = {entry["name"]: entry["quantity"] for entry in level["quantities"]}
        if name not in counts:
            label = f"{style.label(sku)} in {location['name']}"
            yield Unread(level["id"], label, f"quantities: Shopify does not tell the {name} quantity")
            continue
        warehouse = Named(name=location["name"], code=number_of(location["id"]))
        values = {"warehouse": warehouse, "quantity": counts[name], "updated_at": level["updatedAt"]}
        yield _level(style, sku, source, level["id"], **values)


def _level(style: Style, sku: StyleSku, source: Source, id_: str, **values: object) -> StockLevel | Unread:
    try:
        return StockLevel.model_validate({"origin": source.origin(id_), "item": style.item(sku), **values})
    except ValidationError as error:
        return Unread(id_, style.label(sku), first_mistake(error))
