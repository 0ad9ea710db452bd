"""What the configuration file may say, and how its mistakes are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from orderweft import (
    Channel,
    Connection,
    Delivery,
    OrderQuery,
    Outcome,
    Page,
    Product,
    RecordPage,
    Settings,
    SettingsError,
    StockLevel,
    WriteMode,
    account_field,
    hookimpl,
)
from orderweft.config import Config, load_config, shortest_interval
from orderweft.config.lines import Lines
from orderweft.config.model import Guard
from orderweft.plugins import Broken, Plugins
from orderweft.runs.ends import secret_values
from pydantic import Field, SecretStr

Load = Callable[..., Config]

GOOD = """\
ledger = "memory.db"

[connections.fair]
channel = "market"
token = "env:FAIR_TOKEN"

[connections.shop]
channel = "store"
token = "file:shop.token"
size = 2

[pipelines.orders]
moves = "orders"
source = "fair"
destination = "shop"
schedule = "15m"

[pipelines.orders.source_options]
taste = "sweet"

[pipelines.orders.map]
"customer.account_code" = "{{ order.customer.account_code | upper }}"
"lines.*.sku" = "{{ line.style_number }}"

[[pipelines.orders.skip]]
when = "order.lines | length == 0"
reason = "it has no lines"

[[pipelines.orders.skip]]
when = "not order.customer.account_code"
reason = "it has no customer"
"""


class OwnSettings(Settings):
    """Settings with one of each: a secret, an account's name, and two that a pipeline may override."""

    token: SecretStr | None = account_field(default=None)
    """Proves who we are."""
    account_name: str = account_field(default="main")
    """Says who we are."""
    taste: str = "plain"
    """Anything."""
    size: int = 1
    """A number."""

    @property
    def service_url(self) -> str:
        """Return the address."""
        return self.base_url or "https://made-up.example"


class Market:
    """A channel that has orders, asked every ten minutes at most."""

    @hookimpl
    def describe(self) -> Channel:
        """Describe the channel."""
        return Channel("The market", OwnSettings, min_interval=timedelta(minutes=10))

    @hookimpl
    def fetch_orders(self, connection: Connection[Any], query: OrderQuery) -> Iterator[Page]:
        """Have none."""
        return iter(())


class Store:
    """A channel that takes orders, asked every minute and a half at most."""

    @hookimpl
    def describe(self) -> Channel:
        """Describe the channel."""
        return Channel("The store", OwnSettings, min_interval=timedelta(seconds=90))

    @hookimpl
    def deliver_orders(self, connection: Connection[Any], deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Take none."""
        return []


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    """Give a market, a store and a plugin that is broken."""
    plugins = Plugins()
    plugins.register("market", Market())
    plugins.register("store", Store())
    plugins.register("depot", Depot())
    plugins.register("till", Till())
    plugins.broken.append(Broken("rusty", "orderweft-rusty 1", "it cannot be imported: ImportError: no iron"))
    return plugins


@pytest.fixture
def load(tmp_path: Path, plugins: Plugins) -> Load:
    """Give a function that loads a configuration text from a folder with a file of a token."""
    (tmp_path / "shop.token").write_text("s3cret-of-the-shop\n", encoding="utf-8")

    def loaded(text: str | bytes, environ: dict[str, str] | None = None, **more: Any) -> Config:
        path = tmp_path / "orderweft.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(path, plugins, environ={"FAIR_TOKEN": "t0ken"} if environ is None else environ, **more)

    return loaded


@pytest.fixture
def mistakes(load: Load, tmp_path: Path) -> Callable[..., list[str]]:
    """Give a function that returns the mistakes of a configuration text, without the file's path."""

    def told(text: str | bytes, **more: Any) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load(text, **more)
        lines = str(caught.value).split("\n")
        path = str(tmp_path / "orderweft.toml")
        assert all(line.startswith(path) for line in lines), lines
        return [line.removeprefix(path) for line in lines]

    return told


Mistakes = Callable[..., list[str]]


def test_a_right_file_is_read(load: Load, tmp_path: Path) -> None:
    """Connections carry their checked settings and secrets, a pipeline those of its ends with its own options."""
    config = load(GOOD)
    assert config.ledger == tmp_path / "memory.db"
    assert config.warnings == ()
    pipeline = config.pipeline("orders")
    assert pipeline is config.pipeline(None)
    source, destination = pipeline.source.settings, pipeline.destination.settings
    assert isinstance(source, OwnSettings)
    assert isinstance(destination, OwnSettings)
    assert source.token == SecretStr("t0ken")
    assert destination.token == SecretStr("s3cret-of-the-shop")
    assert (source.taste, destination.taste, destination.size) == ("sweet", "plain", 2)
    plain = config.connections["fair"].settings
    assert isinstance(plain, OwnSettings)
    assert plain.taste == "plain"
    assert [rule.reason for rule in pipeline.settings.skip] == ["it has no lines", "it has no customer"]


def test_all_mistakes_are_told_at_once_each_with_its_line(mistakes: Mistakes) -> None:
    """A person who corrects everything that is told has a right file."""
    text = (
        GOOD.replace('ledger = "memory.db"', "ledger = 5\ncolour = 1")
        .replace("env:FAIR_TOKEN", "env:NOT_SET")
        .replace("size = 2", 'size = "big"\nsise = 2')
        .replace('moves = "orders"', 'moves = "order"')
        .replace("length == 0", "length ==")
    )
    assert mistakes(text) == [
        ":1: ledger: must be the path of a file",
        ":2: colour: is not known here; there are: alerts, connections, journal, ledger, pipelines, serve",
        ":6: connections.fair.token: the environment variable NOT_SET is not set; set it before running",
        ":11: connections.shop.size: must be a whole number, such as 20",
        ":12: connections.shop.sise: is not a setting; did you mean 'size'?",
        ":15: pipelines.orders.moves: should be 'orders', 'inventory', 'catalog', 'customers' or 'shipments'",
    ]
    mended = text.replace('moves = "order"', 'moves = "orders"').replace('"big"', "2").replace("sise = 2", "")
    assert len(mistakes(mended)) == 4
    assert mistakes(mended)[-1].startswith(":28: pipelines.orders.skip.0.when: ")


MISTAKES = {
    "channel misspelt": (
        '"market"',
        '"markt"',
        ":4: connections.fair.channel: no plugin for 'markt' is installed; did you mean 'market'?",
    ),
    "channel unknown": (
        '"market"',
        '"xyz"',
        ":4: connections.fair.channel: no plugin for 'xyz' is installed; there are: depot, market, store, till",
    ),
    "channel broken": (
        '"market"',
        '"rusty"',
        ":4: connections.fair.channel: the plugin 'rusty' is installed but it cannot be imported: ImportError: no iron",
    ),
    "channel missing": (
        'channel = "market"\n',
        "",
        ":3: connections.fair: needs `channel`, one of: depot, market, store, till",
    ),
    "channel a list": (
        '"market"',
        "[1]",
        ":4: connections.fair.channel: no plugin for [1] is installed; there are: depot, market, store, till",
    ),
    "connection no table": (
        "[connections.fair]",
        "[connections]\nodd = 5\n[connections.fair]",
        ":4: connections.odd: must be a table, such as [connections.shop]",
    ),
    "connection unknown": (
        'source = "fair"',
        'source = "fare"',
        ":14: pipelines.orders.source: there is no connection 'fare'; did you mean 'fair'?",
    ),
    "source of the wrong kind": (
        'source = "fair"',
        'source = "shop"',
        ":14: pipelines.orders.source: store cannot supply orders",
    ),
    "same connection twice": (
        'destination = "shop"',
        'destination = "fair"',
        ":15: pipelines.orders.destination: market cannot take orders",
    ),
    "destination missing": ('destination = "shop"\n', "", ":12: pipelines.orders.destination: is needed and missing"),
    "pipeline setting misspelt": (
        "schedule =",
        "schedul =",
        ":16: pipelines.orders.schedul: is not a setting; did you mean 'schedule'?",
    ),
    "schedule": (
        '"15m"',
        '"soon"',
        ":16: pipelines.orders.schedule: must be an interval such as '15m', '2h', '1d'",
    ),
    "interval below the floor": (
        '"15m"',
        '"9m"',
        ":16: pipelines.orders.schedule: is shorter than market allows; the shortest is 10m",
    ),
    "cron below the floor": (
        '"15m"',
        '"*/9 * * * *"',
        ":16: pipelines.orders.schedule: is shorter than market allows; the shortest is 10m",
    ),
    "cron below the floor over midnight": (
        '"15m"',
        '"0,58 0,23 * * *"',
        ":16: pipelines.orders.schedule: is shorter than market allows; the shortest is 10m",
    ),
    "option misspelt": (
        'taste = "sweet"',
        'tast = "sweet"',
        ":19: pipelines.orders.source_options.tast: is not a setting; did you mean 'taste'?",
    ),
    "option of the wrong type": (
        'taste = "sweet"',
        'size = "big"',
        ":19: pipelines.orders.source_options.size: must be a whole number, such as 20",
    ),
    "option of the account": (
        'taste = "sweet"',
        'account_name = "x"',
        ":19: pipelines.orders.source_options.account_name: belongs to the account; set it in [connections.fair]",
    ),
    "address as an option": (
        'taste = "sweet"',
        'base_url = "https://other.example"',
        ":19: pipelines.orders.source_options.base_url: belongs to the account; set it in [connections.fair]",
    ),
    "map field": (
        '"customer.account_code"',
        '"customer.account_cod"',
        ":22: pipelines.orders.map.customer.account_cod: an order has no field customer.account_cod",
    ),
    "map object": (
        '"customer.account_code"',
        '"customer"',
        ":22: pipelines.orders.map.customer: customer has fields of its own",
    ),
    "map origin": (
        '"customer.account_code"',
        '"origin.id"',
        ":22: pipelines.orders.map.origin.id: an order has no field origin",
    ),
    "map below text": (
        '"customer.account_code"',
        '"note.x"',
        ":22: pipelines.orders.map.note.x: note.x: there is nothing below this field",
    ),
    "map list without star": (
        '"customer.account_code"',
        '"lines.sku"',
        ":22: pipelines.orders.map.lines.sku: lines is a list; map lines.*.FIELD instead",
    ),
    "map another list": (
        '"customer.account_code"',
        '"taxes.*.name"',
        ":22: pipelines.orders.map.taxes.*.name: taxes is a list; map another field instead",
    ),
    "map star in an object": (
        '"customer.account_code"',
        '"customer.*.name"',
        ":22: pipelines.orders.map.customer.*.name: customer.*: a * stands only behind addresses or lines",
    ),
    "map two stars": (
        '"customer.account_code"',
        '"lines.*.*.sku"',
        ":22: pipelines.orders.map.lines.*.*.sku: lines.*.*: a * stands only behind addresses or lines",
    ),
    "map star first": (
        '"customer.account_code"',
        '"*.number"',
        ":22: pipelines.orders.map.*.number: *: a * stands only behind addresses or lines",
    ),
    "map a whole line": (
        '"customer.account_code"',
        '"lines.*"',
        ":22: pipelines.orders.map.lines.*: lines.* has fields of its own",
    ),
    "map custom fields": (
        '"customer.account_code"',
        '"custom_fields"',
        ":22: pipelines.orders.map.custom_fields: custom_fields has names of its own; map custom_fields.NAME",
    ),
    "map star in custom fields": (
        '"customer.account_code"',
        '"custom_fields.*"',
        ":22: pipelines.orders.map.custom_fields.*: custom_fields.*: a * stands only behind addresses or lines",
    ),
    "map nothing": ('"customer.account_code"', '""', ":22: pipelines.orders.map.: : there is nothing below this field"),
    "template cut short": (
        "{{ line.style_number }}",
        "{{ line.style_number",
        ":23: pipelines.orders.map.lines.*.sku: ",
    ),
    "second skip rule": ("not order.customer", "not (order.customer", ":30: pipelines.orders.skip.1.when: "),
    "skip rule without reason": (
        'reason = "it has no lines"',
        "",
        ":25: pipelines.orders.skip.0.reason: is needed and missing",
    ),
    "skip rule setting": (
        'reason = "it has no lines"',
        'reasons = "x"\nreason = "y"',
        ":27: pipelines.orders.skip.0.reasons: is not known here",
    ),
    "write mode of orders": (
        'schedule = "15m"',
        'write_mode = "overwrite"',
        ":12: pipelines.orders: write_mode is for inventory; this pipeline moves orders",
    ),
    "guard of orders": (
        'taste = "sweet"',
        "[pipelines.orders.guard]\nfew = 1",
        ":12: pipelines.orders: guard is for inventory, catalog, customers and shipments; this pipeline moves orders",
    ),
    "ledger of nobody": ('"memory.db"', '"~nobody-of-that-name/x.db"', ":1: ledger: must be the path of a file"),
    "ledger with a zero": ('"memory.db"', '"a\\u0000b"', ":1: ledger: must be the path of a file"),
    "ledger without a name": ('"memory.db"', '" "', ":1: ledger: must be the path of a file"),
}
"""What is wrong → the text of the good file, what stands there instead, and how the message begins."""


@pytest.mark.parametrize(("old", "new", "told"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_line_and_what_to_write(mistakes: Mistakes, old: str, new: str, told: str) -> None:
    """Each mistake names its place and what would be right."""
    assert old in GOOD
    found = mistakes(GOOD.replace(old, new, 1))
    assert found[0].startswith(told)
    assert len(found) == 1


@pytest.mark.parametrize("name", ["", "my shop", "a:b", "a.b", "Größe", "x" * 41])
def test_a_connection_has_a_plain_name(mistakes: Mistakes, name: str) -> None:
    """The name is part of every delivery's key, so it is kept short and free of what could be mistaken in one."""
    text = GOOD.replace("[connections.shop]", f'[connections."{name}"]').replace('= "shop"', f'= "{name}"')
    (told,) = mistakes(text)
    assert (
        told == f":7: connections.{name}: the name of a connection has only letters, digits, _ and - in it, at most 40"
    )


def test_every_overridden_account_setting_is_told(mistakes: Mistakes) -> None:
    """Two options that belong to the account are two mistakes, beside whatever else is wrong there."""
    text = GOOD.replace('taste = "sweet"', 'token = "x"\nbase_url = "https://x.example"\nsize = "big"')
    assert [told.split(":")[1] for told in mistakes(text)] == ["19", "20", "21"]


def test_a_pipeline_between_a_connection_and_itself_is_refused(tmp_path: Path) -> None:
    """A channel that can do both still moves nothing to the account it comes from."""

    class Both(Market, Store):
        @hookimpl
        def describe(self) -> Channel:
            return Channel("Both", OwnSettings)

    plugins = Plugins()
    plugins.register("both", Both())
    path = tmp_path / "orderweft.toml"
    path.write_text(
        'connections.a.channel = "both"\n[pipelines.p]\nmoves = "orders"\nsource = "a"\ndestination = "a"\n'
    )
    with pytest.raises(SettingsError, match=r":5: pipelines\.p\.destination: is the same connection as the source"):
        load_config(path, plugins)


@pytest.mark.parametrize("name", ["connections", "pipelines"])
def test_a_section_that_is_no_table_is_told(mistakes: Mistakes, name: str) -> None:
    """A value where tables belong is one mistake, not a crash."""
    assert mistakes(f"{name} = 3") == [f":1: {name}: must be a table, such as [connections.shop]"]


# reading the file


def test_a_missing_file_says_how_to_get_one(tmp_path: Path, plugins: Plugins) -> None:
    """Without a file the command that writes one is named."""
    with pytest.raises(SettingsError, match=r"orderweft\.toml does not exist; `orderweft init` writes one"):
        load_config(tmp_path / "orderweft.toml", plugins)


def test_a_folder_is_no_configuration(tmp_path: Path, plugins: Plugins) -> None:
    """A path that cannot be read is told with the reason."""
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load_config(tmp_path, plugins)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("a = 1\nb = \n", ":2: this is not valid TOML: Invalid value", id="value missing"),
        pytest.param("a = 1\na = 2\n", ":2: a key or table is given twice: Cannot overwrite a value", id="key twice"),
        pytest.param(
            "[x]\n\n[x]\n", ":3: a key or table is given twice: Cannot declare ('x',) twice", id="table twice"
        ),
        pytest.param("a = '", ":1: this is not valid TOML: ", id="cut short"),
        pytest.param("a = 1979-02-30", ":1: this is not valid TOML: Invalid date or datetime", id="no date"),
        pytest.param("a = " + "9" * 5000, ": this is not valid TOML: ", id="a number too long"),
        pytest.param("a = " + "[" * 5000, ": tables or lists are nested too deeply", id="nested too deeply"),
        pytest.param(b'a = "\xff\xfe"', " is not UTF-8 text; save it as UTF-8", id="not UTF-8"),
        pytest.param("a = 1".encode("utf-16"), " is not UTF-8 text; save it as UTF-8", id="UTF-16"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(mistakes: Mistakes, content: str | bytes, told: str) -> None:
    """A file that cannot be parsed is told by one sentence."""
    assert mistakes(content)[0].startswith(told)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="byte order mark"),
        pytest.param(GOOD.replace("\n", "\r\n").encode(), id="lines of Windows"),
    ],
)
def test_files_written_by_other_editors_are_read(load: Load, content: bytes) -> None:
    """A byte order mark and carriage returns make no difference."""
    assert load(content).pipeline("orders").settings.destination == "shop"


TRICKY = {
    "multi-line string": 'taste = """\n[connections.other]\nsize = 1\n"""\nHERE = 1',
    "multi-line string that quotes": 'taste = """\na \\""" b ""\nsize = 1"""""\nHERE = 1',
    "multi-line literal string": "taste = '''\n\"\"\"\nsize = '' 1'''\nHERE = 1",
    "mark in a comment": 'taste = "a" # """\nHERE = 1',
    "mark in a string": "taste = \"it's ''' odd\"\nHERE = 1",
    "mark in a literal string": 'taste = \'so """ odd\'\nHERE = 1',
    "lists in lines of their own": "taste = [\n  [1,\n   2], # ]\n  [3]\n]\nHERE = 1",
    "lists of strings like keys": "taste = [\n  'size = 1',\n  \"[x]\",\n]\nHERE = 1",
    "list with a multi-line string": 'taste = [\n  """\n[x]\n""",\n]\nHERE = 1',
    "inline table": "taste = { size = 1, HERE = 2 }\nHERE = 1",
    "escaped quote": 'taste = "a\\"b # c"\nHERE = 1',
    "unusual line ends within a string": 'taste = "a\u2028b\u0085c"\nHERE = 1',
    "spaced key": "  HERE   =   1",
    "quoted key": '"HERE" = 1',
    "literal key": "'HERE' = 1",
    "key with an equals sign": '"a=b" = 1\nHERE = 1',
    "comment like a key": "# HERE = 1\n#[x]\nHERE = 1",
}


@pytest.mark.parametrize("text", TRICKY.values(), ids=TRICKY.keys())
def test_lines_are_found_whatever_stands_around_them(text: str) -> None:
    """Strings, lists and comments that look like keys or tables do not shift the lines."""
    whole = f"[first]\na = 1\n\n[connections.fair] # [odd]\n{text}\n[last]\nb = 2\n"
    rows = whole.split("\n")
    wanted = 1 + max(index for index, row in enumerate(rows) if re.match(r"\s*[\"']?HERE[\"']?\s*=", row))
    lines = Lines(whole)
    assert lines.of(["connections", "fair", "HERE"]) == wanted
    assert lines.of(["connections", "fair", "taste"]) in (None, 4, 5)
    assert lines.of(["connections", "fair"]) == 4
    assert lines.of(["last", "b"]) == len(rows) - 1
    assert lines.of(["last", "unsaid", "deep"]) == len(rows) - 2
    assert lines.of(["nowhere"]) is None


def test_lines_of_tables_in_a_row_are_told_apart() -> None:
    """Each [[table]] has its own lines, counted from 0; dotted keys are found by their parts."""
    lines = Lines('a.b.c = 1\n[[p.skip]]\nwhen = 1\n\n[[p.skip]]\nwhen = 2\n[[other]]\n[ p . "x.y" ]\nz = 1\n')
    assert lines.of(["a", "b", "c"]) == 1
    assert lines.of(["p", "skip", 0, "when"]) == 3
    assert lines.of(["p", "skip", 1, "when"]) == 6
    assert lines.of(["p", "skip", 1]) == 5
    assert lines.of(["p", "x.y", "z"]) == 9


# secrets


def test_a_secret_in_the_file_works_and_is_warned_of(load: Load) -> None:
    """A literal secret is used, and told with its line but not its value; an env: one is not."""
    config = load(GOOD.replace("file:shop.token", "pl41n-secret"))
    assert config.warnings == (
        f'{config.path}:9: connections.shop.token: the secret stands in the file itself; "env:NAME" or "file:PATH" '
        "keeps it out",
    )
    settings_ = config.connections["shop"].settings
    assert isinstance(settings_, OwnSettings)
    assert settings_.token == SecretStr("pl41n-secret")


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        pytest.param("env:NOT_SET", "the environment variable NOT_SET is not set", id="variable"),
        pytest.param("env:BLANK", "the environment variable BLANK is not set", id="blank variable"),
        pytest.param("env:BROKEN", "what env:BROKEN points at is no text", id="variable of broken bytes"),
        pytest.param("env:", "the environment variable  is not set", id="no variable"),
        pytest.param("file:nowhere.token", "nowhere.token cannot be read: No such file or directory", id="file"),
        pytest.param("file:.", "cannot be read: Is a directory", id="folder"),
        pytest.param("file:empty.token", "empty.token is empty", id="empty file"),
        pytest.param("file:binary.token", "binary.token cannot be read: it is no text file", id="binary file"),
        pytest.param("file:~nobody-of-that-name/x", "cannot be read: it is no text file", id="home of nobody"),
        pytest.param("file:a\\u0000b", "cannot be read: it is no text file", id="no path"),
    ],
)
def test_a_secret_that_is_not_there_is_told(mistakes: Mistakes, tmp_path: Path, reference: str, told: str) -> None:
    """A reference that leads nowhere is told once, with how to provide it."""
    (tmp_path / "empty.token").write_text("\n")
    (tmp_path / "binary.token").write_bytes(b"\xff\xfe\x00")
    environ = {"FAIR_TOKEN": "t", "BLANK": "  ", "BROKEN": "a\udcffb"}
    found = mistakes(GOOD.replace("file:shop.token", reference), environ=environ)
    assert len(found) == 1
    assert found[0].startswith(":9: connections.shop.token: ")
    assert told in found[0]


@pytest.mark.skipif(find_spec("keyring") is not None, reason="the keyring package is installed here")
def test_the_keyring_needs_its_package(mistakes: Mistakes) -> None:
    """A keyring reference without the package says what to install."""
    found = mistakes(GOOD.replace("file:shop.token", "keyring:shop/me"))
    assert found == [':9: connections.shop.token: keyring: needs an extra package; pip install "orderweft[keyring]"']


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        pytest.param("return 'from the keyring'", None, id="found"),
        pytest.param("return None", "the keyring holds no password for 'shop' and user 'me'", id="missing"),
        pytest.param(
            "raise errors.KeyringError('it is locked')", "the keyring cannot be read: it is locked", id="locked"
        ),
    ],
)
def test_the_keyring_is_asked(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: str, told: str | None
) -> None:
    """What the keyring answers is the secret; what it refuses is told."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("keyring", "keyring.errors"):
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    (tmp_path / "keyring").mkdir()
    (tmp_path / "keyring" / "errors.py").write_text("class KeyringError(Exception): pass\n")
    (tmp_path / "keyring" / "__init__.py").write_text(
        f"from . import errors\ndef get_password(service, user):\n    {stored}\n"
    )
    text = GOOD.replace("file:shop.token", "keyring:shop/me")
    if told is None:
        found = load(text).connections["shop"].settings
        assert isinstance(found, OwnSettings)
        assert found.token == SecretStr("from the keyring")
    else:
        with pytest.raises(SettingsError, match=told):
            load(text)


def test_references_work_for_any_setting_and_option(load: Load) -> None:
    """What is not secret may stand in the environment too, at a connection and in a pipeline's options."""
    text = GOOD.replace("size = 2", 'size = "env:SIZE"').replace('"sweet"', '"env:TASTE"')
    pipeline = load(text, environ={"FAIR_TOKEN": "t", "SIZE": "7", "TASTE": "salty"}).pipeline("orders")
    assert isinstance(pipeline.source.settings, OwnSettings)
    assert isinstance(pipeline.destination.settings, OwnSettings)
    assert (pipeline.source.settings.taste, pipeline.destination.settings.size) == ("salty", 7)


@pytest.mark.parametrize(("setting", "value"), [("size", "env:SIZE"), ("base_url", "env:ADDRESS")])
def test_a_reference_that_leads_nowhere_is_one_mistake(mistakes: Mistakes, setting: str, value: str) -> None:
    """An unset variable is told as such, not as a number or address of the wrong form as well."""
    found = mistakes(GOOD.replace("size = 2", f'{setting} = "{value}"'))
    name = value.removeprefix("env:")
    assert found == [
        f":10: connections.shop.{setting}: the environment variable {name} is not set; set it before running"
    ]


def test_without_need_of_secrets_none_is_followed(load: Load) -> None:
    """Commands that contact nobody work where no credentials are; the settings that are not secret are followed."""
    text = GOOD.replace("size = 2", 'account_name = "env:NAME"\nbase_url = "env:ADDRESS"')
    environ = {"ADDRESS": "https://proxy.example/"}
    config = load(text, environ=environ, secrets_needed=False)
    shop = config.connections["shop"].settings
    assert isinstance(shop, OwnSettings)
    assert shop.base_url == "https://proxy.example"
    assert shop.account_name == "NAME"
    assert shop.token is not None
    assert "s3cret" not in shop.token.get_secret_value()
    assert list(config.pipelines) == ["orders"]


def test_a_rehearsal_gives_its_own_accounts(load: Load) -> None:
    """Account settings are replaced as a whole, the others stay, and nothing of the account in the file is read."""
    asked: list[tuple[str, str]] = []

    def play(name: str, channel: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        asked.append((name, channel))
        return {"token": "played", "base_url": "http://127.0.0.1:9"}

    text = GOOD.replace("size = 2", 'size = 2\naccount_name = "env:NOT_SET"')
    config = load(text, environ={}, secrets_needed=False, account=play)
    shop = config.pipeline("orders").destination.settings
    assert isinstance(shop, OwnSettings)
    assert asked == [("fair", "market"), ("shop", "store")]
    assert (shop.size, shop.account_name, shop.service_url) == (2, "main", "http://127.0.0.1:9")


def test_no_secret_is_in_a_message(load: Load) -> None:
    """A secret of the wrong form is told without its value, and settings do not show theirs."""
    with pytest.raises(SettingsError) as caught:
        load(GOOD.replace('"file:shop.token"', '["s3cret"]'))
    assert "connections.shop.token" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(load(GOOD))


# addresses


@pytest.mark.parametrize(
    ("address", "told"),
    [
        pytest.param("http://shop.example", "must begin with https://", id="plain http"),
        pytest.param("http://127.0.0.1.shop.example", "must begin with https://", id="loopback in a name"),
        pytest.param("http://localhost@shop.example", "must not carry a user name", id="loopback as a user"),
        pytest.param("https://me:s3cret@shop.example", "must not carry a user name", id="credentials"),
        pytest.param("shop.example", "must be a full address", id="no scheme"),
        pytest.param("ftp://shop.example", "must be a full address", id="another scheme"),
        pytest.param("https://", "must be a full address", id="no host"),
        pytest.param("https://[::1", "invalid IPv6 URL", id="half an address"),
        pytest.param("https://shop.example:99999", "must have a port up to 65535", id="port"),
        pytest.param("https://shop.example:http", "must have a port up to 65535", id="port in words"),
        pytest.param("https://shop.example/api?key=1", "must end before any ?", id="query"),
        pytest.param("https://shop.example/#top", "must end before any ?", id="fragment"),
        pytest.param("https://shop example", "must end before any ?", id="space"),
    ],
)
def test_an_unsafe_or_impossible_address_is_refused(mistakes: Mistakes, address: str, told: str) -> None:
    """Credentials never travel in clear or in an address; the message does not repeat them."""
    found = mistakes(GOOD.replace("size = 2", f'base_url = "{address}"'))
    assert len(found) == 1
    assert told in found[0]
    assert "s3cret" not in found[0]


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://shop.example/api/", "https://shop.example/api"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_https_and_this_machine_are_taken(load: Load, address: str, kept: str) -> None:
    """Any https address is taken, plain http for a simulator on this machine only."""
    shop = load(GOOD.replace("size = 2", f'base_url = "{address}"')).connections["shop"].settings
    assert shop.service_url == kept


# schedules


@pytest.mark.parametrize(
    ("schedule", "shortest"),
    [
        pytest.param("15m", timedelta(minutes=15), id="minutes"),
        pytest.param("2h", timedelta(hours=2), id="hours"),
        pytest.param("1 d", timedelta(days=1), id="days"),
        pytest.param("*/15 * * * *", timedelta(minutes=15), id="quarters"),
        pytest.param("*/50 * * * *", timedelta(minutes=10), id="steps that do not divide the hour"),
        pytest.param("0 6 * * MON-FRI", timedelta(days=1), id="workdays"),
        pytest.param("0 0 1 1,2 *", timedelta(days=31), id="months"),
    ],
)
def test_the_shortest_interval_of_a_schedule_is_known(schedule: str, shortest: timedelta) -> None:
    """What counts against a channel's floor is the shortest time between two runs."""
    assert shortest_interval(schedule) == shortest


@pytest.mark.parametrize("schedule", ["10m", "*/10 * * * *", "3 * * * *", "1d"])
def test_a_schedule_at_the_floor_is_taken(load: Load, schedule: str) -> None:
    """The longer floor of the two channels is the shortest that may be said."""
    assert load(GOOD.replace("15m", schedule)).pipeline("orders").settings.schedule == schedule


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "m",
        "0m",
        "-5m",
        "5",
        "5s",
        "99999999999999d",
        "* * * *",
        "61 * * * *",
        "0 0 30 2 *",
        "* * * * 1L/2",
        "* * * * *\0",
    ],
)
def test_what_is_no_schedule_is_told(mistakes: Mistakes, schedule: str) -> None:
    """Words, impossible times and days that never come are mistakes, not crashes."""
    escaped = schedule.replace("\0", "\\u0000")
    assert ":16: pipelines.orders.schedule: must be an interval such as" in mistakes(GOOD.replace("15m", escaped))[0]


# choosing a pipeline, and what a change of the file changes


STOCK = """\
[connections.depot]
channel = "depot"

[connections.shop]
channel = "till"

[pipelines.stock]
moves = "inventory"
source = "depot"
destination = "shop"
write_mode = "overwrite"

[pipelines.stock.map]
"item.sku" = "{{ stock_level.item.barcode }}"

[pipelines.stock.guard]
zeroed_percent = 50
missing_percent = 0
few = 0
zero_prices = true

[[pipelines.stock.skip]]
when = "stock_level.quantity < 0"
reason = "oversold"
"""


class Depot:
    """A channel that has stock and products."""

    @hookimpl
    def describe(self) -> Channel:
        """Describe the channel."""
        return Channel("The depot", OwnSettings)

    @hookimpl
    def read_inventory(self, connection: Connection[Any]) -> Iterator[RecordPage]:
        """Have none."""
        return iter(())

    @hookimpl
    def read_catalog(self, connection: Connection[Any]) -> Iterator[RecordPage]:
        """Have none."""
        return iter(())


class Till:
    """A channel that takes stock and products."""

    @hookimpl
    def describe(self) -> Channel:
        """Describe the channel."""
        return Channel("The till", OwnSettings)

    @hookimpl
    def write_inventory(
        self, connection: Connection[Any], levels: Sequence[StockLevel], mode: WriteMode
    ) -> list[Outcome]:
        """Take none."""
        return []

    @hookimpl
    def write_catalog(self, connection: Connection[Any], products: Sequence[Product]) -> list[Outcome]:
        """Take none."""
        return []


def test_a_pipeline_of_stock_is_read(load: Load) -> None:
    """It may say how to write and what stops a run; what it leaves out has a default."""
    settings = load(STOCK).pipeline("stock").settings
    assert settings.write_mode == "overwrite"
    assert settings.guard == Guard(zeroed_percent=50, missing_percent=0, few=0, zero_prices=True)
    plain = load(STOCK.replace('write_mode = "overwrite"', "").replace("few = 0", "")).pipeline("stock").settings
    assert (plain.write_mode, plain.guard.few) == ("update", 5)
    assert Guard() == Guard(zeroed_percent=20, missing_percent=30, few=5, zero_prices=False)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"overwrite"', '"replace"', ":11: pipelines.stock.write_mode: should be 'update' or 'overwrite'"),
        ("= 50", "= 101", ":17: pipelines.stock.guard.zeroed_percent: should be less than or equal to 100"),
        ("= 50", "= -1", ":17: pipelines.stock.guard.zeroed_percent: should be greater than or equal to 0"),
        ("= 50", '= "half"', ":17: pipelines.stock.guard.zeroed_percent: must be a whole number"),
        ("missing_percent", "mising_percent", ":18: pipelines.stock.guard.mising_percent: is not known here"),
        ("few = 0", "few = -1", ":19: pipelines.stock.guard.few: should be greater than or equal to 0"),
        ("= true", '= "perhaps"', ":20: pipelines.stock.guard.zero_prices: must be true or false"),
        ('"inventory"', '"catalog"', ":7: pipelines.stock: write_mode is for inventory; this pipeline moves catalog"),
        ('"item.sku"', '"item.skew"', ":14: pipelines.stock.map.item.skew: a stock level has no field item.skew"),
        (
            "level.item.barcode",
            "level.item.bar",
            ":14: pipelines.stock.map.item.sku: stock_level.item has no field 'bar'",
        ),
        ("{{ stock_level", "{{ order", ":14: pipelines.stock.map.item.sku: there is nothing called 'order' here"),
        ("level.quantity <", "level.amount <", ":23: pipelines.stock.skip.0.when: stock_level has no field 'amount'"),
        ('"inventory"', '"shipments"', ":7: pipelines.stock: write_mode is for inventory"),
    ],
)
def test_a_mistake_about_stock_is_told_with_its_line(mistakes: Mistakes, old: str, new: str, told: str) -> None:
    """Guard, way of writing, map and rules are checked like everything else."""
    assert old in STOCK
    (found,) = mistakes(STOCK.replace(old, new, 1))
    assert found.startswith(told)


def test_what_moves_decides_what_a_channel_must_be_able_to(mistakes: Mistakes) -> None:
    """A pair that cannot move a kind is told at once, both ends of it."""
    text = STOCK.replace('write_mode = "overwrite"', "").replace('"inventory"', '"customers"')
    found = mistakes(text.split("[pipelines.stock.map]")[0])
    assert found == [
        ":9: pipelines.stock.source: depot cannot supply customers",
        ":10: pipelines.stock.destination: till cannot take customers",
    ]


@pytest.mark.parametrize(("old", "new"), [("= 50", "= 60"), ('"overwrite"', '"update"')])
def test_the_guard_decides_no_record(load: Load, old: str, new: str) -> None:
    """Holds are not decided anew because a run may go further."""
    before, after = (load(text).pipeline("stock").settings for text in (STOCK, STOCK.replace(old, new)))
    assert before.fingerprint() == after.fingerprint()


def test_a_pipeline_is_asked_for_by_name(load: Load) -> None:
    """With several pipelines one has to be named; a wrong name is answered with the right ones."""
    second = GOOD[GOOD.index("[pipelines.orders]") : GOOD.index("[pipelines.orders.source")]
    config = load(GOOD + second.replace("pipelines.orders", "pipelines.again"))
    with pytest.raises(SettingsError, match="say which pipeline; there are: again, orders"):
        config.pipeline(None)
    with pytest.raises(SettingsError, match="no pipeline is called 'order'; there are: again, orders"):
        config.pipeline("order")
    with pytest.raises(SettingsError, match="there are: none"):
        load("").pipeline(None)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("15m", "30m", True),
        ("# a comment", "", True),
        ("sweet", "sour", False),
        ("| upper", "| lower", False),
        ("length == 0", "length == 1", False),
        ("it has no lines", "it is empty", False),
    ],
)
def test_rules_that_change_change_the_fingerprint(load: Load, old: str, new: str, same: bool) -> None:
    """Holds are decided anew when the rules change, and not when only the schedule does."""
    text = GOOD + "# a comment\n"
    before, after = load(text).pipeline("orders").settings, load(text.replace(old, new)).pipeline("orders").settings
    assert (before.fingerprint() == after.fingerprint()) is same


# anything at all

WORDS = [
    "[", "]", "[[", "]]", "{", "}", "=", ".", ",", '"', "'", '"""', "'''", "#", "\n", "\r\n", " ", "\\", "\\u0000",
    "connections", "pipelines", "ledger", "channel", '"market"', '"store"', "fair", '"fair"', "shop", '"shop"', "moves",
    '"orders"', "source", "destination", "schedule", '"15m"', '"* * * * *"', "map", "skip", "when", "reason", "number",
    '"lines.*.sku"', '"{{ order.number }}"', "source_options", "base_url", '"env:X"', '"file:~x"', "token", "true",
    "1", "1.5", "inf", "nan", "1979-05-27", "-", "é", "\u2028", "\x00", "size", "timeout", "[connections.fair]\n",
    "[pipelines.p]\n", "[[pipelines.p.skip]]\n", "[pipelines.p.map]\n",
]  # fmt: skip


def values() -> st.SearchStrategy[Any]:
    """Give TOML values of every type, as text."""
    plain = st.sampled_from([word for word in WORDS if word not in "[]{}\n\r\n#\\" and "[" not in word])
    return st.recursive(plain, lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"))


@st.composite
def likely(draw: st.DrawFn) -> str:
    """Give the good file with some of its values and keys replaced."""
    text = GOOD
    for _ in range(draw(st.integers(1, 4))):
        rows = text.split("\n")
        index = draw(st.integers(0, len(rows) - 1))
        key, equals, value = rows[index].partition(" = ")
        if equals and draw(st.booleans()):
            rows[index] = f"{key} = {draw(values())}"
        elif equals:
            rows[index] = f"{draw(st.sampled_from(WORDS))} = {value}"
        else:
            rows[index] = draw(st.sampled_from(WORDS))
        text = "\n".join(rows)
    return text


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.lists(st.sampled_from(WORDS)).map("".join), st.text(), likely()))
@example(text="a = " + "{a = " * 4000)
@example(text=".".join("a" * 4000) + " = 1")
@example(text=GOOD.replace('"market"', "{}"))
def test_no_file_gives_a_traceback(load: Load, text: str) -> None:
    """Whatever stands in the file, it is read or its mistakes are told."""
    try:
        config = load(text.encode("utf-8", "replace"), environ={})
    except SettingsError:
        return
    assert isinstance(config, Config)


def test_secrets_in_a_table_are_followed_and_kept(tmp_path: Path) -> None:
    """A table of secrets takes references as a single one does, and a missing one is told with its line."""

    class Tabled(Settings):
        values: dict[str, SecretStr] = Field(default_factory=dict)

        @property
        def service_url(self) -> str:
            return "http://127.0.0.1:9"

    plugin = ModuleType("tabled")
    setattr(plugin, "describe", hookimpl(lambda: Channel("Tabled", Tabled), specname="describe"))  # noqa: B010
    plugins = Plugins()
    plugins.register("tabled", plugin)
    path = tmp_path / "orderweft.toml"
    path.write_text('[connections.a]\nchannel = "tabled"\n[connections.a.values]\nkey = "env:KEY"\n', encoding="utf-8")
    loaded = load_config(path, plugins, environ={"KEY": "s3cret"}).connections["a"].settings
    assert isinstance(loaded, Tabled)
    assert loaded.values["key"].get_secret_value() == "s3cret"
    assert "s3cret" not in repr(loaded)
    assert secret_values(loaded) == ["s3cret"]
    with pytest.raises(SettingsError, match=r"toml:4: connections.a.values.key: the environment variable KEY"):
        load_config(path, plugins, environ={})
