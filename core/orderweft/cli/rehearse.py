"""`orderweft rehearse` and `orderweft simulate`: the real thing against channels played on this machine."""

from __future__ import annotations

import random
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from ..config import PipelineConfig, load_config
from ..errors import PluginError, SettingsError
from ..exchange import Channel
from ..ledger import Ledger
from ..runs import RecordReport, Report, RunOptions, run_orders, run_records
from ..settings import Settings
from ..simulation import Fault, Faulty, FolderSimulator, Simulator
from ..testing import SftpServer, SimulatorServer
from ..wire import Request, Response
from . import output, record_report
from .common import Context, pass_context
from .run import as_data, show, summary
from .toml_text import as_toml
from .watch import watching

WORK_SECONDS = 5.0
"""How often a played channel that exchanges files does its own part."""


@dataclass(frozen=True)
class Stage:
    """A channel being played."""

    title: str
    simulator: Simulator
    faulty: Faulty
    url: str
    folder: str | None = None
    """Address of the folder it exchanges files in."""

    @property
    def place(self) -> str:
        """Return where it is played."""
        return " and ".join(filter(None, (self.url, self.folder)))

    @property
    def lost(self) -> int:
        """Return how many answers were lost so far."""
        return sum(fault.call <= len(self.faulty.calls) for fault in self.faulty.faults)

    def lose_answers(self, many: int, seed: int, *, within: int) -> None:
        """Plan to cut the connection after the work is done, at *many* of the next *within* calls."""
        done = len(self.faulty.calls)
        calls = random.Random(seed).sample(range(done + 5, done + max(within, many + 5)), many)
        self.faulty.faults.extend(Fault("*", "timeout_after", call=call) for call in calls)

    def work(self) -> None:
        """Let the people there do their work, where the channel is a folder."""
        if isinstance(self.simulator, FolderSimulator):
            self.simulator.work()


@click.command()
@click.argument("channel")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; a free one when left out.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE",
              help="A setting of the connection to be played, such as profile=netsuite or values.site=EU.")  # fmt: skip
@pass_context
@output.speaks_plainly
def simulate(context: Context, channel: str, port: int, given: Sequence[str]) -> None:
    """Play CHANNEL on this machine until interrupted, for trying things out with other tools.

    A channel that exchanges files is played with a folder over SFTP, and does its own part every few seconds.
    """
    known, turn = _known(context, channel), threading.Lock()
    simulator = _simulator(context, channel, _settings(known.settings, given), seed=0)

    def answer(request: Request) -> Response:
        with turn:
            return simulator.handle(request)

    try:
        server = SimulatorServer(answer, port)
    except OSError as error:
        raise SettingsError(f"port {port} cannot be used: {error.strerror}") from None
    with suppress(KeyboardInterrupt), server, ExitStack() as doors:
        account = {"channel": channel, "base_url": server.url, **_account(simulator, doors)}
        click.echo(f"{_title(simulator, known)} is played at {server.url} until Ctrl-C. In orderweft.toml:\n")
        click.echo(as_toml(["connections", channel], account))
        while isinstance(simulator, FolderSimulator):
            context.clock.sleep(WORK_SECONDS)
            with turn:
                simulator.work()
        server.wait()


def _settings(kind: type[Settings], given: Sequence[str]) -> dict[str, Any]:
    """Return settings written as NAME=VALUE, dots leading into tables."""
    settings: dict[str, Any] = {}
    for one in given:
        path, mark, value = one.partition("=")
        first, *inner = path.strip().split(".")
        if not mark or not all(inner):
            raise SettingsError(f"--set {one}: must be NAME=VALUE")
        if first not in kind.model_fields:
            raise SettingsError(f"--set {one}: there is no setting {first!r}; `orderweft settings` lists them")
        table, names = settings, [first, *inner]
        for name in names[:-1]:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise SettingsError(f"--set {one}: {name!r} is given as a text, too")
        table[names[-1]] = value
    return settings


def _account(simulator: Simulator, doors: ExitStack) -> dict[str, Any]:
    """Return the settings *simulator* takes, with the folder it exchanges files in, if it does, served over SFTP."""
    account = dict(simulator.settings())
    if not isinstance(simulator, FolderSimulator):
        return account
    door = doors.enter_context(SftpServer(simulator.folder, password=account.get("password")))
    return {**account, "folder": door.address, "password": door.password, "host_key": door.host_key}


@click.command()
@click.argument("pipeline", required=False)
@click.option("--seed", default=1, show_default=True, help="Another number, another course of events.")
@click.option("--lose-answers", type=click.IntRange(0, 50), default=0, metavar="N",
              help="Cut the connection after the work is done, at N calls.")  # fmt: skip
@output.json_option
@pass_context
@output.speaks_plainly
def rehearse(context: Context, pipeline: str | None, seed: int, lose_answers: int, as_json: bool) -> None:
    """Run PIPELINE twice against simulators on this machine; no account is touched.

    The simulators are real HTTP and SFTP servers. Credentials are not needed. Without PIPELINE all are rehearsed.
    """
    with ExitStack() as running:
        stages: dict[str, Stage] = {}

        def play(name: str, channel: str, settings: Mapping[str, Any]) -> dict[str, Any]:
            stages[name], account = _play(context, channel, settings, seed, running)
            return {**account, "settle_seconds": 0.5}

        config = load_config(context.path, context.plugins, secrets_needed=False, account=play)
        chosen = [config.pipeline(pipeline)] if pipeline else list(config.pipelines.values())
        if not chosen:
            raise SettingsError(f"{config.path} has no pipeline to rehearse")
        worst = 0
        for one in chosen:
            within = 150 if one.settings.moves == "orders" else 20
            stages[one.destination.name].lose_answers(lose_answers, seed, within=within)
            played = {end.name: stages[end.name] for end in (one.source, one.destination)}
            worst = max(worst, _rehearse(context, one, played, as_json=as_json))
    sys.exit(worst)


def _rehearse(context: Context, pipeline: PipelineConfig, stages: Mapping[str, Stage], *, as_json: bool) -> int:
    if not as_json:
        click.echo(f"Rehearsing pipeline {pipeline.name!r}; no account is touched.")
        for name, stage in stages.items():
            click.echo(f"  connection {name!r}: {stage.title} is played at {stage.place} ({_facts(stage.simulator)})")
    lost = sum(stage.lost for stage in stages.values())
    with tempfile.TemporaryDirectory(prefix="orderweft-") as folder:
        ledger = Ledger(Path(folder) / "rehearsal.db", context.clock)
        try:
            first = _once(context, pipeline, ledger, again=False, quiet=as_json)
            for stage in stages.values():
                stage.work()
            second = _once(context, pipeline, ledger, again=True, quiet=as_json)
        finally:
            ledger.close()
    if as_json:
        output.say_json({"first": _data(first), "second": _data(second)})
        return output.CODES[first.result]
    _show(first)
    lost = sum(stage.lost for stage in stages.values()) - lost
    if lost:
        click.echo(f"On purpose {_answers(lost)} lost after the work was done, and nothing was done twice.")
    click.echo(_once_more(second))
    click.echo("In the end:")
    for stage in stages.values():
        click.echo(f"  {stage.title} has {_facts(stage.simulator)}, after {len(stage.faulty.calls)} calls.")
    click.echo()
    return output.CODES[first.result]


def _once(
    context: Context, pipeline: PipelineConfig, ledger: Ledger, *, again: bool, quiet: bool
) -> Report | RecordReport:
    with watching(quiet=quiet, noun=pipeline.settings.moves) as observer:
        if pipeline.settings.moves != "orders":
            return run_records(pipeline, context.plugins, ledger, context.clock, observer=observer)
        since = context.clock.now() - timedelta(days=365) if again else None
        options = RunOptions(since=since)
        return run_orders(pipeline, context.plugins, ledger, context.clock, options=options, observer=observer)


def _data(report: Report | RecordReport) -> dict[str, Any]:
    return as_data(report) if isinstance(report, Report) else record_report.as_data(report)


def _show(report: Report | RecordReport) -> None:
    if isinstance(report, Report):
        show(report, hint=False)
    else:
        record_report.show(report, hint=False)


def _once_more(report: Report | RecordReport) -> str:
    if isinstance(report, Report):
        again = f"{report.counts['fetched']} orders fetched again. {summary(report, hint=False)}"
        return f"\nOnce more from the beginning: {again}"
    return f"\nOnce more: {record_report.summary(report, hint=False)}"


def _answers(many: int) -> str:
    return "1 answer was" if many == 1 else f"{many} answers were"


def _play(
    context: Context, channel: str, settings: Mapping[str, Any], seed: int, running: ExitStack
) -> tuple[Stage, dict[str, Any]]:
    """Play *channel* on this machine for a connection; return it and the account settings that lead there."""
    simulator = _simulator(context, channel, settings, seed)
    faulty = Faulty(simulator)
    server = running.enter_context(SimulatorServer(faulty))
    title = _title(simulator, _known(context, channel))
    account = {**_account(simulator, running), "base_url": server.url}
    folder = str(account["folder"]) if isinstance(simulator, FolderSimulator) else None
    return Stage(title, simulator, faulty, server.url, folder), account


def _known(context: Context, channel: str) -> Channel:
    if channel not in context.plugins.channels:
        names = ", ".join(sorted(context.plugins.channels)) or "none"
        raise SettingsError(f"no channel {channel!r} is installed; there are: {names}")
    return context.plugins.channels[channel]


def _title(simulator: Simulator, channel: Channel) -> str:
    return str(getattr(simulator, "title", channel.title))


def _simulator(context: Context, channel: str, settings: Mapping[str, Any], seed: int) -> Simulator:
    kind: Callable[..., Simulator] | None = context.plugins.call(
        channel, "simulator", settings=settings, folder=context.path.parent
    )
    if kind is None:
        raise PluginError(f"the channel {channel!r} has no simulator")
    return kind(clock=context.clock, seed=seed)


def _facts(simulator: Simulator) -> str:
    return ", ".join(f"{value} {name}" for name, value in simulator.facts().items())
