"""Bulk operations in the Shopify simulator: everything in one file, or a mutation once per line of a file."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

import pytest
from orderweft.testing import Request, Response, SimulatorServer

from .simulated import SKU, Shop

RUN = """mutation Run($run: String!, $group: Boolean! = false) {
  bulkOperationRunQuery(query: $run, groupObjects: $group) {
    bulkOperation { id status } userErrors { field message code }
  }
}"""
STATE = """query State($id: ID!) { bulkOperation(id: $id) {
  type status errorCode objectCount rootObjectCount fileSize url partialDataUrl completedAt
} }"""
STOCK = """{ productVariants { edges { node { id sku inventoryItem { id tracked
  inventoryLevels { edges { node { id location { id } quantities(names: ["available"]) { quantity } } } }
} } } } }"""
STAGE = """mutation Stage($input: [StagedUploadInput!]!) {
  stagedUploadsCreate(input: $input) {
    stagedTargets { url resourceUrl parameters { name value } } userErrors { field message }
  }
}"""
MUTATE = """mutation Mutate($mutation: String!, $path: String!, $client: String) {
  bulkOperationRunMutation(mutation: $mutation, stagedUploadPath: $path, clientIdentifier: $client) {
    bulkOperation { id status type } userErrors { field message code }
  }
}"""
SET = """mutation set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { field code } }
}"""
CANCEL = """mutation Cancel($id: ID!) {
  bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { message } }
}"""
FILE = {"resource": "BULK_MUTATION_VARIABLES", "filename": "x.jsonl", "mimeType": "text/jsonl", "httpMethod": "POST"}


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


def start(shop: Shop, query: str = STOCK, **more: Any) -> str:
    """Start a bulk query and return its id."""
    payload = shop.data(RUN, run=query, **more)["bulkOperationRunQuery"]
    assert payload["userErrors"] == []
    assert payload["bulkOperation"]["status"] == "CREATED"
    return str(payload["bulkOperation"]["id"])


def state(shop: Shop, gid: str) -> dict[str, Any]:
    """Return how a bulk operation is."""
    found: dict[str, Any] = shop.data(STATE, id=gid)["bulkOperation"]
    return found


def get(shop: Shop, url: str) -> Response:
    """Fetch a file as anybody may who knows its address."""
    return shop.simulator.handle(Request("GET", url))


def rows(response: Response) -> list[dict[str, Any]]:
    """Return the lines of a file."""
    assert response.status == 200
    return [json.loads(line) for line in response.body.splitlines()]


def finished(shop: Shop, gid: str) -> list[dict[str, Any]]:
    """Wait for a bulk operation and return the lines of its result."""
    shop.clock.sleep(2)
    return rows(get(shop, state(shop, gid)["url"]))


def test_a_query_is_run(shop: Shop) -> None:
    """It goes from created over running to completed; children are lines of their own, in any order."""
    gid = start(shop)
    states = []
    for _ in range(4):
        shop.clock.sleep(0.5)
        states.append(state(shop, gid)["status"])
    assert states == ["RUNNING", "RUNNING", "RUNNING", "COMPLETED"]
    done = state(shop, gid)
    response = get(shop, done["url"])
    found = rows(response)
    assert (done["objectCount"], done["rootObjectCount"]) == (str(len(found)), "156")
    assert (done["fileSize"], done["type"], done["errorCode"]) == (str(len(response.body)), "QUERY", None)
    assert b'"gid:\\/\\/shopify\\/' in response.body
    variants = {line["id"]: line for line in found if "__parentId" not in line}
    levels = [line for line in found if "__parentId" in line]
    assert (len(variants), len(levels)) == (156, 150 + 135 + 6)
    assert {line["__parentId"] for line in levels} == set(variants)
    assert "inventoryLevels" not in next(iter(variants.values()))["inventoryItem"]
    mine = next(gid for gid, line in variants.items() if line["sku"] == SKU)
    stock = sorted(line["quantities"][0]["quantity"] for line in levels if line["__parentId"] == mine)
    assert stock == [200, 500]
    assert any("__parentId" in line for line in found[:50])
    current = shop.data("{ currentBulkOperation { id } bulkOperations(first: 5) { nodes { id } } }")
    assert current == {"currentBulkOperation": {"id": gid}, "bulkOperations": {"nodes": [{"id": gid}]}}


def test_grouped_children_follow_their_parents(shop: Shop) -> None:
    """When asked for, each object is followed by its children."""
    found = finished(shop, start(shop, group=True))
    parent = None
    for line in found:
        if "__parentId" in line:
            assert line["__parentId"] == parent
        else:
            parent = line["id"]


def test_children_of_an_object_by_switch() -> None:
    """By switch, what lies below the item of a variant names the item as its parent."""
    shop = Shop(bulk_parent="object")
    found = finished(shop, start(shop))
    items = {line["inventoryItem"]["id"] for line in found if "inventoryItem" in line}
    assert {line["__parentId"] for line in found if "__parentId" in line} == items


def test_filters_and_nothing_found(shop: Shop) -> None:
    """A filter holds, a page size does not; without any object there is no file."""
    one = STOCK.replace("productVariants {", f"productVariants(first: 1, query: \"sku:'{SKU}'\") {{")
    assert len(finished(shop, start(shop, one))) == 3
    gid = start(shop, one.replace(SKU, "nothing"))
    shop.clock.sleep(2)
    done = state(shop, gid)
    assert (done["status"], done["objectCount"], done["url"]) == ("COMPLETED", "0", None)


NESTED = "{ products { edges { node { %s variants { edges { node { id %s } } } } } } }"
DEEP = "metafields { edges { node { id } } }"
WIDE = f"{{ {' '.join(f'p{number}: products {{ edges {{ node {{ id }} }} }}' for number in range(6))} }}"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param("{ shop { id } }", "at least one connection", id="no connection"),
        pytest.param(WIDE, "more than 5 connections", id="six connections"),
        pytest.param(NESTED % ("id", DEEP), "nesting depth greater than 2", id="too deep"),
        pytest.param(NESTED % ("title", ""), "must select the 'id' field", id="parent without id"),
        pytest.param("{ products { nodes { id } } }", "`nodes` is not supported", id="nodes"),
        pytest.param('{ node(id: "gid://shopify/Product/1") { id } }', "top level `node`", id="node"),
        pytest.param("{ products { edges { node { nope } } } }", "doesn't exist on type", id="unknown field"),
        pytest.param("mutation { tagsAdd(id: 1, tags: []) { node { id } } }", "single query", id="mutation"),
        pytest.param("{ products { edges { node { id } } } }" + " " * 65535, "too long", id="too long"),
        pytest.param(
            "{ orders { edges { node { id fulfillments { id fulfillmentLineItems { edges { node { id } } } } } } } }",
            "within a list field", id="connection in a list",
        ),
    ],
)  # fmt: skip
def test_queries_refused(shop: Shop, query: str, message: str) -> None:
    """A query that breaks the rules of bulk queries is not started."""
    payload = shop.data(RUN, run=query)["bulkOperationRunQuery"]
    assert payload["bulkOperation"] is None
    assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [(["query"], "INVALID")]
    assert message in payload["userErrors"][0]["message"]


def test_fragments(shop: Shop) -> None:
    """What a bulk query spreads or narrows counts as if it were written out."""
    query = """query All { products { edges { node { ...Style } } } }
    fragment Style on Product { id ... on Product { variants { edges { node { id } } } } }"""
    assert len(finished(shop, start(shop, query))) == 11 + 156
    (error,) = shop.data(RUN, run=query.replace("{ id ... ", "{ title ... "))["bulkOperationRunQuery"]["userErrors"]
    assert "must select the 'id' field" in error["message"]


def test_over_real_http(shop: Shop) -> None:
    """Files are served by whoever answers the requests, at the address they were sent to."""
    with SimulatorServer(shop.simulator.handle) as server:
        gid = start(shop)
        shop.clock.sleep(2)
        body = json.dumps({"query": STATE, "variables": {"id": gid}}).encode()
        address = f"{server.url}/admin/api/2026-10/graphql.json"
        asked = urllib.request.Request(address, body, {"X-Shopify-Access-Token": shop.token})
        with urllib.request.urlopen(asked) as response:
            url = json.load(response)["data"]["bulkOperation"]["url"]
        assert url.startswith(server.url)
        with urllib.request.urlopen(url) as response:
            assert len(response.read().splitlines()) == 447


def test_deeper_by_switch() -> None:
    """By switch, one level of connections more is taken."""
    shop = Shop(bulk_nesting=3)
    shop.simulator.set_metafield(SKU, "season", "SS27")
    found = finished(shop, start(shop, NESTED % ("id", DEEP)))
    assert sum("Metafield" in line["id"] for line in found) == 1


def test_only_so_many_at_once(shop: Shop) -> None:
    """Beyond five running queries another is refused, with the ids of those that run."""
    ids = [start(shop) for _ in range(5)]
    payload = shop.data(RUN, run=STOCK)["bulkOperationRunQuery"]
    (error,) = payload["userErrors"]
    assert (error["field"], error["code"]) == (None, "OPERATION_IN_PROGRESS")
    assert all(gid in error["message"] for gid in ids)
    shop.data(CANCEL, id=ids[0])
    assert state(shop, ids[0])["status"] == "CANCELING"
    shop.clock.sleep(1)
    assert state(shop, ids[0])["status"] == "CANCELED"
    start(shop)


def test_what_may_become_of_it(shop: Shop) -> None:
    """It may fail half-way, expire, never end; its file may be cut short or refused; the next one is well again."""
    shop.simulator.plan_bulk("failed", "expired", "stuck", "cut", "forbidden")
    failed, expired, stuck, cut, forbidden = (start(shop) for _ in range(5))
    shop.clock.sleep(2)
    found = state(shop, failed)
    assert (found["status"], found["errorCode"], found["url"]) == ("FAILED", "INTERNAL_SERVER_ERROR", None)
    assert len(rows(get(shop, found["partialDataUrl"]))) == (156 + 291) // 2
    assert (state(shop, expired)["status"], state(shop, expired)["url"]) == ("EXPIRED", None)
    shop.clock.sleep(80000)
    assert state(shop, stuck)["status"] == "RUNNING"
    found = state(shop, cut)
    assert len(rows(get(shop, found["url"]))) < int(found["objectCount"])
    assert get(shop, state(shop, forbidden)["url"]).status == 403
    assert len(finished(shop, start(shop))) == 447


def test_files_are_kept_for_a_week(shop: Shop) -> None:
    """Seven days after its end an operation is expired and its file refused, as it is to whoever does not sign."""
    gid = start(shop)
    shop.clock.sleep(2)
    url = state(shop, gid)["url"]
    assert get(shop, url.partition("?")[0]).status == 403
    assert get(shop, url.replace("bulk-", "bulk-9")).status == 404
    shop.clock.sleep(7 * 86400)
    shop.token = shop.sign_in().json()["access_token"]
    assert (state(shop, gid)["status"], state(shop, gid)["url"]) == ("EXPIRED", None)
    assert get(shop, url).status == 403


def test_missing_scope_fails_it() -> None:
    """A field the app has no access to makes the operation fail."""
    shop = Shop(scopes=("read_products",))
    gid = start(shop)
    shop.clock.sleep(2)
    assert (state(shop, gid)["status"], state(shop, gid)["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_files_are_named(shop: Shop) -> None:
    """Faults and logs know the transfer of files by names of their own."""
    operation = shop.simulator.operation
    assert operation(Request("GET", "https://x.example/bulk-results/a.jsonl?Signature=1")) == "bulk.download"
    assert operation(Request("POST", "https://x.example/staged-uploads/")) == "upload.staged"


def staged(shop: Shop) -> tuple[str, list[tuple[str, str]]]:
    """Make room for a file and return where to send it, with which fields."""
    payload = shop.data(STAGE, input=[FILE])["stagedUploadsCreate"]
    assert payload["userErrors"] == []
    (target,) = payload["stagedTargets"]
    return target["url"], [(each["name"], each["value"]) for each in target["parameters"]]


def upload(
    shop: Shop, url: str, fields: list[tuple[str, str]], body: bytes, headers: dict[str, str] | None = None
) -> Response:
    """Send a form with a file last, unless *fields* say where it stands."""
    parts = [*fields, *([] if any(name == "file" for name, _ in fields) else [("file", "")])]
    form = b"".join(
        b'--cut\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (
            name.encode(),
            b'; filename="x.jsonl"' if name == "file" else b"",
            body if name == "file" else value.encode(),
        )
        for name, value in parts
    )
    sent = {"content-type": "multipart/form-data; boundary=cut", **(headers or {})}
    return shop.simulator.handle(Request("POST", url, sent, form + b"--cut--\r\n"))


def quantities(shop: Shop, sku: str, quantity: int, expected: int | None) -> dict[str, Any]:
    """Return the variables that set the stock of a SKU in London."""
    query = "query V($q: String!) { inventoryItems(first: 1, query: $q) { nodes { id } } location { id } }"
    found = shop.data(query, q=f"sku:'{sku}'")
    item = found["inventoryItems"]["nodes"][0]["id"]
    entry = {"inventoryItemId": item, "locationId": found["location"]["id"], "quantity": quantity}
    given = {"name": "available", "reason": "correction", "quantities": [entry | {"changeFromQuantity": expected}]}
    return {"input": given, "key": f"key-{sku}"}


def jsonl(*lines: dict[str, Any]) -> bytes:
    """Return lines of JSON."""
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def test_a_mutation_is_run(shop: Shop) -> None:
    """It is done once per line; completed says nothing about lines, and results tell by number whose they are."""
    url, fields = staged(shop)
    good, bad = quantities(shop, SKU, 5, 500), quantities(shop, "1001-401-S", 6, 7)
    response = upload(shop, url, fields, jsonl(good, bad, {"input": {}}) + b"nothing\n")
    assert (response.status, response.text.count("<PostResponse>")) == (201, 1)
    payload = shop.data(MUTATE, mutation=SET, path=dict(fields)["key"])["bulkOperationRunMutation"]
    assert payload["userErrors"] == []
    assert payload["bulkOperation"]["type"] == "MUTATION"
    shop.clock.sleep(2)
    done = state(shop, payload["bulkOperation"]["id"])
    assert (done["status"], done["objectCount"]) == ("COMPLETED", "4")
    found = {line.pop("__lineNumber"): line for line in rows(get(shop, done["url"]))}
    assert found[0] == {"data": {"inventorySetQuantities": {"userErrors": []}}}
    refused = found[1]["data"]["inventorySetQuantities"]["userErrors"]
    assert [error["code"] for error in refused] == ["CHANGE_FROM_QUANTITY_STALE"]
    assert found[2]["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    assert "JSON" in found[3]["errors"][0]["message"]
    assert [shop.simulator.available(sku, "London") for sku in (SKU, "1001-401-S")] == [5, 500]
    assert shop.data("{ currentBulkOperation(type: MUTATION) { id } }")["currentBulkOperation"] is not None


TWO = (
    "mutation m($i: ID!) { a: tagsAdd(id: $i, tags: []) { node { id } } b: tagsAdd(id: $i, tags: []) { node { id } } }"
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"path": "tmp/none"}, "NO_SUCH_FILE", id="no file"),
        pytest.param({"mutation": "mutation {"}, "INVALID_MUTATION", id="syntax"),
        pytest.param({"mutation": TWO}, "INVALID_MUTATION", id="two fields"),
        pytest.param({"mutation": "{ shop { id } }"}, "INVALID_MUTATION", id="query"),
        pytest.param({"client": "short"}, "INVALID_MUTATION", id="client identifier"),
    ],
)
def test_mutations_refused(shop: Shop, changes: dict[str, Any], code: str) -> None:
    """A bulk mutation needs an uploaded file and one mutation field."""
    url, fields = staged(shop)
    upload(shop, url, fields, b"{}\n")
    given = {"mutation": SET, "path": dict(fields)["key"], **changes}
    payload = shop.data(MUTATE, **given)["bulkOperationRunMutation"]
    assert [error["code"] for error in payload["userErrors"]] == [code]
    assert payload["bulkOperation"] is None


def test_blank_file_is_refused(shop: Shop) -> None:
    """A file without lines is not taken, and neither is one that was never uploaded."""
    url, fields = staged(shop)
    given = {"mutation": SET, "path": dict(fields)["key"]}
    refused = shop.data(MUTATE, **given)["bulkOperationRunMutation"]["userErrors"]
    assert [error["code"] for error in refused] == ["NO_SUCH_FILE"]
    assert upload(shop, url, fields, b"\n").status == 201
    refused = shop.data(MUTATE, **given)["bulkOperationRunMutation"]["userErrors"]
    assert [error["code"] for error in refused] == ["INVALID_STAGED_UPLOAD_FILE"]


def test_uploads_refused(shop: Shop) -> None:
    """Storage wants the fields as given and in order, the file last and not empty, no token, and all in time."""
    url, fields = staged(shop)

    def code(*form: tuple[str, str], body: bytes = b"{}", headers: dict[str, str] | None = None) -> str:
        response = upload(shop, url, list(form), body, headers)
        match = re.search("<Code>(.*)</Code>", response.text)
        return match[1] if match else str(response.status)

    assert code(*reversed(fields)) == "AccessDenied"
    assert code(*fields[1:]) == "AccessDenied"
    assert code(("file", ""), *fields) == "InvalidArgument"
    assert code(*fields, body=b"") == "EntityTooSmall"
    assert code(*fields, headers={"x-shopify-access-token": shop.token}) == "InvalidArgument"
    assert code(*fields, headers={"content-type": "application/json"}) == "InvalidArgument"
    assert code(*fields) == "201"
    shop.clock.sleep(86400)
    assert code(*fields) == "AccessDenied"


def test_other_uploads_are_not_simulated(shop: Shop) -> None:
    """Room is made for bulk mutations alone."""
    (error,) = shop.ask(STAGE, input=[FILE | {"resource": "IMAGE"}])["errors"]
    assert error["extensions"]["code"] == "NOT_SIMULATED"
