"""`orderweft orders retry`, `release`, `skip` and `re-export`: what a person decides about single orders."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, get_args

import click

from ..config import PipelineConfig
from ..errors import SettingsError
from ..ledger import Ledger, OrderRow, Signature, find, held_for, stamp
from ..records import Reason
from ..runs import Report, RunOptions, run_orders
from ..runs.actions import Claimed, Desk, desk, looked_back
from ..runs.actions import retry as retry_orders
from ..runs.actions import skip as skip_orders
from . import output
from .common import Context, pass_context
from .run import as_data, show

_numbers = click.argument("numbers", nargs=-1)
_pipeline = click.option("--pipeline", help="Only orders of this pipeline.")
_by = click.option("--by", metavar="NAME", help="Who decides this; the user of this machine when left out.")
_now = click.option("--now", is_flag=True, help="Run the pipeline right after it.")
_yes = click.option("--yes", is_flag=True, help="Do not ask before many are changed.")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which orders a command is about: those of some numbers, or all held ones of a kind."""

    numbers: tuple[str, ...]
    pipeline: str | None = None
    reason: str | None = None
    older_than: str | None = None

    def of(self, ledger: Ledger, context: Context) -> list[OrderRow]:
        """Return the orders; raises SettingsError when one is not known, or is several."""
        if self.numbers:
            if self.reason or self.older_than:
                raise SettingsError("name orders by number, or choose held ones by a filter, but not both at once")
            return list(dict.fromkeys(self._one(ledger, number) for number in self.numbers))
        if not (self.reason or self.pipeline or self.older_than):
            raise SettingsError("say which orders: their numbers, or held ones by a filter")
        return held_for(ledger, pipeline=self.pipeline, reason=self.reason, before=self._before(context))

    def _one(self, ledger: Ledger, number: str) -> OrderRow:
        rows = [row for row in find(ledger, number) if self.pipeline in (None, row.pipeline)]
        if not rows:
            where = f" by pipeline {self.pipeline!r}" if self.pipeline else ""
            raise SettingsError(f"order {number} has never been fetched{where}")
        if len({row.pipeline for row in rows}) > 1:
            names = ", ".join(sorted({row.pipeline for row in rows}))
            raise SettingsError(f"order {number} is in several pipelines; add --pipeline and one of {names}")
        if len(rows) > 1:
            ids = ", ".join(row.id for row in rows)
            raise SettingsError(f"several orders are called {number}; name one by its id: {ids}")
        return rows[0]

    def _before(self, context: Context) -> str | None:
        if self.older_than is None:
            return None
        return stamp(context.days_ago(self.older_than, such_as="3d"))


def _filters(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    reason = click.option(
        *names, "reason", type=click.Choice(get_args(Reason)), help="Only orders held for this reason."
    )
    older = click.option("--older-than", metavar="DAYS", help="Only orders first seen so long ago, such as 3d.")

    def with_filters(command: Callable[..., Any]) -> Callable[..., Any]:
        return reason(_pipeline(older(command)))

    return with_filters


@click.command()
@_numbers
@_filters("--reason", "--held-for")
@click.option("--note", metavar="TEXT", help="Why, for whoever reads the history.")
@_now
@_by
@_yes
@output.json_option
@pass_context
@output.speaks_plainly
def retry(
    context: Context,
    numbers: tuple[str, ...],
    reason: str | None,
    pipeline: str | None,
    older_than: str | None,
    note: str | None,
    now: bool,
    by: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Offer held orders again with the next run, whatever they wait for.

    Name them by NUMBERS, or choose those held by --reason, --pipeline and --older-than. Orders left out by hand are
    taken back in. One that may have arrived is not just sent again: `orderweft orders release` finds out first.
    """
    with closing(context.ledger(must_exist=True)) as ledger:
        choice = Choice(numbers, pipeline, reason, older_than)
        rows = _agreed(choice, ledger, context, "offered again", yes=yes)
        said = retry_orders(ledger, rows, _sign(by, note))
        _close(context, ledger, rows, said, now=now, as_json=as_json)


@click.command()
@_numbers
@_filters("--held-for")
@click.option("--reason", "why", metavar="TEXT", required=True, help="Why; `orders why` says it.")
@_by
@_yes
@output.json_option
@pass_context
@output.speaks_plainly
def skip(
    context: Context,
    numbers: tuple[str, ...],
    reason: str | None,
    pipeline: str | None,
    older_than: str | None,
    why: str,
    by: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Leave orders out for good, even if they change at the source; `orderweft orders retry` takes one back in.

    Name them by NUMBERS, or choose those held by --held-for, --pipeline and --older-than. A delivered order is never
    left out; of one named whose change after delivery is held, that change is.
    """
    if not (why := why.strip()):
        raise SettingsError("--reason is empty; say why")
    with closing(context.ledger(must_exist=True)) as ledger:
        choice = Choice(numbers, pipeline, reason, older_than)
        rows = _agreed(choice, ledger, context, "left out", yes=yes)
        _close(context, ledger, rows, skip_orders(ledger, rows, _sign(by, why)), as_json=as_json)


@click.command()
@_numbers
@_filters("--reason", "--held-for")
@click.option("--arrived", metavar="RECEIPT", help="It is at the destination under this number.")
@click.option("--not-arrived", is_flag=True, help="It is not at the destination; it is sent again.")
@click.option("--note", metavar="TEXT", help="Why, for whoever reads the history.")
@_now
@_by
@_yes
@output.json_option
@pass_context
@output.speaks_plainly
def release(
    context: Context,
    numbers: tuple[str, ...],
    reason: str | None,
    pipeline: str | None,
    older_than: str | None,
    arrived: str | None,
    not_arrived: bool,
    note: str | None,
    now: bool,
    by: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Find out what became of orders that are in doubt or wait for a person, and let them go on.

    The destination is asked once more. Where it cannot be asked, look there and say --arrived with its number, or
    --not-arrived.
    """
    if arrived is not None and (not_arrived or len(numbers) != 1 or not (arrived := arrived.strip())):
        raise SettingsError("--arrived is for one order, with its number at the destination")
    said = Claimed(arrived) if arrived or not_arrived else None
    with closing(context.ledger(must_exist=True)) as ledger:
        choice = Choice(numbers, pipeline, reason, older_than)
        rows = _agreed(choice, ledger, context, "released", yes=yes)
        done, refused = _one_by_one(
            context, ledger, rows, _sign(by, note), lambda opened, row: opened.release(row, said)
        )
        _close(context, ledger, list(done), [*done.values()], refused, now=now, as_json=as_json)


@click.command(name="re-export")
@click.argument("numbers", nargs=-1, required=True)
@_pipeline
@click.option(
    "--cancelled-by-hand", is_flag=True, help="Vouch for it that the earlier ones are cancelled; needs --reason."
)
@click.option("--reason", "why", metavar="TEXT", help="Why, for whoever reads the history.")
@_now
@_by
@_yes
@output.json_option
@pass_context
@output.speaks_plainly
def re_export(
    context: Context,
    numbers: tuple[str, ...],
    pipeline: str | None,
    cancelled_by_hand: bool,
    why: str | None,
    now: bool,
    by: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Deliver the orders NUMBERS once more, after what was made of them at the destination has been cancelled there.

    The destination is asked about each whether it is cancelled; the order goes out again as a new one, under a key of
    its own.
    """
    if cancelled_by_hand and not (why and why.strip()):
        raise SettingsError("--cancelled-by-hand needs --reason: how do you know that it is cancelled?")
    with closing(context.ledger(must_exist=True)) as ledger:
        choice = Choice(numbers, pipeline)
        yes = yes or len(numbers) == 1
        rows = _agreed(choice, ledger, context, "exported once more", yes=yes, even_named=True)
        done, refused = _one_by_one(
            context, ledger, rows, _sign(by, why),
            lambda opened, row: opened.re_export(row, cancelled_by_hand=cancelled_by_hand),
        )  # fmt: skip
        _close(context, ledger, list(done), [*done.values()], refused, now=now, as_json=as_json)


def _orders_of(context: Context, name: str) -> PipelineConfig:
    return context.config().pipeline(name)


def _sign(by: str | None, why: str | None) -> Signature:
    return Signature(_who(by), why.strip() or None if why else None)


def _who(by: str | None) -> str:
    """Return who decides: the name given, or user and machine."""
    if by and by.strip():
        return by.strip()
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in many containers; OSError from Python 3.13 on
        user = f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"
    return f"{user}@{socket.gethostname()}"


def _agreed(
    choice: Choice, ledger: Ledger, context: Context, what: str, *, yes: bool, even_named: bool = False
) -> list[OrderRow]:
    """Return the orders chosen; those chosen by a filter are shown first, and a person has to agree."""
    rows = choice.of(ledger, context)
    if (choice.numbers and not even_named) or not rows or yes:
        return rows
    if not sys.stdin.isatty():
        raise SettingsError(f"{output.orders(len(rows))} would be {what}; without a terminal to ask on, say --yes")
    output.table(
        ["Order", "Customer", "Pipeline", "State", "What is wrong"],
        [
            [row.number, row.customer, row.pipeline, (row.reason or row.state).replace("_", " "), row.message]
            for row in rows
        ],
        title=f"{output.orders(len(rows))} to be {what}",
    )
    click.confirm("Go on?", abort=True)
    return rows


def _one_by_one(
    context: Context, ledger: Ledger, rows: Sequence[OrderRow], by: Signature, act: Callable[[Desk, OrderRow], str]
) -> tuple[dict[OrderRow, str], list[str]]:
    """Do *act* about each order at its pipeline's desk; return what was found of those done, and why not the others.

    Raises SettingsError when all are refused.
    """
    done, refused = dict[OrderRow, str](), list[str]()
    for name in dict.fromkeys(row.pipeline for row in rows):
        with desk(_orders_of(context, name), context.plugins, ledger, context.clock, by) as opened:
            for row in rows:
                if row.pipeline != name:
                    continue
                try:
                    done[row] = act(opened, row)
                except SettingsError as error:
                    refused.append(str(error))
    if refused and not done:
        raise SettingsError("\n".join(refused))
    return done, refused


def _close(
    context: Context,
    ledger: Ledger,
    rows: Sequence[OrderRow],
    said: Sequence[str],
    refused: Sequence[str] = (),
    *,
    as_json: bool,
    now: bool = False,
) -> None:
    """Say what was done and what not, and run the pipelines of *rows*, which were done, if that is wanted *now*."""
    if not as_json:
        for sentence in said or ["No order waits for that."]:
            click.echo(sentence)
    for sentence in refused:
        output.complain(sentence)
    reports = _runs(context, ledger, rows) if now else []
    if as_json:
        data = {"orders": [row.number for row in rows], "said": said, "refused": refused}
        output.say_json({**data, "runs": [*map(as_data, reports)]})
    for report in reports:
        if not as_json:
            show(report)
    codes = [output.CODES[report.result] for report in reports] + [output.USAGE] * bool(refused)
    if codes:
        sys.exit(max(codes))


def _runs(context: Context, ledger: Ledger, rows: Sequence[OrderRow]) -> list[Report]:
    return [
        run_orders(_orders_of(context, name), context.plugins, ledger, context.clock, options=options)
        for name in dict.fromkeys(row.pipeline for row in rows)
        for options in _wanted([row for row in rows if row.pipeline == name])
    ]


def _wanted(rows: Sequence[OrderRow]) -> list[RunOptions]:
    """Return what the runs for *rows* of a pipeline are asked for; each that has to be read again has a run of its own.

    One run that looks back for all of them would also fetch, and deliver, what was never wanted from that time.
    """
    one_by_one = [row for row in rows if len(rows) == 1 or looked_back(row) is not None]
    wanted = [RunOptions(since=looked_back(row), number=row.number) for row in one_by_one]
    return wanted if len(one_by_one) == len(rows) else [*wanted, RunOptions()]
