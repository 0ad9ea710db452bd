"""The v2 order calls, where a GET can be a write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orderweft import Request, Response

from .books import Books
from .forms import order_row
from .model import Order, Refusal, Status
from .switches import Switches
from .v2_wire import Span, Window, Wire, check_formats, integer, segments, window

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
    window: Window | None
    sync: bool
    check: int
    span: Span
    exact: Mapping[str, str]
    """Header fields and the text they must have."""
    order_id: str | None


class V2:
    """Answer the v2 order calls."""

    def __init__(self, books: Books, switches: Switches, wire: Wire) -> None:
        self._books = books
        self._switches = switches
        self._wire = wire
        self._snapshots: dict[tuple[tuple[str, str], ...], list[int]] = {}

    def read_list(self, request: Request) -> Response:
        """Answer the order list; under `sync=1` its orders are marked before the answer leaves."""
        check_formats(request)
        query = self._query(request.query)
        found = self._found(request.query, query)
        page = found[query.span.start : query.span.start + query.span.count]
        answer = self._answer(page, **self._wire.page(query.span, len(found)))
        if query.sync:
            for order in page:
                self._books.mark(order, "success")
        return answer

    def read_one(self, request: Request) -> Response:
        """Answer one order by its id, whatever its status."""
        check_formats(request)
        sync = self._sync(request.query)
        order_id = segments(request)[-1]
        order = self._books.orders.get(int(order_id)) if order_id.isdecimal() else None
        if order is None:
            raise Refusal(404, f"order {order_id} does not exist")
        answer = self._answer([order])
        marks = self._switches["single_read"]
        if marks == "always" or (marks == "by_sync" and sync):
            self._books.mark(order, "success")
        return answer

    def _answer(self, orders: list[Order], **envelope: Any) -> Response:
        packs = self._switches["case_packs"] == "packs"
        return self._wire.answer([order_row(order, packs=packs) for order in orders], **envelope)

    def _sync(self, given: Mapping[str, str]) -> bool:
        sync = integer(given, "sync", 1, 0, 1) == 1
        if not sync and self._switches["sync_0"] == "refused":
            raise Refusal(403, "sync=0 is not permitted for this account")
        return sync

    def _query(self, given: Mapping[str, str]) -> _Query:
        sync = self._sync(given)
        statuses = _STATUSES[integer(given, "order_type", 2, 1, 8)]
        if self._switches["ignore_order_type"]:
            statuses = _STATUSES[8]
        if len(statuses) > 2 and self._switches["carts"] == "left_out":
            statuses -= {"cart"}
        return _Query(
            statuses=statuses,
            export_classes=_EXPORT_CLASSES[integer(given, "export_status", 2 if sync else 1, 1, 7)],
            window=window(given),
            sync=sync,
            check=integer(given, "check", 1 if sync else 0, 0, 3),
            span=self._wire.span(given),
            exact={name: given[name] for name in ("customer_code", "customer_group_name") if given.get(name)},
            order_id=given.get("order_id") if self._switches["order_id_filter"] else None,
        )

    def _found(self, given: Mapping[str, str], query: _Query) -> list[Order]:
        if self._switches["paging"] == "live":
            return self._search(query)
        key = tuple(sorted((name, value) for name, value in given.items() if name not in ("start_from", "count")))
        if query.span.start == 0 or key not in self._snapshots:
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
