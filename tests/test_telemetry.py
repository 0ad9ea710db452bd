"""With OpenTelemetry, a run is a tree of spans and a few counts, and none of them tells a secret or a person."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from orderweft.otel import Telemetry
from orderweft.scope import traced_by
from orderweft.simulation import Fault
from orderweft.telemetry import ENDPOINT
from orderweft.testing import FakeClock, SimulatorServer
from orderweft.wire import Request, Response

from .conftest import OpenScene

CLOCK = FakeClock()


def above(spans: list[ReadableSpan], span: ReadableSpan) -> list[str]:
    """Return the names of the spans *span* is in, the nearest first."""
    by_id = {one.context.span_id: one for one in spans if one.context is not None}
    names = []
    while span.parent is not None:
        span = by_id[span.parent.span_id]
        names.append(span.name)
    return names


def test_a_run_is_a_tree_of_spans(open_scene: OpenScene) -> None:
    """Run, step, hook and request stand inside each other, on other threads too; times are those of the clock."""
    opened, kept, reader = open_scene(2), InMemorySpanExporter(), InMemoryMetricReader()
    opened.shop_door.faults.append(Fault("CreateOrder", "timeout_after"))
    traces, metrics = TracerProvider(shutdown_on_exit=False), MeterProvider([reader], shutdown_on_exit=False)
    traces.add_span_processor(SimpleSpanProcessor(kept))
    with traced_by(Telemetry(traces, metrics, opened.clock or CLOCK)):
        opened.say("run").expect(0)
    spans = list(kept.get_finished_spans())
    ways = {tuple(above(spans, span)) for span in spans if span.name in ("GET", "POST")}
    assert ways >= {
        ("fetch", "run orders"),
        ("deliver_orders", "send", "run orders"),
        ("find_orders", "settle", "run orders"),
        ("acknowledge_orders", "acknowledge", "run orders"),
    }
    [run] = [span for span in spans if span.name == "run orders"]
    assert dict(run.attributes or {}) == {"orderweft.pipeline": "orders", "orderweft.run": 1}
    assert run.start_time == 1_793_610_000 * 10**9
    assert sum(not span.status.is_ok and span.name == "POST" for span in spans) == 1
    told = "".join(span.to_json() for span in spans)
    data = reader.get_metrics_data()
    assert data is not None
    counted = data.to_json()
    assert opened.leaks(told + counted) == []
    assert '"orderweft.outcome": "delivered"' in counted
    assert "http.client.request.duration" in counted
    for provider in (traces, metrics):
        provider.shutdown()


def test_what_is_asked_for_arrives(open_scene: OpenScene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector named in the environment has traces and metrics by the time the command ends; else nobody is told."""
    opened, told = open_scene(1), list[str]()

    def take(request: Request) -> Response:
        told.append(request.path)
        return Response(200)

    with SimulatorServer(take) as server:
        opened.say("run", "--dry-run").expect(0)
        assert told == []
        monkeypatch.setenv(ENDPOINT, server.url)
        opened.say("run").expect(0)
    assert set(told) == {"/v1/traces", "/v1/metrics"}


def test_without_the_extra_nobody_is_told_and_nothing_breaks(open_scene: OpenScene) -> None:
    """A collector may be named where OpenTelemetry is not installed: the run goes as ever."""
    opened = open_scene(1, clock=None)
    without = "import sys; sys.modules['opentelemetry'] = None; from orderweft.cli import main; main()"
    command = [sys.executable, "-c", without, "--config", str(opened.config), "run"]
    environ = {**os.environ, ENDPOINT: "http://127.0.0.1:9"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert opened.delivered == [9_000_001]
