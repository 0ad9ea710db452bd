"""A small valid profile to break in tests."""

from __future__ import annotations

from orderweft_oms_generic.profiles.loading import parse_profile
from orderweft_oms_generic.profiles.model import Profile

TEXT = """\
profile: 1
id: small
title: Small
status: experimental
transport: rest
settings:
  token: {kind: secret, needed: true, meaning: Token.}
  shop: {default: NO, meaning: Shop.}
base: https://oms.example.com/api
hosts: [oms.example.com]
auth:
  main: {kind: bearer, token: =settings.token}
rules:
  - {status: [418], is: refused, message: =body.text}
paging:
  pages: {kind: page, size_param: size, size: 2}
orders:
  write: find_first
  key: {allowed: A-Za-z0-9_-, longest: "20"}
  find:
    call:
      path: /orders/${urlpath(key)}
      rules:
        - {status: [404], when: body.code == 'none', is: absent}
    found: body.order
  steps:
    - name: create
      call:
        method: POST
        path: /orders
        json:
          ref!: =key
          shop: =settings.shop
          city!: "=order.addresses[?role == 'delivery'] | [0].city"
  id: =body.id
inventory:
  read:
    call: {path: /stock}
    page: pages
    rows:
      from: body.rows
      record:
        origin: {id!: =row.sku}
        item: {sku!: =row.sku}
        quantity!: =row.n
samples:
  - operation: orders.find
    given: '{"key": "k1"}'
    body: '{"order": {"id": 7}}'
    expect: '{"request": {"path": "/orders/k1"}, "is": "ok", "found": {"id": "7"}}'
  - operation: orders.steps.create
    given: |
      {"key": "k1", "order": {"origin": {"channel": "c", "connection": "c", "id": "1"}, "number": "1",
       "status": "approved", "currency": "EUR", "customer": {}, "addresses": [{"role": "delivery", "city": "Oslo"}]}}
    body: '{"id": 7}'
    expect: '{"request": {"json": {"ref": "k1", "shop": "NO", "city": "Oslo"}}, "is": "ok", "receipt": {"id": "7"}}'
  - operation: inventory.read
    given: "{}"
    body: '{"rows": [{"sku": "A", "n": 1}]}'
    expect: |
      {"request": {"path": "/stock", "query": {"page": "1", "size": "2"}}, "is": "ok", "next": null,
       "records": [{"origin": {"id": "A"}, "item": {"sku": "A"}, "quantity": "1"}]}
"""


def small_profile(*changes: tuple[str, str]) -> Profile:
    """Return the small profile with some of its text changed."""
    return parse_profile(small_text(*changes), "small.yaml")


def small_text(*changes: tuple[str, str]) -> str:
    """Return the text of the small profile with some of it changed."""
    return changed_text(TEXT, *changes)


def changed_text(text: str, *changes: tuple[str, str]) -> str:
    """Return *text* with some of it changed; each old part has to be there once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
