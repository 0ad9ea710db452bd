"""How an account's settings want its products written."""

from __future__ import annotations

from ..config import Settings
from ..mapping import CatalogForm


def form_of(settings: Settings) -> CatalogForm:
    """Return the part of *settings* that the mapping needs."""
    return CatalogForm(
        one_color=settings.one_color,
        one_size=settings.one_size,
        incomplete_grid=settings.incomplete_grid,
        upc_type=settings.upc_type,
        zero_price=settings.zero_price,
        v4_external_id=settings.v4_external_id,
    )
