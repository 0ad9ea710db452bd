"""Records of any kind but orders, written batch by batch as the profile says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orderweft import (
    Accepted,
    AuthenticationError,
    Connection,
    Customer,
    NotSent,
    Outcome,
    Reason,
    Receipt,
    Refused,
    RejectedError,
    SettingsError,
    StockLevel,
    TemplateError,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
    WriteMode,
)

from ..config import Settings
from ..mapping import with_codes
from ..profiles.answers import answered, record_found, row_errors
from ..profiles.calls import render_call
from ..profiles.model import Call, Writing
from ..profiles.tree import render_text
from . import Answer, Client


def write_records(
    connection: Connection[Settings], writing: Writing, records: Sequence[StockLevel | Customer], mode: WriteMode
) -> list[Outcome]:
    """Write *records* in as many calls as the profile's batches make; one outcome each, in order."""
    writer = _Writer(connection, writing, mode)
    outcomes: list[Outcome | None] = []
    ready: list[tuple[int, dict[str, Any]]] = []
    for index, record in enumerate(records):
        data = writer.prepared(record)
        outcomes.append(data if isinstance(data, Refused) else None)
        if not isinstance(data, Refused):
            ready.append((index, data))
    if mode == "overwrite" and len(ready) < len(records):
        refusals = [outcome.message for outcome in outcomes if isinstance(outcome, Refused)]
        raise SettingsError(f"stock is not overwritten, for what cannot be sent would be cleared: {refusals[0]}")
    for start in range(0, len(ready), writing.batch):
        batch = ready[start : start + writing.batch]
        made, goes_on = writer.write([data for _, data in batch], first=start == 0)
        for (index, _), outcome in zip(batch, made, strict=True):
            outcomes[index] = outcome
        if not goes_on:
            break
    return [outcome or NotSent(message="not begun, because a call before it failed") for outcome in outcomes]


def _label(data: Mapping[str, Any]) -> str:
    item = data.get("item") or {}
    names = (item.get("sku"), item.get("barcode"), data.get("account_code"), data["origin"]["id"])
    return next(str(name) for name in names if name)


class _Writer:
    def __init__(self, connection: Connection[Settings], writing: Writing, mode: WriteMode) -> None:
        self._settings, self._profile = connection.settings, connection.settings.system
        self._client = connection.once(Client)
        self._writing, self._mode = writing, mode

    def prepared(self, record: StockLevel | Customer) -> dict[str, Any] | Refused:
        """Return a record as plain data, or why it cannot be sent."""
        try:
            data = with_codes(record.to_data(), self._settings)
            render_call(self._profile, self._writing.find or self._writing.call, self._context([data]))
        except TemplateError as error:
            return Refused(reason="invalid_field", message=f"{record.label}: {error}")
        return data

    def write(self, batch: list[dict[str, Any]], *, first: bool) -> tuple[list[Outcome], bool]:
        """Write one batch; return its outcomes, and whether the next one may be sent."""
        context = self._context(batch)
        try:
            if self._writing.find is not None:
                context["found"] = self._find(self._writing.find, context)
                if context["found"] is None:
                    name, title = _label(batch[0]), self._profile.title
                    message, fix = f"not in {title}: {name}", f"add it in {title}"
                    return [Refused(reason=self._unknown, message=message, fix=fix)], True
            answer = self._client.write(self._writing.call, context)
            if answer.verdict.is_ in ("credentials", "settings"):
                raise self._client.failure(answer.verdict)
        except UnknownOutcomeError as error:
            return [Unknown(message=str(error))] * len(batch), False
        except RejectedError as error:
            return [Refused(reason="refused", message=str(error))], True
        except TemplateError as error:
            return [Refused(reason="invalid_field", message=str(error))] * len(batch), True
        except (UnavailableError, AuthenticationError, SettingsError) as error:
            if first:
                raise
            return [NotSent(message=str(error))] * len(batch), False
        return self._understood(answer, batch, context)

    def _find(self, call: Call, context: Mapping[str, Any]) -> Any:
        """Return what the system has of the one record, None when it has nothing of it."""
        answer = self._client.read(call, context)
        if answer is None:
            return None
        return record_found(self._profile, self._writing, answer.body, answer.headers, context)

    @property
    def _unknown(self) -> Reason:
        return "unknown_item" if self._writing is self._profile.inventory.write else "unknown_customer"

    def _understood(
        self, answer: Answer, batch: list[dict[str, Any]], context: Mapping[str, Any]
    ) -> tuple[list[Outcome], bool]:
        verdict = answer.verdict
        if verdict.is_ in ("throttled", "not_applied"):
            return [NotSent(message=verdict.message, retry_after=verdict.wait)] * len(batch), False
        if verdict.is_ == "unknown":
            return [Unknown(message=verdict.message)] * len(batch), True
        if verdict.is_ not in ("ok", "already_there"):
            several = f" (said of {len(batch)} together)" if len(batch) > 1 else ""
            refused = Refused(reason=verdict.reason, message=f"{verdict.message}{several}", fix=verdict.fix)
            return [refused] * len(batch), True
        try:
            errors = row_errors(self._profile, self._writing, answer.body, answer.headers, context)
        except TemplateError as error:
            return [Unknown(message=str(error))] * len(batch), True
        return [self._outcome(answer, data, context, errors.get(index)) for index, data in enumerate(batch)], True

    def _outcome(
        self, answer: Answer, data: dict[str, Any], context: Mapping[str, Any], refusal: str | None
    ) -> Outcome:
        if refusal is not None:
            return Refused(reason="refused", message=refusal)
        names = answered(self._profile, {**context, "record": data}, answer.body, answer.headers)
        try:
            id_ = render_text(self._writing.id, names, f"{self._profile.id} id")
        except TemplateError:
            id_ = None
        return Accepted(receipt=Receipt(id=id_ or data["origin"]["id"]))

    def _context(self, batch: list[dict[str, Any]]) -> dict[str, Any]:
        return {"settings": self._settings.texts, "records": batch, "record": batch[0], "mode": self._mode}
