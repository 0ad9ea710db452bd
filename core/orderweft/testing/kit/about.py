"""What a channel says of itself: its hooks, settings, limits and simulator."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import SecretStr, ValidationError

from ... import hookspecs
from ...clock import SystemClock
from ...connection import Connection
from ...plugins import GROUP
from ...settings import Settings
from ...simulation import Fault
from .base import Checks
from .stage import KINDS, NOWHERE, attempt, needs, secrets_of
from .watching import io_watched

_SECRET = re.compile(r"(^|_)(token|secret|password|passphrase|pwd|api_?key|key|credentials?)(_|$)|^private")
_PUBLIC = re.compile(r"^(host|access|public)_key|_id$|_url$|(^|_)key_(name|field)")


class About(Checks):
    """What is asked without a connection."""

    def test_hooks_are_as_specified(self) -> None:
        """Every hook names its arguments as the specification does and annotates them so; an answer may be narrower."""
        for name, spec in vars(hookspecs).items():
            if hasattr(spec, f"{GROUP}_spec"):
                for hook in _implementations(self.plugin, name):
                    _compare(name, hook, spec)

    def test_describing_does_no_io(self) -> None:
        """`describe` says the same whenever it is asked, and opens neither file nor socket."""
        stage = self.stage()
        first = stage.plugins.call(stage.channel, "describe")
        with io_watched() as seen:
            again = stage.plugins.call(stage.channel, "describe")
        assert not seen, f"describe is called at each start and must not do any I/O; it did: {seen[0]}"
        assert first == again, "describe must say the same each time it is asked; it said two different things"

    def test_limits_make_sense(self) -> None:
        """The limits allow at least one call at a time and one record in it, and name kinds of record that exist."""
        described = self.stage().described
        limits = described.limits
        assert 1 <= limits.in_flight <= 8, f"in_flight must be 1 to 8 calls at a time; it is {limits.in_flight}"
        sizes = {"batch_size": limits.batch_size, **limits.batch_sizes}
        small = [name for name, size in sizes.items() if size < 1]
        assert not small, f"a batch must hold at least one record; {small[0]} says {sizes[small[0]]}"
        strange = [name for name in limits.batch_sizes if name not in KINDS]
        assert not strange, f"batch_sizes must go by {', '.join(KINDS)}; {strange[0]!r} is none of them"
        assert limits.settle_seconds >= 0, "settle_seconds must not be below zero"
        assert described.min_interval.total_seconds() > 0, "min_interval must be a time, for schedules keep it"

    def test_settings_are_described(self) -> None:
        """Every setting of the channel says what it means, for `orderweft settings` and the manual."""
        fields = self.stage().described.settings.model_fields
        mute = [name for name, field in fields.items() if not (field.description or "").strip()]
        assert not mute, f"every setting needs a docstring that says what it means; {mute[0]} has none"

    def test_settings_refuse_what_they_do_not_know(self) -> None:
        """A misspelt setting is an error, and settings never change once they are read."""
        stage = self.stage()
        try:
            stage.settings(a_setting_nobody_has="x")
        except ValidationError:
            pass
        else:
            raise AssertionError("unknown settings must be refused (extra='forbid'), or misspellings go unnoticed")
        assert stage.described.settings.model_config.get("frozen"), "settings must be frozen: threads share them"

    def test_secrets_are_declared_secret(self) -> None:
        """What signs in is a `SecretStr`, and shows neither in the settings' text nor in what tells accounts apart."""
        stage = self.stage()
        settings = stage.settings()
        open_ = [
            name
            for name, field in type(settings).model_fields.items()
            if _SECRET.search(name)
            and not _PUBLIC.search(name)
            and "str" in str(field.annotation)
            and "SecretStr" not in str(field.annotation)
        ]
        assert not open_, f"the setting {open_[0]} must be a SecretStr, so that no log and no message shows it"
        shown = f"{settings!r} {settings} {settings.identity()} {stage.open().connection!r}"
        shown += settings.model_dump_json()
        told = set(settings.identity().values())
        leaked = [secret for secret in secrets_of(settings) if secret in shown and secret not in told]
        leaked += [secret for secret in _plain_secrets(settings) if secret in told]
        assert not leaked, "a secret must show in no repr, no dump and no identity() of the settings; one does"

    def test_simulator_needs_no_argument(self) -> None:
        """`simulator()` gives a class that plays an account without any argument, and settings that fit it."""
        stage = self.stage()
        kind = stage.playing()
        played = kind()
        assert played.settings() is not None, "a simulator must name the credentials it takes"
        given = {**({} if stage.is_folder else {"base_url": NOWHERE}), **played.settings(), **self.settings}
        try:
            stage.described.settings.model_validate(given)
        except ValidationError as error:
            wrong = ", ".join(str(one["loc"]) for one in error.errors(include_input=False))
            raise AssertionError(f"a simulator's settings() must be all that signs in; wrong: {wrong}") from None
        odd = {name: count for name, count in played.facts().items() if not isinstance(count, int)}
        assert not odd, f"facts are counts by name; {odd} are none"
        assert kind(clock=SystemClock(), seed=1) is not None

    def test_simulator_is_repeatable(self) -> None:
        """Two simulators of the same seed and clock hold the same and answer the same."""
        states = [stage.state() for stage in (self.stage(seed=3), self.stage(seed=3))]
        differing = [name for name in states[0] if _placeless(states[0][name]) != _placeless(states[1][name])]
        assert not differing, f"the same seed must play the same account, or no failure can be repeated; {differing}"

    @needs(http=True)
    def test_simulator_can_be_disturbed(self) -> None:
        """The simulator names each call the plugin makes, so that faults can be aimed at it."""
        stage = self.stage()
        line = stage.open()
        line.call("check_connection")
        assert line.calls, "check_connection must ask the channel, or it proves nothing"
        assert "unknown" not in line.calls, f"the simulator must name every call of the plugin; {line.calls}"
        hit = stage.open(Fault(line.calls[-1], "refuse", times=99))
        attempt(lambda: hit.call("check_connection"))
        assert hit.calls, "a fault aimed at an operation must reach it"


def _plain_secrets(settings: Settings) -> list[str]:
    """Return the secrets that are settings of their own; in a table, ids may be kept like secrets."""
    values = [getattr(settings, name) for name in type(settings).model_fields]
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def _implementations(plugin: Any, name: str) -> list[Any]:
    marked = [vars(plugin)[one] for one in vars(plugin) if hasattr(vars(plugin)[one], f"{GROUP}_impl")]
    return [hook for hook in marked if (getattr(hook, f"{GROUP}_impl")["specname"] or hook.__name__) == name]


def _compare(name: str, hook: Any, spec: Any) -> None:
    wanted, given = get_type_hints(spec), get_type_hints(hook)
    for argument in inspect.signature(hook).parameters:
        assert argument in wanted, f"{name} has no argument {argument!r}; it has {', '.join(wanted)}"
        assert argument in given, f"{name} must annotate its argument {argument} as {wanted[argument]}"
        fits = (
            get_origin(given[argument]) is Connection or given[argument] is Connection
            if argument == "connection"
            else given[argument] == wanted[argument]
        )
        assert fits, f"{name} must take {argument} as {wanted[argument]}; it takes {given[argument]}"
    assert "return" in given, f"{name} must annotate that it returns {wanted['return']}"
    assert _fits(given["return"], wanted["return"]), (
        f"{name} must return {wanted['return']}; it is annotated with {given['return']}"
    )


def _fits(given: Any, wanted: Any) -> bool:
    if given == wanted or wanted is Any or given is Any:
        return True
    if get_origin(wanted) in (Union, UnionType):
        return all(any(_fits(one, other) for other in get_args(wanted)) for one in _options(given))
    if get_origin(given) is type and get_origin(wanted) is Callable:
        return _fits(get_args(given)[0], get_args(wanted)[1])
    if get_origin(given) is not None and get_origin(given) == get_origin(wanted):
        return all(map(_fits, get_args(given), get_args(wanted)))
    if getattr(wanted, "_is_protocol", False):
        return isinstance(given, type)  # whether it has what the protocol asks for shows when it is used
    return isinstance(given, type) and isinstance(wanted, type) and issubclass(given, wanted)


def _options(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _placeless(seen: Any) -> Any:
    """Return *seen* without the paths of folders, which every simulator makes anew."""
    return [re.sub(r'"(/[^"]*|[A-Za-z]:\\[^"]*)"', '""', text) for text in seen] if isinstance(seen, list) else seen
