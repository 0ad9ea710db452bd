"""Write products, by the API the settings choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orderweft import Connection, Kind, Outcome, Product, SettingsError, hookimpl

from ..client import in_parts
from ..config import Settings
from . import v2, v4


@hookimpl
def write_catalog(connection: Connection[Settings], products: Sequence[Product]) -> list[Outcome]:
    """Create or change products with their SKUs, prices, collections and pictures; nothing is ever removed."""
    settings = connection.settings
    if settings.catalog_api == "v2":
        return in_parts(products, settings.rows_per_call, lambda part: v2.Writer(connection, part).run())
    return v4.Writer(connection, products).run()


@hookimpl(specname="accepts")
def accepts_catalog(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what a product needs before JOOR takes it."""
    v2_styles = connection.settings.catalog_api == "v2"
    if kind != "catalog":
        return None
    missing = () if v2_styles else connection.settings.missing_for_v4
    if missing:
        raise SettingsError(
            f"JOOR's v4 API, which takes styles, needs {', '.join(missing)}; set them in the connection"
        )
    amount = {"pattern": r"^(0|[1-9][0-9]{0,23})(\.[0-9]{1,6})?$"}
    price = {"type": "object", "properties": {"wholesale": amount, "retail": amount}}
    color = {"type": "object", "properties": {"skus": {"type": "array", "minItems": 1}}}
    asked: dict[str, Any] = {"prices": {"type": "array", "items": price}}
    if v2_styles:
        # The lengths of JOOR's reference on v2 styles; those of v4 products are not documented.
        asked |= {"style_number": {"maxLength": 45}, "style_identifier": {"maxLength": 100}}
        asked |= {"name": {"maxLength": 100}, "description": {"maxLength": 500}}
    asked["colors"] = {"type": "array", "minItems": 1, "items": color}
    return {
        "type": "object",
        "required": ["name", "colors"],
        "anyOf": [{"required": ["style_identifier"]}, {"required": ["style_number"]}],
        "properties": asked,
    }
