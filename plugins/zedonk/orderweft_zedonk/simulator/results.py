"""What became of each row of an imported file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Status = Literal["CREATED", "UPDATED", "SKIPPED", "ERROR"]
InRow = dict[str, str]
"""One row of a file that came in, by column name, as it stands there."""


@dataclass(frozen=True)
class Result:
    """One row's outcome; *row* counts the rows below the header from 1, and 0 stands for the whole file."""

    row: int
    key: str
    status: Status
    code: str = ""
    message: str = ""


class RowRefusal(Exception):
    """Raised when what a row says cannot be taken."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def refuse_all(results: Iterable[Result]) -> list[Result]:
    """Return *results* of a file of which nothing is taken: the rows without a fault of their own are errors too."""
    # NuORDER's pages on Zedonk's files: nothing is saved from a file that has errors
    kept = list(results)
    wrong = ", ".join(str(one.row) for one in kept if one.status == "ERROR")
    message = f"nothing of this file was imported because of row {wrong}"
    return [one if one.status == "ERROR" else replace(one, status="ERROR", code="file_refused", message=message)
            for one in kept]  # fmt: skip
