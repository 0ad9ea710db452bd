"""The v2 calls for customers, which JOOR calls connections."""

from __future__ import annotations

from typing import Any

from orderweft import Request, Response

from .customers import Customer, Customers
from .model import Refusal
from .switches import Switches
from .v2_wire import Wire, check_formats, segments


class Connections:
    """Answer the v2 calls for single connections and for their list."""

    def __init__(self, customers: Customers, switches: Switches, wire: Wire) -> None:
        self._customers = customers
        self._newest = switches["sort"] == "newest"
        self._wire = wire

    def read(self, request: Request) -> Response:
        """Answer the list of connections."""
        check_formats(request)
        found = sorted(self._customers.connected.values(), key=lambda each: each.id, reverse=self._newest)
        span = self._wire.span(request.query)
        rows = [_row(customer) for customer in found[span.start : span.start + span.count]]
        return self._wire.answer(rows, "connection", **self._wire.page(span, len(found)))

    def read_one(self, request: Request) -> Response:
        """Answer one connection by its code or its id."""
        check_formats(request)
        _, _, *keys = segments(request)
        connected = self._customers.connected
        if keys[0] == "customer_code":
            found = connected.get(self._customers.key(keys[1]))
        else:
            found = next((customer for customer in connected.values() if str(customer.id) == keys[0]), None)
        return self._wire.found(_row(found) if found else None, "connection", keys[-1])

    def write(self, request: Request) -> Response:
        """Update connections, and hand new ones to JOOR's staff."""
        rows = self._wire.rows(_unrooted(self._wire.body(request)), "connection")
        return self._wire.answer([_row(self._customers.write(row)) for row in rows], "connection")

    def delete(self, request: Request) -> Response:
        """Remove the link to a retailer."""
        check_formats(request)
        code = request.query.get("customer_code", "")
        if self._customers.connected.pop(self._customers.key(code), None) is None:
            raise Refusal(404, f"connection {code} does not exist")
        # https://api-docs.jooraccess.com/v2.0/reference/connection-delete: no root node
        response = self._wire.forms.envelope(self._wire.success())
        return Response.of_json({"response": response, "connection": {"connection_deleted": {"customer_code": code}}})


def _unrooted(body: Any) -> Any:
    return body["connections"] if isinstance(body, dict) and "connections" in body else body


def _row(customer: Customer) -> dict[str, Any]:
    # the documented table has the name in requests only
    shown = {name: value for name, value in customer.fields.items() if name != "customer_name"}
    return {"customer_account_id": customer.id, **shown}
