"""A Shopify shop in memory that executes real GraphQL documents."""

from __future__ import annotations

from .server import Simulator

__all__ = ["Simulator"]
