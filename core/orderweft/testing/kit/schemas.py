"""What a channel promises by schema: what it provides, what it accepts."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ...errors import OrderweftError, PluginError, SettingsError
from ...exchange import Delivery, Kind, Moved
from ...records import Order
from ...schema import RECORD_OF, RECORDS, Checker, load
from .base import Checks
from .stage import KINDS, READING, WRITING, Line, attempt, needs, said_no
from .watching import io_watched

_BOTH = ("provides", "accepts")


class Schemas(Checks):
    """What `provides` and `accepts` say, and whether it is true."""

    @needs(some=_BOTH)
    def test_schemas_are_valid(self) -> None:
        """`provides` and `accepts` return a JSON Schema about fields the record has, or None."""
        line = self.stage().open()
        for hook, kind in _asked(line):
            given = attempt(lambda hook=hook, kind=kind: line.call(hook, kind=kind))  # type: ignore[misc]
            if given is None or isinstance(given, SettingsError):
                continue
            assert isinstance(given, dict), f"{hook} must return a JSON Schema for {kind}, or None; it gave {given!r}"
            flaw = attempt(lambda given=given: Checker(given))  # type: ignore[misc]
            assert not isinstance(flaw, PluginError), f"{hook} must return a valid JSON Schema for {kind}; {flaw}"
            named = {*given.get("properties", {}), *given.get("required", [])}
            strange = sorted(named - set(RECORDS[RECORD_OF[kind]].model_fields))
            assert not strange, f"{hook} must speak of fields that {kind} have; there is no {strange[0]!r}"

    @needs(some=_BOTH)
    def test_schemas_do_no_io(self) -> None:
        """`provides` and `accepts` ask nobody: they are called while a pipeline is being configured."""
        line = self.stage().open()
        for hook, kind in _asked(line):
            said_no(line, hook, kind)
            with io_watched() as seen:
                said_no(line, hook, kind)
            assert not line.calls, f"{hook} must not do any I/O; for {kind} it called {line.calls[0]}"
            assert not seen, f"{hook} must not do any I/O; for {kind} it did: {seen[0]}"

    @needs(some=_BOTH)
    def test_what_it_says_no_to_it_refuses(self) -> None:
        """A hook whose kind `provides` or `accepts` answers with None raises SettingsError, and does nothing else."""
        stage = self.stage()
        line = stage.open()
        own = stage.plugins.abilities(stage.channel)
        for asked, hooks in (("provides", READING), ("accepts", WRITING)):
            for kind in KINDS:
                if asked in own and hooks[kind] in own and said_no(line, asked, kind):
                    answer = attempt(lambda kind=kind, asked=asked: _tried(self, line, asked, kind))  # type: ignore[misc]
                    assert isinstance(answer, SettingsError), (
                        f"{asked} says no to {kind}, so {hooks[kind]} must raise SettingsError saying what to set; "
                        f"it gave {str(answer)[:200]}"
                    )

    @needs("provides")
    def test_what_it_provides_is_kept(self) -> None:
        """Every record read has the canonical form and all that `provides` guarantees, so that fits can be trusted."""
        stage = self.stage()
        if stage.can("deliver_orders"):
            self.stocked(stage)
        line = stage.open()
        for kind in KINDS:
            if stage.can(READING[kind]):
                checker = Checker(load(RECORD_OF[kind]), line.call("provides", kind=kind))
                for record in _all(line, kind):
                    data = record.to_data()
                    bare = set(checker.misses(_pruned(data)))
                    misses = [miss for miss in checker.misses(data) if miss in bare]
                    assert not misses, (
                        f"provides must be true of every one of the {kind}; "
                        f"in {record.origin.id}, {misses[0].path} {misses[0].message}"
                    )

    @needs("accepts", some=tuple(WRITING.values()))
    def test_what_it_does_not_accept_does_not_break_it(self) -> None:
        """A record without what `accepts` requires is refused with an outcome or an error of ours, never a crash."""
        stage = self.stage()
        for kind in KINDS:
            if not stage.can(WRITING[kind]) or (kind == "shipments" and not stage.can("deliver_orders")):
                continue
            required = stage.open().call("accepts", kind=kind).get("required", [])
            whole: Any = self.sample_order(0) if kind == "orders" else self.samples(kind, stage, 1)[0]
            for poorer in _poorer(whole, required):
                line = stage.open()
                try:
                    _write(line, kind, poorer)
                except OrderweftError:
                    continue
                except Exception as error:  # a stranger's hook may raise anything
                    raise AssertionError(
                        f"{WRITING[kind]} must refuse what lacks something it accepts; it raised {error!r}"
                    ) from error


def _asked(line: Line) -> list[tuple[str, Kind]]:
    own = line.stage.plugins.abilities(line.stage.channel)
    return [(hook, kind) for hook in _BOTH if hook in own for kind in KINDS]


def _all(line: Line, kind: Kind) -> list[Any]:
    if kind == "orders":
        return [item.order for page in line.orders() for item in page.items if item.order and not item.skip]
    return list(line.records(kind))


def _pruned(value: Any) -> Any:
    """Return plain data without empty lists and tables, which a record has whether a source knows them or not."""
    if isinstance(value, list):
        return [_pruned(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _pruned(one) for name, one in value.items() if one not in ([], {})}


def _write(line: Line, kind: Kind, record: Any) -> Any:
    if kind == "orders":
        return line.deliver(Delivery(record, "kit.poorer"))
    return line.write(kind, [record])


def _tried(kit: Checks, line: Line, asked: str, kind: Kind) -> Any:
    if asked == "provides":
        return line.pages(kind)
    if kind == "shipments":
        return SettingsError("there is nothing to try it with")
    return _write(line, kind, kit.sample_order(0) if kind == "orders" else kit.samples(kind, line.stage, 1)[0])


def _poorer(record: Order | Moved, required: list[str]) -> list[Any]:
    """Return *record* once without each field that is *required* and that a record can be without."""
    made: list[Any] = []
    for name in required:
        data = {field: value for field, value in record.to_data().items() if field != name}
        try:
            made.append(type(record).model_validate(data))
        except ValidationError:
            continue
    bare = {name: value for name, value in record.to_data().items() if type(record).model_fields[name].is_required()}
    return [*made, type(record).model_validate(bare)] if "quantity" not in record.to_data() else made
