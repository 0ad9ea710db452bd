"""`orderweft profiles`, and what a profile it wrote can do at once: be checked, rehearsed, played and run."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
import pytest
from orderweft import Accepted, Delivery, Receipt
from orderweft.cli import main
from orderweft.cli.rehearse import simulate
from orderweft.cli.toml_text import as_toml
from orderweft.plugins import Plugins
from orderweft.testing import FakeClock, FolderSimulator, SimulatorServer
from orderweft_joor.simulator import Simulator as Joor
from orderweft_oms_generic.profiles.loading import bundled
from orderweft_oms_generic.simulator import Simulator
from orderweft_oms_generic.simulator.rehearsal import rehearsed

from ..scenarios import Said, orderweft
from .hooks import connect, order_of

CONNECTIONS = """
[connections.joor]
channel = "joor"
token = "env:JOOR_TOKEN"
warehouse = "Default"

[connections.oms]
channel = "oms_generic"
profile = "ours.yaml"
{settings}

[pipelines.orders]
moves = "orders"
source = "joor"
destination = "oms"

[pipelines.stock]
moves = "inventory"
source = "oms"
destination = "joor"
"""
TOKEN = '[connections.oms.values]\ntoken = "env:OMS_TOKEN"\n'
OTHER_WORDS = (
    ("/orders", "/v2/sales"), ("pieces!:", "qty!:"), ("=line.pieces", "=line.qty"),
    ('"pieces": 12, "price"', '"qty": 12, "price"'),
    ('"reference": "JR-48213", "status"', '"ref": "JR-48213", "status"'),
    ("where(body.orders, 'reference', key)", "where(body.orders, 'ref', key)"),
)  # fmt: skip
"""What makes the starter the profile of a system that nobody plays."""


def begin(folder: Path, *changes: tuple[str, str], settings: str = TOKEN, new: tuple[str, ...] = ()) -> Path:
    """Write a new profile with some of its text changed and a configuration with it, and return the latter's path."""
    assert orderweft("profiles", "new", "ours", "--output", str(folder / "ours.yaml"), *new).code == 0
    text = (folder / "ours.yaml").read_text("utf-8")
    for old, changed in changes:
        assert old in text, old
        text = text.replace(old, changed)
    (folder / "ours.yaml").write_text(text, encoding="utf-8")
    path = folder / "orderweft.toml"
    path.write_text(CONNECTIONS.replace("{settings}", settings), encoding="utf-8")
    return path


def test_profiles_are_listed_and_shown() -> None:
    """People get a table and the text, machines get what it says."""
    listed = orderweft("profiles", "list").out.splitlines()
    assert listed[0].split() == ["Profile", "System", "Status", "Takes", "Gives"]
    assert "rest_starter  In-house system" in "\n".join(listed)
    found = {one["id"]: one for one in orderweft("profiles", "list", "--json").json}
    assert found.keys() == bundled().keys()
    assert found["rest_starter"]["takes"] == ["orders"]
    assert found["rest_starter"]["gives"] == ["orders", "inventory", "catalog", "shipments"]
    assert orderweft("profiles", "show", "netsuite").out == bundled()["netsuite"].read_text("utf-8")
    assert orderweft("profiles", "show", "netsuite", "--json").json["title"] == "NetSuite"
    orderweft("profiles", "show", "netsweet").expect(2, "there is no profile 'netsweet'; did you mean netsuite?")


def test_check_tells_every_mistake_of_every_profile(tmp_path: Path) -> None:
    """Each with file, line, place and what was expected; a good one says what it can do, and what to confirm."""
    begin(tmp_path, ("=order.number", "=order.numbr"), ("status: experimental", "status: new"))
    path = str(tmp_path / "ours.yaml")
    said = orderweft("profiles", "check", path, "rest_starter")
    said.expect(
        2, "rest_starter: no mistakes.", "takes orders", "orders.steps.create 4", "to confirm on a real account"
    )
    assert [line.rpartition("ours.yaml:")[2] for line in said.err.splitlines()] == [
        "11: status: must be 'experimental', 'live' or 'retired'"
    ]
    begin_again = (tmp_path / "ours.yaml").read_text("utf-8").replace("status: new", "status: live")
    (tmp_path / "ours.yaml").write_text(begin_again, encoding="utf-8")
    (told,) = orderweft("profiles", "check", path, "--json").json
    assert len(told["mistakes"]) == 1
    assert "json.number!: `order.numbr`: there is no `numbr`; did you mean number?" in told["mistakes"][0]
    assert orderweft("profiles", "check", "order_desk", "--json").json[0]["samples"]["orders.find"] > 1


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    """A file that is there stays; a name no profile can have, and a file nobody would find, are refused."""
    path = tmp_path / "ours.yaml"
    path.write_text("mine", encoding="utf-8")
    new = partial(orderweft, "profiles", "new")
    new("ours", "--output", str(path)).expect(2, "ours.yaml exists; give another name with --output")
    new("Our OMS", "--output", str(tmp_path / "x.yaml")).expect(2, "is not the name of a profile")
    new("ours", "--output", str(tmp_path / "ours.txt")).expect(2, "it ends in .yaml")
    assert (path.read_text("utf-8"), list(tmp_path.iterdir())) == ("mine", [path])


def rehearse(config: Path, pipeline: str, *words: str) -> Said:
    """Rehearse a pipeline while nobody waits."""
    return orderweft("-c", str(config), "rehearse", pipeline, *words, clock=FakeClock())


def test_what_new_writes_works_as_it_is(tmp_path: Path) -> None:
    """It passes the check, fits JOOR's orders, and is rehearsed with its own system: orders there, stock back."""
    config = begin(tmp_path)
    assert orderweft("profiles", "check", str(tmp_path / "ours.yaml")).code == 0
    assert orderweft("-c", str(config), "check", "--offline").code == 0
    said = rehearse(config, "orders", "--json").json
    assert said["first"]["counts"]["delivered"] > 60
    assert said["second"]["counts"]["delivered"] == 0
    stock = rehearse(config, "stock", "--json").json
    assert (stock["first"]["counts"]["written"], stock["second"]["counts"]["written"]) == (150, 0)


def test_files_are_rehearsed_over_sftp(tmp_path: Path) -> None:
    """A connection to any folder is led to the one that is played."""
    config = begin(tmp_path, new=("--files", "csv"), settings='folder = "exchange"\n')
    assert orderweft("-c", str(config), "check", "--offline").code == 0
    stock = rehearse(config, "stock", "--json").json
    assert (stock["first"]["counts"]["written"], stock["second"]["counts"]["written"]) == (150, 0)


@pytest.mark.parametrize("kind", ["csv", "json", "xml"])
def test_a_system_of_files_does_its_part(tmp_path: Path, kind: str) -> None:
    """It takes orders away, answers where the profile asks for answers, and exports stock so that it is read."""
    begin(tmp_path, new=("--files", kind))
    clock = FakeClock()
    values = {"marker": ".ready", "order_marker": ".ready"} if kind == "csv" else {}
    sim: Any = rehearsed({"profile": "ours.yaml", "values": values}, tmp_path)(clock=clock, seed=0)
    assert isinstance(sim, FolderSimulator)
    connection = connect(sim.handle, {**sim.settings(), "profile": str(tmp_path / "ours.yaml")}, clock)
    keys = ["joor:1", "joor:2"]
    outcomes = oms.deliver_orders(connection, [Delivery(order_of(), key) for key in keys])
    assert [one.receipt.pending for one in outcomes if isinstance(one, Accepted)] == [kind != "csv"] * 2
    sim.work()
    assert sim.facts() == {"orders": 2}
    found = oms.find_orders(connection, keys)
    assert {key: one.pending for key, one in found.items() if isinstance(one, Receipt)} == dict.fromkeys(keys, False)
    (page,) = oms.read_inventory(connection)
    assert (len(page.records), page.complete) == (150, True)


def test_the_starter_runs_against_its_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over real HTTP the account is named and orders arrive once; the profile lies beside the configuration."""
    clock = FakeClock()
    sim, joor = Simulator(clock=clock, system="in_house"), Joor(clock=clock)
    monkeypatch.setenv("OMS_TOKEN", sim.settings()["token"])
    monkeypatch.setenv("JOOR_TOKEN", joor.settings()["token"])
    with SimulatorServer(sim.handle) as oms, SimulatorServer(joor.handle) as market:
        config = begin(tmp_path, settings=f'base_url = "{oms.url}"\n{TOKEN}')
        text = config.read_text("utf-8").replace('channel = "joor"', f'channel = "joor"\nbase_url = "{market.url}"')
        config.write_text(text, encoding="utf-8")
        typed = partial(orderweft, "-c", str(config), clock=clock)
        typed("check", "orders").expect(0, "signed in as Sample Brand", "confirm on a real account: that a reference")
        counts = typed("run", "orders", "--json").json["counts"]
        again = typed("run", "orders", "--json").json["counts"]
    assert counts["delivered"] == len(sim.orders) > 60
    assert (again["delivered"], sim.facts()["orders"]) == (0, counts["delivered"])


def test_a_profile_of_ones_own_is_rehearsed_out_of_its_samples(tmp_path: Path) -> None:
    """Where no system is played that speaks so, the samples answer: orders are found again and none comes twice."""
    config = begin(tmp_path, *OTHER_WORDS)
    assert "no mistakes" in orderweft("profiles", "check", str(tmp_path / "ours.yaml")).out
    said = rehearse(config, "orders", "--lose-answers", "3")
    said.expect(3, "lost after the work was done, and nothing was done twice.")
    assert "ordered twice" not in said.text
    assert "150 stock levels written" in rehearse(config, "stock").text


@pytest.mark.parametrize(
    ("profile", "title"),
    [
        ("order_desk", "Order Desk"), ("cartrover", "Extensiv Integration Manager"), ("netsuite", "NetSuite"),
        ("skubana", "Extensiv Order Manager"), ("rest_starter", "In-house system"), ("tradegecko", "TradeGecko"),
        ("files_json", "JSON files"),
    ],
)  # fmt: skip
def test_each_profile_is_played_with_settings_that_fit(profile: str, title: str) -> None:
    """The simulator is that of the profile, and what `simulate` prints is TOML that makes a connection to it."""
    given: dict[str, Any] = {"profile": profile}
    played: Any = rehearsed(given, Path())(clock=FakeClock(), seed=0)
    settings = {"base_url": "http://127.0.0.1:9", **played.settings()}
    printed = as_toml(["connections", "oms_generic"], settings)
    assert played.title == title
    assert tomllib.loads(printed) == {"connections": {"oms_generic": settings}}
    kind = Plugins.installed().channels["oms_generic"].settings
    assert kind.model_validate(settings).model_dump()["profile"] == profile


def test_any_settings_can_be_printed() -> None:
    """Tables, lists, odd names and texts of several lines come back as they were."""
    pem = "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"
    table = {"a b": 1, "flag": True, "many": ["x", {"y": 2}], "text": 'a "b" \\ \x7f\t', "key": pem, "quoted": "'''\n",
             "inner": {"deep.er": {"x": pem}, "empty": {}}}  # fmt: skip
    assert tomllib.loads(as_toml(["connections", "o'dd"], table)) == {"connections": {"o'dd": table}}
    assert f"key = '''\n{pem}'''" in as_toml(["x"], table)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("profil=x", "there is no setting 'profil'"),
        ("profile", "must be NAME=VALUE"),
        ("profile=nope.yaml", "nope.yaml does not exist"),
        ("profile=order_dask", "did you mean order_desk?"),
    ],
)
def test_what_cannot_be_simulated_is_told(given: str, told: str) -> None:
    """A setting that does not exist, and a profile that does not load."""
    orderweft("simulate", "oms_generic", "--set", given).expect(2, told)


def test_the_commands_stand_in_the_help() -> None:
    """Nobody has to know that a plugin brings them."""
    listed: Callable[[Any], list[str]] = main.list_commands
    assert {"profiles", simulate.name} <= set(listed(main.make_context("orderweft", [], resilient_parsing=True)))
