"""Whatever is in the configuration or on the command line ends in a sentence and an exit code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from orderweft.cli import main
from orderweft.config.alerts import ALERTS
from orderweft.config.journal import JournalSettings
from orderweft.config.model import PipelineSettings
from orderweft.config.serve import ServeSettings
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.testing import FakeClock
from pydantic import BaseModel

from .strategies import awkward, bad_input, bad_input_briefly, soon, texts

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").rglob("*.toml"))
SECRET = "shhh-4711"


def typed(*words: str, into: str = "") -> Result:
    """Return what a command says; whatever that is, it is no traceback and holds no secret."""
    with soon(words):
        done = CliRunner().invoke(main, list(words), obj=FakeClock(), input=into)
    told = f"{words}: {done.output} {done.exception!r}"
    assert done.exit_code in (0, 2, 3, 4), told
    assert "Traceback" not in done.output, told
    assert SECRET not in done.output, told
    assert done.exit_code == 0 or done.output.strip(), told
    return done


def checked(folder: Path, text: str, *words: str) -> Result:
    """Return what `check`, or another command, says of a configuration."""
    file = folder / "orderweft.toml"
    file.write_text(text, "utf-8")
    return typed("--config", str(file), *(words or ("check", "--offline")))


# mistakes in a right file

KEY = re.compile(r"(\s*)([\w.*\"-]+)(\s*=\s*)(.+)")


def keys_of(lines: list[str]) -> list[int]:
    """Return where a key with its value stands."""
    return [at for at, line in enumerate(lines) if KEY.fullmatch(line)]


MISTAKES = {
    "type": r"\1\2\g<3>2026-11-02T09:00:00Z",
    "name": r"\1zz\g<3>\4",
    "no value": r"\1\2\g<3>",
    "no key": r"\1\g<3>\4",
    "no end": r"\1\2\g<3>'''\4",
}
"""Each is a mistake wherever it is made; the last one runs to the end of the file, which is told."""


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
@bad_input_briefly
@given(st.data())
def test_one_mistake_is_told_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, example: Path, mistake: str, data: st.DataObject
) -> None:
    """The line that was changed is among those told, or where the table begins that lacks its channel now."""
    lines = example.read_text("utf-8").splitlines()
    at = data.draw(st.sampled_from(keys_of(lines)))
    where = {"name": at - lines[at].startswith("channel"), "no end": len(lines) - 1}.get(mistake, at)
    lines[at] = KEY.sub(MISTAKES[mistake], lines[at])
    done = checked(tmp_path_factory.mktemp("config"), "\n".join(lines))
    assert done.exit_code == 2
    assert f"orderweft.toml:{where + 1}: " in done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
@bad_input
@given(st.data())
def test_several_mistakes_are_told(
    tmp_path_factory: pytest.TempPathFactory, example: Path, data: st.DataObject
) -> None:
    """Lines taken out, doubled, moved and changed give a sentence, or by chance a right file."""
    lines = example.read_text("utf-8").splitlines()
    for _ in range(data.draw(st.integers(2, 5))):
        at = data.draw(st.sampled_from(keys_of(lines)))
        change = data.draw(st.sampled_from([*MISTAKES, "out", "twice", "moved", "value"]))
        if change in MISTAKES:
            lines[at] = KEY.sub(MISTAKES[change], lines[at])
        elif change == "value":
            lines[at] = lines[at].partition("=")[0] + "= " + toml(data.draw(values))
        else:
            line = lines[at] if change == "twice" else lines.pop(at)
            lines[:0] = [] if change == "out" else [line]
    checked(tmp_path_factory.mktemp("config"), "\n".join(lines))


@bad_input
@given(st.data())
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_line_that_is_none_is_told_by_any_command(
    example: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A file spoiled by one line is either right or told of on standard error, by what needs the configuration too."""
    lines = example.read_text("utf-8").splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    change = data.draw(
        st.sampled_from(["x = [", "= 1", "[a", '"\\ud800" = 1', "\0", f'token = "{SECRET}"', "a.b.c = {}"])
    )
    text = "\n".join([*lines[:at], change, *lines[at + data.draw(st.integers(0, 1)) :]])
    done = checked(tmp_path_factory.mktemp("config"), text, "plan")
    assert done.exit_code != 2 or done.stderr.strip()


# structures of any kind


def toml(value: Any) -> str:
    """Return *value* as TOML within one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(name)} = {toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "")
    return value.isoformat() if isinstance(value, date | time) else repr(value)


scalars = (
    texts
    | awkward.filter(lambda value: isinstance(value, str | bool | int | float))
    | st.sampled_from(["joor", "shop", "shopify", "orders", "env:NONE", f"{SECRET}", "{{ order.number }}", "{{", "15m"])
    | st.sampled_from([datetime(2026, 11, 2, 9), date(2026, 11, 2), time(9), float("inf")])  # noqa: DTZ001
)
SETTINGS = ["channel", "token", "shop", "client_secret", "base_url", "moves", "source", "destination", "schedule",
            "source_options", "map", "skip", "guard", "when", "reason", "kind", "pipelines", "write_mode"]  # fmt: skip


def tables(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return tables whose keys are often settings."""
    return st.dictionaries(st.sampled_from(SETTINGS) | texts, inner, max_size=5)


values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | tables(inner), max_leaves=6)


def named(name: str) -> st.SearchStrategy[Any]:
    """Return tables of tables, the first of which is often well begun."""
    begun = {"connections": {"channel": "joor", "token": SECRET}, "alerts": {"kind": "email"},
             "pipelines": {"moves": "orders", "source": "joor", "destination": "shop"}}.get(name, {})  # fmt: skip
    one = tables(values).map(lambda table: {**begun, **table})
    return st.dictionaries(st.sampled_from(["joor", "shop", "a b", "."]) | texts, one | values, max_size=3) | values


TABLES = ("connections", "pipelines", "ledger", "alerts", "serve", "journal", "x")


@bad_input
@given(st.fixed_dictionaries({}, optional={name: named(name) for name in TABLES}))
def test_any_structure_is_a_configuration_or_told(
    tmp_path_factory: pytest.TempPathFactory, structure: dict[str, Any]
) -> None:
    """Text where a table belongs, tables where text does, and names of any kind are told, never the secrets in them."""
    checked(tmp_path_factory.mktemp("config"), "\n".join(f"{name} = {toml(of)}" for name, of in structure.items()))


@cache
def of_model(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Return tables in which every key has the type *model* asks for."""
    return from_schema(model.model_json_schema()).map(without_null)


def without_null(value: Any) -> Any:
    """Return *value* without what TOML has no word for."""
    if isinstance(value, list):
        return [without_null(one) for one in value if one is not None]
    if not isinstance(value, dict):
        return value
    return {name: without_null(one) for name, one in value.items() if one is not None}


@bad_input
@given(st.data())
def test_settings_of_the_right_types_are_a_configuration_or_told(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Where text is text and a number is one, what is in them is looked at, and told where it stands."""
    channels = Plugins.installed().channels
    pipeline = {**data.draw(of_model(PipelineSettings)), "source": "joor", "destination": "shopify"}
    structure = {
        "connections": {name: {"channel": name, **data.draw(of_model(one.settings))} for name, one in channels.items()},
        "pipelines": {"one": pipeline},
        "alerts": {name: data.draw(of_model(one)) for name, one in ALERTS.items()},
        "serve": data.draw(of_model(ServeSettings)),
        "journal": data.draw(of_model(JournalSettings)),
    }
    lines = [f"[{name}]\n" + "\n".join(f"{toml(key)} = {toml(of)}" for key, of in table.items())
             for name, table in structure.items()]  # fmt: skip
    done = checked(tmp_path_factory.mktemp("config"), "\n".join(lines))
    assert done.exit_code != 2 or re.search(r"orderweft\.toml:[0-9]+: ", done.stderr)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[connections.joor]\nchannel = 'joor'\n" + ".".join("a" * 900) + " = 1", "nested too deeply"),
        ("[connections.joor]\nchannel = 'joor'\ntoken = " + "[" * 400 + "]" * 400, "nested too deeply"),
        ("[" + ".".join(["pipelines"] * 3000) + "]", "nested too deeply"),
        ("# " + "x" * 2**20, "more than 1,048,576 characters"),
        ("\n".join(f"[connections.c{number}]" for number in range(2000)), "toml:2000: connections.c1999: needs"),
    ],
    ids=["dots", "lists", "header", "long", "many"],
)
def test_files_without_measure_are_told(tmp_path: Path, text: str, told: str) -> None:
    """They are refused before anything looks at them, or told to the last line."""
    done = checked(tmp_path, text)
    assert done.exit_code == 2
    assert told in done.stderr


# the command line


def commands(group: click.Command, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield each command with its name."""
    if not isinstance(group, click.Group):
        yield names, group
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        below = group.get_command(context, name)
        assert below is not None
        yield from commands(below, *names, name)


LASTING = {"serve", "simulate", "rehearse"}
"""What goes on for long once it is well called, and so is called with a word too many."""
WORDS = [
    "joor", "shop", "orders", "styles", "inventory", "1001", "0", "-1", "9" * 5000, "1e9", "2026-11-02", "0000-00-00",
    "99999-01-01", "1d", "-1d", "9999999999d", "9" * 30 + "d", "1y", "", " ", "..", "no such.json", "a/b", "%s", "{}",
    "[bold]", "--", "--json", "--yes", "--no-such", "-c", "\udcff", "x" * 5000, "email", "\x1b[2J",
]  # fmt: skip
CONFIG = f"""\
[connections.joor]
channel = "joor"
token = "{SECRET}"
base_url = "http://127.0.0.1:9"
[connections.shop]
channel = "shopify"
shop = "example"
token = "{SECRET}"
base_url = "http://127.0.0.1:9"
[pipelines.orders]
moves = "orders"
source = "joor"
destination = "shop"
[pipelines.styles]
moves = "catalog"
source = "shop"
destination = "joor"
"""


@pytest.mark.parametrize("command", list(commands(main)), ids=lambda command: " ".join(command[0]))
@bad_input_briefly
@given(st.data())
def test_words_of_any_kind_are_understood_or_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[tuple[str, ...], click.Command], data: st.DataObject
) -> None:
    """A command does what it says or says what it does not understand, whatever is typed behind it."""
    names, options = command
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    (folder / "orderweft.toml").write_text(CONFIG, "utf-8")
    Ledger(folder / "orderweft.db", FakeClock()).close()
    known = [option for parameter in options.params for option in parameter.opts if option.startswith("-")]
    word = st.sampled_from(WORDS + 3 * known) | texts.filter(lambda text: "\0" not in text)
    words = data.draw(st.lists(word, max_size=6))
    typed(*names, *words, *(["--no-such"] if LASTING & set(names) else []), into="joor\nshopify\nn\n")
