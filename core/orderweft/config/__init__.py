"""The configuration file."""

from __future__ import annotations

from .load import DEFAULT_PATH, load_config
from .model import Config, ConnectionConfig, PipelineConfig, PipelineSettings, SkipRule, shortest_interval

__all__ = [
    "DEFAULT_PATH",
    "Config",
    "ConnectionConfig",
    "PipelineConfig",
    "PipelineSettings",
    "SkipRule",
    "load_config",
    "shortest_interval",
]
