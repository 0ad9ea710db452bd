"""Whether runs are told to OpenTelemetry; nothing of it is loaded unless they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

from .clock import Clock
from .scope import traced_by

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""OpenTelemetry's own name for where to send to: opentelemetry.io/docs/specs/otel/protocol/exporter."""


@contextmanager
def exported(environ: Mapping[str, str], clock: Clock) -> Iterator[None]:
    """Send traces and metrics of the block to the collector *environ* names, where the extra `otel` is installed."""
    if not environ.get(ENDPOINT) or find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        yield
        return
    with import_module(".otel", __package__).exporting(clock) as tracer, traced_by(tracer):
        yield
