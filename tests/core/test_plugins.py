"""What the host promises to plugins: each on its own, told apart, and told what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result
from orderweft import (
    Accepted,
    Account,
    Channel,
    Connection,
    Delivery,
    Http,
    Kind,
    Limits,
    Outcome,
    PluginError,
    Receipt,
    hookimpl,
)
from orderweft.cli import main
from orderweft.plugins import MOVES, Plugins
from orderweft.testing import FakeClock

from .memory import MemorySettings

_SERIAL = count()

GOOD = """
from orderweft import Channel, Settings, hookimpl

class Own(Settings):
    @property
    def service_url(self):
        return "http://127.0.0.1:9"

@hookimpl
def describe():
    return Channel("{title}", Own)
"""

Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Give a function that installs a distribution with one plugin, as pip would."""
    monkeypatch.syspath_prepend(tmp_path)
    modules: list[str] = []

    def installed(name: str, source: str, distribution: str = "") -> str:
        module = f"made_up_{next(_SERIAL)}"
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(source, encoding="utf-8")
        info = tmp_path / f"{(distribution or module).replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution or module}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[orderweft]\n{name} = {module}\n")
        return module

    yield installed
    for module in modules:
        sys.modules.pop(module, None)


def module_of(*hooks: Any) -> ModuleType:
    """Build a plugin of *hooks*."""
    module = ModuleType(f"made_up_{next(_SERIAL)}")
    for hook in hooks:
        setattr(module, hook.__name__, hook)
    return module


def describing(returned: Any = None) -> Any:
    """Build a describe hook."""

    @hookimpl
    def describe() -> Channel:
        channel: Channel = Channel("Made up", MemorySettings) if returned is None else returned
        return channel

    return describe


def connection(name: str = "shop") -> Connection[MemorySettings]:
    """Build a connection nobody calls over."""
    clock = FakeClock()
    return Connection(name, "store", MemorySettings(), Http("http://127.0.0.1:9", clock=clock), clock)


def test_installed_plugins_are_found_by_their_entry_points(install: Install) -> None:
    """A plugin installed beside others is there under its entry point's name, with its distribution and version."""
    install("acme", GOOD.format(title="Acme"), "orderweft-acme")
    plugins = Plugins.installed()
    assert plugins.channels["acme"].title == "Acme"
    assert plugins.distributions["acme"] == "orderweft-acme 1.2"
    assert plugins.abilities("acme") == ["describe"]
    assert {"joor", "shopify"} <= plugins.channels.keys()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param("import nowhere_to_be_found", "it cannot be imported: ModuleNotFoundError", id="import"),
        pytest.param("def f(:", "it cannot be imported: SyntaxError", id="syntax"),
        pytest.param("raise RuntimeError('no luck')", "it cannot be imported: RuntimeError: no luck", id="raises"),
        pytest.param("x = 1", "it implements no hook; each needs @hookimpl", id="no hook"),
        pytest.param(
            GOOD + "\n@hookimpl\ndef fetch_order(connection, query): ...",
            "it implements a hook 'fetch_order' that does not exist; did it mean 'fetch_orders'?",
            id="misspelt hook",
        ),
        pytest.param(
            GOOD + "\n@hookimpl\ndef Connection(connection): ...",
            "it implements a hook 'Connection' that does not exist; did it mean 'check_connection'?",
            id="only hooks are suggested",
        ),
        pytest.param(
            GOOD + "\n@hookimpl\ndef zzz(connection): ...", "a hook 'zzz' that does not exist", id="odd hook"
        ),
        pytest.param(
            GOOD + "\n@hookimpl\ndef deliver_orders(connection, orders): ...", "wrong signature.*orders", id="argument"
        ),
        pytest.param(
            "from orderweft import hookimpl\n@hookimpl\ndef describe(): return 'Acme'",
            "describe() does not return an orderweft.Channel",
            id="describe returns text",
        ),
        pytest.param(
            "from orderweft import hookimpl\n@hookimpl\ndef describe(): pass",
            "describe() does not return an orderweft.Channel",
            id="describe returns nothing",
        ),
        pytest.param(
            "from orderweft import hookimpl\n@hookimpl\ndef describe(): return 1 / 0",
            "describe() raises ZeroDivisionError: division by zero",
            id="describe raises",
        ),
        pytest.param(
            "from orderweft import Channel, hookimpl\n@hookimpl\ndef describe(): return Channel('Acme', dict)",
            "describe() names no settings",
            id="settings of another kind",
        ),
        pytest.param(
            "from orderweft import Channel, Settings, hookimpl\n"
            "@hookimpl\ndef describe(): return Channel('Acme', Settings)",
            "describe() names no settings",
            id="settings without an address",
        ),
        pytest.param(
            GOOD.replace("Own)", "Own, limits=5)"), "describe() names no limits: an orderweft.Limits", id="limits"
        ),
        pytest.param(
            "from orderweft import hookimpl\n@hookimpl\ndef deliver_orders(connection, deliveries): ...",
            "it implements deliver_orders() without describe()",
            id="no describe",
        ),
    ],
)  # fmt: skip
def test_a_broken_plugin_is_told_and_the_others_run(install: Install, source: str, reason: str) -> None:
    """Whatever is wrong with one plugin is noted with its distribution; plugins before and after it work."""
    install("a_first", GOOD.format(title="First"))
    install("m_broken", source.replace("{title}", "Broken"), "orderweft-broken")
    install("z_last", GOOD.format(title="Last"))
    plugins = Plugins.installed()
    told = {broken.name: broken for broken in plugins.broken}
    assert list(told) == ["m_broken"]
    assert told["m_broken"].distribution == "orderweft-broken 1.2"
    assert all(part in told["m_broken"].reason for part in reason.split(".*"))
    assert {"a_first", "z_last"} <= plugins.channels.keys()
    assert "m_broken" not in plugins.channels
    assert "m_broken" not in plugins.wrappers
    assert plugins.call("a_first", "deliver_orders", connection=connection(), deliveries=[]) is None


def test_of_two_plugins_of_one_name_one_is_refused(install: Install) -> None:
    """A channel is never two plugins; which one to uninstall is for a person."""
    install("acme", GOOD.format(title="One"), "orderweft-acme")
    install("acme", GOOD.format(title="Two"), "orderweft-acme-fork")
    plugins = Plugins.installed()
    assert [broken.reason for broken in plugins.broken] == [
        "another installed plugin is called 'acme' too; uninstall one of them"
    ]
    assert plugins.broken[0].distribution != plugins.distributions["acme"]
    assert {plugins.broken[0].distribution, plugins.distributions["acme"]} == {
        "orderweft-acme 1.2",
        "orderweft-acme-fork 1.2",
    }


def test_one_module_under_two_names_is_refused(install: Install, tmp_path: Path) -> None:
    """A module cannot be two channels; the second name is told and the first works."""
    module = install("acme", GOOD.format(title="Acme"))
    (tmp_path / f"{module}-1.2.dist-info" / "entry_points.txt").write_text(
        f"[orderweft]\nacme = {module}\nacme_again = {module}\n"
    )
    plugins = Plugins.installed()
    assert [broken.reason for broken in plugins.broken] == ["it is the same module as plugin 'acme'"]
    assert "acme" in plugins.channels


def test_a_refused_plugin_leaves_nothing_behind() -> None:
    """After a refusal the name is free, and none of the refused hooks is ever called."""
    plugins = Plugins()

    @hookimpl
    def deliver_orders(connection: Connection[Any], deliveries: Sequence[Delivery]) -> list[Outcome]:
        raise AssertionError("a refused plugin was called")

    with pytest.raises(PluginError):
        plugins.register("acme", module_of(describing("nonsense"), deliver_orders))
    with pytest.raises(PluginError):
        plugins.register("acme", module_of(deliver_orders))
    plugins.register("acme", module_of(describing(), delivering("acme")))
    assert receipts(plugins, "acme") == ["acme"]


def delivering(id: str) -> Any:  # noqa: A002  the record's own word
    """Build a deliver_orders hook that answers *id*."""

    @hookimpl
    def deliver_orders(connection: Connection[Any], deliveries: Sequence[Delivery]) -> list[Outcome]:
        return [Accepted(receipt=Receipt(id=id))]

    return deliver_orders


def receipts(plugins: Plugins, channel: str) -> list[str] | None:
    """Return the ids in what the deliver_orders hook of *channel* answers."""
    answer = plugins.call(channel, "deliver_orders", connection=connection(), deliveries=[])
    return answer if answer is None else [outcome.receipt.id for outcome in answer]


def test_calling_one_channel_never_calls_another() -> None:
    """Of several channels with the same hook exactly the named one is called; one without it answers None."""
    plugins = Plugins()
    for name in ("one", "two", "three"):
        plugins.register(name, module_of(describing(), delivering(name)))
        assert receipts(plugins, name) == [name]
    plugins.register("mute", module_of(describing()))
    assert [receipts(plugins, name) for name in ("two", "mute", "one", "three", "mute")] == [
        ["two"],
        None,
        ["one"],
        ["three"],
        None,
    ]
    assert receipts(plugins, "unheard of") is None


def test_a_hook_may_take_fewer_arguments() -> None:
    """A plugin takes those of a hook's arguments that it needs."""
    plugins = Plugins()

    @hookimpl
    def check_connection() -> Account:
        return Account("1", "Acme")

    plugins.register("acme", module_of(describing(), check_connection))
    assert plugins.call("acme", "check_connection", connection=connection()).name == "Acme"


def test_what_a_channel_can_do_is_what_it_implements() -> None:
    """Abilities are the implemented hooks in the order of the contract; nothing else counts."""
    plugins = Plugins()

    @hookimpl
    def accepts(connection: Connection[Any], kind: Kind) -> dict[str, Any]:
        return {}

    def fetch_orders(connection: Connection[Any]) -> None:
        """Look like a hook without being marked as one."""

    plugins.register("acme", module_of(delivering("acme"), accepts, describing(), fetch_orders))
    assert plugins.abilities("acme") == ["describe", "accepts", "deliver_orders"]
    assert plugins.can("acme", "deliver_orders")
    assert not plugins.can("acme", "fetch_orders")
    assert not plugins.can("unheard of", "deliver_orders")


@pytest.mark.parametrize("hook", sorted(hook for hooks in MOVES.values() for hook in hooks))
def test_every_hook_a_pipeline_needs_is_part_of_the_contract(hook: str) -> None:
    """The table of what sources and destinations need names hooks that exist."""
    plugins = Plugins()
    implementation = hookimpl(lambda: None)
    plugins.register("acme", Hooks(**{hook: implementation}))
    assert plugins.can("acme", hook)


SAYS = """
import click

def command(name, says="", error=None):
    @click.command(name)
    def said():
        "Say something of one's own."
        click.echo(says)
        if error:
            raise error
    return said

@hookimpl
def commands():
    {body}
"""


def saying(body: str) -> str:
    """Return a plugin whose hook commands() has a body."""
    return GOOD.replace("{title}", "Acme") + SAYS.replace("{body}", body)


def orderweft(*words: str) -> Result:
    """Type a command."""
    return CliRunner().invoke(main, words)


def test_a_plugin_brings_commands_of_its_own(install: Install) -> None:
    """They stand in the help, run, and what they raise of ours is told without a traceback."""
    error = "from orderweft import SettingsError; return [command('aye', 'aye aye', SettingsError('not so'))]"
    install("acme", saying(error))
    helped, said = orderweft("--help"), orderweft("aye")
    assert "  aye       Say something of one's own." in helped.output
    assert (said.exit_code, said.stdout, said.stderr) == (2, "aye aye\n", "Error: not so\n")


def test_a_built_in_command_asks_no_plugin_for_commands(install: Install) -> None:
    """Whoever types `orderweft settings` does not pay for what others bring."""
    install("acme", saying("raise AssertionError('nobody asked')"))
    assert "nobody asked" not in orderweft("settings", "joor").output


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(
            "return [command('run'), command('aye')]", "the command 'run' of plugin 'b_acme' from b-acme 1.2 is left "
            "out: there is a command of Orderweft of that name", id="built in",
        ),
        pytest.param(
            "return [command('first'), command('aye')]", "the command 'first' of plugin 'b_acme' from b-acme 1.2 is "
            "left out: there is a command of plugin 'a_acme' of that name", id="another plugin's",
        ),
        pytest.param("return 1 / 0", "its hook commands() raises ZeroDivisionError: division by zero", id="raises"),
        pytest.param("return command('x')", "commands() does not return a list of click commands", id="no list"),
        pytest.param("return ['aye']", "commands() does not return a list of click commands", id="no commands"),
    ],
)  # fmt: skip
def test_commands_that_cannot_be_used_are_told(install: Install, body: str, told: str) -> None:
    """The channel goes on, the other commands too, and `orderweft plugins` says what is left out and why."""
    install("a_acme", saying("return [command('first')]"))
    install("b_acme", saying(body), "b-acme")
    said, helped = orderweft("plugins"), orderweft("--help")
    assert (said.exit_code, helped.exit_code) == (1, 0)
    for one in (said, helped):
        assert told in one.stderr
    assert "b_acme" in said.stdout
    assert ("  aye " in helped.stdout) == ("'aye')" in body)
    assert orderweft("first").exit_code == 0


def wrapper(log: list[str], name: str = "wrapper") -> ModuleType:
    """Build a plugin that wraps deliver_orders and notes what came through."""

    @hookimpl(wrapper=True)
    def deliver_orders(connection: Connection[Any]) -> Generator[None, list[Outcome], list[Outcome]]:
        log.append(f"{name} before {connection.name}")
        outcomes = yield
        log.append(f"{name} after {len(outcomes)}")
        return [*outcomes, Accepted(receipt=Receipt(id=name))]

    return module_of(deliver_orders)


@pytest.mark.parametrize("first", [True, False], ids=["wrapper first", "channel first"])
def test_a_wrapper_plugin_wraps_the_hook_of_every_channel(first: bool) -> None:
    """A plugin without describe may stand around a hook, whenever it is loaded; it is no channel itself."""
    plugins, log = Plugins(), list[str]()
    if first:
        plugins.register("audit", wrapper(log))
    plugins.register("one", module_of(describing(), delivering("one")))
    assert receipts(plugins, "one") == (["one", "wrapper"] if first else ["one"])
    if not first:
        plugins.register("audit", wrapper(log))
    plugins.register("two", module_of(describing(), delivering("two")))
    assert receipts(plugins, "one") == ["one", "wrapper"]
    assert receipts(plugins, "two") == ["two", "wrapper"]
    assert plugins.wrappers == ["audit"]
    assert list(plugins.channels) == ["one", "two"]
    assert not plugins.can("audit", "deliver_orders")


def test_a_wrapper_gives_no_channel_a_new_ability() -> None:
    """Where a channel lacks the hook, a wrapper around it is not called with nothing to wrap."""
    plugins, log = Plugins(), list[str]()
    plugins.register("audit", wrapper(log))
    plugins.register("mute", module_of(describing()))
    assert not plugins.can("mute", "deliver_orders")
    assert receipts(plugins, "mute") is None
    assert log == []


def test_a_channels_own_wrapper_wraps_only_its_own_hook() -> None:
    """A channel that wraps a hook without implementing it changes nothing for other channels."""
    plugins, log = Plugins(), list[str]()
    curious = wrapper(log)
    curious.describe = describing()  # type: ignore[attr-defined]
    plugins.register("curious", curious)
    plugins.register("one", module_of(describing(), delivering("one")))
    assert receipts(plugins, "one") == ["one"]
    assert receipts(plugins, "curious") is None
    assert plugins.abilities("curious") == ["describe"]


def test_describe_cannot_be_wrapped() -> None:
    """What a channel is does not depend on which plugin is loaded first, so nobody may stand around it."""

    @hookimpl(wrapper=True)
    def describe() -> Generator[None, Channel, Channel]:
        return (yield)

    with pytest.raises(PluginError, match="asked of each channel alone"):
        Plugins().register("audit", module_of(describe))


def test_a_plugin_may_be_any_object() -> None:
    """An entry point may name an object with hooks as well as a module."""
    plugins = Plugins()
    plugins.register("acme", Hooks())
    assert plugins.channels["acme"].limits == Limits(in_flight=3)


class Hooks:
    """A plugin that is no module."""

    def __init__(self, **hooks: Any) -> None:
        vars(self).update(hooks)

    @hookimpl
    def describe(self) -> Channel:
        """Describe the channel."""
        return Channel("Acme", MemorySettings, Limits(in_flight=3))
