"""Tokens, and keeping to the store's limits."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from orderweft import (
    Accepted,
    AuthenticationError,
    UnavailableError,
)
from orderweft.testing import FakeClock, Response
from orderweft_shopify.client import THROTTLED_TRIES, Client

from .hand_made import APP, BAD_TOKEN, HTML, PARTIAL, HandMadeStore, connect, deliver, errors, http, shop_node

# --- signing in and pacing ---------------------------------------------------------------------------------------


def test_a_token_is_fetched_once_and_renewed_in_time() -> None:
    """The app signs in at the first call and again when 80 % of the token's life are over."""
    store, clock = HandMadeStore(Shop=shop_node()), FakeClock()
    client = connect(store, clock, **APP).once(Client)
    client.query("Shop")
    clock.sleep(86399 * 0.79)
    client.query("Shop")
    assert store.called("sign-in") == [
        {"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"}
    ]
    clock.sleep(86399 * 0.02)
    client.query("Shop")
    assert len(store.called("sign-in")) == 2


def test_threads_sign_in_together() -> None:
    """Calls at the same time fetch one token."""
    store = HandMadeStore(Shop=shop_node())
    client = connect(store, **APP).once(Client)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.query("Shop"), range(8)))
    assert len(store.called("sign-in")) == 1


def test_a_refused_token_is_renewed_once() -> None:
    """A 401 was not executed: with a fresh token even a write goes out again, once."""
    tokens = iter(["first", "second"])
    done = http(200, json.dumps({"data": PARTIAL["data"]}).encode())
    store = HandMadeStore(
        sign_in=lambda _: {"access_token": next(tokens), "expires_in": 86399},
        CreateOrder=[http(401, BAD_TOKEN), done],
    )
    assert isinstance(deliver(connect(store, **APP)), Accepted)
    assert store.tokens[-2:] == ["first", "second"]


def test_a_token_refused_for_good_stops_the_run() -> None:
    """A second 401 in a row is a matter for a person."""
    with pytest.raises(AuthenticationError):
        deliver(connect(HandMadeStore(FindOrder=http(401, BAD_TOKEN)), **APP))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(http(400, HTML), AuthenticationError, id="refused"),
        pytest.param(http(200, HTML), AuthenticationError, id="no token"),
        pytest.param(http(402), UnavailableError, id="frozen"),
        pytest.param(http(503), UnavailableError, id="down"),
    ],
)
def test_a_failed_sign_in_says_what_to_do(answer: Response, error: type[Exception]) -> None:
    """Wrong credentials are told apart from a store that is out of reach; the secret is never repeated."""
    connection = connect(HandMadeStore(sign_in=answer), **APP)
    with pytest.raises(error) as caught:
        connection.once(Client).query("Shop")
    assert "secret" not in str(caught.value).replace("client_secret", "")


def _throttled(available: int) -> dict[str, Any]:
    status = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": 100}
    return errors("THROTTLED") | {"extensions": {"cost": {"requestedQueryCost": 700, "throttleStatus": status}}}


def test_a_throttled_reading_waits_as_long_as_it_takes() -> None:
    """The wait is what the bucket lacks for the call, and then the same call succeeds."""
    clock = FakeClock()
    store = HandMadeStore(Shop=[_throttled(100), shop_node()])
    assert connect(store, clock).once(Client).query("Shop") == shop_node()
    assert 6 <= clock.monotonic() < 10


def test_a_throttled_reading_gives_up_in_the_end() -> None:
    """Waiting is bounded."""
    store = HandMadeStore(Shop=_throttled(0))
    with pytest.raises(UnavailableError) as caught:
        connect(store).once(Client).query("Shop")
    assert caught.value.retry_after == 7
    assert len(store.calls) == THROTTLED_TRIES


def test_new_orders_are_spread_over_the_minute() -> None:
    """With orders_per_minute = 5, no minute sees a sixth one."""
    clock, times = FakeClock(), []

    def create(variables: dict[str, Any]) -> Any:
        times.append(clock.monotonic())
        return PARTIAL["data"]

    connection = connect(HandMadeStore(CreateOrder=create), clock, orders_per_minute=5)
    for number in range(12):
        assert isinstance(deliver(connection, key=f"joor:{number}"), Accepted)
    assert all(later - sooner > 60 for sooner, later in zip(times, times[5:], strict=False))
