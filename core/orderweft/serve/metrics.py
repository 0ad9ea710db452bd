"""The metrics of a server, made anew for each scrape from what it and the ledger know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..errors import LedgerError
from ..ledger.alerts import AlertRow, alert_channels
from ..ledger.status import held_by_reason, orders_by_state
from .server import Server

RESULTS = ("done", "held", "stopped", "failed", "interrupted")


def metrics(server: Server) -> bytes:
    """Return all metrics in the text form Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(Now(server))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class Now(Collector):
    """The state of a server at this moment."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """Give every metric, those of the ledger only while it can be read."""
        yield self._runs()
        yield from self._lanes()
        budget = GaugeMetricFamily(
            "orderweft_api_budget", "Calls, or points, a connection has left at this moment.", labels=["connection"]
        )
        for name, left in self._server.shared.budgets().items():
            budget.add_metric([name], left)
        yield budget
        try:
            yield from self._ledger()
        except LedgerError:
            return

    def _runs(self) -> Metric:
        runs = CounterMetricFamily(
            "orderweft_runs", "Runs since the process began, by result.", labels=["pipeline", "result"]
        )
        ended = self._server.ended.copy()
        for name in sorted({*(name for name, _ in ended), *(lane.name for lane in self._server.lanes)}):
            for result in RESULTS:
                runs.add_metric([name, result], ended[name, result])
        return runs

    def _lanes(self) -> Iterator[Metric]:
        server, now = self._server, self._server.clock.now()
        lag = _by_pipeline("orderweft_lag_seconds", "Seconds since a run last came through.")
        due = _by_pipeline("orderweft_next_run_seconds", "Seconds until the next run; below 0 while it runs late.")
        running = _by_pipeline("orderweft_running", "1 while it runs.")
        failures = _by_pipeline("orderweft_failures", "Runs that failed since one came through.")
        seconds = _by_pipeline("orderweft_last_run_seconds", "How long the last run took.")
        for lane in server.lanes:
            if lane.past.succeeded is not None:
                lag.add_metric([lane.name], (now - lane.past.succeeded).total_seconds())
            due.add_metric([lane.name], (lane.due - now).total_seconds())
            running.add_metric([lane.name], lane.name in server.running)
            failures.add_metric([lane.name], lane.past.failures)
            if (taken := server.seconds.get(lane.name)) is not None:
                seconds.add_metric([lane.name], taken)
        yield from (lag, due, running, failures, seconds)
        refused = GaugeMetricFamily("orderweft_configuration_refused", "1 while the file on disk has mistakes.")
        refused.add_metric([], server.is_refused)
        yield refused

    def _ledger(self) -> Iterator[Metric]:
        if not self._server.config.ledger.exists():
            return
        with self._server.ledger() as ledger:
            states, reasons, told = orders_by_state(ledger), held_by_reason(ledger), alert_channels(ledger)
        yield from _alerts(told)
        for name, label, text, found in (
            ("orderweft_orders", "state", "Orders in the ledger, by state.", states),
            ("orderweft_held", "reason", "Orders and other records that wait for somebody, by reason.", reasons),
        ):
            metric = GaugeMetricFamily(name, text, labels=["pipeline", label])
            for labels, many in sorted(found.items()):
                metric.add_metric(labels, many)
            yield metric


def _alerts(told: Mapping[str, AlertRow]) -> Iterator[Metric]:
    messages = CounterMetricFamily(
        "orderweft_alert_messages", "Messages to people and programs, by what came of them.", labels=["alert", "result"]
    )
    failing = GaugeMetricFamily("orderweft_alert_failing", "1 while messages are not taken.", labels=["alert"])
    for name, row in sorted(told.items()):
        messages.add_metric([name, "taken"], row.sent)
        messages.add_metric([name, "failed"], row.failures)
        failing.add_metric([name], row.failed_at is not None)
    yield from (messages, failing)


def _by_pipeline(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["pipeline"])
