"""The v2 calls that write stock: one for many rows, one for a single style."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orderweft import Request, Response

from .catalog import Catalog
from .model import Refusal
from .stock import RowFailure, Stock
from .switches import Switches
from .v2_wire import Wire, check_formats, integer, segments

_FIELDS = ("warehouse", "inventory_date", "style_number", "style_identifer", "style_identifier", "style_id",
           "color_code", "style_color_id", "size", "size_code", "upc")  # fmt: skip


class Inventory:
    """Answer the v2 calls that write stock."""

    def __init__(self, stock: Stock, catalog: Catalog, switches: Switches, wire: Wire) -> None:
        self._stock = stock
        self._catalog = catalog
        self._switches = switches
        self._wire = wire

    def write(self, request: Request) -> Response:
        """Apply the rows of a bulk call that can be applied; `overwrite=1` clears before."""
        overwrite = integer(request.query, "overwrite", 0, 0, 1)
        pending = integer(request.query, "dec_pending", 0, 0, 1)
        if self._switches["inventory_json"] == "refused":
            check_formats(request)
            raise Refusal(415, "Content-Type must be application/xml")
        body = self._wire.body(request)
        if self._switches["inventory_json"] == "wrapped":
            if not isinstance(body, list) or len(body) != 1:
                raise Refusal(400, "the body must be a list")
            body = body[0]
        rows = self._wire.rows(body, "inventory_items", "inventory_item")
        if self._switches["immediate"] == "refused" and any(row.get("inventory_date") == "IMMEDIATE" for row in rows):
            raise Refusal(400, "inventory_date must be a date")
        if overwrite:
            self._stock.clear(rows)
        return self._apply(rows, pending=bool(pending))

    def write_one(self, request: Request) -> Response:
        """Set the stock of one style: of the UPC, of the color and size, or of all its SKUs."""
        check_formats(request)
        given = request.query
        _, _, number, identifier, *_ = segments(request)
        product = self._catalog.by_style(number, identifier)
        if product is None:
            raise Refusal(404, f"style {number} {identifier} does not exist")
        if bool(given.get("color_code")) != bool(given.get("size")):
            raise Refusal(400, "color_code and size must be given together")
        pending = integer(given, "dec_pending", 0, 0, 1)
        shared = {name: given.get(name) for name in ("inventory", "inventory_date", "warehouse")}
        if given.get("upc"):
            rows: list[dict[str, Any]] = [{**shared, "upc": given["upc"]}]
        else:
            places = [
                (sku.color.id, sku.size.value) for sku in product.skus if _chosen(sku.color.code, sku.size.value, given)
            ]
            rows = [
                {**shared, "style_id": product.style_id, "style_color_id": color, "size": size}
                for color, size in places
            ]
        return self._apply(rows, pending=bool(pending))

    def _apply(self, rows: Iterable[dict[str, Any]], *, pending: bool) -> Response:
        taken = self._stock.pending() if pending else None
        log: list[dict[str, Any]] = []
        for row in rows:
            status = "pass"
            try:
                self._stock.apply(row, taken)
            except RowFailure:
                status = "fail"
            log.append({"sku": self._key(row), "inventory_log_id": self._wire.log_id(), "status": status})
        return self._answer(log)

    def _answer(self, log: list[dict[str, Any]]) -> Response:
        switches, forms = self._switches, self._wire.forms
        content: dict[str, Any] = {"sku_count": sum(row["status"] == "pass" for row in log)}
        match switches["inventory_log"]:
            case "list":
                content["inventory_log"] = log
            case "object":
                content["inventory_log"] = log[0] if len(log) == 1 else log
        content = {"response": forms.envelope(self._wire.success()), **forms.value(content)}
        return Response.of_json({"inventory": content} if switches["root_node"] == "whole" else content)

    def _key(self, row: dict[str, Any]) -> str:
        given = {name: str(row[name]) for name in _FIELDS if row.get(name)}
        if self._switches["log_sku"] == "joined":
            return "_".join(given.values())
        key = [text for name, text in given.items() if name not in ("warehouse", "inventory_date", "upc")]
        return given.get("upc") or "".join(key)


def _chosen(color: str | None, size: str, given: dict[str, str]) -> bool:
    return not given.get("size") or (color, size) == (given.get("color_code"), given["size"])
