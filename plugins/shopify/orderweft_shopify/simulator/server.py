"""The simulator: its two endpoints, what a person does in the admin, and what a test looks at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from graphql import ExecutionResult, GraphQLError, execute_sync
from orderweft import Clock, Request, Response
from orderweft.testing import SystemClock, brand

from . import answers
from .admin import Admin
from .bulk import RESULTS, BulkOperations
from .call import Call
from .cost import CostBucket, Costs
from .customers import Customer
from .data import AWKWARD, fill
from .documents import Document, prepare, size_errors, variable_errors
from .idempotency import Keys, remember
from .metafields import Metafields
from .mutations import Mutation
from .orders import Order
from .roots import SHOP_NAME, VERSIONS, QueryRoot
from .schema import schema
from .staged import UPLOADS, take_upload
from .store import Store
from .switches import Switches
from .values import Refusal

_GRAPHQL = re.compile(r"/admin/api/(\d{4}-(?:01|04|07|10))/graphql\.json")
_OAUTH = "/admin/oauth/access_token"
_OTHERS = {_OAUTH: "oauth.token", RESULTS: "bulk.download", UPLOADS: "upload.staged"}
_DOMAIN = f"{SHOP_NAME}.myshopify.com"


class Simulator(Admin):
    """A Shopify shop in memory, with the sample brand in it.

    *many* plain SKUs are added for load tests; *switches* are the fields of `Switches`. It executes real documents
    against the real schema's types; a field it has no answer for is an error that says so.
    """

    def __init__(self, *, clock: Clock | None = None, seed: int = 0, many: int = 0, **switches: Any) -> None:
        self._clock = clock or SystemClock()
        self._switches = Switches(**switches)
        store = Store(self._clock, seed, self._switches)
        super().__init__(store, Metafields(store), Keys(store), BulkOperations(store, self._execute))
        self._query = QueryRoot(store, self._metafields, self._bulk)
        self._mutation = Mutation(store, self._metafields, self._keys, self._bulk)
        self._bucket = CostBucket(self._switches.bucket_size, self._switches.restore_rate, self._clock)
        self._tokens: dict[str, float] = {}
        self.awkward = AWKWARD
        """SKUs and a barcode that are hard to get right, by what is awkward about them."""
        self.log: list[tuple[str, dict[str, Any]]] = []
        """Operation and variables of every request handled, in order."""
        fill(self._store, many)

    def settings(self) -> Mapping[str, Any]:
        """Return the credentials it takes."""
        return {
            "shop": SHOP_NAME,
            "client_id": "simulated-client-id",
            "client_secret": brand.secret("simulated-client-secret"),
        }

    def operation(self, request: Request) -> str:
        """Return the name of the GraphQL operation, of the endpoint for tokens or files, or `unknown`."""
        for start, name in _OTHERS.items():
            if request.path.startswith(start):
                return name
        body = _body(request) if _GRAPHQL.fullmatch(request.path) else None
        if body is None:
            return "unknown"
        named = body.get("operationName") or next(iter(prepare(body["query"]).operations), "")
        return str(named) or "unknown"

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        self._store.run_jobs()
        host = urlsplit(request.url).hostname or ""
        base = "{0.scheme}://{0.netloc}".format(urlsplit(request.url))
        graphql = _GRAPHQL.fullmatch(request.path)
        body = _body(request) if graphql else None
        self.log.append((self.operation(request), (body or {}).get("variables") or {}))
        if host.endswith(".myshopify.com") and host != _DOMAIN:
            return answers.not_found()
        if request.method == "POST" and request.path == _OAUTH:
            return self._give_token(request)
        if request.method == "GET" and request.path.startswith(RESULTS):
            return self._bulk.download(request)
        if request.method == "POST" and request.path.startswith(UPLOADS):
            return take_upload(self._store, request)
        if request.method != "POST" or graphql is None or graphql[1] > VERSIONS[-1]:
            return answers.not_found()
        if self._tokens.get(request.headers.get("x-shopify-access-token", ""), -1.0) < self._clock.monotonic():
            return answers.unauthorized()
        if body is None:
            return answers.refusal(400, "Required parameter missing or invalid")
        version = self._switches.version or max(graphql[1], VERSIONS[0])
        headers = {"x-shopify-api-version": version, "x-request-id": f"simulated-{len(self.log)}"}
        return Response.of_json(self._answer(body, version, base), headers=headers)

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count in this shop."""
        return {"orders": len(self.orders), "customers": len(self._store.all(Customer))}

    @property
    def requests(self) -> int:
        """Return how many requests were handled."""
        return len(self.log)

    @property
    def orders(self) -> list[Order]:
        """Return all orders, oldest first."""
        return self._store.all(Order)

    def orders_by_external_id(self, value: str) -> list[Order]:
        """Return the orders whose metafield of type id has this value."""
        return [order for order in self.orders if order.external_id == value]

    def _give_token(self, request: Request) -> Response:
        is_json = "json" in request.headers.get("content-type", "")
        given = (_json(request) if is_json else request.form()) or {}
        mine = self.settings()
        if given.get("grant_type") != "client_credentials":
            return Response.of_json({"error": "unsupported_grant_type"}, 400)
        if any(given.get(name) != mine[name] for name in ("client_id", "client_secret")):
            return Response.of_json({"error": "invalid_client"}, 400)
        token = brand.secret(f"shpat_{self._store.random.getrandbits(128):032x}")
        lifetime = self._switches.token_lifetime
        self._tokens[token] = self._clock.monotonic() + lifetime
        scope = ",".join(sorted(self._switches.scopes))
        return Response.of_json({"access_token": token, "scope": scope, "expires_in": lifetime})

    def _answer(self, body: dict[str, Any], version: str, base: str) -> dict[str, Any]:
        document = prepare(body["query"])
        if document.errors:
            return {"errors": document.errors}
        variables = body.get("variables") or {}
        operation = document.operation(body.get("operationName"))
        if operation is None:
            return {"errors": [{"message": "An operation name is required", "extensions": {"code": "BAD_REQUEST"}}]}
        errors = size_errors(operation, variables)
        if errors:
            return {"errors": errors}
        costs = Costs(document, operation, variables)
        try:
            requested = costs.requested()
        except Refusal as refusal:
            return {"errors": [refusal.formatted]}
        if requested > self._bucket.points:
            cost = self._bucket.block(requested, None)
            return {"errors": [answers.throttled_error()], "extensions": {"cost": cost}}
        call = Call(self._store, version, base=base, variables=variables)
        result = self._execute(document, call, variables, body.get("operationName"))
        if result.data is None and result.errors and not any(error.path for error in result.errors):
            return {"errors": variable_errors(operation, variables) or [error.formatted for error in result.errors]}
        remember(call, result.data)
        actual = costs.actual(result.data)
        self._bucket.pay(actual)
        return _with_extensions(result, call, self._bucket.block(requested, actual))

    def _execute(
        self, document: Document, call: Call, variables: dict[str, Any], operation_name: str | None = None
    ) -> ExecutionResult:
        operation = document.operation(operation_name)
        assert document.ast is not None
        assert operation is not None
        root = self._mutation if operation.operation.value == "mutation" else self._query
        result = execute_sync(
            schema(),
            document.ast,
            root,
            call,
            variables,
            operation_name or None,
            hide_suggestions=True,
        )
        for error in result.errors or ():
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
                raise error.original_error
        return result


def _with_extensions(result: ExecutionResult, call: Call, cost: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    answer["extensions"] = {"cost": cost, **({"search": call.searches} if call.searches else {})}
    return answer


def _json(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _body(request: Request) -> dict[str, Any] | None:
    body = _json(request)
    return body if body and isinstance(body.get("query"), str) else None
