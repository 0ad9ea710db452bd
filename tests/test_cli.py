"""Each command as a user would type it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from orderweft.schema import RECORDS
from orderweft.testing import brand

from .conftest import OpenScene
from .scenarios import COMMAND, RUN_KEYS, orderweft

# Before the first run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the path of a configuration that is not there yet."""
    return tmp_path / "orderweft.toml"


def filled_in(text: str) -> str:
    """Fill in what a new configuration leaves blank."""
    return text.replace('\nshop = ""', '\nshop = "example"').replace('\nclient_id = ""', '\nclient_id = "abc"')


def test_init_asks_what_to_connect(file: Path) -> None:
    """Without options `init` asks for both ends, and what it writes is right once the blanks are filled in."""
    said = orderweft("-c", str(file), "init", input="joor\nshopify\n")
    assert said.code == 0
    assert "Orders come from" in said.out
    assert f"Wrote {file}" in said.text
    assert orderweft("-c", str(file), "check", "--offline").code == 2
    file.write_text(filled_in(file.read_text()))
    said = orderweft("-c", str(file), "check", "--offline")
    assert (said.code, "no mistakes" in said.text, "The pair fits." in said.text) == (0, True, True)


def test_init_takes_what_to_connect_as_options(file: Path) -> None:
    """With options `init` asks nothing; source and destination on one channel become two connections."""
    assert orderweft("-c", str(file), "init", "--source", "shopify", "--destination", "shopify", input="").code == 0
    assert set(tomllib.loads(file.read_text())["connections"]) == {"shopify_from", "shopify_to"}


def test_init_overwrites_by_force_only(file: Path) -> None:
    """An existing file is left alone unless forced."""
    file.write_text("mine")
    words = ["-c", str(file), "init", "--source", "joor", "--destination", "shopify"]
    said = orderweft(*words)
    assert (said.code, file.read_text()) == (2, "mine")
    assert f"{file} exists; --force overwrites it" in said.text
    assert orderweft(*words, "--force").code == 0
    assert "[pipelines.orders]" in file.read_text()


@pytest.mark.parametrize(
    ("source", "destination", "told"),
    [
        ("joor", "joor", "orders cannot go to 'joor'; they can go to: oms_generic, shopify, zedonk"),
        ("jor", "shopify", "orders cannot come from 'jor'; they can come from: joor, oms_generic, shopify"),
    ],
    ids=["not able", "unknown"],
)
def test_init_refuses_a_channel_that_cannot(file: Path, source: str, destination: str, told: str) -> None:
    """A channel that cannot give or take orders is refused with those that can, and nothing is written."""
    said = orderweft("-c", str(file), "init", "--source", source, "--destination", destination)
    assert (said.code, file.exists()) == (2, False)
    assert told in said.text


def test_init_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A folder that is not there is told by name."""
    path = tmp_path / "missing" / "orderweft.toml"
    said = orderweft("-c", str(path), "init", "--source", "joor", "--destination", "shopify")
    assert said.code == 2
    assert f"{path} cannot be used: No such file or directory" in said.text


def test_plugins_lists_what_each_can_do() -> None:
    """Each installed channel is listed with its abilities, for people and for machines."""
    said = orderweft("plugins")
    assert said.code == 0
    assert "orderweft-joor 0.1.0" in said.text
    told = orderweft("plugins", "--json").json
    assert told["broken"] == []
    assert "fetch_orders" in told["channels"]["joor"]
    assert "deliver_orders" not in told["channels"]["joor"]
    assert "deliver_orders" in told["channels"]["shopify"]


def test_a_broken_plugin_is_told_and_the_others_run(
    open_scene: OpenScene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's plugin that cannot be loaded is named with the reason; a run without it works as before."""
    info = tmp_path / "site" / "orderweft_strange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orderweft-strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[orderweft]\nstrange = strange_plugin\n")
    (info.parent / "strange_plugin.py").write_text("import something_nobody_has\n")
    monkeypatch.syspath_prepend(info.parent)
    opened = open_scene(1)
    said = opened.say("plugins")
    assert said.code == 1
    assert "plugin 'strange' from orderweft-strange" in said.text
    assert "something_nobody_has" in said.text
    assert [one["name"] for one in opened.say("plugins", "--json").json["broken"]] == ["strange"]
    assert (opened.say("run").code, opened.delivered) == (0, [9_000_001])
    opened.configure('[connections.other]\nchannel = "strange"')
    said = opened.say("check")
    assert said.code == 2
    assert "the plugin 'strange' is installed but" in said.text


def test_settings_of_a_channel() -> None:
    """Each setting is listed with type, default, place and meaning; an unknown channel is told with those there are."""
    said = orderweft("settings", "joor")
    assert (said.code, "order_status" in said.text) == (0, True)
    rows = {row["name"]: row for row in orderweft("settings", "joor", "--json").json}
    assert rows["token"]["type"] == "secret"
    assert rows["token"]["default"] == "needed"
    assert rows["order_status"]["default"] == '"approved"'
    assert all(row["meaning"] for row in rows.values())
    said = orderweft("settings", "jor")
    assert (said.code, "there are: joor, oms_generic, shopify, zedonk" in said.text) == (2, True)


def test_check_signs_in_at_both_ends(open_scene: OpenScene) -> None:
    """`check` names both accounts and says that the pair fits, and changes nothing at either end."""
    opened = open_scene(2)
    said = opened.say("check")
    assert said.code == 0
    assert "Connection 'joor': signed in as JOOR simulated-account_id-0" in said.text
    assert "Connection 'shop': signed in as Example Brand (currency GBP;" in said.text
    assert "The pair fits." in said.text
    assert opened.shop.orders == []
    assert opened.joor.marked() == frozenset()
    assert list(opened.folder.glob("*.db*")) == []


def test_check_for_machines(open_scene: OpenScene) -> None:
    """`check --json` says the same in a stable form, a failed connection included."""
    opened = open_scene()
    told = opened.say("check", "--json").json
    assert set(told) == {"config", "connections", "pipelines"}
    assert told["connections"]["shop"] == {"id": "example.myshopify.com", "name": "Example Brand", "warnings": []}
    assert told["pipelines"]["orders"]["possible"] is True
    (opened.folder / "joor-token").write_text("wrong")
    said = opened.say("check", "orders", "--json")
    assert said.code == 4
    assert "JOOR refuses the token" in said.json["connections"]["joor"]["error"]


def test_check_offline_asks_nobody(open_scene: OpenScene) -> None:
    """`check --offline` needs neither network nor secrets, and still finds mistakes."""
    opened = open_scene()
    opened.configure(joor={"token": "env:NOT_SET_ANYWHERE"})
    said = opened.say("check", "--offline")
    assert (said.code, "The pair fits." in said.text) == (0, True)
    assert (opened.joor_door.calls, opened.shop_door.calls) == ([], [])
    opened.configure(joor={"page_size": 0})
    assert opened.say("check", "--offline").code == 2


def test_check_warns_of_what_will_bite(open_scene: OpenScene) -> None:
    """Missing access scopes, a secret in the file and a template that hides an error are found before the first run."""
    opened = open_scene(shop={"scopes": ("read_products", "write_customers", "read_inventory", "read_locations")})
    said = opened.say("check")
    assert said.code == 4
    assert "the app lacks the access scopes write_orders; add them to the app" in said.text
    opened.configure(joor={"token": "literal-and-private"})
    said = opened.say("check", "--offline")
    assert "literal-and-private" not in said.text
    assert "stands in the file itself" in opened.say("check").text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check", "nope"), "no pipeline is called 'nope'; there are: orders"),
        (("run", "nope"), "no pipeline is called 'nope'; there are: orders"),
        (("rehearse", "nope"), "no pipeline is called 'nope'; there are: orders"),
        (("fit", "joor", "nope"), "no connection is called 'nope'; there are: joor, shop"),
        (("fit", "shop", "joor"), "joor cannot take orders"),
        (("fit", "joor", "shop", "shipments"), "joor cannot supply shipments"),
        (("fit", "joor", "shop", "hats"), "'hats' is not one of 'orders', 'inventory'"),
        (("simulate", "nope"), "no channel 'nope' is installed; there are: joor, oms_generic, shopify, zedonk"),
        (("run", "--since", "yesterday"), "--since 'yesterday' is not a date; write it as YYYY-MM-DD"),
        (("run", "--since", "2026-13-01"), "--since '2026-13-01' is not a date"),
        (("run", "--limit", "0"), "0 is not in the range"),
        (("orders", "why", "9"), "order 9 has never been fetched; `orderweft run --order 9 --dry-run` asks"),
        (("orders", "show", "9"), "order 9 has never been fetched"),
        (("orders", "list", "--state", "lost"), "'lost' is not one of 'staged'"),
        (("schema", "show", "hat"), "'hat' is not one of"),
        (("rum",), "No such command 'rum'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_on_the_command_line(open_scene: OpenScene, words: tuple[str, ...], told: str) -> None:
    """A name that does not exist, or a value that cannot be, is told with what there is, and code 2."""
    opened = open_scene()
    opened.say("run")
    calls = len(opened.joor_door.calls)
    said = opened.say(*words)
    assert said.code == 2
    assert told in said.text
    assert len(opened.joor_door.calls) == calls


def test_one_of_several_pipelines_has_to_be_named(open_scene: OpenScene) -> None:
    """With two pipelines a run asks which; `check` without a name looks at both."""
    opened = open_scene(1)
    opened.configure('[pipelines.again]\nmoves = "orders"\nsource = "joor"\ndestination = "shop"')
    said = opened.say("run")
    assert (said.code, "say which pipeline; there are: again, orders" in said.text) == (2, True)
    assert set(opened.say("check", "--json").json["pipelines"]) == {"again", "orders"}
    opened.say("run", "orders")
    assert opened.say("run", "again", "--json").json["counts"]["already_there"] == 1
    assert opened.delivered == [9_000_001]
    assert {row["pipeline"] for row in opened.say("runs", "--json").json} == {"again", "orders"}
    assert len(opened.say("orders", "list", "--pipeline", "again", "--json").json["orders"]) == 1


def test_the_configuration_may_be_named_in_the_environment(open_scene: OpenScene) -> None:
    """Without `--config` the file named by ORDERWEFT_CONFIG is used, and its ledger stands beside it."""
    opened = open_scene(1)
    said = orderweft("run", clock=opened.clock, env={"ORDERWEFT_CONFIG": str(opened.config)})
    assert (said.code, opened.delivered) == (0, [9_000_001])
    assert (opened.folder / "orderweft.db").stat().st_mode & 0o077 == 0


# The contract, and playing


def test_schema_export_writes_what_check_finds_current(tmp_path: Path) -> None:
    """Exported schemas are up to date; a changed or missing one is told by name."""
    folder = str(tmp_path / "schemas")
    assert len(orderweft("schema", "export", folder).out.splitlines()) == len(RECORDS)
    assert orderweft("schema", "export", "--check", folder).code == 0
    (tmp_path / "schemas" / "order.schema.json").write_text("{}")
    said = orderweft("schema", "export", "--check", folder)
    assert said.code == 2
    assert "not up to date: order.schema.json; run `orderweft schema export" in said.text


def test_schema_show_is_a_json_schema() -> None:
    """`schema show` prints the published schema."""
    assert orderweft("schema", "show", "order").json["$schema"].endswith("2020-12/schema")


GOOD = {
    "origin": {"channel": "joor", "connection": "joor", "id": "1"}, "number": "1", "status": "approved",
    "currency": "EUR", "customer": {}, "lines": [{"key": "1", "quantity": 2}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("record", "told"),
    [
        pytest.param(GOOD, None, id="good"),
        pytest.param({**GOOD, "status": "approvd"}, "status 'approvd' is not one of 'draft'", id="value"),
        pytest.param({**GOOD, "lines": [{"key": "1"}]}, "lines.0.quantity is missing", id="missing"),
        pytest.param({**GOOD, "hat": 1}, "hat is not a known field", id="unknown"),
        pytest.param([], "the record must be a group of fields", id="form"),
    ],
)
def test_schema_validate(tmp_path: Path, record: Any, told: str | None) -> None:
    """A record from a file or standard input is valid, or each miss is told by its field."""
    (tmp_path / "order.json").write_text(json.dumps(record))
    said = orderweft("schema", "validate", "order", str(tmp_path / "order.json"))
    assert said.code == (1 if told else 0)
    assert (told or "This is a valid order.") in said.text
    piped = orderweft("schema", "validate", "order", "--json", input=json.dumps(record))
    assert (piped.code, bool(piped.json)) == (said.code, bool(told))


def test_schema_validate_what_is_no_json() -> None:
    """Text that is no JSON is told as such."""
    said = orderweft("schema", "validate", "order", input="{")
    assert (said.code, "is not JSON" in said.text) == (1, True)


def test_simulate_answers_until_interrupted(tmp_path: Path) -> None:
    """A channel can be played for other tools: it prints how to connect, answers, and ends with Ctrl-C."""
    process = subprocess.Popen(
        [str(COMMAND), "simulate", "joor"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    head = [process.stdout.readline() for _ in range(11)]
    text = "".join(head)
    settings = tomllib.loads(text[text.index("[") :])["connections"]["joor"]
    request = urllib.request.Request(f"{settings['base_url']}/auth/", data=b"grant_type=password", method="POST")
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request, timeout=10)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert settings["token"] == brand.secret("simulated-token-0")


def test_rehearse_for_machines(open_scene: OpenScene) -> None:
    """A rehearsal reports both of its runs in the form of `run --json`; the second delivers nothing."""
    said = open_scene().say("rehearse", "orders", "--json", "--seed", "3")
    assert said.code == 3
    assert set(said.json) == {"first", "second"}
    assert set(said.json["first"]) == set(said.json["second"]) == RUN_KEYS
    assert said.json["first"]["counts"]["delivered"] > 0
    assert said.json["second"]["counts"]["delivered"] == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_can_be_had(shell: str) -> None:
    """The shells' completion scripts are produced as click documents."""
    done = orderweft(env={"_ORDERWEFT_COMPLETE": f"{shell}_source"})
    assert done.code == 0
    assert "_ORDERWEFT_COMPLETE" in done.out


@pytest.mark.parametrize("words", [(), ("orders",), ("schema",)], ids=["main", "orders", "schema"])
def test_help_names_every_command(words: tuple[str, ...]) -> None:
    """`--help` lists each command with a sentence, and each command has help of its own."""
    said = orderweft(*words, "--help")
    commands = re.findall(r"^  (\w+) +\S", said.out.partition("Commands:")[2], re.MULTILINE)
    assert commands
    for command in commands:
        assert orderweft(*words, command, "--help").code == 0


def test_a_pipe_that_cannot_encode_everything(open_scene: OpenScene) -> None:
    """Where standard output knows few characters, as in a pipe on Windows, tables and JSON come out all the same."""
    opened = open_scene()
    opened.joor.add_order(customer="C108")
    assert "Mihon Sh?ten KK" in opened.say("run", "--dry-run", charset="ascii").text
    [preview] = opened.say("run", "--dry-run", "--json", charset="ascii").json["previews"]
    assert preview["customer"] == "C108 Mihon Shōten KK"


def test_since_a_day_to_come_is_refused(open_scene: OpenScene) -> None:
    """Nothing can have changed since a day that has not come."""
    open_scene(1).say("run", "--since", "2999-01-01").expect(2, "--since 2999-01-01 has not come yet")


def test_one_order_is_offered_once_a_run(open_scene: OpenScene) -> None:
    """`run --order` of an order that is refused asks the destination once, and counts it once."""
    opened = open_scene()
    number = opened.joor.add_order({"1010-401-S": 5000})
    said = opened.say("run", "--order", str(number), "--json")
    said.expect(3)
    assert (said.json["counts"]["held"], said.json["held"]) == (1, 1)
    [told] = opened.say("orders", "show", str(number), "--json", private=True).json
    assert [attempt["outcome"] for attempt in told["attempts"]] == ["refused"]


def test_check_ends_with_what_keeps_it_from_working(open_scene: OpenScene) -> None:
    """Credentials that are refused are the last word, however well the pair fits."""
    opened = open_scene(settings={"joor": {"token": "wrong"}})
    said = opened.say("check")
    said.expect(4)
    assert "signing in to joor failed" in said.err.splitlines()[-1]


def test_a_dry_run_writes_what_it_would_deliver_as_csv(open_scene: OpenScene) -> None:
    """One row per order: which, whose, how much, what would be done and why not; `-` is standard output alone."""
    opened = open_scene()
    opened.joor.add_order(customer="C101")
    file = opened.folder / "orders.csv"
    assert f"Wrote {file}." in opened.say("run", "--dry-run", "--csv", str(file)).text
    text = file.read_text(encoding="utf-8")
    heading, row = text.splitlines()
    assert heading == "order,customer,lines total,action,message"
    assert re.match(r"\d+,C101 .*,deliver,$", row)
    assert opened.say("plan", "--csv", "-").out == text
