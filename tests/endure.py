"""`orderweft serve` as a real process for two minutes: orders come, it is reloaded, stopped and killed meanwhile.

`python -m tests.endure` takes two minutes, or longer where a slow machine has not been through every signal by then;
`python -m tests.endure 20` takes as many seconds. It ends with code 0 when every order has arrived once and the process
neither grew nor showed a traceback.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .scenarios import scene
from .serving import Served

WHOLE = 120.0
"""Seconds from which on every signal has to have been sent."""
SIGNALS = {"SIGHUP", "SIGTERM", "SIGKILL"}
EVERY = 2.0
"""Seconds between two things that happen."""
MOST_MIB = 250
MISTAKE = '\n[pipelines.wrong]\nmoves = "orders"\nsource = "nobody"\ndestination = "shop"\n'


@dataclass
class Guarded:
    """A process that serves, started again after each end, as a service manager does."""

    served: Served
    done: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    mistaken: bool = False
    """Whether the configuration has a mistake now."""
    most: int = 0
    """The most memory seen, in MiB."""

    def up(self) -> None:
        """Wait until it says when it runs what: from then on it listens, and heeds signals."""
        self.said += self.served.until("orders: 15m, next at")
        self.done["started"] += 1

    def reload(self, *, mistaken: bool) -> None:
        """Have it read the configuration again, perhaps with a mistake, and wait until it says what it makes of it."""
        self.mistaken = mistaken
        self.served.configure(MISTAKE if mistaken else "")
        self.served.process.send_signal(signal.SIGHUP)
        told = self.served.until("was read again")
        assert ("is not used" in told[-1]) == mistaken, told
        self.said += told
        self.done["SIGHUP"] += 1

    def end(self, number: signal.Signals) -> None:
        """Send it a signal that ends it, and see how it ended."""
        code, text = self.served.end(number)
        self.said.append(text)
        self.done[number.name] += 1
        assert code == (0 if number is signal.SIGTERM else -number), text

    def run_by_hand(self) -> None:
        """Run the pipeline beside it: that delivers, or is told that it runs already, or that the file is mistaken."""
        scene = self.served.scene
        said = scene.ended(scene.start("run", "orders"))
        told = {0: "", 1: "already running", 2: "pipelines.wrong.source"}
        assert said.code in told, said.text
        assert told[said.code] in said.text, said.text
        assert (said.code == 2) == self.mistaken, said.text
        self.said.append(said.text)
        self.done["runs by hand"] += 1

    def look(self) -> None:
        """Ask for its pages and its memory."""
        for page in ("healthz", "readyz", "metrics"):
            status, text = self.served.page(f"/{page}")
            assert status == (503 if page == "readyz" and self.mistaken else 200), text
            assert not self.served.scene.leaks(text), page
            self.done[page] += 1
        status_file = Path(f"/proc/{self.served.process.pid}/status")
        if status_file.exists():
            lines = status_file.read_text().splitlines()
            found = next((line for line in lines if line.startswith("VmRSS:")), "VmRSS: 0 kB")
            self.most = max(self.most, int(found.split()[1]) // 1024)


def happen(step: int, guarded: Guarded) -> None:
    """Let the next thing happen: an order and a run by hand, a reload with or without a mistake, a stop, a death."""
    guarded.served.scene.joor.add_order()
    if step % 7 == 2:
        guarded.reload(mistaken=step % 2 == 1)
    elif step % 7 in {4, 6}:
        if guarded.mistaken:
            guarded.reload(mistaken=False)
        guarded.end(signal.SIGTERM if step % 7 == 4 else signal.SIGKILL)
        guarded.served.again()
        guarded.up()
    else:
        guarded.run_by_hand()
    guarded.look()


def main() -> None:
    """Serve for so many seconds and print what happened."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else WHOLE
    wanted = SIGNALS if seconds >= WHOLE else set[str]()
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder), 3) as opened, Served(opened) as served:
        guarded = Guarded(served)
        guarded.up()
        end = time.monotonic() + seconds
        step = 0
        while time.monotonic() < end or not wanted <= guarded.done.keys():
            happen(step, guarded)
            step += 1
            time.sleep(EVERY)
        served.configure()
        guarded.end(signal.SIGTERM)
        opened.all_arrive()
        assert not any("Traceback" in text for text in guarded.said)
        assert guarded.most < MOST_MIB, guarded.most
        told = {**guarded.done, "orders, each there once": len(opened.delivered), "MiB": guarded.most}
        sys.stdout.write(f"{json.dumps(told, indent=2)}\n")


if __name__ == "__main__":
    main()
