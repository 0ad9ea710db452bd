"""`orderweft serve`: one process that runs each pipeline on its schedule."""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from contextlib import ExitStack, suppress
from functools import partial

import click

from ..config import Config
from ..errors import OrderweftError, SettingsError
from ..runs import RecordReport, Report
from ..serve import Door, Finished, Server, Wishes, answer, keep_running
from . import output, record_report
from .common import Context, pass_context
from .run import summary

_WORST = (output.UNEXPECTED, output.USAGE, output.CHANNEL, output.HELD, output.DONE)
"""Exit codes, the worst first."""


@click.command()
@click.option("--once", is_flag=True, help="Run all that is due, then end; for those who start it by cron.")
@output.json_option
@pass_context
@output.speaks_plainly
def serve(context: Context, once: bool, as_json: bool) -> None:
    """Run each pipeline on its schedule, until told to stop.

    Ctrl-C or SIGTERM lets what is in flight be answered, then ends with code 0; a second one ends at once. SIGHUP reads
    the configuration again; when it has mistakes they are told and the old one stays. Health and metrics are to be had
    over HTTP at `listen` of [serve]: /healthz, /readyz, /metrics. With --once the exit code is that of the run that
    went worst.
    """
    codes = {output.DONE}
    with Wishes() as wishes, ExitStack() as last:
        server = Server(
            _config(context), context.plugins, context.clock, once=once,
            on_finish=partial(_say, codes, as_json=as_json),
        )  # fmt: skip
        door = last.enter_context(_OpenDoor(server))
        if not once:
            door.follow(server.config)
            _say_plan(server, as_json=as_json)
        gc.freeze()  # what is loaded by now stays; looking through it again and again costs a fifth of a long run
        all_ended = keep_running(server, context.clock, wishes, partial(_reload, context, server, door, as_json))
        if not all_ended:
            _line(
                f"left in the middle: {', '.join(sorted(server.running))}; the next start goes on from there", as_json
            )
            sys.stdout.flush()
            os._exit(output.DONE)  # a thread that waits for an answer would keep the process
        if not once:
            _line("stopped", as_json)
    sys.exit(min(codes, key=_WORST.index) if once else output.DONE)


class _OpenDoor(ExitStack):
    """The door that is open, if any."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self._address: tuple[str, int] | None = None

    def follow(self, config: Config) -> None:
        """Open where *config* says; when that cannot be, where it was open before."""
        before = self._address
        if config.serve.address == before:
            return
        try:
            self._open(config.serve.address)
        except SettingsError:
            self._open(before)
            raise

    def _open(self, address: tuple[str, int] | None) -> None:
        self.close()
        self._address = None
        if address is not None:
            self.enter_context(Door(address, partial(answer, self._server)))
            self._address = address


def _config(context: Context) -> Config:
    config = context.config()
    if all(pipeline.settings.schedule is None for pipeline in config.pipelines.values()):
        raise SettingsError(
            f'{config.path}: no pipeline has a schedule, such as schedule = "15m"; there is nothing to run'
        )
    return config


def _reload(context: Context, server: Server, door: _OpenDoor, as_json: bool) -> None:
    try:
        config = _config(context)
        door.follow(config)
        server.reload(config)
    except OrderweftError as error:
        server.is_refused = True
        with suppress(SettingsError):
            door.follow(server.config)
        _line(f"{context.path} was read again and is not used:", as_json)
        for mistake in str(error).splitlines():
            _line(mistake, as_json)
        return
    _line(f"{context.path} was read again", as_json)
    _say_plan(server, as_json=as_json)


def _say_plan(server: Server, *, as_json: bool) -> None:
    for warning in server.config.warnings:
        output.warn(warning)
    for name, pipeline in server.config.pipelines.items():
        if pipeline.settings.schedule is None:
            _line(f"{name}: has no schedule and is left alone", as_json)
    for lane in server.lanes:
        at = lane.due.astimezone(lane.schedule.zone)
        _line(f"{lane.name}: {lane.schedule.text}, next at {at:%Y-%m-%d %H:%M:%S %Z}", as_json)


def _say(codes: set[int], finished: Finished, *, as_json: bool) -> None:
    """Print one line about a run; what no channel and no setting explains also with its traceback."""
    report, error = finished.report, finished.error
    codes.add(output.CODES[report.result] if report is not None else output.exit_code(error or Exception()))
    if error is not None and not isinstance(error, OrderweftError):
        traceback.print_exception(error)
    if as_json:
        _line(json.dumps(_data(finished), default=str), as_json=False)
        return
    at = finished.began.astimezone(finished.zone).strftime("%Y-%m-%d %H:%M:%S")
    _line(f"{at} {finished.pipeline.name}: {_told(finished)} ({finished.seconds:.1f} s)", as_json)
    for warning in report.warnings if report is not None else ():
        output.warn(f"{finished.pipeline.name}: {warning}")


def _told(finished: Finished) -> str:
    report, error = finished.report, finished.error
    if report is None:
        told = str(error) if isinstance(error, OrderweftError) else f"unexpected {type(error).__name__}, see above"
        return f"failed: {' '.join(told.split())}"
    if report.error:
        return f"failed: {' '.join(report.error.split())}"
    if isinstance(report, RecordReport):
        return " ".join([record_report.summary(report), *report.stops])
    return summary(report)


def _data(finished: Finished) -> dict[str, object]:
    """Return a run for machines: how it went, and nothing of the records themselves."""
    report: Report | RecordReport | None = finished.report
    return {
        "pipeline": finished.pipeline.name,
        "run": report.run if report is not None else None,
        "began": finished.began.isoformat(),
        "seconds": round(finished.seconds, 3),
        "result": finished.result,
        "held": report.held if report is not None else None,
        "counts": dict(report.counts) if report is not None else {},
        "error": report.error if report is not None else str(finished.error),
        "warnings": report.warnings if report is not None else [],
    }


def _line(text: str, as_json: bool) -> None:
    with suppress(OSError):  # whoever read it may be gone, and runs go on
        click.echo(json.dumps({"message": text}) if as_json else text)
