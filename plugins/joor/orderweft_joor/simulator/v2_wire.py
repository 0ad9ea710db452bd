"""What all v2 calls share: formats, parameters, paging, the envelope of an answer and of a refusal."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from orderweft import Request, Response

from .forms import Forms
from .model import Refusal
from .switches import Switches

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Span:
    """The page a call asks for."""

    start: int
    count: int


class Wire:
    """Read v2 calls and write their answers."""

    def __init__(self, switches: Switches, random_: random.Random) -> None:
        self.forms = Forms(switches)
        self._switches = switches
        self._random = random_

    def log_id(self) -> str:
        """Return an id as JOOR gives each call and each row of stock."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def span(self, given: Mapping[str, str]) -> Span:
        """Return the page that `start_from` and `count` ask for."""
        most, count = self._switches["max_count"], integer(given, "count", 50, 1)
        return Span(integer(given, "start_from", 0, 0), min(count, most) if most else count)

    def page(self, span: Span, total: int) -> dict[str, Any]:
        """Return what the envelope says of a page out of *total* rows."""
        end = span.start + span.count
        forms = {"zero": 0, "empty": "", "repeat": span.start, "beyond": end}
        form = self._switches["last_page"]
        following = {"next_start": end} if end < total else {} if form == "absent" else {"next_start": forms[form]}
        shown = max(0, min(end, total) - span.start)
        count = total if self._switches["response_count"] == "total" else shown
        return {"start_from": span.start, **following, "count": count}

    def answer(self, rows: Sequence[dict[str, Any]], kind: str = "order", **envelope: Any) -> Response:
        """Write *rows*, each a *kind*, under an envelope that tells success."""
        return Response.of_json(self.forms.body(self.success(**envelope), rows, kind))

    def success(self, **envelope: Any) -> dict[str, Any]:
        """Return the plain envelope of a call that succeeded."""
        return {"code": 0, "comment": "", **envelope, "log_id": self.log_id()}

    def found(self, row: dict[str, Any] | None, kind: str, sought: str) -> Response:
        """Write the one *row* that was *sought*, or what stands for none."""
        if row is None and self._switches["missing_record"] == "refused":
            raise Refusal(404, f"{kind} {sought} does not exist")
        return self.answer([] if row is None else [row], kind)

    def refuse(self, refusal: Refusal) -> Response:
        """Write *refusal* as v2 does."""
        body = self.forms.body({"code": refusal.status, "comment": refusal.comment, "log_id": self.log_id()})
        by_code = self._switches["v2_errors"] == "code" and refusal.status != 401
        return Response.of_json(body, 200 if by_code else refusal.status)

    def body(self, request: Request) -> Any:
        """Return the decoded body of a write."""
        check_formats(request)
        if not request.headers["content-type"].startswith("application/json"):
            raise Refusal(415, "JSON is the one format this simulator reads")
        try:
            return request.json()
        except ValueError:
            raise Refusal(400, "the body is not JSON") from None

    def rows(self, body: Any, *nodes: str) -> list[dict[str, Any]]:
        """Return the rows below *nodes*, the last of which may be left out or hold a single one."""
        for node in nodes[:-1]:
            if not isinstance(body, dict) or node not in body:
                raise Refusal(400, f"the body must have a node {node}")
            body = body[node]
        rows = listed(body, nodes[-1])
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise Refusal(400, f"{nodes[0]} must hold at least one {nodes[-1]}")
        most = self._switches["max_rows"]
        if most and len(rows) > most:
            raise Refusal(413, f"at most {most} rows per call")
        return rows


def listed(value: Any, node: str) -> list[Any]:
    """Return a list that is given plainly, or as one or several values of *node*."""
    if isinstance(value, dict):
        value = value.get(node, [])
    return value if isinstance(value, list) else [value] if value else []


def segments(request: Request) -> list[str]:
    """Return the decoded parts of the path."""
    return [unquote(part) for part in request.path.strip("/").split("/")]


def check_formats(request: Request) -> None:
    """Refuse a call that does not say what it sends and accepts."""
    content = request.headers.get("content-type", "").partition(";")[0].strip()
    if content not in ("application/json", "application/xml"):
        raise Refusal(415, "Content-Type must be application/json or application/xml")
    if "application/json" not in request.headers.get("accept", ""):
        raise Refusal(406, "Accept must be application/json, the one format this simulator writes")


def integer(given: Mapping[str, str], name: str, default: int, least: int, most: int | None = None) -> int:
    """Return the parameter *name*, a number within its range."""
    text = given.get(name, str(default))
    if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
        raise Refusal(400, f"{name} must be a number from {least}{'' if most is None else f' to {most}'}, not {text!r}")
    return int(text)


def window(given: Mapping[str, str], prefix: str = "date") -> Window | None:
    """Return the window named by a pair of parameters, which come together or not at all."""
    start, end = given.get(f"{prefix}_start"), given.get(f"{prefix}_end")
    if bool(start) != bool(end):
        raise Refusal(400, f"{prefix}_start and {prefix}_end must be given together")
    if not start or not end:
        return None
    whole_day = timedelta(days=1, microseconds=-1) if len(end) == len("2026-11-02") else timedelta()
    return _instant(start), _instant(end) + whole_day


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"{text!r} is not an ISO 8601 date") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
