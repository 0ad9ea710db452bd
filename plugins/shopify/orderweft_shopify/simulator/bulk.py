"""Bulk operations: started now, done a while later, their results served as JSON lines."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from graphql import ExecutionResult
from orderweft.testing import Request, Response

from .bulk_query import Line, lines
from .call import Call
from .documents import Document, prepare, size_errors, variable_errors
from .idempotency import remember
from .metafields import APP_NUMBER
from .search import Document as Findable
from .staged import StagedFile, xml_error
from .store import Store
from .values import number_of

Execute = Callable[[Document, Call, dict[str, Any]], ExecutionResult]
Kind = Literal["QUERY", "MUTATION"]
Fate = Literal["failed", "expired", "stuck", "cut", "forbidden"]
"""What becomes of a bulk operation: it fails half-way, expires, never ends; or its file is cut short, or refused."""

RESULTS = "/bulk-results/"
_VALID = 7 * 86400.0
_RUNNING = ("CREATED", "RUNNING", "CANCELING")
BULK_FILTERS = {
    "created_at": "time",
    "id": "id",
    "operation_type": "query mutation",
    "status": "canceled canceling completed created expired failed running",
}


@dataclass(eq=False)
class BulkOperation:
    """A query over everything, or a mutation once per line of a file."""

    id: str
    type: Kind
    query: str
    created_at: datetime
    secret: str
    group: bool
    version: str
    fate: Fate | None = None
    variables: StagedFile | None = None
    state: str = "CREATED"
    completed_at: datetime | None = None
    ended: float = 0.0
    error_code: str | None = None
    result: bytes = b""
    object_count: int = 0
    root_object_count: int = 0

    def status(self, call: Call, _args: Any) -> str:
        """Return how far it is; a week after its end it is EXPIRED."""
        return "EXPIRED" if self.state == "COMPLETED" and self._is_old(call) else self.state

    def url(self, call: Call, _args: Any) -> str | None:
        """Return where its result is, if there is any."""
        return self._address(call) if self.status(call, _args) == "COMPLETED" else None

    def partial_data_url(self, call: Call, _args: Any) -> str | None:
        """Return where the result is as far as it got."""
        return self._address(call) if self.state == "FAILED" and not self._is_old(call) else None

    @property
    def file_size(self) -> int | None:
        """Return the size of the result."""
        return len(self.result) if self.state == "COMPLETED" and self.result else None

    def document(self) -> Findable:
        """Return what it can be found by."""
        return {
            "default": "",
            "created_at": self.created_at,
            "id": number_of(self.id),
            "operation_type": {self.type.casefold()},
            "status": {self.state.casefold()},
        }

    def is_valid(self, now: float) -> bool:
        """Return whether its file may still be fetched."""
        return now - self.ended < _VALID and self.fate != "forbidden"

    def _is_old(self, call: Call) -> bool:
        return call.store.clock.monotonic() - self.ended >= _VALID

    def _address(self, call: Call) -> str | None:
        if not self.result:
            return None
        name = f"bulk-{number_of(self.id)}.jsonl"
        return f"{call.base}{RESULTS}{name}?GoogleAccessId=app-{APP_NUMBER}&Signature={self.secret}"


class BulkOperations:
    """All bulk operations of the shop."""

    def __init__(self, store: Store, execute: Execute) -> None:
        self._store = store
        self._execute = execute
        self.fates: deque[Fate] = deque()
        """What becomes of the operations started next, in order."""

    def latest(self, kind: Kind) -> BulkOperation | None:
        """Return the operation of a kind that was started last."""
        return next((each for each in reversed(self._store.all(BulkOperation)) if each.type == kind), None)

    def running(self, kind: Kind) -> list[BulkOperation]:
        """Return the operations of a kind that have not ended."""
        return [each for each in self._store.all(BulkOperation) if each.type == kind and each.state in _RUNNING]

    def start(
        self, call: Call, kind: Kind, query: str, *, group: bool, file: StagedFile | None = None
    ) -> BulkOperation:
        """Start an operation."""
        store = self._store
        operation = store.add(
            BulkOperation(
                store.gid("BulkOperation"), kind, query, store.now(), f"{store.random.getrandbits(128):032x}", group,
                call.version, self.fates.popleft() if self.fates else None, file,
            )
        )  # fmt: skip
        self._move(operation, "CREATED")
        seconds = store.switches.bulk_seconds
        store.later(lambda: self._run(operation), seconds / 4)
        if operation.fate != "stuck":
            store.later(lambda: self._finish(operation), seconds)
        return operation

    def cancel(self, operation: BulkOperation) -> None:
        """Cancel an operation, a little later."""
        self._move(operation, "CANCELING")
        self._store.later(lambda: self._move(operation, "CANCELED"))

    def download(self, request: Request) -> Response:
        """Answer with a result, or why not."""
        now = self._store.clock.monotonic()
        for each in self._store.all(BulkOperation):
            if request.path.endswith(f"/bulk-{number_of(each.id)}.jsonl") and each.result:
                if request.query.get("Signature") != each.secret or not each.is_valid(now):
                    return xml_error(403, "AccessDenied", "Access denied.")
                return Response(200, {"content-type": "application/jsonl"}, _cut(each))
        return xml_error(404, "NoSuchKey", "The specified key does not exist.")

    def _move(self, operation: BulkOperation, state: str) -> None:
        operation.state = state
        self._store.indexes[BulkOperation].put(operation.id, operation.document(), at_once=True)

    def _run(self, operation: BulkOperation) -> None:
        if operation.state == "CREATED":
            self._move(operation, "RUNNING")

    def _finish(self, operation: BulkOperation) -> None:
        if operation.state != "RUNNING":
            return
        found, code = self._mutate(operation) if operation.variables else self._read(operation)
        if operation.fate == "failed":
            found, code = found[: len(found) // 2], "INTERNAL_SERVER_ERROR"
        operation.result = _jsonl(found)
        operation.object_count = len(found)
        operation.root_object_count = sum("__parentId" not in line for line in found)
        operation.error_code, operation.ended = code, self._store.clock.monotonic()
        if operation.fate == "expired":
            operation.result = b""
        elif not code:
            operation.completed_at = self._store.now()
        self._move(operation, "EXPIRED" if operation.fate == "expired" else "FAILED" if code else "COMPLETED")

    def _read(self, operation: BulkOperation) -> tuple[list[Line], str | None]:
        call = Call(self._store, operation.version, whole=True)
        result = self._execute(prepare(operation.query), call, {})
        if result.errors:
            codes = {(error.extensions or {}).get("code") for error in result.errors}
            if "NOT_SIMULATED" in codes:
                raise result.errors[0]
            return [], "ACCESS_DENIED" if "ACCESS_DENIED" in codes else "INTERNAL_SERVER_ERROR"
        by_object = self._store.switches.bulk_parent == "object"
        found = list(lines(result.data or {}, object_is_parent=by_object))
        if not operation.group:
            self._store.random.shuffle(found)
        return found, None

    def _mutate(self, operation: BulkOperation) -> tuple[list[Line], str | None]:
        """Do the mutation once per line of the file; the results come in any order."""
        assert operation.variables is not None
        rows = [row for row in (operation.variables.body or b"").decode().splitlines() if row.strip()]
        found = [{**self._once(operation, row), "__lineNumber": number} for number, row in enumerate(rows)]
        self._store.random.shuffle(found)
        return found, None

    def _once(self, operation: BulkOperation, row: str) -> Line:
        document = prepare(operation.query)
        definition = document.operation(None)
        assert definition is not None
        try:
            variables = json.loads(row)
        except ValueError:
            return {"errors": [{"message": "The line is not valid JSON."}]}
        if problems := variable_errors(definition, variables) or size_errors(definition, variables):
            return {"errors": problems}
        call = Call(self._store, operation.version, variables=variables)
        result = self._execute(document, call, variables)
        remember(call, result.data)
        errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
        return {**({"data": result.data} if result.data is not None else {}), **errors}


def _jsonl(found: Iterable[Line]) -> bytes:
    """Write one object per line, slashes escaped as Shopify does."""
    return "".join(json.dumps(line, ensure_ascii=False).replace("/", "\\/") + "\n" for line in found).encode()


def _cut(operation: BulkOperation) -> bytes:
    if operation.fate != "cut":
        return operation.result
    whole = operation.result.splitlines(keepends=True)
    return b"".join(whole[: len(whole) // 2])
