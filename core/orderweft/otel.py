"""Runs as OpenTelemetry traces (run, step, hook, request) and metrics; loaded only with the extra `otel`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, TracerProvider, use_span

from .clock import Clock
from .http import Exchange
from .scope import Scope, current

NAME = "orderweft"


class Telemetry:
    """Tells OpenTelemetry what is done; no secret, no name and no address is among it."""

    def __init__(self, traces: TracerProvider, metrics: MeterProvider, clock: Clock) -> None:
        self._clock = clock
        self._tracer = traces.get_tracer(NAME)
        meter = metrics.get_meter(NAME)
        self._requests = meter.create_histogram("http.client.request.duration", unit="s")
        self._runs = meter.create_counter("orderweft.runs")
        self._records = meter.create_counter("orderweft.records")

    @contextmanager
    def span(self, name: str, scope: Scope) -> Iterator[None]:
        """Measure the block; an error is told by its kind alone, for its message may quote a channel."""
        title = f"{name} {scope.pipeline}" if name == "run" else name
        span = self._tracer.start_span(title, attributes=_attributes(scope), start_time=self._now())
        try:
            with use_span(span, record_exception=False, set_status_on_exception=False):
                yield
        except BaseException as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            span.end(self._now())

    def exchanged(self, exchange: Exchange) -> None:
        """Tell of one request, under whatever is being done."""
        told: dict[str, str | int] = {
            "http.request.method": exchange.method,
            "orderweft.connection": current().connection,
        }
        if exchange.status is not None:
            told["http.response.status_code"] = exchange.status
        self._requests.record(exchange.seconds, told)
        span = self._tracer.start_span(
            exchange.method,
            kind=SpanKind.CLIENT,
            attributes={**told, "url.path": exchange.request.path},
            start_time=self._now(exchange.seconds),
        )
        if exchange.status is None or exchange.status >= 400:
            span.set_status(StatusCode.ERROR)
        span.end(self._now())

    def ended(self, pipeline: str, result: str, counts: Mapping[str, int]) -> None:
        """Count a run and what became of its records."""
        self._runs.add(1, {"orderweft.pipeline": pipeline, "orderweft.result": result})
        for name, many in counts.items():
            self._records.add(many, {"orderweft.pipeline": pipeline, "orderweft.outcome": name})

    def _now(self, ago: float = 0.0) -> int:
        return int((self._clock.now() - timedelta(seconds=ago)).timestamp() * 1e9)


@contextmanager
def exporting(clock: Clock) -> Iterator[Telemetry]:
    """Give what sends to the collector that OpenTelemetry's own variables name; at the end the rest is sent."""
    resource = Resource.create({"service.name": NAME})
    traces = SdkTracerProvider(resource=resource, shutdown_on_exit=False)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    metrics = SdkMeterProvider([reader], resource=resource, shutdown_on_exit=False)
    try:
        yield Telemetry(traces, metrics, clock)
    finally:
        traces.shutdown()
        metrics.shutdown()


def _attributes(scope: Scope) -> dict[str, str | int]:
    told: dict[str, str | int] = {
        "orderweft.pipeline": scope.pipeline,
        "orderweft.run": scope.run,
        "orderweft.step": scope.step,
        "orderweft.connection": scope.connection,
        "orderweft.hook": scope.hook,
        "orderweft.orders": len(scope.orders),
    }
    return {name: value for name, value in told.items() if value}
