"""Write products as v2 styles: one background job, followed to its end, and each style read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orderweft import ChannelError, Connection, InvalidRecordError, Outcome, Product, UnknownOutcomeError

from ..client import StyleClient
from ..config import Settings
from ..mapping import style_difference, style_id, style_row
from .form import form_of
from .pictures import Pictures
from .work import Work


class Writer:
    """Writes one batch of products."""

    def __init__(self, connection: Connection[Settings], products: Sequence[Product]) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._client = connection.once(StyleClient)
        self._works = [Work(product) for product in products]
        self._rows: dict[Work, dict[str, Any]] = {}

    def run(self) -> list[Outcome]:
        """Return one outcome per product; raise only when nothing was written."""
        try:
            for work in self._works:
                self._prepare(work)
            self._send()
        except ChannelError as error:
            if not any(work.touched for work in self._works):
                raise
            for work in self._works:
                if work.outcome is None:
                    work.interrupt(error)
        return [work.outcome for work in self._works if work.outcome]

    def _prepare(self, work: Work) -> None:
        form, add = form_of(self._settings), self._settings.collections == "add"
        try:
            new, _ = style_row(work.product, None, form, deliveries=add)
            there = self._client.style(new["style_number"], new["style_identifier"])
            row, remarks = style_row(work.product, there, form, deliveries=add)
            if there is not None and style_difference(row, there) is None and "deliveries" not in row:
                work.id = style_id(there)[0]
            else:
                self._rows[work] = row
            work.remarks += remarks
        except InvalidRecordError as error:
            work.refuse(str(error), "invalid_field")

    def _send(self) -> None:
        if self._rows:
            try:
                job = self._client.send(list(self._rows.values()))
            except UnknownOutcomeError:
                self._touch()
                raise
            self._touch()
            ended = job is not None and self._client.wait(job)
            for work, row in self._rows.items():
                self._verify(work, row, job, ended=ended)
        pictures = Pictures(self._connection, by_v4=False)
        for work in self._works:
            if work.outcome is None:
                if self._settings.images == "add":
                    pictures.upload(work)
                work.accept()

    def _touch(self) -> None:
        for work in self._rows:
            work.touched = True

    def _verify(self, work: Work, row: dict[str, Any], job: str | None, *, ended: bool) -> None:
        there = self._client.style(row["style_number"], row["style_identifier"])
        try:
            wrong = "the style itself" if there is None else style_difference(row, there)
        except InvalidRecordError as error:
            wrong = str(error)
        work.id = style_id(there)[0] if there else row["style_identifier"]
        if wrong is None:
            return
        if ended:
            # A job tells how far it is and not what it refused: JOOR's page on bulk style jobs.
            fix = "JOOR's e-mail about the job, where one is set up, says why."
            work.refuse(f"JOOR's job {job} has ended without {wrong}", fix=fix)
        else:
            work.remarks.append(f"JOOR's job {job or 'without a number'} has not ended yet.")
            work.accept(pending=True)
