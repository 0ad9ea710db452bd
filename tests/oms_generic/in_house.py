"""A profile for the invented in-house system, as its user would write it, in a form for each way of writing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orderweft_oms_generic.profiles.loading import bundled

TEXT = """\
profile: 1
id: in_house
title: In-house system
status: live
transport: rest
settings:
  token: {kind: secret, needed: true, meaning: Token.}
  warehouse: {default: MAIN, meaning: Warehouse.}
base: https://oms.example.com/api
hosts: [oms.example.com]
auth:
  main: {kind: bearer, token: =settings.token}
budgets:
  main: {kind: window, calls: 60, seconds: 60}
rules:
  - {status: [429], is: throttled, wait: '=headers."retry-after"'}
  - {status: [422], is: refused, reason: invalid_field, message: "=join('; ', keys(body.errors))"}
paging:
  by_page: {kind: page, size_param: size, size: 200, total: 'number(headers."x-total-count")'}
  by_link: {kind: next_link, next: body.next}
maps:
  states: {open: approved, picking: processing, shipped: shipped, cancelled: cancelled}
check:
  call: {path: /account, ok: body.name}
  id: =body.name
  name: =body.name
  details: ["warehouses ${join(', ', body.warehouses)}"]
orders:
  write: server_rejects
  find:
    call: {path: /orders, query: {reference!: =key}, ok: type(body.orders) == 'array'}
    found: where(body.orders, 'reference', key)
    cancelled: found.status == 'cancelled'
  steps:
    - name: create
      call:
        method: POST
        path: /orders
        json:
          reference!: =key
          currency!: =order.currency
          customer!: {code!: =order.customer.account_code, name!: =order.customer.name}
          lines!:
            $each: order.lines
            $as: line
            $do:
              sku!: =line.sku
              pieces!: {$v: =line.quantity, $type: integer}
              price: {$v: =line.unit_price, $type: decimal}
        rules:
          - {status: [409], is: already_there, receipt: =body.id}
        ok: body.id
  id: =body.id
  needs: |
    {"type": "object", "required": ["customer", "lines"], "properties": {
      "customer": {"type": "object", "required": ["account_code", "name"]},
      "lines": {"type": "array", "items": {"type": "object", "required": ["sku"]}}}}
fetch_orders:
  call: {path: /orders, query: {changed_since: "=datetime(since)"}, ok: type(body.orders) == 'array'}
  page: by_page
  rows:
    from: body.orders
    record:
      origin: {id!: =row.id, revision: =row.changed_at}
      number!: =row.reference
      status!: "=lookup('states', row.status)"
      currency!: =row.currency
      created_at: =row.created_at
      modified_at: =row.changed_at
      customer: {account_code: =row.customer.code, name: =row.customer.name}
      lines:
        $each: row.lines
        $as: line
        $do: {key!: =line.line, sku: =line.sku, quantity!: =line.pieces, unit_price: =line.price}
inventory:
  read:
    call: {path: /stock, query: {warehouse: =settings.warehouse}, ok: type(body) == 'array'}
    page: by_page
    rows:
      from: body
      record:
        origin: {id!: "${row.sku}@${row.warehouse}"}
        item: {sku!: =row.sku, barcode: =row.barcode}
        warehouse: {code!: =row.warehouse}
        quantity!: =row.free
  write:
    call:
      method: PUT
      path: /stock/${urlpath(record.item.sku)}
      json:
        warehouse!: =coalesce(record.warehouse.code, settings.warehouse)
        on_hand!: {$v: =record.quantity, $type: integer}
      rules:
        - {status: [404], is: refused, reason: unknown_item, message: =body.error}
catalog:
  call: {path: /products, ok: type(body) == 'array'}
  page: by_page
  rows:
    from: body
    group: row.style
    record:
      origin: {id!: "=rows[0].row.style"}
      style_number!: "=rows[0].row.style"
      name!: "=rows[0].row.name"
      prices: [{currency: EUR, wholesale: "=rows[0].row.wholesale"}]
      colors:
        $each: rows
        $as: one
        $do: {color: =one.row.color, skus: [{size: =one.row.size, sku!: =one.row.sku, barcode: =one.row.barcode}]}
shipments:
  call: {path: /shipments, query: {since: "=datetime(days_before(now, '14'))"}}
  page: by_link
  complete: false
  rows:
    from: body.shipments
    record:
      origin: {id!: =row.id}
      order_id!: =row.order
      order_key: =row.reference
      carrier: =row.carrier
      tracking_numbers: [=row.tracking]
      shipped_at: =row.shipped_at
      lines:
        $each: row.lines
        $as: one
        $do: {item: {sku!: =one.sku}, quantity!: =one.pieces}
samples:
  - operation: check
    given: "{}"
    body: '{"name": "B", "warehouses": ["MAIN"]}'
    expect: |
      {"request": {"path": "/account"}, "is": "ok",
       "account": {"id": "B", "name": "B", "details": ["warehouses MAIN"]}}
  - operation: orders.find
    given: '{"key": "k1"}'
    body: '{"orders": [{"id": 7, "reference": "k1", "status": "open"}]}'
    expect: '{"request": {"path": "/orders", "query": {"reference": "k1"}}, "is": "ok", "found": {"id": "7"}}'
  - operation: orders.steps.create
    given: |
      {"key": "k1", "order": {"origin": {"channel": "c", "connection": "c", "id": "1"}, "number": "1",
       "status": "approved", "currency": "EUR", "customer": {"account_code": "C1", "name": "N"},
       "lines": [{"key": "1", "sku": "A", "quantity": 2}]}}
    status: 201
    body: '{"id": 7, "reference": "k1", "status": "open"}'
    expect: |
      {"request": {"json": {"reference": "k1", "currency": "EUR", "customer": {"code": "C1", "name": "N"},
        "lines": [{"sku": "A", "pieces": 2}]}}, "is": "ok", "receipt": {"id": "7"}}
  - operation: fetch_orders
    given: '{"since": "2026-11-01T00:00:00Z"}'
    headers: {X-Total-Count: "1"}
    body: |
      {"orders": [{"id": 7, "reference": "k1", "status": "open", "currency": "EUR",
        "customer": {"code": "C1", "name": "N"}, "lines": [{"line": 1, "sku": "A", "pieces": 2}]}]}
    expect: |
      {"request": {"path": "/orders", "query": {"changed_since": "2026-11-01T00:00:00Z",
        "page": "1", "size": "200"}}, "is": "ok", "records": [
        {"origin": {"id": "7"}, "number": "k1", "status": "approved", "currency": "EUR",
         "customer": {"account_code": "C1", "name": "N"}, "lines": [{"key": "1", "sku": "A", "quantity": "2"}]}]}
  - operation: inventory.read
    given: "{}"
    headers: {X-Total-Count: "1"}
    body: '[{"sku": "A", "barcode": "2000000000008", "warehouse": "MAIN", "free": -1}]'
    expect: |
      {"request": {"path": "/stock"}, "is": "ok", "records": [{"origin": {"id": "A@MAIN"}, "quantity": "-1",
        "item": {"sku": "A", "barcode": "2000000000008"}, "warehouse": {"code": "MAIN"}}]}
  - operation: inventory.write
    given: |
      {"records": [{"origin": {"channel": "c", "connection": "c", "id": "1"}, "item": {"sku": "A"}, "quantity": 4}]}
    body: '{"sku": "A"}'
    expect: '{"request": {"path": "/stock/A", "json": {"warehouse": "MAIN", "on_hand": 4}}, "is": "ok"}'
  - operation: catalog
    given: "{}"
    headers: {X-Total-Count: "1"}
    body: '[{"sku": "A", "style": "S", "name": "Shirt", "color": "Navy", "size": "M", "wholesale": "10.00"}]'
    expect: |
      {"request": {"path": "/products"}, "is": "ok", "records": [{"origin": {"id": "S"}, "style_number": "S",
        "name": "Shirt", "prices": [{"currency": "EUR", "wholesale": "10.00"}],
        "colors": [{"color": "Navy", "skus": [{"size": "M", "sku": "A"}]}]}]}
  - operation: shipments
    given: '{"now": "2026-11-15T00:00:00Z"}'
    body: |
      {"shipments": [{"id": 1, "order": 7, "reference": "k1", "carrier": "UPS", "tracking": "1Z", "lines": [
        {"sku": "A", "pieces": 2}], "shipped_at": "2026-11-02T09:00:00Z"}], "next": null}
    expect: |
      {"request": {"path": "/shipments", "query": {"since": "2026-11-01T00:00:00Z"}}, "is": "ok", "records": [
        {"origin": {"id": "1"}, "order_id": "7", "order_key": "k1", "carrier": "UPS", "tracking_numbers": ["1Z"],
         "shipped_at": "2026-11-02T09:00:00Z", "lines": [{"item": {"sku": "A"}, "quantity": "2"}]}]}
"""


def in_house(folder: Path, *changes: tuple[str, str]) -> str:
    """Write the profile, with some of its text changed, and return its path."""
    return _written(folder, "in_house", TEXT, changes)


def changed_profile(folder: Path, name: str, *changes: tuple[str, str]) -> str:
    """Write a bundled profile with some of its text changed, and return its path."""
    return _written(folder, name, bundled()[name].read_text(encoding="utf-8"), changes)


def _written(folder: Path, name: str, text: str, changes: Iterable[tuple[str, str]]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)
