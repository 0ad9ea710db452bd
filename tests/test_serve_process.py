"""`orderweft serve` as a real process: signals, reloads, a death in the middle, and the address that tells of it."""

from __future__ import annotations

import json
import signal
import socket
from threading import Event

import pytest

from .conftest import OpenScene
from .serving import QUARTER, Served

AGAIN = """
[pipelines.again]
moves = "orders"
source = "joor"
destination = "shop"
schedule = "1h"

[[pipelines.again.skip]]
when = "true"
reason = "the other pipeline delivers it"
"""


def test_a_process_is_told_to_reload_and_to_stop(open_scene: OpenScene) -> None:
    """It runs what is due, keeps the old configuration while the new one has mistakes, takes the mended one, ends."""
    scene = open_scene(3, clock=None)
    with Served(scene) as served:
        assert "3 orders delivered." in served.until(" orders: ", "delivered")[-1]
        assert served.page("/healthz") == (200, "ok\n")
        assert served.ready()[0] == 200

        served.configure(AGAIN.replace("joor", "jor"), stop_seconds=0)
        served.process.send_signal(signal.SIGHUP)
        told = "".join(served.until("pipelines.again.source"))
        assert "is not used" in told
        assert "serve.stop_seconds" in told
        status, ready = served.ready()
        assert (status, ready["configuration"], list(ready["pipelines"])) == (503, False, ["orders"])

        served.configure(AGAIN, listen=f"0.0.0.0:{served.port}")
        served.process.send_signal(signal.SIGHUP)
        served.until("again: ", "next at")
        served.until(" again: ", "0 orders delivered.")
        metrics = served.page("/metrics")[1]
        assert 'orderweft_runs_total{pipeline="again",result="done"} 1.0' in metrics
        assert 'orderweft_runs_total{pipeline="orders",result="done"} 1.0' in metrics
        assert 'orderweft_orders{pipeline="orders",state="delivered"} 3.0' in metrics
        assert 'orderweft_api_budget{connection="shop"}' in metrics
        assert not scene.leaks(metrics + served.page("/readyz")[1])
        assert served.ready()[0] == 200
        code, text = served.end()
        assert (code, "stopped" in text) == (0, True), text
    assert scene.delivered == sorted(scene.joor.orders)


def test_a_process_that_was_killed_goes_on_after_the_floor(open_scene: OpenScene) -> None:
    """Killed in the middle of a run, the next process neither starts at once nor forgets; nothing is there twice."""
    scene = open_scene(3, clock=None)

    def kill(moment: str, operation: str) -> None:
        if (moment, operation) == ("after", "CreateOrder"):
            scene.watchers.clear()
            served.process.kill()

    scene.watchers.append(kill)
    with Served(scene) as served:
        scene.ended(served.process).expect(-signal.SIGKILL)
    with served.again():
        served.until("orders: 15m, next at")
        assert served.ready()[1]["pipelines"]["orders"]["running"] is False
        wait = next(line for line in served.page("/metrics")[1].splitlines() if line.startswith("orderweft_next_run_s"))
        assert 800 < float(wait.rpartition(" ")[2]) < 900
        assert served.end(signal.SIGINT)[0] == 0
    scene.all_arrive()


@pytest.mark.parametrize("signals", [1, 2], ids=["asked once", "asked twice"])
def test_a_stop_in_the_middle_of_a_delivery(open_scene: OpenScene, signals: int) -> None:
    """Asked to stop it waits for the answer under way and ends with code 0; asked again it ends at once."""
    scene, ended = open_scene(4, clock=None), Event()

    def stop(moment: str, operation: str) -> None:
        if (moment, operation) == ("before", "CreateOrder"):
            scene.watchers.clear()
            served.process.send_signal(signal.SIGTERM)
            while served.ready()[1]["running"]:
                pass
            if signals == 2:
                served.process.send_signal(signal.SIGTERM)
                ended.wait(30)

    scene.watchers.append(stop)
    with Served(scene) as served:
        said = scene.ended(served.process)
        ended.set()
    if signals == 2:
        assert said.code == 128 + signal.SIGTERM, said.text
    else:
        assert said.code == 0, said.text
        assert "Interrupted: " in said.out
        assert "stopped" in said.out
        assert 1 <= len(scene.delivered) < 4
    scene.all_arrive()


def test_a_stop_waits_no_longer_than_it_may(open_scene: OpenScene) -> None:
    """What is unanswered after `stop_seconds` is left in the middle, by name and with code 0, and settled later."""
    scene, ended = open_scene(2, clock=None), Event()

    def hold(moment: str, operation: str) -> None:
        if (moment, operation) == ("after", "CreateOrder"):
            scene.watchers.clear()
            served.process.send_signal(signal.SIGTERM)
            ended.wait(30)

    scene.watchers.append(hold)
    with Served(scene, stop_seconds=1) as served:
        said = scene.ended(served.process)
        ended.set()
    said.expect(0, "left in the middle: orders; the next start goes on from there")
    scene.all_arrive()


def test_a_taken_port_is_told(open_scene: OpenScene) -> None:
    """A second process on the same port ends with a sentence that says what to do."""
    scene = open_scene()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        scene.configure(f'[serve]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n', **QUARTER)
        scene.say("serve").expect(2, "serve.listen", "is another `orderweft serve` running?")


def test_nothing_to_serve_is_told(open_scene: OpenScene) -> None:
    """Without any schedule there is nothing to run."""
    open_scene().say("serve").expect(2, "no pipeline has a schedule")


def test_once_ends_with_the_code_of_the_worst_run(open_scene: OpenScene) -> None:
    """With `--once` what is due runs, and the exit code says whether somebody has to look."""
    scene = open_scene(2, clock=None)
    scene.configure(AGAIN, **QUARTER)
    said = scene.say("serve", "--once", "--json")
    said.expect(0)
    runs = [json.loads(line) for line in said.out.splitlines()]
    assert {run["pipeline"]: run["result"] for run in runs} == {"orders": "done", "again": "done"}
    scene.say("serve", "--once").expect(0)
    assert scene.delivered == sorted(scene.joor.orders)
