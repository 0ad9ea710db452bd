"""What never leaves a channel: secrets, and where people live."""

from __future__ import annotations

from collections.abc import Iterator

from . import samples
from .base import Checks
from .faults import ALL
from .stage import ALL_READING, WRITING, Stage, needs, secrets_of
from .watching import talk_heard
from .works import works

_FAULTS = (None, "401", "no answer, all done", "a page for people, all done")


class Privacy(Checks):
    """What is true of everything a channel says, whatever happens."""

    def test_secrets_stay_inside(self) -> None:
        """No secret shows in a log, an error, an outcome, the journal of calls or the spool, whatever goes wrong."""
        stage = self.stage()
        said = "\n".join(self._said(stage, journal=True))
        leaked = [secret for secret in secrets_of(stage.settings()) if len(secret) > 5 and secret in said]
        assert not leaked, f"a secret must never be logged, told or stored; one stands in: {_around(said, leaked[0])}"

    @needs(some=(*ALL_READING, *WRITING.values()))
    def test_people_stay_inside(self) -> None:
        """No mail address, telephone number, street or name of a person shows in a log, an error or an outcome."""
        stage = self.stage()
        said = "\n".join(self._said(stage, journal=False))
        leaked = [one for one in samples.people() if one in said]
        assert not leaked, f"errors, outcomes and logs must not tell where people live; one does: {len(leaked)} details"

    def _said(self, stage: Stage, *, journal: bool) -> Iterator[str]:
        """Yield what is said while everything is tried, with and without faults."""
        every = works(self, stage).values()
        for name in _FAULTS:
            for work in every:
                faults = [] if name is None or stage.is_folder else [ALL[name].at("*", 1, 999)]
                line = stage.open(*faults)
                with talk_heard() as heard:
                    try:
                        answer = work(line)
                    except Exception as error:  # a stranger's hook may raise anything
                        yield f"{type(error).__name__}: {error}"
                    else:
                        yield str(answer)
                yield from heard
                yield from (payload for _, payload in line.spool.pending() if journal)
                yield from (str(exchange) for exchange in line.exchanges if journal)


def _around(text: str, secret: str) -> str:
    place = text.index(secret)
    return text[max(0, place - 60) : place] + "***"
