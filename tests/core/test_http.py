"""What the HTTP client of an account promises: reads repeated, writes never, secrets kept."""

from __future__ import annotations

import email.utils
import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, unquote, unquote_plus, urlsplit

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from orderweft import (
    Exchange,
    FixedWindow,
    Http,
    Limits,
    Response,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
    retry_after,
)
from orderweft.http import LONGEST_WAIT, MAX_BODY, READ_ATTEMPTS
from orderweft.testing import ConnectionLost, ConnectionRefused, FakeClock, Fault, Faulty, Request, SimulatorServer

Open = Callable[..., Http]
Handler = Callable[[Request], Response]


class Counter:
    """A channel that counts what is added to it and tells the sum."""

    def __init__(self) -> None:
        self.sum = 0
        self.requests: list[Request] = []

    def operation(self, request: Request) -> str:
        """Name the operation by its path."""
        return request.path.strip("/")

    def handle(self, request: Request) -> Response:
        """Add one for every POST and tell the sum."""
        self.requests.append(request)
        self.sum += request.method == "POST"
        return Response.of_json({"sum": self.sum})

    def settings(self) -> dict[str, Any]:
        """Take no credentials."""
        return {}

    def facts(self) -> dict[str, int]:
        """Return the sum."""
        return {"sum": self.sum}


@pytest.fixture(params=["in process", "over loopback"])
def reach(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Callable[..., Http]]:
    """Give a way to reach a handler, once in this process and once over a real socket."""
    opened: list[Any] = []

    def reached(handler: Handler, **more: Any) -> Http:
        if request.param == "in process":
            http = Http("https://shop.example", clock=clock, handler=handler, **more)
        else:
            server = SimulatorServer(handler)
            server.__enter__()
            opened.insert(0, lambda: server.__exit__(None, None, None))
            http = Http(server.url, clock=clock, timeout=5, **more)
        opened.insert(0, http.close)
        return http

    yield reached
    for close in opened:
        close()


def answering(*responses: Response) -> Handler:
    """Answer with *responses* one after the other, the last one for ever."""
    left = list(responses)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def busy(**headers: str) -> Response:
    """Build a 429."""
    return Response(429, {name.replace("_", "-"): value for name, value in headers.items()})


# reads


def test_a_read_goes_below_the_base_address(reach: Open) -> None:
    """A path is put under the base address, parameters are encoded and empty ones left out."""
    counter = Counter()
    reach(counter.handle).read("get", "orders", params={"since": "a b&c", "none": None, "page": 2})
    assert counter.requests[0].method == "GET"
    assert counter.requests[0].path == "/orders"
    assert counter.requests[0].query == {"since": "a b&c", "page": "2"}
    assert counter.requests[0].headers["user-agent"] == "orderweft"


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_mid_body"])
def test_a_read_without_a_whole_answer_is_repeated(reach: Open, clock: FakeClock, kind: Any) -> None:
    """Whatever cuts a read short, it is made again after a growing pause."""
    faulty = Faulty(Counter(), Fault("sum", kind, times=2))
    assert reach(faulty).read("GET", "sum").json() == {"sum": 0}
    assert faulty.calls == ["sum"] * 3
    assert 1.5 <= clock.monotonic() <= 2.5


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_or_broken_answer_to_a_read_is_repeated(reach: Open, status: int) -> None:
    """429 and 5xx are asked again."""
    faulty = Faulty(Counter(), Fault("sum", "answer_before", times=2, response=Response(status)))
    assert reach(faulty).read("GET", "sum").status == 200
    assert len(faulty.calls) == 3


@pytest.mark.parametrize("status", [200, 304, 400, 401, 404, 422])
def test_a_plain_answer_to_a_read_is_given_to_the_plugin(reach: Open, status: int) -> None:
    """What the channel answers otherwise is for the plugin to read, and is not repeated."""
    faulty = Faulty(Counter(), Fault("sum", "answer_before", times=9, response=Response(status)))
    assert reach(faulty).read("GET", "sum").status == status
    assert len(faulty.calls) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("sum", "timeout_before", times=99), id="no answer"),
        pytest.param(Fault("sum", "reset_mid_body", times=99), id="half an answer"),
        pytest.param(Fault("sum", "answer_before", times=99, response=Response(503)), id="5xx"),
        pytest.param(Fault("sum", "answer_before", times=99, response=busy(retry_after="7")), id="429"),
    ],
)
def test_a_read_is_given_up_after_a_few_tries(reach: Open, fault: Fault) -> None:
    """A read is tried a bounded number of times and ends as unavailable: nothing was applied by it."""
    faulty = Faulty(Counter(), fault)
    with pytest.raises(UnavailableError):
        reach(faulty).read("GET", "sum")
    assert len(faulty.calls) == READ_ATTEMPTS


def test_a_channel_that_cannot_be_reached_is_tried_again(clock: FakeClock) -> None:
    """A refused connection is repeated for a read, and told as unavailable with when to come back."""
    faulty = Faulty(Counter(), Fault("sum", "refuse", times=99))
    with pytest.raises(UnavailableError, match=r"shop\.example cannot be reached") as caught:
        Http("https://shop.example", clock=clock, handler=faulty).read("GET", "sum")
    assert caught.value.retry_after is None
    assert len(faulty.calls) == READ_ATTEMPTS


def test_retry_after_in_seconds_is_waited_for(reach: Open, clock: FakeClock) -> None:
    """The pause the channel asks for is kept, not our own."""
    assert reach(answering(busy(retry_after="17"), Response(200))).read("GET", "sum").status == 200
    assert clock.monotonic() == 17


def test_retry_after_as_a_date_is_waited_for(reach: Open, clock: FakeClock) -> None:
    """A date is as good as seconds."""
    date = email.utils.format_datetime(clock.now() + timedelta(seconds=42), usegmt=True)
    assert reach(answering(busy(retry_after=date), Response(200))).read("GET", "sum").status == 200
    assert clock.monotonic() == pytest.approx(42, abs=1)


def test_a_fixed_window_is_waited_out_when_no_pause_is_named(clock: FakeClock) -> None:
    """A 429 without Retry-After means that the window is used up, by whomever."""
    limits = Limits(pacing=FixedWindow(credits=100, seconds=60))
    http = Http("https://shop.example", clock=clock, limits=limits, handler=answering(busy(), Response(200)))
    http.read("GET", "sum")
    assert clock.monotonic() == 60


def test_a_very_long_pause_is_left_to_the_next_run(reach: Open, clock: FakeClock) -> None:
    """A run does not sleep for an hour with its pipeline claimed; it says when to come back."""
    faulty = Faulty(Counter(), Fault("sum", "answer_before", times=9, response=busy(retry_after="3000")))
    with pytest.raises(UnavailableError, match="HTTP 429 once") as caught:
        reach(faulty).read("GET", "sum")
    assert caught.value.retry_after == 3000 > LONGEST_WAIT
    assert clock.monotonic() == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("120", 120, id="seconds"),
        pytest.param("1.5", 1.5, id="fraction"),
        pytest.param("-5", 0, id="negative"),
        pytest.param("99999", 3600, id="an hour at most"),
        pytest.param("inf", 3600, id="endless"),
        pytest.param("nan", 0, id="no number"),
        pytest.param("soon", None, id="words"),
        pytest.param("", None, id="empty"),
        pytest.param("Mon, 02 Nov 2026 09:01:00 GMT", 60, id="date"),
        pytest.param("Mon, 02 Nov 2026 10:01:00 +0100", 60, id="date elsewhere"),
        pytest.param("Mon, 02 Nov 2026 09:01:00 -0000", 60, id="date of no zone"),
        pytest.param("Mon, 02 Nov 2026 09:01:00", 60, id="date without a zone"),
        pytest.param("Mon, 02 Nov 2020 09:01:00 GMT", 0, id="date gone by"),
    ],
)
def test_retry_after_is_read(clock: FakeClock, value: str, seconds: float | None) -> None:
    """Both forms are understood, neither asks for less than nothing or more than an hour."""
    assert retry_after(busy(retry_after=value), clock) == seconds


@settings(deadline=None)
@given(value=st.text(max_size=40) | st.from_regex(r"\w\w\w, \d\d \w\w\w \d{1,5} \d\d:\d\d:\d\d [+-]?\w{0,6}"))
def test_no_retry_after_breaks_a_run(value: str) -> None:
    """Whatever a server writes there gives seconds between nothing and an hour, or nothing."""
    told = retry_after(busy(retry_after=value), FakeClock())
    assert told is None or 0 <= told <= 3600


# writes


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_mid_body"])
def test_a_write_without_an_answer_is_unknown_and_never_repeated(reach: Open, clock: FakeClock, kind: Any) -> None:
    """When nobody can tell whether a write arrived, it is said so and not tried again."""
    faulty = Faulty(Counter(), Fault("sum", kind, times=9))
    with pytest.raises(UnknownOutcomeError, match="gave no complete answer"):
        reach(faulty).write("POST", "sum", json={})
    assert len(faulty.calls) == 1
    assert clock.monotonic() == 0


def test_a_write_that_cannot_connect_was_not_applied(clock: FakeClock) -> None:
    """A refused connection is told apart from a lost answer: the same write may be made again."""
    faulty = Faulty(Counter(), Fault("sum", "refuse"))
    with pytest.raises(UnavailableError) as caught:
        Http("https://shop.example", clock=clock, handler=faulty).write("POST", "sum", json={})
    assert caught.value.retry_after is None
    assert len(faulty.calls) == 1


def test_a_port_that_nobody_listens_on_was_not_applied(clock: FakeClock) -> None:
    """The same over a real socket, naming the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    http = Http(f"http://{address}", clock=clock)
    with pytest.raises(UnavailableError, match=f"{address} cannot be reached"):
        http.write("POST", "sum", json={})
    http.close()


def test_a_name_that_does_not_exist_was_not_applied(clock: FakeClock) -> None:
    """A misspelt address is told as unreachable."""
    http = Http("https://nowhere.invalid", clock=clock)
    with pytest.raises(UnavailableError, match=r"nowhere\.invalid cannot be reached"):
        http.write("POST", "sum", json={})
    http.close()


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 409, 422, 429, 500, 503])
def test_every_answer_to_a_write_is_given_to_the_plugin_once(reach: Open, status: int) -> None:
    """A 5xx after a write may hide that it was applied; only the plugin can judge it."""
    faulty = Faulty(Counter(), Fault("sum", "answer_after", times=9, response=Response(status)))
    assert reach(faulty).write("POST", "sum", json={}).status == status
    assert len(faulty.calls) == 1


def test_a_throttled_write_holds_the_calls_of_the_account_back(reach: Open, clock: FakeClock) -> None:
    """A 429 with Retry-After to one write is heeded by everything else on that account."""
    http = reach(answering(busy(retry_after="9"), Response(200)))
    http.write("POST", "sum", json={})
    assert clock.monotonic() == 0
    http.write("POST", "sum", json={})
    assert clock.monotonic() == 9


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_that_cannot_be_decoded_leaves_a_write_unknown(reach: Open, encoding: str) -> None:
    """Broken compression is a lost answer, not a crash."""
    faulty = Faulty(
        Counter(), Fault("sum", "answer_after", response=Response(200, {"content-encoding": encoding}, b"\x00broken"))
    )
    with pytest.raises(UnknownOutcomeError):
        reach(faulty).write("POST", "sum", json={})
    assert faulty.simulator.facts() == {"sum": 1}


def test_an_endless_answer_is_cut_and_leaves_a_write_unknown(reach: Open) -> None:
    """No answer fills the memory, not even a small one that unpacks to a large one."""
    bomb = Response(200, {"content-encoding": "gzip"}, gzip.compress(bytes(MAX_BODY + 1)))
    with pytest.raises(UnknownOutcomeError, match="more than 64 MB"):
        reach(answering(bomb)).write("POST", "sum", json={})


def test_an_answer_that_drips_is_given_up(clock: FakeClock) -> None:
    """A server that sends a byte now and then keeps nobody for ever, and leaves a write unknown."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
                with suppress(OSError):
                    while True:
                        clock.sleep(10)
                        peer.sendall(b".")

        thread = threading.Thread(target=serve)
        thread.start()
        http = Http(f"http://127.0.0.1:{listening.getsockname()[1]}", clock=clock, timeout=5)
        with pytest.raises(UnknownOutcomeError, match="did not finish its answer"):
            http.write("POST", "sum", json={})
        http.close()
        thread.join(10)


def test_what_waits_for_its_turn_has_not_left(clock: FakeClock) -> None:
    """A write that a run stops before its turn came was certainly not applied."""

    class Stopped(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise UnavailableError("the run is stopping")

    counter = Counter()
    http = Http("https://shop.example", clock=Stopped(), handler=counter.handle)
    http.pacer.block(5)
    with pytest.raises(UnavailableError, match="stopping"):
        http.write("POST", "sum", json={})
    assert counter.requests == []


# redirects, TLS, addresses


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_read_is_refused_at_once_and_names_the_other_host(reach: Open, status: int) -> None:
    """Our credentials go nowhere else."""
    faulty = Faulty(
        Counter(),
        Fault("sum", "answer_before", times=9, response=Response(status, {"location": "https://evil.example/"})),
    )
    with pytest.raises(UnavailableError, match=r"redirects to evil\.example, which is not followed; check base_url"):
        reach(faulty).read("GET", "sum")
    assert len(faulty.calls) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, UnavailableError),
        (302, UnknownOutcomeError),
        (303, UnknownOutcomeError),
        (307, UnavailableError),
        (308, UnavailableError),
    ],
)
def test_a_redirect_of_a_write_tells_whether_it_may_have_been_applied(
    reach: Open, status: int, error: type[Exception]
) -> None:
    """Many servers apply a POST and then send the reader on by 302 or 303; such a write is looked up, not repeated."""
    moved = Response(status, {"location": "/orders/1"})
    with pytest.raises(error, match="redirects to another address") as caught:
        reach(answering(moved)).write("POST", "sum", json={})
    assert type(caught.value) is error


def test_a_server_without_tls_is_told_as_such(clock: FakeClock) -> None:
    """An https address of a plain server gives a sentence about TLS, and the write was not applied."""
    counter = Counter()
    with SimulatorServer(counter.handle) as server:
        http = Http(server.url.replace("http://", "https://"), clock=clock)
        with pytest.raises(UnavailableError, match="does not speak TLS as it should; check base_url"):
            http.write("POST", "sum", json={})
        http.close()
    assert counter.requests == []


@pytest.mark.parametrize(
    "address", ["https://shop.example:99999", "https://shop.example:no", "https://[::1", "https://a\nb"]
)
def test_an_impossible_address_is_a_mistake_in_the_settings(clock: FakeClock, address: str) -> None:
    """An address that cannot be asked is told before anything is sent."""
    with pytest.raises(SettingsError, match="check base_url"):
        Http(address, clock=clock)


def test_an_impossible_link_was_not_applied(clock: FakeClock) -> None:
    """A full address that a channel gave and that is none ends as unavailable."""
    http = Http("https://shop.example", clock=clock, handler=Counter().handle)
    with pytest.raises(UnavailableError):
        http.write("POST", "https://shop.example:99999999/x\x00")


@pytest.mark.parametrize("value", ["tökén", "two\nlines", "a\r\nx-forged: 1", "“quoted”", "nul\0"])
def test_a_header_that_cannot_be_sent_is_a_mistake_in_the_settings(reach: Open, value: str) -> None:
    """A token with odd characters is told by its header, and is not in the message."""
    counter = Counter()
    with pytest.raises(SettingsError, match="x-api-key") as caught:
        reach(counter.handle).write("POST", "sum", headers={"x-api-key": value})
    assert value not in str(caught.value)
    assert counter.requests == []


# exchanges and secrets


def exchanges_of(handler: Handler, *, secrets: tuple[str, ...] = ()) -> tuple[Http, list[Exchange]]:
    """Open a client that keeps its exchanges."""
    kept: list[Exchange] = []
    return Http(
        "https://shop.example", clock=FakeClock(), handler=handler, secrets=secrets, on_exchange=kept.append
    ), kept


def test_every_try_is_an_exchange() -> None:
    """Answers, lost answers and redirects are all shown, each with what came back."""
    moved = Response(302, {"location": "https://evil.example/"})
    http, kept = exchanges_of(
        Faulty(
            Counter(),
            Fault("sum", "timeout_after"),
            Fault("sum", "answer_before", call=2, response=Response(503)),
            Fault("sum", "answer_before", call=4, response=moved),
            Fault("sum", "refuse", call=5),
        )
    )
    http.read("GET", "sum")
    with pytest.raises(UnavailableError):
        http.read("GET", "sum")
    with pytest.raises(UnavailableError):
        http.write("POST", "sum")
    assert [exchange.response and exchange.response.status for exchange in kept] == [None, 503, 200, 302, None]
    assert [bool(exchange.error) for exchange in kept] == [True, False, False, False, True]


def test_an_exchange_tells_how_long_it_took() -> None:
    """The time is that of the clock passed in."""
    clock = FakeClock()
    kept: list[Exchange] = []

    def slow(request: Request) -> Response:
        clock.sleep(2.5)
        return Response(200)

    Http("https://shop.example", clock=clock, handler=slow, on_exchange=kept.append).read("GET", "sum")
    assert kept[0].seconds == 2.5


@pytest.mark.parametrize("header", ["authorization", "Cookie", "Proxy-Authorization", "X-Shopify-Access-Token"])
def test_headers_that_carry_credentials_are_masked_by_name(header: str) -> None:
    """Whatever stands in such a header is removed, whether it was declared a secret or not."""
    http, kept = exchanges_of(lambda request: Response(200, {"set-cookie": "session=unlisted"}))
    http.read("GET", "sum", headers={header: "unlisted"})
    assert kept[0].request.headers[header.lower()] == "***"
    assert "unlisted" not in repr(kept)


def test_a_token_that_a_sign_in_returns_is_masked() -> None:
    """A token that was not known before is removed by the name of its field, other fields are kept."""
    answer = {
        "access_token": 'shp"at',
        "refresh_token": "r-1",
        "nextPageToken": None,
        "expires_in": 3600,
        "scope": "all",
    }
    http, kept = exchanges_of(lambda request: Response.of_json(answer))
    http.read("POST", "token", form={"client_id": "public"})
    assert kept[0].response is not None
    shown = kept[0].response.json()
    assert shown == {**answer, "access_token": "***", "refresh_token": "***"}
    assert kept[0].request.form() == {"client_id": "public"}


def test_a_token_learnt_later_is_masked_from_then_on() -> None:
    """A plugin can name what must not be shown."""
    http, kept = exchanges_of(lambda request: Response(200, {}, b"you sent learnt/later"))
    http.keep_secret("learnt/later")
    http.read("GET", "sum", params={"sent": "learnt/later"})
    assert "learnt" not in repr(kept)


SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=4, max_size=12).filter(
    lambda text: text.strip() == text
)


@settings(deadline=None)
@given(secret=SECRETS, around=st.text('abc/&=?#%+ "\\ü', max_size=4), data=st.data())
def test_no_secret_survives_in_an_exchange(secret: str, around: str, data: st.DataObject) -> None:
    """Wherever a secret stands, in whichever usual spelling, it is not in what is passed on."""
    assume(
        secret not in "https://shop.example application/json orderweft user-agent content-type x-www-form-urlencoded"
    )
    text = f"{around}{secret}{around}"
    place = data.draw(st.sampled_from(["path", "query", "header", "json", "form", "body", "answer", "answer header"]))
    parts: dict[str, Any] = {}
    match place:
        case "query":
            parts["params"] = {"q": text}
        case "header" if text.isascii() and text.isprintable():
            parts["headers"] = {"x-note": text}
        case "json":
            parts["json"] = {"deep": [{"q": text}]}
        case "form":
            parts["form"] = {"q": text}
        case "body":
            parts["body"] = text.encode()

    def answer(request: Request) -> Response:
        if place == "answer header" and text.isascii() and text.isprintable():
            return Response(200, {"x-note": text})
        escapes = data.draw(st.booleans())
        return Response(200, {}, json.dumps({"q": text}, ensure_ascii=escapes).encode())

    http, kept = exchanges_of(answer, secrets=(secret,))
    path = "x/" + data.draw(st.sampled_from([quote, quote_plus]))(text, safe="") if place == "path" else "x"
    http.read("POST", path, **parts)
    for seen in spellings(kept[0]):
        assert secret not in seen


def spellings(exchange: Exchange) -> Iterator[str]:
    """Give everything a reader of *exchange* could see or decode."""
    assert exchange.response is not None
    url, body = exchange.request.url, exchange.request.body.decode()
    yield from (url, unquote(url), unquote_plus(url), body)
    yield from (value for values in parse_qs(urlsplit(url).query).values() for value in values)
    yield from exchange.request.form().values()
    yield from exchange.request.headers.values()
    yield from exchange.response.headers.values()
    yield exchange.response.text
    with suppress(ValueError):  # a mask beside a backslash may leave no JSON
        yield str(exchange.response.json())


# connections


def test_the_connection_is_kept_open(clock: FakeClock) -> None:
    """Calls one after the other use one socket; nobody signs a TLS handshake for each."""
    ports: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, address = listening.accept()
            with peer:
                while peer.recv(65536):
                    ports.append(address[1])
                    peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve)
        thread.start()
        http = Http(f"http://127.0.0.1:{listening.getsockname()[1]}", clock=clock)
        for _ in range(5):
            assert http.read("GET", "sum").text == "ok"
        http.close()
        thread.join(10)
    assert len(ports) == 5
    assert len(set(ports)) == 1


def test_a_connection_that_went_stale_leaves_a_write_unknown(clock: FakeClock) -> None:
    """A server that closes after an answer it announced as kept open may have seen the next write, or not."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                peer.recv(65536)

        thread = threading.Thread(target=serve)
        thread.start()
        http = Http(f"http://127.0.0.1:{listening.getsockname()[1]}", clock=clock)
        http.read("GET", "sum")
        with pytest.raises(UnknownOutcomeError, match="gave no complete answer"):
            http.write("POST", "sum", json={})
        http.close()
        thread.join(10)


def test_as_many_calls_as_the_limits_allow_go_out_side_by_side(clock: FakeClock) -> None:
    """With four calls in flight all four reach the channel before any is answered."""
    together = threading.Barrier(4, timeout=10)

    def wait_for_the_others(request: Request) -> Response:
        together.wait()
        return Response(200)

    http = Http("https://shop.example", clock=clock, limits=Limits(in_flight=4), handler=wait_for_the_others)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(http.write("POST", "sum").status)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert statuses == [200] * 4


def test_a_handler_may_act_as_a_dead_or_a_silent_server(clock: FakeClock) -> None:
    """The two exceptions for handlers become the two errors of a write."""

    def dead(request: Request) -> Response:
        raise ConnectionRefused

    def silent(request: Request) -> Response:
        raise ConnectionLost

    with pytest.raises(UnavailableError):
        Http("https://shop.example", clock=clock, handler=dead).write("POST", "sum")
    with pytest.raises(UnknownOutcomeError):
        Http("https://shop.example", clock=clock, handler=silent).write("POST", "sum")


def test_a_simulator_that_breaks_says_so(clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
    """A bug in a simulator served over HTTP is shown, and does not pass for a lost connection only."""

    def broken(request: Request) -> Response:
        raise KeyError("a bug in the simulator")

    with SimulatorServer(broken) as server:
        http = Http(server.url, clock=clock)
        with pytest.raises(UnknownOutcomeError):
            http.write("POST", "sum")
        http.close()
    assert "a bug in the simulator" in capsys.readouterr().err


def test_a_simulator_is_called_by_one_thread_at_a_time(clock: FakeClock) -> None:
    """However many calls are in flight, a simulator with faults handles them one after the other."""
    inside = threading.Semaphore(1)
    overlaps: list[bool] = []

    class Touchy(Counter):
        def handle(self, request: Request) -> Response:
            alone = inside.acquire(blocking=False)
            overlaps.append(not alone)
            together.wait(0.01)
            if alone:
                inside.release()
            return super().handle(request)

    together = threading.Event()
    http = Http("https://shop.example", clock=clock, limits=Limits(in_flight=4), handler=Faulty(Touchy()))
    threads = [threading.Thread(target=http.write, args=("POST", "sum")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert overlaps == [False] * 8


def test_pauses_between_tries_grow(clock: FakeClock) -> None:
    """Each pause is longer than the one before, so that a struggling channel is left alone."""
    moments: list[float] = []

    def failing(request: Request) -> Response:
        moments.append(clock.monotonic())
        return Response(500)

    with pytest.raises(UnavailableError, match=r"shop\.example answered HTTP 500 4 times"):
        Http("https://shop.example", clock=clock, handler=failing).read("GET", "sum")
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2 * pauses[0]
