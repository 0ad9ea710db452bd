"""`orderweft rehearse` and `orderweft simulate`: the real thing against channels played on this machine."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from ..config import PipelineConfig, load_config
from ..errors import PluginError, SettingsError
from ..ledger import Ledger
from ..runs import Report, RunOptions, run_orders
from ..simulation import Fault, Faulty, Simulator
from ..testing import SimulatorServer
from . import output
from .common import Context, pass_context
from .run import as_data, code, show, summary, watching


@dataclass(frozen=True)
class Stage:
    """A channel being played."""

    title: str
    simulator: Simulator
    faulty: Faulty
    url: str

    def lose_answers(self, many: int, seed: int) -> None:
        """Plan to cut the connection after the work is done, at *many* of the first calls."""
        calls = random.Random(seed).sample(range(5, 150), many)
        self.faulty.faults.extend(Fault("*", "timeout_after", call=call) for call in calls)


@click.command()
@click.argument("channel")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; a free one when left out.")
@pass_context
@output.speaks_plainly
def simulate(context: Context, channel: str, port: int) -> None:
    """Play CHANNEL on this machine until interrupted, for trying things out with other tools."""
    simulator = _simulator(context, channel, seed=0)
    try:
        server = SimulatorServer(simulator.handle, port)
    except OSError as error:
        raise SettingsError(f"port {port} cannot be used: {error.strerror}") from None
    with server:
        click.echo(
            f"{context.plugins.channels[channel].title} is played at {server.url} until Ctrl-C. In orderweft.toml:\n"
        )
        click.echo(f'[connections.{channel}]\nchannel = "{channel}"\nbase_url = "{server.url}"')
        for name, value in simulator.settings().items():
            click.echo(f'{name} = "{value}"')
        server.wait()


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

    The simulators are real HTTP servers. Credentials are not needed. Without PIPELINE all are rehearsed.
    """
    with ExitStack() as running:
        stages: dict[str, Stage] = {}

        def play(name: str, played: str) -> dict[str, Any]:
            stages[name] = stage = _play(context, played, seed, running)
            return {**stage.simulator.settings(), "base_url": stage.url, "settle_seconds": 0.5}

        config = load_config(context.path, context.plugins, secrets_needed=False, account=play)
        chosen = [config.pipeline(pipeline)] if pipeline else list(config.pipelines.values())
        if not chosen:
            raise SettingsError(f"{config.path} has no pipeline to rehearse")
        worst = 0
        for one in chosen:
            stages[one.destination.name].lose_answers(lose_answers, seed)
            played = {end.name: stages[end.name] for end in (one.source, one.destination)}
            worst = max(worst, _rehearse(context, one, played, as_json=as_json))
    sys.exit(worst)


def _rehearse(context: Context, pipeline: PipelineConfig, stages: Mapping[str, Stage], *, as_json: bool) -> int:
    if not as_json:
        click.echo(f"Rehearsing pipeline {pipeline.name!r}; no account is touched.")
        for name, stage in stages.items():
            click.echo(f"  connection {name!r}: {stage.title} is played at {stage.url} ({_facts(stage.simulator)})")
    with tempfile.TemporaryDirectory(prefix="orderweft-") as folder:
        ledger = Ledger(Path(folder) / "rehearsal.db", context.clock)
        try:
            first = _once(context, pipeline, ledger, RunOptions(), quiet=as_json)
            everything = RunOptions(since=context.clock.now() - timedelta(days=365))
            second = _once(context, pipeline, ledger, everything, quiet=as_json)
        finally:
            ledger.close()
    if as_json:
        output.say_json({"first": as_data(first), "second": as_data(second)})
        return code(first)
    show(first, hint=False)
    lost = sum(len(stage.faulty.faults) for stage in stages.values())
    if lost:
        click.echo(f"On purpose {lost} answers were lost after the work was done; they were looked up, not repeated.")
    again = second.counts["fetched"]
    click.echo(f"\nOnce more from the beginning: {again} orders fetched again. {summary(second, hint=False)}")
    click.echo("In the end:")
    for stage in stages.values():
        click.echo(f"  {stage.title} has {_facts(stage.simulator)}, after {len(stage.faulty.calls)} calls.")
    return code(first)


def _once(context: Context, pipeline: PipelineConfig, ledger: Ledger, options: RunOptions, *, quiet: bool) -> Report:
    with watching(quiet=quiet) as observer:
        return run_orders(pipeline, context.plugins, ledger, context.clock, options=options, observer=observer)


def _play(context: Context, channel: str, seed: int, running: ExitStack) -> Stage:
    simulator = _simulator(context, channel, seed)
    faulty = Faulty(simulator)
    server = running.enter_context(SimulatorServer(faulty))
    return Stage(context.plugins.channels[channel].title, simulator, faulty, server.url)


def _simulator(context: Context, channel: str, seed: int) -> Simulator:
    if channel not in context.plugins.channels:
        names = ", ".join(sorted(context.plugins.channels)) or "none"
        raise SettingsError(f"no channel {channel!r} is installed; there are: {names}")
    kind: type[Simulator] | None = context.plugins.call(channel, "simulator")
    if kind is None:
        raise PluginError(f"the channel {channel!r} has no simulator")
    return kind(clock=context.clock, seed=seed)


def _facts(simulator: Simulator) -> str:
    return ", ".join(f"{value} {name}" for name, value in simulator.facts().items())
