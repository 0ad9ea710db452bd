"""What records read from the store always have, and what records need to be written there."""

from __future__ import annotations

from typing import Any

from orderweft import Kind

from ..config import Settings

Schema = dict[str, Any]

_AMOUNT = {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,23})(\.[0-9]{1,6})?$"}


def provided(kind: Kind, settings: Settings) -> Schema | None:
    """Return what every record of *kind* read from the store has; None when none can be read."""
    match kind:
        case "orders":
            return _ORDERS
        case "inventory":
            return _levels_read(settings)
        case "catalog":
            return _products_read(settings)
        case "customers":
            return _customers_read(settings)
        case "shipments":
            return _shipments_read(settings)


def accepted(kind: Kind, settings: Settings) -> Schema | None:
    """Return what a record of *kind* needs before the store takes it; None when it takes none."""
    match kind:
        case "orders":
            return _orders_written(settings)
        case "inventory":
            return _levels_written(settings)
        case "catalog":
            return _products_written(settings)
        case "customers":
            return _CUSTOMERS
        case "shipments":
            return None


_LINE = {
    "required": ["key", "style_name", "quantity", "unit_price", "list_price"],
    "properties": dict.fromkeys(("style_identifier", "color_code", "size_code", "pack_size", "retail_price"), False),
}
_NEVER = ("retail_currency", "price_label", "kind", "approved_at", "event", "discount_percent", "internal_note")
_ORDERS: Schema = {
    "type": "object",
    "required": ["origin", "number", "status", "currency", "created_at", "modified_at", "customer", "lines", "total"],
    "properties": {
        **dict.fromkeys(_NEVER, False),
        "season": {"properties": {"code": False}},
        "addresses": {"items": {"properties": {"code": False, "email": False}}},
        "lines": {"type": "array", "items": _LINE},
    },
}


def _orders_written(settings: Settings) -> Schema:
    code = settings.item_identifier
    line = {
        "required": [code, "quantity", "unit_price"],
        "properties": {code: {"minLength": 1}, "quantity": {"minimum": 1}, "unit_price": _AMOUNT},
    }
    return {
        "type": "object",
        "required": ["currency", "customer", "lines"],
        "properties": {
            "customer": {"anyOf": [{"required": ["account_code"]}, {"required": ["email"]}]},
            # A list in a call may have 250 entries: https://shopify.dev/docs/api/usage/limits
            "lines": {"type": "array", "minItems": 1, "maxItems": 250, "items": line},
            "discount": _AMOUNT,
            "shipping_total": _AMOUNT,
        },
    }


def _levels_read(settings: Settings) -> Schema:
    counted = settings.untracked == "skip"
    more = ["quantity", "warehouse", "updated_at"] if counted else []
    warehouse = {"required": ["name", "code"]}
    never = ("season", "available_on")
    return {
        "type": "object",
        "required": ["origin", "item", "bucket", *more],
        "properties": {
            **dict.fromkeys(never, False),
            "bucket": {"enum": ["immediate"] if counted else ["immediate", "made_to_order"]},
            "item": {"required": ["id", "style_name"], "properties": {"size_code": False}},
            "warehouse": warehouse,
        },
    }


def _levels_written(settings: Settings) -> Schema:
    code = settings.item_identifier
    # https://shopify.dev/docs/api/admin-graphql/latest/enums/InventorySetQuantitiesUserErrorCode
    lowest = 0 if settings.quantity_name == "on_hand" else -1_000_000_000
    schema: Schema = {
        "type": "object",
        "required": ["item"],
        "properties": {
            "item": {"required": [code], "properties": {code: {"minLength": 1}}},
            "quantity": {"minimum": lowest, "maximum": 1_000_000_000},
        },
    }
    if settings.future_stock == "refuse":
        schema["required"].append("quantity")
        schema["properties"]["bucket"] = {"enum": ["immediate"]}
    return schema


def _products_read(settings: Settings) -> Schema:
    absent = {"label": settings.price_label, "wholesale": settings.wholesale_metafield, "retail": None}
    price = {
        "required": ["currency", settings.price_is],
        "properties": {name: False for name, given in absent.items() if not given and name != settings.price_is},
    }
    never = ("division", "subcategory", "gender", "silhouette", "materials", "fabrication", "minimum")
    sku = {"required": ["id"], "properties": {"size_code": False}}
    color = {"properties": {"seasons": {"maxItems": 0}, "skus": {"minItems": 1, "items": sku}}}
    return {
        "type": "object",
        "required": ["origin", "name", "prices", "colors", "updated_at"],
        "properties": {
            **dict.fromkeys(never, False),
            "prices": {"minItems": 1, "items": price},
            "colors": {"minItems": 1, "items": color},
        },
    }


def _products_written(settings: Settings) -> Schema:
    code = settings.item_identifier
    sku = {"required": [code], "properties": {code: {"minLength": 1}}}
    return {
        "type": "object",
        "required": ["name", "colors"],
        # https://shopify.dev/docs/api/admin-graphql/latest/mutations/productSet
        "properties": {
            "name": {"maxLength": 255},
            "category": {"maxLength": 255},
            "colors": {"minItems": 1, "items": {"properties": {"skus": {"minItems": 1, "items": sku}}}},
        },
        "anyOf": [{"required": ["style_identifier"]}, {"required": ["style_number"]}],
    }


def _customers_read(settings: Settings) -> Schema:
    needed = ["account_code"] if settings.customers == "accounts" else []
    never = ("currency", "price_label", "payment_terms", "ship_method", "sales_rep", "group", "company", "tax_number")
    return {
        "type": "object",
        "required": ["origin", "name", "updated_at", *needed],
        "properties": {
            **dict.fromkeys(never, False),
            "addresses": {"items": {"properties": {"email": False}}},
        },
    }


_CUSTOMERS: Schema = {
    "type": "object",
    "required": ["account_code", "name"],
    "properties": {"account_code": {"minLength": 1}, "name": {"minLength": 1}},
}


def _shipments_read(settings: Settings) -> Schema:
    needed = ["order_key"] if settings.shipments == "delivered" else []
    line = {"required": ["item", "quantity", "order_line"]}
    return {
        "type": "object",
        "required": ["origin", "number", "order_id", "order_number", "shipped_at", "lines", *needed],
        "properties": {"lines": {"items": line}},
    }
