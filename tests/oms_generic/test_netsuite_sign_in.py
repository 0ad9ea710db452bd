"""The fake of NetSuite checks signatures really."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft.testing import FakeClock
from orderweft_oms_generic.simulator.netsuite import NetSuite

from .calls import bearer, request, says, simulator
from .netsuite_calls import NOW, TOKEN, ask_token, assertion, signed, token

READ = "/services/rest/record/v1/salesOrder"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512"), ("RSA", "PS256"), ("RSA", "PS512")],
    ids=str,
)
def test_a_signed_assertion_gives_a_token(key: str, algorithm: str) -> None:
    """With any of the algorithms the vendor names; the token works for an hour."""
    clock = FakeClock()
    sim = simulator("netsuite", clock, key=key)
    answer = says(ask_token(sim, assertion(sim, algorithm)))
    assert (answer["expires_in"], answer["token_type"]) == ("3600", "bearer")
    read = request("GET", READ, headers=bearer(answer["access_token"]))
    assert sim.handle(read).status == 200
    clock.sleep(3600)
    assert sim.handle(read).status == 401


def test_rs256_is_not_the_vendors() -> None:
    """It works with the switch only."""
    for allowed, status in ((False, 401), (True, 200)):
        sim = simulator("netsuite", key="RSA", rs256=allowed)
        assert ask_token(sim, assertion(sim, "RS256")).status == status


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "somebody"},
        {"aud": "https://elsewhere.example/token"},
        {"scope": ""},
        {"scope": None},
        {"exp": NOW + 3600},
        {"exp": NOW},
        {"iat": NOW + 600, "exp": NOW + 900},
        {"exp": None},
        {"header": {"kid": "other"}},
        {"header": {"typ": "JOSE"}},
        {"header": {"alg": "none"}},
        {"header": {"alg": "ES384"}},
    ],
    ids=str,
)
def test_a_wrong_assertion_is_refused(claims: dict[str, Any]) -> None:
    """Every claim and the header count."""
    sim = simulator("netsuite")
    assert ask_token(sim, assertion(sim, **claims)).json() == {"error": "invalid_client"}


def test_a_changed_assertion_or_form_is_refused() -> None:
    """The signature covers the claims, and the form has to be right."""
    sim = simulator("netsuite")
    header, payload, signature = assertion(sim).split(".")
    other = assertion(sim, exp=NOW + 200).split(".")[1]
    for jwt in (
        f"{header}.{other}.{signature}",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature}A",
        "",
        "a.b.c",
    ):
        assert ask_token(sim, jwt).status == 401, jwt
    assert ask_token(sim, assertion(sim), grant_type="password").status == 400
    host = TOKEN.replace("https://oms.example", "https://1234567-sb1.suitetalk.api.netsuite.com")
    assert ask_token(sim, assertion(sim, aud=host)).status == 200


def test_the_scope_can_be_checked() -> None:
    """With the switch it must name the REST web services."""
    sim = simulator("netsuite", scope="rest_webservices", expires_in="number")
    assert ask_token(sim, assertion(sim, scope=["restlets"])).status == 401
    assert says(ask_token(sim, assertion(sim, scope="restlets, rest_webservices")))["expires_in"] == 3600


def test_expired_tokens_are_refused() -> None:
    """As after a night."""
    sim = simulator("netsuite")
    read = request("GET", READ, headers=bearer(token(sim)))
    assert isinstance(sim.system, NetSuite)
    sim.system.expire_tokens()
    answer = sim.handle(read)
    assert (answer.status, answer.json()["o:errorDetails"][0]["o:errorCode"]) == (401, "INVALID_LOGIN")


def test_a_call_signed_by_oauth_1_works_once() -> None:
    """The query is part of what is signed; a nonce is not taken twice."""
    sim = simulator("netsuite")
    asked = signed(sim, request("GET", READ, limit=10, offset=0, expand="a b+c&d"))
    assert sim.handle(asked).status == 200
    assert sim.handle(asked).status == 401
    body = {"q": "SELECT id FROM item"}
    post = request("POST", "/services/rest/query/v1/suiteql", body, {"prefer": "transient"}, limit=5)
    assert sim.handle(signed(sim, post, nonce="n-2")).status == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"consumer_secret": "no"},
        {"token_secret": "no"},
        {"consumer_key": "no"},
        {"token_id": "no"},
        {"account": "1234567-sb1"},
        {"at": NOW - 301},
        {"nonce": ""},
    ],
    ids=str,
)
def test_a_wrong_oauth_1_signature_is_refused(changed: dict[str, Any]) -> None:
    """Secrets, realm, time and nonce all count; the realm is the account as shown, not as in the host."""
    sim = simulator("netsuite")
    assert sim.handle(signed(sim, request("GET", READ), **changed)).status == 401


def test_oauth_1_can_be_barred() -> None:
    """As it will be for new integrations."""
    sim = simulator("netsuite", tba="barred")
    assert sim.handle(signed(sim, request("GET", READ))).status == 401
    other = signed(sim, request("GET", READ, limit=1))
    moved = type(other)(other.method, other.url.replace("limit=1", "limit=2"), other.headers)
    assert simulator("netsuite").handle(moved).status == 401
