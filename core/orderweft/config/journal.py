"""The `[journal]` table: how much is kept of what was said between Orderweft and the channels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kept = Literal["writes", "all", "none"]


class JournalSettings(BaseModel):
    """The `[journal]` table."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    exchanges: Kept = "writes"
    """Which requests and answers of pipelines of orders are kept. `writes`: those that deliver orders, look them up or
    tell their source of them. `all`: those that read orders too. `none`: no requests, and no orders as mapped."""
    days: Annotated[int, Field(ge=1, le=3650)] = 90
    """Days after which `orderweft purge` lets them go, whatever became of the orders."""
