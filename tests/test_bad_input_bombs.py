"""What is made to fill the memory, to go on for ever or to lead elsewhere is refused soon, in a sentence."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from orderweft import Http, RejectedError, SettingsError, UnavailableError, UnknownOutcomeError
from orderweft.files.folder import Entry
from orderweft.files.ftps_client import entry
from orderweft.files.local import LocalFolder
from orderweft.http import MAX_BODY
from orderweft.testing import FakeClock, Response
from orderweft_oms_generic.client.codecs import MOST_ROWS, BadFileError, decode
from orderweft_oms_generic.profiles.model import Format
from orderweft_shopify.customers import REACH, Accounts
from orderweft_shopify.mapping import number_of

from .test_bad_input_channels import called, opened
from .zedonk.test_files import REPORTS, SEASONS, connect, export, lines, table

SUM = b'{"sum": 3}'


def answering(response: Response) -> Http:
    """Return a client whose every call has that answer."""
    return Http("http://127.0.0.1:9", clock=FakeClock(), handler=lambda request: response)


@contextmanager
def memory(most: int) -> Iterator[None]:
    """Fail when more than *most* bytes are taken meanwhile."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


# answers


def endless(window: int) -> bytes:
    """Return four megabytes that unpack to four gigabytes and do not end there."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    begin = packer.compress(b"{") + packer.flush(zlib.Z_FULL_FLUSH)
    return begin + (packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)) * 4096


@pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_a_small_answer_that_unpacks_without_end_is_cut(encoding: str, window: int) -> None:
    """It is unpacked as far as an answer may go and no further, in no more memory than two such answers take."""
    bomb = Response(200, {"content-encoding": encoding}, endless(window))
    with memory(2 * MAX_BODY + 16 * 2**20), pytest.raises(UnknownOutcomeError, match="more than 64 MB in one answer"):
        answering(bomb).write("POST", "sum", json={})


@pytest.mark.parametrize(
    ("encoding", "body", "told"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(SUM)), "packed as gzip, gzip, which nobody asked for"),
        ("br", b"\x1b\x02\x00", "packed as br, which nobody asked for"),
        ("zstd", b"\x28\xb5\x2f\xfd", "packed as zstd, which nobody asked for"),
        ("gzip", gzip.compress(SUM)[:-9], "that breaks off"),
        ("gzip", gzip.compress(SUM) + b"more", "that cannot be unpacked"),
    ],
    ids=["nested", "brotli", "zstandard", "cut", "more behind"],
)
def test_an_answer_in_another_packing_is_told(encoding: str, body: bytes, told: str) -> None:
    """A packing within another multiplies, and one that breaks off is not taken for the whole."""
    with pytest.raises(UnavailableError, match=told):
        answering(Response(200, {"content-encoding": encoding}, body)).read("GET", "sum")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(SUM[:4]) + gzip.compress(SUM[4:])),
        ("X-GZip", gzip.compress(SUM)),
        ("deflate", zlib.compress(SUM)),
        ("deflate", zlib.compress(SUM)[2:-4]),
        ("utf-8", SUM),
        ("gzip", b""),
    ],
    ids=["in parts", "old name", "deflate", "bare deflate", "no packing", "nothing"],
)
def test_what_servers_pack_in_earnest_is_read(encoding: str, body: bytes) -> None:
    """Each way that is found in the wild gives what was packed."""
    answer = answering(Response(200, {"content-encoding": encoding}, body)).read("GET", "sum")
    assert answer.body == (SUM if body else b"")


@pytest.mark.parametrize("size", [2**18, 2**18 + 21, 2**19 + 12])
def test_what_fills_a_piece_is_whole(size: int) -> None:
    """What comes out of no further bytes, as there was no room for it before, is not taken for an answer cut off."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(b'"' + b"a" * (size - 2) + b'"') + packer.flush()
    assert len(answering(Response(200, {"content-encoding": "deflate"}, body)).read("GET", "sum").body) == size


def test_an_answer_in_chunks_without_end_is_cut() -> None:
    """A server that never says that it is done is left as soon as it has sent too much."""
    chunk = b"40000\r\n" + bytes(0x40000) + b"\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer, suppress(OSError):
                peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                while True:
                    peer.sendall(chunk)

        thread = threading.Thread(target=serve)
        thread.start()
        http = Http(f"http://127.0.0.1:{listening.getsockname()[1]}", clock=FakeClock())
        with closing(http), memory(2 * MAX_BODY), pytest.raises(UnknownOutcomeError, match="more than 64 MB"):
            http.write("POST", "sum", json={})
        thread.join(10)


# lists


def repeated(cursor: Callable[[], str], times: int = 1) -> Callable[[int, Response], Response]:
    """Return what gives the first page of a list again and again, its first node so many *times*, by other cursors."""
    first: list[Any] = []

    def answered(number: int, response: Response) -> Response:
        body = response.json()
        for name, found in (body.get("data") or {}).items():
            if isinstance(found, dict) and "pageInfo" in found and not first:
                first.append({**body, "data": {name: {**found, "nodes": found["nodes"][:1] * times}}})
        if not first or "access_token" in body:
            return response
        [page] = first[0]["data"].values()
        page["pageInfo"] = {"hasNextPage": True, "endCursor": cursor()}
        return Response.of_json(first[0])

    return answered


@pytest.mark.parametrize("hook", ["read_inventory", "read_customers", "read_shipments"])
def test_pages_of_shopify_that_go_in_a_circle_end(hook: str) -> None:
    """A cursor that came before, though not just before, ends the reading."""
    turns = count()
    circle = opened("shopify pages", repeated(lambda: "abc"[next(turns) % 3]))
    with circle as connection, pytest.raises(UnavailableError, match="pages do not go on"):
        called(connection, hook)
    assert next(turns) == 4


def test_customers_of_shopify_that_begin_again_end() -> None:
    """Where a search goes on from the last number and finds the same customers, nobody goes on asking."""
    turns = count()
    many = repeated(lambda: str(next(turns)), times=REACH)
    with opened("shopify pages", many) as connection:
        pages = connection.once(Accounts).pages()
        assert number_of(next(pages)[0]["id"])
        with pytest.raises(UnavailableError, match="customers do not go on"):
            list(pages)
    assert next(turns) == 2


BULK_LINE = re.compile(rb'"__parentId": ?("[^"]*")')


def unbound(body: bytes, parent: bytes) -> Response:
    """Return *body* with the parent of its first line below another replaced."""
    return Response(200, {}, BULK_LINE.sub(rb'"__parentId": ' + parent, body, count=1))


def in_ranges(body: bytes) -> Response:
    """Return *body* as a part of what never ends."""
    return Response(206, {"content-range": "bytes 0-1/*"}, body)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (in_ranges, "does not end after [0-9]+ lines"),
        (lambda body: in_ranges(b"\n" * 1000), "does not end after"),
        (lambda body: in_ranges(b"x" * 5 * 2**20), "does not end after"),
        (lambda body: unbound(body, b'"gid://shopify/Product/0"'), "is below gid://shopify/Product/0"),
        (lambda body: unbound(body, rb"[\1]"), "__parentId: is no text"),
    ],
    ids=["same lines", "blank lines", "one line", "dangling", "no text"],
)  # fmt: skip
def test_a_bulk_result_of_shopify_that_does_not_fit_together_is_none(
    changed: Callable[[bytes], Response], told: str
) -> None:
    """Neither lines without end are stored nor lines left out whose object is missing."""

    def answered(number: int, response: Response) -> Response:
        return changed(response.body) if BULK_LINE.search(response.body) else response

    with opened("shopify bulk", answered) as connection, pytest.raises(UnavailableError, match=told):
        called(connection, "read_inventory")


# documents


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<x><code>200</code>" + b"<a>" * 10**5, "nested more than 60 deep"),
        (b"<x><code>200</code><Data>" + b"<Reports/>" * 10**4, "not whole XML"),
        (b'<x a="' + b"y" * 2**25 + b'"/>', "has no 'code'"),
    ],
    ids=["deep", "broken off", "attribute"],
)
def test_reports_of_zedonk_without_measure_are_told(body: bytes, told: str) -> None:
    """The reading stops soon, however long a name or how deep an element is."""
    connection = connect(None, lambda request: Response(200, {}, body), **REPORTS, report_url="https://brand.example")
    with pytest.raises(UnavailableError, match=told):
        table(connection)


ENDLESS = {
    "a line without end": ("x" * 2**21, "field larger than field limit"),
    "a quote without end": ('"' + "x\n" * 2**20, "field larger than field limit"),
    "columns without end": (",".join(map(str, range(10**5))), "columns"),
}


@pytest.mark.parametrize("kind", list(ENDLESS))
def test_rows_of_zedonk_without_measure_are_told(tmp_path: Path, kind: str) -> None:
    """The file and the mistake are named, not what is in it."""
    text, told = ENDLESS[kind]
    export(tmp_path, "seasons", lines((*SEASONS, text), ("SS27", "2027-01-01", "")))
    with pytest.raises(UnavailableError, match=rf"seasons_.*csv .*{told}") as error:
        table(connect(tmp_path))
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *((f"sku,{text}\nA,1\n", told) for text, told in ENDLESS.values()),
        ("sku,qty\n" + "A,1\n" * (MOST_ROWS + 1), f"more than {MOST_ROWS} rows"),
        ("sku,sku" + ",x" * 16_000 + "\n", "the column 'sku' comes twice"),
    ],
    ids=[*ENDLESS, "rows", "one name"],
)
def test_rows_of_an_oms_without_measure_are_told(text: str, told: str) -> None:
    """The reading stops at the bound, soon."""
    with pytest.raises(BadFileError, match=told) as error:
        decode(Format.model_validate({"kind": "csv"}), text.encode(), "stock.csv")
    assert len(str(error.value)) < 300


# names of files


class Listed(LocalFolder):
    """A folder whose server lists names of its own making."""

    def __init__(self, root: Path, *names: str) -> None:
        super().__init__(root)
        self._names = names

    def _entries(self, path: str) -> list[Entry]:
        return [Entry(name, 1, None) for name in self._names]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "", "a/b.csv"])
def test_a_listing_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """No name in a folder has a slash, so a server that lists one means another place."""
    with pytest.raises(UnavailableError, match="no name of a file"):
        Listed(tmp_path, "good.csv", name).list("in")


@pytest.mark.parametrize("name", ["a\0.csv", "a\n.csv", "a\\b.csv", "\ud800.csv", "~.csv", "-rf", "a" * 300])
def test_odd_names_in_a_listing_do_no_harm(tmp_path: Path, name: str) -> None:
    """They are listed, and to open one is either told or finds that there is none."""
    folder = Listed(tmp_path, name)
    assert [one.name for one in folder.list()] == [name]
    with pytest.raises((SettingsError, RejectedError)):
        folder.read(name)


@pytest.mark.parametrize(
    "facts", ["size=" + "9" * 5000, "size=-1", "size=²", "modify=99999999999999", "modify=" + "9" * 50]
)
def test_facts_of_an_ftp_listing_that_are_none_are_left_out(facts: str) -> None:
    """A number or a time that cannot be is not known."""
    found = entry(f"type=file;{facts}; a.csv")
    assert found is not None
    assert (found.name, found.modified) == ("a.csv", None)
