"""Whoever knocks at `serve`, and whatever a webhook or a mail server answers, nothing breaks and nothing hangs."""

from __future__ import annotations

import random
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from orderweft import ChannelError
from orderweft.alerts.send import send
from orderweft.config import EmailAlert, SlackAlert
from orderweft.serve.door import Door
from orderweft.testing import FakeClock

from .core.test_alerts_sending import DIGEST
from .strategies import bad_input, chances, soon
from .test_bad_input_bombs import memory

HERE = "127.0.0.1"


# the door of `serve`

METHODS = [
    b"GET", b"GET", b"HEAD", b"POST", b"get", b"", b"CONNECT", b"\xff\x00", b"GET" * 9000, b"\r\nGET", b"\x16\x03\x01",
]  # fmt: skip
PATHS = [
    b"/healthz", b"/metrics?x", b"", b"*", b"//x", b"/../../etc/passwd", b"/%zz", b"/\xff\x00", b"/" * 70_000, b"/a b",
]  # fmt: skip
VERSIONS = [
    b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/9.9", b"HTTP/-1.1", b"HTTP/1.1.1", b"HTTP/" + b"9" * 30, b"", b"x y",
]  # fmt: skip
HEADERS = [
    b"host: x", b"no colon", b": x", b"x: \xff\x00", b" folded", b"x: " + b"y" * 70_000, b"content-length: 9999999",
    b"content-length: -1", b"transfer-encoding: chunked", b"expect: 100-continue", b"connection: keep-alive",
    b"x:y\r\n" * 200,
]  # fmt: skip


def asked(port: int, request: bytes) -> bytes:
    """Return all that the door answers to *request*, behind which nothing comes any more."""
    answer = b""
    with socket.create_connection((HERE, port), timeout=20) as line:
        with suppress(OSError):  # the door has heard enough
            line.sendall(request)
            line.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while piece := line.recv(65536):
                answer += piece
    return answer


@bad_input
@given(chances)
def test_the_door_stays_open_whatever_is_asked(capfd: pytest.CaptureFixture[str], chance: random.Random) -> None:
    """Each request, half ones too, has an answer in HTTP or none; the next one is answered, and nothing is said."""
    with Door((HERE, 0), lambda path: (200, "text/plain", b"ok")) as door, soon(chance):
        for _ in range(20):
            first = b" ".join(chance.choice(part) for part in (METHODS, PATHS, VERSIONS))
            request = b"\r\n".join([first, *chance.choices(HEADERS, k=chance.randrange(4)), b"", b""])
            answer = asked(door.port, request[: chance.choice([len(request), chance.randrange(len(request) + 1)])])
            assert re.match(rb"HTTP/1\.[01] [2-5][0-9]{2} |ok$|<!DOCTYPE|$", answer), (request[:200], answer[:200])
        assert asked(door.port, b"GET /healthz HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\nok")
    assert capfd.readouterr() == ("", "")


# where alerts go


@contextmanager
def speaking(replies: list[bytes], *, first: bool) -> Iterator[int]:
    """Run a server on the port given that has one thing to say to each it is told, then hangs up."""
    with socket.create_server((HERE, 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer, suppress(OSError):
                peer.settimeout(2)
                for number, reply in enumerate(replies):
                    if (number or not first) and not peer.recv(65536):
                        return
                    peer.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join()


STATUS = [b"HTTP/1.1 200 OK", b"HTTP/1.1 600 x", b"HTTP/1.1 100 x", b"HTTP/2 200", b"HTTP/1.1 abc", b"\xff", b""]
FIRST = [b"\r\n", b"", b"\r\nx: \xff\r\n", b"\r\nlocation: http://x\r\n", b"\r\n" + b"x: y\r\n" * 500]
SECOND = [b"", b"content-length: 2", b"content-length: -1", b"transfer-encoding: chunked", b"content-encoding: gzip"]
REST = [b"\r\n\r\n", b"\r\n\r\nok", b"\r\n\r\nzz\r\nok\r\n", b"\r\n\r\n\xff\x00"]
ANSWERS = st.tuples(*map(st.sampled_from, (STATUS, FIRST, SECOND, REST))).map(b"".join)


@bad_input
@given(st.lists(ANSWERS, min_size=10, max_size=10))
def test_any_answer_of_a_webhook_is_taken_or_told(answers: list[bytes]) -> None:
    """The message was taken, was not, or may have been; the address, which is a secret, is in no error."""
    for answer in answers:
        with speaking([answer], first=False) as port, soon(answer):
            alert = SlackAlert.model_validate(
                {"kind": "slack", "where": f"http://{HERE}:{port}/s3cret-path", "timeout": 1}
            )
            try:
                send(alert, DIGEST, FakeClock())
            except ChannelError as error:
                told = str(error)
            else:
                told = ""
        assert "s3cret" not in told


GREETING = [b"220 x\r\n", b"250-x\r\n250-AUTH LOGIN PLAIN CRAM-MD5\r\n250 SIZE 9\r\n"]
REPLIES = st.sampled_from([
    b"220 x\r\n", b"250 ok\r\n", b"250-x\r\n250 AUTH LOGIN\r\n", b"334 \r\n", b"334 VXNlcm5hbWU6\r\n", b"235 ok\r\n",
    b"334 not base 64!\r\n", b"354 go\r\n", b"421 bye\r\n", b"550 no\r\n", b"999 x\r\n", b"abc\r\n", b"25", b"\r\n",
    b"\xff\xfe\r\n", b"250 " + b"x" * 9000 + b"\r\n", b"250-SIZE x\r\n250-AUTH\r\n250 \xff\r\n", b"-1 x\r\n",
])  # fmt: skip


def mailed(port: int) -> str | None:
    """Return the remark or the error that sending to a mail server ends in."""
    alert = EmailAlert.model_validate({
        "kind": "email", "where": "ops@brand.example", "sender": "weft@brand.example", "server": HERE, "port": port,
        "security": "none", "timeout": 1, "user": "weft", "password": "pa55word",
    })  # fmt: skip
    try:
        return send(alert, DIGEST, FakeClock())
    except ChannelError as error:
        return str(error)


@bad_input
@given(st.lists(st.lists(REPLIES, max_size=8), min_size=10, max_size=10))
@example([[*GREETING, b"334 not base 64!\r\n"]])
def test_any_answer_of_a_mail_server_is_taken_or_told(talks: list[list[bytes]]) -> None:
    """The message was taken by all, by some or by none, or may have been; the password is in no error."""
    for number, talk in enumerate(talks):
        replies = GREETING[: number % 3] + talk
        with speaking(replies, first=True) as port, soon(replies):
            assert "pa55word" not in (mailed(port) or "")


def test_a_mail_server_that_goes_on_talking_is_left() -> None:
    """A reply of lines without end neither fills the memory nor keeps us."""
    with speaking([b"220-x\r\n" * 2**17], first=True) as port, memory(4 * 2**20):
        assert "does not stop talking" in (mailed(port) or "")
