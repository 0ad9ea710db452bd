"""Bad input and failure, met through the command line: a plain message, the right exit code, and nothing lost."""

from __future__ import annotations

import socket
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from orderweft.testing import Fault, FaultKind, Response
from orderweft_shopify.simulator import answers

from .conftest import OpenScene

HTML = Response(200, {"content-type": "text/html"}, b"<html><body>Please sign in to the hotel's Wi-Fi</body></html>")
HALF = Response(200, {"content-type": "application/json"}, b'{"orders": [{"order_id": 9000001, "customer_na')
DOWN = Response(503, {"content-type": "text/html"}, b"<html>Service Unavailable</html>")
FOR_EVER = 10_000


# A channel that cannot be used


class Case(NamedTuple):
    """Something that goes wrong at a channel, and what is told of it."""

    door: str
    operation: str
    kind: FaultKind
    response: Response | None
    words: tuple[str, ...]


CHANNELS = {
    "JOOR is down": Case("joor", "orders.read", "answer_before", DOWN, ("Error: joor:", "HTTP 503")),
    "JOOR hangs up": Case("joor", "orders.read", "timeout_before", None, ("Error: joor:", "no complete answer")),
    "JOOR's answers break off": Case("joor", "orders.read", "reset_mid_body", None, ("Error: joor:", "no complete")),
    "JOOR sends HTML": Case("joor", "orders.read", "answer_before", HTML, ("joor: reading orders", "try again later")),
    "JOOR sends half": Case("joor", "orders.read", "answer_before", HALF, ("joor: reading orders", "try again later")),
    "JOOR forbids": Case(
        "joor", "orders.read", "answer_before", Response(403), ("joor: reading orders", "check token")
    ),
    "JOOR limits": Case("joor", "orders.read", "answer_before", Response(429), ("Error: joor:", "429")),
    "JOOR moves": Case(
        "joor",
        "orders.read",
        "answer_before",
        Response(301, {"location": "https://new.example/"}),
        ("Error: joor:", "redirects to new.example, which is not followed; check base_url"),
    ),
    "the shop is down": Case("shop", "*", "answer_before", DOWN, ("Error: shop:", "HTTP 503")),
    "the shop fails at look-ups": Case("shop", "FindOrder", "answer_before", DOWN, ("Error: shop:", "HTTP 503")),
    "the shop sends HTML": Case("shop", "FindOrder", "answer_before", HTML, ("shop: FindOrder", "cannot be read")),
    "the shop sends half": Case("shop", "Variants", "answer_before", HALF, ("shop: Variants", "cannot be read")),
    "the shop is frozen": Case("shop", "*", "answer_before", answers.frozen_402(), ("shop: sign-in", "owner has to")),
    "the shop is locked": Case("shop", "CreateOrder", "answer_before", answers.locked_423(), ("shop:", "support")),
    "the shop blocks us": Case("shop", "CreateOrder", "answer_before", answers.blocked_430(), ("shop:", "wait, then")),
    "the shop is inactive": Case(
        "shop", "FindOrder", "answer_before", answers.shop_inactive(), ("shop:", "not active")
    ),
    "the shop throttles": Case(
        "shop", "FindOrder", "answer_before", answers.throttled(), ("shop:", "limit is used up")
    ),
    "the shop takes access away": Case(
        "shop", "CreateOrder", "answer_before", answers.unauthorized(), ("shop:", "check the app")
    ),
    "there is no such shop": Case(
        "shop", "*", "answer_before", answers.not_found(), ("check client_id, client_secret, shop",)
    ),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_that_fails_for_ever_ends_the_run(open_scene: OpenScene, name: str) -> None:
    """The run ends with code 4 and a sentence; once the channel is well the next one delivers exactly the rest."""
    case = CHANNELS[name]
    opened = open_scene(3)
    fault = Fault(case.operation, case.kind, times=FOR_EVER, response=case.response)
    getattr(opened, f"{case.door}_door").faults.append(fault)
    opened.say("run").expect(4, *case.words)
    opened.wait(3600)
    opened.all_arrive()


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_that_fails_in_the_middle_keeps_what_arrived(open_scene: OpenScene, name: str) -> None:
    """The same, beginning at the second call: what was delivered before stays the only one of its kind."""
    case = CHANNELS[name]
    opened = open_scene(3, settings={"joor": {"page_size": 1}})
    fault = Fault(case.operation, case.kind, call=2, times=FOR_EVER, response=case.response)
    getattr(opened, f"{case.door}_door").faults.append(fault)
    assert opened.say("run").code == 4
    opened.wait(3600)
    opened.all_arrive()


@pytest.mark.parametrize(
    ("door", "operation"),
    [("joor", "orders.read"), ("joor", "auth.token"), ("shop", "oauth.token"), ("shop", "FindOrder"),
     ("shop", "CreateOrder"), ("shop", "DefineMetafield"), ("shop", "FindCustomer")],
)  # fmt: skip
def test_a_channel_that_fails_for_a_while_is_waited_for(open_scene: OpenScene, door: str, operation: str) -> None:
    """A few failures in a row are no matter: the same run delivers everything."""
    opened = open_scene(3)
    getattr(opened, f"{door}_door").faults.append(Fault(operation, "answer_before", times=3, response=DOWN))
    assert opened.say("run").code == 0
    assert opened.delivered == sorted(opened.joor.orders)
    opened.all_arrive()


def test_orders_a_shop_fails_at_for_ever_are_not_lost(open_scene: OpenScene) -> None:
    """Where every new order is answered with a failure, each is looked up, and follows once the shop is well."""
    opened = open_scene(3)
    opened.shop_door.faults.append(Fault("CreateOrder", "answer_before", times=FOR_EVER, response=DOWN))
    opened.say("run")
    assert opened.delivered == []
    assert "waits for the next run" in opened.why(9_000_001)
    opened.all_arrive()


def test_a_run_whose_orders_never_get_an_answer_says_so(open_scene: OpenScene) -> None:
    """A run that had to leave orders behind because the shop fails at every one does not look like a good one."""
    opened = open_scene(3)
    opened.shop_door.faults.append(Fault("CreateOrder", "answer_before", times=FOR_EVER, response=DOWN))
    opened.say("run").expect(4, "shop", "HTTP 503")


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        pytest.param("joor-token", ("reading orders: JOOR refuses the token (HTTP 401); check token",), id="joor"),
        pytest.param("shop-client_secret", ("check client_id, client_secret, shop", "HTTP 400"), id="shop"),
    ],
)
def test_wrong_credentials_are_told_and_not_shown(open_scene: OpenScene, secret: str, words: tuple[str, ...]) -> None:
    """A token or secret the channel refuses ends the run with code 4, is not shown, and costs nothing."""
    opened = open_scene(3)
    file = opened.folder / secret
    right = file.read_text()
    file.write_text("wrong-and-private")
    for command in ("check", "run"):
        said = opened.say(command)
        said.expect(4, *words)
        assert "wrong-and-private" not in said.text
    file.write_text(right)
    opened.all_arrive()


def test_a_refusal_names_its_connection(open_scene: OpenScene) -> None:
    """A message begins with the connection it is about, whatever words follow."""
    opened = open_scene(1)
    (opened.folder / "shop-client_secret").write_text("wrong")
    assert "Error: shop: sign-in" in opened.say("run").text


def test_a_shop_that_does_not_exist(open_scene: OpenScene) -> None:
    """With a token of its own, a shop's name nobody has is told as such, with the setting to check."""
    opened = open_scene(2)
    opened.shop_door.faults.append(Fault("*", "answer_before", times=FOR_EVER, response=answers.not_found()))
    (opened.folder / "static").write_text("shpat_private")
    opened.configure(shop={"client_id": None, "client_secret": None, "token": "file:static"})
    said = opened.say("run")
    said.expect(4, "FindOrder: there is no such store or API version; check shop and api_version")
    assert "shpat_private" not in said.text
    opened.configure()
    opened.all_arrive()


@pytest.mark.parametrize("name", ["joor", "shop"])
def test_no_network(open_scene: OpenScene, name: str) -> None:
    """A host that cannot be reached is told by its address, with what to check."""
    opened = open_scene(2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    opened.configure(**{name: {"base_url": f"http://{address}"}})
    opened.say("check").expect(4, f"connection {name!r}: {address} cannot be reached")
    opened.say("run").expect(4, f"Error: {name}:", f"{address} cannot be reached", "check the network and base_url")
    opened.configure()
    opened.all_arrive()


@pytest.mark.parametrize("name", ["joor", "shop"])
def test_no_tls(open_scene: OpenScene, name: str) -> None:
    """An address that should speak TLS and does not is told so; nothing is sent in the clear instead."""
    opened = open_scene(2)
    opened.configure(**{name: {"base_url": opened.tables[name]["base_url"].replace("http:", "https:")}})
    opened.say("run").expect(4, f"Error: {name}:", "does not speak TLS as it should; check base_url")
    assert getattr(opened, f"{name}_door").calls == []
    opened.configure()
    opened.all_arrive()


# Orders nobody can use


def test_an_unknown_state_holds_one_order(open_scene: OpenScene) -> None:
    """A state JOOR never documented holds that order, by name, and no other."""
    opened = open_scene(3)
    opened.joor.orders[9_000_002].type_code = 2
    assert opened.say("run").code == 3
    assert opened.delivered == [9_000_001, 9_000_003]
    assert "order_type: JOOR's state '2' is not known" in opened.why(9_000_002)
    opened.joor.orders[9_000_002].type_code = None
    opened.joor.edit(9_000_002)
    opened.all_arrive()


@pytest.mark.parametrize(
    ("attribute", "value", "told"),
    [
        pytest.param("price", Decimal(-5), "'-5.00' is not an amount of zero or more", id="schema"),
        pytest.param("barcode", None, "is missing", id="missing"),
        pytest.param("price", None, "line_items[0].item_price: is missing", id="unreadable"),
        pytest.param("stated_extended", Decimal(1), "line_items[0].item_price_extended: 1", id="contradiction"),
        pytest.param("quantity", 0, "0 is less than 1", id="no pieces"),
    ],
)
def test_an_order_that_is_not_as_it_must_be_is_held(
    open_scene: OpenScene, attribute: str, value: Any, told: str
) -> None:
    """An order that fails its schema, or cannot be read, is held naming the field; it follows once it is put right."""
    opened = open_scene(3)
    line = opened.joor.orders[9_000_002].lines[0]
    right = getattr(line, attribute)
    setattr(line, attribute, value)
    assert opened.say("run").code == 3
    assert opened.delivered == [9_000_001, 9_000_003]
    assert told in opened.why(9_000_002)
    setattr(line, attribute, right)
    opened.joor.edit(9_000_002)
    opened.all_arrive()
