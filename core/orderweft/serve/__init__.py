"""One long-lived process that runs each pipeline on its schedule.

`Server.tick` is a pure step: it starts what is due and returns the seconds until it wants to be called again. Nothing
else keeps time, so a clock that jumps and an executor that works at once make a week pass in a moment:

    server = Server(config, plugins, clock, pool=InTurn(), handlers={"joor": joor.handle, "shop": shop.handle})
    while clock.now() < end:
        clock.sleep(server.tick())

`on_finish` is told of every run with its report; `Server.reload` and `Server.stop` are what signals do.
"""

from __future__ import annotations

from .door import Door
from .health import answer
from .process import Wishes, keep_running
from .server import Finished, InTurn, Server

__all__ = ["Door", "Finished", "InTurn", "Server", "Wishes", "answer", "keep_running"]
