"""What JOOR's documentation leaves open, as switches; `Simulator` says what each means."""

from __future__ import annotations

from typing import Literal, TypedDict, cast, get_args, get_origin, get_type_hints


class Switches(TypedDict, total=False):
    """The switches; the first value named is the default, flags are off, lists empty and figures zero."""

    root_node: Literal["none", "whole", "list"]
    list_name: Literal["orders", "order"]
    single_as_object: bool
    code: Literal["number", "text"]
    empty_list: Literal["text", "list"]
    missing: Literal["text", "null"]
    numbers: Literal["number", "text"]
    dates: Literal["offset", "seconds", "fraction", "days"]
    ship_dates: Literal["days", "instants"]
    case_packs: Literal["units", "packs"]
    last_page: Literal["absent", "zero", "empty", "repeat", "beyond"]
    response_count: Literal["total", "page"]
    paging: Literal["live", "snapshot"]
    sort: Literal["id", "modified", "newest"]
    max_count: int
    ignore_order_type: bool
    carts: Literal["included", "left_out"]
    order_id_filter: bool
    sync_0: Literal["allowed", "refused"]
    single_read: Literal["by_sync", "never", "always"]
    required_fields: tuple[str, ...]
    v2_errors: Literal["code", "status"]
    auth: Literal["strict", "lenient"]
    throttle: Literal["on", "off"]
    retry_after: bool
    v4_export: Literal["shared", "separate"]
    v4_undefined: Literal["resets", "keeps"]
    export_modifies: bool
    error_details: Literal["id", "order_id", "none"]
    inner_nodes: Literal["dropped", "kept"]
    missing_record: Literal["refused", "empty"]
    style_key: Literal["external_id", "product_identifier"]
    jobs: Literal["polls", "clock", "stuck"]
    match_hours: int
    customer_codes: Literal["exact", "loose"]
    inventory_json: Literal["object", "wrapped", "refused"]
    identifier_spelling: Literal["both", "identifer", "identifier"]
    immediate: Literal["accepted", "fails", "refused", "required"]
    inventory_dates: Literal["both", "iso", "us"]
    unknown_warehouse: Literal["ignored", "default", "fails"]
    negative_stock: Literal["fails", "clamped"]
    overwrite_scope: Literal["account", "warehouses"]
    absent_style: Literal["made_to_order", "cleared"]
    made_to_order_stays: bool
    inventory_log: Literal["list", "object", "absent"]
    log_sku: Literal["key", "joined"]
    max_rows: int
    v4_pages: Literal["all", "pages"]
    grid: Literal["refused", "filled"]
    color_code: Literal["required", "optional"]
    price_values: Literal["text", "number"]
    duplicate_products: Literal["external_id", "product_identifier", "accepted"]
    row_errors: Literal["named", "unnamed"]
    asset_ids: Literal["unique", "ever", "free"]
    ship_orders: Literal["accepted", "refused"]
    hide_tracking: bool
    tracking_length: int
    collection_items: Literal["replaced", "added"]


def resolve(given: Switches) -> Switches:
    """Return *given* completed by the defaults; raises on a name or value that does not exist."""
    kinds = get_type_hints(Switches)
    for name, value in given.items():
        if name not in kinds:
            raise TypeError(f"the JOOR simulator has no switch {name!r}; it has {', '.join(sorted(kinds))}")
        if get_origin(kinds[name]) is Literal and value not in get_args(kinds[name]):
            raise ValueError(f"{name} is one of {get_args(kinds[name])}, not {value!r}")
    defaults = {
        name: get_args(kind)[0] if get_origin(kind) is Literal else (get_origin(kind) or kind)()
        for name, kind in kinds.items()
    }
    return cast(Switches, {**defaults, **given})
