"""Read JOOR's products and write them, by the v4 API or as v2 styles."""

from __future__ import annotations

from .reading import provides_catalog, read_catalog
from .writing import accepts_catalog, write_catalog

__all__ = ["accepts_catalog", "provides_catalog", "read_catalog", "write_catalog"]
