"""The manual keeps its word: its commands run, its settings load, its links lead somewhere, and nothing is missing.

A page is followed from top to bottom, by somebody with a JOOR account, a Shopify store, a Zedonk tenant and an Order
Desk store, all played on this machine:

- A `console` block is typed in: lines that begin with `$ `, each followed by what it says. `...` stands for whatever is
  left out. A command without output says anything, but fails only where the page shows an error.
- A `diff` block is applied to the file it names: each hunk replaces the lines it takes away, wherever they stand once.
- A `toml` block is laid over `orderweft.toml`; one that has a whole pipeline replaces it. The result has to load.
- `<!-- test: ... -->` is Python for what happens elsewhere meanwhile, or for what has to be true by then.

- `<!-- begins with: examples/stock.toml -->` names the file the page begins with. Without it that is
  `examples/orderweft.toml`, and for the pages in `FROM_NOTHING` an empty folder.

Zedonk exchanges files: an address `sftp://` leads to a real SFTP server, and any other folder to one on this machine.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sysconfig
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from inspect import getdoc, signature
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click
import pytest
from click.testing import CliRunner
from orderweft import Kind, OrderweftError, Reason, hookspecs, templates
from orderweft.cli import main
from orderweft.config import PipelineSettings, SkipRule, load_config
from orderweft.config.model import Guard
from orderweft.plugins import Plugins
from orderweft.schema import RECORD_OF, RECORDS
from orderweft.simulation import FolderSimulator
from orderweft.testing import SftpServer, SimulatorServer, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_joor.simulator.switches import Switches as JoorSwitches
from orderweft_oms_generic.simulator.rehearsal import Rehearsed as OrderDesk
from orderweft_shopify.simulator import Simulator as Shopify
from orderweft_shopify.simulator.switches import Switches as ShopifySwitches
from orderweft_zedonk.simulator import Simulator as Zedonk
from orderweft_zedonk.simulator.switches import Switches as ZedonkSwitches
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
LINKED = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("plugins/*/README.md"))]
FROM_NOTHING = ("README.md", "docs/cookbook/connect-an-oms.md", "docs/tutorial.md")
PLUGINS = Plugins.installed()

SIMULATORS: Mapping[str, Callable[[], Any]] = {
    "joor": Joor,
    "oms_generic": OrderDesk,
    "shopify": Shopify,
    "zedonk": Zedonk,
}
NAMES = {"desk": "oms_generic", "joor": "joor", "shop": "shopify", "zedonk": "zedonk"}
"""What a page's Python calls the account on each channel."""
SWITCHES = {"joor": JoorSwitches, "shopify": ShopifySwitches, "zedonk": ZedonkSwitches}

UNTRIED = {
    "make demo": "makes its own environment; CI runs it",
    "make test": "runs these tests",
    'pip install "orderweft[joor,shopify,zedonk]" "orderweft-shopify[simulator]"': "needs the network",
    'pip install "orderweft[keyring]"': "needs the network",
    'pip install "orderweft[otel]"': "needs the network",
    "pip install -e orderweft-corner-shop": "needs an environment of its own; `make wheels` makes one",
    "python -m pip install build twine": "needs the network",
    "crontab -e": "opens an editor",
    "orderweft serve": "does not end; test_serve_process.py runs it",
    "podman build --tag orderweft examples/deploy": "needs podman and the network",
    "sudo systemctl reload orderweft": "needs systemd",
    "sudo useradd --system --home-dir /var/lib/orderweft orderweft": "changes the machine",
    'eval "$(_ORDERWEFT_COMPLETE=bash_source orderweft)"': "changes the shell it is typed into",
}
"""Blocks that cannot run here, by their first command, and why."""

BEGINNING = re.compile(r"^<!-- begins with: (\S+) -->$", re.MULTILINE)
PIECE = re.compile(
    r"^```(?P<kind>console|diff|toml)\n(?P<text>.*?)^```$|^<!-- test: (?P<test>.*?) -->$", re.MULTILINE | re.DOTALL
)


def named(path: Path) -> str:
    """Return how a page is called in the repository."""
    return path.relative_to(ROOT).as_posix()


@dataclass
class Account:
    """An account somebody has on a channel, played on this machine."""

    simulator: Any
    url: str
    door: SftpServer | None = None
    """Where its folder is served, if it exchanges files."""

    def settings(self) -> dict[str, Any]:
        """Return the credentials it takes, by setting name."""
        given = dict(self.simulator.settings())
        if self.door is not None:
            given |= {"host_key": self.door.host_key, "report_password": given["password"]}
        return given

    def folder(self, named: str) -> str:
        """Return where the folder really is that a page names."""
        if self.door is not None and named.startswith("sftp://"):
            return self.door.address
        return str(self.simulator.folder)


@dataclass
class Reader:
    """Somebody who follows a page to the letter."""

    folder: Path
    accounts: Mapping[str, Account]
    stack: ExitStack
    environ: dict[str, str]
    ports: dict[str, str] = field(default_factory=dict)
    """Ports the page names, and the free ones used instead."""
    code: int = 0
    """How the last command ended."""

    @property
    def config(self) -> Path:
        """Return the file every page is about."""
        return self.folder / "orderweft.toml"

    def follow(self, page: str) -> None:
        """Do what the page says, piece by piece."""
        self.ports = {port: free_port() for port in set(re.findall(r"--port (\d+)", page))}
        for piece in PIECE.finditer(page):
            if piece["test"]:
                played = {name: self.accounts[channel].simulator for name, channel in NAMES.items()}
                exec(piece["test"], {**played, "brand": brand, "folder": self.folder})
            elif piece["kind"] == "toml":
                self.write(piece["text"])
            elif piece["kind"] == "diff":
                self.patch(piece["text"])
            else:
                self.type(piece["text"])

    def write(self, text: str) -> None:
        """Lay the settings in *text* over the file, or replace it by them, and load it."""
        given = tomllib.loads(self.swapped(text))
        whole = any("moves" in pipeline for pipeline in given.get("pipelines", {}).values())
        tables = given if whole else laid_over(tomllib.loads(self.config.read_text("utf-8")), given)
        for connection in tables["connections"].values():
            self.provide(connection)
        self.config.write_text(as_toml(tables), encoding="utf-8")
        load_config(self.config, PLUGINS, secrets_needed=False)

    def patch(self, text: str) -> None:
        """Apply the changes in *text* to the file it names."""
        head, *hunks = re.split(r"^@@.*\n", text, flags=re.MULTILINE)
        file = self.folder / head.split()[1]
        content = file.read_text("utf-8")
        for hunk in hunks:
            lines = [(line[:1], f"{line[1:]}\n") for line in hunk.splitlines()]
            old, new = ("".join(line for mark, line in lines if mark in marks) for marks in ("- ", "+ "))
            assert content.count(old) == 1, f"{file.name} has this {content.count(old)} times:\n{old}"
            content = content.replace(old, new)
        file.write_text(content, encoding="utf-8")

    def provide(self, connection: dict[str, Any]) -> None:
        """Lead a connection to its account on this machine, and set the environment variables it asks for."""
        account = self.accounts[connection["channel"]]
        connection.setdefault("base_url", account.url)
        if "folder" in connection and account.door is not None:
            connection["folder"] = account.folder(connection["folder"])
        for name, value in account.settings().items():
            if str(connection.get(name)).startswith("env:"):
                self.environ[connection[name].removeprefix("env:")] = value
        values: dict[str, Any] = connection.get("values", {})
        for name, value in dict(account.settings()).get("values", {}).items():
            if str(values.get(name)).startswith("env:"):
                self.environ[values[name].removeprefix("env:")] = value
            elif name in values:
                values[name] = value

    def type(self, block: str) -> None:
        """Type in each command of a block and compare what it says."""
        typed = list(commands(block))
        if typed[0][0] in UNTRIED:
            return
        for command, shown in typed:
            said = self.run(self.swapped(command), lines=len(shown))
            for port, free in self.ports.items():
                said = said.replace(f":{free}", f":{port}")
            assert not shown or matches(shown, said), f"$ {command}\n--- the page shows\n{shown}\n--- it says\n{said}"
            fails = self.code not in (0, 3) and "Error: " not in "\n".join(shown)
            assert not fails, f"$ {command}\nended with {self.code}:\n{said}"

    def run(self, command: str, lines: int) -> str:
        """Run one command and return all it says."""
        if command.startswith("orderweft simulate "):
            return self.start(command, lines)
        if command.startswith("orderweft ") and not re.search(r"[|<>;&$`]", command):
            # the same in this process, which has loaded everything
            done = CliRunner().invoke(main, shlex.split(command)[1:], prog_name="orderweft", env=self.environ)
            if done.exception is not None and not isinstance(done.exception, SystemExit):
                raise done.exception
            self.code = done.exit_code
            return done.output
        script = f"(exit {self.code})\n{command}\ncode=$?\nenv -0 > .environ\nexit $code"
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.code = ran.returncode
        kept = (self.folder / ".environ").read_text("utf-8").split("\0")
        self.environ = dict(entry.split("=", 1) for entry in kept if entry)
        return ran.stdout

    def start(self, command: str, lines: int) -> str:
        """Leave a command running until the page ends, as in another terminal, and return its first *lines*."""
        self.code = 0
        process = subprocess.Popen(
            shlex.split(command), cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, text=True
        )
        self.stack.enter_context(process)
        self.stack.callback(process.terminate)
        assert process.stdout is not None
        return "".join(process.stdout.readline() for _ in range(lines))

    def swapped(self, text: str) -> str:
        """Return *text* with a free port for each one the page names."""
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        return text


def free_port() -> str:
    """Return a port nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a console block with the lines it is shown to say."""
    assert block.startswith("$ "), f"a console block begins with a command: {block}"
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield command, shown


def matches(shown: Sequence[str], said: str) -> bool:
    """Return whether *said* is what the page shows, blank lines and space at line ends aside."""
    wanted, given = ("\n".join(line.rstrip() for line in lines if line.strip()) for lines in (shown, said.split("\n")))
    pattern = r"\s*".join(".*?" if part == "..." else re.escape(part) for part in re.split(r"\s*(\.\.\.)\s*", wanted))
    return re.fullmatch(pattern, given, re.DOTALL) is not None


def laid_over(tables: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return *tables* with those *given* laid over them; lists of tables grow."""
    merged = dict(tables)
    for name, value in given.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[name] = laid_over(before, value)
        elif isinstance(before, list) and value and isinstance(value[0], dict):
            merged[name] = [*before, *value]
        else:
            merged[name] = value
    return merged


def as_toml(tables: Mapping[str, Any]) -> str:
    """Write *tables* as TOML."""
    return "\n".join(f"{json.dumps(name)} = {in_line(value)}" for name, value in tables.items())


def in_line(value: Any) -> str:
    """Write one value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {in_line(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_line, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Give somebody in an empty folder, with an account on each channel whose secrets are those the pages name."""
    monkeypatch.delenv(brand.MARK)
    with ExitStack() as stack:
        accounts = {channel: play(simulator, stack) for channel, simulator in SIMULATORS.items()}
        path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
        environ = {"PATH": path, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
        monkeypatch.chdir(tmp_path)
        yield Reader(tmp_path, accounts, stack, environ)


def play(kind: Callable[[], Any], stack: ExitStack) -> Account:
    """Play one account until *stack* is left."""
    simulator = kind()
    url = stack.enter_context(SimulatorServer(simulator.handle)).url
    if not isinstance(simulator, FolderSimulator):
        return Account(simulator, url)
    password = simulator.settings()["password"]
    return Account(simulator, url, stack.enter_context(SftpServer(simulator.folder, password=password)))


FOLLOWED = [page for page in PAGES if PIECE.search(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", FOLLOWED, ids=named)
def test_page_can_be_followed(page: Path, reader: Reader) -> None:
    """Whoever does what a page says, in order, gets what it shows."""
    text = page.read_text("utf-8")
    if named(page) not in FROM_NOTHING:
        beginning = BEGINNING.search(text)
        example = beginning[1] if beginning else "examples/orderweft.toml"
        reader.write((ROOT / example).read_text("utf-8"))
    reader.follow(text)


def test_every_exception_is_needed() -> None:
    """A block that is not run is still in the manual."""
    manual = "".join(page.read_text("utf-8") for page in FOLLOWED)
    assert not [command for command in UNTRIED if f"```console\n$ {command}\n" not in manual]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower()).strip().replace(" ", "-")
        numbered = (plain if number == 0 else f"{plain}-{number}" for number in range(len(found) + 1))
        found.add(next(anchor for anchor in numbered if anchor not in found))
    return found


@pytest.mark.parametrize("page", LINKED, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and a heading it has."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_every_page_is_reached() -> None:
    """From the first page, links lead to all of them."""
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            links = re.findall(r"\]\((?!https?:)([^)\s#]+)", page.read_text("utf-8"))
            ahead += [(page.parent / link).resolve() for link in links]
    assert not {named(page) for page in PAGES} - {named(page) for page in seen}


def missing(page: str, wanted: Sequence[str]) -> list[str]:
    """Return which of the texts a page lacks."""
    text = (DOCS / page).read_text("utf-8")
    return [one for one in wanted if one not in text]


def every_command(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all below it, by what people type."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            below = command.get_command(context, inner)
            assert below is not None
            yield from every_command(below, f"{name} {inner}")


def test_every_command_is_described() -> None:
    """The reference has each command, each of its options and each argument."""
    text = (DOCS / "reference/cli.md").read_text("utf-8")
    for name, command in every_command(main, "orderweft"):
        found = re.search(rf"^## {re.escape(name)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert found, name
        for parameter in command.params:
            shown = (
                parameter.opts
                if isinstance(parameter, click.Option)
                else [parameter.make_metavar(click.Context(command))]
            )
            assert all(option in found[1] for option in shown), (name, shown)


def test_every_hook_is_described() -> None:
    """The reference has each hook with its arguments."""
    hooks = {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, "orderweft_spec")}
    assert hooks
    for name, hook in hooks.items():
        arguments = str(signature(hook)).replace("'", "")
        assert not missing("reference/hooks.md", [f"## {name}\n", f"{name}{arguments}\n", getdoc(hook) or "?"])


def test_every_error_is_described() -> None:
    """The reference has each class of error."""
    kinds, ahead = set[str](), [OrderweftError]
    while ahead:
        kind = ahead.pop()
        ahead += kind.__subclasses__()
        if kind.__module__ == "orderweft.errors":
            kinds.add(kind.__name__)
    assert len(kinds) > 10
    assert not missing("reference/errors.md", [f"`{kind}`" for kind in kinds])


@pytest.mark.parametrize("channel", PLUGINS.channels)
def test_every_setting_is_described(channel: str) -> None:
    """A channel's page has each of its settings."""
    settings = PLUGINS.channels[channel].settings.model_fields
    assert not missing(f"channels/{channel}.md", [f"| `{name}` |" for name in settings])


@pytest.mark.parametrize(("channel", "switches"), SWITCHES.items(), ids=list(SWITCHES))
def test_every_doubt_is_confessed(channel: str, switches: Any) -> None:
    """What a simulator can play in two ways stands under “Confirm on a real account”."""
    confirm = (DOCS / f"channels/{channel}.md").read_text("utf-8").partition("## Confirm on a real account")[2]
    assert [name for name in get_type_hints(switches) if f"`{name}`" not in confirm] == []


def test_every_key_is_described() -> None:
    """The reference has each key of a pipeline, of a skip rule and of the guard."""
    keys = [f"`{name}`" for model in (PipelineSettings, SkipRule, Guard) for name in model.model_fields]
    assert not missing("reference/configuration.md", keys)


def test_filters_do_as_shown() -> None:
    """Each filter in the reference gives what stands beside it."""
    text = (DOCS / "reference/configuration.md").read_text("utf-8").replace("\\|", "|")
    shown = re.findall(r"^\| `\w+` \| `(\{\{.*?\}\})` \| `(.*?)`", text, re.MULTILINE)
    assert len(shown) == len(templates._FILTERS) + 1  # noqa: SLF001  no other list has them
    assert [(one, templates.Template(one).render(order={"note": ""})) for one, _ in shown] == shown


def fields(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Yield the path of every field of a record, as a pipeline's map names it."""
    for name, info in model.model_fields.items():
        parts = [info.annotation, *get_args(info.annotation)]
        inner = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
        is_list = "tuple" in str(info.annotation)
        yield f"{path}{name}"
        if inner:
            yield from fields(inner, f"{path}{name}.*." if is_list else f"{path}{name}.")


@pytest.mark.parametrize("kind", RECORD_OF)
def test_every_field_is_described(kind: Kind) -> None:
    """The reference has each field a record can have."""
    name = RECORD_OF[kind]
    page = (DOCS / f"reference/{'order' if kind == 'orders' else 'record'}-fields.md").read_text("utf-8")
    text = page if kind == "orders" else page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert [path for path in fields(RECORDS[name]) if f"| `{path}` |" not in text] == []


def test_every_reason_to_hold_is_described() -> None:
    """The concepts have each reason an order may wait for."""
    assert not missing("concepts.md", [f"| {reason.replace('_', ' ')} |" for reason in get_args(Reason)])


def test_every_promise_has_its_proof_and_its_limit() -> None:
    """Each promise says what keeps it, names tests that are there, and where it ends."""
    _, *promises = re.split(r"^### ", (DOCS / "promises.md").read_text("utf-8"), flags=re.MULTILINE)
    assert len(promises) > 15
    for promise in promises:
        assert re.findall(r"^- \*\*(.+?)\*\*", promise, re.MULTILINE) == ["Kept by", "Shown by", "Ends"], promise
        proofs = re.findall(r"`([\w/]+\.py)::(\w+)`", promise)
        assert proofs, promise
        for file, name in proofs:
            assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{file} has no {name}"
