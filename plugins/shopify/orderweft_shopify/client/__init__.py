"""The wire to one Shopify store: sign-in, GraphQL, paging, bulk operations, and its failures turned into ours."""

from __future__ import annotations

from .answers import Mutated, Problem, RefusalError, ThrottledError
from .bulk import Bulk
from .documents import documents
from .locations import Locations, Place
from .products import Products
from .quantities import Change, Quantities
from .store import THROTTLED_TRIES, Client

__all__ = [
    "THROTTLED_TRIES",
    "Bulk",
    "Change",
    "Client",
    "Locations",
    "Mutated",
    "Place",
    "Problem",
    "Products",
    "Quantities",
    "RefusalError",
    "ThrottledError",
    "documents",
]
