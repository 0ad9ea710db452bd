"""What is not publicly known of Zedonk, as switches; `Simulator` says what each means."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Literal, TypedDict, cast, get_args, get_origin, get_type_hints


class Switches(TypedDict, total=False):
    """The switches; the first value named is the default where the seed does not choose, and lists are empty."""

    root: Literal["Response", "DataAPIResult", "NewDataSet"]
    namespace: Literal["none", "default", "prefixed"]
    errors: Literal["body", "status"]
    nulls: Literal["absent", "empty"]
    empty_data: Literal["absent", "empty"]
    column_names: Literal["encoded", "stripped"]
    apostrophes: Literal["refused", "doubled"]
    dates: Literal["iso", "instant", "uk"]
    decimals: Literal["point", "comma"]
    countries: Literal["code", "name"]
    encoding: Literal["utf-8-sig", "utf-8", "cp1252"]
    delimiter: Literal[",", ";"]
    newline: Literal["\n", "\r\n"]
    column_order: Literal["shuffled", "profile"]
    dropped_columns: tuple[str, ...]
    old_exports: Literal["removed", "kept"]
    results: Literal["written", "missing"]
    barcodes: Literal["ean_13", "upc_a"]
    leading_zeros: Literal["kept", "stripped"]
    seasons: Literal["names", "codes"]
    locations: Literal["one", "several"]
    customer_export: Literal["all", "eligible"]
    negative_ats: Literal["shown", "clamped"]
    projected: Literal["production", "printed"]
    unmatched_line: Literal["refused", "dropped"]
    duplicates: Literal["skipped", "created"]
    order_identity: Literal["external_id", "order_reference"]
    unit_price: Literal["line_total", "unit"]
    new_addresses: Literal["folded", "exact"]


SEEDED: Mapping[str, tuple[str, ...]] = {
    "root": ("Response", "DataAPIResult", "NewDataSet"),
    "namespace": ("none", "default", "prefixed"),
    "errors": ("body", "status"),
    "nulls": ("absent", "empty"),
    "empty_data": ("absent", "empty"),
    "encoding": ("utf-8-sig", "utf-8"),
    "newline": ("\n", "\r\n"),
}
"""What the seed chooses between: nothing about it is known, and no reader should need a setting for it."""


def resolve(given: Switches, seed: int) -> Switches:
    """Return *given* completed by the seed and the defaults; raises on a name or value that does not exist."""
    kinds = get_type_hints(Switches)
    for name, value in given.items():
        if name not in kinds:
            raise TypeError(f"the Zedonk simulator has no switch {name!r}; it has {', '.join(sorted(kinds))}")
        if get_origin(kinds[name]) is Literal and value not in get_args(kinds[name]):
            raise ValueError(f"{name} is one of {get_args(kinds[name])}, not {value!r}")
    defaults: dict[str, Any] = {
        name: get_args(kind)[0] if get_origin(kind) is Literal else () for name, kind in kinds.items()
    }
    chooser = random.Random(seed)
    seeded = {name: chooser.choice(options) for name, options in SEEDED.items()}
    return cast(Switches, {**defaults, **seeded, **given})
