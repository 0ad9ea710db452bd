"""Stock as the settings want it told: in all or per place, by one code, nothing below the minimum; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from orderweft import RecordPage, StockLevel

from ..config import Settings

_SHOWN = 5


def as_told(pages: Iterable[RecordPage], settings: Settings) -> Iterator[RecordPage]:
    """Yield the stock on *pages* as `stock_scope`, `stock_code` and `minimum_stock` say.

    What has no such code is left out, and named in a warning of the last page.
    """
    if settings.stock_scope == "total":
        pages = [_totaled(list(pages))]
    lacking: list[str] = []
    held: RecordPage | None = None
    for page in pages:
        if held is not None:
            yield held
        coded = [_coded(level, settings, lacking) for level in page.records if isinstance(level, StockLevel)]
        held = replace(page, records=tuple(_told(level, settings) for level in coded if level is not None))
    if held is not None:
        yield replace(held, warnings=(*held.warnings, *_warnings(lacking, settings)))


def _totaled(pages: list[RecordPage]) -> RecordPage:
    """Return one page with the sum of every item's places; a sum that lacks a row that cannot be read is none."""
    unread = tuple(row for page in pages for row in page.unread)
    untold = {row.label for row in unread}
    sums: dict[tuple[str, str, str], StockLevel] = {}
    for level in (level for page in pages for level in page.records if isinstance(level, StockLevel)):
        if untold & {level.item.sku, level.item.barcode, level.item.id}:
            continue
        key = level.item.key, level.bucket, str(level.available_on)
        before = sums.get(key)
        quantity = level.quantity
        if before is not None and before.quantity is not None and quantity is not None:
            quantity += before.quantity
        origin = level.origin.model_copy(update={"id": level.item.key})
        sums[key] = level.model_copy(update={"quantity": quantity, "warehouse": None, "origin": origin})
    warnings = tuple(dict.fromkeys(warning for page in pages for warning in page.warnings))
    complete = bool(pages) and pages[-1].complete
    return RecordPage(tuple(sums.values()), unread, complete=complete, warnings=warnings)


def _coded(level: StockLevel, settings: Settings, lacking: list[str]) -> StockLevel | None:
    code = settings.stock_code
    if code is None:
        return level
    item = level.item
    if getattr(item, code) is None:
        lacking.append(item.label)
        return None
    others = {"sku": None} if code == "barcode" else {"barcode": None, "gtin": None}
    return level.model_copy(update={"item": item.model_copy(update=others)})


def _told(level: StockLevel, settings: Settings) -> StockLevel:
    least = settings.minimum_stock
    if least is None or level.quantity is None or level.quantity >= least:
        return level
    return level.model_copy(update={"quantity": 0})


def _warnings(lacking: list[str], settings: Settings) -> tuple[str, ...]:
    if not lacking:
        return ()
    names = list(dict.fromkeys(lacking))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (f"no {settings.stock_code}, and so left out (stock_code): {', '.join(names[:_SHOWN])}{more}",)
