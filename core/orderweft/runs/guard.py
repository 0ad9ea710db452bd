"""Step *guard*: stop a run that would empty the shelves, before anything leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..ledger import Change
from .record_job import RecordJob

_EXAMPLES = 5

Place = tuple[str, tuple[str, ...]]
"""Which price of a product: list, currency and name, and the color and size it is for."""


def objections(job: RecordJob) -> list[str]:
    """Return why a person has to look before anything of this run is written; empty when nobody has to."""
    kind = job.config.settings.moves
    found = [_empty(job)]
    if kind == "inventory":
        found.append(_all_zero(job) or _zeroed(job) or _fewer(job))
        if job.overwrites:
            found += [_missing(job), _unnamed(job)]
    if kind == "catalog":
        found.append(_free(job))
    return [text for text in found if text]


def refusal(job: RecordJob) -> str | None:
    """Return why nobody may let this run through: an overwrite of which a part is missing."""
    return _not_whole(job) if job.overwrites else None


def _empty(job: RecordJob) -> str | None:
    known = job.book.count_confirmed()
    if job.book.count_incoming() or not (known or job.overwrites) or job.config.settings.moves == "shipments":
        return None
    before = f", where {known} were known before" if known else ""
    read = job.report.counts["read"]
    why = f"its {read} records are held or left out" if read else "an empty feed is more likely than an empty house"
    return f"{job.source.title} gave nothing that can be sent{before}: {why}"


def _all_zero(job: RecordJob) -> str | None:
    """Object to a first run that would send nothing but zeros: nobody knows yet what they would replace."""
    many = job.book.count_incoming()
    if job.book.count_confirmed() or many <= job.config.settings.guard.few or job.book.has_stock():
        return None
    return f"all {many} stock levels {job.source.title} gives are zero, and nothing was sent before"


def _zeroed(job: RecordJob) -> str | None:
    guard, stocked = job.config.settings.guard, job.book.count_confirmed(stocked=True)
    falling = [change.label for change in job.book.zeroed()]
    gone = [label for _, label in job.book.cleared()] if job.overwrites else []
    many = len(falling) + len(gone)
    if many <= guard.few or many * 100 <= stocked * guard.zeroed_percent:
        return None
    return (
        f"{many} of {stocked} stock levels would fall to zero ({_percent(many, stocked)} %, "
        f"zeroed_percent allows {guard.zeroed_percent}): {_some([*falling, *gone])}"
    )


def _fewer(job: RecordJob) -> str | None:
    guard, (before, now, falling) = job.config.settings.guard, job.book.pieces()
    if falling <= guard.few or (before - now) * 100 <= before * guard.fewer_percent:
        return None
    return (
        f"{before} pieces would become {now} ({_percent(before - now, before)} % fewer, "
        f"fewer_percent allows {guard.fewer_percent}), {falling} stock levels fall"
    )


def _missing(job: RecordJob) -> str | None:
    guard, known = job.config.settings.guard, job.book.count_confirmed()
    gone = [label for _, label in job.book.missing()]
    if len(gone) <= guard.few or len(gone) * 100 <= known * guard.missing_percent:
        return None
    return (
        f"{len(gone)} of {known} stock levels sent before are no longer at {job.source.title} "
        f"({_percent(len(gone), known)} %, missing_percent allows {guard.missing_percent}): {_some(gone)}"
    )


def _unnamed(job: RecordJob) -> str | None:
    """Object to a first overwrite that would clear much of what the destination has."""
    guard, gone, there = job.config.settings.guard, [*job.unnamed.values()], job.stocked
    if job.book.count_confirmed() or len(gone) <= guard.few or len(gone) * 100 <= there * guard.missing_percent:
        return None
    return (
        f"{len(gone)} of {there} stock levels at {job.destination.title} are not at {job.source.title}, and an "
        f"overwrite clears them ({_percent(len(gone), there)} %, missing_percent allows {guard.missing_percent}): "
        f"{_some(gone)}"
    )


def _not_whole(job: RecordJob) -> str | None:
    if not job.complete:
        return f"{job.source.title} did not give everything, and an overwrite clears what it leaves out"
    held = job.report.counts["held"]
    if held:
        levels, them = ("1 stock level is", "it") if held == 1 else (f"{held} stock levels are", "them")
        return f"{levels} held, and an overwrite would clear {them}"
    return None


def _free(job: RecordJob) -> str | None:
    if job.config.settings.guard.zero_prices:
        return None
    falling = [change.label for change in job.book.changed() if _falls_to_nothing(change)]
    if not falling:
        return None
    products = "1 product" if len(falling) == 1 else f"{len(falling)} products"
    return f"prices of {products} would fall to 0.00: {_some(falling)}"


def _falls_to_nothing(change: Change) -> bool:
    """Return whether a price falls to 0.00 that was more before, given where it is now, above or below."""
    after = {place: amount for place, amount in _prices(change.after) if amount == 0}
    if not after or (data := change.before) is None:
        return False
    before = dict(_prices(data))
    return any(_was_more(before, place) for place in after)


def _was_more(before: Mapping[Place, Decimal], place: Place) -> bool:
    name, parts = place
    above = next((before[name, parts[:end]] for end in range(len(parts), -1, -1) if (name, parts[:end]) in before), 0)
    below = (amount for (other, inside), amount in before.items() if other == name and inside[: len(parts)] == parts)
    return above > 0 or (place not in before and any(amount > 0 for amount in below))


def _prices(data: Any, parts: tuple[str, ...] = ()) -> Iterator[tuple[Place, Decimal]]:
    """Yield every price below *data* with its list, currency and name, and the color and size it is for."""
    for price in data.get("prices", ()):
        for name in ("wholesale", "retail"):
            if name in price:
                yield (f"{price.get('label', '')}/{price['currency']}/{name}", parts), Decimal(price[name])
    for inside in ("colors", "skus"):
        for part in data.get(inside, ()):
            here = next(
                (part[name] for name in ("color_code", "color", "size", "size_code", "sku") if name in part), ""
            )
            yield from _prices(part, (*parts, here))


def _percent(part: int, whole: int) -> int:
    """Return the share in percent, rounded up, so that it is never told as what is still allowed."""
    return -(-part * 100 // whole)


def _some(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _EXAMPLES} more" if len(labels) > _EXAMPLES else ""
    return ", ".join(labels[:_EXAMPLES]) + more
