"""Which channels fit which, for every kind of record, decided without an account and without a call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ValidationError

from .clock import Clock
from .config import ConnectionConfig
from .errors import ChannelError, PluginError, SettingsError
from .exchange import Kind, OrderQuery
from .fit import NOUNS, Fit, Row, fit
from .http import ConnectionRefused
from .plugins import MOVES, Plugins
from .runs import End, open_end
from .simulation import Simulator
from .wire import Request, Response

PairVerdict = Literal["fits", "needs a map", "not as set up"]
"""`needs a map`: some field is never there. `not as set up`: one of the two does not move such records so."""

_ASKED = ("provides", "accepts")
_VERBS = ("supply", "take")
_LACKS = ("gives", "takes")


@dataclass(frozen=True, slots=True)
class Pair:
    """Whether one connection can be the source of another for one kind of record."""

    kind: Kind
    source: str
    destination: str
    verdict: PairVerdict
    reason: str = ""
    """Why it cannot."""
    fit: Fit | None = None

    @property
    def missing(self) -> tuple[Row, ...]:
        """Return the fields that are never there."""
        return self._rows("never")

    @property
    def unsure(self) -> tuple[Row, ...]:
        """Return the fields that may be missing; records without them are held."""
        return self._rows("may be missing")

    def _rows(self, verdict: str) -> tuple[Row, ...]:
        return tuple(row for row in self.fit.rows if row.verdict == verdict) if self.fit else ()

    def told(self) -> str:
        """Return in a sentence or two what a person has to know of it."""
        if self.reason:
            return self.reason
        needed = f"Fill {_listed(self.missing)} in the pipeline's map. " if self.missing else ""
        held = f"{NOUNS[self.kind].capitalize()} without {_listed(self.unsure)} are held." if self.unsure else ""
        return f"{needed}{held}".strip()

    def to_data(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "kind": self.kind,
            "source": self.source,
            "destination": self.destination,
            "verdict": self.verdict,
            "reason": self.reason,
            "map": {row.path: list(row.proposals) for row in self.missing},
            "held_without": [row.path for row in self.unsure],
        }


def fit_between(
    plugins: Plugins,
    clock: Clock,
    source: ConnectionConfig,
    destination: ConnectionConfig,
    kind: Kind,
    mapped: Collection[str] = (),
) -> Fit:
    """Hold what *destination* accepts of *kind* against what *source* provides.

    Raises SettingsError when one of them cannot move it as it is set up, saying which and why.
    """
    schemas = []
    for role, end in enumerate((source, destination)):
        verb = _VERBS[role]
        if not plugins.can(end.channel, MOVES[kind][role]):
            raise SettingsError(f"{end.channel} cannot {verb} {kind}")
        with _opened(plugins, clock, end) as opened:
            schema = opened.call(_ASKED[role], kind=kind)
        if schema is None:
            told = f"{end.name} ({end.channel}) cannot {verb} {kind} with these settings"
            raise SettingsError(f"{told}; `orderweft settings {end.channel}` lists what there is")
        schemas.append(schema)
    return fit(kind, schemas[0], schemas[1], mapped)


def pairs(plugins: Plugins, clock: Clock, ends: Sequence[ConnectionConfig]) -> Iterator[Pair]:
    """Yield every pair of *ends*, each with itself too, whose channels have what it takes to move a kind of record."""
    for kind in get_args(Kind):
        able = [[end for end in ends if plugins.can(end.channel, hook)] for hook in MOVES[kind]]
        for source in able[0]:
            for destination in able[1]:
                yield pair_of(plugins, clock, source, destination, kind)


def absent(plugins: Plugins, kind: Kind, ends: Sequence[ConnectionConfig]) -> Mapping[str, Sequence[str]]:
    """Return which of *ends* are in no pair of *kind*, on the side it names, for their channels have no such hook."""
    return {
        verb: [end.name for end in ends if not plugins.can(end.channel, hook)]
        for verb, hook in zip(_LACKS, MOVES[kind], strict=True)
    }


def absent_told(lacking: Mapping[str, Sequence[str]]) -> str:
    """Return in a line which channels are in no pair, on which side."""
    return " ".join(f"{verb.capitalize()} none: {', '.join(names)}." for verb, names in lacking.items() if names)


def pair_of(
    plugins: Plugins, clock: Clock, source: ConnectionConfig, destination: ConnectionConfig, kind: Kind
) -> Pair:
    """Return whether *destination* can take *kind* from *source*, both of which have what it takes to move it."""
    names = (kind, source.name, destination.name)
    given, taken = (_asked(plugins, clock, end, kind, role) for role, end in enumerate((source, destination)))
    if isinstance(given, str) or isinstance(taken, str):
        return Pair(*names, "not as set up", "; ".join(one for one in (given, taken) if isinstance(one, str)))
    found = fit(kind, given, taken)
    return Pair(*names, "fits" if found.possible else "needs a map", fit=found)


def played(
    plugins: Plugins, channel: str, clock: Clock, settings: Mapping[str, Any] | None = None, *, name: str | None = None
) -> ConnectionConfig | None:
    """Return a connection to the simulator of *channel*, None when it has none; it plays what *settings* name."""
    kind: Callable[..., Simulator] | None = plugins.call(
        channel, "simulator", settings=settings or {}, folder=Path.cwd()
    )
    if kind is None:
        return None
    try:
        checked = plugins.channels[channel].settings.model_validate(dict(kind(clock=clock).settings()))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        raise PluginError(f"plugin {channel!r}: its simulator's own settings are refused: {detail['msg']}") from None
    return ConnectionConfig(name or channel, channel, checked)


def _asked(plugins: Plugins, clock: Clock, end: ConnectionConfig, kind: Kind, role: int) -> Mapping[str, Any] | str:
    """Return the schema of what *end* supplies (0) or takes (1) of *kind*, or why not, in its channel's words."""
    with _opened(plugins, clock, end) as opened:
        try:
            schema: Mapping[str, Any] | None = opened.call(_ASKED[role], kind=kind)
            if schema is not None:
                return schema
            if role == 1:
                return opened.why_it_takes_no(kind)
            arguments: dict[str, Any] = {"query": OrderQuery(peek=True)} if kind == "orders" else {}
            with opened.named():
                next(iter(opened.call(MOVES[kind][0], **arguments)), None)
        except SettingsError as error:
            return str(error)
        except ChannelError:
            pass
    return f"{end.name} cannot {_VERBS[role]} {kind} with these settings"


def _opened(plugins: Plugins, clock: Clock, end: ConnectionConfig) -> AbstractContextManager[End]:
    return open_end(end, plugins, clock, handlers={end.name: _refuse})


def _refuse(request: Request) -> Response:
    raise ConnectionRefused


def _listed(rows: Sequence[Row]) -> str:
    named = [row.named for row in rows]
    return " or ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
