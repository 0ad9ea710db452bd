"""`orderweft serve` as a real process for two minutes: orders come, it is reloaded, stopped and killed meanwhile.

`python -m tests.endure` takes two minutes, `python -m tests.endure 20` as many seconds. It ends with code 0 when every
order has arrived once and the process neither grew nor showed a traceback.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from .scenarios import Scene, scene

EVERY = 2.0
"""Seconds between two things that happen."""
MOST_MIB = 250
MISTAKE = '\n[pipelines.wrong]\nmoves = "orders"\nsource = "nobody"\ndestination = "shop"\n'


@dataclass
class Guarded:
    """A process that serves, started again after each end, as a service manager does."""

    scene: Scene
    port: int
    done: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    most: int = 0
    """The most memory seen, in MiB."""
    process: subprocess.Popen[str] | None = None

    def configure(self, mistake: str = "") -> None:
        """Write the configuration, sometimes with a mistake."""
        table = f'[serve]\nlisten = "127.0.0.1:{self.port}"\njitter = 0\n{mistake}'
        self.scene.configure(table, orders={"schedule": "15m"}, shop={"in_flight": 1})

    def start(self) -> None:
        """Start it."""
        self.process = self.scene.start("serve")
        self.done["started"] += 1

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; after one that ends it, see how it ended and start it anew."""
        assert self.process is not None
        self.process.send_signal(number)
        self.done[number.name] += 1
        if number is not signal.SIGHUP:
            ended = self.scene.ended(self.process)
            self.said.append(ended.text)
            assert ended.code == (0 if number is signal.SIGTERM else -number), ended.text
            self.start()

    def look(self) -> None:
        """Ask for its pages and its memory."""
        assert self.process is not None
        assert self.process.poll() is None, self.scene.ended(self.process).text
        for page in ("healthz", "readyz", "metrics"):
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/{page}", timeout=20) as answer:
                    text = answer.read().decode()
                    self.done[page] += 1
                    assert not self.scene.leaks(text), page
            except URLError:  # it has just been started, or tells that the configuration has mistakes
                self.done[f"no {page}"] += 1
        status = Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            found = next((line for line in status.read_text().splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
            self.most = max(self.most, int(found.split()[1]) // 1024)


def happen(step: int, guarded: Guarded) -> None:
    """Let the next thing happen: an order and a run by hand, a reload with or without a mistake, a stop, a death."""
    guarded.scene.joor.add_order()
    if step % 7 == 2:
        guarded.configure(MISTAKE if step % 2 else "")
        guarded.send(signal.SIGHUP)
    elif step % 7 == 4:
        guarded.configure()
        guarded.send(signal.SIGTERM)
    elif step % 7 == 6:
        guarded.send(signal.SIGKILL)
    else:
        said = guarded.scene.ended(guarded.scene.start("run", "orders"))
        told = {0: "", 1: "already running", 2: "pipelines.wrong.source"}
        assert said.code in told, said.text
        assert told[said.code] in said.text, said.text
        assert (said.code == 2) == (MISTAKE in guarded.scene.config.read_text(encoding="utf-8")), said.text
        guarded.said.append(said.text)
        guarded.done["runs by hand"] += 1
    guarded.look()


def main() -> None:
    """Serve for so many seconds and print what happened."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 120.0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder), 3) as opened:
        guarded = Guarded(opened, port)
        guarded.configure()
        guarded.start()
        end = time.monotonic() + seconds
        step = 0
        while time.monotonic() < end:
            happen(step, guarded)
            step += 1
            time.sleep(EVERY)
        guarded.configure()
        guarded.send(signal.SIGTERM)
        assert guarded.process is not None
        guarded.process.kill()
        guarded.process.communicate()
        opened.all_arrive()
        assert not any("Traceback" in text for text in guarded.said)
        assert guarded.most < MOST_MIB, guarded.most
        told = {**guarded.done, "orders, each there once": len(opened.delivered), "MiB": guarded.most}
        sys.stdout.write(f"{json.dumps(told, indent=2)}\n")


if __name__ == "__main__":
    main()
