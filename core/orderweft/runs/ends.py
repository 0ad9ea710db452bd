"""The two ends of a pipeline: a connection together with its channel's hooks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from pydantic import SecretStr

from ..clock import Clock
from ..config import ConnectionConfig, PipelineConfig
from ..connection import Connection, MemorySpool, Spool
from ..errors import ChannelError, PluginError, SettingsError, UnavailableError
from ..exchange import Kind
from ..http import Exchange, Http
from ..pacing import Limits
from ..plugins import MOVES, Plugins
from ..scope import within
from ..settings import Settings
from ..wire import Request, Response
from .shared import Shared

Handlers = Mapping[str, Callable[[Request], Response]]
"""Connection name → what answers instead of the network; simulators plug in here."""

ARGUMENTS = {"orders": "deliveries", "inventory": "levels", "catalog": "products"}
"""What writing hooks call the records they are given, where it is not what the pipeline moves."""

LONG_WAIT = 5.0
"""Seconds from which on a wait is told."""


class StoppableClock:
    """A clock whose sleepers wake up when the run is to stop."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self._clock, self._stop = clock, stop
        self._on_wait: Callable[[], None] | None = None
        self._on_long_wait: Callable[[float], None] | None = None
        self.now, self.monotonic = clock.now, clock.monotonic

    def watched(self, on_long_wait: Callable[[float], None], on_wait: Callable[[], None] | None) -> None:
        """Have *on_long_wait* called with the seconds before a long sleep, *on_wait* again and again during any."""
        self._on_long_wait, self._on_wait = on_long_wait, on_wait

    def sleep(self, seconds: float) -> None:
        """Wait *seconds*; raises UnavailableError when the run stops meanwhile."""
        if seconds >= LONG_WAIT and self._on_long_wait is not None:
            self._on_long_wait(seconds)
        left = seconds
        while left > 0:
            if self._stop.is_set():
                raise UnavailableError("the run is stopping")
            if self._on_wait is not None:
                self._on_wait()
            step = min(0.5, left)
            self._clock.sleep(step)
            left -= step


@dataclass(frozen=True)
class End:
    """One end of a pipeline."""

    plugins: Plugins
    connection: Connection[Any]
    limits: Limits

    @property
    def name(self) -> str:
        """Return the connection's name."""
        return self.connection.name

    @property
    def title(self) -> str:
        """Return what people call the channel."""
        return self.plugins.channels[self.connection.channel].title

    @property
    def identity(self) -> dict[str, str]:
        """Return the settings that tell which account this is, none of them secret."""
        settings: Settings = self.connection.settings
        return settings.identity()

    def can(self, hook: str) -> bool:
        """Return whether the channel implements *hook*."""
        return self.plugins.can(self.connection.channel, hook)

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call *hook* with this end's connection."""
        with within(hook, hook=hook, connection=self.name), self.named():
            return self.plugins.call(self.connection.channel, hook, connection=self.connection, **arguments)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Put the connection's name in front of what a channel says is wrong with it or its settings."""
        try:
            yield
        except (ChannelError, SettingsError) as error:
            error.args = (self.say(str(error)),)
            raise

    def say(self, text: str) -> str:
        """Return *text* with the connection's name in front, once."""
        return text if text.startswith(f"{self.name}:") else f"{self.name}: {text}"

    def seconds_in_doubt(self, since: datetime) -> float:
        """Return how long what was sent at *since* without an answer may still arrive."""
        settle = self.limits.settle_seconds
        left = since + timedelta(seconds=settle) - self.connection.clock.now()
        # a clock that was set back must not make anybody wait longer than ever needed
        return max(0.0, min(left.total_seconds(), settle))

    def why_it_takes_no(self, kind: Kind) -> str:
        """Return why this end takes none of *kind* as it is set up, in its channel's words where it has some."""
        more = {"mode": "update"} if kind == "inventory" else {}
        try:
            self.call(MOVES[kind][1], **{ARGUMENTS.get(kind, kind): []}, **more)
        except SettingsError as error:
            return str(error)
        return f"{self.title} takes no {kind} with these settings"

    def call_list(self, hook: str, expected: int, **arguments: Any) -> list[Any]:
        """Call a hook that changes *expected* things and answers for each; raises PluginError when it does not."""
        self.connection.http.before_write()
        answer = self.call(hook, **arguments)
        if not isinstance(answer, list) or len(answer) != expected:
            raise PluginError(
                f"plugin {self.connection.channel!r}: {hook} must return one outcome for each of {expected}"
            )
        return answer


def rules_of(config: PipelineConfig, *ends: End) -> str:
    """Return what changes when the settings of *config* or of one of its *ends* do."""
    rules = (config.settings.fingerprint(), *(end.connection.settings.model_dump_json() for end in ends))
    return blake2b("\0".join(rules).encode(), digest_size=8).hexdigest()


def watch(
    clock: StoppableClock,
    ends: Iterable[End],
    on_long_wait: Callable[[float], None],
    still_ours: Callable[[], None] | None,
) -> None:
    """Have *still_ours* called during each wait of a run, and right before anything may change at one of its *ends*.

    A process that was frozen until another has taken over is stopped by it. The check cannot be one with the call:
    who is frozen exactly between the two still makes that one call.
    """
    clock.watched(on_long_wait, still_ours)
    if still_ours is not None:
        for end in ends:
            end.connection.http.before_write = still_ours


@contextmanager
def open_end(
    config: ConnectionConfig,
    plugins: Plugins,
    clock: Clock,
    *,
    handlers: Handlers | None = None,
    spool: Spool | None = None,
    on_exchange: Callable[[Exchange], None] | None = None,
    shared: Shared | None = None,
) -> Iterator[End]:
    """Give the end for *config*, whose connection is closed after the block; nothing is sent by opening it."""
    settings = config.settings
    limits = plugins.channels[config.channel].limits
    limits = replace(
        limits,
        in_flight=settings.in_flight or limits.in_flight,
        settle_seconds=limits.settle_seconds if settings.settle_seconds is None else settings.settle_seconds,
    )
    http = Http(
        settings.service_url,
        clock=clock,
        limits=limits,
        timeout=settings.timeout,
        handler=(handlers or {}).get(config.name),
        secrets=secret_values(settings),
        on_exchange=on_exchange,
        pacer=shared.pacer(config, limits) if shared is not None else None,
    )
    connection: Connection[Any] = Connection(
        config.name, config.channel, settings, http, clock, spool if spool is not None else MemorySpool()
    )
    try:
        yield End(plugins, connection, limits)
    finally:
        connection.close()


def secret_values(settings: Settings) -> list[str]:
    """Return the secrets *settings* hold, in tables too, so that they can be kept out of everything written."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    inner = [part for value in values if isinstance(value, Mapping) for part in value.values()]
    return [value.get_secret_value() for value in (*values, *inner) if isinstance(value, SecretStr)]
