"""The log: a line for each event, for people on a terminal, as JSON for machines.

The core and plugins log with the standard library, below the logger `orderweft`. Nothing of it is made into lines, or
loaded for it, before the first one is to be written.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from typing import Literal, TextIO, get_args

from .clock import Clock

Form = Literal["auto", "human", "json"]
Level = Literal["debug", "info", "warning", "error"]
FORMS: tuple[str, ...] = get_args(Form)
LEVELS: tuple[str, ...] = get_args(Level)


@contextmanager
def written(stream: TextIO, clock: Clock, *, form: Form = "auto", level: Level = "warning") -> Iterator[None]:
    """Write what is logged in the block to *stream*; of libraries only warnings and worse, whatever the level."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines(clock, form, stream))
    lowest = getattr(logging, level.upper())
    handler.addFilter(lambda record: record.levelno >= (lowest if _is_ours(record) else max(lowest, logging.WARNING)))
    root, ours = logging.getLogger(), logging.getLogger("orderweft")
    before = ours.level
    ours.setLevel(min(lowest, ours.getEffectiveLevel()))
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(before)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "orderweft"


class _Lines(logging.Formatter):
    """Makes lines; what it takes to make them is loaded with the first, for most commands write none."""

    def __init__(self, clock: Clock, form: Form, stream: TextIO) -> None:
        super().__init__()
        self._clock, self._form, self._stream = clock, form, stream

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for *record*."""
        return self._maker.format(record)

    @cached_property
    def _maker(self) -> logging.Formatter:
        terminal = self._stream.isatty()
        made: logging.Formatter = import_module(".log_lines", __package__).formatter(
            self._clock,
            human=self._form == "human" or (self._form == "auto" and terminal),
            colors=terminal and not os.environ.get("NO_COLOR"),
        )
        return made
