"""The bundled profiles of files, from orders to stock and shipments, through the plugin's own client."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest
from orderweft import (
    Connection,
    Delivery,
    Http,
    Order,
    Outcome,
    Receipt,
    Refused,
    Shipment,
    StockLevel,
    UnavailableError,
)
from orderweft.testing import FakeClock, SftpServer, brand
from orderweft_oms_generic.client.files import FileClient
from orderweft_oms_generic.config import Settings
from orderweft_oms_generic.inventory import read_inventory
from orderweft_oms_generic.orders import check_connection, deliver_orders, find_orders
from orderweft_oms_generic.shipments import read_shipments

from .files_text import World

KINDS = ("csv", "json", "xml")
KEY, WRITTEN = "joor:48213", "joor=48213"
SKU = brand.skus()[0]
STOCK = {
    "csv": f"sku,upc,warehouse,qty_available,as_of\n{SKU.sku},{SKU.barcode},MAIN,7,2026-11-02T08:00:00Z\nX,,,,\n",
    "json": json.dumps({"stock": [{"sku": SKU.sku, "upc": SKU.barcode, "warehouse": "MAIN", "quantity": 7,
                                   "as_of": "2026-11-02T08:00:00Z"}, {"sku": "X"}]}),
    "xml": f"<stock><level><sku>{SKU.sku}</sku><upc>{SKU.barcode}</upc><warehouse>MAIN</warehouse>"
           "<quantity>7</quantity><as_of>2026-11-02T08:00:00Z</as_of></level><level><sku>X</sku></level></stock>",
}  # fmt: skip
SHIPPED: dict[str, Any] = {"order_key": WRITTEN, "carrier": "UPS", "tracking_no": "1Z9", "ship_date": "2026-11-02"}
SHIPMENTS = {
    "csv": f"order_key,carrier,tracking_no,ship_date,sku,qty_shipped\n{WRITTEN},UPS,1Z9,2026-11-02,A,12\n"
           f"{WRITTEN},UPS,1Z9,2026-11-02,B,3\n",
    "json": json.dumps({"shipments": [{"id": "7", **SHIPPED, "lines": [
        {"sku": "A", "quantity": 12}, {"sku": "B", "quantity": 3}]}]}),
    "xml": "<shipments><shipment><id>7</id>" + "".join(f"<{name}>{text}</{name}>" for name, text in SHIPPED.items())
           + "<lines><line><sku>A</sku><quantity>12</quantity></line>"
             "<line><sku>B</sku><quantity>3</quantity></line></lines></shipment></shipments>",
}  # fmt: skip
ANSWER = {
    "json": '{{"answers": [{{"order_key": "{0}", "status": "{1}", "message": "so be it", "id": "W7"}}]}}',
    "xml": "<answers><answer><order_key>{0}</order_key><status>{1}</status><message>so be it</message>"
           "<id>W7</id></answer></answers>",
}  # fmt: skip


def connected(folder: str, kind: str, **more: Any) -> Connection[Settings]:
    settings = Settings(profile=f"files_{kind}", folder=folder, **more)
    return Connection("wms", "oms_generic", settings, cast(Http, None), FakeClock())


def order() -> Order:
    buyer = brand.buyers()[0]
    return Order.model_validate({
        "origin": {"channel": "joor", "connection": "joor", "id": "48213"}, "number": "48213", "status": "approved",
        "currency": "GBP", "approved_at": "2026-11-01T10:00:00Z", "window": {"start": "2026-12-01"},
        "note": "=HYPERLINK(1)", "customer": {"account_code": buyer.code, "name": buyer.name},
        "addresses": [{"role": "delivery", "contact": "A Buyer", "city": buyer.city, "country": buyer.country}],
        "lines": [{"key": str(number), "sku": sku.sku, "barcode": sku.barcode, "style_name": sku.style_name,
                   "size": sku.size, "quantity": 12 + number, "unit_price": sku.wholesale}
                  for number, sku in enumerate(brand.skus()[:2])],
    })  # fmt: skip


def hand_over(connection: Connection[Settings]) -> Outcome:
    return deliver_orders(connection, [Delivery(order(), KEY)])[0]


def lines_in(kind: str, data: bytes) -> list[dict[str, Any]]:
    """Return the lines of an order's file as a system reads them."""
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    if kind == "json":
        return cast("list[dict[str, Any]]", json.loads(data)["lines"])
    lines = ElementTree.fromstring(data).findall("lines/line")
    return [{field.tag: field.text for field in line} for line in lines]


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_goes_out(tmp_path: Path, kind: str) -> None:
    """Every line with its code, pieces and price; the file's name is fit for every system."""
    connection = connected(str(tmp_path), kind)
    assert hand_over(connection).outcome == "accepted"
    file = tmp_path / "orders" / f"order_{WRITTEN}.{kind}"
    lines = lines_in(kind, file.read_bytes())
    amount = "qty" if kind == "csv" else "quantity"
    assert [(line["sku"], str(line[amount])) for line in lines] == [(SKU.sku, "12"), (brand.skus()[1].sku, "13")]
    assert lines[0]["unit_price"] == str(SKU.wholesale)
    if kind == "csv":
        assert (lines[0]["order_key"], lines[0]["order_date"], lines[0]["ship_name"]) == (
            WRITTEN, "2026-11-01", "A Buyer",
        )  # fmt: skip
        assert lines[0]["notes"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_answers_come_back(tmp_path: Path, kind: str) -> None:
    """An order waits until the system has taken or refused it."""
    connection, clock = connected(str(tmp_path), kind), FakeClock()
    hand_over(connection)
    found = find_orders(connection, [KEY])[KEY]
    assert isinstance(found, Receipt)
    assert found.pending
    world = World(tmp_path, connection.settings.system, clock)
    world.put(f"answers/1.{kind}", ANSWER[kind].format(WRITTEN, "Rejected"))
    refused = find_orders(connection, [KEY])[KEY]
    assert isinstance(refused, Refused)
    assert "so be it" in refused.message
    hand_over(connection)
    world.put(f"answers/2.{kind}", ANSWER[kind].format(WRITTEN, "accepted"))
    assert find_orders(connection, [KEY]) == {KEY: Receipt(id="W7")}


@pytest.mark.parametrize("kind", KINDS)
def test_stock_and_shipments_come_in(tmp_path: Path, kind: str) -> None:
    """A row without a quantity is told and is not zero; a shipment knows its order by the key it went out under."""
    connection = connected(str(tmp_path), kind)
    world = World(tmp_path, connection.settings.system)
    world.put(f"stock/now.{kind}", STOCK[kind])
    world.put(f"shipments/1.{kind}", SHIPMENTS[kind])
    [page] = read_inventory(connection)
    [level] = page.records
    assert isinstance(level, StockLevel)
    assert (level.item.sku, level.item.barcode, level.quantity) == (SKU.sku, SKU.barcode, 7)
    assert level.warehouse is not None
    assert level.warehouse.name == "MAIN"
    assert [one.id for one in page.unread] == ["X"]
    assert not page.complete
    for _ in range(2):
        [shipment] = [one for page in read_shipments(connection) for one in page.records]
        assert isinstance(shipment, Shipment)
        assert (shipment.order_key, shipment.carrier, shipment.tracking_numbers) == (KEY, "UPS", ("1Z9",))
        assert [(line.item.sku, line.quantity) for line in shipment.lines] == [("A", 12), ("B", 3)]


def test_entities_in_a_file_are_never_read(tmp_path: Path) -> None:
    """Neither a file of this machine nor a text that grows comes in by one; the file is told and put aside."""
    secret = tmp_path / "secret.txt"
    secret.write_text("hush", encoding="utf-8")
    connection = connected(str(tmp_path), "xml")
    world = World(tmp_path, connection.settings.system)
    for number, said in enumerate((f'a SYSTEM "{secret.as_uri()}"', f'a "{"X" * 1000}"')):
        level = STOCK["xml"].replace(SKU.sku, "&a;")
        world.put(f"stock/{number}.xml", f"<!DOCTYPE stock [<!ENTITY {said}>]>{level}")
        with pytest.raises(
            UnavailableError, match="document type or entities in it, and they are never read"
        ) as caught:
            list(read_inventory(connection))
        assert "hush" not in str(caught.value)
    assert world.names("stock/failed") == ["0.xml", "1.xml"]


def test_a_brand_signs_in_to_a_server(tmp_path: Path) -> None:
    """The connection's own settings open the folder; the check names it and says what is missing."""
    with SftpServer(tmp_path) as server:
        connection = connected(server.address, "csv", password=server.password, host_key=server.host_key)
        account = cast(Any, check_connection(connection))
        assert account.name.startswith("CSV files 127.0.0.1:")
        assert any("there is no folder 'stock'" in warning for warning in account.warnings)
        unsure = [f"confirm on a real account: {one}" for one in connection.settings.system.confirm]
        assert unsure == [warning for warning in account.warnings if warning.startswith("confirm")] != []
        assert hand_over(connection).outcome == "accepted"
        assert hand_over(connection).outcome == "already_there"
        connection.once(FileClient).close()
    assert (tmp_path / "orders" / f"order_{WRITTEN}.csv").exists()
