"""The reference channel in memory: tables of rows behind a token, each changed by one PUT or POST."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orderweft import Clock, Request, Response
from orderweft.testing import SystemClock, brand

TABLES = ("orders", "stock", "products", "customers", "shipments")


class Simulator:
    """One account of a small back office with the sample brand's stock, styles and customers, and six orders."""

    def __init__(self, *, clock: Clock | None = None, seed: int = 0) -> None:
        self._clock = clock or SystemClock()
        self._token = f"reference-token-{seed}"
        self._version = 0
        self.tables: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in TABLES}
        self.told: dict[str, str] = {}
        """What was acknowledged, by id."""
        self._fill()

    def operation(self, request: Request) -> str:
        """Name what *request* asks for, such as `orders.read`, `orders.write` or `account.read`."""
        verb = "read" if request.method == "GET" else "write"
        return f"{request.path.strip('/').partition('/')[0] or 'unknown'}.{verb}"

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return Response.of_json({"error": "who are you?"}, 401)
        table = request.path.strip("/")
        if table == "account":
            return Response.of_json({"id": "R1", "name": "Reference Brand"})
        if table == "told":
            self.told.update({row["id"]: row["message"] for row in json.loads(request.body)["rows"]})
            return Response.of_json({"taken": len(self.told)})
        if table == "edits":
            return Response.of_json({"results": [self._edit(row) for row in json.loads(request.body)["rows"]]})
        if table not in self.tables:
            return Response.of_json({"error": "no such table"}, 404)
        if request.method == "GET":
            return self._read(table, request.query)
        body = json.loads(request.body)
        return Response.of_json({"results": [self._write(table, row) for row in self._cleared(table, body)]})

    def settings(self) -> Mapping[str, Any]:
        """Return the credentials it takes."""
        return {"token": self._token}

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count there."""
        return {name: len(rows) for name, rows in self.tables.items()} | {"told": len(self.told)}

    def _read(self, table: str, query: Mapping[str, str]) -> Response:
        rows = sorted(self.tables[table].values(), key=lambda row: row["version"])
        for name in ("key", "number"):
            if name in query:
                rows = [row for row in rows if row.get(name) in query[name].split(",")]
        after, size = int(query.get("after", 0)), int(query.get("size", 1000))
        rows = [row for row in rows if row["version"] > after and row["changed"] >= query.get("since", "")]
        return Response.of_json({"rows": rows[:size], "more": len(rows) > size})

    def _cleared(self, table: str, body: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        rows: Sequence[dict[str, Any]] = body["rows"]
        if body.get("overwrite"):
            for name, row in self.tables[table].items():
                if name not in {one["id"] for one in rows}:
                    self._store(table, name, {**row, "quantity": 0})
        return rows

    def _edit(self, row: dict[str, Any]) -> dict[str, Any]:
        self._store("orders", row["id"], {"cancelled": False, **self.tables["orders"][row["id"]], **row})
        return {"id": row["id"], "number": self.tables["orders"][row["id"]]["number"]}

    def _write(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        rows = self.tables[table]
        if table == "orders":
            known = next((one for one in rows.values() if one["key"] == row["key"]), None)
            if known is not None:
                return {"id": known["id"], "number": known["number"], "known": True}
            items = {line["barcode"] for line in row["lines"]} - set(self.tables["stock"])
            if items:
                return {"refused": f"nobody knows the item {min(items)}"}
            row["id"] = f"O{len(rows) + 1}"
            row["number"] = f"N{len(rows) + 1}"
        if table == "stock" and row["id"] not in rows:
            return {"refused": f"nobody knows the item {row['id']}"}
        self._store(table, row["id"], row)
        return {"id": row["id"], "number": row.get("number")}

    def _store(self, table: str, name: str, row: dict[str, Any]) -> None:
        old = {field: value for field, value in self.tables[table].get(name, {}).items() if field in row}
        if old and {**old, **row} == old:
            return
        self._version += 1
        stamp = {"version": self._version, "changed": self._clock.now().isoformat()}
        self.tables[table][name] = {**row, **stamp}

    def _fill(self) -> None:
        for sku in brand.skus()[:60]:
            self._store("stock", sku.barcode, {"id": sku.barcode, "style": sku.style_number, "quantity": sku.stock})
        for sku in brand.skus()[:45:15]:
            self._store("products", sku.style_number, _style(sku))
        for buyer in brand.buyers()[:3]:
            address = {"role": "delivery", "city": buyer.city, "postcode": buyer.postcode}
            self._store("customers", buyer.code, {"id": buyer.code, "name": buyer.name, "addresses": [address]})
        for number, sku in enumerate(brand.skus()[:6]):
            line = {"barcode": sku.barcode, "quantity": 1 + number, "price": str(sku.wholesale)}
            self._write("orders", {"key": f"shop.{number}", "customer": "C100", "currency": "GBP", "lines": [line]})


def _style(sku: brand.Sku) -> dict[str, Any]:
    skus = [one for one in brand.skus() if one.style_number == sku.style_number]
    return {
        "id": sku.style_number,
        "name": sku.style_name,
        "price": str(sku.wholesale),
        "sizes": [{"barcode": one.barcode, "color": one.color, "size": one.size} for one in skus],
    }
