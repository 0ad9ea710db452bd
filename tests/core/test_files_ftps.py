"""What is special about a folder on an FTPS server."""

from __future__ import annotations

import ftplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, Literal

import pytest
from orderweft import (
    AuthenticationError,
    Folder,
    RejectedError,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
    open_folder,
)
from orderweft.testing.ftps import FtpsOperation, FtpsServer

from .folders import Open, ftps_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty folder."""
    folder = tmp_path / "exchange"
    folder.mkdir()
    return folder


@pytest.fixture
def server(root: Path) -> Iterator[FtpsServer]:
    """Give a server of that folder."""
    with FtpsServer(root) as served:
        yield served


@pytest.fixture
def connect(server: FtpsServer) -> Iterator[Open]:
    """Give a function that opens the served folder, with other settings if told so."""
    with ExitStack() as opened:

        def connects(path: str = "", **settings: Any) -> Folder:
            return opened.enter_context(closing(ftps_folder(server, path, **settings)))

        yield connects


# TLS


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
def test_each_transfer_continues_the_session_of_its_connection(
    root: Path, implicit: bool, version: ssl.TLSVersion
) -> None:
    """A server that insists on it serves several transfers over one connection, in both ways to begin."""
    with FtpsServer(root, implicit=implicit) as server:
        server.context.maximum_version = version
        with closing(ftps_folder(server)) as folder:
            folder.write("a.csv", b"1")
            assert folder.read("a.csv") == b"1"
            assert [entry.name for entry in folder.list()] == ["a.csv"]
        assert server.logins == ["brand"]


def test_the_server_for_tests_insists_on_the_session(server: FtpsServer) -> None:
    """A client that begins every transfer anew is refused, so the test before this one can fail."""
    context = ssl.create_default_context(cadata=server.certificate)
    port = int(server.address.rsplit(":", 1)[1].rstrip("/"))
    with ftplib.FTP_TLS(context=context, timeout=10) as client:
        client.connect("127.0.0.1", port)
        client.login("brand", server.password)
        client.prot_p()
        with pytest.raises(ftplib.error_perm, match="522"), suppress(OSError):
            client.retrlines("NLST", lambda line: None)


def test_no_credential_goes_to_a_server_that_is_not_trusted(server: FtpsServer, connect: Open) -> None:
    """A certificate of an unknown authority ends the connection, and the error says how to trust it."""
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:\d+ shows a certificate .* set ca_certificate"):
        connect(ca_certificate=None).list()
    assert server.logins == []


def test_no_credential_goes_to_a_server_of_another_name(root: Path) -> None:
    """A trusted certificate for somebody else is not enough."""
    with FtpsServer(root, name="ftp.example.com") as server, closing(ftps_folder(server)) as folder:
        with pytest.raises(SettingsError, match="write the address with a name that the certificate is for"):
            folder.write("a.csv", b"1")
        assert server.logins == []


def test_plain_ftp_is_never_used(root: Path) -> None:
    """A server without TLS gets no credential, and the error says why."""
    with FtpsServer(root, tls=False) as server, closing(ftps_folder(server)) as folder:
        with pytest.raises(SettingsError, match=r"offers no TLS .* plain FTP is never used"):
            folder.list()
        assert server.logins == []


def test_implicit_and_explicit_tls_mixed_up_is_told(server: FtpsServer) -> None:
    """A server that greets before TLS is no place for an implicit address."""
    address = server.address.replace("ftps:", "ftps+implicit:")
    told = r"try ftps:// in the place of ftps\+implicit://"
    with closing(open_folder(address, password="geheim")) as folder, pytest.raises(SettingsError, match=told):
        folder.list()


# signing in


def test_a_wrong_password_is_told_without_repeating_it(server: FtpsServer, connect: Open) -> None:
    """The error names host and user; the password is tried once for each use."""
    with pytest.raises(
        AuthenticationError, match=r"127\.0\.0\.1:\d+ refuses brand; check the user and password"
    ) as told:
        connect(password="geheim").list()
    assert "geheim" not in str(told.value)
    assert server.logins == ["brand"]


def test_user_and_password_may_hold_any_letter(root: Path) -> None:
    """They go out in UTF-8."""
    with FtpsServer(root, user="märke", password="gehöim€") as server, closing(ftps_folder(server)) as folder:
        assert folder.list() == []


@pytest.mark.parametrize(
    ("address", "settings", "told"),
    [
        ("ftps://host/x", {}, r"ftps://user@host"),
        ("ftps://brand@/x", {}, r"ftps://user@host"),
        ("ftps://brand@host:99999/x", {}, "port"),
        ("ftps://brand@host/x?y", {}, "%3F"),
        ("ftps://brand@host/../x", {}, r"'\.\.'"),
        ("ftps://brand@host/a%0D%0ADELE%20b", {}, "line break"),
        ("ftps://br%0Aand@host/a", {}, "line break"),
        ("ftps://brand@host/a b", {}, "%20"),
        ("ftps+implicit://brand@host/a b", {}, "%20"),
        ("ftps://brand@host/", {"password": None}, "needs a password"),
        ("ftps://brand@host/", {"password": "a\r\nb"}, "of one line"),
        ("ftps://brand@host/", {"ca_certificate": "nonsense"}, "ca_certificate must be the PEM text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_work_is_told_at_once(address: str, settings: dict[str, Any], told: str) -> None:
    """What is wrong without asking the server is said when the folder is opened."""
    with pytest.raises(SettingsError, match=told):
        open_folder(address, **{"password": "geheim", **settings})


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    """The password has a setting of its own."""
    with pytest.raises(SettingsError, match="setting of its own") as told:
        open_folder("ftps://brand:geheim@host/x")
    assert "geheim" not in str(told.value)


@pytest.mark.parametrize("start", ["", "~/"], ids=["root", "home"])
@pytest.mark.parametrize("mlsd", [True, False], ids=["mlsd", "nlst"])
def test_the_address_says_where_on_the_server(root: Path, start: str, mlsd: bool) -> None:
    """The path of the address is where files go, and it is made when missing."""
    with FtpsServer(root, mlsd=mlsd) as server, closing(ftps_folder(server, f"{start}zedonk/in%20box")) as folder:
        assert folder.list() == []
        folder.write("new/a.csv", b"1")
    assert (root / "zedonk/in box/new/a.csv").read_bytes() == b"1"


# what goes wrong


def test_a_server_that_cannot_be_reached_is_unavailable() -> None:
    """Nothing listening is a reason to try later."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        folder = open_folder(f"ftps://brand@127.0.0.1:{taken.getsockname()[1]}/", password="geheim")
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:\d+ cannot be reached"):
            folder.write("a.csv", b"1")


@pytest.mark.parametrize("scheme", ["ftps", "ftps+implicit"])
def test_a_server_that_never_answers_is_unavailable(scheme: str) -> None:
    """Waiting ends after the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"{scheme}://brand@127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(UnavailableError, match=r"cannot be reached by FTPS \(no answer in time"):
            open_folder(address, password="geheim", timeout=0.1).list()


@pytest.mark.parametrize("moment", ["lose_before", "lose_after"])
@pytest.mark.parametrize("call", ["write", "move"])
def test_a_connection_lost_while_renaming_leaves_doubt_that_a_repeat_settles(
    server: FtpsServer,
    connect: Open,
    root: Path,
    call: Literal["write", "move"],
    moment: Literal["lose_before", "lose_after"],
) -> None:
    """The caller is told that it may have been done, and to look or repeat is safe either way."""
    folder = connect()
    (root / "old.csv").write_bytes(b"1")
    server.fail("rename", moment)
    with pytest.raises(UnknownOutcomeError, match=r"127\.0\.0\.1:\d+: '.*' was being changed"):
        folder.write("a.csv", b"1") if call == "write" else folder.move("old.csv", "a.csv")
    assert folder.exists("a.csv") is (moment == "lose_after")
    folder.write("a.csv", b"1")
    assert folder.read("a.csv") == b"1"
    assert not folder.exists("a.csv.part")


@pytest.mark.parametrize("operation", ["write", "list", "read"])
@pytest.mark.parametrize("moment", ["lose_before", "lose_after"])
def test_a_connection_lost_before_the_rename_means_try_later(
    server: FtpsServer,
    connect: Open,
    operation: Literal["write", "list", "read"],
    moment: Literal["lose_before", "lose_after"],
) -> None:
    """Nothing was applied under the file's own name, and the next call opens a new connection."""
    folder = connect()
    folder.write("b.csv", b"2")
    calls: dict[str, Callable[[], object]] = {
        "write": lambda: folder.write("a.csv", b"1"),
        "list": folder.list,
        "read": lambda: folder.read("b.csv"),
    }
    server.fail(operation, moment)
    with pytest.raises(UnavailableError, match="the connection was lost"):
        calls[operation]()
    assert not folder.exists("a.csv")
    folder.write("a.csv", b"1")
    assert [entry.name for entry in folder.list()] == ["a.csv", "b.csv"]


def test_a_connection_lost_between_two_calls_is_opened_anew(server: FtpsServer, connect: Open) -> None:
    """One connection serves all calls, until the server hangs up; nobody notices then."""
    folder = connect()
    folder.write("a.csv", b"1")
    folder.write("b.csv", b"1")
    assert server.logins == ["brand"]
    server.drop()
    assert folder.read("a.csv") == b"1"
    assert server.logins == ["brand", "brand"]


@pytest.mark.parametrize("operation", ["read", "write"])
def test_a_transfer_cut_off_is_noticed(
    server: FtpsServer, connect: Open, root: Path, operation: Literal["read", "write"]
) -> None:
    """Half of a file is never taken for the whole, even when the server calls it complete."""
    folder = connect()
    folder.write("a.csv", b"1234")
    server.fail(operation, "cut")
    with pytest.raises(UnavailableError, match="was cut off at 2 of 4 bytes"):
        folder.read("a.csv") if operation == "read" else folder.write("b.csv", b"1234")
    assert not (root / "b.csv").exists()


def test_rights_that_are_missing_are_told_with_the_path(server: FtpsServer, connect: Open) -> None:
    """A refused right names the user, the path and what to do, whatever it was refused for."""
    folder = connect()
    folder.write("done/a.csv", b"1")
    calls: dict[FtpsOperation, Callable[[], object]] = {
        "list": lambda: folder.list("done"),
        "read": lambda: folder.read("done/a.csv"),
        "write": lambda: folder.write("done/b.csv", b"1"),
        "rename": lambda: folder.move("done/a.csv", "done/b.csv"),
    }
    for operation, call in calls.items():
        server.fail(operation, "permission")
        with pytest.raises(AuthenticationError, match=r"'done.*' is not permitted to brand; have the right given"):
            call()


@pytest.mark.parametrize("operation", ["write", "rename"])
def test_a_server_that_refuses_has_done_nothing(
    server: FtpsServer, connect: Open, root: Path, operation: Literal["write", "rename"]
) -> None:
    """A plain no means try later, and the connection lives on."""
    folder = connect()
    server.fail(operation, "refuse")
    with pytest.raises(UnavailableError, match=r"'a\.csv(\.part)?' is refused \(451 as planned\)"):
        folder.write("a.csv", b"1")
    assert not (root / "a.csv").exists()
    folder.write("a.csv", b"1")
    assert server.logins == ["brand"]


def test_a_limit_leaves_the_folder_usable(server: FtpsServer, connect: Open) -> None:
    """A transfer that is given up costs a connection and nothing else."""
    folder = connect()
    folder.write("a.csv", b"x" * 2_000_000)
    with pytest.raises(RejectedError, match="larger than 5 bytes"):
        folder.read("a.csv", limit=5)
    assert folder.exists("a.csv")
    assert server.logins == ["brand", "brand"]
