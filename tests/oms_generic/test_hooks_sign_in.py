"""Signing in to the systems in every way profiles know, and keeping secrets to ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
import pytest
from orderweft import Accepted, AuthenticationError, Connection, Exchange, Http, SettingsError, UnavailableError
from orderweft.testing import FakeClock, Fault, Faulty, Response, SimulatorServer
from orderweft_oms_generic.simulator.rehearsal import Rehearsed

from .hooks import SYSTEMS, Bench, connect, order_of, settings_of

CLIENT = (
    ("  token: {kind: secret, needed: true, meaning: Token.}\n", """\
  client_id: {needed: true, meaning: Id.}
  client_secret: {kind: secret, needed: true, meaning: Secret.}
"""),
    ("  main: {kind: bearer, token: =settings.token}\n", """\
  main:
    kind: client_credentials
    token_url: https://oms.example.com/oauth/token
    client_id: =settings.client_id
    client_secret: =settings.client_secret
"""),
)  # fmt: skip
KINDS: Mapping[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "headers": ("order_desk", {}, {}),
    "basic": ("cartrover", {}, {}),
    "bearer": ("skubana", {}, {}),
    "client_credentials": ("in_house", {"auth": "client_credentials"}, {"changes": CLIENT}),
    "jwt-P-256": ("netsuite", {}, {}),
    "jwt-P-384": ("netsuite", {"key": "P-384"}, {}),
    "jwt-P-521": ("netsuite", {"key": "P-521", "expires_in": "number"}, {}),
    "jwt-RSA": ("netsuite", {"key": "RSA", "scope": "rest_webservices"}, {}),
    "oauth1": ("netsuite", {}, {"values": {"sign_in": "tba"}}),
}


def bench_of(folder: Path, kind: str) -> Bench:
    """Open a system that is signed in to in one way."""
    system, switches, settings = KINDS[kind]
    return Bench(folder, system, switches, settings)


def tokens(bench: Bench) -> int:
    """Return how many tokens were asked for."""
    return bench.door.calls.count("auth.token")


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_of_signing_in_lets_us_read_and_write(tmp_path: Path, kind: str) -> None:
    """Orders are taken, and stock of several pages is read, with one token where there are tokens."""
    bench = bench_of(tmp_path, kind)
    assert isinstance(bench.deliver(order_of()), Accepted)
    assert sum(len(page.records) for page in oms.read_inventory(bench.connection)) >= 150
    assert tokens(bench) <= 1


@pytest.mark.parametrize("system", ["netsuite", "order_desk"])
def test_signatures_and_headers_survive_real_http(tmp_path: Path, system: str) -> None:
    """The address that is signed is the one that is asked, over a real connection too."""
    clock = FakeClock()
    sim = Rehearsed(clock=clock, system=system)
    values = {"sign_in": "tba"} if system == "netsuite" else {}
    with SimulatorServer(Faulty(sim)) as server:
        settings = oms.Settings.model_validate({**settings_of(sim, tmp_path, values=values), "base_url": server.url})
        connection = Connection("oms", "oms_generic", settings, Http(settings.service_url, clock=clock), clock)
        assert sum(len(page.records) for page in oms.read_inventory(connection)) >= 150
        connection.close()


@pytest.mark.parametrize("kind", ["client_credentials", "jwt-P-256"])
def test_a_token_is_renewed_before_it_expires(tmp_path: Path, kind: str) -> None:
    """A token serves until shortly before its end; then another is asked for."""
    bench = bench_of(tmp_path, kind)
    life = 600 if kind == "client_credentials" else 3600
    for number, passed in enumerate((0, life * 0.7, life * 0.2), 1):
        bench.clock.sleep(passed)
        assert isinstance(bench.deliver(order_of(), f"joor:{number}"), Accepted)
    assert tokens(bench) == 2


def test_a_token_that_was_ended_early_is_replaced_once(tmp_path: Path) -> None:
    """A call refused for its token is made again with a new one, and only then believed."""
    bench = bench_of(tmp_path, "jwt-P-256")
    bench.deliver(order_of())
    bench.sim.system.expire_tokens()  # type: ignore[attr-defined]
    assert isinstance(bench.deliver(order_of(), "joor:2"), Accepted)
    assert tokens(bench) == 2
    bench.spoil(Fault("order.find", "answer_before", times=9, response=Response(401)))
    with pytest.raises(AuthenticationError):
        bench.deliver(order_of(), "joor:3")
    assert bench.door.calls == ["order.find", "auth.token", "order.find"]


@pytest.mark.parametrize(
    ("response", "error"),
    [(Response.of_json({"error": "invalid_client"}, 401), AuthenticationError), (Response(200), UnavailableError)],
    ids=["refused", "empty"],
)
def test_a_sign_in_without_a_token_is_told(tmp_path: Path, response: Response, error: type[Exception]) -> None:
    """A refused sign-in is a matter of credentials; an answer without a token may be better later."""
    bench = bench_of(tmp_path, "client_credentials")
    bench.spoil(Fault("auth.token", "answer_before", times=9, response=response))
    with pytest.raises(error, match="signing in to In-house system by main"):
        oms.check_connection(bench.connection)


def test_a_private_key_that_is_none_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    """Text that is no key is refused without being shown."""
    bench = Bench(tmp_path, "netsuite", {}, {"values": {"private_key": "no-key-at-all"}})
    with pytest.raises(SettingsError, match="no RSA or EC key") as caught:
        bench.deliver(order_of())
    assert "no-key-at-all" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_reaches_what_is_passed_on(tmp_path: Path, kind: str) -> None:
    """Neither the exchanges nor the settings, written out, hold a secret or a token."""
    seen: list[Exchange] = []
    system, switches, more = KINDS[kind]
    clock = FakeClock()
    sim = Rehearsed(clock=clock, system=system, **switches)
    settings = oms.Settings.model_validate(settings_of(sim, tmp_path, **more))
    http = Http(settings.service_url, clock=clock, handler=sim.handle, on_exchange=seen.append)
    connection = Connection("oms", "oms_generic", settings, http, clock)
    list(oms.read_inventory(connection))
    secrets = [*settings.secret_texts, "simulated-access-token", "simulated-token"]
    assert secrets
    told = f"{seen} {settings!r} {settings.identity()} {connection!r}"
    assert [text for text in secrets if text in told] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_account_is_named(tmp_path: Path, system: str) -> None:
    """Checking a connection names who we are signed in as, and what is still to be confirmed."""
    bench = Bench(tmp_path, system)
    account = oms.check_connection(bench.connection)
    values = bench.connection.settings.texts
    named = {"order_desk": "store_id", "cartrover": "cart_user", "skubana": "sales_channel_id", "netsuite": "account"}
    assert account.id == values.get(named.get(system, ""), "Sample Brand")
    assert bool(account.warnings) is (bench.connection.settings.system.status == "experimental")


def test_nothing_is_sent_to_hosts_that_are_not_named(tmp_path: Path) -> None:
    """A next page on another host is not asked for."""
    clock = FakeClock()
    sim = Rehearsed(clock=clock, system="in_house")
    link = Response.of_json({"shipments": [], "next": "https://elsewhere.example/api/shipments"})
    door = Faulty(sim, Fault("shipments.read", "answer_before", response=link))
    connection = connect(door, settings_of(sim, tmp_path), clock)
    with pytest.raises(UnavailableError, match="outside"):
        list(oms.read_shipments(connection))
