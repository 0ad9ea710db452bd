"""Steps *read*, *map* and *check* of stock, catalog, customers and shipments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from ..errors import InvalidRecordError, SettingsError, TemplateError
from ..exchange import Kind, Moved, RecordPage
from ..ledger import Incoming, Misfit
from ..plugins import MOVES
from ..records import StockLevel
from ..rules import FieldMap, SkipRules
from ..schema import RECORD_OF, Checker, load
from .check import misses_told
from .merge import merged, parts_of
from .record_job import Planned, RecordJob, mark_of

_YES = ("1", "true", "yes", "y", "on")


class Gatherer:
    """Reads a source to its end and sorts its records: to be compared, left out, or held."""

    def __init__(self, job: RecordJob) -> None:
        settings, self._job = job.config.settings, job
        self._kind: Kind = settings.moves
        accepts = job.destination.call("accepts", kind=self._kind)
        if accepts is None and job.destination.can("accepts"):
            raise SettingsError(job.destination.why_it_takes_no(self._kind))
        self._map = FieldMap(settings.map, self._kind)
        self._rules = SkipRules(((rule.when, rule.reason) for rule in settings.skip), self._kind)
        self._checker = Checker(load(RECORD_OF[self._kind]), dict(accepts or {}))
        job.item_code = _item_code(accepts) if self._kind == "inventory" else None
        self._flags = ("skip_push", f"skip_{job.config.destination.channel}")

    def gather(self) -> None:
        """Read everything; raises ChannelError when the source fails, and then nothing may be sent."""
        job = self._job
        with job.source.named():
            for page in job.source.call(MOVES[self._kind][0]):
                self._take(page)
                job.complete = page.complete
                if job.stop.is_set():
                    return
        self._hold_twins()

    def _take(self, page: RecordPage) -> None:
        job = self._job
        misfits = [
            Misfit(
                f"unread:{_sound(one.id)}", _sound(one.label), "invalid_field", _sound(one.problem),
                f"correct it at {job.source.title}",
            )
            for one in page.unread
        ]  # fmt: skip
        coming, aside = [], []
        for record in page.records:
            sorted_ = self._sort(record)
            if isinstance(sorted_, Incoming):
                coming.append(sorted_)
            elif isinstance(sorted_, Misfit):
                misfits.append(sorted_)
            else:
                aside.append(sorted_)
        self._leave_out(aside)
        job.book.take_in(merged(coming, job.book.taken(one.key for one in coming)))
        self._hold(misfits)
        job.report.warnings.extend(page.warnings)
        job.count(read=len(page.records) + len(page.unread), skipped=len(aside))
        job.tell("staged")

    def _leave_out(self, aside: list[Planned]) -> None:
        self._job.book.set_aside(one.key for one in aside)
        if self._job.options.dry_run:
            self._job.report.planned.extend(aside)

    def _sort(self, record: Moved) -> Incoming | Misfit | Planned:
        """Return *record* ready to be compared, why it cannot go out, or why it is left out."""
        try:
            reason = self._flag(record) or self._rules.reason(record)
            if reason is not None:
                return Planned(self._identity(record), record.label, "skip", message=reason)
            mapped = self._map.apply(record)
            data = mapped.to_data()
            text = to_json(data).decode()
        except (TemplateError, InvalidRecordError) as error:
            self._job.astray = self._job.astray or bool(self._map)
            fix = "correct the pipeline's map or rules, or the record"
            return Misfit(record.identity, record.label, "invalid_field", str(error), fix)
        except PydanticSerializationError:
            told, fix = "a text in it is no Unicode", f"correct it at {self._job.source.title}"
            return Misfit(record.identity, record.label, "invalid_field", told, fix)
        misses = self._checker.misses(data)
        if misses:
            told = misses_told(misses, data)
            return Misfit(
                self._named(mapped),
                mapped.label,
                "invalid_field",
                f"{self._job.destination.title} needs more than it has: {told}",
                f"add it at {self._job.source.title}, or set it by a template in the pipeline's map",
            )
        item = mapped.item.key_by(self._job.item_code) if isinstance(mapped, StockLevel) else None
        return Incoming(self._named(mapped), mapped.label, text, mark_of(data), item, parts=parts_of(mapped))

    def _identity(self, record: Moved) -> str:
        """Return the identity *record* has at the destination."""
        try:
            return self._named(self._map.apply(record))
        except (TemplateError, InvalidRecordError):
            self._job.astray = True
            return record.identity

    def _named(self, record: Moved) -> str:
        return record.identity_by(self._job.item_code) if isinstance(record, StockLevel) else record.identity

    def _flag(self, record: Moved) -> str | None:
        """Return the flag that keeps a stock level out, if one does."""
        if not isinstance(record, StockLevel):
            return None
        fields = (record.item.custom_fields, record.custom_fields)
        set_ = (flag for some in fields for flag in self._flags if some.get(flag, "").strip().lower() in _YES)
        return next(set_, None)

    def _hold_twins(self) -> None:
        self._hold(
            [
                Misfit(
                    key,
                    label,
                    "invalid_field",
                    f"{times} records of {self._job.source.title} are the same for {self._job.destination.title}: "
                    f"they have one {key.partition(':')[0]}; none of them is sent",
                    f"give each its own barcode or code at {self._job.source.title}, or leave all but one out",
                )
                for key, label, times in self._job.book.twice()
            ]
        )

    def _hold(self, misfits: list[Misfit]) -> None:
        if not misfits:
            return
        self._job.count(held=len(misfits))
        if self._job.options.dry_run:
            self._job.book.keep_back(one.key for one in misfits)
            self._job.report.planned.extend(Planned(one.key, one.label, "hold", message=one.message) for one in misfits)
        else:
            self._job.book.hold(misfits)


def _item_code(accepts: Mapping[str, Any] | None) -> str | None:
    """Return the one code a destination calls items by, if it needs one: then two items that share it are one there."""
    item = (accepts or {}).get("properties", {}).get("item", {})
    codes = {"sku", "barcode"} & set(item.get("required", ()))
    return codes.pop() if len(codes) == 1 else None


def _sound(text: str) -> str:
    """Spell out what is no Unicode in *text*: half a surrogate pair, as JSON may hold it."""
    return text.encode("utf-8", "backslashreplace").decode()
