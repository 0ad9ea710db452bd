"""The wire to JOOR: addresses, sign-in, answers turned into values or errors; the only I/O."""

from __future__ import annotations

from .answers import Answer, DeclinedError, ForbiddenError, NotThereError, UnreadableError, json_text, read_answer
from .customers import CustomerClient
from .inventory import InventoryClient, StockAnswer
from .orders import BATCH, Client, OrderFilter
from .parts import in_parts
from .products import ProductClient
from .styles import StyleClient, read_file
from .wire import Written

__all__ = [
    "BATCH",
    "Answer",
    "Client",
    "CustomerClient",
    "DeclinedError",
    "ForbiddenError",
    "InventoryClient",
    "NotThereError",
    "OrderFilter",
    "ProductClient",
    "StockAnswer",
    "StyleClient",
    "UnreadableError",
    "Written",
    "in_parts",
    "json_text",
    "read_answer",
    "read_file",
]
