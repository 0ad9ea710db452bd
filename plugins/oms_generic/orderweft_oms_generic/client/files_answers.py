"""What a system answers to the orders handed over, noted order by order before its files are put away."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from orderweft import Folder, RejectedError, SettingsError, UnavailableError

from ..profiles.answers import records_of, rows_in
from ..profiles.expressions import Context
from ..profiles.functions import text_of
from ..profiles.model import FileWriting, Profile
from .codecs import BadFileError, decode
from .files_inbox import Arrived, Inbox
from .files_outbox import Outbox, Spot, is_name

_YES = ("true", "yes", "y", "1")
_NO = ("false", "no", "n", "0")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system says of one order."""

    accepted: Literal["yes", "no", "partly"]
    file: str
    message: str = ""
    id: str | None = None
    number: str | None = None


class Answers:
    """The answers of a system that gives any."""

    def __init__(
        self, profile: Profile, writing: FileWriting, inbox: Inbox, outbox: Outbox, folder: Folder, context: Context
    ) -> None:
        """Look at nothing yet; raises SettingsError when answers could be read twice."""
        if inbox.spec.done is None:
            raise SettingsError(f"{profile.id} orders.file.answer: needs a folder `done` for answers that were read")
        assert writing.answered is not None
        self._profile, self._rows, self._inbox, self._outbox = profile, writing.answered, inbox, outbox
        self._form, self._folder, self._context = profile.formats[inbox.spec.format], folder, context

    def collect(self) -> list[str]:
        """Note every answer that has come and put its file away; return what cannot be read."""
        problems: list[str] = []
        for one in self._inbox.arrived():
            try:
                wrong = self._note_all(one)
            except BadFileError as error:
                wrong = [str(error)]
            if wrong:
                place = self._inbox.fail(one)
                problems += [f"{problem} (the file is {place!r} now)" for problem in wrong]
            else:
                self._inbox.finish(one)
        return problems

    def of(self, spot: Spot) -> Answer | None:
        """Return what is noted of one order."""
        noted = self._noted(spot)
        try:
            return Answer(**json.loads(noted)) if noted else None
        except (ValueError, TypeError) as error:
            raise UnavailableError(f"{self._folder.name}: {spot.answer!r} is damaged; look at it") from error

    def _noted(self, spot: Spot) -> str | bytes | None:
        try:
            return self._folder.read(spot.answer)
        except RejectedError:
            archived = self._outbox.archived(spot)
            return None if archived is None else archived.answer

    def _note_all(self, one: Arrived) -> list[str]:
        data = decode(self._form, self._inbox.load(one), one.path)
        try:
            found = rows_in(self._profile, self._rows, data, {}, self._context)
        except UnavailableError as error:
            raise BadFileError(f"{one.path}: {error}") from None
        records, unread = records_of(self._profile, self._rows, found, self._context)
        wrong = [f"{one.path}, {problem.label}: {problem.problem}" for problem in unread]
        told: dict[str, list[Answer]] = {}
        for number, record in enumerate(records, 1):
            try:
                key, answer = _answer(record, one.entry.name)
                told.setdefault(key, []).append(answer)
            except ValueError as error:
                wrong.append(f"{one.path}, answer {number}: {error}")
        for key, answers in told.items():
            self._note(key, _together(answers))
        return wrong

    def _note(self, key: str, answer: Answer) -> None:
        spot = self._outbox.spot(key, self._context)
        # answers to what others hand over are none of our business
        if not self._outbox.has_note(spot):
            return
        known = self.of(spot)
        # what was taken stays taken: a later refusal says that it came twice
        if known == answer or (known is not None and known.accepted == "yes"):
            return
        self._folder.delete(spot.answer)
        self._folder.write(spot.answer, json.dumps(asdict(answer), ensure_ascii=False).encode())


def _answer(record: Mapping[str, Any], file: str) -> tuple[str, Answer]:
    key, word = str(record.get("key") or ""), record.get("accepted")
    if not is_name(key):
        raise ValueError(f"{key[:80]!r} is no key of an order")
    text = "" if word is None else text_of(word).strip().lower()
    if text not in (*_YES, *_NO):
        raise ValueError(f"`accepted` of {key} is {text[:40]!r}, expected yes or no")
    told = {name: str(record[name])[:_LONGEST] for name in ("message", "id", "number") if record.get(name)}
    return key, Answer("yes" if text in _YES else "no", file, **told)


def _together(answers: Sequence[Answer]) -> Answer:
    """Return what several answers to one order in one file say together."""
    kinds = {answer.accepted for answer in answers}
    if len(kinds) == 1:
        return answers[0]
    refusals = "; ".join(answer.message for answer in answers if answer.accepted == "no" and answer.message)
    return Answer("partly", answers[0].file, refusals[:_LONGEST])
