"""`orderweft match`: do two connections mean the same by the same codes, told before anything is written."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from ..config import Config, ConnectionConfig
from ..errors import SettingsError
from ..match import (
    CODES,
    NAMES,
    SUBJECTS,
    Comparison,
    Difference,
    Flow,
    Report,
    Subject,
    Use,
    Waiting,
    differing,
    match_ends,
)
from ..rules import FieldMap, SkipRules
from ..runs import open_end
from . import output
from .common import Context, pass_context

_EXAMPLES = 10
_STANDS = {"barcodes": "stands on more than one item", "customers": "stands on more than one customer"}
_PLURALS = {"differs": "differ", "stands": "stand", "comes": "come"}
_FIXES = {
    ("barcodes", "only"): "give the item this barcode at {there} or create it there; if it is wrong, correct it at "
    "{here}",
    ("barcodes", "written"): "write the barcode the same on both sides, digit by digit",
    ("barcodes", "ambiguous"): "leave the barcode on one item at {here} and give the others their own",
    ("customers", "only"): "create the customer at {there} with this account code, or correct the code at {here}",
    ("customers", "written"): "write the account code the same on both sides; until then the customer may be created "
    "twice",
    ("customers", "ambiguous"): "give each customer at {here} an account code of its own",
}
_NAMED_FIXES = {
    "only": "add it at {there}, or translate it in the map of the pipeline",
    "written": "write it the same on both sides, letter by letter",
    "ambiguous": "keep one spelling at {here}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, a fix list or the JSON."""

    kind: str
    value_a: str | None
    value_b: str | None
    label_a: str | None
    label_b: str | None
    fix: str


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--only", multiple=True, type=click.Choice(SUBJECTS), help="Only this subject; may be repeated.")
@click.option("--csv", "folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False),
              help="Write one list of what to fix per subject into FOLDER.")  # fmt: skip
@output.json_option
@pass_context
@output.speaks_plainly
def match(context: Context, a: str, b: str, only: Sequence[Subject], folder: Path | None, as_json: bool) -> None:
    """Say which codes and names connections A and B share and which they do not; changes nothing.

    Compares barcodes, account codes, seasons, warehouses and price labels, and says which orders would be held today
    because of them. Exit code 3 when something differs.
    """
    config = context.config()
    if a == b:
        raise SettingsError(f"{a!r} is compared with itself; name two connections")
    found = _match(context, config, _as_used(config, a, b), _as_used(config, b, a), only or SUBJECTS, quiet=as_json)
    if not found.comparisons and not found.waiting and not found.failed:
        raise SettingsError("nothing can be compared:\n" + "\n".join(_not_compared(found)))
    if folder is not None:
        _write_lists(folder, found)
    if as_json:
        output.say_json(_as_data(found))
    else:
        _show(found, folder)
    sys.exit(output.CHANNEL if found.failed else output.DONE if found.matches else output.HELD)


def _as_used(config: Config, name: str, other: str) -> ConnectionConfig:
    """Return the connection *name* with the options it has in the pipelines between it and *other*."""
    if name not in config.connections:
        raise SettingsError(f"no connection is called {name!r}; there are: {', '.join(config.connections) or 'none'}")
    given: dict[str, Any] = {}
    for one in config.pipelines.values():
        ends = {end.name: end.settings for end in (one.source, one.destination)}
        if one.settings.moves != "orders" and ends.keys() == {name, other}:
            given |= {field: getattr(ends[name], field) for field in ends[name].model_fields_set}
    return replace(config.connections[name], settings=config.connections[name].settings.model_copy(update=given))


def _match(
    context: Context,
    config: Config,
    a: ConnectionConfig,
    b: ConnectionConfig,
    wanted: Sequence[Subject],
    *,
    quiet: bool,
) -> Report:
    """Compare, reading orders as the first pipeline between the two reads and maps them."""
    with ExitStack() as opened:
        ends = [opened.enter_context(open_end(one, context.plugins, context.clock)) for one in (a, b)]
        flows: dict[str, Flow] = {}
        for one in config.pipelines.values():
            settings = one.settings
            between = {settings.source, settings.destination} == {a.name, b.name}
            if settings.moves == "orders" and between and settings.source not in flows:
                end = opened.enter_context(open_end(one.source, context.plugins, context.clock))
                skip = SkipRules((rule.when, rule.reason) for rule in settings.skip)
                flows[settings.source] = Flow(end, FieldMap(settings.map), skip)
        with _watching(quiet=quiet) as observe:
            return match_ends(*ends, wanted=wanted, flows=flows.values(), observe=observe)


@contextmanager
def _watching(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show on a terminal how far the reading is."""
    if quiet or not sys.stderr.isatty():
        yield lambda text: None
        return
    with output.console(stderr=True).status("reading") as status:
        yield lambda text: status.update(escape(text))


def sentence(one: Comparison, a: str, b: str) -> str:
    """Return what a comparison found, in one sentence."""
    kinds = Counter(_kind(one.subject, difference, a, b) for difference in one.differences)
    rest = ", ".join(f"{many:,} {_agree(kind, many)}" for kind, many in kinds.items())
    if one.total_a == one.total_b == 0:
        text = f"neither {a} nor {b} has any"
    elif not rest:
        text = f"{a} and {b} have the same {one.same:,}"
    elif one.total_a == 0:
        text = f"{a} has none; {rest}"
    else:
        share = _percent(one.same, one.total_a)
        text = f"{one.same:,} of {one.total_a:,} at {a} are at {b} ({share} %); {rest}"
    return f"{NAMES[one.subject].capitalize()}: {text}."


def orders_sentence(one: Waiting) -> str:
    """Return how many orders would be held, in one sentence."""
    causes = Counter(subject for subject, _ in one.causes)
    codes = " and ".join(_many(subject, causes[subject]) for subject in CODES if causes[subject])
    text = f"Orders: of {_many('orders', one.orders)} at {one.source}, "
    if one.held:
        text += f"{one.held:,} would be held today for {codes} that {one.destination} does not know"
        text += " (unless it creates customers)" if causes["customers"] else ""
    else:
        text += "none would be held today for its codes"
    if one.unreadable:
        text += f"; {one.unreadable:,} cannot be read or mapped and would be held too"
    unchecked = [NAMES[code] for code in CODES if code not in one.checked]
    return text + "".join(f"; their {name} could not be looked at" for name in unchecked) + "."


def closing(found: Report) -> str:
    """Return what to fix first, and whether it is safe to start."""
    first = next(_steps(found), None)
    advice = f"Fix first: {first}. " if first else ""
    missing = " and ".join(NAMES[code] for code in CODES if code not in {one.subject for one in found.comparisons})
    danger = _count(found, CODES, "ambiguous") + _count(found, CODES, "written")
    if danger:
        are = "code is" if danger == 1 else "codes are"
        return f"{advice}It is not safe to start yet: {danger:,} {are} spelled differently or not unique."
    if found.failed and missing:
        return f"{advice}Whether it is safe to start cannot be told: {missing} could not be compared."
    held = sum(one.held + one.unreadable for one in found.waiting)
    if held:
        wait = "1 order waits" if held == 1 else f"{held:,} orders wait"
        text = f"It is safe to start: nothing goes to the wrong place, and {wait} until this is mended."
    elif first:
        text = "It is safe to start: what only one side has is left alone, or held when an order names it."
    else:
        text = "What was compared matches; it is safe to start."
    return f"{advice}{text}" + (f" But {missing} were not compared." if missing else "")


def _steps(found: Report) -> Iterator[str]:
    """Yield what to do, the most urgent first."""
    for what, words in (("ambiguous", "not unique"), ("written", "spelled differently")):
        for subject in reversed(CODES):
            if many := _count(found, (subject,), what):
                yield f"the {_some(subject, many)} that {'is' if many == 1 else 'are'} {words}"
    for one in found.waiting:
        if one.held:
            yield f"what {one.destination} does not know of the orders at {one.source}"
        elif one.unreadable:
            yield f"the orders at {one.source} that cannot be read or mapped"
    for comparison in found.comparisons:
        subject, many = comparison.subject, len(comparison.differences)
        if many and 0 in (comparison.total_a, comparison.total_b):
            full, empty = (found.b, found.a) if comparison.total_a == 0 else (found.a, found.b)
            yield f"{empty} has no {NAMES[subject]} yet; send it the {_some(subject, many)} of {full}"
        elif many:
            yield f"the {_some(subject, many)} that {'differs' if many == 1 else 'differ'}"


def _count(found: Report, subjects: Iterable[str], what: str) -> int:
    chosen = [one for one in found.comparisons if one.subject in subjects]
    return sum(difference.what == what for one in chosen for difference in one.differences)


def _name(subject: Subject) -> str:
    return NAMES[subject].removesuffix("s")


def _many(subject: Subject, many: int) -> str:
    return f"{many:,} {_name(subject) if many == 1 else NAMES[subject]}"


def _some(subject: Subject, many: int) -> str:
    return _name(subject) if many == 1 else _many(subject, many)


def _agree(kind: str, many: int) -> str:
    verb, _, rest = kind.partition(" ")
    return kind if many == 1 else f"{_PLURALS.get(verb, verb)} {rest}"


def _percent(part: int, whole: int) -> float:
    """Return the share in percent, rounded down so that 100 means all."""
    return part * 1000 // whole / 10 if whole else 100.0


def _kind(subject: Subject, one: Difference, a: str, b: str) -> str:
    if one.what == "written":
        return f"differs in {differing(one.uses_a[0].value, one.uses_b[0].value)}"
    if one.what == "ambiguous":
        return f"{_STANDS.get(subject, 'comes in more than one spelling')} at {_places(one, a, b)}"
    return f"only at {a if one.what == 'only_a' else b}"


def _places(one: Difference, a: str, b: str) -> str:
    return " and ".join(name for name, uses in ((a, one.uses_a), (b, one.uses_b)) if len(uses) > 1)


def _row(subject: Subject, one: Difference, a: str, b: str) -> Row:
    here, there = (b, a) if one.what == "only_b" else (a, b)
    if one.what == "ambiguous":
        here = _places(one, a, b)
    what = one.what.partition("_")[0]
    fix = _FIXES.get((subject, what), _NAMED_FIXES[what]).format(here=here, there=there)
    kind = _kind(subject, one, a, b)
    return Row(kind, _values(one.uses_a), _values(one.uses_b), _labels(one.uses_a), _labels(one.uses_b), fix)


def _values(uses: Iterable[Use]) -> str | None:
    return " / ".join(dict.fromkeys(use.value for use in uses)) or None


def _labels(uses: Iterable[Use]) -> str | None:
    labels = list(dict.fromkeys(use.label for use in uses if use.label))
    return ", ".join(labels[:3]) + (" and more" if len(labels) > 3 else "") or None


def _order_rows(one: Waiting, a: str) -> Iterator[Row]:
    """Yield a row for each code that holds orders, those that hold most first."""
    there = one.destination
    causes = sorted(one.causes.items(), key=lambda pair: (-pair[1].orders, pair[0]))
    for (subject, code), cause in causes:
        name = _name(subject)
        spelled = _values(cause.there)
        if spelled is None:
            kind, what = f"{name} unknown at {there}", "only"
        elif any(use.value == code for use in cause.there):
            kind, what = f"{name} not unique at {there}", "ambiguous"
        else:
            kind, what = f"{name} differs in {differing(code, cause.there[0].value)} at {there}", "written"
        here = there if what == "ambiguous" else one.source
        fix = _FIXES[subject, what].format(here=here, there=there)
        orders = "1 order:" if cause.orders == 1 else f"{cause.orders:,} orders, such as"
        sides = (code, f"{orders} {', '.join(cause.examples)}"), (spelled, _labels(cause.there))
        (value_a, label_a), (value_b, label_b) = sides if one.source == a else sides[::-1]
        yield Row(kind, value_a, value_b, label_a, label_b, fix)


def _rows(found: Report) -> Iterator[tuple[Subject, str, list[Row]]]:
    """Yield subject, sentence and rows of everything compared."""
    for one in found.comparisons:
        rows = [_row(one.subject, difference, found.a, found.b) for difference in one.differences]
        yield one.subject, sentence(one, found.a, found.b), rows
    for waiting in found.waiting:
        yield "orders", orders_sentence(waiting), list(_order_rows(waiting, found.a))


def _not_compared(found: Report) -> list[str]:
    return [f"{why}; {NAMES[subject]} are not compared." for subject, why in found.not_compared.items()]


def _notes(found: Report) -> Iterator[str]:
    yield from found.notes
    for one in found.comparisons:
        for name, many in ((found.a, one.without_a), (found.b, one.without_b)):
            if many:
                what = (
                    "with a price label but no currency" if one.subject == "prices" else f"without {_name(one.subject)}"
                )
                yield f"{name}: records {what}, which are not compared: {many:,}"


def _show(found: Report, folder: Path | None) -> None:
    for note in _notes(found):
        output.warn(note)
    for _, told, rows in _rows(found):
        click.echo(told)
        kinds = Counter(row.kind for row in rows)
        if not rows:
            continue
        shown: list[Row] = []
        for kind in kinds:
            shown += [row for row in rows if row.kind == kind][:_EXAMPLES]
        headings = ["Difference", f"At {found.a}", f"At {found.b}", f"What it is at {found.a}", f"And at {found.b}"]
        output.table(headings, [[row.kind, row.value_a, row.value_b, row.label_a, row.label_b] for row in shown])
        for kind, many in kinds.items():
            more = f" ({many - _EXAMPLES:,} more are not shown)" if many > _EXAMPLES else ""
            click.echo(f"  {kind}: {next(row.fix for row in rows if row.kind == kind)}{more}.")
        click.echo()
    for line in _not_compared(found):
        click.echo(line)
    if folder is not None:
        click.echo(f"Lists of what to fix are in {folder}; open their columns as text, or leading zeros are lost.")
    click.echo(closing(found))


def _write_lists(folder: Path, found: Report) -> None:
    """Write one file per subject, so that a spreadsheet opens it and takes no cell for a formula."""
    folder.mkdir(parents=True, exist_ok=True)
    lists: dict[Subject, list[Row]] = {}
    for subject, _, rows in _rows(found):
        lists.setdefault(subject, []).extend(rows)
    a, b = found.a, found.b
    heads = ["kind of difference", f"value at {a}", f"value at {b}", f"label at {a}", f"label at {b}", "what to do"]
    for subject, rows in lists.items():
        with (folder / f"{subject}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(heads)
            writer.writerows([output.harmless(cell or "") for cell in asdict(row).values()] for row in rows)


def _as_data(found: Report) -> dict[str, Any]:
    told = list(_rows(found))
    many = len(found.comparisons)
    return {
        "a": found.a,
        "b": found.b,
        "matches": found.matches,
        "failed": found.failed,
        "closing": closing(found),
        "subjects": [
            {
                "subject": one.subject,
                "sentence": text,
                "total_a": one.total_a,
                "total_b": one.total_b,
                "same": one.same,
                "coverage_a": _percent(one.same, one.total_a),
                "coverage_b": _percent(one.same, one.total_b),
                "counts": Counter(row.kind for row in rows),
                "differences": [asdict(row) for row in rows],
            }
            for one, (_, text, rows) in zip(found.comparisons, told[:many], strict=True)
        ],
        "orders": [
            {
                "source": one.source,
                "destination": one.destination,
                "sentence": text,
                "orders": one.orders,
                "held": one.held,
                "unreadable": one.unreadable,
                "checked": one.checked,
                "causes": [asdict(row) for row in rows],
            }
            for one, (_, text, rows) in zip(found.waiting, told[many:], strict=True)
        ],
        "not_compared": found.not_compared,
        "notes": list(_notes(found)),
    }
