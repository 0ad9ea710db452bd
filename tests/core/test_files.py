"""What a folder of exchanged files promises, wherever it is; and what is special on this machine and over SFTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from orderweft import (
    AuthenticationError,
    RejectedError,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
)
from orderweft.files import Entry, Folder, open_folder
from orderweft.testing.sftp import SftpServer

from .folders import KINDS, ON_DISK, Behind, Open, opened, s3_server

Place = tuple[Folder, Behind]
OnDisk = tuple[Folder, Path]

BAD_PATHS = {
    "absolute": "/etc/passwd",
    "up": "../orders.csv",
    "up inside": "new/../../orders.csv",
    "backslash": "new\\orders.csv",
    "nul": "orders\0.csv",
    "line": "orders\n.csv",
    "surrogate": "orders\ud800.csv",
    "escape": "orders\x1b[2J.csv",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty folder."""
    folder = tmp_path / "exchange"
    folder.mkdir()
    return folder


@pytest.fixture
def server(root: Path) -> Iterator[SftpServer]:
    """Give a server of that folder."""
    with SftpServer(root) as served:
        yield served


@pytest.fixture
def connect(server: SftpServer) -> Iterator[Open]:
    """Give a function that opens the served folder, with other settings if told so."""
    with ExitStack() as opened:

        def connects(address: str | None = None, **settings: Any) -> Folder:
            settings = {"password": server.password, "host_key": server.host_key, "timeout": 10.0, **settings}
            return opened.enter_context(closing(open_folder(address or server.address, **settings)))

        yield connects


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Give the address of a server of buckets."""
    with s3_server() as served:
        yield served


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, root: Path) -> Iterator[Place]:
    """Give a folder of each kind and what lies behind it."""
    served = request.getfixturevalue("endpoint") if request.param == "s3" else ""
    with opened(request.param, root, served) as found:
        yield found


@pytest.fixture(params=ON_DISK)
def on_disk(request: pytest.FixtureRequest, root: Path) -> Iterator[OnDisk]:
    """Give a folder of each kind whose files are on a disk, and where."""
    with opened(request.param, root) as (folder, _):
        yield folder, root


# all kinds


@pytest.mark.parametrize("data", [b"", b"number;size\n1;M\n", os.urandom(700_001)], ids=["empty", "small", "big"])
def test_what_was_written_is_read(place: Place, data: bytes) -> None:
    """A file comes back byte for byte, and nothing else is left in the folder."""
    folder, behind = place
    folder.write("orders.csv", data)
    assert folder.read("orders.csv") == data
    assert behind.get("orders.csv") == data
    assert behind.names() == ["orders.csv"]


def test_missing_folders_are_made(place: Place) -> None:
    """Writing and moving make the folders on the way."""
    folder, behind = place
    folder.write("new/2026/orders.csv", b"1")
    folder.move("new/2026/orders.csv", "done/2026/orders.csv")
    assert behind.get("done/2026/orders.csv") == b"1"
    assert not folder.exists("new/2026/orders.csv")


def test_a_list_tells_names_sizes_and_times(place: Place) -> None:
    """A list names all that is directly in a folder, hidden and unfinished files and folders too."""
    folder, behind = place
    then = datetime.fromtimestamp(1_700_000_000, UTC)
    for name in ("b.csv", ".hidden", "a.csv.part", "Größe €.csv", "50% #1 [*]?.csv"):
        behind.put(name, b"12345", then)
    behind.put("done/old.csv", b"1")
    entries = folder.list()
    names = [".hidden", "50% #1 [*]?.csv", "Größe €.csv", "a.csv.part", "b.csv", "done"]
    assert [entry.name for entry in entries] == names
    assert entries[:-1] == [Entry(name, 5, then) for name in names[:-1]]
    assert entries[-1].is_folder
    assert [folder.read(name) for name in names[:-1]] == [b"12345"] * 5
    assert [entry.name for entry in folder.list("done/")] == ["old.csv"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_in_another_encoding_does_not_hide_the_others(on_disk: OnDisk) -> None:
    """A file whose name is no UTF-8 is listed and can be read."""
    folder, root = on_disk
    (root / os.fsdecode(b"Gr\xf6sse.csv")).write_bytes(b"1")
    (root / "orders.csv").write_bytes(b"2")
    names = [entry.name for entry in folder.list()]
    assert len(names) == 2
    assert sorted(folder.read(name) for name in names) == [b"1", b"2"]


def test_a_missing_folder_is_empty(place: Place) -> None:
    """Listing a folder that is not there gives nothing."""
    assert place[0].list("nowhere/at/all") == []


def test_the_same_content_again_is_success(place: Place) -> None:
    """Writing a file once more changes nothing."""
    folder, behind = place
    folder.write("orders.csv", b"1")
    before = behind.stamp("orders.csv")
    folder.write("orders.csv", b"1")
    assert behind.stamp("orders.csv") == before


@pytest.mark.parametrize("there", [b"2", b"", b"12"], ids=["other", "shorter", "longer"])
def test_a_finished_file_is_never_overwritten(place: Place, there: bytes) -> None:
    """Another content under the same name stays, and the error says so."""
    folder, behind = place
    behind.put("orders.csv", there)
    with pytest.raises(RejectedError, match=r"'orders\.csv' is there already with another content"):
        folder.write("orders.csv", b"1")
    assert behind.get("orders.csv") == there
    assert behind.names() == ["orders.csv"]


def test_a_part_of_an_earlier_crash_is_replaced(on_disk: OnDisk) -> None:
    """What a crash left half-written is in nobody's way, longer than the new file or not."""
    folder, root = on_disk
    (root / "orders.csv.part").write_bytes(b"half of something much longer")
    folder.write("orders.csv", b"1")
    assert folder.read("orders.csv") == b"1"
    assert os.listdir(root) == ["orders.csv"]


def test_a_part_that_is_a_second_name_of_another_file_harms_it_not(on_disk: OnDisk) -> None:
    """When a crash left the part as a second name of a file since moved away, that file stays whole."""
    folder, root = on_disk
    (root / "done.csv").write_bytes(b"precious")
    os.link(root / "done.csv", root / "orders.csv.part")
    folder.write("orders.csv", b"1")
    assert (root / "done.csv").read_bytes() == b"precious"


def test_a_move_replaces_nothing(place: Place) -> None:
    """Moving onto a file raises and leaves both; moving onto itself does nothing."""
    folder, behind = place
    folder.write("a.csv", b"1")
    folder.write("b.csv", b"2")
    with pytest.raises(RejectedError, match=r"'b\.csv' is there already"):
        folder.move("a.csv", "b.csv")
    folder.move("a.csv", "./a.csv")
    assert [behind.get(name) for name in behind.names()] == [b"1", b"2"]


def test_a_move_onto_the_same_content_is_refused_too(on_disk: OnDisk) -> None:
    """Two files of one content are two files still."""
    folder, root = on_disk
    folder.write("a.csv", b"1")
    folder.write("b.csv", b"1")
    with pytest.raises(RejectedError, match=r"'b\.csv' is there already"):
        folder.move("a.csv", "b.csv")
    assert sorted(os.listdir(root)) == ["a.csv", "b.csv"]


def test_a_whole_folder_can_be_moved(on_disk: OnDisk) -> None:
    """A folder moves with all that is in it, and replaces no other."""
    folder, root = on_disk
    folder.write("new/a.csv", b"1")
    folder.move("new", "old/new")
    assert (root / "old/new/a.csv").read_bytes() == b"1"
    folder.write("new/b.csv", b"2")
    with pytest.raises(RejectedError, match="is there already"):
        folder.move("new", "old/new")


def test_a_missing_file_is_told_by_name(place: Place) -> None:
    """Reading or moving what is not there names it; deleting it is no error."""
    folder, _ = place
    with pytest.raises(RejectedError, match=r"'new/a\.csv' is not there"):
        folder.read("new/a.csv")
    with pytest.raises(RejectedError, match=r"'a\.csv' is not there"):
        folder.move("a.csv", "b.csv")
    folder.delete("a.csv")
    assert not folder.exists("a.csv")


def test_a_deleted_file_is_gone(place: Place) -> None:
    """Deleting removes one file."""
    folder, _ = place
    folder.write("a.csv", b"1")
    assert folder.exists("a.csv")
    folder.delete("a.csv")
    assert not folder.exists("a.csv")


def test_a_file_beyond_the_limit_is_not_read(place: Place) -> None:
    """A file of exactly the limit is read, one byte more is refused."""
    folder, _ = place
    folder.write("a.csv", b"x" * 300_000)
    assert len(folder.read("a.csv", limit=300_000)) == 300_000
    with pytest.raises(RejectedError, match=r"'a\.csv' is larger than 299999 bytes"):
        folder.read("a.csv", limit=299_999)


@pytest.mark.parametrize("path", BAD_PATHS.values(), ids=BAD_PATHS)
def test_no_path_leads_out_of_the_folder(place: Place, path: str) -> None:
    """Paths that are absolute, climb, or hold characters that could deceive are refused by every call."""
    folder, behind = place
    behind.put("a.csv", b"1")
    calls: list[Callable[[], object]] = [
        lambda: folder.list(path),
        lambda: folder.read(path),
        lambda: folder.write(path, b""),
        lambda: folder.move(path, "b.csv"),
        lambda: folder.move("a.csv", path),
        lambda: folder.delete(path),
        lambda: folder.exists(path),
    ]
    for call in calls:
        with pytest.raises(SettingsError, match="must"):
            call()
    assert behind.names() == ["a.csv"]


@pytest.mark.parametrize("path", ["", ".", "new/"], ids=["nothing", "dot", "folder"])
def test_a_file_needs_a_name(place: Place, path: str) -> None:
    """The folder itself is no file."""
    with pytest.raises(SettingsError, match="must name a file"):
        place[0].write(path, b"1")


def test_a_reader_never_sees_half_a_file(on_disk: OnDisk) -> None:
    """While one thread writes, another that looks all the time sees the whole file or none."""
    folder, root = on_disk
    data = os.urandom(3_000_000)
    seen: set[int] = set()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(folder.write, "orders.csv", data)
        while not writing.done():
            if (root / "orders.csv").exists():
                seen.add((root / "orders.csv").stat().st_size)
        writing.result()
    assert seen <= {len(data)}


def test_threads_share_a_folder(place: Place) -> None:
    """Several threads write and read through one folder at the same time."""
    folder, _ = place

    def both(number: int) -> bytes:
        folder.write(f"{number % 5}.csv", b"x" * (number % 5))
        return folder.read(f"{number % 5}.csv")

    with ThreadPoolExecutor(4) as pool:
        assert [len(data) for data in pool.map(both, range(20))] == [number % 5 for number in range(20)]


def test_a_closed_folder_opens_again(place: Place) -> None:
    """Closing twice is harmless, and a later call works."""
    folder, _ = place
    folder.write("a.csv", b"1")
    folder.close()
    folder.close()
    assert folder.read("a.csv") == b"1"


# addresses


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("ftp://host/x", r"ftp: is not supported.*sftp://"),
        ("gs://bucket", r"gs: is not supported.*s3://bucket"),
        ("", r"must be a local path"),
        ("file://host/x", r"file:///path"),
        ("sftp://user@[::1/x", r"must be a local path"),
        ("sftp://host/x", r"sftp://user@host"),
        ("sftp://user@/x", r"sftp://user@host"),
        ("sftp://user@host:99999/x", r"port"),
        ("sftp://user@host/x?y", r"%3F"),
        ("sftp://user@host/../x", r"'\.\.'"),
        ("sftp://user@host/a b", r"%20"),
    ],
    ids=lambda value: value,
)
def test_an_address_that_cannot_be_used_says_why(address: str, told: str) -> None:
    """Other schemes and half addresses are refused at once, naming what is supported."""
    with pytest.raises(SettingsError, match=told):
        open_folder(address, password="pass", host_key="SHA256:" + "A" * 43)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    """The password has a setting of its own."""
    with pytest.raises(SettingsError, match="setting of its own") as told:
        open_folder("sftp://brand:geheim@host/x")
    assert "geheim" not in str(told.value)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "needs a password or a private_key"),
        ({"private_key": "nonsense"}, "private_key must be"),
        ({"password": "geheim", "host_key": "MD5:11:22"}, "host_key must be"),
    ],
    ids=["no credential", "bad key", "bad pin"],
)
def test_settings_that_cannot_work_are_told_at_once(settings: dict[str, Any], told: str) -> None:
    """What is wrong without asking the server is said when the folder is opened."""
    with pytest.raises(SettingsError, match=told):
        open_folder("sftp://brand@127.0.0.1:9/", **settings)


def test_a_file_address_is_a_local_path(root: Path) -> None:
    """A file address, with its escapes, opens the same folder as the path."""
    (root / "a b").mkdir()
    (root / "a b" / "x.csv").write_bytes(b"1")
    assert open_folder(f"{root.as_uri()}/a%20b").read("x.csv") == b"1"


# only local


@pytest.mark.parametrize("path", ["link/secret.csv", "secret.csv"], ids=["folder", "file"])
def test_a_link_that_leads_out_is_refused(root: Path, path: str) -> None:
    """A symbolic link to a place outside of the folder is neither read nor written through."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_bytes(b"secret")
    (root / "link").symlink_to(outside)
    (root / "secret.csv").symlink_to(outside / "secret.csv")
    folder = open_folder(str(root))
    for call in (lambda: folder.read(path), lambda: folder.write(path, b"1"), lambda: folder.delete(path)):
        with pytest.raises(SettingsError, match="leads out of the folder"):
            call()
    assert (outside / "secret.csv").read_bytes() == b"secret"


def test_a_rename_that_stopped_half_way_is_completed(root: Path) -> None:
    """When a crash left the file under both names, moving it again removes the old one."""
    (root / "a.csv").write_bytes(b"1")
    os.link(root / "a.csv", root / "b.csv")
    open_folder(str(root)).move("a.csv", "b.csv")
    assert os.listdir(root) == ["b.csv"]


def test_a_file_in_the_place_of_a_folder_is_told(root: Path) -> None:
    """What cannot ever work is refused for this file and not tried again."""
    (root / "a").write_bytes(b"1")
    (root / "b").mkdir()
    folder = open_folder(str(root))
    for call in (lambda: folder.write("a/b.csv", b"1"), lambda: folder.read("b"), lambda: folder.read("x" * 300)):
        with pytest.raises(RejectedError, match="cannot be used"):
            call()


# only SFTP


@pytest.mark.parametrize("pin", ["host_key", "fingerprint"])
def test_the_key_of_the_server_is_pinned_in_two_ways(server: SftpServer, connect: Open, pin: str) -> None:
    """The public key and its fingerprint are both good, with a comment or padding too."""
    settings = {"host_key": getattr(server, pin) + {"host_key": " a comment", "fingerprint": "="}[pin]}
    connect(**settings).write("a.csv", b"1")
    assert server.logins == ["password"]


def test_a_private_key_opens_the_folder(server: SftpServer, connect: Open) -> None:
    """A key is enough without any password."""
    connect(password=None, private_key=server.private_key).write("a.csv", b"1")
    assert set(server.logins) == {"key"}


@pytest.mark.parametrize("pin", [None, "changed"], ids=["unknown", "changed"])
def test_no_credential_goes_to_an_unpinned_server(
    server: SftpServer, connect: Open, root: Path, pin: str | None
) -> None:
    """A host key that is not the pinned one ends the connection, and the error says how to pin it."""
    folder = connect(host_key=pin and SftpServer(root).host_key)
    with pytest.raises(SettingsError) as told:
        folder.list()
    assert f'set host_key = "{server.fingerprint}"' in str(told.value)
    assert ("not the pinned one" if pin else "unknown") in str(told.value)
    assert server.logins == []


def test_known_hosts_of_the_user_are_not_asked(
    server: SftpServer, connect: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that this machine's user knows has to be pinned all the same, and no key of that user is tried."""
    (tmp_path / ".ssh").mkdir()
    port = server.address.rsplit(":", 1)[1].rstrip("/")
    (tmp_path / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{port} {server.host_key}\n")
    (tmp_path / ".ssh" / "id_ed25519").write_text(server.private_key)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SettingsError, match="is unknown"):
        connect(host_key=None).list()
    with pytest.raises(AuthenticationError):
        connect(password="wrong").list()
    assert server.logins == ["password"]


def test_a_wrong_password_is_told_without_repeating_it(server: SftpServer, connect: Open) -> None:
    """The error names host and user; the password is tried once for each use."""
    folder = connect(password="geheim")
    with pytest.raises(
        AuthenticationError, match=r"127\.0\.0\.1:\d+ refuses brand; check the user and password"
    ) as told:
        folder.list()
    assert "geheim" not in str(told.value)
    assert server.logins == ["password"]


def test_a_refused_key_is_told(root: Path) -> None:
    """The error says that it is the key which the server does not take."""
    with SftpServer(root, allow_key=False) as server:
        opened = open_folder(server.address, private_key=server.private_key, host_key=server.fingerprint)
        with closing(opened) as folder:
            with pytest.raises(AuthenticationError, match="check the user and private_key"):
                folder.list()
            assert server.private_key.splitlines()[1] not in repr(folder)


def test_a_server_that_cannot_be_reached_is_unavailable(connect: Open) -> None:
    """Nothing listening is a reason to try later."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        folder = connect(f"sftp://brand@127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:\d+ cannot be reached"):
            folder.write("a.csv", b"1")


def test_a_server_that_never_answers_is_unavailable(connect: Open) -> None:
    """Waiting ends after the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        folder = connect(f"sftp://brand@127.0.0.1:{silent.getsockname()[1]}/", timeout=0.1)
        with pytest.raises(UnavailableError, match="cannot be reached"):
            folder.list()


@pytest.mark.parametrize("moment", ["lose_before", "lose_after"])
@pytest.mark.parametrize("call", ["write", "move"])
def test_a_connection_lost_while_renaming_leaves_doubt_that_a_repeat_settles(
    server: SftpServer,
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


@pytest.mark.parametrize("operation", ["open", "write", "list", "read"])
@pytest.mark.parametrize("moment", ["lose_before", "lose_after"])
def test_a_connection_lost_before_the_rename_means_try_later(
    server: SftpServer,
    connect: Open,
    operation: Literal["open", "write", "list", "read"],
    moment: Literal["lose_before", "lose_after"],
) -> None:
    """Nothing was applied under the file's own name, and the next call opens a new connection."""
    folder = connect()
    folder.write("b.csv", b"2")
    server.fail(operation, moment)
    with pytest.raises(UnavailableError, match="the connection was lost"):
        folder.read("b.csv") if operation == "read" else folder.write(
            "a.csv", b"1"
        ) if operation != "list" else folder.list()
    assert not folder.exists("a.csv")
    folder.write("a.csv", b"1")
    assert [entry.name for entry in folder.list()] == ["a.csv", "b.csv"]


def test_a_connection_lost_between_two_calls_is_opened_anew(server: SftpServer, connect: Open) -> None:
    """One connection serves all calls, until the server hangs up; nobody notices then."""
    folder = connect()
    folder.write("a.csv", b"1")
    folder.write("b.csv", b"1")
    assert server.logins == ["password"]
    server.drop()
    assert folder.read("a.csv") == b"1"
    assert server.logins == ["password", "password"]


def test_rights_that_are_missing_are_told_with_the_path(server: SftpServer, connect: Open) -> None:
    """A refused right names the user, the path and what to do."""
    folder = connect()
    server.fail("list", "permission")
    with pytest.raises(AuthenticationError, match="'done' is not permitted to brand; have the right given"):
        folder.list("done")


@pytest.mark.parametrize("operation", ["open", "write", "rename"])
def test_a_server_that_refuses_has_done_nothing(
    server: SftpServer, connect: Open, operation: Literal["open", "write", "rename"]
) -> None:
    """A plain no, as from a full disk, means try later, and the connection lives on."""
    folder = connect()
    server.fail(operation, "refuse")
    with pytest.raises(UnavailableError, match=r"'a\.csv(\.part)?' is refused \(as planned\)"):
        folder.write("a.csv", b"1")
    folder.write("a.csv", b"1")
    assert server.logins == ["password"]


@pytest.mark.parametrize("start", ["", "~/"], ids=["root", "home"])
def test_the_address_says_where_on_the_server(server: SftpServer, connect: Open, root: Path, start: str) -> None:
    """The path of the address is where files go, and it is made when missing."""
    connect(f"{server.address}{start}zedonk/in%20box").write("new/a.csv", b"1")
    assert (root / "zedonk/in box/new/a.csv").read_bytes() == b"1"


def in_a_new_process(code: str) -> str:
    """Return what *code* prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_library_is_loaded_for_sftp_only() -> None:
    """Without an SFTP address the optional library is not needed."""
    code = """
import sys, orderweft.testing.sftp
from orderweft.files import open_folder
open_folder(".").list()
print("asyncssh" in sys.modules)
"""
    assert in_a_new_process(code) == "False"


def test_a_missing_library_is_told_with_what_to_install() -> None:
    """An SFTP address without the extra names the extra."""
    code = """
import sys
from orderweft import SettingsError
from orderweft.files import open_folder
sys.modules["asyncssh"] = None
try:
    open_folder("sftp://brand@127.0.0.1/")
except SettingsError as error:
    print(error)
"""
    assert in_a_new_process(code) == "SFTP needs asyncssh; pip install 'orderweft[sftp]'"
