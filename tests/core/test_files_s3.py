"""What is special about a folder in an S3 bucket."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import obstore
import pytest
import trustme
from obstore.store import S3Store
from orderweft import (
    AuthenticationError,
    RejectedError,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
    open_folder,
)
from orderweft.testing import ConnectionLost, Request, Response, SimulatorServer

from .folders import Bucket, s3_folder, s3_server


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Give the address of a server of buckets."""
    with s3_server() as served:
        yield served


@pytest.fixture
def bucket(endpoint: str) -> Bucket:
    """Give an empty bucket."""
    return Bucket()


def failed(status: int, code: str = "", more: str = "") -> Response:
    """Return how S3 says no."""
    return Response(status, {}, f"<Error><Code>{code}</Code>{more}</Error>".encode() if code else b"")


def found(data: bytes) -> Response:
    """Return an object."""
    return Response(200, {"etag": '"1"', "last-modified": "Sun, 22 Nov 2026 10:00:00 GMT"}, data)


MISSING = failed(404, "NoSuchKey")
STORED = Response(200, {"etag": '"1"'}, b"")


class Script:
    """A server that gives the next answer of a list, whatever is asked; None hangs up."""

    def __init__(self, *answers: Response | None) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        self.requests.append(request)
        answer = self.answers.pop(0)
        if answer is None:
            raise ConnectionLost
        return answer


# writing


def test_a_file_becomes_visible_whole_by_one_request() -> None:
    """There is no part: after a look, one request writes it, on the condition that the name is free."""
    script = Script(MISSING, STORED)
    with SimulatorServer(script) as server:
        s3_folder(server.url, "orders", "in box").write("new/a.csv", b"1")
    assert [(request.method, request.path) for request in script.requests] == [
        ("GET", "/orders/in%20box/new/a.csv"),
        ("PUT", "/orders/in%20box/new/a.csv"),
    ]
    assert script.requests[1].headers["if-none-match"] == "*"
    assert script.requests[1].body == b"1"


@pytest.mark.parametrize(
    ("there", "error", "told"),
    [
        (found(b"1"), None, ""),
        (found(b"2"), RejectedError, "another content"),
        (MISSING, UnavailableError, "another program"),
    ],
    ids=["same", "other", "gone again"],
)
def test_a_writer_that_comes_second_replaces_nothing(there: Response, error: type[Exception] | None, told: str) -> None:
    """When a file appears between look and write, the server refuses, and its content decides."""
    script = Script(MISSING, failed(412, "PreconditionFailed"), there)
    with SimulatorServer(script) as server:
        folder = s3_folder(server.url, "orders")
        if error is None:
            folder.write("a.csv", b"1")
        else:
            with pytest.raises(error, match=told):
                folder.write("a.csv", b"1")


@pytest.mark.parametrize("answer", [None, failed(500, "InternalError")], ids=["lost", "broken"])
def test_a_write_without_an_answer_leaves_doubt_that_a_repeat_settles(answer: Response | None) -> None:
    """The request is made once; the caller is told that it may have been done, and may repeat it."""
    script = Script(MISSING, answer, found(b"1"))
    with SimulatorServer(script) as server:
        folder = s3_folder(server.url, "orders")
        with pytest.raises(UnknownOutcomeError, match=r"s3://orders: 'a\.csv' was being changed"):
            folder.write("a.csv", b"1")
        folder.write("a.csv", b"1")
    assert [request.method for request in script.requests] == ["GET", "PUT", "GET"]


# what the server answers


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (failed(403, "InvalidAccessKeyId"), AuthenticationError, r"refused to key \(InvalidAccessKeyId\); check"),
        (failed(403, "SignatureDoesNotMatch"), AuthenticationError, "check access_key and secret_key"),
        (failed(403, "AccessDenied"), AuthenticationError, "may list the bucket"),
        (failed(401), AuthenticationError, "HTTP 401"),
        (failed(404, "NoSuchBucket"), SettingsError, "s3://orders is not there; check the bucket"),
        (
            failed(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
            SettingsError,
            'set region = "eu-west-1"',
        ),
        (failed(301, "PermanentRedirect"), SettingsError, "in another region; set region"),
        (failed(503, "SlowDown"), UnavailableError, "SlowDown"),
        (failed(429), UnavailableError, "HTTP 429"),
        (failed(400, "KeyTooLongError"), RejectedError, "KeyTooLongError"),
        (None, UnavailableError, "no answer"),
        (failed(500, "InternalError"), UnavailableError, "InternalError"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or (str(value.status) if isinstance(value, Response) else ""),
)
@pytest.mark.parametrize("call", ["read", "list", "write"])
def test_each_answer_says_what_to_do(
    call: Literal["read", "list", "write"], answer: Response | None, error: type[Exception], told: str
) -> None:
    """A refused key is not a missing bucket, and neither is a server that is busy; the secret is in no message."""
    script = Script(MISSING, answer) if call == "write" else Script(answer)
    if call == "write" and error is UnavailableError and (answer is None or answer.status == 500):
        error = UnknownOutcomeError
    with SimulatorServer(script) as server:
        folder = s3_folder(server.url, "orders")
        calls: dict[str, Callable[[], object]] = {
            "read": lambda: folder.read("a.csv"),
            "list": folder.list,
            "write": lambda: folder.write("a.csv", b"1"),
        }
        with pytest.raises(error, match=told) as caught:
            calls[call]()
    assert "geheim" not in str(caught.value)
    assert not script.answers


def test_a_server_without_conditional_writes_is_no_place_to_write() -> None:
    """A server that says it cannot promise to replace nothing is refused, not trusted."""
    script = Script(MISSING, failed(501, "NotImplemented"))
    with SimulatorServer(script) as server, pytest.raises(SettingsError, match="If-None-Match"):
        s3_folder(server.url, "orders").write("a.csv", b"1")


def test_half_an_object_is_never_taken_for_the_whole() -> None:
    """A connection lost in the middle of a file means try later."""

    def half(request: Request) -> Response:
        raise ConnectionLost(found(b"12"))

    with SimulatorServer(half) as server, pytest.raises(UnavailableError, match=r"'a\.csv' cannot be used now"):
        s3_folder(server.url, "orders").read("a.csv")


def test_a_server_that_cannot_be_reached_is_unavailable() -> None:
    """Nothing listening is a reason to try later, for what would change something too."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        folder = s3_folder(f"http://127.0.0.1:{taken.getsockname()[1]}", "orders")
        for call in (lambda: folder.write("a.csv", b"1"), lambda: folder.delete("a.csv"), folder.list):
            with pytest.raises(UnavailableError, match=r"s3://orders: .* cannot be used now"):
                call()


def test_a_server_that_never_answers_is_unavailable() -> None:
    """Waiting ends after the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        folder = s3_folder(f"http://127.0.0.1:{silent.getsockname()[1]}", "orders", timeout=0.05)
        with pytest.raises(UnavailableError, match="no answer"):
            folder.list()


# who asks, and whom


def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, tokens and addresses that this machine keeps for others change neither who asks nor where."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "other",
        "AWS_SECRET_ACCESS_KEY": "other",
        "AWS_SESSION_TOKEN": "other",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_REGION": "other",
        "AWS_BUCKET": "other",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        "AWS_S3_EXPRESS": "true",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "other",
    }.items():
        monkeypatch.setenv(name, value)
    script = Script(MISSING, STORED)
    with SimulatorServer(script) as server:
        s3_folder(server.url, "orders", region="eu-central-1").write("a.csv", b"1")
    for request in script.requests:
        assert request.path == "/orders/a.csv"
        assert "Credential=key/" in request.headers["authorization"]
        assert "/eu-central-1/s3/" in request.headers["authorization"]
        assert "other" not in str(request.headers)
    with pytest.raises(SettingsError, match="needs access_key and secret_key; no others are looked for"):
        open_folder("s3://orders", region="eu-central-1")


class OneObject(BaseHTTPRequestHandler):
    """A server of buckets that holds a single object."""

    def do_GET(self) -> None:
        """Send it."""
        self.send_response(200)
        for name, value in {"content-length": "1", **found(b"1").headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"1")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay silent."""


def test_the_certificate_of_a_server_of_ones_own_is_trusted_when_set() -> None:
    """Until then it is refused, and the error says what to set."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), OneObject) as server:
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        url = f"https://127.0.0.1:{server.server_port}"
        try:
            with pytest.raises(SettingsError, match="set ca_certificate"):
                s3_folder(url, "orders").read("a.csv")
            trusted = s3_folder(url, "orders", ca_certificate=authority.cert_pem.bytes().decode())
            assert trusted.read("a.csv") == b"1"
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize(
    ("address", "settings", "told"),
    [
        ("s3:orders", {}, "s3://bucket/prefix"),
        ("s3:///orders", {}, "s3://bucket/prefix"),
        ("s3://orders/a?b", {}, "%3F"),
        ("s3://orders/../a", {}, r"'\.\.'"),
        ("s3://key:geheim@orders/a", {}, "must not carry keys"),
        ("s3://orders", {"secret_key": None}, "needs access_key and secret_key"),
        ("s3://orders", {"region": None}, "needs region"),
        ("s3://orders", {"region": "eu.example.com/"}, "region must be"),
        ("s3://orders", {"endpoint": "http://s3.example.com"}, "must begin with https://"),
        ("s3://orders", {"endpoint": "s3.example.com"}, "https://host"),
        ("s3://orders", {"endpoint": "https://key:geheim@s3.example.com"}, "https://host"),
        ("s3://orders", {"ca_certificate": "nonsense"}, "ca_certificate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_work_is_told_at_once(address: str, settings: dict[str, Any], told: str) -> None:
    """What is wrong without asking the server is said when the folder is opened, and no secret is repeated."""
    usual = {"access_key": "key", "secret_key": "geheim", "region": "eu-central-1"}
    with pytest.raises(SettingsError, match=told) as caught:
        open_folder(address, **{**usual, **settings})
    assert "geheim" not in str(caught.value)


# folders


def test_a_prefix_is_a_folder_of_its_own(endpoint: str, bucket: Bucket) -> None:
    """What is beside the prefix is not seen, nor an object that only marks a folder."""
    for name in ("in/", "in/a.csv", "in/new/", "in/new/b.csv", "inside.csv", "out/c.csv"):
        bucket.put(name, b"1")
    folder = s3_folder(endpoint, bucket.name, "in/")
    assert [entry.name for entry in folder.list()] == ["a.csv", "new"]
    assert [entry.name for entry in folder.list("new")] == ["b.csv"]
    assert folder.exists("new")
    assert not folder.exists("ne")
    assert not folder.exists("inside.csv")


def test_a_name_no_path_can_say_is_told(endpoint: str, bucket: Bucket) -> None:
    """A folder that holds a name with an empty part cannot be listed, and the error says why."""
    bucket.put("new//a.csv", b"1")
    folder = s3_folder(endpoint, bucket.name)
    with pytest.raises(RejectedError, match="'new' holds a name with an empty or dotted part"):
        folder.list("new")
    assert folder.exists("new")
    with pytest.raises(RejectedError, match="names in S3 are UTF-8"):
        folder.write("a\udc80.csv", b"1")


def test_a_move_that_stopped_half_way_is_completed(endpoint: str, bucket: Bucket) -> None:
    """When a file is under both names, moving it again removes the old one; another content stays."""
    folder = s3_folder(endpoint, bucket.name)
    for name, data in {"a.csv": b"1", "b.csv": b"1", "c.csv": b"2"}.items():
        bucket.put(name, data)
    folder.move("a.csv", "b.csv")
    assert bucket.names() == ["b.csv", "c.csv"]
    with pytest.raises(RejectedError, match=r"'b\.csv' is there already"):
        folder.move("c.csv", "b.csv")
    assert bucket.names() == ["b.csv", "c.csv"]


def test_a_folder_is_not_moved(endpoint: str, bucket: Bucket) -> None:
    """S3 has no folders to move, and the error says so."""
    bucket.put("new/a.csv", b"1")
    with pytest.raises(RejectedError, match="'new' is a folder, and S3 moves only files"):
        s3_folder(endpoint, bucket.name).move("new", "old")
    assert bucket.keys() == ["new/a.csv"]


def test_a_move_keeps_what_is_said_about_a_file(endpoint: str, bucket: Bucket) -> None:
    """Its type and what its owner noted are moved with it."""
    store = S3Store(
        bucket.name,
        config={"access_key_id": "key", "secret_access_key": "x", "region": "us-east-1", "endpoint": endpoint},
        client_options={"allow_http": True},
    )
    obstore.put(store, "a.csv", b"1", attributes={"Content-Type": "text/csv", "season": "SS27"})
    s3_folder(endpoint, bucket.name).move("a.csv", "done/a.csv")
    assert obstore.get(store, "done/a.csv").attributes == {"Content-Type": "text/csv", "season": "SS27"}


def test_a_file_too_large_to_read_can_be_moved(endpoint: str, bucket: Bucket) -> None:
    """What does not fit into memory is copied by the server."""
    bucket.put("a.csv", bytes(64 * 2**20 + 1))
    s3_folder(endpoint, bucket.name).move("a.csv", "aside/a.csv")
    assert bucket.keys() == ["aside/a.csv"]


# the library


def in_a_new_process(code: str) -> str:
    """Return what *code* prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_library_is_needed_for_s3_only_and_told_when_missing() -> None:
    """Without an S3 address it is not loaded; with one, the error names the extra."""
    code = """
import sys
from orderweft import SettingsError, open_folder
open_folder(".").list()
print("obstore" in sys.modules)
sys.modules["obstore"] = None
try:
    open_folder("s3://orders/")
except SettingsError as error:
    print(error)
"""
    assert in_a_new_process(code) == "False\nS3 needs obstore; pip install 'orderweft[s3]'"
