"""NetSuite in memory: SuiteTalk REST records with upserts by external id, SuiteQL, and limits on concurrency."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from orderweft import Clock, Request, Response

from . import netsuite_records as form
from .netsuite_records import Reader
from .netsuite_sign_in import TOKEN_PATH, SignIn
from .netsuite_sql import query
from .netsuite_switches import Switches
from .netsuite_writes import Writer
from .store import EU, MAIN, Order, Store
from .switches import resolve
from .system import Call, System
from .wire import Refusal, Row, body_of, object_of, plain, positive, rows_of

LOCATIONS = {5: MAIN, 6: EU}
CUSTOM_FIELDS = ("custbody_joor_order", "custcol_joor_line")
_ROOT = "/services/rest"
_MOST_BYTES = 104 * 10**6
_JOB_SECONDS = 5.0
_KINDS = {
    "salesOrder": "order",
    "customer": "customer",
    "inventoryItem": "item",
    "itemFulfillment": "shipment",
    "inventoryAdjustment": "adjustment",
}
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    413: "Request Too Large",
    429: "Too Many Requests",
}


class NetSuite(System):
    """One account with SuiteTax, the locations `LOCATIONS` and the custom fields `CUSTOM_FIELDS`.

    Both ways to sign in work, with real signatures: OAuth 2 with a JWT signed by the private key of `settings`, and
    OAuth 1.0a with HMAC-SHA256. `busy` has other callers take calls; `expire_tokens` ends all tokens.

    `key`: the certificate has a key on `P-256`, `P-384` or `P-521` (ES256, ES384, ES512), or an `RSA` one (PS256 ...).
    `rs256`: RS256 is taken too, as one catalog has it and the vendor has not.
    `scope`: the assertion's scope is `any`, or must name `rest_webservices`.
    `expires_in`: that figure of a token is `text` or a `number`.
    `tba`: OAuth 1.0a is `allowed` or `barred`, as for new integrations from 2027.1 on.
    `legacy_tax`: the account has no SuiteTax, and REST refuses orders.
    `required_fields`: what the account's form asks of an order besides `entity` and lines.
    `custom_fields`: custom fields besides `CUSTOM_FIELDS`.
    `put_location`: an upsert's answer carries `Location` `always`, when it `created`, or `never`.
    `reput`: lines without line key in a repeated upsert are added (`appends`), or the lines are `replaces`d.
    `sublists`: an order's lines come `expanded`, or as a link (`linked`) unless `expandSubResources` is asked for.
    `unordered`: SuiteQL rows that ORDER BY leaves open come `shuffled` with every page, or `stable`.
    `suiteql_values`: values are `text`, or numbers are numbers: `typed`.
    `suiteql_nulls`: empty columns are `omitted` or `null`.
    `concurrency`: the calls at the same time, of everybody together.
    `overload`: one too many is told by `429`, by `429_with_code`, by `400` with SSS_REQUEST_LIMIT_EXCEEDED, or by `401`
    as an invalid login.
    `sync_idempotency`: `X-NetSuite-idempotency-key` without `respond-async` is `ignored`, or `honored`: a repeat
    is 400.
    """

    title = "NetSuite"

    def __init__(self, clock: Clock, seed: int, switches: Mapping[str, Any]) -> None:
        self._switches = resolve(Switches, switches, self.title)
        super().__init__(clock, seed, Store(clock, first_order=88_001))
        for item in self.store.items.values():
            item.external_id = item.sku
        for customer in self.store.customers.values():
            customer.external_id = customer.code
        secrets = ("consumer_key", "consumer_secret", "token_id", "token_secret")
        self._known = {"account": "1234567_SB1"}
        self._known |= {name: self.made_up(name) for name in ("client_id", "certificate_id")}
        self._known |= {name: self.secret(name) for name in secrets}
        self._sign_in = SignIn(clock, seed, self._known, self._switches)
        self._random = random.Random(seed)
        self._others: list[tuple[float, int]] = []
        self._jobs: dict[str, tuple[float, Response]] = {}
        self._keys: dict[str, str] = {}
        self._writer = Writer(self.store, LOCATIONS, self._switches)

    def calls(self) -> Sequence[Call]:
        """Return all kinds of call."""
        found = [
            Call("auth.token", "POST", TOKEN_PATH, self._token),
            Call("query", "POST", f"{_ROOT}/query/v1/suiteql", self._query),
            Call("schema.read", "GET", f"{_ROOT}/record/v1/metadata-catalog", self._catalog),
            Call("job.read", "GET", f"{_ROOT}/async/v1/job/([^/]+)", self._job),
            Call("job.result", "GET", f"{_ROOT}/async/v1/job/([^/]+)/task/1/result", self._job_result),
        ]
        transform = f"{_ROOT}/record/v1/salesOrder/([^/]+)/!transform/itemFulfillment"
        found.append(Call("shipment.create", "POST", transform, self._fulfill))
        for record, kind in _KINDS.items():
            path = f"{_ROOT}/record/v1/({record})"
            if kind != "adjustment":
                found.append(Call(f"{kind}s.read", "GET", path, self._list))
                found.append(Call(f"{kind}.read", "GET", f"{path}/([0-9]+)", self._read))
            if kind != "shipment":
                found.append(Call(f"{kind}.create", "POST", path, self._create))
            if kind in ("order", "customer", "item"):
                found.append(Call(f"{kind}.upsert", "PUT", f"{path}/eid(?::|%3[aA])([^/]+)", self._upsert))
                found.append(Call(f"{kind}.find", "GET", f"{path}/eid(?::|%3[aA])([^/]+)", self._find_record))
        return found

    def operation(self, request: Request) -> str:
        """Name what *request* asks for; a query is named after the first table it reads, as in `query.customer`."""
        name = super().operation(request)
        table = re.search(rb"\bFROM\s+(\w+)", request.body, re.IGNORECASE) if name == "query" else None
        return f"query.{table[1].decode().lower()}" if table else name

    def settings(self) -> Mapping[str, Any]:
        """Return the account and the credentials for both ways to sign in."""
        return {**self._known, "private_key": self._sign_in.private_key}

    def admit(self, operation: str, request: Request) -> None:
        """Refuse a call too many at once, one that is not signed in, and one too large."""
        if operation == "auth.token":
            return
        now = self.clock.monotonic()
        if 1 + sum(calls for until, calls in self._others if until > now) > self._switches["concurrency"]:
            raise self._overloaded()
        self._sign_in.check(request)
        if len(request.body) > _MOST_BYTES:
            raise Refusal(413, "The request is larger than 104 MB", "REQUEST_TOO_LARGE")

    def _overloaded(self) -> Refusal:
        kind, code = self._switches["overload"], "SSS_REQUEST_LIMIT_EXCEEDED"
        if kind == "401":
            return Refusal(401, "Invalid login attempt.", "INVALID_LOGIN")
        text = "The maximum number of concurrent requests was exceeded"
        return Refusal(int(kind[:3]), text, "" if kind == "429" else code)

    def refuse(self, refusal: Refusal, operation: str) -> Response:
        """Write *refusal*."""
        detail = {"detail": refusal.message}
        if refusal.code:
            detail["o:errorCode"] = refusal.code
        elif refusal.status in (400, 404):
            detail["o:errorCode"] = "INVALID_CONTENT" if refusal.status == 400 else "NONEXISTENT_ID"
        if "path" in refusal.details:
            detail["o:errorPath"] = refusal.details["path"]
        body = {
            "type": f"https://www.rfc-editor.org/rfc/rfc9110.html#status.{refusal.status}",
            "title": _TITLES.get(refusal.status, "Error"),
            "status": refusal.status,
            "o:errorDetails": [detail],
        }
        kind = {"content-type": "application/vnd.oracle.resource+json; type=error"}
        return Response.of_json(body, refusal.status, kind)

    def answer(self, request: Request) -> Response:
        """Answer a call that was admitted, at once or as a job."""
        is_write = request.method in ("POST", "PUT") and f"{_ROOT}/record/" in request.path
        is_async = "respond-async" in request.headers.get("prefer", "")
        key = request.headers.get("x-netsuite-idempotency-key")
        if not is_write or (not is_async and self._switches["sync_idempotency"] == "ignored"):
            return super().answer(request)
        if key in self._keys:
            headers = {"location": self._keys[key]} if is_async else {}
            raise Refusal(400, "The idempotency key was used before", "IDEMPOTENCY_ERROR", headers)
        number = str(len(self._jobs) + 1)
        location = f"{_origin(request)}{_ROOT}/async/v1/job/{number}"
        if key:
            self._keys[key] = location
        if not is_async:
            return super().answer(request)
        try:
            response = super().answer(request)
        except Refusal as refusal:
            response = self.refuse(refusal, "job")
        self._jobs[number] = (self.clock.monotonic() + _JOB_SECONDS, response)
        return Response(202, {"location": location})

    # tokens, jobs, queries

    def _token(self, request: Request) -> Response:
        return self._sign_in.issue(request)

    def _job(self, request: Request, number: str) -> Response:
        done, _ = self._known_job(number)
        progress = "succeeded" if done else "processing"
        return Response.of_json({"id": number, "completed": done, "progress": progress})

    def _job_result(self, request: Request, number: str) -> Response:
        done, response = self._known_job(number)
        if not done:
            raise Refusal(404, "The job is not completed")
        return response

    def _known_job(self, number: str) -> tuple[bool, Response]:
        if number not in self._jobs:
            raise Refusal(404, f"There is no job {number}")
        ends, response = self._jobs[number]
        return self.clock.monotonic() >= ends, response

    def _query(self, request: Request) -> Response:
        if "transient" not in request.headers.get("prefer", ""):
            raise Refusal(400, "The header Prefer must be transient", "INVALID_HEADER")
        sql = object_of(body_of(request)).get("q")
        if not isinstance(sql, str):
            raise Refusal(400, "q is required", path="q")
        shuffle = self._random if self._switches["unordered"] == "shuffled" else None
        rows = [self._cells(row) for row in query(self.store, sql, LOCATIONS, shuffle)[:100_000]]
        return self._page(request, [{"links": [], **row} for row in rows])

    def _cells(self, row: Row) -> Row:
        if self._switches["suiteql_nulls"] == "omitted":
            row = {name: value for name, value in row.items() if value is not None}
        if self._switches["suiteql_values"] == "text":
            return {name: None if value is None else _text(value) for name, value in row.items()}
        return row

    def _page(self, request: Request, rows: Sequence[Row]) -> Response:
        limit, offset = positive(request, "limit", 1000), positive(request, "offset", 0, least=0)
        if limit > 1000:
            raise Refusal(400, "The limit is at most 1000", "INVALID_PARAMETER")
        page = rows[offset : offset + limit]
        has_more, here = offset + limit < len(rows), f"{_origin(request)}{request.path}"
        links = [{"rel": "self", "href": f"{here}?limit={limit}&offset={offset}"}]
        if has_more:
            links.append({"rel": "next", "href": f"{here}?limit={limit}&offset={offset + limit}"})
        body = {"links": links, "count": len(page), "hasMore": has_more, "items": plain(page), "offset": offset}
        return Response.of_json({**body, "totalResults": len(rows)})

    def _catalog(self, request: Request) -> Response:
        record = request.query.get("select", "salesOrder")
        if record not in form.FIELDS or "swagger+json" not in request.headers.get("accept", ""):
            raise Refusal(400, "Select a record, and accept application/swagger+json")
        fields: Row = {name: {} for name in sorted(form.FIELDS[record] | self._custom)}
        return Response.of_json({"components": {"schemas": {record: {"type": "object", "properties": fields}}}})

    # records

    @property
    def _custom(self) -> frozenset[str]:
        return frozenset((*CUSTOM_FIELDS, *self._switches["custom_fields"]))

    def _create(self, request: Request, record: str) -> Response:
        reader, body = self._body(request, record)
        external_id = str(body.get("externalId") or "")
        if external_id:
            form.check_external_id(external_id)
            if self._writer.find(record, external_id):
                raise Refusal(400, "This record already exists", "DUP_RCRD", path="externalId")
        return self._located(request, record, self._writer.write(record, reader, body, external_id))

    def _upsert(self, request: Request, record: str, external_id: str) -> Response:
        form.check_external_id(external_id)
        is_new = self._writer.find(record, external_id) is None
        reader, body = self._body(request, record)
        response = self._located(request, record, self._writer.write(record, reader, body, external_id))
        told = self._switches["put_location"]
        return response if told == "always" or (told == "created" and is_new) else replace(response, headers={})

    def _body(self, request: Request, record: str) -> tuple[Reader, Row]:
        strict = request.headers.get("x-netsuite-propertynamevalidation", "").lower() == "error"
        reader = Reader(self._custom, strict)
        return reader, reader.known(object_of(body_of(request)), record)

    def _located(self, request: Request, record: str, number: int) -> Response:
        return Response(204, {"location": f"{_origin(request)}{_ROOT}/record/v1/{record}/{number}"})

    def _find_record(self, request: Request, record: str, external_id: str) -> Response:
        form.check_external_id(external_id)
        found = self._writer.find(record, external_id)
        if found is None:
            raise Refusal(404, "The record instance does not exist.", "NONEXISTENT_ID")
        return self._read(request, record, str(found.id))

    def _read(self, request: Request, record: str, number: str) -> Response:
        row = self._rows(request, record).get(int(number))
        if row is None:
            raise Refusal(404, "The record instance does not exist.", "NONEXISTENT_ID")
        here = f"{_origin(request)}{_ROOT}/record/v1/{record}/{number}"
        return Response.of_json(plain({"links": [{"rel": "self", "href": here}], **row}))

    def _list(self, request: Request, record: str) -> Response:
        if "q" in request.query:
            raise Refusal(400, "This fake does not know collection filters", "INVALID_PARAMETER")
        here = f"{_origin(request)}{_ROOT}/record/v1/{record}"
        rows = [{"links": [{"rel": "self", "href": f"{here}/{number}"}], "id": str(number)}
                for number in sorted(self._rows(request, record))]  # fmt: skip
        return self._page(request, rows)

    def _rows(self, request: Request, record: str) -> Mapping[int, Row]:
        store, orders = self.store, self.store.orders.values()
        if record == "salesOrder":
            return {order.id: self._order_row(request, order) for order in orders}
        if record == "customer":
            return {one.id: form.customer_row(store, one) for one in store.customers.values()}
        if record == "inventoryItem":
            return {one.id: form.item_row(store, one) for one in store.items.values()}
        if record == "itemFulfillment":
            return {one.id: form.fulfillment_row(store, order, one) for order in orders for one in order.shipments}
        return {}

    def _order_row(self, request: Request, order: Order) -> Row:
        rows = [form.line_row(self.store, line) for line in order.lines]
        link = f"{_origin(request)}{_ROOT}/record/v1/salesOrder/{order.id}/item"
        sublist: Row = {"items": rows, "totalResults": len(rows)}
        expand = request.query.get("expandSubResources") == "true" or self._switches["sublists"] == "expanded"
        return {
            **form.order_row(self.store, order),
            "item": sublist if expand else {"links": [{"rel": "self", "href": link}]},
        }

    def _fulfill(self, request: Request, number: str) -> Response:
        if number not in self.orders:
            raise Refusal(404, "The record instance does not exist.", "NONEXISTENT_ID")
        order = self.orders[number]
        _, body = self._body(request, "itemFulfillment") if request.body else (None, {})
        if order.cancelled or not any(line.open for line in order.lines):
            raise Refusal(400, f"Sales order {number} has nothing to fulfill", "USER_ERROR")
        packages = rows_of(object_of(body.get("package") or {}, "package").get("items") or [], "package.items")
        tracking = " ".join(str(package.get("packageTrackingNumber") or "") for package in packages)
        shipment = self.store.ship(order, tracking, pieces=form.pieces_of(body, order))
        self.after_shipment(order)
        return self._located(request, "itemFulfillment", shipment.id)

    # people

    def busy(self, calls: int, seconds: float) -> None:
        """Have other callers of the account hold *calls* for *seconds*."""
        self._others.append((self.clock.monotonic() + seconds, calls))

    def expire_tokens(self) -> None:
        """Let all access tokens expire."""
        self._sign_in.expire()

    def after_shipment(self, order: Order) -> None:
        """Put an order into the status that follows a fulfillment."""
        self.store.place(order, "Pending Billing" if order.shipped else "Partially Fulfilled")

    def cancel(self, order: Order | str) -> None:
        """Cancel an order."""
        self.order(order).cancelled = True
        self.store.place(self.order(order), "Cancelled")

    def move_to_folder(self, order: Order | str, folder: str) -> None:
        """Put an order into a status, such as `Billed`."""
        if folder not in form.STATUSES:
            raise ValueError(f"there is no status {folder!r}")
        super().move_to_folder(order, folder)

    def add_order(self, external_id: str, pieces: Mapping[str, int], *, channel: str = "Shopify") -> Order:
        """Add an order of another channel, with *pieces* by SKU."""
        lines = [self.store.line(sku, count, self.items[sku].price) for sku, count in pieces.items()]
        fields = {"entity": {"id": str(min(self.store.customers))}}
        return self.store.add_order(external_id, channel, "Pending Fulfillment", lines, fields)


def _text(value: Any) -> str:
    return str(value).removesuffix(".0")


def _origin(request: Request) -> str:
    parts = urlsplit(request.url)
    return f"{parts.scheme}://{parts.netloc}"
