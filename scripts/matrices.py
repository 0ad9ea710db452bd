"""What the manual's tables of pairs and of faults say; cog calls these functions, `make docs` calls cog."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from orderweft import Kind
from orderweft.clock import SystemClock
from orderweft.fit import NOUNS
from orderweft.pairs import Pair, absent, absent_told, played
from orderweft.pairs import pairs as pairs_of
from orderweft.plugins import Plugins
from orderweft_oms_generic.profiles.loading import bundled
from orderweft_oms_generic.simulator.simulator import SYSTEMS as PLAYED

from docs import table

SYSTEMS = PLAYED.keys() & bundled().keys()
_PLUGINS = Plugins.installed()
_HOW = {
    "answer_after": "{} is answered {} after the work is done",
    "answer_before": "{} is answered {}",
    "refuse": "{} cannot be reached",
    "reset_mid_body": "{} is done, and half of the answer comes",
    "timeout_after": "{} is done and not answered",
    "timeout_before": "{} is neither done nor answered",
}


def pairs() -> str:
    """Return which channels fit which, a table for each kind of record."""
    clock = SystemClock()
    ends = [end for channel in _PLUGINS.channels if (end := played(_PLUGINS, channel, clock)) is not None]
    found = list(pairs_of(_PLUGINS, clock, ends))
    tables = {kind: _pairs(kind, [pair for pair in found if pair.kind == kind]) for kind in get_args(Kind)}
    return "\n\n".join(
        f"{shown}\n\n{absent_told(absent(_PLUGINS, kind, ends))}".rstrip() for kind, shown in tables.items()
    )


def profiles() -> str:
    """Return which systems reached by profiles fit the channels that need none, but for what a profile leaves out."""
    clock = SystemClock()
    systems = {name: played(_PLUGINS, "oms_generic", clock, {"profile": name}, name=name) for name in sorted(SYSTEMS)}
    others = [played(_PLUGINS, channel, clock) for channel in _PLUGINS.channels if channel != "oms_generic"]
    ends = [end for end in (*others, *systems.values()) if end is not None]
    rows = [
        [NOUNS[pair.kind], *_row(pair)]
        for pair in pairs_of(_PLUGINS, clock, ends)
        if (pair.source in systems) != (pair.destination in systems) and "as far as the profile" not in pair.reason
    ]
    return table(["Records", "From", "To", "Verdict", "What to know"], rows)


def faults(channel: str) -> str:
    """Return what goes wrong at *channel* and what becomes of it as a table."""
    words, known = _tests("fault_words"), _tests("fault_table")
    rows = [
        [row.kin, words.WORKS[row.work].words, row.fault, _made(row), f"`{row.answer}`", words.COURSES[row.run],
         f"“… {row.told} …”" if row.told else "nothing", words.ENDS[row.end]]
        for row in known.ROWS if row.channel == channel
    ]  # fmt: skip
    headings = ["Fault", "While", "What goes wrong", "How it is played", "Outcome", "The run", "What is told",
                "After a quiet run"]  # fmt: skip
    return table(headings, rows)


def fault_grid() -> str:
    """Return in how many ways each fault is played at each channel as a table."""
    words, known = _tests("fault_words"), _tests("fault_table")
    played_at = Counter((row.kin, row.channel) for row in known.ROWS)
    kins = [*words.FAULTS, "of its own"]
    rows = [[kin, *(str(played_at[kin, channel] or "none") for channel in words.CHANNELS)] for kin in kins]
    return table(["Fault", *words.CHANNELS.values()], rows)


def absent_faults() -> str:
    """Return the faults that a channel cannot have, with the reason."""
    titles = _tests("fault_words").CHANNELS
    rows = [[titles[channel], fault, reason] for channel, fault, reason in _tests("fault_table").NOT_HERE]
    return table(["Channel", "Fault", "Why it has none"], rows)


def _pairs(kind: Kind, found: Sequence[Pair]) -> str:
    heading = f"## {NOUNS[kind].capitalize()}\n\n"
    if not found:
        return f"{heading}No two of the channels move {NOUNS[kind]} from one to the other."
    return heading + table(["From", "To", "Verdict", "What to know"], [_row(pair) for pair in found])


def _row(pair: Pair) -> list[str]:
    return [f"`{pair.source}`", f"`{pair.destination}`", pair.verdict, pair.told().replace("*", "\\*")]


def _made(row: Any) -> str:
    parts = [
        _HOW[fault.kind].format(f"`{fault.operation}`", f"HTTP {fault.response.status}" if fault.response else "")
        + (", every time" if fault.times > 1 else "")
        for fault in row.calls
    ]
    parts += [f"switch `{name} = {value!r}`" for name, value in row.switches.items()]
    if row.ahead:
        minutes = abs(row.ahead) // timedelta(minutes=1)
        parts.append(f"a clock {minutes} minutes {'ahead of' if row.ahead > timedelta() else 'behind'} ours")
    parts += [f"by hand: {row.hand}"] if row.hand else []
    return "; ".join(parts)


def _tests(name: str) -> Any:
    root = str(Path(__file__).resolve().parent.parent)
    if root not in sys.path:
        sys.path.append(root)
    return import_module(f"tests.{name}")
