"""JOOR's rows as records and records as JOOR's rows; pure.

Every value may come as text, number, `""` or not at all, and an empty list as `""`: the readers here take all of them.
What cannot be read raises InvalidRecordError with the field's name in front.
"""

from __future__ import annotations

from .customers import customer_difference, customer_id, from_customer, loosely, to_customer
from .failures import failures
from .grids import CatalogForm, Grid, Pair, grid_of, style_key
from .orders import STATUS, CasePacks, OrderState, state_of, to_order
from .pictures import PictureFile, fault_of, measured, picture_name, token_of
from .prices import check_prices, duplicated, price_rows
from .product_rows import find_collection, find_product, product_row, with_products
from .products import SkuRow, Tables, tables_of, v4_to_product
from .stock import KEYS, StockForm, Verdict, from_level, to_levels, verdicts
from .style_rows import style_difference, style_row
from .styles import style_id, style_to_product
from .values import Row, named, reason, text

__all__ = [
    "KEYS",
    "STATUS",
    "CasePacks",
    "CatalogForm",
    "Grid",
    "OrderState",
    "Pair",
    "PictureFile",
    "Row",
    "SkuRow",
    "StockForm",
    "Tables",
    "Verdict",
    "check_prices",
    "customer_difference",
    "customer_id",
    "duplicated",
    "failures",
    "fault_of",
    "find_collection",
    "find_product",
    "from_customer",
    "from_level",
    "grid_of",
    "loosely",
    "measured",
    "named",
    "picture_name",
    "price_rows",
    "product_row",
    "reason",
    "state_of",
    "style_difference",
    "style_id",
    "style_key",
    "style_row",
    "style_to_product",
    "tables_of",
    "text",
    "to_customer",
    "to_levels",
    "to_order",
    "token_of",
    "v4_to_product",
    "verdicts",
    "with_products",
]
