"""Orders, stock and all else exchanged with a system as files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from orderweft import (
    Accepted,
    Account,
    AlreadyThere,
    AuthenticationError,
    ChannelError,
    Clock,
    Connection,
    Delivery,
    Folder,
    NotSent,
    Outcome,
    Receipt,
    Refused,
    RejectedError,
    SettingsError,
    TemplateError,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
    open_folder,
)

from ..config import Settings
from ..mapping import Taken, with_codes
from ..profiles.answers import rows_in
from ..profiles.calls import key_of, scope
from ..profiles.folders import format_named
from ..profiles.model import FileReading, Profile, Reading
from ..profiles.paging import news
from ..profiles.places import readings_of
from .codecs import BadFileError, check_format, decode, encode
from .files_answers import Answer, Answers
from .files_in_flight import in_flight, note_pieces
from .files_inbox import Arrived, Inbox
from .files_outbox import Outbox, Spot

_RETRY = 60.0


class Exchange:
    """The files exchanged with one system, in one folder."""

    def __init__(
        self,
        profile: Profile,
        folder: Folder,
        clock: Clock,
        texts: Mapping[str, str | None] | None = None,
        coded: Callable[[dict[str, Any]], dict[str, Any]] = dict,
        notes_pieces: bool = False,
    ) -> None:
        """Open nothing yet; *texts* are the values of the profile's settings, *coded* puts the system's item codes in.

        Raises SettingsError for what the profile says of files and cannot be done.
        """
        self._profile, self._folder, self._clock = profile, folder, clock
        self._texts: Mapping[str, str | None] = texts or {}
        self._coded, self._notes_pieces = coded, notes_pieces
        self.read_as_of: datetime | None = None
        """When the newest file that was read had been written."""
        self._inboxes = {name: self._inbox(reading.file)
                         for name, (_, reading) in readings_of(profile).items() if reading.file}  # fmt: skip
        self._outbox: Outbox | None = None
        self._answers: Answers | None = None
        self._is_tidy = False
        # What is in the folder decides whether a file is written, so one thread looks and writes at a time.
        self._turn = threading.Lock()
        self._prepare_orders()

    def _prepare_orders(self) -> None:
        profile = self._profile
        writing = profile.orders.file if profile.orders else None
        if writing is None:
            return
        self._format = format_named(profile, writing.format, self._texts)
        check_format(profile.formats[self._format], f"{profile.id} formats.{self._format}", written=True)
        self._outbox = Outbox(profile, writing, self._folder)
        if writing.answer is not None:
            inbox, context = self._inbox(writing.answer), self._names()
            self._answers = Answers(profile, writing, inbox, self._outbox, self._folder, context)

    def _inbox(self, spec: FileReading) -> Inbox:
        inbox = Inbox(self._profile, spec, self._texts, self._folder, self._clock)
        name = inbox.spec.format
        check_format(self._profile.formats[name], f"{self._profile.id} formats.{name}", written=False)
        return inbox

    def _names(self, **more: Any) -> dict[str, Any]:
        return scope(self._profile, {"settings": self._texts, **more})

    def close(self) -> None:
        """Close what is kept open."""
        self._folder.close()

    # reading

    def read(
        self, reading: Reading, *, since: datetime | None = None, peek: bool = False
    ) -> Iterator[tuple[list[Any], bool]]:
        """Yield the rows of each file, with True for the last; what is read is put away once all were asked for.

        Of `newest` it is the newest file, read before or not; of `all`, those not read yet and those read before that
        were written in the last `max_age_hours`, oldest first, without rows an earlier one has word for word. Orders
        are read once, but for those written since *since*. With *peek* everything stays where it is.

        Raises UnavailableError when there is no file and there should be one, when one cannot be read or is too old,
        and when it has so few rows that it can hardly be whole.
        """
        name = next(name for name, (_, one) in readings_of(self._profile).items() if one == reading)
        inbox = self._inboxes[name]
        if inbox.spec.pick == "newest":
            yield from self._read_newest(reading, inbox, peek)
        else:
            yield from self._read_all(reading, inbox, self._kept(name, inbox, since), peek)

    def _kept(self, name: str, inbox: Inbox, since: datetime | None) -> list[Arrived]:
        hours = inbox.spec.max_age_hours
        if since is None and hours is not None:
            since = self._clock.now() - timedelta(hours=hours)
        elif since is None and name == "fetch_orders":
            since = datetime.max.replace(tzinfo=UTC)
        return inbox.kept(since)

    def _read_newest(self, reading: Reading, inbox: Inbox, peek: bool) -> Iterator[tuple[list[Any], bool]]:
        arrived, kept = inbox.arrived(), inbox.kept()
        if not arrived and not kept:
            raise UnavailableError(f"there is no whole file {inbox.place}; have it written", retry_after=_RETRY)
        newest = (arrived or kept)[-1]
        inbox.check_age(newest)
        self.read_as_of = newest.entry.modified
        one = newest if peek else inbox.claim(newest)
        rows = self._rows(reading, inbox, one, peek)
        if arrived:
            before = kept[-1:] or (arrived[-2:-1] if inbox.spec.done is None else [])
            self._check_shrunk(reading, inbox, one, len(rows), before)
        yield rows, True
        for older in () if peek else arrived[:-1]:
            inbox.finish(older)
        if not peek:
            inbox.finish(one)

    def _read_all(
        self, reading: Reading, inbox: Inbox, kept: Sequence[Arrived], peek: bool
    ) -> Iterator[tuple[list[Any], bool]]:
        arrived = inbox.arrived()
        files = [*kept, *arrived]
        if not files and reading.complete:
            raise UnavailableError(f"there is no whole file {inbox.place}; have it written", retry_after=_RETRY)
        if not files:
            yield [], True
        read: list[Arrived] = []
        problems: list[str] = []
        seen: set[str] = set()
        for index, file in enumerate(files, 1):
            try:
                one = file if peek else inbox.claim(file)
                rows = self._rows(reading, inbox, one, peek)
            except BadFileError as error:
                problems.append(str(error))
                continue
            read.append(one)
            rows = news(rows, seen)
            yield rows, index == len(files) and not problems
        if problems:
            # what was read stays where it is, for whoever asked may have thrown it away with this error
            raise BadFileError("\n".join(problems))
        for one in () if peek else read:
            inbox.finish(one)

    def _rows(self, reading: Reading, inbox: Inbox, one: Arrived, peek: bool) -> list[Any]:
        data = inbox.load(one)
        try:
            return self._decoded(reading, inbox, one, data)
        except BadFileError as error:
            place = one.path if peek else inbox.fail(one)
            raise BadFileError(f"{error} (the file is {place!r} now)") from None

    def _decoded(self, reading: Reading, inbox: Inbox, one: Arrived, data: bytes) -> list[Any]:
        body = decode(self._profile.formats[inbox.spec.format], data, one.path)
        try:
            return rows_in(self._profile, reading.rows, body, {}, self._names())
        except UnavailableError as error:
            raise BadFileError(f"{one.path}: {error}") from None

    def _check_shrunk(
        self, reading: Reading, inbox: Inbox, one: Arrived, count: int, before: Sequence[Arrived]
    ) -> None:
        for other in before:
            try:
                many = len(self._decoded(reading, inbox, other, inbox.load(other)))
            except UnavailableError:
                continue
            if (many - count) * 100 > many * inbox.spec.shrink_percent:
                raise UnavailableError(
                    f"{one.path} has {count} rows and {other.path}, the one before, {many}; nothing is done with it "
                    f"(shrink_percent = {inbox.spec.shrink_percent}). If that is right, take the one before away"
                )

    # orders

    def _open_outbox(self) -> Outbox:
        if self._outbox is None:
            raise SettingsError(f"{self._profile.title} takes no orders as files")
        return self._outbox

    def deliver(self, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Hand each order over unless it was before; one outcome each.

        Raises AuthenticationError, SettingsError or UnavailableError when nothing was handed over.
        """
        outbox = self._open_outbox()
        outcomes: list[Outcome] = []
        with self._turn:
            if self._answers is not None:
                self._answers.collect()
            for delivery in deliveries:
                try:
                    outcomes.append(self._outcome(outbox, delivery))
                except (AuthenticationError, SettingsError) as error:
                    if not outcomes:
                        raise
                    outcomes.append(NotSent(message=str(error)))
            self._tidy(outbox, deliveries)
        return outcomes

    def _tidy(self, outbox: Outbox, deliveries: Sequence[Delivery]) -> None:
        """Put old notes together once; what fails is done at another delivery, for nothing depends on it."""
        if self._is_tidy or not deliveries:
            return
        self._is_tidy = True
        with suppress(ChannelError, RejectedError, TemplateError):
            outbox.tidy(
                outbox.spot(key_of(self._profile, deliveries[0].key, self._texts), self._names()), self._clock.now()
            )

    def _outcome(self, outbox: Outbox, delivery: Delivery) -> Outcome:
        try:
            return self._deliver(outbox, delivery)
        except TemplateError as error:
            return Refused(reason="invalid_field", message=str(error))
        except RejectedError as error:
            return Refused(reason="refused", message=str(error), fix="look at the file and take it away if it is wrong")
        except UnavailableError as error:
            return NotSent(message=str(error), retry_after=error.retry_after)
        except UnknownOutcomeError as error:
            return Unknown(message=str(error))

    def _deliver(self, outbox: Outbox, delivery: Delivery) -> Outcome:
        spot = outbox.spot(key_of(self._profile, delivery.key, self._texts), self._names())
        answer = self._answers.of(spot) if self._answers else None
        if answer is not None and answer.accepted == "partly":
            # what was taken would be doubled
            return self._refusal(answer, spot)
        again = answer is not None and answer.accepted == "no"
        there = not again and outbox.handed_over(spot)
        if there and outbox.has_note(spot):
            return AlreadyThere(receipt=self._receipt(spot, answer))
        data = self._file_of(spot, delivery)
        if there:
            if not outbox.holds(spot, data):
                raise RejectedError(f"{self._folder.name}: {spot.path!r} is there already with another content")
            outbox.adopt(spot)
            return AlreadyThere(receipt=self._receipt(spot, None))
        if self._notes_pieces:
            note_pieces(self._folder, spot, self._coded(delivery.order.to_data()))
        outbox.put(spot, data, again=again)
        return Accepted(receipt=self._receipt(spot, None, self._clock.now()))

    def _file_of(self, spot: Spot, delivery: Delivery) -> bytes:
        profile, name = self._profile, self._format
        names = self._names(key=spot.key, order=self._coded(delivery.order.to_data()))
        return encode(profile.formats[name], names, f"{profile.id} formats.{name}")

    def find(self, keys: Sequence[str]) -> dict[str, Receipt | Refused]:
        """Return what became of those *keys* that were handed over; one left out was not, certainly."""
        outbox = self._open_outbox()
        found: dict[str, Receipt | Refused] = {}
        with self._turn:
            problems = self._answers.collect() if self._answers else []
            for key in keys:
                try:
                    spot = outbox.spot(key_of(self._profile, key, self._texts), self._names())
                except TemplateError as error:
                    raise SettingsError(str(error)) from None
                answer = self._answers.of(spot) if self._answers else None
                if answer is not None and answer.accepted != "yes":
                    found[key] = self._refusal(answer, spot)
                elif answer is not None or outbox.handed_over(spot):
                    found[key] = self._receipt(spot, answer)
        if problems and any(isinstance(one, Receipt) and one.pending for one in found.values()):
            raise UnavailableError("answers cannot be read: " + "; ".join(problems), retry_after=_RETRY)
        return found

    def _receipt(self, spot: Spot, answer: Answer | None, at: datetime | None = None) -> Receipt:
        return Receipt(
            id=(answer and answer.id) or spot.key,
            number=answer and answer.number,
            at=at,
            remarks=() if answer else (f"handed over as {spot.path}",),
            pending=self._answers is not None and answer is None,
        )

    def _refusal(self, answer: Answer, spot: Spot) -> Refused:
        told = f": {answer.message}" if answer.message else ""
        title, place = self._profile.title, f"{spot.path} ({answer.file})"
        if answer.accepted == "partly":
            fix = "look there what is missing, and enter it by hand"
            return Refused(reason="needs_person", message=f"{title} took a part of {place} only{told}", fix=fix)
        return Refused(
            reason="refused", message=f"{title} refused {place}{told}", fix="mend it there or here, and release it"
        )

    def in_flight(self, since: datetime) -> list[Taken]:
        """Return the orders handed over since *since* that were not refused, as far as their pieces were noted."""
        outbox = self._open_outbox()
        with self._turn:
            return in_flight(outbox, self._answers, self._folder, self._names(), since)

    # the connection as a whole

    def check(self) -> Account:
        """Look into every folder that is named; change nothing."""
        folder, details, warnings = self._folder, [self._profile.title], []
        folder.list()
        for name, inbox in self._inboxes.items():
            there = [*inbox.kept(), *inbox.listed()]
            if there:
                newest = max(there, key=lambda one: one.age_key)
                details.append(f"{name}: newest file {newest.path}{_age(self._clock, newest)}")
            elif not folder.exists(inbox.spec.folder or "."):
                warnings.append(f"{name}: there is no folder {inbox.spec.folder!r}.")
            else:
                warnings.append(f"{name}: there is no file {inbox.place}.")
        if self._outbox is not None and self._answers is None:
            details.append("orders count as delivered when their file is written, for no answers are read")
        return Account(id=folder.name, name=f"{self._profile.title} {folder.name}",
                       details=tuple(details), warnings=tuple(warnings))  # fmt: skip


def _age(clock: Clock, one: Arrived) -> str:
    if one.entry.modified is None:
        return ""
    hours = max(0, int((clock.now() - one.entry.modified).total_seconds() // 3600))
    return f", {hours // 24} days old" if hours >= 48 else f", {hours} hours old"


class FileClient(Exchange):
    """The files of one account; use `connection.once(FileClient)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        """Open nothing yet; raises SettingsError when the folder's settings cannot be used."""
        settings = connection.settings
        super().__init__(
            settings.system,
            _open(settings),
            connection.clock,
            settings.texts,
            lambda order: with_codes(order, settings),
            settings.subtract_in_flight,
        )


def _open(settings: Settings) -> Folder:
    if settings.folder is None:
        raise SettingsError(f"{settings.profile} exchanges files; set folder")
    secrets = {name: value.get_secret_value() for name in ("password", "private_key", "secret_key")
               if (value := getattr(settings, name)) is not None}  # fmt: skip
    return open_folder(
        settings.folder,
        host_key=settings.host_key,
        timeout=settings.timeout,
        access_key=settings.access_key,
        region=settings.region,
        endpoint=settings.endpoint,
        ca_certificate=settings.ca_certificate,
        **secrets,
    )
