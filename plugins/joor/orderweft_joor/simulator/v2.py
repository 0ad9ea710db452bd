"""The v2 order calls, where a GET can be a write."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from orderweft import Request, Response

from .books import Books
from .forms import Forms
from .model import Order, Refusal, Status
from .switches import Switches

# https://api-docs.jooraccess.com/v2.0/reference/get-orders, order_type
_STATUSES: dict[int, frozenset[Status]] = {
    1: frozenset({"notes"}),
    2: frozenset({"approved", "shipped"}),
    3: frozenset({"pending"}),
    4: frozenset({"cart", "notes", "pending", "approved", "shipped"}),
    5: frozenset({"cancelled"}),
    6: frozenset({"approved"}),
    7: frozenset({"shipped"}),
    8: frozenset({"cart", "notes", "pending", "approved", "shipped", "cancelled"}),
}
# https://api-docs.jooraccess.com/v2.0/reference/get-orders, export_status
_EXPORT_CLASSES = {
    1: {"never", "failed", "success", "modified"},
    2: {"never", "failed"},
    3: {"success", "modified"},
    4: {"modified"},
    5: {"never", "failed", "modified"},
    6: {"never"},
    7: {"never", "modified"},
}
_LISTED_FIELDS = {"division_code": "order_divisions", "door_codes": "order_doors", "door_names": "order_doors"}


@dataclass(frozen=True)
class _Query:
    statuses: frozenset[Status]
    export_classes: set[str]
    window: tuple[datetime, datetime] | None
    sync: bool
    check: int
    start_from: int
    count: int
    exact: Mapping[str, str]
    """Header fields and the text they must have."""
    order_id: str | None


class V2:
    """Answer the v2 order calls."""

    def __init__(self, books: Books, switches: Switches, random_: random.Random) -> None:
        self._books = books
        self._switches = switches
        self._random = random_
        self._forms = Forms(switches)
        self._snapshots: dict[tuple[tuple[str, str], ...], list[int]] = {}

    def read_list(self, request: Request) -> Response:
        """Answer the order list; under `sync=1` its orders are marked before the answer leaves."""
        _check_formats(request)
        query = self._query(request.query)
        found = self._found(request.query, query)
        page = found[query.start_from : query.start_from + query.count]
        total = len(found)
        envelope: dict[str, Any] = {
            "start_from": query.start_from,
            **self._next_start(query, total),
            "count": total if self._switches["response_count"] == "total" else len(page),
        }
        answer = self._answer(page, envelope)
        if query.sync:
            for order in page:
                self._books.mark(order, "success")
        return answer

    def read_one(self, request: Request) -> Response:
        """Answer one order by its id, whatever its status."""
        _check_formats(request)
        sync = self._sync(request.query)
        order_id = request.path.rstrip("/").rpartition("/")[2]
        order = self._books.orders.get(int(order_id)) if order_id.isdecimal() else None
        if order is None:
            raise Refusal(404, f"order {order_id} does not exist")
        answer = self._answer([order], {})
        marks = self._switches["single_read"]
        if marks == "always" or (marks == "by_sync" and sync):
            self._books.mark(order, "success")
        return answer

    def refuse(self, refusal: Refusal) -> Response:
        """Write *refusal* as v2 does."""
        body = self._forms.body({"code": refusal.status, "comment": refusal.comment, "log_id": self._log_id()})
        by_code = self._switches["v2_errors"] == "code" and refusal.status != 401
        return Response.of_json(body, 200 if by_code else refusal.status)

    def _answer(self, orders: list[Order], envelope: dict[str, Any]) -> Response:
        response = {"code": 0, "comment": "", **envelope, "log_id": self._log_id()}
        return Response.of_json(self._forms.body(response, orders))

    def _log_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _sync(self, given: Mapping[str, str]) -> bool:
        sync = _integer(given, "sync", 1, 0, 1) == 1
        if not sync and self._switches["sync_0"] == "refused":
            raise Refusal(403, "sync=0 is not permitted for this account")
        return sync

    def _query(self, given: Mapping[str, str]) -> _Query:
        sync = self._sync(given)
        statuses = _STATUSES[_integer(given, "order_type", 2, 1, 8)]
        if self._switches["ignore_order_type"]:
            statuses = _STATUSES[8]
        if len(statuses) > 2 and self._switches["carts"] == "left_out":
            statuses -= {"cart"}
        most = self._switches["max_count"]
        count = _integer(given, "count", 50, 1)
        return _Query(
            statuses=statuses,
            export_classes=_EXPORT_CLASSES[_integer(given, "export_status", 2 if sync else 1, 1, 7)],
            window=_window(given),
            sync=sync,
            check=_integer(given, "check", 1 if sync else 0, 0, 3),
            start_from=_integer(given, "start_from", 0, 0),
            count=min(count, most) if most else count,
            exact={name: given[name] for name in ("customer_code", "customer_group_name") if given.get(name)},
            order_id=given.get("order_id") if self._switches["order_id_filter"] else None,
        )

    def _found(self, given: Mapping[str, str], query: _Query) -> list[Order]:
        if self._switches["paging"] == "live":
            return self._search(query)
        key = tuple(sorted((name, value) for name, value in given.items() if name not in ("start_from", "count")))
        if query.start_from == 0 or key not in self._snapshots:
            self._snapshots[key] = [order.id for order in self._search(query)]
        return [self._books.orders[order_id] for order_id in self._snapshots[key]]

    def _search(self, query: _Query) -> list[Order]:
        found = [order for order in self._books.orders.values() if _matches(order, query)]
        failing = {order.id: fault for order in found if (fault := self._fault(order, query.check))}
        for order_id, fault in failing.items():
            self._books.mark(self._books.orders[order_id], "failed", fault)
        if query.sync:
            found = [order for order in found if order.id not in failing]
        if self._switches["sort"] == "modified":
            return sorted(found, key=lambda order: (order.modified_at, order.id))
        return sorted(found, key=lambda order: order.id, reverse=self._switches["sort"] == "newest")

    def _fault(self, order: Order, check: int) -> str | None:
        if check in (1, 3):
            missing = [name for name in self._switches["required_fields"] if _lacks(order, name)]
            if missing:
                return f"missing required fields: {', '.join(missing)}"
        if check in (2, 3):
            deleted = sorted({line.style_number for line in order.lines} & self._books.deleted_styles)
            if deleted:
                return f"deleted styles: {', '.join(deleted)}"
        return None

    def _next_start(self, query: _Query, total: int) -> dict[str, Any]:
        end = query.start_from + query.count
        forms = {"zero": 0, "empty": "", "repeat": query.start_from, "beyond": end}
        form = self._switches["last_page"]
        if end < total:
            return {"next_start": end}
        return {} if form == "absent" else {"next_start": forms[form]}


def _matches(order: Order, query: _Query) -> bool:
    return (
        order.status in query.statuses
        and order.export_class in query.export_classes
        and (query.window is None or query.window[0] <= order.modified_at <= query.window[1])
        and all(order.header[name] == text for name, text in query.exact.items())
        and query.order_id in (None, str(order.id))
    )


def _lacks(order: Order, name: str) -> bool:
    if name in _LISTED_FIELDS:
        return not any(entry[name.removesuffix("s")] for entry in order.header[_LISTED_FIELDS[name]])
    return not order.header.get(name)


def _check_formats(request: Request) -> None:
    accept = request.headers.get("accept", "")
    content = request.headers.get("content-type", "").partition(";")[0].strip()
    if content not in ("application/json", "application/xml"):
        raise Refusal(415, "Content-Type must be application/json or application/xml")
    if "application/json" not in accept:
        raise Refusal(406, "Accept must be application/json, the one format this simulator writes")


def _integer(given: Mapping[str, str], name: str, default: int, least: int, most: int | None = None) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
        raise Refusal(400, f"{name} must be a number from {least}{'' if most is None else f' to {most}'}, not {text!r}")
    return int(text)


def _window(given: Mapping[str, str]) -> tuple[datetime, datetime] | None:
    start, end = given.get("date_start"), given.get("date_end")
    if bool(start) != bool(end):
        raise Refusal(400, "date_start and date_end must be given together")
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
