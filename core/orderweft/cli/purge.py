"""`orderweft purge` and `orderweft erase`: letting go of what need not, or may not, be kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import click

from ..errors import SettingsError
from ..ledger import Ledger
from ..ledger.erase import Traces, trace
from ..ledger.erase import erase as erase_traces
from ..ledger.exchanges import drop_old
from ..ledger.purge import compact, nothing_running
from ..ledger.purge import purge as purge_before
from . import output
from .common import Context, pass_context

SHOWN = 10
"""Orders named when they are listed."""
_yes = click.option("--yes", is_flag=True, help="Do not ask before it is done.")
_dry_run = click.option("--dry-run", is_flag=True, help="Say what would be removed and change nothing.")


@click.command()
@click.option("--older-than", metavar="DAYS", required=True, help="Days since the last change, such as 90d.")
@_dry_run
@_yes
@output.json_option
@pass_context
@output.speaks_plainly
def purge(context: Context, older_than: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove what finished orders contained, once nothing has happened to them for so long.

    Their numbers, states, reasons, keys and receipts stay, and nothing is ever sent twice for it. Orders that wait,
    are held or in doubt, or that the source has still to be told of, are left alone. Requests and answers leave the
    journal after its own number of days. The room is given back to the disk.
    """
    before = context.days_ago(older_than, such_as="90d")
    said_before = context.clock.now() - timedelta(days=context.config(secrets_needed=False).journal.days)
    with closing(context.ledger(must_exist=True)) as ledger, _alone(ledger, dry_run=dry_run) as still_alone:
        found, said = purge_before(ledger, before, keep=False), drop_old(ledger, said_before, keep=False)
        if not as_json:
            verb = "would lose" if dry_run else "lose"
            click.echo(f"{_states(found.orders)} last changed before {before:%Y-%m-%d} {verb} their contents.")
            if said:
                click.echo(f"{said} requests of before {said_before:%Y-%m-%d} {'would ' * dry_run}leave the journal.")
        done = _go_on(bool(found.orders or said), dry_run=dry_run, yes=yes, as_json=as_json)
        if done:
            still_alone()
            found, said = purge_before(ledger, before), drop_old(ledger, said_before)
    freed = None if dry_run else compact(Path(ledger.path))
    if as_json:
        size = {"orders": dict(found.orders), "exchanges": said, "removed": done, "size": found.size, "freed": freed}
        output.say_json(size)
    else:
        _close(done, freed)


@click.command()
@click.option("--customer", "who", metavar="CODE_OR_EMAIL", required=True, help="Account code or e-mail address.")
@click.option("--connection", metavar="NAME", help="Only the customer of this connection.")
@_dry_run
@_yes
@output.json_option
@pass_context
@output.speaks_plainly
def erase(context: Context, who: str, connection: str | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove a customer from the ledger: what they ordered, who they are, every text that quotes them.

    Numbers, keys, receipts and reasons stay. Orders of theirs that were not sent yet never will be. Remove the customer
    at the source first: whatever it still gives comes back.
    """
    if not (who := who.strip()):
        raise SettingsError("--customer is empty; give an account code or an e-mail address")
    with closing(context.ledger(must_exist=True)) as ledger, _alone(ledger, dry_run=dry_run) as still_alone:
        found = trace(ledger, who, connection)
        if not as_json:
            _list(found)
        done = _go_on(bool(found), dry_run=dry_run, yes=yes, as_json=as_json)
        if done:
            still_alone()
            erase_traces(ledger, found)
    freed = None if dry_run else compact(Path(ledger.path))
    if as_json:
        output.say_json(
            {
                "orders": sorted(number for number, _ in found.orders.values()),
                "customers": len(found.customers),
                "shipments": len(found.shipments),
                "quotes": found.quotes.total(),
                "others": sorted(found.others),
                "removed": done,
                "freed": freed,
            }
        )
    else:
        _close(done, freed)


@contextmanager
def _alone(ledger: Ledger, *, dry_run: bool) -> Iterator[Callable[[], None]]:
    """Keep runs out unless nothing is removed; give what makes sure, after a person was asked, that none came in."""
    if dry_run:
        yield lambda: None
        return
    with nothing_running(ledger) as still_alone:
        yield still_alone


def _list(found: Traces) -> None:
    if not found:
        click.echo("The ledger knows nothing of this customer.")
        return
    numbers = sorted(number for number, _ in found.orders.values())
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    waiting = sum(state in ("staged", "held") for _, state in found.orders.values())
    told = {
        f"orders: {', '.join(numbers[:SHOWN])}{more}": len(numbers),
        "of these were not sent yet and never will be": waiting,
        "entries that are the customer": len(found.customers),
        "shipments": len(found.shipments),
        f"texts that quote the customer, in: {', '.join(sorted(found.quotes))}": found.quotes.total(),
    }
    click.echo("The ledger has of this customer:")
    for what, many in told.items():
        if many:
            click.echo(f"{many:>7} {what}")
    if found.others:
        numbers = sorted(found.others)
        output.warn(
            f"left alone, for they have another customer and one of the same e-mail addresses: "
            f"{', '.join(numbers[:SHOWN])}; `orderweft erase --customer` with the address removes those too"
        )


def _states(orders: Counter[str]) -> str:
    told = ", ".join(f"{many} {state}" for state, many in sorted(orders.items()))
    return f"{output.orders(orders.total())}{f' ({told})' if told else ''}"


def _go_on(anything: bool, *, dry_run: bool, yes: bool, as_json: bool) -> bool:
    """Return whether something is to be removed; ask a person first."""
    if dry_run or not anything:
        return False
    if not yes and as_json:
        raise SettingsError("nothing was removed; with --json say --yes, or --dry-run")
    return yes or click.confirm("This cannot be undone. Go on?", abort=True)


def _close(done: bool, freed: int | None) -> None:
    if freed is None:
        click.echo("Nothing was changed.")
    elif done or freed > 0:
        click.echo(f"{'Removed. ' if done else ''}{max(0, freed) / 1_000_000:.1f} MB were given back to the disk.")
    else:
        click.echo("Nothing was removed.")
