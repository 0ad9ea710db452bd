"""What has to be changed about an order in Shopify so that it is as it is at its source now; no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orderweft import Refused

from .orders import Draft

_EDITED = {"customAttributes", "lineItems", "metafields", "note", "poNumber", "processedAt", "sourceIdentifier"}
"""What can be changed, or never differs; `customAttributes` carry days and terms."""
_UPDATED = ("note", "poNumber", "customAttributes")
_NAMES = {
    "billingAddress": "the billing address",
    "discountCode": "the discount",
    "shippingAddress": "the delivery address",
    "shippingLines": "the shipping cost",
    "taxLines": "the taxes",
    "transactions": "what was paid",
}
_LEFT_ALONE = {"quantity", "taxLines", "properties", "title", "variantTitle"}
"""What of a line may differ without being changed in Shopify: taxes follow, properties stay as they were."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What to change; empty when the order is as it is to be."""

    fields: dict[str, Any] = field(default_factory=dict)
    """Fields of `OrderInput`."""
    quantities: dict[str, int] = field(default_factory=dict)
    """The new quantity by the gid of a variant that is on the order."""
    added: dict[str, int] = field(default_factory=dict)
    """The quantity by the gid of a variant that is not."""
    prices: dict[str, Decimal] = field(default_factory=dict)
    """What each added variant is to cost."""
    more: dict[str, int] = field(default_factory=dict)
    """How many pieces more than before it takes, by the gid of a variant."""

    def __bool__(self) -> bool:
        """Return whether there is anything to change."""
        return bool(self.fields or self.quantities or self.added)


def to_edit(node: Mapping[str, Any], wanted: Draft, known: Sequence[Draft]) -> Edit | Refused:
    """Return what to change about the order *node*, or why a person has to; *known* are the forms it may have.

    Quantities and texts that are neither as in any of them nor as wanted were changed in Shopify, and stay.
    """
    before, after = known[0].order, wanted.order
    fixed = [name for name in sorted(before.keys() | after.keys()) if name not in _EDITED
             and before.get(name) != after.get(name)]  # fmt: skip
    if fixed:
        return _by_hand(f"{', '.join(_NAMES.get(name, name) for name in fixed)} cannot be changed on an order")
    forms = [_lines(draft) for draft in (wanted, *known)]
    if any(form is None for form in forms):
        return _by_hand("a variant stands on more than one of its lines")
    lines = [form for form in forms if form is not None]
    if (told := _prices(lines[1], lines[0])) is not None:
        return _by_hand(told)
    there = Counter[str]()
    for one in node["lineItems"]["nodes"]:
        there[(one["variant"] or {}).get("id") or one["id"]] += one["currentQuantity"]
    for variant, quantity in there.items():
        if quantity not in {form[variant]["quantity"] if variant in form else 0 for form in lines}:
            return _by_hand("its quantities were changed in Shopify meanwhile")
    fields = {}
    for name in _UPDATED:
        has = node[name] or None
        if before.get(name) == after.get(name) or has == after.get(name):
            continue
        if has not in [draft.order.get(name) for draft in known]:
            return _by_hand(f"its {name} was changed in Shopify meanwhile")
        fields[name] = after.get(name, [] if name == "customAttributes" else "")
    aim = {variant: line["quantity"] for variant, line in lines[0].items()}
    changed = {variant: aim.get(variant, 0) for variant in there.keys() | aim.keys()
               if there[variant] != aim.get(variant, 0)}  # fmt: skip
    added = {variant: quantity for variant, quantity in changed.items() if not there[variant]}
    prices = {variant: Decimal(lines[0][variant]["priceSet"]["shopMoney"]["amount"]) for variant in added}
    more = {variant: quantity - there[variant] for variant, quantity in changed.items() if quantity > there[variant]}
    return Edit(fields, {one: many for one, many in changed.items() if one not in added}, added, prices, more)


def _lines(draft: Draft) -> dict[str, dict[str, Any]] | None:
    """Return the lines of a draft by variant, None when two have the same."""
    lines = {line["variantId"]: line for line in draft.order["lineItems"]}
    return lines if len(lines) == len(draft.order["lineItems"]) else None


def _prices(before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]) -> str | None:
    for variant in before.keys() & after.keys():
        for name in (before[variant].keys() | after[variant].keys()) - _LEFT_ALONE:
            if before[variant].get(name) != after[variant].get(name):
                return "the price of a line cannot be changed on an order"
    return None


def _by_hand(what: str) -> Refused:
    return Refused(
        reason="needs_person", message=what, fix="change the order in Shopify by hand; the next try compares both"
    )
