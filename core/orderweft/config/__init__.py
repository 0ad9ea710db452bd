"""The configuration file."""

from __future__ import annotations

from ..schedule import shortest_interval
from .alerts import Alert, EmailAlert, SlackAlert, WebhookAlert
from .journal import JournalSettings
from .load import DEFAULT_PATH, load_config
from .model import Config, ConnectionConfig, PipelineConfig, PipelineSettings, SkipRule
from .serve import ServeSettings

__all__ = [
    "DEFAULT_PATH",
    "Alert",
    "Config",
    "ConnectionConfig",
    "EmailAlert",
    "JournalSettings",
    "PipelineConfig",
    "PipelineSettings",
    "ServeSettings",
    "SkipRule",
    "SlackAlert",
    "WebhookAlert",
    "load_config",
    "shortest_interval",
]
